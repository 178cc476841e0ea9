//! `commits.jsonl`: one fsynced line per committed part. A part that no line names does not exist.

use super::columns::{EVIDENCE, Table};
use super::content::Content;
use super::ranges::Positions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Name of the log in the dataset's folder.
pub const LOG: &str = "commits.jsonl";

/// Its name in datasets of older versions. Backups and synchronisers leave out what is called `*.log`.
pub const OLD_LOG: &str = "commits.log";

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
    /// Its size; `None` where an older version wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256 of the file; `None` where an older version wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// `domains` only: positions whose rows are in this part, as ranges `[first, end)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<(u64, u64)>,
}

impl Commit {
    /// The line of a part that is closed.
    #[must_use]
    pub fn new(table: &Table, part: String, content: Content, done: Vec<(u64, u64)>) -> Self {
        let Content { rows, bytes, sha256 } = content;
        Self { table: table.name.to_owned(), part, rows, bytes: Some(bytes), sha256: Some(sha256), done }
    }

    /// The part's path below the dataset's folder.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.table, self.part)
    }
}

/// A log that cannot be gone by.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is none.
    #[error("it is missing: no other file says which rows are committed, so nothing was touched")]
    Missing,
    /// There is one by each name.
    #[error(
        "both it and {OLD_LOG} of an older version exist: only one of them says which rows are committed"
    )]
    Both,
    /// A line is none of ours.
    #[error("line {line} {why}")]
    Line {
        /// Name of the file.
        file: &'static str,
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl LogError {
    /// Name of the file that it is about.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        match self {
            Self::Line { file, .. } => file,
            Self::Missing | Self::Both | Self::Io(_) => LOG,
        }
    }

    /// The way out.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Missing => {
                "restore it from where the folder was copied from, or start a new scan with another -o; the parts stay as they are"
            }
            Self::Both => "keep the one that the last run wrote, and move the other one away",
            Self::Line { .. } => {
                "put the file back from a copy. Without one, remove the line: then the part that it should name is refused by name, \
                 and can be moved away to have its names looked at again"
            }
            Self::Io(_) => "see that the file can be read and written",
        }
    }
}

/// The log, open for more lines.
#[derive(Debug)]
pub struct CommitLog {
    file: File,
    folder: PathBuf,
}

