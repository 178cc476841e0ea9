//! The clock of the day jumps while a scan runs: dates in rows follow it, and nothing else does.

use super::{assert_code, assert_no_difference, lab, list, numbers, pace, scan, steady_mix, text};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// An hour in microseconds.
const HOUR: i64 = 3_600_000_000;

/// The library that gives a program another time of day.
fn library() -> String {
    let asked = Command::new("faketime").args(["-m", "now", "printenv", "LD_PRELOAD"]).output();
    let asked = asked.expect("faketime is there: scripts/packages tells what the tests need");
    assert_code(&asked, 0);
    text(&asked.stdout).trim().to_owned()
}

/// Sets the program's clock so far from the true one, all at once.
fn set(clock: &Path, offset: &str) {
    let next = clock.with_extension("next");
    std::fs::write(&next, offset).unwrap();
    std::fs::rename(next, clock).unwrap();
}

#[test]
fn a_clock_that_jumps_back_and_forth_changes_dates_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(1_500, &steady_mix(dir.path()), dir.path());
    let clock = dir.path().join("clock");
    set(&clock, "+0");
    let status = dir.path().join("status.jsonl");
    let mut command = scan(&lab, &list(&lab), dir.path());
    command
        .args(["--dns-rate", "600", "--dns-in-flight", "50", "--status-file"])
        .arg(&status)
        .env("LD_PRELOAD", library())
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let began = Instant::now();
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Each of its clocks dates a conversation before it jumps; a line of progress comes every five seconds.
    let lines = BufReader::new(running.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut reports = lines.filter(|line| !line.starts_with("list "));
    let mut seen = 0;
    for offset in ["-3h", "+6h"] {
        let conversations = || pace::smtp_contacts(&lab).len();
        while conversations() == seen {
            let report = reports.next().expect("the scan is over before its clock jumped");
            assert!(report.contains(" domains | ") && !report.contains("paused"), "{report}");
        }
        set(&clock, offset);
        seen = conversations();
    }
    let rest: Vec<String> = reports.collect();
    let output = running.wait_with_output().unwrap();
    let took = began.elapsed();
    assert_code(&output, 0);
    assert!(!rest.iter().any(|line| line.contains("paused")), "{rest:?}");
    let true_time = pace::smtp_contacts(&lab)[0].at;
    drop(lab);
    assert_no_difference(dir.path());

    // It did jump: conversations are dated by all three clocks.
    let dates = pace::begun(dir.path());
    let by_clock = [-3, 0, 6].map(|hours| {
        let off = |at: &&i64| (**at - true_time - hours * HOUR).abs() < HOUR;
        dates.iter().filter(off).count()
    });
    assert!(by_clock.iter().all(|n| *n > 0) && by_clock.iter().sum::<usize>() == dates.len(), "{by_clock:?}");
    // And nothing else followed: the scan's own time went on.
    let lines = std::fs::read_to_string(&status).unwrap();
    let elapsed: Vec<f64> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["elapsed_s"].as_f64().unwrap())
        .collect();
    // Written to a tenth of a second.
    assert!(
        elapsed.is_sorted() && *elapsed.last().unwrap() <= took.as_secs_f64() + 0.05,
        "{elapsed:?} of {took:?}"
    );
    let took = i64::try_from(took.as_millis()).unwrap();
    let of_domains = numbers(dir.path(), "domains", "total_ms");
    assert!(
        of_domains.iter().all(|ms| (0..=took).contains(ms)),
        "a domain took {:?} ms",
        of_domains.iter().max()
    );
}
