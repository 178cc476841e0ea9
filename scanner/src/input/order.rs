//! The order of a scan: which shard takes a name, and the spreading of a list's neighbours.

use siphasher::sip::SipHasher13;
use std::fmt;
use std::str::FromStr;

/// One part of a scan that is divided over several machines: `2/8` is the second of eight.
///
/// A name's shard hangs on the name alone, so it is the same on every machine, for every list and seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    index: u32,
    of: u32,
}

impl Shard {
    /// The whole scan.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Whether this shard takes the normalised name.
    #[must_use]
    pub fn takes(self, name: &str) -> bool {
        self.of == 1 || {
            let hash = SipHasher13::new_with_keys(0, 0x7368_6172_6473).hash(name.as_bytes());
            (u128::from(hash) * u128::from(self.of)) >> 64 == u128::from(self.index)
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.of)
    }
}

/// Text that names no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shard, must be i/n with 1 <= i <= n, for example 1/8")]
pub struct ShardError(String);

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parsed = text.split_once('/').and_then(|(index, of)| {
            let (index, of) = (index.trim().parse::<u32>().ok()?, of.trim().parse::<u32>().ok()?);
            (1..=of).contains(&index).then(|| Self { index: index - 1, of })
        });
        parsed.ok_or_else(|| ShardError(text.to_owned()))
    }
}

/// Room that is taken for a window at first.
const ROOM: usize = 1 << 16;

/// A stretch of the list, given out in random order: neighbours in a list are often the same operator's.
///
/// The order is that of the seeded fingerprints, so it is fixed for list, seed and shard and needs no
/// generator.
pub(super) struct Window<T> {
    size: usize,
    items: Vec<Option<T>>,
    /// Fingerprint and place of each: these are sorted, and not the items, which are large.
    order: Vec<(u64, u32)>,
}

impl<T> Window<T> {
    pub(super) fn new(size: usize) -> Self {
        Self { size: size.clamp(1, u32::MAX as usize), items: Vec::new(), order: Vec::new() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.items.len() >= self.size
    }

    pub(super) fn push(&mut self, fingerprint: u64, item: T) {
        if self.items.capacity() == 0 {
            // At once, as it would be copied each time that it grows.
            self.items.reserve_exact(self.size.min(ROOM));
            self.order.reserve_exact(self.size.min(ROOM));
        }
        let place = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.order.push((fingerprint, place));
        self.items.push(Some(item));
    }

    /// Ends the filling: from now on items are given out.
    pub(super) fn spread(&mut self) {
        self.order.sort_unstable();
    }

    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        let (fingerprint, place) = self.order.pop()?;
        let item = self.items.get_mut(place as usize).and_then(Option::take)?;
        if self.order.is_empty() {
            self.items.clear();
        }
        Some((fingerprint, item))
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shards_are_typed_from_one() {
        assert_eq!("2/8".parse::<Shard>().unwrap().to_string(), "2/8");
        assert_eq!("1/1".parse(), Ok(Shard::WHOLE));
        for text in ["", "1", "0/4", "5/4", "a/b", "1/0", "-1/2", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_shard_of_a_name_never_changes() {
        // Machines with different versions may share a scan.
        let shards: Vec<u32> = ["example.com", "example.net", "example.org", "a.test"]
            .map(|name| (0..8).find(|index| Shard { index: *index, of: 8 }.takes(name)).unwrap())
            .to_vec();
        assert_eq!(shards, [4, 4, 2, 2]);
    }

    proptest! {
        #[test]
        fn every_name_is_in_exactly_one_shard(name in "[a-z0-9.]{1,30}", of in 1_u32..50) {
            prop_assert_eq!((0..of).filter(|index| Shard { index: *index, of }.takes(&name)).count(), 1);
        }

        #[test]
        fn a_window_gives_out_what_went_in(mut items in proptest::collection::vec(any::<u64>(), 0..50)) {
            let mut window = Window::new(50);
            items.iter().for_each(|item| window.push(*item, *item));
            window.spread();
            let mut out: Vec<u64> = std::iter::from_fn(|| window.pop()).map(|(_, item)| item).collect();
            out.sort_unstable();
            items.sort_unstable();
            prop_assert_eq!(out, items);
        }
    }
}
