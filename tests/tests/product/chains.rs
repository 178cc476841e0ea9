//! A missing intermediate certificate is told from a strange authority, also where only the operator has it.

use super::{assert_code, assert_graded, dataset, lab, list, manifest, mix, scan, sts_scan, text};
use std::path::Path;
use sts_lab::HIDDEN;

/// How many domains have each of the four findings: policy host untrusted and incomplete, MX host untrusted
/// and incomplete.
fn counts(dir: &Path) -> [u64; 4] {
    let found = &manifest(dir)["counts"]["finding"];
    let codes = [
        "policy_tls_untrusted",
        "policy_tls_chain_incomplete",
        "mx_cert_untrusted",
        "mx_cert_chain_incomplete",
    ];
    codes.map(|code| found[code].as_u64().unwrap_or(0))
}

#[test]
fn intermediates_that_the_operator_gives_complete_a_chain_that_the_scan_alone_cannot() {
    const CHAINS: [&str; 4] =
        ["policy-tls-untrusted", "policy-tls-hidden-issuer", "mx-cert-untrusted", "mx-cert-hidden-issuer"];
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(200, &mix(dir.path(), CHAINS), dir.path());
    let hidden = lab.path(HIDDEN);
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
    let [policy, none, mx, none_either] = counts(dir.path());
    assert!(policy > 20 && mx > 20, "{policy} {mx}");
    assert_eq!((none, none_either), (0, 0));
    // What the evidence says does not change with it.
    assert_graded(lab, dir.path());

    let assess_in = |folder: &Path, further: Option<&Path>| {
        let mut command = sts_scan();
        command.current_dir(folder).arg("assess").arg(dataset(dir.path()));
        if let Some(further) = further {
            command.arg("--intermediates").arg(further);
        }
        command.output().unwrap()
    };
    let assess = |further: Option<&Path>| assess_in(hidden.parent().unwrap(), further);
    assert_code(&assess(Some(&hidden)), 0);
    let [still, incomplete, mx_still, mx_incomplete] = counts(dir.path());
    assert_eq!((still + incomplete, mx_still + mx_incomplete), (policy, mx));
    assert!(still > 0 && incomplete > 0 && mx_still > 0 && mx_incomplete > 0);
    // The name alone: where the file lies is this machine's business.
    let recorded = &manifest(dir.path())["judgement"]["intermediates"]["path"];
    assert_eq!(recorded, HIDDEN);

    // Without a word the next one is drawn with the same, and not at all where that is not there.
    assert_code(&assess(None), 0);
    assert_code(&assess_in(dir.path(), None), 2);
    assert_eq!(counts(dir.path()), [still, incomplete, mx_still, mx_incomplete]);
    std::fs::write(&hidden, "other").unwrap();
    let refused = assess(None);
    assert_code(&refused, 2);
    assert!(text(&refused.stderr).contains("--intermediates none"), "{}", text(&refused.stderr));
    assert_code(&assess(Some(Path::new("none"))), 0);
    assert_eq!(counts(dir.path()), [policy, 0, mx, 0]);
}

#[test]
fn the_roots_stand_in_the_manifest_with_their_hash_and_date_and_beside_the_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(20, "demo", dir.path());
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
    let manifest = manifest(dir.path());
    let versions = &manifest["versions"];
    assert!(versions["trust_store"].as_str().unwrap().ends_with("ca.pem, 1 authorities"), "{versions}");
    assert_eq!(versions["trust_store_sha256"].as_str().unwrap().len(), 64);
    let date = versions["trust_store_date"].as_str().unwrap();
    assert!(date.starts_with("20") && date.ends_with('Z'), "{date}");
    assert_eq!(manifest["judgement"]["trust_store_sha256"], versions["trust_store_sha256"]);
    std::fs::remove_file(dataset(dir.path()).join("trust.json")).unwrap();
    let assessed = sts_scan().arg("assess").arg(dataset(dir.path())).output().unwrap();
    assert_code(&assessed, 0);
    assert!(text(&assessed.stderr).contains("trust.json"), "{}", text(&assessed.stderr));
}
