//! A first look at the lists: how many entries, and the hash the manifest keeps.

use super::digest::{Digest, Digesting};
use super::error::InputError;
use super::open::ListFormat;
use super::reader::read;
use super::source::RawEntry;
use super::{ListSpec, Location};
use std::fs::File;
use std::io;
use std::sync::Arc;

/// What the lists are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Each list, in the order given.
    pub lists: Vec<Surveyed>,
}

/// What one list is. Everything but the name is `None` for a stream, which is left untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surveyed {
    /// Name of the list.
    pub name: Arc<str>,
    /// What it is written in.
    pub format: Option<ListFormat>,
    /// SHA-256 of the file as it lies there, hexadecimal, lower case.
    pub sha256: Option<String>,
    /// Its size.
    pub bytes: Option<u64>,
    /// Its entries, bad ones and duplicates included.
    pub entries: Option<u64>,
}

impl Survey {
    /// Entries of all lists, that is [`InputCounts::inputs`](super::InputCounts::inputs) at the end; `None`
    /// with a stream.
    #[must_use]
    pub fn entries(&self) -> Option<u64> {
        self.lists.iter().map(|list| list.entries).sum()
    }
}

/// Reads the lists through once. Blocks on the disk.
///
/// # Errors
/// A list cannot be opened, is no list, or cannot be read to its end: better now than in the middle of the
/// scan.
pub fn survey(lists: &[ListSpec]) -> Result<Survey, InputError> {
    let lists = lists.iter().map(one).collect::<Result<_, _>>()?;
    Ok(Survey { lists })
}

fn one(list: &ListSpec) -> Result<Surveyed, InputError> {
    let name = list.name().clone();
    let Location::File(path) = &list.location else { return Ok(unknown(name)) };
    if list.is_stream() {
        return Ok(unknown(name));
    }
    let mut opened = list.open()?;
    let entries = match opened.source.total() {
        Some(total) => total,
        None => {
            let (mut raw, mut entries) = (RawEntry::default(), 0);
            while read(&mut opened, list, &mut raw)? {
                entries += 1;
            }
            entries
        }
    };
    let digest = match opened.digest {
        Some(digest) => digest,
        None => {
            let digest = Digest::default();
            let file = File::open(path).map_err(|cause| InputError::Open { list: list.typed(), cause })?;
            io::copy(&mut Digesting::new(file, digest.clone()), &mut io::sink())
                .map_err(|cause| InputError::Read { list: list.typed(), line: entries, cause })?;
            digest
        }
    };
    let (sha256, bytes) = digest.so_far();
    Ok(Surveyed {
        name,
        format: Some(opened.format),
        sha256: Some(sha256),
        bytes: Some(bytes),
        entries: Some(entries),
    })
}

fn unknown(name: Arc<str>) -> Surveyed {
    Surveyed { name, format: None, sha256: None, bytes: None, entries: None }
}
