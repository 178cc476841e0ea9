//! Every query over every world of `fixtures`, held against the answer that was worked out by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use arrow::array::RecordBatch;
use clap::Parser;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use sts_analysis::dataset::{Completeness, open_all};
use sts_analysis::query::{self, Query};
use sts_analysis::render::{Format, render};
use sts_analysis::settings::Settings;
use sts_analysis::tables::Tables;

const MEMORY: usize = 256 * 1024 * 1024;

fn worlds() -> Vec<PathBuf> {
    let mut worlds: Vec<PathBuf> = fs::read_dir(world::fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    worlds.sort();
    worlds
}

async fn tables(world: &Path, out: &Path) -> Tables {
    let datasets = open_all(&world::write(world, out), Completeness::Required).unwrap();
    Tables::register(datasets, MEMORY, settings(world)).await.unwrap()
}

/// The settings of a world: those of the flags in its file `flags`, where it has one.
fn settings(world: &Path) -> Settings {
    let flags = fs::read_to_string(world.join("flags")).unwrap_or_default();
    Flags::try_parse_from(std::iter::once("world").chain(flags.split_whitespace())).unwrap().settings
}

#[derive(clap::Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

async fn csv(tables: &mut Tables, query: &Query) -> String {
    render(&[tables.run(query).await.unwrap()], Format::Csv, None)
}

/// The answer that a world has to a query: the query's own file name, with `.csv`; `None` where it says
/// nothing of it.
fn expected(world: &Path, query: &Query) -> Option<PathBuf> {
    let files = fs::read_dir(world).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.strip_suffix(".csv").and_then(|name| name.get(3..)) == Some(query.name.as_str())
    };
    files.into_iter().find(named)
}

#[test]
fn every_query_has_an_answer_and_every_answer_a_query() {
    let (worlds, queries) = (worlds(), query::all());
    for query in &queries {
        let answered = worlds.iter().any(|world| expected(world, query).is_some());
        assert!(answered, "no world of fixtures has an answer to {}", query.name);
    }
    let answers =
        worlds.iter().flat_map(|world| fs::read_dir(world).unwrap()).map(|entry| entry.unwrap().path());
    let answers = answers.filter(|path| path.extension().is_some_and(|ending| ending == "csv")).count();
    let taken =
        worlds.iter().map(|world| queries.iter().filter(|query| expected(world, query).is_some()).count());
    assert_eq!(answers, taken.sum::<usize>(), "a file in fixtures answers no query");
}

