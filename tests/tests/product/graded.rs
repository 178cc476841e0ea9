//! A scan holds what the laboratory's world holds, cell by cell.

use super::{assert_code, assert_graded, lab, list, scan, text};

#[test]
fn a_scan_of_every_situation_has_no_difference_to_the_truth() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(6_000, "demo", dir.path());
    let output = scan(&lab, &list(&lab), dir.path()).output().unwrap();
    assert_code(&output, 0);
    let said = text(&output.stdout);
    assert!(said.contains("inputs                    6000"), "{said}");
    assert_graded(lab, dir.path());
}
