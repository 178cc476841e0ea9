//! What is in a part: its rows, its bytes, and their SHA-256.

use crate::tls::certificate::hex;
use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What the manifest says of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
}

/// Parts by their path below the dataset's folder, `domains/part-00000.parquet`.
pub type Parts = BTreeMap<String, Content>;

/// Hashes what is written through it.
pub(super) struct Hashing<W> {
    inner: W,
    hash: Context,
    bytes: u64,
}

impl<W> Hashing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hash: Context::new(&SHA256), bytes: 0 }
    }

    /// What was written.
    pub(super) fn content(self, rows: u64) -> Content {
        Content { rows, bytes: self.bytes, sha256: hex(self.hash.finish().as_ref()) }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// SHA-256 of a file, lower-case hexadecimal.
///
/// # Errors
/// It cannot be read.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut buffer) = (File::open(path)?, Context::new(&SHA256), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(hash.finish().as_ref())),
            Ok(read) => hash.update(&buffer[..read]),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
}

/// Name of the file that remembers which bytes were hashed.
pub const CHECKED: &str = ".checked";

/// The parts that were hashed, so that an unchanged file is read for it once: an entry holds as long as size
/// and times of the file do.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Checked {
    #[serde(flatten)]
    parts: BTreeMap<String, KnownPart>,
    #[serde(skip)]
    is_new: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KnownPart {
    bytes: u64,
    /// When the content changed last, and when anything about the file did: Unix time, nanoseconds.
    mtime_ns: i64,
    ctime_ns: i64,
    sha256: String,
}

impl KnownPart {
    fn is_of(&self, file: &Metadata) -> bool {
        (self.bytes, self.mtime_ns, self.ctime_ns) == (file.len(), times(file).0, times(file).1)
    }
}

fn times(file: &Metadata) -> (i64, i64) {
    let ns = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    (ns(file.mtime(), file.mtime_nsec()), ns(file.ctime(), file.ctime_nsec()))
}

impl Checked {
    /// That of a dataset; empty where there is none that can be read.
    #[must_use]
    pub fn read(dataset: &Path) -> Self {
        let text = std::fs::read(dataset.join(CHECKED));
        text.ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// The SHA-256 of a part, from memory where the file is as it was.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sha256(&mut self, dataset: &Path, part: &str) -> io::Result<String> {
        let path = dataset.join(part);
        let before = std::fs::metadata(&path)?;
        if let Some(seen) = self.parts.get(part).filter(|seen| seen.is_of(&before)) {
            return Ok(seen.sha256.clone());
        }
        let sha256 = sha256_of(&path)?;
        self.note(part, &before, sha256.clone());
        Ok(sha256)
    }

    fn note(&mut self, part: &str, file: &Metadata, sha256: String) {
        let (mtime_ns, ctime_ns) = times(file);
        self.is_new = true;
        self.parts.insert(part.to_owned(), KnownPart { bytes: file.len(), mtime_ns, ctime_ns, sha256 });
    }

    /// Notes a part that was hashed while it was written.
    pub fn note_written(&mut self, dataset: &Path, part: &str, content: &Content) {
        if let Ok(file) = std::fs::metadata(dataset.join(part)) {
            self.note(part, &file, content.sha256.clone());
        }
    }

    /// Remembers what was hashed. Where the folder cannot be written the parts are hashed again by those who
    /// read them.
    pub fn remember(&self, dataset: &Path) {
        if !self.is_new {
            return;
        }
        // Several may read one dataset at a time: each has a name of its own.
        let unfinished = dataset.join(format!("{CHECKED}.{}", std::process::id()));
        let written = serde_json::to_vec(self).map_err(io::Error::from);
        let written = written.and_then(|text| std::fs::write(&unfinished, text));
        if written.and_then(|()| std::fs::rename(&unfinished, dataset.join(CHECKED))).is_err() {
            let _ = std::fs::remove_file(&unfinished);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn what_is_written_is_hashed_as_the_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        let mut file = Hashing::new(File::create(&path).unwrap());
        file.write_all(b"a").unwrap();
        file.write_all(b"bc").unwrap();
        assert_eq!(file.content(7), Content { rows: 7, bytes: 3, sha256: ABC.to_owned() });
        assert_eq!(sha256_of(&path).unwrap(), ABC);
    }

    #[test]
    fn a_file_is_hashed_again_where_anything_about_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("part"), "abc").unwrap();
        let mut checked = Checked::default();
        assert_eq!(checked.sha256(folder.path(), "part").unwrap(), ABC);
        checked.remember(folder.path());
        let mut again = Checked::read(folder.path());
        assert_eq!(again.parts, checked.parts);
        // What is remembered is believed while size and times are the same.
        again.parts.get_mut("part").unwrap().sha256 = "remembered".to_owned();
        assert_eq!(again.sha256(folder.path(), "part").unwrap(), "remembered");
        again.parts.get_mut("part").unwrap().ctime_ns -= 1;
        assert_eq!(again.sha256(folder.path(), "part").unwrap(), ABC);
    }
}
