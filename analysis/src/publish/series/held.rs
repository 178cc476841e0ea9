//! What a series holds: its scans by their manifests, and whether the folder is what they say.

use super::super::folder::Folder;
use crate::contract::TABLES;
use crate::dataset::check_digest;
use crate::fault::Fault;
use crate::withheld::Withheld;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What a series says of itself, written last.
pub(in crate::publish) const LATEST: &str = "latest.json";

/// What `latest.json` says that it is of.
pub(super) const KIND: &str = "sts-series";

/// The folder of a run that adds a scan; left where it was interrupted.
pub(super) const ADDING: &str = ".adding";

/// Names the snapshot that a run adds, from before the first of its files is in its place.
pub(super) const MARK: &str = ".adding/snapshot";

/// A scan of a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    /// Its day, or day and hour, or day, hour and minute (UTC): `2026-11-28`, `2026-11-28T18`,
    /// `2026-11-28T1830`.
    pub(super) name: String,
    /// Its manifest as published; paths of parts are those below the series.
    pub(super) manifest: Value,
    /// Its parts, by path below the series.
    pub(super) parts: BTreeMap<String, Part>,
}

/// A part as a manifest tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Part {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// The scans of a series in the order in which they began, and what the folder says of itself.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) folder: Folder,
    pub(super) snapshots: Vec<Snapshot>,
    /// `latest.json`; `None` where no scan was added yet.
    pub(super) latest: Option<Value>,
}

impl Snapshot {
    /// Of a manifest that was read or is to be written.
    ///
    /// # Errors
    /// It names no scan, not when that began, or a part that is none of this snapshot (usage).
    pub(super) fn new(name: &str, manifest: Value) -> Result<Self, Fault> {
        let wrong = |why: String| Fault::Usage(format!("{}: {why}", manifest_path(name)));
        for key in ["scan", "started", "schema_version"] {
            if manifest.get(key).and_then(Value::as_str).is_none() {
                return Err(wrong(format!("it says no `{key}`")));
            }
        }
        let parts = manifest.get("parts").cloned().unwrap_or_default();
        let parts: BTreeMap<String, Part> =
            serde_json::from_value(parts).map_err(|cause| wrong(format!("`parts`: {cause}")))?;
        match parts.keys().find(|path| table_of(path, name).is_none()) {
            Some(path) => Err(wrong(format!("{path} is no part of snapshot={name}"))),
            None => Ok(Self { name: name.to_owned(), manifest, parts }),
        }
    }

    /// A text of the manifest that every one has.
    pub(super) fn says(&self, key: &str) -> &str {
        self.manifest.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The parts of a table: path, and what is told of it.
    pub(super) fn of(&self, table: &str) -> impl Iterator<Item = (&String, &Part)> {
        self.parts.iter().filter(move |(path, _)| table_of(path, &self.name) == Some(table))
    }

    /// Rows of a table.
    pub(super) fn rows(&self, table: &str) -> u64 {
        self.of(table).map(|(_, part)| part.rows).sum()
    }
}

impl Held {
    /// Reads a series; what a folder without `latest.json` holds of manifests counts too.
    ///
    /// # Errors
    /// A manifest is broken, was changed, or is not of this series (usage); or a file cannot be read.
    pub(super) fn read(dir: &Path) -> Result<Self, Fault> {
        let folder = Folder::open(dir)?;
        let json = |path: &str| -> Result<Value, Fault> {
            serde_json::from_str(&folder.text(path)?)
                .map_err(|cause| Fault::Usage(format!("{}: {cause}", dir.join(path).display())))
        };
        let latest = folder.files.contains(LATEST).then(|| json(LATEST)).transpose()?;
        if latest.as_ref().is_some_and(|latest| latest.get("kind").and_then(Value::as_str) != Some(KIND)) {
            return Err(Fault::Usage(format!("{} is not of a series", dir.join(LATEST).display())));
        }
        let mut snapshots = Vec::new();
        for path in &folder.files {
            let Some(name) = path.strip_prefix("manifests/").and_then(|rest| rest.strip_suffix(".json"))
            else {
                continue;
            };
            if !is_name(name) {
                return Err(Fault::Usage(format!(
                    "{} is no manifest of a snapshot",
                    dir.join(path).display()
                )));
            }
            let manifest = json(path)?;
            check_digest(&dir.join(path), &manifest)?;
            snapshots.push(Snapshot::new(name, manifest)?);
        }
        snapshots.sort_by(|one, other| {
            (one.says("started"), &one.name).cmp(&(other.says("started"), &other.name))
        });
        Ok(Self { folder, snapshots, latest })
    }

