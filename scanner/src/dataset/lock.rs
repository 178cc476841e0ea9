//! One process per folder: a process that writes to a dataset holds the lock of its file `.working`, which
//! names it.
//!
//! The lock is the system's (flock) and ends with the process that holds it, so a file that a dead process
//! left locks nothing.

use crate::moment;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Name of the file in the dataset's folder.
pub const WORKING: &str = ".working";

/// Who works in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Its process.
    pub pid: u32,
    /// Since when, RFC 3339.
    pub since: String,
    /// What it does.
    pub command: String,
}

/// Why a folder cannot be worked in.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else does; `None` where the file does not say who.
    #[error("{}", busy(.0.as_ref()))]
    Busy(Option<Worker>),
    /// The file cannot be made, or this file system has no locks.
    #[error(transparent)]
    Io(#[from] io::Error),
}

fn busy(worker: Option<&Worker>) -> String {
    match worker {
        Some(Worker { pid, since, command }) => {
            format!("`{command}` has been working there since {since} (process {pid})")
        }
        None => "another process is working there".to_owned(),
    }
}

/// Held for as long as somebody works in the folder.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder for a command.
    ///
    /// # Errors
    /// Somebody else holds it, or the file cannot be made.
    pub fn take(folder: &Path, command: &str) -> Result<Self, LockError> {
        let path = folder.join(WORKING);
        loop {
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    file.read_to_string(&mut text)?;
                    return Err(LockError::Busy(serde_json::from_str(&text).ok()));
                }
                Err(TryLockError::Error(error)) => return Err(error.into()),
                Ok(()) => {}
            }
            // Its holder may have removed the file between the two: then nobody holds it any more.
            if !std::fs::metadata(&path).is_ok_and(|there| is_same(&there, &file)) {
                continue;
            }
            let since = moment::rfc3339(moment::now());
            let worker = Worker { pid: std::process::id(), since, command: command.to_owned() };
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&serde_json::to_vec(&worker).map_err(io::Error::from)?)?;
            return Ok(Self { path, _file: file });
        }
    }
}

fn is_same(there: &std::fs::Metadata, file: &File) -> bool {
    file.metadata().is_ok_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()))
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still locked. One that cannot be removed locks nothing.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    #[test]
    fn a_second_one_is_refused_and_told_who_works_there() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path(), "sts-scan resume").unwrap();
        let told = Lock::take(folder.path(), "sts-scan assess").unwrap_err().to_string();
        let process = format!("(process {})", std::process::id());
        assert!(
            told.starts_with("`sts-scan resume` has been working there since 2") && told.ends_with(&process),
            "{told}"
        );
        drop(lock);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        Lock::take(folder.path(), "sts-scan assess").unwrap();
    }

    #[test]
    fn a_file_that_a_dead_process_left_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for left in ["", "{\"pid\":1,\"since\":\"2026-01-01T00:00:00Z\",\"command\":\"sts-scan scan\"}"] {
            std::fs::write(folder.path().join(WORKING), left).unwrap();
            Lock::take(folder.path(), "sts-scan resume").unwrap();
        }
    }
}
