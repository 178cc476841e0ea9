//! How many names are in which states, those that are in the list of every scan and the others: the table
//! `state_counts`.
//!
//! To group tens of millions of names by themselves would hold them all. Here a name is a hash of 64 bits,
//! and what it was in each scan so far is a path, one of few that names take. Among 100 million names the
//! probability that any two share a hash is 0.03 %; such a name would be counted as common.

use super::states::{self, BITS, DECIDING, States};
use super::{Columns, each_part, table, threads};
use crate::dataset::Dataset;
use crate::fault::Fault;
use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use datafusion::common::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

/// Names fall into drawers by the first bits of their hashes. The other bits and the states of a name are one
/// number, so that those of a drawer are sorted together: a drawer of ten million names fits into the cache
/// of a core.
const DRAWERS: usize = 1 << DRAWER_BITS;
const DRAWER_BITS: u32 = 10;
const _: () = assert!(BITS <= DRAWER_BITS, "hash and states do not fit into 64 bits");

/// Counts the names of each dataset by states, and by whether every dataset has them.
///
/// # Errors
/// A part cannot be read.
pub(crate) fn count(datasets: &[Dataset]) -> Result<RecordBatch, Fault> {
    let columns = Columns { words: DECIDING.words, others: &[DECIDING.others, &["domain"]].concat() };
    let states = states::of_classes();
    let take = |batch: &RecordBatch, drawers: &mut Drawers| {
        let domains = batch.column_by_name("domain")?.as_string_opt::<i32>()?;
        for (domain, class) in domains.iter().zip(states::classes(batch)?) {
            drawers.put(hash(domain?), states.get(usize::from(class))?.bits());
        }
        Some(())
    };
    let mut all: Vec<Counts> = Vec::new();
    let mut common = Common::default();
    for dataset in datasets {
        let rows = dataset.rows.get("domains").copied().and_then(|rows| usize::try_from(rows).ok());
        // Some more than even drawers need: one that grows is copied.
        let each = rows.unwrap_or(0) / DRAWERS / threads() * 9 / 8;
        let mut of_threads = each_part(dataset, columns, || Drawers::of(each), take)?;
        let mut counts = Counts::new();
        for drawer in 0..DRAWERS {
            let pulled: Vec<_> = of_threads.iter_mut().map(|drawers| drawers.pull(drawer)).collect();
            let mut names = pulled.concat();
            names.sort_unstable();
            names.iter().for_each(|name| counts.add(states_of(*name), 1));
            match all.is_empty() {
                true => common.begin(&names),
                false => common.keep(drawer, &names),
            }
        }
        all.push(counts);
    }
    let common = common.counts(datasets.len());
    let mut rows: Vec<(&str, bool, States, i64)> = Vec::new();
    for (dataset, (all, common)) in datasets.iter().zip(all.iter().zip(&common)) {
        for (states, names) in all.each() {
            let of_common = common.of(states);
            let parts = [(true, of_common), (false, names - of_common)].into_iter();
            let parts = parts.filter(|(_, names)| *names > 0);
            rows.extend(parts.map(|(common, names)| (dataset.scan.as_str(), common, states, names)));
        }
    }
    let flags: BooleanArray = rows.iter().map(|(_, common, ..)| Some(*common)).collect();
    let counts = rows.iter().map(|(scan, _, states, names)| (*scan, *states, *names));
    table("state_counts", &counts, [("common", Arc::new(flags) as ArrayRef)], [])
}

fn hash(domain: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(domain.as_bytes());
    hasher.finish()
}

/// Names as one thread reads them, by drawer: the bits of the hash that are not the drawer's, and the states.
struct Drawers(Vec<Vec<u64>>);

impl Drawers {
    /// Empty drawers, with room for so many names in each.
    fn of(each: usize) -> Self {
        Self((0..DRAWERS).map(|_| Vec::with_capacity(each)).collect())
    }

    fn put(&mut self, hash: u64, states: u16) {
        let drawer = usize::try_from(hash >> (u64::BITS - DRAWER_BITS)).ok();
        if let Some(drawer) = drawer.and_then(|drawer| self.0.get_mut(drawer)) {
            drawer.push(hash << DRAWER_BITS | u64::from(states));
        }
    }

    /// What is in a drawer; it is empty after that.
    fn pull(&mut self, drawer: usize) -> Vec<u64> {
        self.0.get_mut(drawer).map(std::mem::take).unwrap_or_default()
    }
}

/// The states of a name in a drawer.
fn states_of(name: u64) -> u16 {
    u16::try_from(name & ((1 << DRAWER_BITS) - 1)).unwrap_or(0)
}

/// The names that every dataset so far has.
#[derive(Default)]
struct Common {
    /// By drawer: their hashes, sorted, and the path of each.
    drawers: Vec<(Vec<u64>, Vec<u32>)>,
    paths: Paths,
}