#[tokio::test]
async fn every_query_answers_what_was_worked_out_by_hand() {
    let mut differences = Vec::new();
    for world in worlds() {
        let out = tempfile::tempdir().unwrap();
        let mut tables = tables(&world, out.path()).await;
        for query in query::all() {
            let Some(expected) = expected(&world, &query) else { continue };
            let answer = csv(&mut tables, &query).await;
            let wanted = fs::read_to_string(&expected).unwrap();
            let lines = answer.lines().count().max(wanted.lines().count());
            let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or("(no line)").to_owned();
            for at in (0..lines).filter(|&at| line(&answer, at) != line(&wanted, at)) {
                differences.push(format!(
                    "{}:{}\n  expected {}\n  found    {}",
                    expected.display(),
                    at + 1,
                    line(&wanted, at),
                    line(&answer, at)
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test]
async fn a_dataset_without_rows_gives_tables_without_rows() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("manifest.json"), r#"{"schema_version":"1.0","scan":"s","complete":true}"#)
        .unwrap();
    let datasets = open_all(&[dir.path().to_owned()], Completeness::Required).unwrap();
    let mut tables = Tables::register(datasets, MEMORY, Settings::default()).await.unwrap();
    for query in query::all() {
        let answer = tables.run(&query).await.unwrap();
        // The scan itself is there.
        assert_eq!(answer.rows.len(), usize::from(query.name == "scans"), "{}", query.name);
        assert!(!answer.columns.is_empty());
    }
}

/// The views that are counted without SQL.
const COUNTED: [&str; 4] = ["suffix_counts", "rank_counts", "mx_customers", "state_counts"];

/// The rows of each such view as they are counted, held against those that its text gives; gives their
/// number.
async fn counted_as_the_texts_say(tables: &mut Tables, of: &str) -> usize {
    let mut rows = 0;
    for view in COUNTED {
        let path = world::fixtures().join(format!("../queries/views/{view}.sql"));
        let text = fs::read_to_string(path).unwrap();
        let all_of = |from: &str| Query::parse("mine", &format!("SELECT * FROM {from}"));
        let counted = csv(tables, &all_of(view)).await;
        let in_words = csv(tables, &all_of(&format!("({text}) AS {view}_in_words"))).await;
        let sorted = |text: &str| {
            let head = text.lines().next().unwrap_or_default();
            let names: Vec<&str> = head.split(',').collect();
            let mut rows: Vec<BTreeMap<String, String>> = Vec::new();
            for line in text.lines().skip(1) {
                let cells = names.iter().zip(line.split(','));
                rows.push(cells.map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect());
            }
            rows.sort();
            rows
        };
        assert_eq!(sorted(&counted), sorted(&in_words), "{view} of {of}");
        rows += counted.lines().count() - 1;
    }
    rows
}

#[tokio::test]
async fn what_is_counted_in_a_pass_is_what_the_text_of_the_view_counts() {
    let mut rows = 0;
    for world in worlds() {
        let out = tempfile::tempdir().unwrap();
        let mut tables = tables(&world, out.path()).await;
        rows += counted_as_the_texts_say(&mut tables, &world.display().to_string()).await;
    }
    assert!(rows > 100, "{rows}");
}

/// One after the other of these, the last one null.
fn turning<'w>(words: &[&'w str], turn: usize) -> Option<&'w str> {
    words.get(turn % (words.len() + 1)).copied()
}

#[tokio::test]
async fn unknown_words_nulls_and_absent_columns_are_counted_in_a_pass_as_the_texts_count_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    for (scan, of) in [("s1", 2..700), ("s2", 1..650), ("s3", 4..660)] {
        for number in of.filter(|number| (number * 7 + scan.len()) % 11 != 0) {
            // Scans see other states of a name, by turns of lengths without common divisor.
            let turn: usize = number + if scan == "s3" { number / 13 } else { 0 };
            let ranks = [1, 1_000, 1_001, 10_000, 99_999, 100_000, 1_000_000, 1_000_001, 2_345_678];
            let hosts =
                ["mx.own.example", "aspmx.l.google.com", ".", "mx.invalid", "192.0.2.1", "mx.outlook.com"];
            let host = |at: usize| json!({"preference": at % 2, "host": hosts[(turn + at) % hosts.len()]});
            let mx_dns = ["NOERROR", "NODATA", "NXDOMAIN", "TIMEOUT", "LATER"][turn % 5];
            let mx_kind =
                ["explicit", "implicit", "null", "none", "unknown", "delegated", "explicit"][turn % 7];
            let sts_signals = [Some(true), Some(false), None][turn / 2 % 3];
            let sts_wildcard = [Some(true), None, Some(false)][turn / 7 % 3];
            let row = json!({
                "scan": scan, "domain": format!("d{number}.example"),
                "rank": ranks.get(turn % 10),
                "suffix": turning(&["example", "com", "co.uk"], turn / 3),
                "registrable": turning(&["own.example", "google.com"], turn),
                "mx_dns": mx_dns,
                "mx_kind": mx_kind,
                "mx": (0..turn % 3).map(host).collect::<Vec<_>>(),
                "sts_signals": sts_signals,
                "sts_record": turning(&["valid", "absent", "invalid", "multiple", "unknown", "paused"], turn / 5),
                "tlsrpt_record": turning(&["absent", "valid", "invalid", "multiple", "unknown", "later"], turn / 4),
                "sts_wildcard": sts_wildcard,
                "dmarc_dns": turning(&["NOERROR", "NODATA", "TIMEOUT"], turn / 6),
                "dmarc_policy": turning(&["none", "quarantine", "reject", "later"], turn / 8),
                "dmarc_record": turning(&["valid", "absent", "invalid", "multiple", "unknown"], turn / 3),
            });
            lines.push_str(&format!("{row}\n"));
        }
    }
    let world = dir.path().join("world");
    fs::create_dir(&world).unwrap();
    fs::write(world.join("domains.jsonl"), lines).unwrap();
    let folders = world::write(&world, &dir.path().join("scans"));
    // A part of a layout that had fewer columns.
    let part = folders[1].join("domains/part-00007.parquet");
    let rows = ParquetRecordBatchReaderBuilder::try_new(File::open(&part).unwrap()).unwrap();
    let rows: Vec<RecordBatch> = rows.build().unwrap().map(Result::unwrap).collect();
    let gone = ["suffix", "rank", "sts_wildcard", "tlsrpt_record", "dmarc_policy"];
    let left: Vec<usize> = (0..rows[0].num_columns())
        .filter(|at| !gone.contains(&rows[0].schema().field(*at).name().as_str()))
        .collect();
    let rows = rows[0].project(&left).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&part).unwrap(), rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();

    let datasets = open_all(&folders, Completeness::Required).unwrap();
    let settings = Settings { rank_width: 700, ..Settings::default() };
    let mut tables = Tables::register(datasets, MEMORY, settings).await.unwrap();
    let rows = counted_as_the_texts_say(&mut tables, "the awkward names").await;
    assert!(rows > 1_000, "{rows}");
}

