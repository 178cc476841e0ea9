//! Exclusion files while a scan runs: when one has changed, and whether it stands still.

use super::ExclusionError;
use super::entries::Entries;
use crate::dataset::manifest::ExclusionCounts;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a file looks like from outside; `None` where there is none.
pub(super) type State = Option<Stamp>;

/// Changes with every write: inode, length, and the time of the last change with its nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// The files, and what became of them.
#[derive(Debug, Default)]
pub(super) struct Watched {
    files: Vec<File>,
    pub(super) listed: Vec<ExclusionCounts>,
    pub(super) warnings: Vec<String>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    /// As it was when it was read last, with whatever result.
    read: State,
    /// As it was at the last look.
    seen: State,
    /// Its entries without a date.
    undated: usize,
}

impl Stamp {
    fn of(path: &Path) -> State {
        let about = std::fs::metadata(path).ok()?;
        Some(Self { inode: about.ino(), length: about.len(), changed: (about.mtime(), about.mtime_nsec()) })
    }

    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<(State, Entries), ExclusionError> {
        // Before the text: a write in between is seen as a change at the next look.
        let state = Self::of(path);
        let text = std::fs::read_to_string(path)
            .map_err(|source| ExclusionError::Unreadable { path: path.to_owned(), source })?;
        Ok((state, Entries::parse(&text, path)?))
    }
}

impl Watched {
    pub(super) fn add(&mut self, path: &Path, state: State, undated: usize) {
        self.files.push(File { path: path.to_owned(), read: state, seen: state, undated });
    }

    /// Entries without a date, in all files as they were read last.
    pub(super) fn undated(&self) -> usize {
        self.files.iter().map(|file| file.undated).sum()
    }

    pub(super) fn is_any(&self) -> bool {
        !self.files.is_empty()
    }

    /// Looks at all files; gives the entries of those that have changed since they were read and not since
    /// the last look.
    pub(super) fn look(&mut self) -> Option<Entries> {
        let mut new: Option<Entries> = None;
        for file in &mut self.files {
            let state = Stamp::of(&file.path);
            let stands_still = state == file.seen;
            file.seen = state;
            if state == file.read || !stands_still {
                continue;
            }
            match Stamp::read(&file.path) {
                // Written to while it was read: at the next look it is seen to have moved.
                Ok((read, _)) if read != state => {}
                Ok((read, entries)) => {
                    (file.read, file.undated) = (read, entries.undated);
                    new.get_or_insert_default().add(entries);
                }
                Err(wrong) => {
                    file.read = state;
                    self.warnings.push(format!("{wrong}; the previous entries stay in force"));
                }
            }
        }
        new
    }
}
