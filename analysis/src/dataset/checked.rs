//! Which parts were hashed already: `.checked` in a dataset's folder, which the scanner writes and reads too.
//! An entry holds as long as size and times of the file do, so that an unchanged part is read for its hash
//! once.

use crate::fault::Fault;
use crate::hash::hashed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Name of the file.
const CHECKED: &str = ".checked";

/// The hashes that are known, by the part's path below the folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Checked {
    #[serde(flatten)]
    parts: BTreeMap<String, Seen>,
    #[serde(skip)]
    is_new: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    bytes: u64,
    mtime_ns: i64,
    ctime_ns: i64,
    sha256: String,
}

impl Seen {
    fn of(file: &Metadata, sha256: String) -> Self {
        let ns = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            bytes: file.len(),
            mtime_ns: ns(file.mtime(), file.mtime_nsec()),
            ctime_ns: ns(file.ctime(), file.ctime_nsec()),
            sha256,
        }
    }

    fn is_same_file(&self, other: &Self) -> bool {
        (self.bytes, self.mtime_ns, self.ctime_ns) == (other.bytes, other.mtime_ns, other.ctime_ns)
    }
}

impl Checked {
    /// What is remembered of a dataset; nothing where the file is not there, or none of ours.
    pub(super) fn read(dir: &Path) -> Self {
        let text = fs::read(dir.join(CHECKED));
        text.ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// The SHA-256 of a part: remembered, where the file is as it was.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn sha256(&mut self, dir: &Path, part: &str) -> Result<String, Fault> {
        let path = dir.join(part);
        let file = fs::metadata(&path).map_err(|cause| Fault::file("read", &path, cause))?;
        let now = Seen::of(&file, String::new());
        if let Some(seen) = self.parts.get(part).filter(|seen| seen.is_same_file(&now)) {
            return Ok(seen.sha256.clone());
        }
        let (_, sha256) = hashed(&path)?;
        self.parts.insert(part.to_owned(), Seen { sha256: sha256.clone(), ..now });
        self.is_new = true;
        Ok(sha256)
    }

    /// Remembers what was hashed. Where the folder cannot be written the parts are hashed again the next
    /// time.
    pub(super) fn remember(&self, dir: &Path) {
        if !self.is_new {
            return;
        }
        // Several may read one dataset at a time: each has a name of its own.
        let unfinished = dir.join(format!("{CHECKED}.{}", std::process::id()));
        let written = serde_json::to_vec(self).map_err(std::io::Error::from);
        let written = written.and_then(|text| fs::write(&unfinished, text));
        if written.and_then(|()| fs::rename(&unfinished, dir.join(CHECKED))).is_err() {
            let _ = fs::remove_file(&unfinished);
        }
    }
}
