//! A scan that is stopped, by the operator or by force, goes on where it was.

use super::{assert_code, assert_rows_graded, dataset, lab, list, scan, started, steady_mix, sts_scan, text};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use sts_lab::Lab;

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status().unwrap();
    assert!(sent.success());
}

/// So that a scan lasts long enough to be interrupted.
const SLOWED: [&str; 2] = ["--dns-rate", "3000"];

/// Begins a slow scan of a laboratory and ends it by a signal, once it is under way.
pub(super) fn broken_off(lab: &Lab, dir: &Path, by: &str, more: &[&str]) -> ExitStatus {
    let mut command = scan(lab, &list(lab), dir);
    command.args(more);
    let mut child = started(command);
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
