//! A dataset: a scan's folder with its manifest and its Parquet parts.

mod checked;
mod shards;
mod whole;

pub(crate) use whole::{check_digest, digest};

use crate::contract;
use crate::fault::Fault;
use crate::unknown::Unknown;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use whole::{Hashes, Held};

/// What a manifest says of itself that is of a folder of TLS reports.
pub(crate) const REPORTS: &str = "tls-reports";

/// Whether a dataset that is not complete will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Only a scan that came to its end and was assessed.
    Required,
    /// Whatever is there.
    PartialAllowed,
}

/// A dataset that was opened and checked.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Its folder, absolute.
    pub dir: PathBuf,
    /// Name of the scan, as the column `scan` has it.
    pub scan: String,
    /// The manifest as it stands.
    pub manifest: Value,
    /// Whether the scan came to its end and was assessed.
    pub complete: bool,
    /// The committed parts of each table, sorted; empty where there are none.
    pub parts: BTreeMap<&'static str, Vec<PathBuf>>,
    /// Rows of each table, by the footers of its parts.
    pub rows: BTreeMap<&'static str, u64>,
    /// Version of the tables' layout, `major.minor`, as the manifest says it.
    pub version: String,
    /// Words that this version does not know.
    pub unknown: Unknown,
    /// Whether the parts have the scan's name in them; not so where it was given another one, or is made of
    /// shards.
    pub own_name: bool,
    /// How many folders it is made of.
    pub shards: usize,
    /// The shards of the scan that are not there, as `2/8`.
    pub missing: Vec<String>,
    hashes: Hashes,
}

impl Dataset {
    /// Opens a scan's folder.
    ///
    /// # Errors
    /// It is no dataset or not whole, of another major schema version, not complete though that is required,
    /// or cannot be read.
    pub fn open(dir: &Path, completeness: Completeness) -> Result<Self, Fault> {
        let manifest = read_manifest(dir)?;
        let version = check_version(dir, &manifest)?;
        let complete = manifest.get("complete") == Some(&Value::Bool(true));
        let scan = text(&manifest, "scan").ok_or_else(|| {
            Fault::Usage(format!("{}: the manifest names no `scan`", dir.join("manifest.json").display()))
        })?;
        let dir = dir.canonicalize().map_err(|cause| Fault::file("open", dir, cause))?;
        let Held { parts, rows, hashes } = whole::hold(&dir, scan, &manifest)?;
        let unknown = Unknown::find(&parts)?;
        let dataset = Self {
            scan: scan.to_owned(),
            manifest,
            complete,
            parts,
            rows,
            dir,
            version,
            unknown,
            own_name: true,
            shards: 1,
            missing: Vec::new(),
            hashes,
        };
        if !complete && completeness == Completeness::Required {
            return Err(Fault::Usage(format!(
                "{} is not complete: {}\n\
                 hint: finish it with `sts-scan {} {}`, or let the tables cover what is there with `--partial`",
                dataset.dir.display(),
                dataset.coverage(),
                // The parts are listed from the end of a scan on: only the judgement is missing.
                if dataset.manifest.get("parts").is_some() { "assess" } else { "resume" },
                dataset.dir.display()
            )));
        }
        Ok(dataset)
    }

    /// Reads every byte of the parts that the manifest lists, however often they were read before.
    ///
    /// # Errors
    /// A part is not what it was (usage), or cannot be read.
    pub fn read_every_byte(&self) -> Result<(), Fault> {
        self.hashes.read_every_byte(&self.dir)
    }

    /// What the dataset covers, in words: its rows, and what it lacks.
    #[must_use]
    pub fn coverage(&self) -> String {
        let rows = |table| self.rows.get(table).copied().unwrap_or(0);
        let assessed = match rows("assessments") {
            0 => "not assessed".to_owned(),
            rows => format!("{} assessed", grouped(rows)),
        };
        let missing = match self.missing.as_slice() {
            [] => String::new(),
            missing => format!(", without the shards {}", missing.join(", ")),
        };
        format!(
            "{} domains in {} parts, {} addresses of MX hosts, {assessed}{missing}",
            grouped(rows("domains")),
            self.parts.get("domains").map_or(0, Vec::len),
            grouped(rows("mx_hosts")),
        )
    }

    /// What this version does not know of the dataset, in one line: a newer layout, words outside the
    /// vocabularies. `None` where it knows all of it.
    ///
    /// # Errors
    /// The file this program was built with is broken.
    pub fn not_known(&self) -> Result<Option<String>, Fault> {
        let mut told = Vec::new();
        let known = contract::schema_version()?;
        if contract::is_newer(&self.version)? {
            told.push(format!(
                "layout {} is newer than {known}, which this version knows: columns that it adds are not read",
                self.version
            ));
        }
        match self.unknown.cells() {
            0 => {}
            cells => told.push(format!(
                "words that this version (layout {known}) does not know, in {cells} {}; they count as undecided: {}",
                if cells == 1 { "cell" } else { "cells" },
                self.unknown.told()
            )),
        }
        Ok((!told.is_empty()).then(|| told.join("; ")))
    }

