//! Datasets of other layouts than this version's: older ones, newer ones, and what was published by other
//! versions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Schema;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sts_analysis::contract;
use sts_analysis::dataset::{Completeness, Dataset};
use sts_analysis::fault::Fault;
use sts_analysis::publish::{Credits, Published, Said, publish, verify};
use sts_analysis::query::{self, Query};
use sts_analysis::render::{Cell, Format, render};
use sts_analysis::settings::Settings;
use sts_analysis::tables::Tables;
use sts_analysis::withheld::Withheld;

const MEMORY: usize = 256 * 1024 * 1024;
const LIMIT: std::time::Duration = std::time::Duration::from_secs(600);

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A dataset of the laboratory.
fn sample() -> PathBuf {
    here("../results/sample")
}

/// The same, layout 1.1, as the version before layout 1.2 published it.
fn published_before() -> PathBuf {
    here("../tests/layouts/published-1.1")
}

async fn published(from: &Path, out: &Path) -> Result<Published, Fault> {
    let dataset = Dataset::open(from, Completeness::Required)?;
    let said = Said { licence: "CC-BY-4.0".into(), ..Said::default() };
    let credits = Credits::new(&said, &dataset.manifest)?;
    publish(&dataset, &Withheld::default(), &credits, (MEMORY, Format::Csv), out).await
}

async fn faults(dir: &Path) -> Vec<String> {
    verify(dir, MEMORY, LIMIT).await.unwrap().into_iter().flat_map(|check| check.faults).collect()
}

async fn tables(dir: &Path) -> Tables {
    let datasets = vec![Dataset::open(dir, Completeness::Required).unwrap()];
    Tables::register(datasets, MEMORY, Settings::default()).await.unwrap()
}

async fn csv(tables: &mut Tables, sql: &str) -> String {
    render(&[tables.run(&Query::parse("mine", sql)).await.unwrap()], Format::Csv, None)
}

/// A copy of a directory that tests may change.
fn copied(from: &Path, to: &Path) -> PathBuf {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
    to.to_owned()
}

fn edit(path: &Path, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "{}", path.display());
    fs::write(path, changed).unwrap();
}

/// Writes a Parquet file again with other columns.
fn rewrite(path: &Path, change: impl Fn(&RecordBatch) -> RecordBatch) {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(|batch| change(&batch.unwrap())).collect();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batches[0].schema(), None).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.close().unwrap();
}

fn without(batch: &RecordBatch, names: &[&str]) -> RecordBatch {
    let schema = batch.schema();
    let kept = (0..batch.num_columns()).filter(|&at| !names.contains(&schema.field(at).name().as_str()));
    batch.project(&kept.collect::<Vec<_>>()).unwrap()
}

