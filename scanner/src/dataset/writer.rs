//! The one owner of the output: rows come in as they are final, parts go out and are committed.

use super::columns::{CERTIFICATES, DOMAINS, MX_HOSTS, Table};
use super::commits::{Commit, CommitLog};
use super::content::Checked;
use super::parts::{Closed, PartError, PartWriter};
use super::ranges::Positions;
use crate::evidence::rows::{CertificateRow, DomainRow, HostRow, TlsEvidence};
use crate::tls::certificate;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Rows of a part: about 10 MB of evidence, few enough that a crash loses little.
const PART_ROWS: u64 = 131_072;

/// A part is committed after this long even where it is small: a crash loses, and contacts again, a minute at
/// most. At the default rates a minute fills a part.
const PART_AGE: Duration = Duration::from_secs(60);

/// A row that is final.
#[derive(Debug)]
pub enum FinalRow {
    /// A domain's row and its position in the list.
    Domain(u64, Box<DomainRow>),
    /// A row of an MX host's address.
    Host(Box<HostRow>),
}

/// The dataset cannot be written further; committed parts stay whole.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A part.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The log or a rename.
    #[error("cannot commit to {}: {source}", path.display())]
    Commit {
        /// The dataset's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Parts and rows that a line of the log names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    /// Parts of all tables.
    pub parts: u64,
    /// Rows of `domains`.
    pub domains: u64,
}

/// Writes a scan's evidence.
pub struct DatasetWriter {
    folder: PathBuf,
    log: CommitLog,
    domains: PartWriter<DomainRow>,
    hosts: PartWriter<HostRow>,
    certificates: PartWriter<CertificateRow>,
    /// SHA-256 of the certificates that have a row.
    known: HashSet<[u8; 32]>,
    /// Positions of the rows of `domains` since the last commit.
    done: Vec<u64>,
    checked: Checked,
    since: Instant,
    committed: Committed,
}

impl DatasetWriter {
    /// A writer that goes on behind these commits; `known` are the certificates that have a row.
    #[must_use]
    pub fn new(
        folder: &Path,
        scan: &str,
        log: CommitLog,
        commits: &[Commit],
        known: HashSet<[u8; 32]>,
    ) -> Self {
        let next = |table: &str| commits.iter().filter(|c| c.table == table).count();
        let domains = commits.iter().filter(|c| c.table == DOMAINS.name).map(|c| c.rows).sum();
        Self {
            folder: folder.to_owned(),
            log,
            domains: PartWriter::new(folder, scan, next(DOMAINS.name)),
            hosts: PartWriter::new(folder, scan, next(MX_HOSTS.name)),
            certificates: PartWriter::new(folder, scan, next(CERTIFICATES.name)),
            known,
            done: Vec::new(),
            checked: Checked::read(folder),
            since: Instant::now(),
            committed: Committed { parts: commits.len() as u64, domains },
        }
    }

    /// Takes what is final; commits parts that are full.
    ///
    /// # Errors
    /// The dataset cannot be written.
    pub fn take(&mut self, row: FinalRow) -> Result<(), WriteError> {
        match row {
            FinalRow::Domain(position, mut row) => {
                self.keep_certificates(&mut row.policy.tls)?;
                self.done.push(position);
                self.domains.push(row)?;
            }
            FinalRow::Host(mut row) => {
                self.keep_certificates(&mut row.smtp.tls)?;
                self.hosts.push(row)?;
            }
        }
        if self.pending() >= PART_ROWS { self.commit() } else { Ok(()) }
    }

    /// Commits parts that are old; to be called now and then, and not for each row.
    ///
    /// # Errors
    /// The dataset cannot be written.
    pub fn commit_old(&mut self) -> Result<(), WriteError> {
        if self.pending() > 0 && self.since.elapsed() >= PART_AGE { self.commit() } else { Ok(()) }
    }

    /// Rows of the table that has the most which no line names yet.
    fn pending(&self) -> u64 {
        self.domains.pending().max(self.hosts.pending())
    }

    fn keep_certificates(&mut self, tls: &mut TlsEvidence) -> Result<(), WriteError> {
        for der in std::mem::take(&mut tls.chain) {
            if self.known.insert(certificate::sha256(&der)) {
                self.certificates.push(Box::new(certificate::facts(&der)))?;
            }
        }
        Ok(())
    }

    /// Commits everything taken so far.
    ///
    /// # Errors
    /// The dataset cannot be written.
    pub fn commit(&mut self) -> Result<(), WriteError> {
        // Certificates first: a row that names one must find it.
        let certificates = self.certificates.close()?;
        self.append(&CERTIFICATES, certificates, Vec::new())?;
        let hosts = self.hosts.close()?;
        self.append(&MX_HOSTS, hosts, Vec::new())?;
        let domains = self.domains.close()?;
        let done = Positions::of(&mut self.done).ranges().collect();
        self.done.clear();
        self.append(&DOMAINS, domains, done)?;
        self.since = Instant::now();
        Ok(())
    }

    fn append(
        &mut self,
        table: &'static Table,
        closed: Option<Closed>,
        done: Vec<(u64, u64)>,
    ) -> Result<(), WriteError> {
        let Some(Closed { name, content }) = closed else { return Ok(()) };
        let commit = Commit::new(table, name, content.clone(), done);
        self.log
            .commit(&commit)
            .map_err(|source| WriteError::Commit { path: self.folder.clone(), source })?;
        self.checked.note_written(&self.folder, &commit.path(), &content);
        self.committed.parts += 1;
        if table.name == DOMAINS.name {
            self.committed.domains += commit.rows;
        }
        Ok(())
    }

    /// Commits the rest, and remembers which bytes were hashed.
    ///
    /// # Errors
    /// The dataset cannot be written.
    pub fn finish(&mut self) -> Result<(), WriteError> {
        self.commit()?;
        self.checked.remember(&self.folder);
        Ok(())
    }

    /// What a line of the log names by now.
    #[must_use]
    pub const fn committed(&self) -> Committed {
        self.committed
    }
}