#[tokio::test]
async fn names_and_scans_are_tables_of_their_own() {
    let out = tempfile::tempdir().unwrap();
    let mut tables = tables(&world::fixtures().join("small"), out.path()).await;
    let sql = "SELECT name, registrable, provider FROM names WHERE name LIKE '%google%' OR name = '192.0.2.1'
        ORDER BY name NULLS LAST";
    let answer = csv(&mut tables, &Query::parse("names", sql)).await;
    let expected = "name,registrable,provider\n192.0.2.1,,192.0.2.1\nalt1.aspmx.l.google.com,google.com,Google\n\
        aspmx.l.google.com,google.com,Google\naspmx3.googlemail.com,googlemail.com,Google\n";
    assert_eq!(answer, expected);
    let sql = "SELECT scan, complete, domains FROM scans ORDER BY scan NULLS LAST";
    let answer = csv(&mut tables, &Query::parse("scans", sql)).await;
    assert_eq!(answer, "scan,complete,domains\n2026-09,true,18\n2026-10,true,3\n");
}

#[tokio::test]
async fn a_query_that_does_not_plan_is_the_users_and_names_what_is_wrong() {
    let out = tempfile::tempdir().unwrap();
    let mut tables = tables(&world::fixtures().join("small"), out.path()).await;
    for sql in ["SELEC 1", "SELECT nonsense FROM domains", "SELECT * FROM nowhere", "DROP TABLE domains", ""]
    {
        let fault = tables.run(&Query::parse("mine", sql)).await.unwrap_err();
        assert_eq!(fault.exit_code(), 2, "{sql}: {fault}");
        assert!(fault.to_string().starts_with("query `mine`: "), "{fault}");
    }
}

#[tokio::test]
async fn the_helper_tables_are_whole_files_for_other_programs() {
    let out = tempfile::tempdir().unwrap();
    let tables = tables(&world::fixtures().join("small"), &out.path().join("data")).await;
    let helpers = out.path().join("helpers");
    tables.export(&helpers).await.unwrap();
    let mut names: Vec<String> = fs::read_dir(&helpers)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let tables =
        ["catalogue", "comparable", "names", "providers", "scans", "settings", "tables.sql", "words"]
            .map(|name| if name.contains('.') { name.to_owned() } else { format!("{name}.parquet") });
    assert_eq!(names, tables);
}

