//! Which reports a folder has: 16 bytes of key and 8 of content each, so that a million fits into memory.

use super::rows::Hash;
use std::collections::hash_map::Entry;
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

/// Maps that the reports are spread over: each grows by itself, so that no map of all is ever copied whole.
const SHARDS: usize = 256;

#[derive(Debug)]
pub(super) struct Known {
    /// By the first byte of the key.
    first: Vec<HashMap<Hash, Content>>,
    /// Further contents of a key.
    others: HashSet<(Hash, Content)>,
}

impl Default for Known {
    fn default() -> Self {
        Self { first: vec![HashMap::new(); SHARDS], others: HashSet::new() }
    }
}

impl Known {
    /// Adds a report, and says what it is to the others.
    pub(super) fn add(&mut self, key: Hash, sha256: &[u8]) -> Newness {
        let mut content = Content::default();
        content.iter_mut().zip(sha256).for_each(|(to, from)| *to = *from);
        let shard = key.first().map_or(0, |first| usize::from(*first));
        let there = self.first.get_mut(shard).and_then(|shard| match shard.entry(key) {
            Entry::Vacant(place) => {
                place.insert(content);
                None
            }
            Entry::Occupied(there) => Some(*there.get()),
        });
        match there {
            None => Newness::New,
            Some(there) if there == content => Newness::Same,
            Some(_) if self.others.insert((key, content)) => Newness::Reused,
            Some(_) => Newness::Same,
        }
    }

    /// The keys that have more than one content.
    pub(super) fn reused(&self) -> HashSet<Hash> {
        self.others.iter().map(|(key, _)| *key).collect()
    }
}
