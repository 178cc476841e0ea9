//! A dataset: a scan's folder with its manifest and its Parquet parts.

mod checked;
mod whole;

pub(crate) use whole::digest;

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
        let dataset =
            Self { scan: scan.to_owned(), manifest, complete, parts, rows, dir, version, unknown, hashes };
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
        format!(
            "{} domains in {} parts, {} addresses of MX hosts, {assessed}",
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

/// Opens several folders.
///
/// # Errors
/// As [`Dataset::open`]; two of them are of the same scan, which would be counted as one.
pub fn open_all(dirs: &[PathBuf], completeness: Completeness) -> Result<Vec<Dataset>, Fault> {
    let mut datasets: Vec<Dataset> = Vec::new();
    for dir in dirs {
        let dataset = Dataset::open(dir, completeness)?;
        if let Some(other) = datasets.iter().find(|d| d.scan == dataset.scan) {
            return Err(Fault::Usage(format!(
                "{} and {} are both of scan `{}`: their rows would be counted together",
                other.dir.display(),
                dataset.dir.display(),
                dataset.scan
            )));
        }
        datasets.push(dataset);
    }
    Ok(datasets)
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
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    fn with_manifest(manifest: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("manifest.json"), manifest).unwrap();
        dir
    }

    fn refusal(manifest: &str) -> String {
        let dir = with_manifest(manifest);
        let fault = Dataset::open(dir.path(), Completeness::Required).unwrap_err();
        assert_eq!(fault.exit_code(), 2);
        fault.to_string()
    }

    #[test]
    fn another_major_version_is_refused_with_the_version_in_the_message() {
        let message = refusal(r#"{"schema_version":"2.0","scan":"s","complete":true}"#);
        assert!(message.contains("`schema_version` is 2.0, must be 1.x"), "{message}");
        assert!(refusal(r#"{"scan":"s","complete":true}"#).contains("is none"));
    }

    #[test]
    fn a_newer_minor_version_is_read_and_told() {
        let manifest =
            |version: &str| format!(r#"{{"schema_version":"{version}","scan":"s","complete":true}}"#);
        let open = |version: &str| {
            Dataset::open(with_manifest(&manifest(version)).path(), Completeness::Required).unwrap()
        };
        let newer = open("1.70");
        assert!(newer.complete);
        let told = newer.not_known().unwrap().unwrap();
        assert!(told.starts_with("layout 1.70 is newer than 1.") && !told.contains("words"), "{told}");
        for known in ["1.0", "1.1", contract::schema_version().unwrap()] {
            assert_eq!(open(known).not_known().unwrap(), None, "{known}");
        }
        assert!(refusal(&manifest("1.x")).contains("`schema_version` is 1.x"));
    }

    #[test]
    fn an_incomplete_dataset_is_refused_unless_partial_is_allowed() {
        let manifest = r#"{"schema_version":"1.0","scan":"s","complete":false}"#;
        let message = refusal(manifest);
        assert!(message.contains("is not complete: 0 domains") && message.contains("--partial"), "{message}");
        let dir = with_manifest(manifest);
        assert!(!Dataset::open(dir.path(), Completeness::PartialAllowed).unwrap().complete);
    }

    #[test]
    fn a_folder_of_reports_is_no_scan_and_is_never_published() {
        let message = refusal(r#"{"kind":"tls-reports","schema_version":"1.0","reports":0,"parts":[]}"#);
        assert!(message.contains("is never published"), "{message}");
    }

    #[test]
    fn a_folder_without_manifest_is_no_dataset() {
        let dir = tempfile::tempdir().unwrap();
        let fault = Dataset::open(dir.path(), Completeness::Required).unwrap_err();
        assert!(fault.to_string().contains("has no manifest.json"));
        assert_eq!(fault.exit_code(), 2);
    }

    #[test]
    fn two_folders_of_one_scan_are_refused() {
        let manifest = r#"{"schema_version":"1.0","scan":"s","complete":true}"#;
        let (one, two) = (with_manifest(manifest), with_manifest(manifest));
        let dirs = [one.path().to_owned(), two.path().to_owned()];
        let fault = open_all(&dirs, Completeness::Required).unwrap_err();
        assert!(fault.to_string().contains("both of scan `s`"));
    }

    #[test]
    fn thousands_stand_apart() {
        let shown = [0, 999, 1000, 1_204_882].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "1,204,882"]);
    }
}
