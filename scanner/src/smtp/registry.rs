//! Which MX host is, or was, contacted: each once in a scan, however many domains name it.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Fingerprints of hosts and of (host, address) pairs, 64 bits each.
///
/// Among 10 million hosts the chance that any two share a fingerprint is 3 in a million; such a host would be
/// left out.
#[derive(Debug, Default)]
pub struct Registry {
    hasher: RandomState,
    offered: Mutex<HashSet<u64>>,
    /// Pairs that have a committed row; filled on resume, before the scan goes on.
    committed: HashSet<u64>,
}

impl Registry {
    /// Whether this host is new: true once for each host.
    pub fn offer(&self, host: &str) -> bool {
        let fingerprint = self.hasher.hash_one(host);
        self.offered.lock().unwrap_or_else(PoisonError::into_inner).insert(fingerprint)
    }

    /// Notes a row that is committed already.
    pub fn note_committed(&mut self, host: &str, addr: Option<IpAddr>) {
        self.committed.insert(self.hasher.hash_one((host, addr)));
    }

    /// Whether a committed row has this host and address.
    #[must_use]
    pub fn is_committed(&self, host: &str, addr: Option<IpAddr>) -> bool {
        !self.committed.is_empty() && self.committed.contains(&self.hasher.hash_one((host, addr)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_new_once() {
        let registry = Registry::default();
        assert!(registry.offer("mx.example"));
        assert!(!registry.offer("mx.example"));
        assert!(registry.offer("mx2.example"));
    }

    #[test]
    fn a_committed_address_is_not_contacted_again() {
        let mut registry = Registry::default();
        let addr = IpAddr::from([192, 0, 2, 1]);
        registry.note_committed("mx.example", Some(addr));
        assert!(registry.is_committed("mx.example", Some(addr)));
        assert!(!registry.is_committed("mx.example", None));
        assert!(!registry.is_committed("mx2.example", Some(addr)));
    }
}