    /// A text of the manifest, the first of these keys that is there; `None` where none is.
    #[must_use]
    pub fn stated(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| text(&self.manifest, key))
    }
}

/// A name that the user gives to the scan of a folder: `FOLDER=NAME`.
pub type Named = (PathBuf, String);

/// Opens several folders; shards of one scan are one dataset.
///
/// # Errors
/// As [`Dataset::open`]; two of them are of the same scan, which would be counted as one; a shard is missing.
pub fn open_all(dirs: &[PathBuf], completeness: Completeness) -> Result<Vec<Dataset>, Fault> {
    open_named(dirs, &[], completeness)
}

/// The same, and gives the scans of some folders other names.
///
/// # Errors
/// As [`open_all`]; a name is for a folder that is not among them.
pub fn open_named(
    dirs: &[PathBuf],
    names: &[Named],
    completeness: Completeness,
) -> Result<Vec<Dataset>, Fault> {
    let mut opened = Vec::new();
    for dir in dirs {
        opened.push(Dataset::open(dir, completeness)?);
    }
    for (folder, name) in names {
        let canonical = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let Some(dataset) = opened.iter_mut().find(|dataset| dataset.dir == canonical) else {
            return Err(Fault::Usage(format!(
                "--name {}={name}: no such folder is among the datasets",
                folder.display()
            )));
        };
        dataset.scan.clone_from(name);
        dataset.own_name = false;
    }
    let mut datasets: Vec<Dataset> = Vec::new();
    for dataset in shards::joined(opened, completeness)? {
        if let Some(other) = datasets.iter().find(|d| d.scan == dataset.scan) {
            return Err(Fault::Usage(format!(
                "{} and {} are both of scan `{}`: their rows would be counted together\n\
                 hint: where they are two scans, give one another name: `--name {}=NAME`",
                other.dir.display(),
                dataset.dir.display(),
                dataset.scan,
                dataset.dir.display()
            )));
        }
        datasets.push(dataset);
    }
    Ok(datasets)
}

/// Refuses a scan that has not been judged: nothing was found wrong with it, because nobody looked.
///
/// # Errors
/// One of them was not judged (usage).
pub fn require_judged(datasets: &[Dataset]) -> Result<(), Fault> {
    let rows = |dataset: &Dataset, table| dataset.rows.get(table).copied().unwrap_or(0);
    let unjudged = |dataset: &&Dataset| {
        let judgement = dataset.manifest.get("judgement").is_some_and(Value::is_object);
        !judgement && !dataset.complete && rows(dataset, "domains") > 0 && rows(dataset, "assessments") == 0
    };
    match datasets.iter().find(unjudged) {
        None => Ok(()),
        Some(dataset) => Err(Fault::Usage(format!(
            "{} is not judged: without findings and verdicts every number of errors would be zero\n\
             hint: judge what is there with `sts-scan assess {}`",
            dataset.dir.display(),
            dataset.dir.display()
        ))),
    }
}

/// A count with commas between its thousands.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn text<'a>(manifest: &'a Value, key: &str) -> Option<&'a str> {
    manifest.get(key).and_then(Value::as_str)
}

fn read_manifest(dir: &Path) -> Result<Value, Fault> {
    let path = dir.join("manifest.json");
    let bytes = fs::read(&path).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Fault::Usage(format!(
            "{} is no dataset: it has no manifest.json\n\
             hint: give the directory that `sts-scan scan … -o` wrote",
            dir.display()
        )),
        _ => Fault::file("read", &path, cause),
    })?;
    let manifest: Value = serde_json::from_slice(&bytes)
        .map_err(|cause| Fault::Usage(format!("{}: {cause}", path.display())))?;
    if text(&manifest, "kind") == Some(REPORTS) {
        return Err(Fault::Usage(format!(
            "{} is a folder of TLS reports, not a scan; it tells who mails whom, and is never published\n\
             hint: read it with `sts-tlsrpt tables`, or give it to `sts-report --reports`",
            dir.display()
        )));
    }
    whole::check_digest(&path, &manifest)?;
    Ok(manifest)
}

/// The version of the dataset's layout, which is of the major version that this program knows.
fn check_version(dir: &Path, manifest: &Value) -> Result<String, Fault> {
    let found = text(manifest, "schema_version").unwrap_or("none");
    if contract::minor(found)?.is_some() {
        return Ok(found.to_owned());
    }
    let major = contract::schema_version()?.split('.').next().unwrap_or_default();
    Err(Fault::Usage(format!(
        "{}: `schema_version` is {found}, must be {major}.x\n\
         hint: read this dataset with the version of these tools that wrote it",
        dir.join("manifest.json").display()
    )))
}

#[cfg(test)]
mod tests;
