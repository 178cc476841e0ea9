//! Files below a path.

use super::{Met, Reason, Taker, stream};
use std::fs::{self, File, FileType};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// So many names of a folder are put in order at a time: a folder of millions is read in bounded memory.
const SORTED: usize = 65_536;

pub(super) fn path(path: &Path, take: &mut Taker<'_>) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if fs::metadata(path).map_err(named)?.is_dir() {
        return folder(path, take);
    }
    let opened = File::open(path).map_err(named)?;
    stream(&mut BufReader::with_capacity(64 * 1024, opened), &path.to_string_lossy(), take)
}

/// Everything in a folder, links to folders excepted. `tmp/` of a Maildir holds what is not delivered yet.
fn folder(path: &Path, take: &mut Taker<'_>) -> io::Result<()> {
    let is_maildir = ["cur", "new", "tmp"].iter().all(|name| path.join(name).is_dir());
    let Ok(mut entries) = fs::read_dir(path) else {
        return take(Met::Rejected(path.to_string_lossy().into_owned(), Reason::Unreadable));
    };
    loop {
        let mut some: Vec<(PathBuf, FileType)> = Vec::new();
        for entry in entries.by_ref().take(SORTED) {
            match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                Ok(entry) => some.push(entry),
                Err(_) => take(Met::Rejected(path.to_string_lossy().into_owned(), Reason::Unreadable))?,
            }
        }
        if some.is_empty() {
            return Ok(());
        }
        some.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (path, kind) in some {
            let left_alone = is_maildir && path.file_name().is_some_and(|name| name == "tmp");
            if !left_alone {
                entry(&path, kind, take)?;
            }
        }
    }
}

fn entry(path: &Path, kind: FileType, take: &mut Taker<'_>) -> io::Result<()> {
    let rejected =
        |take: &mut Taker<'_>| take(Met::Rejected(path.to_string_lossy().into_owned(), Reason::Unreadable));
    if kind.is_dir() {
        return folder(path, take);
    }
    // What a link leads to is read where it is a file; a pipe or a device might never end.
    if !(kind.is_file() || (kind.is_symlink() && fs::metadata(path).is_ok_and(|there| there.is_file()))) {
        return rejected(take);
    }
    match File::open(path) {
        Ok(file) => stream(&mut BufReader::with_capacity(16 * 1024, file), &path.to_string_lossy(), take),
        Err(_) => rejected(take),
    }
}
