//! A dataset made ready to be published: few files, metadata for people and machines, hashes, and the numbers
//! that the queries gave over exactly these files.

pub mod args;
mod carried;
mod credits;
mod described;
mod files;
mod folder;
mod layout;
mod merge;
mod nulls;
mod numbers;
mod paths;
mod readme;
mod redact;
pub mod series;
mod verify;

pub use credits::{Credits, Said};
pub use redact::{REPLACED, without_addresses};
pub use verify::{Check, verify};

use crate::contract;
use crate::dataset::{Completeness, Dataset, digest};
use crate::fault::Fault;
use crate::render::Format;
use crate::visible::{visible, visible_json};
use crate::withheld::Withheld;
use crate::words;
use described::Described;
use files::Listed;
use layout::Layout;
use merge::Merged;
use parquet::arrow::ArrowWriter;
use paths::ListNames;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// How this program names itself in what it writes.
pub(crate) const TOOL: &str = concat!("sts-publish ", env!("CARGO_PKG_VERSION"));

/// Files of a published dataset, all together: what archives take without asking.
pub const MOST_FILES: usize = 100;

/// Files that are not the tables' parts and not numbers: manifest, dictionary (3), README, CITATION.cff,
/// LICENSE.txt, both descriptions, hashes, and what `queries/` holds.
const OTHER_FILES: usize = 10 + numbers::HELPERS;

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Files, all together.
    pub files: usize,
    /// Rows of all tables.
    pub rows: u64,
    /// Tables of numbers.
    pub numbers: usize,
    /// Tables that could not be answered without what is withheld, and why.
    pub unanswered: Vec<String>,
}

/// Refuses a dataset that this version knows only in part: published, it would say less than it holds.
///
/// # Errors
/// Its layout is newer, or it has words that this version does not know (usage).
pub(crate) fn refuse_unknown(dataset: &Dataset) -> Result<(), Fault> {
    let (dir, known) = (dataset.dir.display(), contract::schema_version()?);
    if contract::is_newer(&dataset.version)? {
        return Err(Fault::Usage(format!(
            "{dir} has layout {}, this sts-publish knows layouts up to {known}\n\
             hint: publish it with an sts-publish that knows layout {} or a later one",
            dataset.version, dataset.version
        )));
    }
    match dataset.unknown.cells() {
        0 => Ok(()),
        cells => Err(Fault::Usage(format!(
            "{dir} has words that this sts-publish (layout {known}) does not know, in {cells} {}: {}\n\
             hint: publish it with a newer version of sts-publish, that of the scanner that wrote them",
            if cells == 1 { "cell" } else { "cells" },
            dataset.unknown.told()
        ))),
    }
}

/// Writes a dataset into a new directory, which gets its name when all of it is there; its numbers in this
/// form of CSV.
///
/// # Errors
/// `out` is there already, or this version knows the dataset only in part (usage); or this machine failed.
pub async fn publish(
    dataset: &Dataset,
    withheld: &Withheld,
    credits: &Credits,
    (memory, csv): (usize, Format),
    out: &Path,
) -> Result<Published, Fault> {
    refuse_unknown(dataset)?;
    if fs::symlink_metadata(out).is_ok() {
        return Err(Fault::Usage(format!(
            "{} already exists: publish into a folder that does not exist yet",
            out.display()
        )));
    }
    let partial = partial_name(out);
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(|cause| Fault::file("remove", &partial, cause))?;
    }
    fs::create_dir_all(&partial).map_err(|cause| Fault::file("create", &partial, cause))?;
    let filled = fill(dataset, withheld, credits, (memory, csv), &partial).await;
    let published = filled.inspect_err(|_| drop(fs::remove_dir_all(&partial)))?;
    fs::rename(&partial, out).map_err(|cause| Fault::file("finish", out, cause))?;
    Ok(published)
}

/// Beside the directory, so that it can be renamed.
fn partial_name(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    out.with_file_name(name)
}

async fn fill(
    dataset: &Dataset,
    withheld: &Withheld,
    credits: &Credits,
    (memory, csv): (usize, Format),
    out: &Path,
) -> Result<Published, Fault> {
    let queries = numbers::catalogue();
    let room = MOST_FILES.saturating_sub(OTHER_FILES + queries.len());
    let layout = Layout::of(dataset, withheld)?;
    let lists = ListNames::of(&dataset.manifest);
    let redaction = redact::Redaction::of(dataset, withheld)?;
    let merged = merge::tables(dataset, (withheld, &redaction, &lists), &layout, room, out)?;
    let manifest = manifest(dataset, (withheld, &lists), &merged)?;
    files::write(out, "manifest.json", pretty(&manifest)?.as_bytes())?;
    dictionary(dataset, &layout, out)?;
    let published = Dataset::open(out, Completeness::PartialAllowed)?;
    let answered = numbers::write(published, memory, csv, out).await?;
    let description = readme::description(&manifest, withheld);
    files::write(out, "CITATION.cff", credits.citation_file(&description).as_bytes())?;
    files::write(out, "LICENSE.txt", visible(&credits.licence_file()).as_bytes())?;
    let readme = readme::Readme {
        credits,
        withheld,
        layout: &layout,
        description: &description,
        manifest: &manifest,
        merged: &merged,
        answered: &answered,
    };
    files::write(out, "README.md", visible(&readme.text()?).as_bytes())?;
    let listed = list(out, &merged, &answered)?;
    let described = Described {
        credits,
        withheld,
        layout: &layout,
        description: &description,
        files: &listed,
        scans: None,
    };
    files::write(out, "datapackage.json", pretty(&described.data_package()?)?.as_bytes())?;
    files::write(out, "croissant.json", pretty(&described.croissant()?)?.as_bytes())?;
    let mut hashes: BTreeMap<String, String> =
        listed.iter().map(|file| (file.path.clone(), file.sha256.clone())).collect();
    for path in ["datapackage.json", "croissant.json"] {
        hashes.insert(path.to_owned(), files::hashed(&out.join(path))?.1);
    }
    files::write(out, files::SUMS, files::sums(&hashes).as_bytes())?;
    let files = hashes.len() + 1;
    if files > MOST_FILES {
        return Err(Fault::engine("keep to the number of files", format!("{files} of {MOST_FILES}")));
    }
    let rows = merged.iter().map(|file| file.rows).sum();
    Ok(Published { files, rows, numbers: answered.tables.len(), unanswered: answered.unanswered })
}