/// The log of a dataset by its name, and its lines, without touching it; `None` where there is none. A last
/// line without its end never happened.
///
/// # Errors
/// It cannot be read, or a line is none of ours.
pub fn read(dataset: &Path) -> Result<Option<(&'static str, Vec<Commit>)>, LogError> {
    for name in [LOG, OLD_LOG] {
        match std::fs::read(dataset.join(name)) {
            Ok(text) => return Ok(Some((name, parse(name, &text)?.0))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(None)
}

/// The lines of a log, and how many bytes they have: what is behind the last end of a line never happened.
fn parse(file: &'static str, text: &[u8]) -> Result<(Vec<Commit>, usize), LogError> {
    let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let (mut commits, mut seen) = (Vec::new(), BTreeSet::new());
    for (at, line) in text[..whole].split_inclusive(|&byte| byte == b'\n').enumerate() {
        let wrong = |why: String| LogError::Line { file, line: at + 1, why };
        // Blocks that a machine lost when it went down read as zeros. They name nothing.
        if line.iter().all(|&byte| byte == 0 || byte.is_ascii_whitespace()) {
            continue;
        }
        let commit: Commit =
            serde_json::from_slice(line).map_err(|e| wrong(format!("is not a line of this file: {e}")))?;
        if !EVIDENCE.iter().any(|table| table.name == commit.table) {
            return Err(wrong(format!("names the table {:?}, which does not exist", commit.table)));
        }
        if !is_part(&commit.part) {
            return Err(wrong(format!("names the part {:?}, which is not the name of a part", commit.part)));
        }
        if !seen.insert(commit.path()) {
            return Err(wrong(format!("names {} a second time", commit.path())));
        }
        commits.push(commit);
    }
    Ok((commits, whole))
}

/// Whether a file is called as parts are: `part-00000.parquet`.
pub(super) fn is_part(name: &str) -> bool {
    let number = name.strip_prefix("part-").and_then(|rest| rest.strip_suffix(".parquet"));
    number.is_some_and(|number| number.len() >= 5 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

impl CommitLog {
    /// Begins that of a new dataset.
    ///
    /// # Errors
    /// The folder cannot be written, or there is one.
    pub fn create(dataset: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(dataset.join(LOG))?;
        Ok(Self { file, folder: dataset.to_owned() })
    }

    /// Opens the log of a dataset and gives its lines; a last line without its end never happened and is cut
    /// off. The log of an older version gets the name of today.
    ///
    /// # Errors
    /// There is none, it cannot be read or written, or it holds a line that is none of ours.
    pub fn open(dataset: &Path) -> Result<(Self, Vec<Commit>), LogError> {
        let (path, old) = (dataset.join(LOG), dataset.join(OLD_LOG));
        match (path.exists(), old.exists()) {
            (true, true) => return Err(LogError::Both),
            (false, false) => return Err(LogError::Missing),
            (false, true) => std::fs::rename(old, &path)?,
            (true, false) => {}
        }
        let mut file = OpenOptions::new().read(true).append(true).open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let (commits, whole) = parse(LOG, &text)?;
        if whole < text.len() {
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::End(0))?;
            file.sync_all()?;
        }
        Ok((Self { file, folder: dataset.to_owned() }, commits))
    }

    /// Makes a closed part count: its data reach the disk, then its line, then it gets its name.
    ///
    /// # Errors
    /// Any step fails. Before the line is written the part does not exist; after it,
    /// [`super::recover::recover`] finishes the rename.
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
    use crate::dataset::columns::DOMAINS;

    fn dataset() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for table in ["domains", "mx_hosts", "certificates"] {
            std::fs::create_dir(folder.path().join(table)).unwrap();
        }
        folder
    }

    fn commit(part: &str, done: Vec<(u64, u64)>) -> Commit {
        let content = Content { rows: 3, bytes: 1, sha256: "00".repeat(32) };
        Commit::new(&DOMAINS, part.into(), content, done)
    }

    #[test]
    fn a_line_without_its_end_never_happened() {
        let folder = dataset();
        let first = commit("part-00000.parquet", vec![(0, 3)]);
        std::fs::write(folder.path().join("domains/part-00000.parquet.tmp"), "x").unwrap();
        CommitLog::create(folder.path()).unwrap().commit(&first).unwrap();
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
    fn a_damaged_line_is_told_with_its_number_and_a_blank_one_names_nothing() {
        let good = |n| serde_json::to_string(&commit(&format!("part-0000{n}.parquet"), Vec::new())).unwrap();
        let all = [good(0), String::new(), "\0\0\0".into(), good(1), String::new()].join("\n");
        assert_eq!(parse(LOG, all.as_bytes()).unwrap().0.len(), 2);
        for (line, why) in [
            (good(0), "line 2 names domains/part-00000.parquet a second time"),
            (good(1).replace("domains", "../trap"), "line 2 names the table \"../trap\""),
            (good(1).replace("part-00001.parquet", "../../victim"), "line 2 names the part \"../../victim\""),
            ("{\"table\":".into(), "line 2 is not a line of this file"),
            ("\u{fffd}x".into(), "line 2 is not a line of this file"),
        ] {
            let error = parse(LOG, format!("{}\n{line}\n", good(0)).as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with(why), "{error}");
        }
    }

    #[test]
    fn the_log_of_an_older_version_is_read_and_gets_the_name_of_today() {
        let folder = dataset();
        assert!(matches!(CommitLog::open(folder.path()), Err(LogError::Missing)));
        let line = "{\"table\":\"domains\",\"part\":\"part-00000.parquet\",\"rows\":3,\"done\":[[0,3]]}\n";
        std::fs::write(folder.path().join(OLD_LOG), line).unwrap();
        assert_eq!(read(folder.path()).unwrap().unwrap().0, OLD_LOG);
        let (_, commits) = CommitLog::open(folder.path()).unwrap();
        assert_eq!((commits.len(), &commits[0].sha256, done(&commits).len()), (1, &None, 3));
        assert_eq!(read(folder.path()).unwrap().unwrap(), (LOG, commits));
        std::fs::write(folder.path().join(OLD_LOG), line).unwrap();
        assert!(matches!(CommitLog::open(folder.path()), Err(LogError::Both)));
    }
}
