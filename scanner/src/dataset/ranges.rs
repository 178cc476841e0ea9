//! A set of positions, kept as ranges: a scan is done from the front, so there are few.

use std::collections::BTreeMap;

/// Positions as half-open ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions {
    /// First position to the one after the last; ranges neither touch nor overlap.
    ranges: BTreeMap<u64, u64>,
    count: u64,
}

impl Positions {
    /// These, which are put in order for that: each by itself would be searched for.
    #[must_use]
    pub fn of(positions: &mut [u64]) -> Self {
        positions.sort_unstable();
        let mut all = Self::default();
        for run in positions.chunk_by(|one, next| next - one <= 1) {
            if let (Some(first), Some(last)) = (run.first(), run.last()) {
                all.insert_range(*first, last + 1);
            }
        }
        all
    }

    /// Adds one position; false where it was there.
    pub fn insert(&mut self, position: u64) -> bool {
        if self.contains(position) {
            return false;
        }
        self.insert_range(position, position + 1);
        true
    }

    /// Adds `first..end`, which may overlap with what is there.
    pub fn insert_range(&mut self, first: u64, end: u64) {
        if first >= end {
            return;
        }
        let (mut first, mut end) = (first, end);
        // The range that begins at or before `end` last: while it reaches `first`, it melts into the new one.
        while let Some((&begin, &stop)) = self.ranges.range(..=end).next_back() {
            if stop < first {
                break;
            }
            self.ranges.remove(&begin);
            self.count -= stop - begin;
            first = first.min(begin);
            end = end.max(stop);
        }
        self.ranges.insert(first, end);
        self.count += end - first;
    }

    /// Whether a position is in the set.
    #[must_use]
    pub fn contains(&self, position: u64) -> bool {
        self.ranges.range(..=position).next_back().is_some_and(|(_, &end)| position < end)
    }

    /// How many positions there are.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ranges.iter().map(|(&first, &end)| (first, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn ranges_hold_what_a_plain_set_holds(inserts in proptest::collection::vec((0u64..60, any::<u8>()), 0..60)) {
            let mut ours = Positions::default();
            let mut plain = std::collections::BTreeSet::new();
            for (first, length) in inserts {
                let end = first + u64::from(length % 5);
                ours.insert_range(first, end);
                plain.extend(first..end);
            }
            assert_eq!(ours.len(), plain.len() as u64);
            for position in 0..80 {
                assert_eq!(ours.contains(position), plain.contains(&position));
            }
            let ends: Vec<(u64, u64)> = ours.ranges().collect();
            assert!(ends.windows(2).all(|w| w[0].1 < w[1].0));
        }
    }

    proptest! {
        #[test]
        fn positions_at_once_are_those_one_by_one(mut positions in proptest::collection::vec(0u64..200, 0..100)) {
            let mut each = Positions::default();
            positions.iter().for_each(|position| { each.insert(*position); });
            assert_eq!(Positions::of(&mut positions), each);
        }
    }

    #[test]
    fn a_position_is_new_once() {
        let mut positions = Positions::default();
        assert!(positions.insert(7));
        assert!(!positions.insert(7));
        assert!(positions.insert(8));
        assert_eq!(positions.ranges().collect::<Vec<_>>(), [(7, 9)]);
    }
}
