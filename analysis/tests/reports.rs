//! Every query over TLS reports, held against the answer that was worked out by hand; and the report's
//! section.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use std::fs;
use std::path::Path;
use sts_analysis::query::{self, Query};
use sts_analysis::render::{Format, render};
use sts_analysis::report::Report;
use sts_analysis::report::outline::SECTIONS;
use sts_analysis::reports::Reports;

const MEMORY: usize = 256 * 1024 * 1024;

async fn small(out: &Path) -> Reports {
    world::write_reports(&world::report_fixtures().join("small"), out);
    Reports::open(out, MEMORY).await.unwrap()
}

#[tokio::test]
async fn every_query_answers_what_was_worked_out_by_hand() {
    let out = tempfile::tempdir().unwrap();
    let reports = small(out.path()).await;
    assert_eq!(reports.count(), 5);
    let folder = world::report_fixtures().join("small");
    let mut answers = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    answers.retain(|path| path.extension().is_some_and(|ending| ending == "csv"));
    assert_eq!(answers.len(), query::tlsrpt().len());
    for query in query::tlsrpt() {
        let named =
            |path: &&std::path::PathBuf| path.file_stem().unwrap().to_str().unwrap()[3..] == *query.name;
        let wanted = fs::read_to_string(answers.iter().find(named).expect(&query.name)).unwrap();
        let found = render(&[reports.run(&query).await.unwrap()], Format::Csv, None);
        assert_eq!(found, wanted, "{}", query.name);
    }
}

#[tokio::test]
async fn a_folder_without_reports_gives_tables_without_rows() {
    let out = tempfile::tempdir().unwrap();
    fs::write(
        out.path().join("manifest.json"),
        r#"{"kind":"tls-reports","schema_version":"1.0","reports":0,"parts":[]}"#,
    )
    .unwrap();
    let reports = Reports::open(out.path(), MEMORY).await.unwrap();
    for query in query::tlsrpt() {
        assert!(reports.run(&query).await.unwrap().rows.is_empty(), "{}", query.name);
    }
    let fault = reports.run(&Query::parse("mine", "DROP TABLE reports")).await.unwrap_err();
    assert_eq!(fault.exit_code(), 2);
}

#[tokio::test]
async fn what_is_no_folder_of_reports_is_refused() {
    for manifest in [
        r#"{"schema_version":"1.3","scan":"s"}"#,
        r#"{"kind":"tls-reports","schema_version":"2.0","reports":0,"parts":[]}"#,
        r#"{"kind":"tls-reports","schema_version":"1.0","reports":0,"parts":[{"table":"reports","file":"../a","rows":1}]}"#,
    ] {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("manifest.json"), manifest).unwrap();
        let fault = Reports::open(out.path(), MEMORY).await.err().unwrap();
        assert_eq!(fault.exit_code(), 2, "{manifest}");
    }
}

#[tokio::test]
async fn the_section_is_drawn_without_a_scan() {
    let out = tempfile::tempdir().unwrap();
    let reports = small(out.path()).await;
    let page = Report::gather_all(None, Some(reports), None).await.unwrap().page().unwrap();
    let section = SECTIONS.iter().find(|section| section.id == "reported").unwrap();
    for entry in section.entries {
        assert!(page.contains(&format!("id=\"q-{}\"", entry.query)), "{}", entry.query);
        for plan in entry.figures {
            assert!(page.contains(&format!("<figcaption>{}", plan.title)), "{}", plan.title);
        }
    }
    assert!(!page.contains("id=\"scans\"") && !page.contains("id=\"numbers\""));
}
