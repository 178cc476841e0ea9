//! Whether a dataset is whole: each part that its manifest lists is there once, with the rows and the bytes
//! that it was written with, and no other part is. One that an older version wrote, or a scan that has not
//! ended, is held against the log of the scan and the manifest's sums.

use super::checked::Checked;
use crate::contract::TABLES;
use crate::fault::Fault;
use crate::hash::{hashed, sha256};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The scan's log by its name, and by that of older versions.
const LOGS: [&str; 2] = ["commits.jsonl", "commits.log"];

/// The keys of the manifest that its `digest` covers.
const SEALED: [&str; 8] =
    ["complete", "counts", "lists", "parts", "scan", "schema_version", "started", "sum"];

const PUT_BACK: &str =
    "restore it from a copy: no other file has what it held, and no number is right without it";
const ANEW: &str = "the evidence is not affected: judge it anew with `sts-scan assess --anew`";
const MOVE_AWAY: &str = "move it out of the dataset's folder";

/// What is known of a part.
#[derive(Debug, Clone, Deserialize)]
struct Expected {
    rows: u64,
    /// Size and SHA-256; `None` where an older version wrote the part.
    bytes: Option<u64>,
    sha256: Option<String>,
}

/// What lists the parts, and the parts by their path below the folder.
type Listed = (&'static str, BTreeMap<String, Expected>);

/// A line of the scan's log.
#[derive(Deserialize)]
struct Commit {
    table: String,
    part: String,
    #[serde(flatten)]
    expected: Expected,
}

/// The parts of a dataset that were held against what lists them.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The parts of each table, sorted; empty where there are none.
    pub(super) parts: BTreeMap<&'static str, Vec<PathBuf>>,
    /// Rows of each table, by the footers of its parts.
    pub(super) rows: BTreeMap<&'static str, u64>,
    pub(super) hashes: Hashes,
}

/// SHA-256 of each part by its path below the folder, as it was written; empty where an older version wrote
/// it.
#[derive(Debug, Clone, Default)]
pub(super) struct Hashes(BTreeMap<String, String>);

fn refusal(path: &Path, why: &str, hint: &str) -> Fault {
    Fault::Usage(format!("{}: {why}\nhint: {hint}", path.display()))
}

fn way_out(part: &str) -> &'static str {
    if part.starts_with("assessments/") { ANEW } else { PUT_BACK }
}

/// The digest over what decides what a dataset says; it is written with the list of parts.
pub(crate) fn digest(manifest: &Value) -> Result<String, Fault> {
    let sealed: BTreeMap<&str, &Value> =
        SEALED.into_iter().filter_map(|key| Some((key, manifest.get(key)?))).collect();
    let text = serde_json::to_vec(&sealed).map_err(|cause| Fault::engine("write JSON", cause))?;
    Ok(sha256(&text))
}

/// Refuses a manifest that was changed after it was written.
pub(crate) fn check_digest(path: &Path, manifest: &Value) -> Result<(), Fault> {
    match manifest.get("digest") {
        Some(told) if told.as_str() != Some(digest(manifest)?.as_str()) => {
            let why = format!("it was changed after it was written (one of {})", SEALED.join(", "));
            Err(refusal(path, &why, "restore it from a copy"))
        }
        _ => Ok(()),
    }
}

/// The parts that the manifest lists, or else the log; `None` where neither is there.
fn listed(dir: &Path, manifest: &Value) -> Result<Option<Listed>, Fault> {
    if let Some(parts) = manifest.get("parts") {
        let path = dir.join("manifest.json");
        let parts = serde_json::from_value(parts.clone());
        let parts = parts.map_err(|cause| refusal(&path, &format!("`parts`: {cause}"), PUT_BACK))?;
        return Ok(Some(("manifest.json", parts)));
    }
    for log in LOGS {
        let path = dir.join(log);
        match fs::read(&path) {
            Ok(text) => return Ok(Some((log, lines(&path, &text)?))),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => return Err(Fault::file("read", &path, cause)),
        }
    }
    Ok(None)
}

