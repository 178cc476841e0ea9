//! A first look at the lists: how many entries, and the hash the manifest keeps.

use super::delegated::Hosts;
use super::digest::{Digest, Digesting};
use super::error::InputError;
use super::judge::{HEAD, Judge};
use super::open::{Opened, ReadAs};
use super::reader::read;
use super::source::RawEntry;
use super::{ListSpec, Location};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What the lists are.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Each list, in the order given.
    pub lists: Vec<Surveyed>,
    /// The addresses of name servers that they have; empty where [`super::Choices::delegations`] is not set.
    pub hosts: Arc<Hosts>,
}

/// What one list is. Everything but the name is `None` for a stream, which is left untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surveyed {
    /// Name of the list.
    pub name: Arc<str>,
    /// What it is written in, and what of it is read.
    pub read_as: Option<ReadAs>,
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
/// A list cannot be opened, is no list, can hardly be meant, or cannot be read to its end: better now than in
/// the middle of the scan.
pub fn survey(lists: &[ListSpec]) -> Result<Survey, InputError> {
    let mut hosts = Hosts::default();
    let lists = lists.iter().map(|list| one(list, &mut hosts)).collect::<Result<_, _>>()?;
    hosts.seal();
    Ok(Survey { lists, hosts: Arc::new(hosts) })
}

fn one(list: &ListSpec, hosts: &mut Hosts) -> Result<Surveyed, InputError> {
    let name = list.name().clone();
    let Location::File(path) = &list.location else { return Ok(unknown(name)) };
    if list.is_stream() {
        return Ok(unknown(name));
    }
    let mut opened = list.open()?;
    let wanted = list.choices().delegations;
    if let Some(place) = opened.source.hosts().filter(|_| wanted) {
        *place = Some(std::mem::take(hosts));
    }
    let entries = entries(&mut opened, list)?;
    if let Some(kept) = opened.source.hosts().and_then(Option::take) {
        *hosts = kept;
    }
    let digest = match opened.digest {
        Some(digest) => digest,
        None => digest_of(list, path, entries)?,
    };
    let (sha256, bytes) = digest.so_far();
    Ok(Surveyed {
        name,
        read_as: Some(opened.read_as),
        sha256: Some(sha256),
        bytes: Some(bytes),
        entries: Some(entries),
    })
}

/// Counts the entries, and refuses a list that can hardly be meant.
fn entries(opened: &mut Opened, list: &ListSpec) -> Result<u64, InputError> {
    let (mut raw, mut entries, mut judge) = (RawEntry::default(), 0, Judge::default());
    // Where the format says how many there are, the first of them are enough.
    let total = opened.source.total();
    while total.is_none_or(|_| entries < HEAD) && read(opened, list, &mut raw)? {
        entries += 1;
        judge.look(list, &raw, opened.form);
    }
    if let (0, Some(records)) = (entries, opened.source.records().filter(|records| *records > 0)) {
        return Err(InputError::NoDelegation { list: list.typed(), records });
    }
    judge.verdict(list, &opened.read_as.names)?;
    Ok(total.unwrap_or(entries))
}

/// Of a file that is read in pieces: its bytes, or those of the files of a folder one after the other.
fn digest_of(list: &ListSpec, path: &Path, line: u64) -> Result<Digest, InputError> {
    let digest = Digest::default();
    for file in list.files(path)? {
        let file = File::open(file).map_err(|cause| InputError::Open { list: list.typed(), cause })?;
        io::copy(&mut Digesting::new(file, digest.clone()), &mut io::sink())
            .map_err(|cause| InputError::Read { list: list.typed(), line, cause })?;
    }
    Ok(digest)
}

fn unknown(name: Arc<str>) -> Surveyed {
    Surveyed { name, read_as: None, sha256: None, bytes: None, entries: None }
}
