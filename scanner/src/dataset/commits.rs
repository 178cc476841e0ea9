//! `commits.log`: one fsynced line a committed part. What no line names does not exist.

use super::ranges::Positions;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Name of the log in the dataset's folder.
pub const LOG: &str = "commits.log";

/// Ending of a part that no line names yet.
pub const UNFINISHED: &str = "tmp";

/// One line: a part is closed and synced, and these positions of the list are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Table and folder.
    pub table: String,
    /// File name in that folder.
    pub part: String,
    /// Rows in it.
    pub rows: u64,
    /// `domains` only: positions whose rows are in this part, as ranges `[first, end)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<(u64, u64)>,
}

/// The log, open for more lines.
#[derive(Debug)]
pub struct CommitLog {
    file: File,
    folder: PathBuf,
}

impl CommitLog {
    /// Opens the log of a dataset and gives its lines; a last line without its end never happened and is cut off.
    ///
    /// # Errors
    /// The log cannot be read or written, or holds a line that is none of ours.
    pub fn open(dataset: &Path) -> io::Result<(Self, Vec<Commit>)> {
        let path = dataset.join(LOG);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::End(0))?;
            file.sync_all()?;
        }
        let parse = |(at, line): (usize, &str)| {
            serde_json::from_str(line)
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("{LOG}:{}: {e}", at + 1)))
        };
        let commits = text[..whole].lines().enumerate().map(parse).collect::<io::Result<Vec<Commit>>>()?;
        Ok((Self { file, folder: dataset.to_owned() }, commits))
    }

    /// Makes a closed part count: its data reach the disk, then its line, then it gets its name.
    ///
    /// # Errors
    /// Any step fails. Before the line is written the part does not exist; after it, [`recover`] finishes the rename.
    pub fn commit(&mut self, commit: &Commit) -> io::Result<()> {
        let folder = self.folder.join(&commit.table);
        let unfinished = folder.join(format!("{}.{UNFINISHED}", commit.part));
        File::open(&unfinished)?.sync_all()?;
        let mut line = serde_json::to_string(commit)?;
        line.push('\n');
        self.file.write_all(line.as_bytes())?;
        self.file.sync_all()?;
        std::fs::rename(&unfinished, folder.join(&commit.part))?;
        File::open(&folder)?.sync_all()
    }
}

/// Brings the folders into line with the log: unfinished renames are finished, what no line names is removed.
///
/// # Errors
/// A file cannot be renamed or removed, or a part that a line names is gone.
pub fn recover(dataset: &Path, commits: &[Commit]) -> io::Result<()> {
    for commit in commits {
        let part = dataset.join(&commit.table).join(&commit.part);
        let unfinished = part.with_file_name(format!("{}.{UNFINISHED}", commit.part));
        if unfinished.exists() {
            std::fs::rename(&unfinished, &part)?;
        } else if !part.exists() {
            let gone = format!("{} is in {LOG} but not in its folder", part.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, gone));
        }
    }
    for table in super::columns::TABLES.iter().filter(|t| t.name != super::columns::ASSESSMENTS.name) {
        let folder = dataset.join(table.name);
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if !commits.iter().any(|c| c.table == table.name && *c.part == *name) {
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// The positions that have a committed row.
#[must_use]
pub fn done(commits: &[Commit]) -> Positions {
    let mut done = Positions::default();
    for &(first, end) in commits.iter().flat_map(|c| &c.done) {
        done.insert_range(first, end);
    }
    done
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn dataset() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for table in ["domains", "mx_hosts", "certificates"] {
            std::fs::create_dir(folder.path().join(table)).unwrap();
        }
        folder
    }

    fn commit(part: &str, done: Vec<(u64, u64)>) -> Commit {
        Commit { table: "domains".into(), part: part.into(), rows: 3, done }
    }

    #[test]
    fn a_line_without_its_end_never_happened() {
        let folder = dataset();
        let first = commit("part-00000.parquet", vec![(0, 3)]);
        std::fs::write(folder.path().join("domains/part-00000.parquet.tmp"), "x").unwrap();
        CommitLog::open(folder.path()).unwrap().0.commit(&first).unwrap();
        let mut file = OpenOptions::new().append(true).open(folder.path().join(LOG)).unwrap();
        file.write_all(b"{\"table\":\"domains\",\"part\":\"part-00001.par").unwrap();
        let (mut log, commits) = CommitLog::open(folder.path()).unwrap();
        assert_eq!(commits, std::slice::from_ref(&first));
        let second = commit("part-00001.parquet", vec![(3, 5)]);
        std::fs::write(folder.path().join("domains/part-00001.parquet.tmp"), "y").unwrap();
        log.commit(&second).unwrap();
        assert_eq!(CommitLog::open(folder.path()).unwrap().1, [first, second]);
    }

    #[test]
    fn a_part_is_finished_where_a_line_names_it_and_removed_where_none_does() {
        let folder = dataset();
        let named = folder.path().join("domains/part-00000.parquet.tmp");
        let stray = folder.path().join("domains/part-00001.parquet.tmp");
        std::fs::write(&named, "x").unwrap();
        std::fs::write(&stray, "y").unwrap();
        recover(folder.path(), &[commit("part-00000.parquet", vec![(0, 3)])]).unwrap();
        assert!(folder.path().join("domains/part-00000.parquet").exists());
        assert!(!named.exists() && !stray.exists());
    }

    #[test]
    fn a_part_that_a_line_names_and_that_is_gone_is_an_error() {
        let folder = dataset();
        let error = recover(folder.path(), &[commit("part-00000.parquet", Vec::new())]).unwrap_err();
        assert!(error.to_string().contains("part-00000.parquet is in commits.log"), "{error}");
    }
}
