//! A scan that is stopped, by the operator or by force, goes on where it was.

use super::{
    assert_code, assert_rows_graded, dataset, lab, list, mix, scan, started, started_once, steady_mix,
    sts_scan, text,
};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use sts_lab::Lab;

pub(super) fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status().unwrap();
    assert!(sent.success());
}

/// So that a scan lasts long enough to be interrupted.
const SLOWED: [&str; 2] = ["--dns-rate", "3000"];

/// Begins a slow scan of a laboratory and ends it by a signal, once it is under way.
pub(super) fn broken_off(lab: &Lab, dir: &Path, by: &str, more: &[&str]) -> ExitStatus {
    broken_off_once(lab, dir, (by, more), |_| true)
}

/// The same, once a line of progress says enough.
pub(super) fn broken_off_once(
    lab: &Lab,
    dir: &Path,
    (by, more): (&str, &[&str]),
    is_enough: impl Fn(&str) -> bool,
) -> ExitStatus {
    let mut command = scan(lab, &list(lab), dir);
    command.args(more);
    let mut child = started_once(command, is_enough);
    signal(&child, by);
    child.wait().unwrap()
}

#[test]
fn an_interrupted_scan_is_resumed_with_no_row_lost_and_none_twice() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(20_000, &steady_mix(dir.path()), dir.path());
    assert_eq!(broken_off(&lab, dir.path(), "INT", &SLOWED).code(), Some(3));
    let resumed =
        sts_scan().arg("resume").arg(dataset(dir.path())).args(["--dns-rate", "1000000"]).output().unwrap();
    assert_code(&resumed, 0);
    assert_rows_graded(lab, dir.path());
}

#[test]
fn a_killed_scan_is_resumed_with_no_row_lost_and_none_twice() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(8_000, &steady_mix(dir.path()), dir.path());
    assert!(broken_off(&lab, dir.path(), "KILL", &SLOWED).code().is_none());
    let resumed =
        sts_scan().arg("resume").arg(dataset(dir.path())).args(["--dns-rate", "1000000"]).output().unwrap();
    assert_code(&resumed, 0);
    assert_rows_graded(lab, dir.path());
    let manifest = std::fs::read_to_string(dataset(dir.path()).join("manifest.json")).unwrap();
    assert!(manifest.contains("\"pace.dns_rate\": ["), "the change of pace is noted: {manifest}");
}

/// What of the situations that fail only at first waits for its next look: domains and hosts.
const WAITING: [(&str, &str); 6] = [
    ("mx-flaky", ""),
    ("sts-flaky", ""),
    ("policy-tls-flaky", ""),
    ("mx-tls-flaky", "mx1."),
    ("dane-flaky", "mx1."),
    ("smtp-limited-flaky", ""),
];

#[test]
fn a_kill_forgets_no_look_that_was_kept() {
    let dir = tempfile::tempdir().unwrap();
    let situations = WAITING.iter().map(|(name, _)| *name).chain(["not-signalled"]);
    let lab = lab(120, &mix(dir.path(), situations), dir.path());
    let world = &lab.oracle.world;
    let names = std::fs::read_to_string(list(&lab)).unwrap();
    let waits = |line: &str| {
        let domain = line.split(',').nth(1).unwrap();
        let situation = world.situation(domain).name.as_str();
        let (name, host) = WAITING.iter().find(|(name, _)| *name == situation)?;
        let shared = *name == "smtp-limited-flaky";
        Some(if shared { "mx.limited.example".to_owned() } else { format!("{host}{domain}") })
    };
    let waiting: Vec<String> = names.lines().filter_map(waits).collect();
    assert!(waiting.len() > 40, "{}", waiting.len());
    // Time enough for the first looks to be over before the second begin.
    let mut child = started({
        let mut command = scan(&lab, &list(&lab), dir.path());
        command.args(["--second-look", "20s"]);
        command
    });
    let kept = dataset(dir.path()).join("waiting.looks");
    let is_kept = |bytes: &[u8], name: &String| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    loop {
        let bytes = std::fs::read(&kept).unwrap();
        if waiting.iter().all(|name| is_kept(&bytes, name)) {
            break;
        }
        assert!(child.try_wait().unwrap().is_none(), "the scan is over");
        std::thread::yield_now();
    }
    signal(&child, "KILL");
    child.wait().unwrap();
    let committed = dataset(dir.path()).join("domains").read_dir().unwrap();
    assert!(committed.flatten().all(|part| part.path().extension().is_some_and(|ending| ending == "tmp")));
    let resumed = sts_scan().arg("resume").arg(dataset(dir.path())).output().unwrap();
    assert_code(&resumed, 0);
    assert!(text(&resumed.stdout).contains("= rows                     120"), "{}", text(&resumed.stdout));
    assert!(!kept.exists());
    assert_rows_graded(lab, dir.path());
}

#[test]
fn a_second_process_is_refused_and_told_who_works_there() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(6_000, &mix(dir.path(), ["not-signalled", "healthy"]), dir.path());
    let mut first = started({
        let mut command = scan(&lab, &list(&lab), dir.path());
        command.args(SLOWED);
        command
    });
    let folder = dataset(dir.path());
    let mut others = [scan(&lab, &list(&lab), dir.path()), sts_scan(), sts_scan()];
    others[1].arg("resume").arg(&folder);
    others[2].arg("assess").arg(&folder);
    for other in &mut others {
        let refused = other.output().unwrap();
        assert_code(&refused, 2);
        let said = text(&refused.stderr);
        assert!(said.contains("`sts-scan scan` has been working there since 2"), "{said}");
        assert!(said.contains(&format!("(process {})", first.id())), "{said}");
    }
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert!(!folder.join(".working").exists());
    assert_rows_graded(lab, dir.path());
}

#[test]
fn a_changed_list_is_refused_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(20_000, "demo", dir.path());
    assert_eq!(broken_off(&lab, dir.path(), "INT", &SLOWED).code(), Some(3));
    let mut names = std::fs::read_to_string(list(&lab)).unwrap();
    names.push_str("20001,one-more.example\n");
    std::fs::write(list(&lab), names).unwrap();
    let resumed = sts_scan().arg("resume").arg(dataset(dir.path())).output().unwrap();
    assert_code(&resumed, 2);
    assert!(text(&resumed.stderr).contains("list.csv has changed"), "{}", text(&resumed.stderr));
    let seed = sts_scan().arg("resume").arg(dataset(dir.path())).args(["--seed", "9"]).output().unwrap();
    assert_code(&seed, 2);
    assert!(text(&seed.stderr).contains("`scan.seed` was 1, is 9"), "{}", text(&seed.stderr));
}

#[test]
fn assessing_again_gives_the_same_judgement() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(2_000, "demo", dir.path());
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
    let part = dataset(dir.path()).join("assessments/part-00000.parquet");
    let before = std::fs::read(&part).unwrap();
    let again = sts_scan().arg("assess").arg(dataset(dir.path())).output().unwrap();
    assert_code(&again, 0);
    assert_eq!(before, std::fs::read(&part).unwrap());
}
