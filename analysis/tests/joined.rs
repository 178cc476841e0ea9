//! TLS reports beside scans: every query held against the answer that was worked out by hand, what settings
//! change, and the report's section.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use std::fs;
use std::path::Path;
use sts_analysis::dataset::{Completeness, open_all};
use sts_analysis::fault::Fault;
use sts_analysis::query::{self, Query};
use sts_analysis::render::{Format, render};
use sts_analysis::report::Report;
use sts_analysis::report::outline::SECTIONS;
use sts_analysis::reports::Reports;
use sts_analysis::reports::joined::join;
use sts_analysis::settings::{Joining, Settings};
use sts_analysis::tables::Tables;
use sts_analysis::withheld::{Class, Withheld};

const MEMORY: usize = 256 * 1024 * 1024;

async fn small(out: &Path, joining: Joining) -> Tables {
    let world = world::joined_fixtures().join("small");
    let datasets = open_all(&world::write(&world, &out.join("scans")), Completeness::Required).unwrap();
    world::write_reports(&world, &out.join("reports"));
    let mut tables = Tables::register(datasets, MEMORY, Settings::default()).await.unwrap();
    join(&mut tables, &out.join("reports"), joining).await.unwrap();
    tables
}

fn named(name: &str) -> Query {
    query::joined().into_iter().find(|query| query.name == name).unwrap()
}

async fn csv(tables: &mut Tables, query: &Query) -> String {
    render(&[tables.run(query).await.unwrap()], Format::Csv, None)
}

#[tokio::test]
async fn every_query_answers_what_was_worked_out_by_hand() {
    let out = tempfile::tempdir().unwrap();
    let mut tables = small(out.path(), Joining::default()).await;
    let folder = world::joined_fixtures().join("small");
    for (number, query) in (91..).zip(query::joined()) {
        let wanted = fs::read_to_string(folder.join(format!("{number}-{}.csv", query.name))).unwrap();
        assert_eq!(csv(&mut tables, &query).await, wanted, "{}", query.name);
    }
}

#[tokio::test]
async fn a_scan_that_is_not_near_explains_nothing() {
    let out = tempfile::tempdir().unwrap();
    // The scans are two and more days away from every day but the last.
    let mut tables = small(out.path(), Joining { near_days: 1, ..Joining::default() }).await;
    let answer = csv(&mut tables, &named("report-explained")).await;
    assert!(!answer.contains(",explained,") && !answer.contains("senders only"), "{answer}");
    assert_eq!(answer.matches(",scan only,").count(), 1, "{answer}");
}

#[tokio::test]
async fn sessions_of_days_before_the_window_prove_nothing() {
    let out = tempfile::tempdir().unwrap();
    // The newest report is of 2026-01-21: this is its day alone.
    let mut tables = small(out.path(), Joining { window_days: 1, ..Joining::default() }).await;
    let answer = csv(&mut tables, &named("report-enforce")).await;
    assert!(answer.contains("\na.example,safe,120,120,0,0,1,2026-01-21,2026-01-21,reports\n"), "{answer}");
    assert!(answer.contains("\nb.example,too_little,0,0,0,0,0,,,scan\n"), "{answer}");
    assert!(!answer.contains("not_safe"), "{answer}");
}

#[tokio::test]
async fn a_query_of_ones_own_sees_both_sides() {
    let out = tempfile::tempdir().unwrap();
    let mut tables = small(out.path(), Joining::default()).await;
    let sql =
        "SELECT count(*) AS n FROM counted_policies JOIN domains ON domains.domain = counted_policies.domain
        WHERE scan = 'before'";
    assert_eq!(csv(&mut tables, &Query::parse("mine", sql)).await, "n\n16\n");
}

#[tokio::test]
async fn a_published_scan_explains_as_much_whatever_was_left_out() {
    let out = tempfile::tempdir().unwrap();
    let world = world::joined_fixtures().join("small");
    let folders = world::write(&world, &out.path().join("scans"));
    let path = folders[0].join("manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["withheld"] = Withheld::new(&Class::ALL).in_manifest();
    fs::write(&path, manifest.to_string()).unwrap();
    world::write_reports(&world, &out.path().join("reports"));
    let datasets = open_all(&folders, Completeness::Required).unwrap();
    let mut tables = Tables::register(datasets, MEMORY, Settings::default()).await.unwrap();
    join(&mut tables, &out.path().join("reports"), Joining::default()).await.unwrap();
    // Nothing that a publisher may leave out is needed.
    for name in ["report-explained", "report-enforce"] {
        tables.run(&named(name)).await.unwrap();
    }
    let fault = tables.run(&Query::parse("mine", "SELECT addr FROM mx_hosts, policies")).await.unwrap_err();
    assert!(matches!(fault, Fault::Withheld(_)), "{fault}");
}

#[tokio::test]
async fn the_section_is_drawn_beside_the_scans() {
    let out = tempfile::tempdir().unwrap();
    let tables = small(out.path(), Joining::default()).await;
    let reports = Reports::open(&out.path().join("reports"), MEMORY).await.unwrap();
    let page = Report::gather_all(Some(tables), Some(reports), None).await.unwrap().page().unwrap();
    for section in SECTIONS.iter().filter(|section| ["reported", "explained"].contains(&section.id)) {
        for entry in section.entries {
            assert!(page.contains(&format!("id=\"q-{}\"", entry.query)), "{}", entry.query);
        }
    }
    for plan in SECTIONS.iter().find(|section| section.id == "explained").unwrap().entries {
        for figure in plan.figures {
            assert!(page.contains(&format!("<figcaption>{}", figure.title)), "{}", figure.title);
        }
    }
}
