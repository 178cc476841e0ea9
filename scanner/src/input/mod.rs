//! Domain lists: what they are written in, the names in them, and the order in which they are scanned.
//!
//! [`Reader`] streams one or several lists of any length as [`Entry`]s. The format is found by content: one
//! name a line, CSV, JSON lines, zone file, each also in gzip, zstd or zip, or Parquet. A line that holds no
//! name is counted ([`InputCounts`]) and passed over; a list that can hardly be meant ([`InputError`]) is
//! refused.
//!
//! Memory, whatever the lists' length: 10 to 21 bytes per name for dropping duplicates, one window of names,
//! and with several lists 16 bytes for each name of the lists after the first. Nothing else grows with the
//! lists.
//!
//! A stream (`-`, a pipe) can be read only once, so it must be the only list or the first of several; its
//! length and hash are known at its end. To resume such a scan the same names have to be fed in again.

mod bad;
mod choices;
mod columns;
mod delegated;
mod digest;
mod error;
mod foreign;
mod form;
mod json;
mod judge;
mod lines;
mod look;
mod name;
mod open;
mod order;
mod packed;
mod parquet;
mod parts;
mod reader;
mod record;
mod sample;
mod sniff;
mod source;
mod suffix;
mod survey;
mod table;
mod text;
mod unique;
mod words;
mod zip;
mod zone;

pub use bad::{BadEntry, Example};
pub use choices::Choices;
pub use delegated::{Delegated, Hosts};
pub use error::InputError;
pub use look::{First, Looked, look};
pub use name::normalise;
pub use open::{ListFormat, ReadAs};
pub use order::{Shard, ShardError};
pub use reader::{Entry, InputCounts, ListCounts, Options, Reader, Repeats};
pub use sample::{Sample, SampleError};
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
    choices: Choices,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Location {
    Stdin,
    File(PathBuf),
}

impl ListSpec {
    /// The lists as typed, in their order: a file, `NAME=FILE`, or `-` for standard input. Nothing is opened.
    ///
    /// A list's name is the one that is given, else its file name; where two lists have one name, all but the
    /// first get a number. No path is part of it.
    ///
    /// # Errors
    /// No list, a list given twice, more lists than can be told apart, a name given twice, or a stream after
    /// the first place.
    pub fn all<S: AsRef<OsStr>>(typed: &[S]) -> Result<Vec<Self>, InputError> {
        Self::numbered(&typed.iter().map(|typed| named(typed.as_ref())).collect::<Vec<_>>())
    }

    /// The lists of a scan that was begun, by the names that its rows have and their paths as recorded.
    ///
    /// # Errors
    /// As [`ListSpec::all`].
    pub fn recorded(lists: &[(String, PathBuf)]) -> Result<Vec<Self>, InputError> {
        let lists: Vec<_> = lists.iter().map(|(name, path)| (Some(name.as_str()), path.as_path())).collect();
        Self::numbered(&lists)
    }

    fn numbered(typed: &[(Option<&str>, &Path)]) -> Result<Vec<Self>, InputError> {
        if typed.is_empty() {
            return Err(InputError::NoList);
        }
        let most = unique::Memberships::MAX_LISTS;
        if typed.len() > most {
            return Err(InputError::TooManyLists { given: typed.len(), most });
        }
        let alone = typed.len() == 1;
        let mut lists: Vec<Self> = Vec::with_capacity(typed.len());
        for (given, path) in typed {
            let location =
                if *path == Path::new("-") { Location::Stdin } else { Location::File(path.to_path_buf()) };
            let file = || path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            let wanted = given.map_or_else(file, str::to_owned);
            let is_taken = |name: &str| lists.iter().any(|list| &*list.name == name);
            if given.is_some() && is_taken(&wanted) {
                return Err(InputError::SameName { name: wanted });
            }
            let mut numbers = (2..).map(|number| format!("{wanted}#{number}"));
            let name = if is_taken(&wanted) { numbers.find(|name| !is_taken(name)) } else { None };
            let name = name.unwrap_or(wanted).into();
            let list = Self { name, location, choices: Choices { alone, ..Choices::default() } };
            if lists.iter().any(|other| other.location == list.location) {
                return Err(InputError::SameList { list: list.typed() });
            }
            if !lists.is_empty() && list.is_stream() {
                return Err(InputError::StreamNotFirst { list: list.typed() });
            }
            lists.push(list);
        }
        Ok(lists)
    }

    /// The lists, to be read like this.
    #[must_use]
    pub fn read_as(lists: &[Self], choices: &Choices) -> Vec<Self> {
        let alone = lists.len() == 1;
        let chosen = |list: &Self| Self { choices: Choices { alone, ..choices.clone() }, ..list.clone() };
        lists.iter().map(chosen).collect()
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

    const fn choices(&self) -> &Choices {
        &self.choices
    }

    /// What messages call it.
    fn typed(&self) -> String {
        self.path().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }
}

/// The name and the path in `NAME=FILE`; without a name where a file is called so, or where the `=` is part
/// of a folder's name (`year=2026/part`).
fn named(typed: &OsStr) -> (Option<&str>, &Path) {
    let whole = Path::new(typed);
    let split = typed.to_str().and_then(|text| text.split_once('='));
    match split {
        Some((name, file))
            if !name.is_empty() && !name.contains('/') && !file.is_empty() && !whole.exists() =>
        {
            (Some(name), Path::new(file))
        }
        _ => (None, whole),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn names(typed: &[&str]) -> Vec<String> {
        ListSpec::all(typed).unwrap().iter().map(|list| list.name().to_string()).collect()
    }

    #[test]
    fn lists_are_named_by_their_files_and_never_by_a_folder() {
        assert_eq!(
            names(&["-", "a/top.csv", "b/top.csv", "c/other.gz", "d/top.csv"]),
            ["-", "top.csv", "top.csv#2", "other.gz", "top.csv#3"]
        );
    }

    #[test]
    fn a_list_may_be_given_a_name() {
        let typed = ["tranco=/a/top.csv", "umbrella=/b/top=1.csv", "c/year=2026/part", "in=-"];
        let lists = ListSpec::all(&typed[..3]).unwrap();
        let named: Vec<_> =
            lists.iter().map(|list| (list.name().to_string(), list.path().unwrap())).collect();
        let want = [("tranco", "/a/top.csv"), ("umbrella", "/b/top=1.csv"), ("part", "c/year=2026/part")];
        assert_eq!(named, want.map(|(name, path)| (name.to_owned(), Path::new(path))));
        assert_eq!(ListSpec::all(&typed[3..]).unwrap()[0].path(), None);
        assert!(matches!(ListSpec::all(&["x=/a", "x=/b"]), Err(InputError::SameName { .. })));
        // A file of the whole name comes first.
        let dir = tempfile::tempdir().unwrap();
        let whole = dir.path().join("a=b.csv");
        std::fs::write(&whole, "").unwrap();
        assert_eq!(named_in(&whole), "a=b.csv");
    }

    fn named_in(path: &Path) -> String {
        ListSpec::all(&[path]).unwrap()[0].name().to_string()
    }

    #[test]
    fn standard_input_must_be_the_first_list() {
        assert!(matches!(ListSpec::all(&["a", "-"]), Err(InputError::StreamNotFirst { .. })));
        assert!(matches!(ListSpec::all(&["a", "b", "a"]), Err(InputError::SameList { .. })));
        assert!(matches!(ListSpec::all::<&str>(&[]), Err(InputError::NoList)));
    }
}
