//! Exclusion files: domains with everything below them, MX hosts, and address blocks that are never
//! contacted.

mod blocks;
mod entries;
mod file;

use crate::dataset::manifest::{self, ExclusionCounts};
use crate::moment;
use entries::Entries;
use file::{Stamp, Watched};
use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

/// A line of an exclusion file that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ExclusionError {
    /// The file cannot be read.
    #[error("cannot read exclusions {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The line is neither a name nor an address nor a block.
    #[error("{}:{line}: `{found}` is not a domain, address or block, such as example.org or 192.0.2.0/24", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The line.
        found: String,
    },
}

/// What must not be contacted: the files' entries as they are now, and those that they had since the scan
/// began.
///
/// A file that changes while the scan runs is taken over once it has stood still between two looks. Entries
/// are only added: one that is taken out stays in force until the next run, so that a file that is half
/// written, or gone, lets nobody be contacted.
#[derive(Debug, Default)]
pub struct Exclusions {
    entries: RwLock<Entries>,
    has_any: AtomicBool,
    watched: Mutex<Watched>,
    met: Met,
}

/// Fingerprints of what was met, under a key that ends with the process: only their number is told.
#[derive(Debug, Default)]
struct Met {
    hasher: RandomState,
    policy_hosts: Mutex<HashSet<u64>>,
    mx_hosts: Mutex<HashSet<u64>>,
    addresses: Mutex<HashSet<u64>>,
}

impl Exclusions {
    /// Everything that the files say. A line holds a domain, a suffix, a host, an address or a block; `#`
    /// begins a comment, which is to say who asked, and when.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that cannot be taken: to leave it out in silence would be to
    /// contact somebody who asked not to be.
    pub fn read(files: &[PathBuf]) -> Result<Self, ExclusionError> {
        let mut all = Entries::default();
        let mut watched = Watched::default();
        for path in files {
            let (state, entries) = Stamp::read(path)?;
            watched.add(path, state, entries.undated);
            all.add(entries);
        }
        let exclusions = Self {
            has_any: AtomicBool::new(!all.is_empty()),
            entries: RwLock::new(all),
            watched: Mutex::new(watched),
            met: Met::default(),
        };
        exclusions.note_listed();
        Ok(exclusions)
    }

    /// Looks at the files; one that has changed and stands still is taken over. A fault in one is a
    /// warning, and the previous entries stay in force.
    pub(super) fn look(&self) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let new = watched.look();
        drop(watched);
        if let Some(new) = new {
            let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
            entries.add(new);
            self.has_any.store(!entries.is_empty(), Ordering::Release);
            drop(entries);
            self.note_listed();
        }
    }

    fn note_listed(&self) {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let (names, blocks) = entries.sizes();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.is_any() {
            let (names, blocks) = (names as u64, blocks as u64);
            watched.listed.push(ExclusionCounts { at: moment::rfc3339(moment::now()), names, blocks });
        }
    }

    /// A line for each change that could not be taken, and one where entries have no date.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let mut warnings = watched.warnings.clone();
        match watched.undated() {
            0 => {}
            1 => warnings.push("an exclusion has no date (# who asked, 2026-01-31)".to_owned()),
            some => warnings.push(format!("{some} exclusions have no date (# who asked, 2026-01-31)")),
        }
        warnings
    }

    /// Whether the files have any entry.
    #[must_use]
    pub fn has_any(&self) -> bool {
        self.has_any.load(Ordering::Acquire)
    }

    /// Whether the name, or a name above it, is in a file. The name is in lower case without a trailing dot.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.has_any.load(Ordering::Acquire)
            && self.entries.read().unwrap_or_else(PoisonError::into_inner).has_name(name)
    }

    /// Whether an address is in a block of a file.
    #[must_use]
    pub fn has_address(&self, addr: IpAddr) -> bool {
        self.has_any.load(Ordering::Acquire)
            && self.entries.read().unwrap_or_else(PoisonError::into_inner).has_address(addr)
    }

    /// Counts a policy host that is left alone.
    pub(super) fn met_policy_host(&self, host: &str) {
        self.met.note(&self.met.policy_hosts, host);
    }

    /// Counts an MX host that is left alone.
    pub(super) fn met_mx_host(&self, host: &str) {
        self.met.note(&self.met.mx_hosts, host);
    }

    /// Counts an address that is left alone.
    pub(super) fn met_address(&self, addr: IpAddr) {
        self.met.note(&self.met.addresses, addr);
    }

    /// What the files held, and what was left alone up to now.
    #[must_use]
    pub fn facts(&self) -> manifest::ExclusionsSeen {
        let count = |of: &Mutex<HashSet<u64>>| of.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
        manifest::ExclusionsSeen {
            listed: self.watched.lock().unwrap_or_else(PoisonError::into_inner).listed.clone(),
            policy_hosts: count(&self.met.policy_hosts),
            mx_hosts: count(&self.met.mx_hosts),
            addresses: count(&self.met.addresses),
        }
    }
}

