//! Whether a dataset is whole: each part is there once, with the rows and the bytes that it was written with,
//! and nothing else is.

use super::columns::{ASSESSMENTS, DOMAINS, EVIDENCE, Table, column};
use super::commits::{self, Commit, LogError};
use super::content::{Checked, Content, Parts};
use super::manifest::{MANIFEST, Manifest};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A dataset that is not whole.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct NotWhole {
    /// The part, the table's folder, or the log.
    pub path: PathBuf,
    why: String,
    hint: &'static str,
}

/// What can be done about a part that is not what it was.
const PUT_BACK: &str =
    "restore it from a copy: no other file has what it held, and no number is right without it";
const ANEW: &str = "the evidence is not affected: judge it anew with `sts-scan assess --anew`";
const MOVE_AWAY: &str = "move it out of the dataset's folder";

impl NotWhole {
    pub(super) fn new(path: &Path, why: impl Into<String>, hint: &'static str) -> Self {
        Self { path: path.to_owned(), why: why.into(), hint }
    }

    /// The way out.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        self.hint
    }
}

/// What is known of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected {
    rows: u64,
    /// Size and SHA-256; `None` where an older version wrote the part.
    content: Option<(u64, String)>,
}

/// The parts of a dataset as the manifest lists them, or the log where a scan has not ended or an older
/// version wrote it.
#[derive(Debug)]
pub struct PartList {
    parts: BTreeMap<String, Expected>,
    by: &'static str,
}

impl PartList {
    /// As the lines of a log name them.
    #[must_use]
    pub fn by_log(log: &'static str, commits: &[Commit]) -> Self {
        let parts = commits.iter().map(|commit| {
            let content = commit.bytes.zip(commit.sha256.clone());
            (commit.path(), Expected { rows: commit.rows, content })
        });
        Self { parts: parts.collect(), by: log }
    }

    /// As the manifest lists them.
    #[must_use]
    pub fn by_manifest(parts: &Parts) -> Self {
        let expected = parts.iter().map(|(part, content)| {
            let expected =
                Expected { rows: content.rows, content: Some((content.bytes, content.sha256.clone())) };
            (part.clone(), expected)
        });
        Self { parts: expected.collect(), by: MANIFEST }
    }

    fn of<'a>(&'a self, table: &Table) -> impl Iterator<Item = (&'a String, &'a Expected)> + use<'a> {
        let folder = format!("{}/", table.name);
        self.parts.iter().filter(move |(part, _)| part.starts_with(&folder))
    }

    /// Rows of a table.
    #[must_use]
    pub fn rows(&self, table: &Table) -> u64 {
        self.of(table).map(|(_, expected)| expected.rows).sum()
    }

    /// Holds some tables of a dataset against what is listed; gives what is in their parts.
    ///
    /// # Errors
    /// A part is missing, is not listed, is of another scan, or is not what it was: the first one is named.
    pub fn hold(&self, dataset: &Path, scan: &str, tables: &[&Table]) -> Result<Parts, NotWhole> {
        let mut checked = Checked::read(dataset);
        let mut parts = Parts::new();
        for table in tables {
            let found = found(dataset, table)?;
            if let Some((part, _)) = self.of(table).find(|(part, _)| !found.contains(part.as_str())) {
                let why = format!("it is missing, but {} lists it", self.by);
                return Err(NotWhole::new(&dataset.join(part), why, PUT_BACK));
            }
            if let Some(part) = found.iter().find(|part| !self.parts.contains_key(*part)) {
                let why = format!("it is not part of this dataset: {} does not list it", self.by);
                return Err(NotWhole::new(&dataset.join(part), why, MOVE_AWAY));
            }
            for (part, expected) in self.of(table) {
                let content = self.hold_part(dataset, scan, (part, expected), &mut checked)?;
                parts.insert(part.clone(), content);
            }
        }
        checked.remember(dataset);
        Ok(parts)
    }

    fn hold_part(
        &self,
        dataset: &Path,
        scan: &str,
        (part, expected): (&str, &Expected),
        checked: &mut Checked,
    ) -> Result<Content, NotWhole> {
        let path = dataset.join(part);
        let unreadable = |e: io::Error| NotWhole::new(&path, e.to_string(), PUT_BACK);
        let changed = |what: &str, is: &str, was: &str| {
            let why = format!("it has {what} {is}, but {} says {was}", self.by);
            NotWhole::new(&path, why, PUT_BACK)
        };
        let bytes = std::fs::metadata(&path).map_err(unreadable)?.len();
        if let Some((size, _)) = expected.content.as_ref().filter(|(size, _)| *size != bytes) {
            return Err(changed("a size of", &format!("{bytes} bytes"), &size.to_string()));
        }
        let sha256 = checked.sha256(dataset, part).map_err(unreadable)?;
        if let Some((_, hash)) = expected.content.as_ref().filter(|(_, hash)| *hash != sha256) {
            return Err(changed("the SHA-256", &sha256, hash));
        }
        let footer = footer(&path)?;
        let rows = rows(&footer);
        if rows != expected.rows {
            return Err(changed("rows:", &rows.to_string(), &expected.rows.to_string()));
        }
        if !is_of_scan(&footer, scan) {
            let why = format!("its rows are from another scan than `{scan}`");
            return Err(NotWhole::new(&path, why, PUT_BACK));
        }
        Ok(Content { rows, bytes, sha256 })
    }
}

