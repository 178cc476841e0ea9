//! Which reports a folder has: 16 bytes of key and 8 of content each, so that a million fits into memory.

use super::rows::Hash;
use std::collections::{HashMap, HashSet};

/// What a report is to those that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newness {
    /// None has its key.
    New,
    /// The same text is there.
    Same,
    /// Another text is there under the same key.
    Reused,
}

/// The first bytes of a text's SHA-256: enough to tell texts of one key apart.
type Content = [u8; 8];

#[derive(Debug, Default)]
pub(super) struct Known {
    first: HashMap<Hash, Content>,
    /// Further contents of a key.
    others: HashSet<(Hash, Content)>,
}

impl Known {
    /// Adds a report, and says what it is to the others.
    pub(super) fn add(&mut self, key: Hash, sha256: &[u8]) -> Newness {
        let mut content = Content::default();
        content.iter_mut().zip(sha256).for_each(|(to, from)| *to = *from);
        match self.first.entry(key) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(content);
                Newness::New
            }
            std::collections::hash_map::Entry::Occupied(there) if *there.get() == content => Newness::Same,
            std::collections::hash_map::Entry::Occupied(_) if self.others.insert((key, content)) => {
                Newness::Reused
            }
            std::collections::hash_map::Entry::Occupied(_) => Newness::Same,
        }
    }

    /// The keys that have more than one content.
    pub(super) fn reused(&self) -> HashSet<Hash> {
        self.others.iter().map(|(key, _)| *key).collect()
    }
}