/// The lines of a log. Bytes after the last line end are being written, or never were.
fn lines(path: &Path, text: &[u8]) -> Result<BTreeMap<String, Expected>, Fault> {
    let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let mut parts = BTreeMap::new();
    for (at, line) in text[..whole].split(|&byte| byte == b'\n').enumerate() {
        if line.iter().all(|&byte| byte == 0 || byte.is_ascii_whitespace()) {
            continue;
        }
        let wrong = |why: String| refusal(path, &format!("line {} {why}", at + 1), "restore it from a copy");
        let commit: Commit =
            serde_json::from_slice(line).map_err(|cause| wrong(format!("is not from a scan: {cause}")))?;
        let part = format!("{}/{}", commit.table, commit.part);
        if parts.insert(part.clone(), commit.expected).is_some() {
            return Err(wrong(format!("names {part} a second time")));
        }
    }
    Ok(parts)
}

/// Holds a dataset against what lists its parts, and against the sums of its manifest.
///
/// # Errors
/// A part is missing, is not listed, is of another scan, or is not what it was (usage): the first one is
/// named.
pub(super) fn hold(dir: &Path, scan: &str, manifest: &Value) -> Result<Held, Fault> {
    // Before the log is read: a part of a scan that runs gets its line before its name.
    let found = TABLES.map(|table| Ok((table, found(dir, table)?)));
    let found: Vec<_> = found.into_iter().collect::<Result<_, Fault>>()?;
    let listed = listed(dir, manifest)?;
    let is_judged = manifest.get("complete") == Some(&Value::Bool(true));
    let mut checked = Checked::read(dir);
    let mut held = Held::default();
    for (table, found) in found {
        let judgement = table == "assessments";
        let by = match &listed {
            // The log names no judgement, and that of a dataset which is not complete is nobody's word.
            Some((by, _)) if judgement && (*by != "manifest.json" || !is_judged) => None,
            by => by.as_ref(),
        };
        if let Some((by, parts)) = by {
            names(dir, table, &found, (by, parts))?;
        }
        let (mut paths, mut rows) = (Vec::new(), 0);
        for part in found {
            let expected = by.and_then(|(by, parts)| Some((*by, parts.get(&part)?)));
            rows += hold_part(dir, scan, &part, expected, &mut checked)?;
            if let Some(hash) = expected.and_then(|(_, expected)| expected.sha256.clone()) {
                held.hashes.0.insert(part.clone(), hash);
            }
            paths.push(dir.join(part));
        }
        held.rows.insert(table, rows);
        held.parts.insert(table, paths);
    }
    sums(dir, manifest, &held)?;
    // A published directory has what its list of hashes names, and nothing else.
    if manifest.get("published").is_none() {
        checked.remember(dir);
    }
    Ok(held)
}

/// Each part that is listed is there, and no other one.
fn names(
    dir: &Path,
    table: &str,
    found: &BTreeSet<String>,
    (by, parts): (&str, &BTreeMap<String, Expected>),
) -> Result<(), Fault> {
    let folder = format!("{table}/");
    for part in parts.keys().filter(|part| part.starts_with(&folder) && !found.contains(*part)) {
        let path = dir.join(part);
        // Of a scan that runs, or was killed: the part has its line and not yet its name, or got it just now.
        let is_unnamed = path.exists() || dir.join(format!("{part}.tmp")).exists();
        if by == "manifest.json" || !is_unnamed {
            return Err(refusal(&path, &format!("it is missing, but {by} lists it"), way_out(part)));
        }
    }
    match found.iter().find(|part| !parts.contains_key(*part)) {
        Some(part) => {
            let why = format!("it is not part of this dataset: {by} does not list it");
            Err(refusal(&dir.join(part), &why, MOVE_AWAY))
        }
        None => Ok(()),
    }
}

