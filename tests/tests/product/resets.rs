//! A host that resets one connection after the other, although it has answered, says "too much": it is
//! slowed, tried again, and `limited` only where it never relents.

use super::{assert_code, pace, rows, scan, texts, texts_of};
use arrow::array::{ArrayRef, AsArray, RecordBatch};
use socket2::SockRef;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

type Stamps = Arc<Mutex<Vec<Instant>>>;

/// A mail server without STARTTLS that resets the connections of these numbers, counted from 0, before it
/// greets. Gives its port, and when each connection was taken. It ends with the test.
fn resetting(addr: IpAddr, resets: Range<usize>) -> (u16, Stamps) {
    let listener = TcpListener::bind((addr, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let stamps = Stamps::default();
    let kept = Arc::clone(&stamps);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            kept.lock().unwrap().push(Instant::now());
            let stream = stream.unwrap();
            if resets.contains(&number) {
                // A close that keeps nothing back for the peer is a reset.
                SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            } else {
                answer(&stream);
            }
        }
    });
    (port, stamps)
}

/// Wants nothing of anybody, which one look settles.
pub(super) fn answer(stream: &TcpStream) {
    let say = |line: &str| (&*stream).write_all(line.as_bytes()).unwrap();
    say("554 5.7.1 mx.example takes no mail\r\n");
    for line in BufReader::new(stream).lines() {
        match line.unwrap().as_str() {
            "QUIT" => return say("221 2.0.0 Bye\r\n"),
            _ => say("502 5.5.1 Not here\r\n"),
        }
    }
}

/// What came of each host: its attempts, and the outcome that stands.
fn outcomes(dir: &Path) -> Vec<(Vec<String>, String)> {
    let words = |list: Option<ArrayRef>| texts_of(&list.unwrap()).into_iter().map(Option::unwrap).collect();
    let attempts = |batch: &RecordBatch| -> Vec<Vec<String>> {
        batch.column_by_name("attempts").unwrap().as_list::<i32>().iter().map(words).collect()
    };
    let outcomes = texts(dir, "mx_hosts", "smtp_outcome").into_iter().map(Option::unwrap);
    rows(dir, "mx_hosts").iter().flat_map(attempts).zip(outcomes).collect()
}

/// Scans so many domains behind one address, one connection at a time at this rate; gives what came of each,
/// and the server's stamps.
fn scanned(domains: usize, rate: u32, resets: Range<usize>) -> (Vec<(Vec<String>, String)>, Vec<Instant>) {
    let dir = tempfile::tempdir().unwrap();
    let lab = pace::crowd(100, dir.path());
    let (names, addr) = pace::at_one_address(&lab, domains);
    let list = pace::listed(dir.path(), &names);
    let (port, stamps) = resetting(addr, resets);
    let output = scan(&lab, &list, dir.path())
        .args(["--starttls", "all", "--per-target-in-flight", "1", "--per-target-rate", &rate.to_string()])
        .args(["--smtp-port", &port.to_string()])
        .output()
        .unwrap();
    assert_code(&output, 0);
    let stamps = stamps.lock().unwrap().clone();
    (outcomes(dir.path()), stamps)
}

#[test]
fn a_host_that_resets_three_in_a_row_and_relents_is_slowed_and_in_the_end_seen() {
    const RESETS: Range<usize> = 10..13;
    let (found, stamps) = scanned(30, 20, RESETS);
    assert_eq!((found.len(), stamps.len()), (30, 33));
    assert!(found.iter().all(|(_, outcome)| outcome == "smtp_rejected_5xx"), "{found:?}");
    let mut again: Vec<&[String]> =
        found.iter().map(|(attempts, _)| &attempts[..]).filter(|attempts| attempts.len() > 1).collect();
    again.sort();
    let seen = "smtp_rejected_5xx";
    // Two resets are two resets; the third in a row says more.
    assert_eq!(again, [["limited", seen], ["smtp_connect_reset", seen], ["smtp_connect_reset", seen]]);
    // The rest of the first look, at 10 per second after 20: one in 100 ms where it was one in 50. The server
    // may have taken the first late, which leaves room for a quarter of that.
    let first_look = &stamps[RESETS.end..30];
    let gaps = u32::try_from(first_look.len() - 1).unwrap();
    let took = *first_look.last().unwrap() - first_look[0];
    assert!(took >= Duration::from_millis(75) * gaps, "{gaps} gaps in {took:?}");
}

#[test]
fn a_host_that_never_stops_to_reset_is_limited_after_three_tries() {
    let (found, stamps) = scanned(12, 200, 4..usize::MAX);
    let (answered, limited): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, outcome)| outcome == "smtp_rejected_5xx");
    assert_eq!((answered.len(), limited.len(), stamps.len()), (4, 8, 4 + 8 * 3));
    for (attempts, outcome) in &limited {
        assert_eq!((attempts.len(), outcome.as_str()), (3, "limited"), "{attempts:?}");
    }
    let resets =
        limited.iter().flat_map(|(attempts, _)| attempts).filter(|word| *word == "smtp_connect_reset");
    assert_eq!(resets.count(), 2);
}