#[tokio::test]
async fn a_fault_that_may_pass_is_undecided_until_the_second_look_repeats_it() {
    // Columns of the domain, what its judgement says lasts (nothing where it was not judged), the state.
    let cases = [
        (r#""policy_outcome":"ok","policy_usable":true,"policy_valid":true"#, None, "usable"),
        (r#""policy_outcome":"ok","policy_usable":false,"policy_valid":false"#, None, "unusable text"),
        (
            r#""policy_outcome":"policy_redirect","policy_usable":false,"policy_valid":false"#,
            None,
            "unusable text",
        ),
        (r#""policy_outcome":"policy_tls_expired","policy_usable":false"#, None, "no text"),
        (
            r#""policy_outcome":"policy_connect_reset","policy_attempts":["policy_connect_reset"],"looks":1"#,
            None,
            "undecided",
        ),
        (
            r#""policy_outcome":"policy_tls_closed","policy_attempts":["policy_timeout","policy_tls_closed"],"looks":2"#,
            None,
            "no text",
        ),
        (
            r#""policy_outcome":"policy_tls_closed","policy_attempts":["policy_tls_closed","policy_tls_closed"],"looks":1"#,
            None,
            "undecided",
        ),
        (
            r#""policy_outcome":"policy_timeout","policy_attempts":["policy_tls_large_hello","policy_timeout"],"looks":1"#,
            None,
            "undecided",
        ),
        (
            r#""policy_outcome":"policy_tls_closed","policy_attempts":["policy_tls_closed","policy_tls_closed","policy_tls_closed"],"looks":2"#,
            None,
            "no text",
        ),
        // Layouts before 1.2 have no looks: the judgement says what lasts.
        (r#""policy_outcome":"policy_tls_timeout""#, None, "undecided"),
        (r#""policy_outcome":"policy_tls_timeout""#, Some(r#""policy_tls_timeout""#), "no text"),
        (r#""policy_outcome":"policy_tls_timeout""#, Some(""), "undecided"),
        (r#""policy_outcome":"policy_tls_timeout""#, Some(r#""smtp_closed""#), "undecided"),
        (r#""policy_outcome":"policy_tls_client_limit","looks":1"#, None, "undecided"),
        (
            r#""policy_outcome":"policy_host_dns_failure","looks":2"#,
            Some(r#""policy_host_dns_failure""#),
            "undecided",
        ),
        (r#""policy_mode":null"#, None, "undecided"),
        (
            r#""policy_outcome":"of_a_newer_layout","policy_usable":true,"policy_valid":true"#,
            None,
            "undecided",
        ),
    ];
    let world = tempfile::tempdir().unwrap();
    let row = |(number, (columns, _, _)): (usize, &(&str, Option<&str>, &str))| {
        let known =
            r#""scan":"s","mx_dns":"NOERROR","mx_kind":"explicit","sts_dns":"NOERROR","sts_signals":true"#;
        format!("{{{known},\"sts_record\":\"valid\",\"domain\":\"d{number:02}.com\",{columns}}}\n")
    };
    let rows: String = cases.iter().enumerate().map(row).collect();
    fs::write(world.path().join("domains.jsonl"), rows).unwrap();
    let judged = cases.iter().enumerate().filter_map(|(number, (_, lasting, _))| {
        Some(format!("{{\"scan\":\"s\",\"domain\":\"d{number:02}.com\",\"lasting\":[{}]}}\n", (*lasting)?))
    });
    fs::write(world.path().join("assessments.jsonl"), judged.collect::<String>()).unwrap();
    let out = tempfile::tempdir().unwrap();
    let mut tables = tables(world.path(), out.path()).await;
    let query = Query::parse("states", "SELECT policy_state FROM signallers ORDER BY domain NULLS LAST");
    let states = cases.map(|(_, _, state)| state).join("\n");
    assert_eq!(csv(&mut tables, &query).await, format!("policy_state\n{states}\n"));
}

#[tokio::test]
async fn tables_of_the_columns_that_are_asked_for_answer_as_those_of_all_columns() {
    let world = world::fixtures().join("small");
    let own = Query::parse("own", "SELECT * FROM signallers ORDER BY scan NULLS LAST, domain NULLS LAST");
    for catalogue in [query::adoption(), query::misconfig(), query::trends()] {
        let (of_all, of_few) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut of_all = tables(&world, of_all.path()).await;
        let mut of_few = tables(&world, of_few.path()).await;
        of_few.expect(&catalogue).unwrap();
        // The last one was not to be expected.
        for query in catalogue.iter().chain([&own]) {
            assert_eq!(csv(&mut of_few, query).await, csv(&mut of_all, query).await, "{}", query.name);
        }
    }
}