/// Holds a part against what is known of it; gives its rows.
fn hold_part(
    dir: &Path,
    scan: &str,
    part: &str,
    expected: Option<(&str, &Expected)>,
    checked: &mut Checked,
) -> Result<u64, Fault> {
    let path = dir.join(part);
    let changed = |what: &str, is: &str, by: &str, was: &str| {
        refusal(&path, &format!("it has {what} {is}, but {by} says {was}"), way_out(part))
    };
    if let Some((by, expected)) = expected {
        let bytes = fs::metadata(&path).map_err(|cause| Fault::file("read", &path, cause))?.len();
        if let Some(was) = expected.bytes.filter(|was| *was != bytes) {
            return Err(changed("a size of", &format!("{bytes} bytes"), by, &was.to_string()));
        }
        if let Some(was) = &expected.sha256 {
            let is = checked.sha256(dir, part)?;
            if is != *was {
                return Err(changed("the SHA-256", &is, by, was));
            }
        }
    }
    let file = fs::File::open(&path).map_err(|cause| Fault::file("open", &path, cause))?;
    let reader = SerializedFileReader::new(file).map_err(|cause| Fault::file("read", &path, cause))?;
    let rows = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
    if let Some((by, expected)) = expected.filter(|(_, expected)| expected.rows != rows) {
        return Err(changed("rows:", &rows.to_string(), by, &expected.rows.to_string()));
    }
    if is_of_scan(reader.metadata(), scan) {
        Ok(rows)
    } else {
        Err(refusal(&path, &format!("its rows are from another scan than `{scan}`"), way_out(part)))
    }
}

/// Whether the footer allows that all rows of a part are of a scan; a part without statistics is not refused.
fn is_of_scan(footer: &ParquetMetaData, scan: &str) -> bool {
    let schema = footer.file_metadata().schema_descr();
    let Some(at) = (0..schema.num_columns()).find(|&at| schema.column(at).path().string() == "scan") else {
        return true;
    };
    footer.row_groups().iter().filter_map(|group| group.column(at).statistics()).all(|of| {
        // Statistics of long texts are cut, and then not exact.
        let low = of.min_bytes_opt().filter(|_| of.min_is_exact());
        let high = of.max_bytes_opt().filter(|_| of.max_is_exact());
        low.into_iter().chain(high).all(|bound| bound == scan.as_bytes())
    })
}

/// Rows of the tables are those that the manifest's sums tell of, where it has them.
fn sums(dir: &Path, manifest: &Value, held: &Held) -> Result<(), Fault> {
    if manifest.get("complete") != Some(&Value::Bool(true)) {
        return Ok(());
    }
    let told = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_u64);
    let judged = manifest.get("counts").map(|_| told("/counts/assessed/true").unwrap_or(0));
    let published = |table: &str| told(&format!("/published/rows/{table}"));
    for (table, sum, what) in [
        ("domains", published("domains").or(told("/sum/rows")), "sum"),
        ("assessments", published("assessments").or(judged), "counts"),
        ("mx_hosts", published("mx_hosts"), "rows"),
        ("certificates", published("certificates"), "rows"),
    ] {
        let rows = held.rows.get(table).copied().unwrap_or(0);
        if let Some(sum) = sum.filter(|sum| *sum != rows) {
            let why = format!("it has {rows} rows, but the {what} in manifest.json say {sum}");
            return Err(refusal(&dir.join(table), &why, way_out(&format!("{table}/"))));
        }
    }
    Ok(())
}

/// The files of a table that any reader would take for its parts, by path below the folder; a folder that is
/// not there has none.
fn found(dir: &Path, table: &str) -> Result<BTreeSet<String>, Fault> {
    let folder = dir.join(table);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(cause) => return Err(Fault::file("read", &folder, cause)),
    };
    let mut parts = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(|cause| Fault::file("read", &folder, cause))?.file_name();
        let name = name.to_string_lossy();
        // What begins with a dot no reader takes.
        if name.ends_with(".parquet") && !name.starts_with('.') {
            parts.insert(format!("{table}/{name}"));
        }
    }
    Ok(parts)
}

impl Hashes {
    /// Reads every byte of the parts whose SHA-256 is known, however often they were read before.
    ///
    /// # Errors
    /// A part is not what it was (usage): it is named.
    pub(super) fn read_every_byte(&self, dir: &Path) -> Result<(), Fault> {
        for (part, was) in &self.0 {
            let path = dir.join(part);
            let (_, is) = hashed(&path)?;
            if is != *was {
                let why = format!("it has the SHA-256 {is}, but was written with {was}");
                return Err(refusal(&path, &why, way_out(part)));
            }
        }
        Ok(())
    }
}
