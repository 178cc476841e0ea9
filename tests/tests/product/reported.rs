//! Reports that senders of each form would have written are read as they were written, mail and all, and a
//! scan of the same world explains what they tell.

use super::{assert_code, built, text};
use std::fs;
use std::path::{Path, PathBuf};
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::reported::{Order, TRUTH, grade, grade_explained, write};
use sts_lab::straight::{self, Source};

fn written(dir: &Path, domains: u64) -> u64 {
    let mix = Mix::load("uniform").unwrap();
    write(&Order { names: Names::Generated(domains), seed: 7, mix, dir: dir.to_owned() }).unwrap()
}

#[test]
fn every_sender_form_is_read_without_a_difference() {
    let dir = tempfile::tempdir().unwrap();
    let count = written(dir.path(), 1_000);
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

/// The reports about a world beside the dataset of a faultless scan of it; gives the table as JSON.
fn explained(dir: &Path, domains: u64) -> PathBuf {
    written(dir, domains);
    let order = straight::Order {
        names: Names::Generated(domains),
        seed: 7,
        epoch: 0,
        source: Source::Mix(Mix::load("uniform").unwrap()),
        dir: dir.join("scan"),
        threads: 2,
    };
    straight::write(order).unwrap();
    let reports = dir.join("reports");
    assert_code(&built("sts-tlsrpt").arg(dir.join("mails")).arg("-o").arg(&reports).output().unwrap(), 0);
    let output = built("sts-tlsrpt")
        .arg("explain")
        .arg(&reports)
        .arg("--dataset")
        .arg(dir.join("scan"))
        .args(["--table", "report-explained", "--format", "json"])
        .output()
        .unwrap();
    assert_code(&output, 0);
    let table = dir.join("explained.json");
    fs::write(&table, output.stdout).unwrap();
    table
}

#[test]
fn every_failure_is_explained_by_the_finding_of_its_situation() {
    let dir = tempfile::tempdir().unwrap();
    let table = explained(dir.path(), 1_000);
    let truth = dir.path().join(TRUTH);
    let grade = grade_explained(&table, &truth).unwrap();
    assert!(grade.is_clean() && grade.expected > 100, "{grade}");
    // A finding of another kind, and a failure that no sender told.
    let text = fs::read_to_string(&table).unwrap();
    let changed = dir.path().join("changed.json");
    for (right, wrong) in
        [("\"mx_cert_expired\"", "\"mx_cert_name\""), ("certificate-expired", "certificate-x")]
    {
        assert!(text.contains(right), "{text}");
        fs::write(&changed, text.replacen(right, wrong, 1)).unwrap();
        assert!(!grade_explained(&changed, &truth).unwrap().is_clean(), "{wrong}");
    }
}
