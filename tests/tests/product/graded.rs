//! A scan holds what the laboratory's world holds, cell by cell.

use super::{assert_code, assert_graded, dataset, lab, list, scan, text};
use sts_lab::TRUTH;
use sts_lab::grade::codes;

#[test]
fn a_scan_of_every_situation_has_no_difference_to_the_truth_and_every_code() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(4_000, "uniform", dir.path());
    let output = scan(&lab, &list(&lab), dir.path()).output().unwrap();
    assert_code(&output, 0);
    let said = text(&output.stdout);
    assert!(said.contains("inputs                    4000"), "{said}");
    let codes = codes(&dataset(dir.path()), &lab.path(TRUTH)).unwrap();
    assert_eq!((codes.uncovered().collect::<Vec<_>>(), codes.unknown.len()), (Vec::new(), 0), "{codes}");
    assert_graded(lab, dir.path());
}

#[test]
fn a_scan_that_contacts_no_mx_host_holds_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(4_000, "uniform", dir.path());
    let output = scan(&lab, &list(&lab), dir.path()).args(["--starttls", "none"]).output().unwrap();
    assert_code(&output, 0);
    assert_graded(lab, dir.path());
}
