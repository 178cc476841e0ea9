//! The table of the IMC 2025 study: its counts as a dataset, and `sts-misconfig` prints them back.

use crate::{analysis, assert_code, text};
use std::path::Path;
use sts_lab::counts::Counts;
use sts_lab::names::Names;
use sts_lab::straight::{self, Order, Source};

fn write(epoch: u32, dir: &Path) {
    let counts = Counts::load("imc2025-counts").unwrap();
    let names = Names::Generated(counts.total());
    let source = Source::Counts(counts);
    straight::write(Order { names, seed: 1, epoch, source, dir: dir.to_owned(), threads: 2 }).unwrap();
}

/// A table of a program over datasets, as rows of cells by column.
struct Table(Vec<serde_json::Value>);

impl Table {
    fn of(document: &serde_json::Value, name: &str) -> Self {
        let tables = document["tables"].as_array().unwrap();
        let table = tables.iter().find(|table| table["name"] == name);
        Self(table.unwrap_or_else(|| panic!("no table {name}"))["rows"].as_array().unwrap().clone())
    }

    /// The count of a column in the only row with these cells.
    fn count(&self, cells: &[(&str, &str)], column: &str) -> i64 {
        let found: Vec<_> =
            self.0.iter().filter(|row| cells.iter().all(|(name, value)| row[name] == *value)).collect();
        assert_eq!(found.len(), 1, "{cells:?} is in {} rows", found.len());
        found[0][column].as_i64().unwrap_or_else(|| panic!("{cells:?}: {column} is {}", found[0][column]))
    }
}

fn run(program: &str, datasets: &[&Path], tables: &[&str]) -> serde_json::Value {
    let mut command = analysis(program);
    command.args(datasets).args(["--format", "json"]);
    for table in tables {
        command.args(["--table", table]);
    }
    let output = command.output().unwrap();
    assert_code(&output, 0);
    serde_json::from_str(&text(&output.stdout)).unwrap()
}

#[test]
fn the_counts_of_the_study_come_back_class_by_class() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = dir.path().join("2024-09-29");
    write(1, &snapshot);
    let names = [
        "stages",
        "record-errors",
        "policy-errors",
        "policy-error-codes",
        "mx-invalid",
        "mismatch",
        "verdicts",
    ];
    let document = run("sts-misconfig", &[&snapshot], &names);
    let [stages, records, policies, codes, invalid, mismatches, verdicts] =
        names.map(|name| Table::of(&document, name));

    // 68,030 with a record, 20,144 of them misconfigured.
    assert_eq!(stages.count(&[("stage", "any")], "signallers"), 68_030);
    assert_eq!(stages.count(&[("stage", "any")], "errors"), 20_144);
    for (stage, errors) in [("record", 331), ("policy", 17_184), ("mx_tls", 1_326), ("mismatch", 1_816)] {
        assert_eq!(stages.count(&[("stage", stage)], "errors"), errors, "{stage}");
    }
    for (code, domains) in [
        ("(any)", 331),
        ("record_id_invalid", 203),
        ("record_id_missing", 65),
        ("record_version_invalid", 52),
        ("record_field_invalid", 2),
        ("record_multiple", 9),
    ] {
        assert_eq!(records.count(&[("code", code)], "domains"), domains, "{code}");
    }
    // Manager, its domains, and DNS, TCP, TLS, HTTP, text; the sums are those of the classes (see the file's
    // header).
    let steps = ["policy_dns", "policy_tcp", "policy_tls", "policy_http", "policy_text", "(any)"];
    for (manager, domains, faulty) in [
        ("self", 25_344, [42, 193, 8_871, 377, 55, 9_538]),
        ("third party", 28_591, [0, 34, 1_113, 215, 81, 1_443]),
        ("unclassified", 14_095, [24, 128, 5_640, 334, 77, 6_203]),
    ] {
        for (stage, faulty) in steps.into_iter().zip(faulty) {
            let row = [("manager", manager), ("stage", stage)];
            assert_eq!(policies.count(&row, "domains"), domains, "{manager}");
            assert_eq!(policies.count(&row, "faulty"), faulty, "{manager} {stage}");
        }
    }
    assert_eq!(codes.count(&[("code", "policy_tls_name")], "self"), 8_385);
    assert_eq!(invalid.count(&[("hosts", "all invalid")], "domains"), 1_326);
    for (kind, domains) in
        [("different_domain", 1_023), ("mta_sts_label", 597), ("third_level", 133), ("typo", 63)]
    {
        assert_eq!(mismatches.count(&[("kind", kind)], "domains"), domains, "{kind}");
    }
    assert_eq!(mismatches.count(&[("kind", "(any)")], "enforce"), 406);
    assert_eq!(verdicts.count(&[("verdict", "refused")], "strict"), 640);

    let providers = run("sts-adoption", &[&snapshot], &["policy-host-provider"]);
    let providers = Table::of(&providers, "policy-host-provider");
    for (provider, domains) in [
        ("Tutanota", 7_614),
        ("DMARCReport", 7_293),
        ("PowerDMARC", 3_753),
        ("EasyDMARC", 2_222),
        ("Mailhardener", 1_558),
        ("URIports", 1_100),
        ("Sendmarc", 805),
        ("OnDMARC", 451),
    ] {
        assert_eq!(providers.count(&[("provider", provider)], "signallers"), domains, "{provider}");
    }

    // 644 of the different domains name an earlier MX, which takes a snapshot before.
    let before = dir.path().join("before");
    write(0, &before);
    let document = run("sts-trends", &[&before, &snapshot], &["obsolete-mismatches"]);
    let obsolete = Table::of(&document, "obsolete-mismatches");
    assert_eq!(obsolete.count(&[("kind", "different_domain")], "obsolete"), 644);
    assert_eq!(obsolete.count(&[("kind", "(any)")], "obsolete"), 644);
}
