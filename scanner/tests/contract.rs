//! The committed contract is the one that the scanner writes.
#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]

#[test]
fn columns_json_is_what_the_scanner_writes() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../columns.json")).unwrap();
    let committed: serde_json::Value = serde_json::from_str(&committed).unwrap();
    assert_eq!(
        committed,
        sts_scanner::dictionary::contract(),
        "run `sts-scan columns > columns.json` and look at the difference"
    );
}

#[test]
fn findings_json_is_the_scanners_catalogue() {
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../findings.json")).unwrap();
    let catalogue = sts_scanner::findings::catalogue(sts_scanner::findings::Format::Json);
    assert!(
        committed == catalogue,
        "run `sts-scan findings --format json > findings.json` and look at the difference"
    );
}
