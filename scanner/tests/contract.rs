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
    let catalogue = sts_scanner::findings::catalogue(sts_scanner::findings::CatalogueFormat::Json);
    assert!(
        committed == catalogue,
        "run `sts-scan findings --format json > findings.json` and look at the difference"
    );
}

#[test]
fn the_catalogue_in_methods_md_is_the_scanners() {
    let methods = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../METHODS.md")).unwrap();
    let begin = methods.split_once("<!-- findings: begin -->\n").unwrap().1;
    let committed = begin.split_once("<!-- findings: end -->").unwrap().0;
    let catalogue = sts_scanner::findings::catalogue(sts_scanner::findings::CatalogueFormat::Methods);
    assert!(
        committed.trim() == catalogue.trim(),
        "put what `sts-scan findings --format methods` prints between the two marks and look at the difference"
    );
}
