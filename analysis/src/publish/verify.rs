//! Checks a published dataset: that it is whole, that it is what it says, and that its numbers come out again.

use super::{MOST_FILES, files, numbers, without_addresses};
use crate::contract::{self, TABLES};
use crate::dataset::{Completeness, Dataset};
use crate::fault::Fault;
use crate::settings::Settings;
use crate::tables::Tables;
use crate::withheld::Withheld;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked, with how much of it there was.
    pub what: String,
    /// What is wrong; empty where nothing is.
    pub faults: Vec<String>,
}

/// Checks everything in a published directory.
///
/// # Errors
/// It is no published dataset (usage), or this machine failed. What is wrong with a dataset is no error: it is in the
/// checks.
pub async fn verify(dir: &Path, memory: usize) -> Result<Vec<Check>, Fault> {
    let sums = dir.join(files::SUMS);
    if !sums.is_file() {
        return Err(Fault::Usage(format!(
            "{} is no published dataset: it has no {}\nhint: give the directory that `sts-publish … -o` wrote",
            dir.display(),
            files::SUMS
        )));
    }
    let mut checks = vec![hashes(dir, &sums)?];
    let dataset = Dataset::open(dir, Completeness::PartialAllowed)?;
    let withheld = Withheld::of_manifest(&dataset.manifest)?;
    checks.push(counts(&dataset, &withheld));
    checks.push(columns(&dataset, &withheld)?);
    if withheld.redacts() {
        checks.push(addresses(&dataset)?);
    }
    checks.push(described(dir)?);
    checks.push(answers(dir, dataset, memory).await?);
    Ok(checks)
}

/// Every file is listed with its hash, and none is listed that is not there.
fn hashes(dir: &Path, sums: &Path) -> Result<Check, Fault> {
    let text = fs::read_to_string(sums).map_err(|cause| Fault::file("read", sums, cause))?;
    let listed = files::read_sums(&text)?;
    let found: BTreeSet<String> = files::walk(dir)?.into_iter().filter(|path| path != files::SUMS).collect();
    let mut faults = Vec::new();
    for (path, hash) in &listed {
        if !found.contains(path) {
            faults.push(format!("{path} is listed and not there"));
        } else if files::hashed(&dir.join(path))?.1 != *hash {
            faults.push(format!("{path} is not the file whose hash is listed"));
        }
    }
    faults.extend(
        found.iter().filter(|path| !listed.contains_key(*path)).map(|path| format!("{path} is not listed")),
    );
    if found.len() + 1 > MOST_FILES {
        faults.push(format!("there are {} files, at most {MOST_FILES} are allowed", found.len() + 1));
    }
    Ok(Check { what: format!("{} files and their hashes", listed.len()), faults })
}

/// The rows are those that the manifest tells of.
fn counts(dataset: &Dataset, withheld: &Withheld) -> Check {
    let mut faults = Vec::new();
    let mut all = 0;
    for table in withheld.tables() {
        let found = dataset.rows.get(table).copied().unwrap_or(0);
        let told = dataset
            .manifest
            .pointer(&format!("/published/rows/{table}"))
            .and_then(Value::as_u64)
            .unwrap_or(0);
        all += found;
        if found != told {
            faults.push(format!("{table} has {found} rows, the manifest tells of {told}"));
        }
    }
    let sum = dataset.manifest.pointer("/sum/rows").and_then(Value::as_u64);
    let domains = dataset.rows.get("domains").copied().unwrap_or(0);
    if dataset.complete && sum.is_some_and(|sum| sum != domains) {
        faults.push(format!(
            "domains has {domains} rows, the sum of the scan's inputs gives {}",
            sum.unwrap_or(0)
        ));
    }
    Check { what: format!("{all} rows of {} tables", withheld.tables().len()), faults }
}

/// Each part has the columns of the contract less those that are withheld.
fn columns(dataset: &Dataset, withheld: &Withheld) -> Result<Check, Fault> {
    let (mut faults, mut parts) = (Vec::new(), 0);
    for table in TABLES {
        let known = contract::columns(table)?;
        for part in dataset.parts.get(table).into_iter().flatten() {
            parts += 1;
            let schema = open(part)?.schema().clone();
            for field in schema.fields() {
                let name = field.name();
                if let Some(class) = withheld.class_of(table, name) {
                    faults.push(format!("{table}.{name} is there, though {} are left out", class.word()));
                } else if !known.iter().any(|column| column.name == *name) {
                    faults.push(format!("{table}.{name} is no column of the layout"));
                }
            }
            let lacks = known.iter().filter(|column| {
                withheld.class_of(table, &column.name).is_none()
                    && schema.field_with_name(&column.name).is_err()
            });
            faults.extend(lacks.map(|column| format!("{table}.{} is missing", column.name)));
        }
    }
    Ok(Check { what: format!("columns of {parts} Parquet files"), faults })
}