fn with(batch: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let mut fields = batch.schema().fields().to_vec();
    fields.push(Arc::new(arrow::datatypes::Field::new(name, column.data_type().clone(), true)));
    let columns = batch.columns().iter().cloned().chain([column]).collect();
    let schema = Schema::new_with_metadata(fields, batch.schema().metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn parts(dir: &Path, table: &str) -> Vec<PathBuf> {
    fs::read_dir(dir.join(table)).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Lists every file of a published directory with the hash that it has by now, in the metadata too.
fn seal(dir: &Path) {
    let hash = |path: &str| hex(&fs::read(dir.join(path)).unwrap());
    let sums = fs::read_to_string(dir.join("SHA256SUMS")).unwrap();
    let mut lines = String::new();
    // The descriptions hold the other files' hashes: they come last.
    for described in [false, true] {
        for (old, path) in sums.lines().map(|line| line.split_once("  ").unwrap()) {
            if ["datapackage.json", "croissant.json"].contains(&path) != described {
                continue;
            }
            let new = hash(path);
            if !described {
                for name in ["datapackage.json", "croissant.json"] {
                    let text = fs::read_to_string(dir.join(name)).unwrap().replace(old, &new);
                    fs::write(dir.join(name), text).unwrap();
                }
            }
            lines.push_str(&format!("{new}  {path}\n"));
        }
    }
    fs::write(dir.join("SHA256SUMS"), lines).unwrap();
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes another version into a manifest, and the parts as they are now where it lists them.
fn set_version(dir: &Path, version: &str) {
    let path = dir.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["schema_version"] = version.into();
    if let Some(parts) = manifest.get_mut("parts").and_then(Value::as_object_mut) {
        for (part, content) in parts {
            let bytes = fs::read(dir.join(part)).unwrap();
            content["bytes"] = bytes.len().into();
            content["sha256"] = hex(&bytes).into();
        }
        let sealed = ["complete", "counts", "lists", "parts", "scan", "schema_version", "started", "sum"];
        let sealed = sealed.into_iter().filter_map(|key| Some((key, manifest.get(key)?)));
        let sealed: BTreeMap<&str, &Value> = sealed.collect();
        manifest["digest"] = hex(&serde_json::to_vec(&sealed).unwrap()).into();
    }
    fs::write(path, manifest.to_string()).unwrap();
}

/// A copy of the sample in an older layout: without the columns that came later, in its dictionary too.
fn of_layout(version: &str, dir: &Path) -> PathBuf {
    let dataset = copied(&sample(), dir);
    let later: &[&str] = if version == "1.0" { &["dns_retried", "looks"] } else { &["looks"] };
    for part in ["domains", "mx_hosts"].iter().flat_map(|table| parts(&dataset, table)) {
        rewrite(&part, |batch| without(batch, later));
    }
    rewrite(&dataset.join("dictionary/columns.parquet"), |batch| {
        let names = batch.column_by_name("column").unwrap().as_string::<i32>();
        let kept: BooleanArray = names.iter().map(|name| Some(!later.contains(&name.unwrap()))).collect();
        filter_record_batch(batch, &kept).unwrap()
    });
    set_version(&dataset, version);
    dataset
}

#[tokio::test]
async fn what_was_published_by_an_earlier_version_verifies() {
    let checks = verify(&published_before(), MEMORY, LIMIT).await.unwrap();
    assert!(checks.iter().any(|check| check.what == "numbers of 21 queries, recomputed"), "{checks:?}");
    assert!(checks.iter().all(|check| check.faults.is_empty()), "{checks:?}");
    // The check is one: another number is found.
    let dir = tempfile::tempdir().unwrap();
    let changed = copied(&published_before(), &dir.path().join("p"));
    edit(&changed.join("numbers/mode.csv"), |text| text.replacen(",1", ",2", 1));
    seal(&changed);
    assert_eq!(faults(&changed).await, ["the query mode gives numbers other than those in numbers/mode.csv"]);
}

#[tokio::test]
async fn what_an_older_layout_lacks_is_null_and_no_number() {
    let dir = tempfile::tempdir().unwrap();
    for version in ["1.0", "1.1"] {
        let dataset = of_layout(version, &dir.path().join(version));
        let mut tables = tables(&dataset).await;
        let sql = "SELECT max(looks) AS looks, sum(looks) AS sum FROM domains";
        let answer = tables.run(&Query::parse("mine", sql)).await.unwrap();
        let text = render(&[answer], Format::Text, None);
        assert_eq!(text.lines().last().unwrap().split_whitespace().collect::<Vec<_>>(), ["-", "-"], "{text}");
        let sql = "SELECT unknown_words FROM scans";
        assert_eq!(csv(&mut tables, sql).await, "unknown_words\n0\n");
        for query in query::all() {
            tables.run(&query).await.unwrap();
        }
        // For DuckDB the columns that no part has stand in the text.
        tables.export(&dir.path().join("helpers")).await.unwrap();
        let script = fs::read_to_string(dir.path().join("helpers/tables.sql")).unwrap();
        assert_eq!(script.matches("CAST(NULL AS INTEGER) AS \"looks\"").count(), 2, "{script}");
        assert!(!script.contains("AS \"mx_kind\""), "{script}");
    }
}

#[tokio::test]
async fn an_older_dataset_is_published_in_its_own_layout() {
    let dir = tempfile::tempdir().unwrap();
    for (version, dictionary, has, lacks) in [
        ("1.0", false, "policy_attempts", ["dns_retried", "looks"].as_slice()),
        ("1.0", true, "policy_attempts", &["dns_retried", "looks"]),
        ("1.1", true, "dns_retried", &["looks"]),
    ] {
        let dir = dir.path().join(format!("{version} {dictionary}"));
        let from = of_layout(version, &dir.join("sample"));
        // The scanner writes a dictionary; a dataset without one has the columns of its files.
        if !dictionary {
            fs::remove_dir_all(from.join("dictionary")).unwrap();
        }
        let out = dir.join("out");
        published(&from, &out).await.unwrap();
        assert_eq!(faults(&out).await, Vec::<String>::new(), "{version}");
        let manifest: Value = serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
        assert_eq!(manifest["schema_version"], version);
        let part = File::open(out.join("domains/part-00000.parquet")).unwrap();
        let schema = ParquetRecordBatchReaderBuilder::try_new(part).unwrap().schema().clone();
        assert!(schema.field_with_name(has).is_ok());
        assert_ne!(schema.metadata().get("schema_version").map(String::as_str), Some("1.2"));
        let told = ["README.md", "datapackage.json", "croissant.json"]
            .map(|name| fs::read_to_string(out.join(name)).unwrap());
        for column in lacks {
            assert!(schema.field_with_name(column).is_err(), "{column}");
            assert!(
                told.iter()
                    .all(|text| !text.contains(&format!("`{column}`"))
                        && !text.contains(&format!("\"{column}\""))),
                "{column}"
            );
        }
        let mut tables = tables(&out).await;
        let sql =
            "SELECT count(*) AS n FROM dictionary_words WHERE column_name = 'policy_outcome' AND may_pass";
        assert_eq!(csv(&mut tables, sql).await, "n\n7\n");
        let sql =
            "SELECT \"column\" AS c FROM dictionary_columns WHERE \"column\" IN ('looks', 'policy_mode')";
        assert_eq!(csv(&mut tables, sql).await, "c\npolicy_mode\n");
    }
}

#[tokio::test]
async fn a_newer_layout_is_read_and_never_published() {
    let dir = tempfile::tempdir().unwrap();
    let newer = copied(&sample(), &dir.path().join("newer"));
    set_version(&newer, "1.99");
    for part in parts(&newer, "domains") {
        let column =
            |batch: &RecordBatch| Arc::new(StringArray::from(vec!["x"; batch.num_rows()])) as ArrayRef;
        rewrite(&part, |batch| with(batch, "of_layout_1_99", column(batch)));
    }
    let dataset = Dataset::open(&newer, Completeness::Required).unwrap();
    let told = dataset.not_known().unwrap().unwrap();
    assert!(told.contains("layout 1.99 is newer than") && !told.contains('\n'), "{told}");
    let (mut before, mut after) = (tables(&sample()).await, tables(&newer).await);
    for query in query::all() {
        let (of_ours, mut of_newer) = (before.run(&query).await.unwrap(), after.run(&query).await.unwrap());
        // Only the list of the scans says by which layout each was written.
        if query.name == "scans" {
            let place = of_newer.columns.iter().position(|(name, _)| name == "schema_version").unwrap();
            assert_eq!(of_newer.rows[0][place], Cell::Text("1.99".to_owned()));
            of_newer.rows[0][place] = of_ours.rows[0][place].clone();
        }
        assert_eq!(of_newer.rows, of_ours.rows, "{}", query.name);
    }
    let fault = published(&newer, &dir.path().join("out")).await.unwrap_err();
    assert!(
        fault.exit_code() == 2 && fault.to_string().contains("knows layout 1.99 or a later one"),
        "{fault}"
    );
    assert!(!dir.path().join("out").exists());
}

#[tokio::test]
async fn unknown_words_are_counted_told_and_never_published() {
    let dir = tempfile::tempdir().unwrap();
    let worlds = world::write(&world::fixtures().join("newer"), dir.path());
    let dataset = Dataset::open(&worlds[0], Completeness::Required).unwrap();
    let told = dataset.not_known().unwrap().unwrap();
    let known = contract::schema_version().unwrap();
    let expected = format!("words that this version (layout {known}) does not know, in 13 cells; ");
    assert!(told.starts_with(&expected) && !told.contains('\n'), "{told}");
    for column in [
        "domains.sts_record (1: `paused`)",
        "assessments.dane.outcome (1: `pending`)",
        "mx_hosts.cert_outcome (2: `revoked`)",
    ] {
        assert!(told.contains(column), "{column}: {told}");
    }
    let mut tables = tables(&worlds[0]).await;
    assert_eq!(
        csv(&mut tables, "SELECT scan, unknown_words FROM scans").await,
        "scan,unknown_words\nn1,13\n"
    );
    let fault = published(&worlds[0], &dir.path().join("out")).await.unwrap_err();
    assert!(
        fault.exit_code() == 2 && fault.to_string().contains("domains.mx_kind (1: `delegated`)"),
        "{fault}"
    );
    assert!(fault.to_string().contains("a newer version of sts-publish") && !dir.path().join("out").exists());
}

#[test]
fn the_other_worlds_have_no_word_that_is_unknown() {
    for name in ["small", "many", "signallers", "epochs"] {
        let dir = tempfile::tempdir().unwrap();
        for folder in world::write(&world::fixtures().join(name), dir.path()) {
            let dataset = Dataset::open(&folder, Completeness::Required).unwrap();
            assert_eq!(dataset.not_known().unwrap(), None, "{name}");
        }
    }
}

#[tokio::test]
async fn what_a_later_version_publishes_verifies_by_what_it_carries() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    published(&sample(), &out).await.unwrap();
    // A column, a word of it, a view and a query that this version does not know.
    let column = |batch: &RecordBatch| Arc::new(StringArray::from(vec!["x"; batch.num_rows()])) as ArrayRef;
    rewrite(&out.join("domains/part-00000.parquet"), |batch| with(batch, "weather", column(batch)));
    rewrite(&out.join("dictionary/columns.parquet"), |batch| {
        let text = |of: &str| Arc::new(StringArray::from(vec![of])) as ArrayRef;
        let row = [
            ("table", text("domains")),
            ("column", text("weather")),
            ("type", text("text")),
            ("nullable", Arc::new(BooleanArray::from(vec![true])) as ArrayRef),
            ("meaning", text("The weather.")),
            ("withheld", Arc::new(StringArray::new_null(1))),
        ];
        let row = RecordBatch::try_new(batch.schema(), row.map(|(_, column)| column).into()).unwrap();
        arrow::compute::concat_batches(&batch.schema(), [batch, &row]).unwrap()
    });
    set_version(&out, "1.99");
    edit(&out.join("queries/tables.sql"), |text| {
        text.to_owned()
            + "CREATE OR REPLACE TABLE forecast AS\nSELECT weather, count(*) AS names FROM population GROUP BY weather\n;\n"
    });
    edit(&out.join("queries/queries.sql"), |text| {
        text.to_owned() + "\n-- query: forecast\n-- title: F\nSELECT weather, names FROM forecast\n;\n"
    });
    let rows = Dataset::open(&out, Completeness::Required).unwrap().rows["domains"];
    fs::write(out.join("numbers/forecast.csv"), format!("weather,names\nx,{rows}\n")).unwrap();
    edit(&out.join("SHA256SUMS"), |text| format!("{text}{}  numbers/forecast.csv\n", "0".repeat(64)));
    seal(&out);
    assert_eq!(faults(&out).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_published_directory_of_a_stranger_reads_nothing_outside_and_does_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret.parquet");
    fs::copy(published_before().join("queries/scans.parquet"), &secret).unwrap();
    let made = dir.path().join("made.csv");
    let mut told = Vec::new();
    for (number, (file, from, to)) in [
        ("queries/tables.sql", "read_parquet('queries/scans.parquet')", "read_parquet('../secret.parquet')"),
        ("queries/tables.sql", "read_parquet('queries/scans.parquet')", "read_csv('../secret.parquet')"),
        (
            "queries/tables.sql",
            "CREATE OR REPLACE VIEW scans AS",
            "DROP TABLE scans; CREATE OR REPLACE VIEW scans AS",
        ),
        (
            "queries/tables.sql",
            "CREATE OR REPLACE TABLE faults AS",
            "CREATE OR REPLACE TABLE faults AS DELETE FROM scans;",
        ),
        ("queries/queries.sql", "-- query: mode", "-- query: ../../secret"),
        ("queries/queries.sql", "-- query: mode\n", "-- query: mode\nCOPY (SELECT 1) TO 'made.csv';"),
        ("queries/queries.sql", "-- query: mode\n", "-- query: mode\nSELECT * FROM '../secret.parquet';"),
    ]
    .into_iter()
    .enumerate()
    {
        let out = copied(&published_before(), &dir.path().join(number.to_string()));
        edit(&out.join(file), |text| {
            text.replacen(from, &to.replace("made.csv", &made.to_string_lossy()), 1)
        });
        seal(&out);
        let found = faults(&out).await;
        assert!(!found.is_empty(), "{to}");
        told.push(found.join("\n"));
    }
    assert!(!made.exists() && secret.exists());
    assert!(told[1].contains("`scans` reads `read_csv`, which no earlier statement creates"), "{}", told[1]);
    assert!(told[0].contains("there is no file \"../secret.parquet\""), "{}", told[0]);
    assert!(told[2].contains("`DROP TABLE scans` is not a statement"), "{}", told[2]);
    assert!(told[4].contains("there is no file \"numbers/../../secret.csv\""), "{}", told[4]);
    let out = copied(&published_before(), &dir.path().join("link"));
    fs::remove_file(out.join("queries/scans.parquet")).unwrap();
    std::os::unix::fs::symlink(&secret, out.join("queries/scans.parquet")).unwrap();
    let found = faults(&out).await;
    assert_eq!(found, ["queries/scans.parquet is not a regular file: nothing else was checked"]);
    let names: BTreeSet<PathBuf> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names.len(), 9, "{names:?}");
}
