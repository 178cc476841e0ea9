//! Every query over every world of `fixtures`, held against the answer that was worked out by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use clap::Parser;
use std::fs;
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

#[tokio::test]
async fn customers_counted_in_one_pass_are_those_that_the_view_counts() {
    let view = fs::read_to_string(world::fixtures().join("../queries/views/mx_customers.sql")).unwrap();
    for world in worlds() {
        let out = tempfile::tempdir().unwrap();
        let mut tables = tables(&world, out.path()).await;
        let order = "ORDER BY scan NULLS LAST, provider NULLS LAST";
        let counted =
            csv(&mut tables, &Query::parse("c", &format!("SELECT * FROM mx_customers {order}"))).await;
        let view =
            csv(&mut tables, &Query::parse("v", &format!("SELECT * FROM ({view}) AS v {order}"))).await;
        assert_eq!(counted, view, "{}", world.display());
        assert!(counted.lines().count() > 1);
    }
}

#[tokio::test]
async fn common_names_counted_in_two_passes_are_those_that_the_view_counts() {
    let view = fs::read_to_string(world::fixtures().join("../queries/views/common_counts.sql")).unwrap();
    let mut all = 0;
    for world in worlds() {
        let out = tempfile::tempdir().unwrap();
        let mut tables = tables(&world, out.path()).await;
        let sql = |from: &str| {
            let columns = "in_d1, in_d2, in_d3, may_d1, mx_unknown, may_d3, signals, adopts, undecided";
            format!("SELECT scan, {columns}, names FROM {from} ORDER BY scan NULLS LAST, {columns}")
        };
        let counted = csv(&mut tables, &Query::parse("c", &sql("common_counts"))).await;
        let view = csv(&mut tables, &Query::parse("v", &sql(&format!("({view}) AS v")))).await;
        assert_eq!(counted, view, "{}", world.display());
        all += counted.lines().count() - 1;
    }
    assert!(all > 20, "{all}");
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
