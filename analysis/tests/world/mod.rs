//! Worlds of `fixtures`: reads their JSON lines and writes them as datasets.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken fixture should stop the test"
)]

use arrow::datatypes::{DataType, Schema};
use arrow::json::ReaderBuilder;
use parquet::arrow::ArrowWriter;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sts_analysis::contract;

/// Where the worlds are.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Writes the datasets of a world below `out`, one folder per scan, and gives their folders in the order of
/// the names.
pub(crate) fn write(world: &Path, out: &Path) -> Vec<PathBuf> {
    let tables: Vec<(&str, Vec<Map<String, Value>>)> =
        contract::TABLES.iter().map(|&table| (table, rows(world, table))).collect();
    let starts = starts(world);
    let scans: BTreeSet<&str> = tables.iter().flat_map(|(_, rows)| rows).map(scan).collect();
    let folders = scans.iter().map(|name| {
        let folder = out.join(name);
        for (table, rows) in &tables {
            write_parts(&folder.join(table), table, rows.iter().filter(|row| scan(row) == *name));
        }
        let mut manifest = json!({
            "schema_version": contract::schema_version().unwrap(), "scan": name, "complete": true,
        });
        match starts.get(*name) {
            Some(Value::Object(told)) => {
                manifest.as_object_mut().unwrap().extend(told.clone());
            }
            started => manifest["started"] = started.cloned().unwrap_or(Value::Null),
        }
        fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
        folder
    });
    folders.collect()
}

/// The worlds of TLS reports.
pub(crate) fn report_fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("report-fixtures")
}

/// The worlds of TLS reports beside scans: the files of both.
pub(crate) fn joined_fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("joined-fixtures")
}

/// Writes the folder of reports of such a world.
pub(crate) fn write_reports(world: &Path, out: &Path) {
    let mut parts = Vec::new();
    for table in contract::REPORT_TABLES {
        let rows = rows(world, table);
        write_parts(&out.join(table), table, rows.iter());
        parts.extend((0..rows.len().div_ceil(2)).map(
            |number| json!({"table": table, "file": format!("{table}/part-{number:05}.parquet"), "rows": 2}),
        ));
    }
    let reports = rows(world, "reports").len();
    let manifest = json!({
        "kind": "tls-reports", "schema_version": contract::reports_version().unwrap(), "reports": reports, "parts": parts,
    });
    fs::write(out.join("manifest.json"), manifest.to_string()).unwrap();
}

/// When each scan of the world began, or more of its manifest, from `scans.json`; a world without it says
/// nothing of it.
fn starts(world: &Path) -> Map<String, Value> {
    fs::read_to_string(world.join("scans.json"))
        .map_or_else(|_| Map::new(), |text| serde_json::from_str(&text).unwrap())
}

fn scan(row: &Map<String, Value>) -> &str {
    row.get("scan").and_then(Value::as_str).expect("every row names its scan")
}

/// The rows of one table, with what the columns that are never null have where the fixture leaves them out.
fn rows(world: &Path, table: &str) -> Vec<Map<String, Value>> {
    let path = world.join(table).with_extension("jsonl");
    let text = if path.exists() { fs::read_to_string(&path).unwrap() } else { String::new() };
    let schema = contract::schema(table).unwrap();
    let required = contract::required(table).unwrap();
    let row = |line: &str| {
        let mut row: Map<String, Value> =
            serde_json::from_str(line).unwrap_or_else(|cause| panic!("{}: {cause}: {line}", path.display()));
        let unknown = row.keys().find(|key| schema.field_with_name(key).is_err());
        assert_eq!(unknown, None, "{}: no column of {table}: {line}", path.display());
        if let (Some(domain), "domains") = (row.get("domain").cloned(), table) {
            row.entry("input").or_insert(domain);
        }
        for name in &required {
            let kind = schema.field_with_name(name).unwrap().data_type();
            row.entry(*name).or_insert_with(|| empty(name, kind));
        }
        row
    };
    text.lines().map(row).collect()
}

/// What a column that is never null holds where a fixture leaves it out: a word that says least, or nothing.
fn empty(name: &str, kind: &DataType) -> Value {
    match kind {
        _ if name == "mx_dns" => json!("REFUSED"),
        _ if name == "mx_kind" => json!("none"),
        _ if name == "smtp_outcome" => json!("not_attempted"),
        DataType::Utf8 | DataType::Binary => json!(""),
        DataType::Boolean => json!(false),
        DataType::List(_) => json!([]),
        _ => json!(0),
    }
}

/// Two rows per part, so that queries read more than one. No rows: no part, but the folder.
fn write_parts<'a>(folder: &Path, table: &str, rows: impl Iterator<Item = &'a Map<String, Value>>) {
    fs::create_dir_all(folder).unwrap();
    let schema: Arc<Schema> = contract::schema(table).unwrap();
    let rows: Vec<_> = rows.collect();
    for (number, rows) in rows.chunks(2).enumerate() {
        let mut decoder = ReaderBuilder::new(Arc::clone(&schema)).build_decoder().unwrap();
        decoder.serialize(rows).unwrap();
        let batch = decoder.flush().unwrap().unwrap();
        let file = File::create(folder.join(format!("part-{number:05}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
}
