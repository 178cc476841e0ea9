//! Domain lists: what they are written in, the names in them, and the order in which they are scanned.
//!
//! [`Reader`] streams one or several lists of any length as [`Entry`]s. The format is found by content: one
//! name a line, CSV, zone file, each also in gzip, zstd or zip, or Parquet. A line that holds no name is
//! counted ([`InputCounts`]) and passed over.
//!
//! Memory, whatever the lists' length: 10 to 21 bytes per name for dropping duplicates, one window of names,
//! and with several lists 16 bytes for each name of the lists after the first. Nothing else grows with the
//! lists.
//!
//! A stream (`-`, a pipe) can be read only once, so it must be the only list or the first of several; its
//! length and hash are known at its end. To resume such a scan the same names have to be fed in again.

mod digest;
mod error;
mod lines;
mod name;
mod open;
mod order;
mod parquet;
mod reader;
mod sniff;
mod source;
mod suffix;
mod survey;
mod text;
mod unique;
mod zip;
mod zone;

pub use error::InputError;
pub use name::{BadEntry, normalise};
pub use open::ListFormat;
pub use order::{Shard, ShardError};
pub use reader::{Entry, Example, InputCounts, Options, Reader, Repeats};
pub use suffix::{Split, split};
pub use survey::{Survey, Surveyed, survey};

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names that the lists after the first may hold together: 16 bytes of memory each.
pub const LISTED_NAMES: usize = 200_000_000;

/// A domain list as it was given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSpec {
    name: Arc<str>,
    location: Location,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Location {
    Stdin,
    File(PathBuf),
}

impl ListSpec {
    /// The lists as typed, in their order; `-` is standard input. Nothing is opened.
    ///
    /// A list's name is its file name, or its path as typed where two files have the same name; standard
    /// input is `-`.
    ///
    /// # Errors
    /// No list, a list given twice, more lists than can be told apart, or a stream after the first place.
    pub fn all<S: AsRef<OsStr>>(typed: &[S]) -> Result<Vec<Self>, InputError> {
        if typed.is_empty() {
            return Err(InputError::NoList);
        }
        let most = unique::Memberships::MAX_LISTS;
        if typed.len() > most {
            return Err(InputError::TooManyLists { given: typed.len(), most });
        }
        let paths: Vec<&Path> = typed.iter().map(|path| Path::new(path)).collect();
        let mut lists = Vec::with_capacity(paths.len());
        for (at, path) in paths.iter().enumerate() {
            let list = Self::of(path, &paths);
            if paths[..at].contains(path) {
                return Err(InputError::SameList { list: list.typed() });
            }
            if at > 0 && list.is_stream() {
                return Err(InputError::StreamNotFirst { list: list.typed() });
            }
            lists.push(list);
        }
        Ok(lists)
    }

    fn of(path: &Path, among: &[&Path]) -> Self {
        if path == Path::new("-") {
            return Self { name: "-".into(), location: Location::Stdin };
        }
        let alone = among.iter().filter(|other| other.file_name() == path.file_name()).count() == 1;
        let name = path.file_name().filter(|_| alone).unwrap_or(path.as_os_str());
        Self { name: name.to_string_lossy().into(), location: Location::File(path.to_owned()) }
    }

    /// What rows call it (column `lists`).
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its file; `None` for standard input.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.location {
            Location::Stdin => None,
            Location::File(path) => Some(path),
        }
    }

    /// What messages call it.
    fn typed(&self) -> String {
        self.path().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn lists_are_named_by_their_files() {
        let lists = ListSpec::all(&["-", "a/top.csv", "b/top.csv", "c/other.gz"]).unwrap();
        let names: Vec<&str> = lists.iter().map(|list| &**list.name()).collect();
        assert_eq!(names, ["-", "a/top.csv", "b/top.csv", "other.gz"]);
    }

    #[test]
    fn standard_input_must_be_the_first_list() {
        assert!(matches!(ListSpec::all(&["a", "-"]), Err(InputError::StreamNotFirst { .. })));
        assert!(matches!(ListSpec::all(&["a", "b", "a"]), Err(InputError::SameList { .. })));
        assert!(matches!(ListSpec::all::<&str>(&[]), Err(InputError::NoList)));
    }
}