impl Met {
    fn note(&self, of: &Mutex<HashSet<u64>>, one: impl Hash) {
        of.lock().unwrap_or_else(PoisonError::into_inner).insert(self.hasher.hash_one(one));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    /// Two looks: a change is taken at the second, when it has stood still.
    fn look_twice(exclusions: &Exclusions) {
        exclusions.look();
        exclusions.look();
    }

    fn with(text: &str) -> (tempfile::TempDir, PathBuf, Exclusions) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exclude.txt");
        std::fs::write(&path, text).unwrap();
        let exclusions = Exclusions::read(std::slice::from_ref(&path)).unwrap();
        (folder, path, exclusions)
    }

    #[test]
    fn a_file_that_grows_is_taken_over_once_it_stands_still() {
        let (_folder, path, exclusions) = with("a.example # 2026-01-01\n");
        std::fs::write(&path, "a.example # 2026-01-01\nb.example # 2026-01-02\n192.0.2.1 # 2026-01-02\n")
            .unwrap();
        exclusions.look();
        assert!(!exclusions.has_name("b.example"));
        exclusions.look();
        assert!(exclusions.has_name("b.example") && exclusions.has_name("a.example"));
        assert!(exclusions.has_address("192.0.2.1".parse().unwrap()));
        let listed: Vec<_> = exclusions.facts().listed.iter().map(|l| (l.names, l.blocks)).collect();
        assert_eq!(listed, [(1, 0), (2, 1)]);
        look_twice(&exclusions);
        assert_eq!((exclusions.facts().listed.len(), exclusions.warnings().len()), (2, 0));
    }

    #[test]
    fn what_was_excluded_stays_so_whatever_becomes_of_the_file() {
        let (_folder, path, exclusions) = with("a.example # 2026-01-01\n192.0.2.1 # 2026-01-01\n");
        let still =
            || exclusions.has_name("a.example") && exclusions.has_address("192.0.2.1".parse().unwrap());
        // Cut short, emptied, and gone.
        for text in ["a.ex", ""] {
            std::fs::write(&path, text).unwrap();
            look_twice(&exclusions);
            assert!(still(), "{text}");
        }
        std::fs::remove_file(&path).unwrap();
        look_twice(&exclusions);
        assert!(still());
        assert!(
            exclusions.warnings()[0].contains("the previous entries stay in force"),
            "{:?}",
            exclusions.warnings()
        );
    }

    #[test]
    fn a_bad_line_is_told_once_and_a_fixed_file_is_taken() {
        let (_folder, path, exclusions) = with("a.example # 2026-01-01\n");
        std::fs::write(&path, "a.example # 2026-01-01\nb.example # 2026-01-01\ntwo words\n").unwrap();
        look_twice(&exclusions);
        look_twice(&exclusions);
        assert!(exclusions.has_name("a.example") && !exclusions.has_name("b.example"));
        let warnings = exclusions.warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("exclude.txt:3: `two words`"), "{warnings:?}");
        std::fs::write(&path, "b.example # 2026-01-01, by phone\n").unwrap();
        look_twice(&exclusions);
        assert!(exclusions.has_name("a.example") && exclusions.has_name("b.example"));
    }

    #[test]
    fn what_is_left_alone_is_counted_once_each() {
        let (_folder, _path, exclusions) = with("a.example # 2026-01-01\n");
        for _ in 0..3 {
            exclusions.met_mx_host("a.example");
            exclusions.met_mx_host("b.example");
            exclusions.met_policy_host("mta-sts.a.example");
            exclusions.met_address("192.0.2.1".parse().unwrap());
        }
        let facts = exclusions.facts();
        assert_eq!((facts.policy_hosts, facts.mx_hosts, facts.addresses), (1, 2, 1));
    }
}
