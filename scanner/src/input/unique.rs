//! Which names were seen, and which lists hold them, by fingerprint instead of by name.
//!
//! A fingerprint is 64 bits of SipHash-1-3 keyed with the scan's seed, so nobody can register names that
//! collide. Among 400 million names the probability that any two share one is n²/2⁶⁵, about 0.4 %; such a
//! name would be counted as a duplicate.

use super::source::MAX_RANK;
use siphasher::sip::SipHasher13;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Gives fingerprints of names, the same on every machine for a seed.
pub(super) struct Fingerprint(SipHasher13);

impl Fingerprint {
    pub(super) fn seeded(seed: u64) -> Self {
        // The second key only keeps fingerprints apart from the hash that shards are made by.
        Self(SipHasher13::new_with_keys(seed, 0x6669_6e67_6572_7072))
    }

    pub(super) fn of(&self, name: &str) -> u64 {
        self.0.hash(name.as_bytes())
    }
}

/// Names that were seen: 9 bytes per slot, 10 to 21 bytes per name with the table's spare room
/// (400 million names: 4.8 GB; half as much again while the table grows).
#[derive(Default)]
pub(super) struct NamesSeen(HashSet<u64, BuildHasherDefault<Identity>>);

impl NamesSeen {
    /// Whether the name is met for the first time.
    pub(super) fn insert(&mut self, fingerprint: u64) -> bool {
        self.0.insert(fingerprint)
    }
}

/// A fingerprint is a hash already.
#[derive(Default)]
pub(super) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }
}

/// Which lists after the first hold a name, and its rank there. [`Memberships::BYTES`] a name and list;
/// while it is built half as much again.
#[derive(Default)]
pub(super) struct Memberships(Vec<(u64, u64)>);

impl Memberships {
    /// Memory of one membership.
    pub(super) const BYTES: usize = size_of::<(u64, u64)>();

    /// The most lists that can be told apart.
    pub(super) const MAX_LISTS: usize = u16::MAX as usize;

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds one; `list` is the list's place on the command line.
    pub(super) fn add(&mut self, fingerprint: u64, list: u16, rank: Option<i64>) {
        let rank = rank.filter(|rank| (1..=MAX_RANK).contains(rank)).map_or(0, i64::cast_unsigned);
        self.0.push((fingerprint, u64::from(list) << 48 | rank));
    }

    /// Ends the adding: of a name that stands in a list several times the first counts.
    pub(super) fn seal(&mut self) {
        // Stable, and the lists were added in their order.
        self.0.sort_by_key(|(fingerprint, _)| *fingerprint);
        self.0.dedup_by_key(|(fingerprint, packed)| (*fingerprint, *packed >> 48));
        self.0.shrink_to_fit();
    }

    /// The lists that hold the name, in their order, with its rank there.
    pub(super) fn of(&self, fingerprint: u64) -> impl Iterator<Item = (u16, Option<i64>)> {
        let begin = self.0.partition_point(|(other, _)| *other < fingerprint);
        self.0[begin..].iter().take_while(move |(other, _)| *other == fingerprint).map(|(_, packed)| {
            let rank = (packed & MAX_RANK.cast_unsigned()).cast_signed();
            (u16::try_from(packed >> 48).unwrap_or(u16::MAX), (rank > 0).then_some(rank))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_fixed_for_a_seed() {
        // Resume and several machines depend on these very numbers.
        assert_eq!(Fingerprint::seeded(0).of("example.com"), 18_234_504_808_838_435_869);
        assert_ne!(Fingerprint::seeded(0).of("example.com"), Fingerprint::seeded(1).of("example.com"));
    }

    #[test]
    fn the_first_of_several_ranks_in_a_list_counts() {
        let mut memberships = Memberships::default();
        for (fingerprint, list, rank) in
            [(9, 1, Some(5)), (7, 1, None), (9, 1, Some(2)), (9, 2, Some(MAX_RANK)), (7, 3, Some(1))]
        {
            memberships.add(fingerprint, list, rank);
        }
        memberships.seal();
        assert_eq!(memberships.of(9).collect::<Vec<_>>(), [(1, Some(5)), (2, Some(MAX_RANK))]);
        assert_eq!(memberships.of(7).collect::<Vec<_>>(), [(1, None), (3, Some(1))]);
        assert_eq!(memberships.of(8).count(), 0);
    }
}
