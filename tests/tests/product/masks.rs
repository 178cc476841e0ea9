//! A device in front of the scanner that masks STARTTLS for all.

use super::{assert_code, lab, list, mix, scan, sts_scan, text, texts};
use std::path::Path;

/// Enough for 100 networks of the 200 that the world's hosts are spread over.
const DOMAINS: u64 = 300;

#[test]
fn a_scan_behind_a_device_that_masks_starttls_stops_before_it_writes_any_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(DOMAINS, &mix(dir.path(), ["smtp-starttls-masked-everywhere"]), dir.path());
    let output = scan(&lab, &list(&lab), dir.path()).output().unwrap();
    let told = |said: &str| {
        assert!(said.contains("a device near this scanner masks STARTTLS"), "{said}");
        assert!(said.contains("sts-scan resume"), "{said}");
    };
    assert_code(&output, 3);
    told(&text(&output.stderr));
    let masked = |dir: &Path| {
        let outcomes = texts(dir, "mx_hosts", "smtp_outcome");
        outcomes.iter().filter(|outcome| outcome.as_deref() == Some("starttls_masked")).count()
    };
    assert_eq!(masked(dir.path()), 0);
    // They wait for their second look: from the same network a resume meets the same device.
    let resumed = sts_scan().arg("resume").arg(super::dataset(dir.path())).output().unwrap();
    assert_code(&resumed, 3);
    told(&text(&resumed.stderr));
}

#[test]
fn fewer_networks_than_a_trial_are_devices_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(60, &mix(dir.path(), ["smtp-starttls-masked-everywhere"]), dir.path());
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
    let outcomes = texts(dir.path(), "mx_hosts", "smtp_outcome");
    assert_eq!(outcomes.len(), 60);
    assert!(outcomes.iter().all(|outcome| outcome.as_deref() == Some("starttls_masked")));
}
