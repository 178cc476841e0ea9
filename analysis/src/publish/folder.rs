//! A published directory as a stranger may have made it: only regular files below it are read.

use super::files;
use crate::fault::Fault;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of a text that is read: a stranger's may not fit into memory.
const MOST_BYTES: u64 = 64 << 20;

/// A directory and what is below it, by paths with forward slashes.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    /// Regular files.
    pub(super) files: BTreeSet<String>,
    /// What is neither a file nor a directory: links, pipes, devices.
    pub(super) others: Vec<String>,
}

impl Folder {
    /// Lists a directory.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn open(dir: &Path) -> Result<Self, Fault> {
        let dir = dir.canonicalize().map_err(|cause| Fault::file("open", dir, cause))?;
        let (files, others) = files::listed(&dir)?;
        Ok(Self { files: files.into_iter().collect(), others, dir })
    }

    /// Where a regular file below the directory is.
    ///
    /// # Errors
    /// There is no such file (usage).
    pub(super) fn path(&self, path: &str) -> Result<PathBuf, Fault> {
        // Listed paths have no `..` and no link in them, so that nothing outside is among them.
        match self.files.get(path) {
            Some(path) => Ok(self.dir.join(path)),
            None => Err(Fault::Usage(format!("{}: there is no file {path:?} in it", self.dir.display()))),
        }
    }

    /// The text of a regular file below the directory.
    ///
    /// # Errors
    /// There is no such file, or it is not UTF-8 (usage); or it cannot be read.
    pub(super) fn text(&self, path: &str) -> Result<String, Fault> {
        let whole = self.path(path)?;
        let size = fs::metadata(&whole).map_err(|cause| Fault::file("read", &whole, cause))?.len();
        if size > MOST_BYTES {
            return Err(Fault::Usage(format!(
                "{} has {size} bytes, at most {MOST_BYTES} are read",
                whole.display()
            )));
        }
        let bytes = fs::read(&whole).map_err(|cause| Fault::file("read", &whole, cause))?;
        String::from_utf8(bytes).map_err(|cause| Fault::Usage(format!("{}: {cause}", whole.display())))
    }

    /// The parts of a table, sorted.
    pub(super) fn parts(&self, table: &str) -> Vec<PathBuf> {
        let prefix = format!("{table}/part-");
        let parts = self.files.iter().filter(|path| {
            path.strip_prefix(&prefix).is_some_and(|rest| rest.ends_with(".parquet") && !rest.contains('/'))
        });
        parts.map(|path| self.dir.join(path)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn only_regular_files_below_the_directory_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        files::write(&inner, "domains/part-0.parquet", b"").unwrap();
        files::write(&inner, "domains/more/part-1.parquet", b"").unwrap();
        fs::write(dir.path().join("outside.txt"), "secret").unwrap();
        std::os::unix::fs::symlink("../outside.txt", inner.join("link.txt")).unwrap();
        std::os::unix::fs::symlink("..", inner.join("up")).unwrap();
        let folder = Folder::open(&inner).unwrap();
        assert_eq!(folder.others, ["link.txt", "up"]);
        assert_eq!(folder.parts("domains").len(), 1);
        for outside in ["../outside.txt", "link.txt", "up/outside.txt", "/etc/passwd", "domains/../link.txt"]
        {
            let fault = folder.text(outside).unwrap_err();
            assert_eq!(fault.exit_code(), 2, "{outside}: {fault}");
        }
    }
}