impl Common {
    /// Adds a drawer of the first dataset.
    fn begin(&mut self, names: &[u64]) {
        let hashes = names.iter().map(|name| name >> DRAWER_BITS).collect();
        let paths = names.iter().map(|name| self.paths.on(0, states_of(*name))).collect();
        self.drawers.push((hashes, paths));
    }

    /// Keeps what is in the drawer of a further dataset too.
    fn keep(&mut self, drawer: usize, names: &[u64]) {
        let Some((hashes, paths)) = self.drawers.get_mut(drawer) else { return };
        let mut names = names.iter().peekable();
        let mut kept = 0;
        for at in 0..hashes.len() {
            let (hash, path) = (hashes[at], paths[at]);
            while names.next_if(|name| **name >> DRAWER_BITS < hash).is_some() {}
            if let Some(name) = names.next_if(|name| **name >> DRAWER_BITS == hash) {
                (hashes[kept], paths[kept]) = (hash, self.paths.on(path, states_of(*name)));
                kept += 1;
            }
        }
        hashes.truncate(kept);
        paths.truncate(kept);
    }

    /// The names of each of so many datasets by their states there.
    fn counts(self, datasets: usize) -> Vec<Counts> {
        let mut names: HashMap<u32, i64> = HashMap::new();
        for path in self.drawers.iter().flat_map(|(_, paths)| paths) {
            *names.entry(*path).or_default() += 1;
        }
        let mut counts: Vec<Counts> = (0..datasets).map(|_| Counts::new()).collect();
        for (path, names) in names {
            let back = self.paths.back(path);
            counts.iter_mut().rev().zip(back).for_each(|(counts, states)| counts.add(states, names));
        }
        counts
    }
}

/// Which states a name was in from dataset to dataset. A path is a number: that of the last step of it, from
/// 1 on; 0 is the path without steps.
#[derive(Default)]
struct Paths {
    /// The path before each step, and the states then.
    steps: Vec<(u32, u16)>,
    numbers: HashMap<(u32, u16), u32>,
}

impl Paths {
    /// The path that goes on from another.
    fn on(&mut self, path: u32, states: u16) -> u32 {
        let steps = &mut self.steps;
        *self.numbers.entry((path, states)).or_insert_with(|| {
            steps.push((path, states));
            // No more paths than names, which are held.
            u32::try_from(steps.len()).unwrap_or(u32::MAX)
        })
    }

    /// The states along a path, the last first.
    fn back(&self, path: u32) -> impl Iterator<Item = u16> {
        let step = |path: u32| self.steps.get(usize::try_from(path).ok()?.checked_sub(1)?);
        std::iter::successors(step(path), move |(before, _)| step(*before)).map(|(_, states)| *states)
    }
}

/// Names by states.
struct Counts(Vec<i64>);

impl Counts {
    fn new() -> Self {
        Self(vec![0; 1 << BITS])
    }

    fn add(&mut self, states: u16, names: i64) {
        if let Some(sum) = self.0.get_mut(usize::from(states)) {
            *sum += names;
        }
    }

    fn of(&self, states: States) -> i64 {
        self.0.get(usize::from(states.bits())).copied().unwrap_or(0)
    }

    /// The states that any name is in.
    fn each(&self) -> impl Iterator<Item = (States, i64)> {
        let each = (0..).zip(self.0.iter().copied()).map(|(bits, names)| (States::of_bits(bits), names));
        each.filter(|(_, names)| *names > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name's place in its drawer: of all but the first bits of a hash.
    fn name(hash: u64, states: u16) -> u64 {
        hash << DRAWER_BITS | u64::from(states)
    }

    #[test]
    fn names_are_common_where_every_dataset_has_them() {
        let mut common = Common::default();
        common.begin(&[name(1, 5), name(2, 5), name(3, 6), name(9, 6)]);
        common.keep(0, &[name(0, 1), name(1, 7), name(3, 7), name(4, 1), name(9, 8)]);
        common.keep(0, &[name(1, 7), name(2, 7), name(3, 7)]);
        let counts = common.counts(3);
        let found: Vec<Vec<(u16, i64)>> =
            counts.iter().map(|c| c.each().map(|(states, names)| (states.bits(), names)).collect()).collect();
        assert_eq!(found, [vec![(5, 1), (6, 1)], vec![(7, 2)], vec![(7, 2)]]);
    }

    #[test]
    fn a_drawer_gives_back_what_was_put_into_it() {
        let mut drawers = Drawers::of(0);
        for number in 0..5_000 {
            let hash = hash(&format!("d{number}.example"));
            drawers.put(hash, 3);
            let drawer = usize::try_from(hash >> (u64::BITS - DRAWER_BITS)).unwrap_or(0);
            let names = drawers.pull(drawer);
            assert_eq!(names, [name(hash & (u64::MAX >> DRAWER_BITS), 3)]);
            assert_eq!(states_of(names[0]), 3);
        }
    }
}
