//! Reports that were taken and are not in the tables yet: a file each, named by when it came.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// How the name of a whole file ends; others are under way, or were left there by a crash.
const WHOLE: &str = "report";

/// The folder `spool` of a folder of reports.
#[derive(Debug, Clone)]
pub(super) struct Spool {
    folder: PathBuf,
    next: Arc<AtomicU64>,
}

impl Spool {
    /// Opens it, and removes what was not answered with 201.
    pub(super) fn open(reports: &Path) -> io::Result<Self> {
        let folder = reports.join("spool");
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != WHOLE) {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { folder, next: Arc::new(AtomicU64::new(0)) })
    }

    /// Keeps a body: when this returns it is on the disk. One that cannot be kept leaves nothing.
    #[allow(
        clippy::disallowed_methods,
        reason = "when a report came is a date, and the only one asked for here"
    )]
    pub(super) fn keep(&self, body: &[u8]) -> io::Result<()> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:020}-{:08x}-{number:08}", since.as_micros(), std::process::id());
        let partial = self.folder.join(&name).with_extension("partial");
        let written = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&partial)?;
            file.write_all(body)?;
            file.sync_all()?;
            fs::rename(&partial, self.folder.join(&name).with_extension(WHOLE))?;
            File::open(&self.folder)?.sync_all()
        };
        written().inspect_err(|_| drop(fs::remove_file(&partial)))
    }

    /// The files that are whole, in the order in which they came.
    pub(super) fn whole(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == WHOLE) {
                files.push(path);
            }
        }
        files.sort_unstable();
        Ok(files)
    }
}

/// When a file came, in microseconds since 1970-01-01T00:00:00Z; `None` where its name does not say.
pub(super) fn received(file: &Path) -> Option<i64> {
    file.file_name()?.to_str()?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_was_kept_is_found_again_and_what_was_under_way_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        spool.keep(b"one").unwrap();
        spool.keep(b"two").unwrap();
        fs::write(dir.path().join("spool/3.partial"), "half").unwrap();
        let again = Spool::open(dir.path()).unwrap().whole().unwrap();
        let texts: Vec<Vec<u8>> = again.iter().map(|path| fs::read(path).unwrap()).collect();
        assert_eq!(texts, [b"one".to_vec(), b"two".to_vec()]);
        assert!(received(&again[0]).unwrap() > 1_700_000_000_000_000);
        assert_eq!(fs::read_dir(dir.path().join("spool")).unwrap().count(), 2);
    }
}
