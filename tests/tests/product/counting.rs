//! A mail server that counts as Debian's sendmail does: so many connections in a window from one peer, and
//! those that it refuses count too. The window is shorter here, and the pace higher, by as much.

use super::{assert_code, pace, resets, rows, scan, texts_of};
use arrow::array::{Array as _, AsArray as _};
use std::io::Write as _;
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const NAMES: usize = 300;
/// What the server takes in a window.
const TAKES: usize = 10;
const WINDOW: Duration = Duration::from_secs(3);
/// Longer than the window, as a quarter of an hour is longer than ten minutes.
const SECOND_LOOK: &str = "4s";

/// Serves at an address; gives the port, and how many connections it has refused.
fn counting(addr: IpAddr) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((addr, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refused);
    thread::spawn(move || {
        let mut came: Vec<Instant> = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let now = Instant::now();
            came.retain(|at| now.duration_since(*at) < WINDOW);
            came.push(now);
            if came.len() > TAKES {
                counted.fetch_add(1, SeqCst);
                let _ = stream.write_all(b"421 4.3.2 Connection rate limit exceeded.\r\n");
            } else {
                resets::answer(&stream);
            }
        }
    });
    (port, refused)
}

/// Outcome, attempts and phase of each host.
fn found(dir: &Path) -> Vec<(String, usize, Option<String>)> {
    let batches = rows(dir, "mx_hosts");
    let of = batches.iter().flat_map(|batch| {
        let [outcomes, phases] =
            ["smtp_outcome", "smtp_phase"].map(|name| texts_of(batch.column_by_name(name).unwrap()));
        let attempts = batch.column_by_name("attempts").unwrap().as_list::<i32>();
        let counts: Vec<usize> = attempts.iter().map(|list| list.unwrap().len()).collect();
        outcomes.into_iter().zip(counts).zip(phases).map(|((outcome, count), phase)| (outcome, count, phase))
    });
    of.map(|(outcome, count, phase)| (outcome.unwrap(), count, phase)).collect()
}

#[test]
fn a_server_that_counts_is_left_alone_and_gives_what_it_gives_at_each_look() {
    let dir = tempfile::tempdir().unwrap();
    let lab = pace::crowd(800, dir.path());
    let (names, addr) = pace::at_one_address(&lab, NAMES);
    let list = pace::listed(dir.path(), &names);
    let (port, refused) = counting(addr);
    let output = scan(&lab, &list, dir.path())
        .args(["--starttls", "all", "--second-look", SECOND_LOOK, "--smtp-port", &port.to_string()])
        .args(["--per-target-in-flight", "2", "--per-target-rate", "200"])
        .output()
        .unwrap();
    assert_code(&output, 0);
    let found = found(dir.path());
    assert_eq!(found.len(), NAMES);
    let seen = found.iter().filter(|(outcome, ..)| outcome == "smtp_rejected_5xx").count();
    let refused = refused.load(SeqCst);
    assert!(seen >= 3 * TAKES, "{seen} seen, {refused} refused");
    assert!(refused <= 30, "{seen} seen, {refused} refused");
    // Who never had a turn is limited, and the row tells of no connection.
    let untried: Vec<_> = found.iter().filter(|(_, attempts, _)| *attempts == 0).collect();
    assert!(untried.len() >= NAMES - seen - refused, "{} untried", untried.len());
    assert!(untried.iter().all(|(outcome, _, phase)| outcome == "limited" && phase.is_none()));
    let made: usize = found.iter().map(|(_, attempts, _)| attempts).sum();
    assert_eq!(made, seen_connections(&found) + refused);
}

/// Connections of hosts that answered: the last attempt of each.
fn seen_connections(found: &[(String, usize, Option<String>)]) -> usize {
    found.iter().filter(|(outcome, ..)| outcome == "smtp_rejected_5xx").count()
}
