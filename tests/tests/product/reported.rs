//! Reports that senders of each form would have written are read as they were written, mail and all.

use super::{assert_code, built, text};
use std::fs;
use std::path::Path;
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::reported::{Order, TRUTH, grade, write};

fn written(dir: &Path, domains: u64) -> u64 {
    let mix = Mix::load("uniform").unwrap();
    write(&Order { names: Names::Generated(domains), seed: 7, mix, dir: dir.to_owned() }).unwrap()
}

#[test]
fn every_sender_form_is_read_without_a_difference() {
    let dir = tempfile::tempdir().unwrap();
    let count = written(dir.path(), 700);
    let reports = dir.path().join("reports");
    let output = built("sts-tlsrpt").arg(dir.path().join("mails")).arg("-o").arg(&reports).output().unwrap();
    assert_code(&output, 0);
    assert!(text(&output.stdout).contains(&format!("{count} reports added")), "{}", text(&output.stdout));
    let grade = grade(&reports, &dir.path().join(TRUTH)).unwrap();
    assert!(grade.is_clean(), "{grade}");
    assert_eq!((grade.expected as u64, grade.found as u64), (count, count));
    // Every result type that an MTA-STS sender can see is among them.
    let truth = fs::read_to_string(dir.path().join(TRUTH)).unwrap();
    for result in [
        "starttls-not-supported",
        "certificate-host-mismatch",
        "certificate-expired",
        "certificate-not-trusted",
        "validation-failure",
        "sts-policy-fetch-error",
        "sts-policy-invalid",
        "sts-webpki-invalid",
    ] {
        assert!(truth.contains(result), "{result}");
    }
    let output = built("sts-tlsrpt")
        .args(["tables", "--table", "report-results", "--format", "csv"])
        .arg(&reports)
        .output();
    assert!(text(&output.unwrap().stdout).contains("certificate-expired"));
}

#[test]
fn a_report_that_is_read_otherwise_is_a_difference() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 40);
    let reports = dir.path().join("reports");
    assert_code(
        &built("sts-tlsrpt").arg(dir.path().join("mails")).arg("-o").arg(&reports).output().unwrap(),
        0,
    );
    let truth = fs::read_to_string(dir.path().join(TRUTH)).unwrap();
    let (first, rest) = truth.split_once('\n').unwrap();
    let changed = dir.path().join("changed.jsonl");
    for wrong in [
        first.replace("\"successful\":", "\"successful\":1"),
        first.replace("\"faults\":[", "\"faults\":[\"x\","),
    ] {
        assert_ne!(wrong, first);
        fs::write(&changed, format!("{wrong}\n{rest}")).unwrap();
        assert_eq!(grade(&reports, &changed).unwrap().differences.len(), 1);
    }
    // One that was never written, and one that was not read.
    fs::write(&changed, rest).unwrap();
    assert_eq!(grade(&reports, &changed).unwrap().differences.len(), 1);
    fs::write(&changed, format!("{}\n{truth}", first.replace("\"id\":\"", "\"id\":\"x"))).unwrap();
    assert_eq!(grade(&reports, &changed).unwrap().differences.len(), 1);
}