/// The scan's manifest, with what was done to it for publication, and the parts as they are published. Its
/// layout stays what it is.
fn manifest(
    dataset: &Dataset,
    (withheld, lists): (&Withheld, &ListNames),
    merged: &[Merged],
) -> Result<Value, Fault> {
    let mut manifest = dataset.manifest.clone();
    lists.forget_paths(&mut manifest);
    if withheld.redacts() {
        redact_texts(&mut manifest);
    }
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    for file in merged {
        *rows.entry(file.table).or_default() += file.rows;
    }
    let part = |file: &Merged| json!({"rows": file.rows, "bytes": file.bytes, "sha256": file.sha256});
    let parts: serde_json::Map<String, Value> =
        merged.iter().map(|file| (file.path.clone(), part(file))).collect();
    if let Some(manifest) = manifest.as_object_mut() {
        manifest.insert("published".to_owned(), json!({"by": TOOL, "rows": rows}));
        manifest.insert("withheld".to_owned(), withheld.in_manifest());
        manifest.insert("parts".to_owned(), parts.into());
    }
    manifest["digest"] = digest(&manifest)?.into();
    Ok(manifest)
}

/// Replaces addresses in every text of a document.
fn redact_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = without_addresses(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(redact_texts),
        Value::Object(members) => members.values_mut().for_each(redact_texts),
        _ => {}
    }
}

fn pretty(value: &Value) -> Result<String, Fault> {
    let text = serde_json::to_string_pretty(value).map_err(|cause| Fault::engine("write JSON", cause))?;
    Ok(visible_json(&text).into_owned() + "\n")
}

/// The dictionary: of columns, with a column that says what is withheld; of findings, as the scan has it; and
/// of the words that the columns may hold, as this version knows them.
fn dictionary(dataset: &Dataset, layout: &Layout, out: &Path) -> Result<(), Fault> {
    let folder = out.join("dictionary");
    fs::create_dir_all(&folder).map_err(|cause| Fault::file("create", &folder, cause))?;
    let from = dataset.dir.join("dictionary").join("findings.parquet");
    if from.is_file() {
        fs::copy(&from, folder.join("findings.parquet"))
            .map_err(|cause| Fault::file("copy", &from, cause))?;
    }
    let of_layout = |table: &str, name: &str| {
        layout.all(table).any(|kept| name.split('.').next() == Some(kept.column.name.as_str()))
    };
    let mut words = words::all()?;
    words.retain(|(table, name, _)| of_layout(table, name));
    for (name, batch) in [("columns", layout.batch()?), ("words", words::batch(&words)?)] {
        let path = folder.join(name).with_extension("parquet");
        let file = File::create(&path).map_err(|cause| Fault::file("create", &path, cause))?;
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None)
            .map_err(|cause| Fault::file("write", &path, cause))?;
        writer.write(&batch).map_err(|cause| Fault::file("write", &path, cause))?;
        writer.close().map_err(|cause| Fault::file("write", &path, cause))?;
    }
    Ok(())
}

/// What a column means here: where addresses were replaced in it, that is said.
pub(crate) fn meaning(table: &str, column: &contract::Column, withheld: &Withheld) -> String {
    let texts = column.kind.contains("text") || column.kind == "binary";
    if !withheld.redacts()
        || !texts
        || withheld.class_of(table, &column.name).is_some()
        || column.name == "scan"
    {
        return column.meaning.clone();
    }
    let how = match column.name.as_str() {
        "der" => "Empty where the certificate names an Internet address.".to_owned(),
        _ => format!("Internet addresses in it are replaced by {REPLACED}."),
    };
    format!("{} {how}", column.meaning)
}

/// Every file that is there so far, with what is known of it.
fn list(out: &Path, merged: &[Merged], answered: &numbers::Answered) -> Result<Vec<Listed>, Fault> {
    let mut listed = Vec::new();
    for path in files::walk(out)? {
        let part = merged.iter().find(|file| file.path == path);
        let (bytes, sha256) = match part {
            Some(part) => (part.bytes, part.sha256.clone()),
            None => files::hashed(&out.join(&path))?,
        };
        let table = answered.tables.iter().find(|table| table.path == path);
        listed.push(Listed {
            bytes,
            sha256,
            table: part.map(|part| part.table),
            rows: part.map_or(0, |part| part.rows),
            title: table.map(|table| table.title.clone()).unwrap_or_default(),
            columns: table.map(|table| table.columns.clone()).unwrap_or_default(),
            lacks: Vec::new(),
            path,
        });
    }
    Ok(listed)
}
