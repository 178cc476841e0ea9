//! A folder of reports: three Parquet tables, a dictionary, a manifest, and the list of what was rejected.
//!
//! One process at a time writes to it. What is committed stays whole whatever happens after; what is not is
//! removed by the next run.

mod cell;
pub mod columns;
mod known;
mod manifest;
mod rejected;
mod rows;
mod superseded;
mod writer;

use crate::fault::Code;
use crate::input::Origin;
use crate::parse::parse;
use known::{Known, Newness};
use manifest::Manifest;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use writer::Writer;

/// Reports between two commits: one part of each table.
const REPORTS_A_PART: i64 = 250_000;

/// Why a folder cannot be written to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something else is there.
    #[error(
        "it holds something that is no folder of reports: give the name of a folder that is not there, or is empty"
    )]
    NotOurs,
    /// A newer or older program's layout.
    #[error("its layout is {0}, and this program writes {version}", version = columns::SCHEMA_VERSION)]
    OtherVersion(String),
    /// Another process writes there.
    #[error("another process is writing there")]
    Busy,
    /// This machine failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file of it cannot be written or read.
    #[error("{0}")]
    Parquet(String),
}

impl StoreError {
    pub(crate) fn parquet(cause: impl std::fmt::Display) -> Self {
        Self::Parquet(cause.to_string())
    }

    /// Whether it is the user's to mend, not this machine's.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::NotOurs | Self::OtherVersion(_) | Self::Busy)
    }
}

/// What became of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is kept. `faulty`: it has a fault that RFC 8460 does not allow.
    New {
        /// Whether it has such a fault.
        faulty: bool,
    },
    /// The same text is there.
    Known,
    /// It is no report.
    Rejected(Code),
}

/// How often each thing became of what was met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reports that were added.
    pub new: u64,
    /// Of these, with a fault that RFC 8460 does not allow.
    pub faulty: u64,
    /// Of these, under the key of another.
    pub reused: u64,
    /// Texts that were there before.
    pub known: u64,
    /// Files, mails and parts without a report.
    pub rejected: u64,
}

/// A folder of reports, open for writing.
pub struct Store {
    folder: PathBuf,
    manifest: Manifest,
    known: Known,
    writer: Option<Writer>,
    rejected: rejected::Rejected,
    counts: Counts,
    uncommitted: i64,
    next_part: usize,
    _lock: File,
}

impl Store {
    /// Opens a folder, which is made where it is not there.
    ///
    /// # Errors
    /// It is something else, another process writes to it, or this machine failed.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        if fs::symlink_metadata(folder).is_ok_and(|there| !there.is_dir() && !folder.is_dir()) {
            return Err(StoreError::NotOurs);
        }
        // Before anything is made in what is not ours.
        Manifest::open(folder)?;
        fs::create_dir_all(folder)?;
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join(".working"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // Another process may have committed until the lock was ours.
        let manifest = Manifest::open(folder)?;
        writer::remove_unlisted(folder, &manifest.parts)?;
        manifest::whole(&folder.join("columns.json"), columns::dictionary().as_bytes())?;
        let known = superseded::known(folder, &manifest)?;
        let number = |part: &manifest::Part| -> Option<usize> {
            part.file.rsplit_once("part-")?.1.strip_suffix(".parquet")?.parse().ok()
        };
        let next_part = manifest.parts.iter().filter_map(number).max().unwrap_or(0) + 1;
        let rejected = rejected::Rejected::open(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            manifest,
            known,
            writer: None,
            rejected,
            counts: Counts::default(),
            uncommitted: 0,
            next_part,
            _lock: lock,
        })
    }

    /// What became of everything since it was opened.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Judges a text and keeps it, unless it is there.
    ///
    /// # Errors
    /// This machine failed at writing.
    pub fn take(&mut self, bytes: &[u8], origin: &Origin) -> Result<Taken, StoreError> {
        let mut judged = parse(bytes);
        let Some(report) = &judged.report else {
            let code = judged.why_not().unwrap_or(Code::report_not_a_report);
            self.reject(&origin.source, code.as_str())?;
            return Ok(Taken::Rejected(code));
        };
        let sha256 = Sha256::digest(bytes.trim_ascii());
        let key = rows::key(report, &sha256);
        let newness = self.known.add(key, &sha256);
        match newness {
            Newness::Same => {
                self.counts.known += 1;
                return Ok(Taken::Known);
            }
            Newness::Reused => {
                self.counts.reused += 1;
                judged.note(Code::report_id_reused, "$['report-id']".to_owned());
            }
            Newness::New => {}
        }
        let late = rows::beside(&mut judged, origin);
        let faulty = !judged.is_valid();
        let number = self.manifest.reports + self.uncommitted + 1;
        let Some(rows) = rows::rows(number, &sha256, key, judged, late, origin) else {
            return Ok(Taken::Rejected(Code::report_not_a_report));
        };
        self.writer()?.take(rows, bytes.len())?;
        self.uncommitted += 1;
        self.counts.new += 1;
        self.counts.faulty += u64::from(faulty);
        if self.uncommitted >= REPORTS_A_PART {
            self.commit()?;
        }
        Ok(Taken::New { faulty })
    }

    fn writer(&mut self) -> Result<&mut Writer, StoreError> {
        match &mut self.writer {
            Some(writer) => Ok(writer),
            none => {
                let writer = Writer::create(&self.folder, self.next_part)?;
                self.next_part += 1;
                Ok(none.insert(writer))
            }
        }
    }

    /// Lists something that is no report, with the reason.
    ///
    /// # Errors
    /// This machine failed at writing.
    pub fn reject(&mut self, source: &str, reason: &str) -> Result<(), StoreError> {
        self.counts.rejected += 1;
        self.rejected.add(source, reason)
    }

    /// Makes what was taken part of the folder: a crash after it loses nothing of it.
    ///
    /// # Errors
    /// This machine failed at writing; then the folder is as it was at the last commit.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        self.rejected.flush()?;
        let mut manifest = self.manifest.clone();
        if let Some(writer) = self.writer.take() {
            manifest.parts.extend(writer.finish()?);
            manifest.reports += self.uncommitted;
        }
        let reused = self.known.reused();
        if !reused.is_empty() {
            manifest.parts = superseded::mark(&self.folder, &manifest.parts, &reused, &mut self.next_part)?;
        }
        manifest.schema_version = columns::SCHEMA_VERSION.to_owned();
        manifest.write(&self.folder)?;
        self.manifest = manifest;
        self.uncommitted = 0;
        writer::remove_unlisted(&self.folder, &self.manifest.parts)
    }
}

#[cfg(test)]
mod tests;