fn open(part: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, Fault> {
    let file = File::open(part).map_err(|cause| Fault::file("open", part, cause))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|cause| Fault::file("read", part, cause))
}

/// Where addresses are left out, no text of any table holds one.
fn addresses(dataset: &Dataset) -> Result<Check, Fault> {
    let mut faults = Vec::new();
    let mut texts = 0;
    for part in dataset.parts.values().flatten() {
        let reader = open(part)?.build().map_err(|cause| Fault::file("read", part, cause))?;
        for batch in reader {
            let batch = batch.map_err(|cause| Fault::file("read", part, cause))?;
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                let (seen, held) = texts_with_addresses(column);
                texts += seen;
                if held > 0 && field.name() != "scan" && field.name() != "der" {
                    faults.push(format!("{}: {} holds {held} addresses", part.display(), field.name()));
                }
            }
        }
    }
    Ok(Check { what: format!("no Internet address in {texts} texts"), faults })
}

/// How many texts a column has, in lists and groups too, and how many of them hold an address.
fn texts_with_addresses(column: &ArrayRef) -> (usize, usize) {
    let holds = |text: &str| usize::from(without_addresses(text) != text);
    match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>().iter().flatten();
            texts.fold((0, 0), |(seen, held), text| (seen + 1, held + holds(text)))
        }
        DataType::Binary => {
            let bodies = column.as_binary::<i32>().iter().flatten();
            bodies.fold((0, 0), |(seen, held), body| (seen + 1, held + holds(&String::from_utf8_lossy(body))))
        }
        DataType::List(_) => texts_with_addresses(column.as_list::<i32>().values()),
        DataType::Struct(_) => {
            let members = column.as_struct().columns().iter().map(texts_with_addresses);
            members.fold((0, 0), |(seen, held), member| (seen + member.0, held + member.1))
        }
        _ => (0, 0),
    }
}

/// Both descriptions are JSON and name files that are there, with their hashes.
fn described(dir: &Path) -> Result<Check, Fault> {
    let mut faults = Vec::new();
    let mut named = 0;
    for (name, list, path, hash) in [
        ("datapackage.json", "/resources", "path", "hash"),
        ("croissant.json", "/distribution", "contentUrl", "sha256"),
    ] {
        let whole = dir.join(name);
        let text = fs::read_to_string(&whole).map_err(|cause| Fault::file("read", &whole, cause))?;
        let Ok(value) = serde_json::from_str::<Value>(&text) else {
            faults.push(format!("{name} is no JSON"));
            continue;
        };
        for entry in value.pointer(list).and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            let (Some(path), Some(hash)) = (text(path), text(hash)) else { continue };
            named += 1;
            let found = dir.join(path);
            let same = found.is_file() && files::hashed(&found)?.1 == hash.trim_start_matches("sha256:");
            if !same {
                faults.push(format!("{name} names {path} with another hash than it has"));
            }
        }
    }
    Ok(Check { what: format!("{named} files that the metadata name"), faults })
}

/// Every published query gives its published numbers again.
async fn answers(dir: &Path, dataset: Dataset, memory: usize) -> Result<Check, Fault> {
    let path = dir.join(numbers::QUERIES);
    let text = fs::read_to_string(&path).map_err(|cause| Fault::file("read", &path, cause))?;
    let queries = numbers::published_queries(&text);
    let mut tables = Tables::register(vec![dataset], memory, Settings::default()).await?;
    let mut faults = Vec::new();
    for query in &queries {
        let path = dir.join("numbers").join(&query.name).with_extension("csv");
        let told = fs::read_to_string(&path).map_err(|cause| Fault::file("read", &path, cause))?;
        match tables.run(query).await {
            Ok(answer) if numbers::csv(&answer) == told => {}
            Ok(_) => {
                faults.push(format!("the query {} gives other numbers than {}", query.name, path.display()));
            }
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    if queries.is_empty() {
        faults.push(format!("{} has no query", path.display()));
    }
    Ok(Check { what: format!("numbers of {} queries, asked again", queries.len()), faults })
}
