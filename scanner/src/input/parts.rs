//! A folder of Parquet parts, as Spark, Hive and many programs write a table.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Folders in one another: `year=2026/month=01/day=02`.
const DEPTH: usize = 8;

/// The parts of a folder by their names, and of the folders in it. What begins with `_` or `.` is none: marks
/// and checksums of the writers.
///
/// # Errors
/// The folder cannot be read, or holds something else: what, in words that follow "a directory".
pub(super) fn of(folder: &Path) -> io::Result<Result<Vec<PathBuf>, String>> {
    let mut parts = Vec::new();
    if let Some(foreign) = gather(folder, DEPTH, &mut parts)? {
        return Ok(Err(format!("with {} in it, which is not Parquet", foreign.display())));
    }
    Ok(if parts.is_empty() { Err("without a Parquet file".to_owned()) } else { Ok(parts) })
}

/// Adds the parts; gives the first file that is none.
fn gather(folder: &Path, depth: usize, parts: &mut Vec<PathBuf>) -> io::Result<Option<PathBuf>> {
    let mut entries: Vec<PathBuf> =
        folder.read_dir()?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with(['_', '.']) {
            continue;
        }
        if path.is_dir() {
            let foreign = if depth == 0 { Some(path) } else { gather(&path, depth - 1, parts)? };
            if foreign.is_some() {
                return Ok(foreign);
            }
        } else if is_parquet(&path)? {
            parts.push(path);
        } else {
            return Ok(Some(name.into()));
        }
    }
    Ok(None)
}

fn is_parquet(path: &Path) -> io::Result<bool> {
    let mut magic = Vec::new();
    // Opening a pipe would wait for somebody who writes to it.
    if path.metadata()?.is_file() {
        File::open(path)?.take(4).read_to_end(&mut magic)?;
    }
    Ok(magic == b"PAR1")
}