    /// Whether the parts are there that the manifests tell of, and no others; by names and sizes alone.
    ///
    /// # Errors
    /// A part is missing, has another size, or is of no snapshot (usage).
    pub(super) fn check(&self, dir: &Path) -> Result<(), Fault> {
        let told: BTreeMap<&String, &Part> = self.snapshots.iter().flat_map(|one| &one.parts).collect();
        for (path, part) in &told {
            let whole = dir.join(path);
            let size = std::fs::symlink_metadata(&whole).ok().filter(std::fs::Metadata::is_file);
            let why = match size.map(|found| found.len()) {
                Some(bytes) if bytes == part.bytes => continue,
                Some(bytes) => format!("has {bytes} bytes, its manifest says {}", part.bytes),
                None => "is missing".to_owned(),
            };
            return Err(Fault::Usage(format!(
                "{} {why}\nhint: put it back from a copy; its SHA-256 is {}",
                whole.display(),
                part.sha256
            )));
        }
        match self.strays(&told).next() {
            Some(path) => Err(Fault::Usage(format!(
                "{} is of no scan of the series: no file of manifests/ tells of it\n\
                 hint: put the manifest back from a copy, or move the file elsewhere",
                dir.join(path).display()
            ))),
            None => Ok(()),
        }
    }

    /// Files in the folders of tables that no manifest tells of: a reader would count them.
    fn strays<'a>(&'a self, told: &'a BTreeMap<&String, &Part>) -> impl Iterator<Item = &'a String> {
        let in_table =
            |path: &&String| path.split_once('/').is_some_and(|(first, _)| TABLES.contains(&first));
        self.folder.files.iter().filter(in_table).filter(|path| !told.contains_key(path))
    }

    /// How many scans there are, in words.
    pub(super) fn scans(&self) -> String {
        match self.snapshots.len() {
            1 => "1 scan".to_owned(),
            scans => format!("{scans} scans"),
        }
    }

    /// The newest layout among the scans, `major.minor`; `None` where there is no scan.
    pub(super) fn newest_layout(&self) -> Result<Option<u32>, Fault> {
        let mut newest = None;
        for snapshot in &self.snapshots {
            newest = newest.max(crate::contract::minor(snapshot.says("schema_version"))?);
        }
        Ok(newest)
    }

    /// What is left out of every scan of the series; `None` where there is no scan.
    pub(super) fn withheld(&self) -> Result<Option<Withheld>, Fault> {
        self.snapshots.first().map(|one| Withheld::of_manifest(&one.manifest)).transpose()
    }
}

/// Where a snapshot's manifest stands.
pub(super) fn manifest_path(name: &str) -> String {
    format!("manifests/{name}.json")
}

/// The folder of a table's parts.
pub(super) fn part_folder(table: &str, name: &str) -> String {
    format!("{table}/snapshot={name}")
}

/// The table of a part of a snapshot; `None` where the path is not of one.
pub(super) fn table_of(path: &str, name: &str) -> Option<&'static str> {
    TABLES.into_iter().find(|table| {
        let rest = path.strip_prefix(&part_folder(table, name)).and_then(|rest| rest.strip_prefix("/part-"));
        let number = rest.and_then(|rest| rest.strip_suffix(".parquet"));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Whether a text is the name of a snapshot.
pub(super) fn is_name(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (day, time) = text.split_once('T').map_or((text, None), |(day, time)| (day, Some(time)));
    let parts: Vec<&str> = day.split('-').collect();
    parts.iter().map(|part| part.len()).eq([4, 2, 2])
        && parts.into_iter().all(digits)
        && time.is_none_or(|time| [2, 4].contains(&time.len()) && digits(time))
}

/// The names that a scan may have by when it began, the shortest first.
pub(super) fn names(started: &str) -> Vec<String> {
    let part = |from: usize, to: usize| started.get(from..to).unwrap_or_default();
    let (day, hour, minute) = (part(0, 10), part(11, 13), part(14, 16));
    let names = [day.to_owned(), format!("{day}T{hour}"), format!("{day}T{hour}{minute}")];
    names.into_iter().filter(|name| is_name(name)).collect()
}

/// Whether a folder is a series, or was to become one.
pub(in crate::publish) fn is_series(dir: &Path) -> bool {
    dir.join(LATEST).is_file() || dir.join("manifests").is_dir() || dir.join(ADDING).is_dir()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_snapshot_is_called_by_its_day_and_by_its_hour_where_the_day_is_taken() {
        let found = names("2026-11-28T18:30:11Z");
        assert_eq!(found, ["2026-11-28", "2026-11-28T18", "2026-11-28T1830"]);
        assert_eq!(names("yesterday"), [""; 0]);
        for not in ["", "2026-11", "2026-1-28", "2026-11-28T", "2026-11-28T1", "../..-..", "2026-11-28T18/.."]
        {
            assert!(!is_name(not), "{not}");
        }
    }

    #[test]
    fn a_part_is_of_its_own_snapshot_or_none() {
        let name = "2026-11-28";
        assert_eq!(table_of("domains/snapshot=2026-11-28/part-00000.parquet", name), Some("domains"));
        for not in [
            "domains/part-00000.parquet",
            "domains/snapshot=2026-11-29/part-00000.parquet",
            "domains/snapshot=2026-11-28/../part-00000.parquet",
            "domains/snapshot=2026-11-28/part-.parquet",
            "people/snapshot=2026-11-28/part-00000.parquet",
        ] {
            assert_eq!(table_of(not, name), None, "{not}");
            let part = json!({"rows": 1, "bytes": 1, "sha256": ""});
            let manifest = json!({"scan": "s", "started": "", "schema_version": "1.1", "parts": {not: part}});
            assert!(Snapshot::new(name, manifest).unwrap_err().to_string().contains("no part of snapshot="));
        }
    }
}
