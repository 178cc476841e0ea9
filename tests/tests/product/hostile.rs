//! Peers that mean harm cost no more than is said, and nobody else anything.

use super::{assert_code, assert_graded, lab, list, mix, numbers, scan, text, texts};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use sts_lab::Lab;
use sts_lab::mix::Mix;

fn is_hostile(situation: &str) -> bool {
    !situation.starts_with("healthy") && !situation.starts_with("not-signalled")
}

/// Runs a scan to its end; the highest memory that it had, MiB.
fn measured(mut command: Command) -> (Output, u64) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (over, is_over) = std::sync::mpsc::channel::<()>();
    // The mark only rises, so that whatever moments it is looked at, the last one says all but what came
    // after it.
    let watching = std::thread::spawn(move || {
        let mut peak = 0;
        while is_over.recv_timeout(Duration::from_millis(20)).is_err() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = mark.and_then(|mark| mark.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            peak = peak.max(kib.unwrap_or(0) / 1_024);
        }
        peak
    });
    let output = child.wait_with_output().unwrap();
    over.send(()).unwrap();
    (output, watching.join().unwrap())
}

/// What a scan of the laboratory may take, MiB: for itself, for each of 64 fetches (a head of 408 KiB, a body
/// and certificates of 64 KiB each, the buffers of TLS), and for each of 128 conversations (a reply of 64
/// KiB, escaped, and the rest).
const MEMORY: u64 = 64 + 64 + 128 / 2;

/// Bytes of a flood that one connection may let through: the bound of the largest (a policy in chunks of one
/// byte, six bytes for each of 64 KiB), what hyper reads ahead (408 KiB), and the buffers of two sockets.
const FLOOD: u64 = 6 * 65_536 + 417_792 + (2 << 20);

#[test]
fn hostile_peers_cost_bounded_memory_bytes_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let soak = Mix::load("soak").unwrap();
    let hostile = soak.weights.keys().map(String::as_str).filter(|name| is_hostile(name));
    let mix = mix(dir.path(), hostile);
    let lab = lab(1_000, &mix, dir.path());
    let began = Instant::now();
    let (output, peak) = measured(scan(&lab, &list(&lab), dir.path()));
    let took = began.elapsed();
    assert_code(&output, 0);
    assert!(peak > 0 && peak <= MEMORY, "{peak} MiB");
    let flood = lab.contacts().largest_flood();
    assert!(flood > 0 && flood <= FLOOD, "{flood} bytes of a flood were taken");
    // Their deadlines one after the other are most of an hour; this machine may be busy.
    assert!(took < Duration::from_secs(180), "{took:?}");
    assert_graded(lab, dir.path());
}

/// Milliseconds that the rows of `domains` took, by domain.
fn totals(dir: &Path) -> BTreeMap<String, i64> {
    let names = texts(dir, "domains", "domain").into_iter().map(Option::unwrap);
    names.zip(numbers(dir, "domains", "total_ms")).collect()
}

/// What the 95th of a hundred of these domains took.
fn slow(lab: &Lab, totals: &BTreeMap<String, i64>, hostile: bool) -> Duration {
    let of = |domain: &str| is_hostile(&lab.oracle.world.situation(domain).name) == hostile;
    let mut millis: Vec<i64> = totals.iter().filter(|(name, _)| of(name)).map(|(_, ms)| *ms).collect();
    millis.sort_unstable();
    Duration::from_millis(millis[millis.len() * 95 / 100].try_into().unwrap())
}

#[test]
fn healthy_domains_keep_their_pace_beside_hostile_ones() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(1_000, "soak", dir.path());
    // So few at once that a name's turn at this pace comes soon.
    let pace = ["--dns-rate", "800", "--dns-in-flight", "40"];
    let output = scan(&lab, &list(&lab), dir.path()).args(pace).output().unwrap();
    assert_code(&output, 0);
    let totals = totals(dir.path());
    let (healthy, hostile) = (slow(&lab, &totals, false), slow(&lab, &totals, true));
    // Six seconds is the deadline of a fetch: one that waits behind a hostile host waits as long.
    let bound = Duration::from_secs(5);
    assert!(healthy < bound && hostile >= bound, "healthy {healthy:?}, hostile {hostile:?}");
}

#[test]
fn forged_answers_are_dropped_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let forging = ["hostile-dns-wrong-id", "hostile-dns-wrong-question"];
    let mix = mix(dir.path(), forging);
    let lab = lab(100, &mix, dir.path());
    let output = scan(&lab, &list(&lab), dir.path()).output().unwrap();
    assert_code(&output, 0);
    let said = text(&output.stdout);
    let dropped = said.lines().find_map(|line| line.strip_prefix("answers dropped")).unwrap();
    let (dropped, forged) = (dropped.trim().parse::<u64>().unwrap(), lab.contacts().forgeries());
    assert!(forged >= 400 && dropped >= forged, "{forged} were forged, {dropped} dropped");
    assert_graded(lab, dir.path());
}
