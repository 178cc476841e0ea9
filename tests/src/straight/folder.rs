//! What a dataset has beside its parts: the manifest and the dictionary.

use super::Written;
use crate::contract::{Contract, Table};
use crate::dataset::Scan;
use anyhow::{Context, Result};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::array::{ListBuilder, StringBuilder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

const COLUMNS: &str = include_str!("../../../columns.json");
const FINDINGS: &str = include_str!("../../../findings.json");

/// Writes them.
pub(super) fn finish(
    dir: &Path,
    contract: &Contract,
    scan: &Scan,
    seed: u64,
    written: Written,
) -> Result<()> {
    dictionary(&dir.join("dictionary"))?;
    let [rows, ..] = written;
    let time = written_time(scan.time)?;
    let tables: serde_json::Map<String, Value> = contract
        .tables()
        .iter()
        .map(|table: &&Table| table.name.clone())
        .zip(written.map(Value::from))
        .collect();
    let manifest = json!({
        "schema_version": contract.schema_version,
        "scan": scan.name,
        "complete": true,
        "versions": {
            "tool": format!("sts-lab {}, without a scan", env!("CARGO_PKG_VERSION")),
            "public_suffix_list": "that of the laboratory",
            "trust_store": "that of the laboratory",
            // Nothing was judged by roots: what a scan would have found is written as it is.
            "trust_store_sha256": "0".repeat(64),
        },
        "started": time,
        "ended": time,
        "lists": [],
        "seed": seed,
        "shard": "1/1",
        "plan": { "scan.starttls": "\"adopters\"", "scan.shard": "\"1/1\"" },
        "manners": { "pace.dns_rate": "0" },
        "resumed": [],
        "vantage": {
            "ehlo_name": "laboratory.example", "resolvers": [], "resolver_validates": true, "ipv6": true,
            "resolution": "forwarding", "smtp": true,
        },
        "outages": [],
        "counts": { "assessed": { "true": tables.get("assessments") } },
        "sum": {
            "inputs": rows, "rows": rows, "duplicates": 0, "excluded": 0, "invalid": 0, "other_shards": 0,
            "failed_here": 0, "not_reached": 0,
        },
        "rows": tables,
    });
    let path = dir.join("manifest.json");
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// A time as RFC 3339 writes it.
fn written_time(microseconds: i64) -> Result<String> {
    let time = TimestampMicrosecondArray::from(vec![microseconds]).with_timezone("+00:00");
    let options = FormatOptions::default();
    Ok(ArrayFormatter::try_new(&time, &options)?.value(0).to_string())
}

fn dictionary(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let columns: Value = serde_json::from_str(COLUMNS).context("columns.json")?;
    let items =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let all: Vec<(String, Value)> = items(&columns, "tables")
        .iter()
        .flat_map(|table| {
            let name = text(table, "name").unwrap_or_default();
            items(table, "columns").into_iter().map(move |column| (name.clone(), column))
        })
        .collect();
    let of = |key: &str| all.iter().map(|(_, column)| text(column, key)).collect::<StringArray>();
    let names: StringArray = all.iter().map(|(table, _)| Some(table)).collect();
    let nullable: BooleanArray =
        all.iter().map(|(_, column)| column.get("nullable").and_then(Value::as_bool)).collect();
    write(
        &folder.join("columns.parquet"),
        [
            ("table", Arc::new(names) as ArrayRef),
            ("column", Arc::new(of("name"))),
            ("type", Arc::new(of("type"))),
            ("nullable", Arc::new(nullable)),
            ("meaning", Arc::new(of("meaning"))),
        ],
    )?;

    let mut findings: Vec<Value> = serde_json::from_str(FINDINGS).context("findings.json")?;
    findings.retain(|finding| text(finding, "stage").as_deref() != Some(crate::contract::OF_REPORTS));
    let of = |key: &str| Arc::new(findings.iter().map(|f| text(f, key)).collect::<StringArray>()) as ArrayRef;
    let may_pass: BooleanArray =
        findings.iter().map(|f| f.get("may_pass").and_then(Value::as_bool)).collect();
    let mut drawn_from = ListBuilder::new(StringBuilder::new());
    for finding in &findings {
        for column in items(finding, "columns") {
            drawn_from.values().append_option(column.as_str());
        }
        drawn_from.append(true);
    }
    write(
        &folder.join("findings.parquet"),
        [
            ("code", of("code")),
            ("stage", of("stage")),
            ("severity", of("severity")),
            ("may_pass", Arc::new(may_pass)),
            ("title", of("title")),
            ("advice", of("advice")),
            ("source", of("source")),
            ("columns", Arc::new(drawn_from.finish())),
            ("result_type", of("result_type")),
        ],
    )
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn write<const N: usize>(path: &Path, columns: [(&str, ArrayRef); N]) -> Result<()> {
    let batch = RecordBatch::try_from_iter(columns)?;
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}
