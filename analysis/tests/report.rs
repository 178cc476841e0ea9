//! The report over the fixtures: every figure of the outline is drawn, and what datasets say cannot break out
//! of the page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use sts_analysis::dataset::{Completeness, open_all};
use sts_analysis::query;
use sts_analysis::report::outline::{HEADLINES, SECTIONS};
use sts_analysis::report::{MOST_BYTES, Report};
use sts_analysis::settings::Settings;
use sts_analysis::tables::Tables;

const MEMORY: usize = 256 * 1024 * 1024;

async fn report(world: &Path, out: &Path) -> Report {
    let datasets = open_all(&world::write(world, out), Completeness::Required).unwrap();
    let tables = Tables::register(datasets, MEMORY, Settings::default()).await.unwrap();
    Report::gather(tables, None).await.unwrap()
}

#[test]
fn the_outline_names_queries_that_exist_each_once() {
    let known: BTreeSet<String> = query::all()
        .into_iter()
        .chain(query::tlsrpt())
        .chain(query::joined())
        .map(|query| query.name)
        .collect();
    let named: Vec<&str> =
        SECTIONS.iter().flat_map(|section| section.entries).map(|entry| entry.query).collect();
    for name in named.iter().copied().chain(HEADLINES.iter().map(|headline| headline.query)) {
        assert!(known.contains(name), "no query {name}");
    }
    assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "a table is shown twice");
    let left: Vec<&String> = known.iter().filter(|name| !named.contains(&name.as_str())).collect();
    assert!(left.is_empty(), "the report has no place for {left:?}");
}

#[tokio::test]
async fn every_figure_of_the_outline_is_drawn_in_one_world_or_another() {
    let mut drawn = BTreeSet::new();
    for world in ["signallers", "epochs"] {
        let dir = tempfile::tempdir().unwrap();
        let page = report(&world::fixtures().join(world), dir.path()).await.page().unwrap();
        assert!(page.len() < MOST_BYTES);
        for plan in SECTIONS.iter().flat_map(|section| section.entries).flat_map(|entry| entry.figures) {
            if page.contains(&format!("<figcaption>{}", plan.title)) {
                drawn.insert(plan.title);
            }
        }
    }
    // The sections about TLS reports have tests of their own.
    let all: BTreeSet<&str> = SECTIONS
        .iter()
        .filter(|section| !["reported", "explained"].contains(&section.id))
        .flat_map(|section| section.entries)
        .flat_map(|entry| entry.figures)
        .map(|plan| plan.title)
        .collect();
    assert_eq!(drawn, all);
}

#[tokio::test]
async fn headline_numbers_are_those_of_the_queries() {
    let dir = tempfile::tempdir().unwrap();
    let page = report(&world::fixtures().join("signallers"), dir.path()).await.page().unwrap();
    // By hand, as in fixtures/signallers/01-adoption.csv and 38-verdicts.csv: 10 names in D1, of which l.com
    // is undecided, 8 signal; 1 of 9 decided signallers is validated. A tenth undecided gives a range.
    for expected in [
        "<dt>names with MX records</dt><dd class=\"big\">10</dd>",
        "<dt>of them signal MTA-STS</dt><dd class=\"big\">80.0 % to 90.0 %</dd><dd class=\"of\">8 of 9†, 88.9 % of the decided",
        "<dt>of signallers: every MX host passes, enforced</dt><dd class=\"big\">10.0 % to 20.0 %</dd><dd class=\"of\">1 of 9†, 11.1 % of the decided",
        "<dt>domains to which a strict sender does not deliver</dt><dd class=\"big\">1</dd>",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

#[tokio::test]
async fn what_a_dataset_says_stays_text() {
    let world = tempfile::tempdir().unwrap();
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'";
    let domain = json!({
        "scan": "s", "domain": evil, "suffix": evil, "registrable": evil, "mx_dns": "NOERROR", "mx_kind": "explicit",
        "mx": [{"preference": 1, "host": evil}], "sts_dns": "NOERROR", "sts_signals": true, "sts_record": "valid",
        "policy_cname": [evil], "policy_outcome": "ok", "policy_usable": true, "policy_valid": true, "policy_mode": evil,
    });
    fs::write(world.path().join("domains.jsonl"), domain.to_string()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let folder = world::write(world.path(), dir.path()).remove(0);
    let manifest = json!({"schema_version": "1.0", "scan": "s", "complete": true, "note": evil, "versions": {"tool": evil}});
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    let datasets = open_all(&[folder], Completeness::Required).unwrap();
    let tables = Tables::register(datasets, MEMORY, Settings::default()).await.unwrap();
    let page = Report::gather(tables, Some(evil.to_owned())).await.unwrap().page().unwrap();
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(!page.contains("<img"));
    assert!(page.contains("&lt;script&gt;alert(1)"));
}

#[tokio::test]
async fn the_page_names_nothing_on_the_network_and_says_so_to_the_browser() {
    let dir = tempfile::tempdir().unwrap();
    let page = report(&world::fixtures().join("signallers"), dir.path()).await.page().unwrap();
    assert!(page.contains("content=\"default-src 'none';"));
    for reference in ["src=\"", "href=\"http", "url(", "@import", "style=\""] {
        assert!(!page.contains(reference), "{reference}");
    }
}

#[tokio::test]
async fn figures_and_tables_are_written_as_files() {
    let dir = tempfile::tempdir().unwrap();
    let report = report(&world::fixtures().join("signallers"), &dir.path().join("data")).await;
    let out = dir.path().join("figures");
    let files = report.write_files(&out, sts_analysis::render::Format::Csv).unwrap();
    assert_eq!(fs::read_dir(&out).unwrap().count(), files);
    let read = |name: &str| fs::read(out.join(name)).unwrap();
    assert!(read("funnel.pdf").starts_with(b"%PDF-") && read("funnel.svg").starts_with(b"<?xml"));
    // Letters are set, not dropped: a font is embedded.
    assert!(String::from_utf8_lossy(&read("funnel.pdf")).contains("/FontDescriptor"));
    let told = fs::read_to_string(world::fixtures().join("signallers/38-verdicts.csv")).unwrap();
    assert_eq!(String::from_utf8(read("verdicts.csv")).unwrap(), told);
    assert!(String::from_utf8(read("verdicts.tex")).unwrap().contains("\\begin{tabular}"));
}

#[tokio::test]
async fn one_scan_has_no_section_over_time_and_an_empty_one_is_a_page_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("manifest.json"), r#"{"schema_version":"1.0","scan":"s","complete":true}"#)
        .unwrap();
    let datasets = open_all(&[dir.path().to_owned()], Completeness::Required).unwrap();
    let tables = Tables::register(datasets, MEMORY, Settings::default()).await.unwrap();
    let page = Report::gather(tables, None).await.unwrap().page().unwrap();
    assert!(!page.contains("id=\"time\"") && page.contains("No rows: there is nothing of this in the data."));
}
