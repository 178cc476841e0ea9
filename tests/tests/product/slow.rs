//! Servers that are slow to greet keep no other waiting.

use super::{assert_code, assert_graded, lab, list, mix, scan, text};
use std::time::{Duration, Instant};

#[test]
fn silent_servers_hold_none_of_the_few_slots_of_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(160, &mix(dir.path(), ["smtp-banner-timeout", "healthy"]), dir.path());
    let began = Instant::now();
    let output = scan(&lab, &list(&lab), dir.path())
        .args(["--smtp-in-flight", "2", "--smtp-slow-after", "50ms"])
        .output()
        .unwrap();
    let took = began.elapsed();
    assert_code(&output, 0);
    // Some eighty silent hosts of four seconds, looked at twice: by two slots alone that is five minutes.
    assert!(took < Duration::from_secs(120), "{took:?}\n{}", text(&output.stdout));
    assert_graded(lab, dir.path());
}
