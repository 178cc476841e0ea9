//! The files of a published dataset: their list, hashes, and `SHA256SUMS`.

use crate::fault::Fault;
pub(super) use crate::hash::hashed;
use crate::hash::sha256;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the list of hashes.
pub(super) const SUMS: &str = "SHA256SUMS";

/// A file and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Path below the directory, with forward slashes.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// The table it is a part of.
    pub(super) table: Option<&'static str>,
    /// Rows of a part; 0 for other files.
    pub(super) rows: u64,
    /// What a table of numbers is called; empty for other files.
    pub(super) title: String,
    /// Names and Frictionless types of the columns of a table of numbers.
    pub(super) columns: Vec<(String, &'static str)>,
    /// Columns of its table that a part lacks, because it is of an older layout than what describes it.
    pub(super) lacks: Vec<String>,
}

impl Listed {
    /// A file that is no table, of which size and hash are not known yet.
    pub(super) fn other(path: String) -> Self {
        let (title, sha256) = (String::new(), String::new());
        Self { path, bytes: 0, sha256, table: None, rows: 0, title, columns: Vec::new(), lacks: Vec::new() }
    }

    /// A file that is to be written.
    pub(super) fn text(path: &str, text: &str) -> Self {
        let bytes = u64::try_from(text.len()).unwrap_or(0);
        Self { bytes, sha256: sha256(text.as_bytes()), ..Self::other(path.to_owned()) }
    }
}

/// Every file below a directory, by path; links and the like too.
pub(super) fn walk(dir: &Path) -> Result<Vec<String>, Fault> {
    let (mut files, others) = listed(dir)?;
    files.extend(others);
    files.sort();
    Ok(files)
}

/// What is below a directory, by path: the regular files, and what is neither a file nor a directory. No link
/// is followed.
pub(super) fn listed(dir: &Path) -> Result<(Vec<String>, Vec<String>), Fault> {
    let (mut files, mut others) = (Vec::new(), Vec::new());
    let mut open: Vec<(PathBuf, String)> = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        let entries = fs::read_dir(&folder).map_err(|cause| Fault::file("read", &folder, cause))?;
        for entry in entries {
            let entry = entry.map_err(|cause| Fault::file("read", &folder, cause))?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(|cause| Fault::file("read", &entry.path(), cause))?;
            if kind.is_dir() {
                open.push((entry.path(), path + "/"));
            } else if kind.is_file() {
                files.push(path);
            } else {
                others.push(path);
            }
        }
    }
    files.sort();
    others.sort();
    Ok((files, others))
}

/// `SHA256SUMS` as `sha256sum -c` reads it.
pub(super) fn sums(hashes: &BTreeMap<String, String>) -> String {
    hashes.iter().map(|(path, hash)| format!("{hash}  {path}\n")).collect()
}

/// Reads `SHA256SUMS`: hash by path.
///
/// # Errors
/// A line is not `hash  path` (usage).
pub(super) fn read_sums(text: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut hashes = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let (hash, path) = line
            .split_once("  ")
            .filter(|(hash, _)| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .ok_or_else(|| {
                Fault::Usage(format!("{SUMS}:{}: must be a SHA-256, two spaces and a path", number + 1))
            })?;
        hashes.insert(path.to_owned(), hash.to_owned());
    }
    Ok(hashes)
}

/// Writes a file below a directory, making the folders it is in.
pub(super) fn write(dir: &Path, path: &str, text: &[u8]) -> Result<(), Fault> {
    let whole = dir.join(path);
    if let Some(folder) = whole.parent() {
        fs::create_dir_all(folder).map_err(|cause| Fault::file("create", folder, cause))?;
    }
    fs::write(&whole, text).map_err(|cause| Fault::file("write", &whole, cause))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn hashes_are_those_of_sha256sum() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "a/b.txt", b"abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hashed(&dir.path().join("a/b.txt")).unwrap(), (3, expected.to_owned()));
        assert_eq!(walk(dir.path()).unwrap(), ["a/b.txt"]);
    }

    #[test]
    fn the_list_of_hashes_reads_as_it_is_written() {
        let hashes =
            BTreeMap::from([("a b.txt".to_owned(), "0".repeat(64)), ("c".to_owned(), "f".repeat(64))]);
        assert_eq!(read_sums(&sums(&hashes)).unwrap(), hashes);
        for bad in ["x", "zz  a", &format!("{} a", "0".repeat(64))] {
            assert!(read_sums(bad).unwrap_err().to_string().starts_with("SHA256SUMS:1: "));
        }
    }
}
