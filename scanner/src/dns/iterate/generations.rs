//! A cache that holds no more than so much, whatever comes.

use crate::dns::map::Map;
use std::hash::Hash;
use std::time::Instant;

/// Two generations: what was not used while one filled up goes.
pub(super) struct Generations<K, V> {
    young: Map<K, (V, Instant)>,
    old: Map<K, (V, Instant)>,
    most: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Generations<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { young: Map::default(), old: Map::default(), most }
    }

    pub(super) fn insert(&mut self, key: K, value: V, until: Instant) {
        if self.young.len() >= self.most && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, (value, until));
    }

    pub(super) fn get<Q: Eq + Hash + ?Sized>(&mut self, key: &Q, now: Instant) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        if let Some((value, until)) = self.young.get(key) {
            return (*until > now).then(|| value.clone());
        }
        let (key, (value, until)) = self.old.remove_entry(key)?;
        let found = (until > now).then(|| value.clone());
        self.insert(key, value, until);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_not_used_goes_with_its_generation() {
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        let mut few: Generations<u32, u32> = Generations::new(2);
        (0..3).for_each(|n| few.insert(n, n, later));
        assert_eq!((few.get(&0, now), few.get(&2, now)), (Some(0), Some(2)));
        (3..5).for_each(|n| few.insert(n, n, later));
        assert_eq!((few.get(&0, now), few.get(&1, now)), (Some(0), None), "what was used stays");
    }
}
