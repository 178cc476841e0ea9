//! Which files belong to a folder of reports: `manifest.json`, replaced whole at every commit.

use super::StoreError;
use super::columns::SCHEMA_VERSION;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// Its name in the folder.
pub(super) const NAME: &str = "manifest.json";

/// What tells a folder of reports from other datasets.
pub(super) const KIND: &str = "tls-reports";

/// The committed files of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// [`KIND`].
    pub(super) kind: String,
    pub(super) schema_version: String,
    /// Reports that are there; the next one's number is one more.
    pub(super) reports: i64,
    pub(super) parts: Vec<Part>,
}

/// One Parquet file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) table: String,
    /// Its path in the folder.
    pub(super) file: String,
    pub(super) rows: i64,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            kind: KIND.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            reports: 0,
            parts: Vec::new(),
        }
    }
}

impl Manifest {
    /// That of a folder; an empty one where the folder is empty or not there.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return if has_others(folder) { Err(StoreError::NotOurs) } else { Ok(Self::default()) };
            }
            Err(error) => return Err(error.into()),
        };
        let manifest: Self = serde_json::from_slice(&text).map_err(|_| StoreError::NotOurs)?;
        if manifest.kind != KIND {
            return Err(StoreError::NotOurs);
        }
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&manifest.schema_version) != major(SCHEMA_VERSION) {
            return Err(StoreError::OtherVersion(manifest.schema_version));
        }
        Ok(manifest)
    }

    /// Replaces that of the folder: a crash leaves the old one or the new one.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::from)?;
        whole(&folder.join(NAME), &text)
    }
}

/// Writes a file that gets its name when it is whole and on the disk.
pub(super) fn whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let mut file = File::create(&name)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&name, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Whether a folder without manifest holds what this program did not leave there before a first commit.
fn has_others(folder: &Path) -> bool {
    let ours = [
        "reports",
        "policies",
        "failures",
        ".working",
        "rejected.csv",
        "columns.json",
        "spool",
        "manifest.json.tmp",
    ];
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| !ours.iter().any(|name| entry.file_name() == *name))
    })
}