/// The files of a table that any reader would take for parts, by path below the dataset's folder.
fn found(dataset: &Path, table: &Table) -> Result<BTreeSet<String>, NotWhole> {
    let folder = dataset.join(table.name);
    let unreadable = |e: io::Error| NotWhole::new(&folder, e.to_string(), PUT_BACK);
    let entries = match std::fs::read_dir(&folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut found = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".parquet") {
            found.insert(format!("{}/{name}", table.name));
        }
    }
    Ok(found)
}

/// What a part says of itself.
fn footer(path: &Path) -> Result<ParquetMetaData, NotWhole> {
    let unreadable = |why: String| NotWhole::new(path, why, PUT_BACK);
    let file = File::open(path).map_err(|e| unreadable(e.to_string()))?;
    ParquetMetaDataReader::new().parse_and_finish(&file).map_err(|e| unreadable(e.to_string()))
}

fn rows(footer: &ParquetMetaData) -> u64 {
    u64::try_from(footer.file_metadata().num_rows()).unwrap_or_default()
}

/// Whether the footer allows that all rows of a part are of a scan; a part without statistics is not refused.
fn is_of_scan(footer: &ParquetMetaData, scan: &str) -> bool {
    let schema = footer.file_metadata().schema_descr();
    let name = column!(DOMAINS.scan);
    let Some(at) = (0..schema.num_columns()).find(|&at| schema.column(at).path().string() == name) else {
        return true;
    };
    footer.row_groups().iter().filter_map(|group| group.column(at).statistics()).all(|statistics| {
        let is = |bound: Option<&[u8]>, is_exact: bool| match bound {
            Some(bound) if is_exact => bound == scan.as_bytes(),
            // Statistics of long texts are cut.
            _ => true,
        };
        is(statistics.min_bytes_opt(), statistics.min_is_exact())
            && is(statistics.max_bytes_opt(), statistics.max_is_exact())
    })
}

/// Holds the evidence of a dataset against its manifest, or against its log where the manifest lists no
/// parts; gives what is in the parts.
///
/// # Errors
/// As [`PartList::hold`]; or the log is damaged.
pub fn evidence(dataset: &Path, manifest: &Manifest) -> Result<Parts, NotWhole> {
    if let Some(parts) = &manifest.parts {
        return PartList::by_manifest(parts).hold(dataset, &manifest.scan, &EVIDENCE);
    }
    let Some((log, commits)) = commits::read(dataset).map_err(|e| e.not_whole(dataset))? else {
        return unlisted(dataset, manifest);
    };
    let listed = PartList::by_log(log, &commits);
    check_sum(dataset, manifest, listed.rows(&DOMAINS))?;
    listed.hold(dataset, &manifest.scan, &EVIDENCE)
}

/// What a dataset holds of which neither manifest nor log lists the parts: only the sum can tell.
fn unlisted(dataset: &Path, manifest: &Manifest) -> Result<Parts, NotWhole> {
    let mut listed = PartList { parts: BTreeMap::new(), by: MANIFEST };
    for table in EVIDENCE {
        for part in found(dataset, table)? {
            let rows = rows(&footer(&dataset.join(&part))?);
            listed.parts.insert(part, Expected { rows, content: None });
        }
    }
    check_sum(dataset, manifest, listed.rows(&DOMAINS))?;
    listed.hold(dataset, &manifest.scan, &EVIDENCE)
}

fn check_sum(dataset: &Path, manifest: &Manifest, rows: u64) -> Result<(), NotWhole> {
    match &manifest.sum {
        Some(sum) if manifest.complete && sum.rows != rows => {
            let why = format!("it has {rows} rows, but the sum in {MANIFEST} says {}", sum.rows);
            Err(NotWhole::new(&dataset.join(DOMAINS.name), why, PUT_BACK))
        }
        _ => Ok(()),
    }
}

/// Holds the judgement of a dataset against its manifest: by its parts, or by the count where an older
/// version wrote it.
///
/// # Errors
/// As [`PartList::hold`]; or its rows are not those that were counted.
pub fn judgement(dataset: &Path, manifest: &Manifest) -> Result<(), NotWhole> {
    if !manifest.complete {
        return Ok(());
    }
    if let Some(parts) = &manifest.parts {
        let held = PartList::by_manifest(parts).hold(dataset, &manifest.scan, &[&ASSESSMENTS]);
        return held.map(drop).map_err(|damage| NotWhole { hint: ANEW, ..damage });
    }
    let mut judged = 0;
    for part in found(dataset, &ASSESSMENTS)? {
        judged += rows(&footer(&dataset.join(part))?);
    }
    let counted = manifest.counts.get("assessed").and_then(|words| words.get("true")).copied().unwrap_or(0);
    if judged == counted {
        return Ok(());
    }
    let why = format!("it has {judged} rows, but the counts in {MANIFEST} say {counted}");
    Err(NotWhole::new(&dataset.join(ASSESSMENTS.name), why, ANEW))
}

impl LogError {
    /// As a fault of the dataset.
    #[must_use]
    pub fn not_whole(self, dataset: &Path) -> NotWhole {
        let hint = self.hint();
        NotWhole::new(&dataset.join(self.file()), self.to_string(), hint)
    }
}
