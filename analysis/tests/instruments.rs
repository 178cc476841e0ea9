//! Scans that are made in parts, in other ways, or not to their end: what tables and report make of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use sts_analysis::dataset::{Completeness, open_all, open_named, require_judged};
use sts_analysis::query::{self, Query};
use sts_analysis::render::{Format, render};
use sts_analysis::report::Report;
use sts_analysis::settings::Settings;
use sts_analysis::shares;
use sts_analysis::tables::{By, Grouping, Tables};

const MEMORY: usize = 256 * 1024 * 1024;

fn written(world: &str, out: &Path) -> Vec<PathBuf> {
    world::write(&world::fixtures().join(world), out)
}

fn edit(folder: &Path, change: impl Fn(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, manifest.to_string()).unwrap();
}

async fn tables(folders: &[PathBuf], completeness: Completeness, settings: Settings) -> Tables {
    Tables::register(open_all(folders, completeness).unwrap(), MEMORY, settings).await.unwrap()
}

async fn csv(tables: &mut Tables, sql: &str) -> String {
    render(&[tables.run(&Query::parse("mine", sql)).await.unwrap()], Format::Csv, None)
}

fn named(name: &str) -> Query {
    query::all().into_iter().find(|query| query.name == name).unwrap()
}

#[tokio::test]
async fn no_change_is_shown_over_another_trust_store_but_with_force() {
    let dir = tempfile::tempdir().unwrap();
    let folders = written("apart", dir.path());
    let sql =
        "SELECT from_scan, to_scan, count(*) AS names FROM transitions GROUP BY 1, 2 ORDER BY 1 NULLS LAST";
    let mut plain = tables(&folders, Completeness::Required, Settings::default()).await;
    assert_eq!(csv(&mut plain, sql).await, "from_scan,to_scan,names\nb,c,1\n");
    let force = Settings { force: true, ..Settings::default() };
    let mut forced = tables(&folders, Completeness::Required, force).await;
    assert!(csv(&mut forced, sql).await.contains("\na,b,"));

    let page = Report::gather(plain, None).await.unwrap().page().unwrap();
    let note = "b is not to be compared with the scan before it: trust store aaaa &gt; bbbb.";
    assert!(page.contains(note) && page.contains(">≠<"));
    // The line of three scans is cut into one of two and a point.
    let cut = page.matches("<polyline").count();
    let page = Report::gather(forced, None).await.unwrap().page().unwrap();
    assert!(page.contains(note) && page.contains(">≠<"));
    assert!(page.matches("<polyline").count() >= cut);
}

#[tokio::test]
async fn shards_are_read_as_one_scan_and_what_both_saw_once() {
    let dir = tempfile::tempdir().unwrap();
    let folders = written("epochs", dir.path());
    for (at, folder) in folders.iter().enumerate() {
        edit(folder, |manifest| {
            manifest["shard"] = json!(format!("{}/3", at + 1));
            manifest["plan"] = json!({ "scan.starttls": "\"adopters\"", "scan.shard": at });
            manifest["lists"] = json!([{ "name": "list", "sha256": "aa" }]);
        });
    }
    let mut all = tables(&folders, Completeness::Required, Settings::default()).await;
    let rows = csv(&mut all, "SELECT scan, count(*) AS names FROM domains GROUP BY scan").await;
    assert_eq!(rows, "scan,names\ns1+s2+s3,36\n");
    let hosts = "SELECT host, addr, count(*) AS rows FROM mx_hosts GROUP BY host, addr HAVING count(*) > 1";
    assert_eq!(csv(&mut all, hosts).await, "host,addr,rows\n");
    let scans = csv(&mut all, &named("scans").sql).await;
    assert_eq!(scans.lines().count(), 2);

    let names = [(folders[0].clone(), "week".to_owned())];
    let part = open_named(&folders[..2], &names, Completeness::PartialAllowed).unwrap();
    assert_eq!((part[0].scan.as_str(), part[0].missing.as_slice()), ("week", &["3/3".to_owned()][..]));
    let mut part = Tables::register(part, MEMORY, Settings::default()).await.unwrap();
    let answer = part.run(&named("stages")).await.unwrap();
    assert!(answer.notes.iter().any(|note| note.contains("lacks shards")), "{:?}", answer.notes);
}

#[tokio::test]
async fn a_scan_that_was_stopped_is_marked_in_every_format_and_one_that_was_not_judged_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folders = written("signallers", dir.path());
    edit(&folders[0], |manifest| manifest["complete"] = json!(false));
    let mut stopped = tables(&folders, Completeness::PartialAllowed, Settings::default()).await;
    let answer = stopped.run(&named("verdicts")).await.unwrap();
    for format in [Format::Text, Format::Csv, Format::Json, Format::Markdown, Format::Latex] {
        assert!(render(std::slice::from_ref(&answer), format, None).contains("partial"), "{format:?}");
    }
    let json: Value = serde_json::from_str(&render(&[answer], Format::Json, None)).unwrap();
    assert_eq!(json["tables"][0]["rows"][0]["scan_partial"], true);

    fs::remove_dir_all(folders[0].join("assessments")).unwrap();
    let datasets = open_all(&folders, Completeness::PartialAllowed).unwrap();
    let fault = require_judged(&datasets).unwrap_err();
    assert!(fault.exit_code() == 2 && fault.to_string().contains("is not judged"), "{fault}");
}

#[tokio::test]
async fn where_no_mx_host_was_asked_their_stages_have_no_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let folders = written("signallers", dir.path());
    edit(&folders[0], |manifest| manifest["plan"] = json!({ "scan.starttls": "\"none\"" }));
    fs::remove_dir_all(folders[0].join("mx_hosts")).unwrap();
    let mut unasked = tables(&folders, Completeness::Required, Settings::default()).await;
    let stages = render(&[unasked.run(&named("stages")).await.unwrap()], Format::Csv, None);
    let line =
        |stage: &str| stages.lines().find(|line| line.split(',').nth(1) == Some(stage)).unwrap().to_owned();
    // Findings of the fixture's judgement stand; what was not asked is unseen.
    assert!(line("smtp").starts_with("s,smtp,10,9,"), "{stages}");
    for stage in ["mx", "any"] {
        let cells = line(stage);
        let cells: Vec<&str> = cells.split(',').collect();
        assert!(cells[7].is_empty() && !cells[8].is_empty() && !cells[9].is_empty(), "{cells:?}");
    }
}

#[tokio::test]
async fn every_table_can_be_told_apart_by_something() {
    let dir = tempfile::tempdir().unwrap();
    let folders = written("small", dir.path());
    let sectors = dir.path().join("sectors.csv");
    fs::write(&sectors, "domain,sector\nalpha.com,bank\nbeta.com,bank\nGamma.com,school\n").unwrap();
    let file = By::File(sectors, Some("sector".to_owned()));
    for (by, least, expected) in [
        (By::Tld, 2, vec!["com,9,2026-09", "uk,2,2026-09", "(others),1,2026-09"]),
        (By::Suffix, 3, vec!["com,9,2026-09", "(others),3,2026-09"]),
        (file, 1, vec!["bank,2,2026-09", "school,1,2026-09", "(not in the file),15,2026-09"]),
    ] {
        let grouping = Grouping { by: Some(by), by_least: least, weight: None };
        let datasets = open_all(&folders, Completeness::Required).unwrap();
        let mut tables = Tables::register_by(datasets, MEMORY, Settings::default(), &grouping).await.unwrap();
        let adoption = render(&[tables.run(&named("adoption")).await.unwrap()], Format::Csv, None);
        assert!(adoption.starts_with("by,by_n,scan,denominator,"), "{adoption}");
        for row in expected {
            assert!(adoption.contains(&format!("\n{row},D4,all,")), "{row}: {adoption}");
        }
        for query in query::adoption().into_iter().chain(query::misconfig()) {
            tables.run(&query).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_numbers_behind_every_share_give_it() {
    let mut checked = 0;
    for world in ["small", "signallers", "epochs", "newer", "apart", "many"] {
        let dir = tempfile::tempdir().unwrap();
        let folders = written(world, dir.path());
        let mut tables = tables(&folders, Completeness::Required, Settings::default()).await;
        for query in query::all() {
            let answer = tables.run(&query).await.unwrap();
            for (column, each) in shares::behind(&answer) {
                let at = answer.columns.iter().position(|(name, _)| *name == column);
                let at = at.unwrap_or_else(|| panic!("{} has no column {column}", query.name));
                for (row, behind) in answer.rows.iter().zip(each) {
                    let sts_analysis::render::Cell::Share(share) = row[at] else { continue };
                    let (count, of) = behind.unwrap_or_else(|| panic!("{} {column}: {row:?}", query.name));
                    let of = f64::from(i32::try_from(of).unwrap());
                    // Shares that add up row by row have no numerator of their own.
                    let Some(count) = count else { continue };
                    let count = f64::from(i32::try_from(count).unwrap());
                    assert!((100.0 * count / of - share).abs() < 1e-9, "{} {column}: {row:?}", query.name);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 500, "{checked}");
}
