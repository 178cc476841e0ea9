//! How many names of each suffix, and of each bin of ranks, are in which states: the tables `suffix_counts`
//! and `rank_counts`.

use super::states::{self, CLASSES, DECIDING, States, Words};
use super::{Columns, each_part, table};
use crate::dataset::Dataset;
use crate::fault::Fault;
use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use datafusion::common::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

const TLSRPT: Words<'static> =
    Words { column: "tlsrpt_record", groups: &[&["absent"], &["valid"], &["invalid"], &["multiple"]] };
const POLICIES: Words<'static> =
    Words { column: "dmarc_policy", groups: &[&["none"], &["quarantine"], &["reject"]] };
/// What DMARC is, apart from the class: whether it was asked for, the policy, and the record.
const DMARC: [Words<'static>; 3] = [
    Words { column: "dmarc_dns", groups: &[] },
    POLICIES,
    Words { column: "dmarc_record", groups: &[&["absent"], &["invalid"], &["multiple"]] },
];
const WILDCARD: u16 = CLASSES * TLSRPT.digits();

/// Ranks up to these are a step each; larger ones are one more, and names without rank another.
const STEPS: [i64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Counts the names of each dataset by suffix, states, and what is known of TLSRPT, DMARC and wildcards.
///
/// # Errors
/// A part cannot be read.
pub(crate) fn by_suffix(datasets: &[Dataset]) -> Result<RecordBatch, Fault> {
    let columns = Columns {
        words: &[DECIDING.words, &["suffix", TLSRPT.column], &DMARC.map(|words| words.column)].concat(),
        others: &[DECIDING.others, &["sts_wildcard"]].concat(),
    };
    let mut rows: Vec<(&str, BySuffix, i64)> = Vec::new();
    for dataset in datasets {
        let mut counts: BTreeMap<BySuffix, i64> = BTreeMap::new();
        for of_thread in each_part(dataset, columns, Suffixes::default, |batch, all| all.take(batch))? {
            for (key, names) in of_thread.counted() {
                *counts.entry(key).or_default() += names;
            }
        }
        rows.extend(counts.into_iter().map(|(key, names)| (dataset.scan.as_str(), key, names)));
    }
    let suffixes: StringArray = rows.iter().map(|(_, key, _)| key.suffix.as_deref()).collect();
    let tlsrpt: StringArray = rows.iter().map(|(_, key, _)| Some(key.tlsrpt)).collect();
    let dmarc: StringArray = rows.iter().map(|(_, key, _)| Some(key.dmarc)).collect();
    let wildcards: BooleanArray = rows.iter().map(|(_, key, _)| Some(key.wildcard)).collect();
    let before: [(&str, ArrayRef); 3] =
        [("suffix", Arc::new(suffixes)), ("tlsrpt", Arc::new(tlsrpt)), ("dmarc", Arc::new(dmarc))];
    let counts = rows.iter().map(|(scan, key, names)| (*scan, key.states, *names));
    table("suffix_counts", &counts, before, [("wildcard", Arc::new(wildcards) as ArrayRef)])
}

/// What names are counted by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct BySuffix {
    suffix: Option<String>,
    tlsrpt: &'static str,
    dmarc: &'static str,
    states: States,
    wildcard: bool,
}

/// What `population` says of a name's TLSRPT.
fn tlsrpt(class: u16) -> &'static str {
    let digit = class / CLASSES % TLSRPT.digits();
    match ["absent", "valid", "invalid", "multiple"].get(usize::from(digit)) {
        Some(word) => word,
        None if digit == TLSRPT.null() && states::is_nxdomain(class) => "absent",
        None => "unknown",
    }
}

/// The digits of each row's DMARC.
fn dmarc_classes(batch: &RecordBatch) -> Option<Vec<u16>> {
    let (mut classes, mut step) = (vec![0; batch.num_rows()], 1);
    for words in DMARC {
        words.add(batch, step, &mut classes)?;
        step *= words.digits();
    }
    Some(classes)
}

/// What `population` says of a name's DMARC.
fn dmarc(class: u16) -> &'static str {
    let [asked, policies, _] = DMARC;
    let (status, rest) = (class % asked.digits(), class / asked.digits());
    let (policy, record) = (rest % policies.digits(), rest / policies.digits());
    if status == asked.null() {
        return "(not recorded)";
    }
    let words = if policy == policies.null() {
        ["absent", "invalid", "multiple"]
    } else {
        ["none", "quarantine", "reject"]
    };
    let digit = if policy == policies.null() { record } else { policy };
    words.get(usize::from(digit)).copied().unwrap_or("unknown")
}

/// Names by suffix and class, as one thread counts them.
#[derive(Default)]
struct Suffixes {
    numbers: HashMap<String, u64>,
    /// By number of the suffix (0 where there is none), DMARC and class.
    counts: HashMap<u64, i64>,
}

impl Suffixes {
    fn take(&mut self, batch: &RecordBatch) -> Option<()> {
        let mut classes = states::classes(batch)?;
        TLSRPT.add(batch, CLASSES, &mut classes)?;
        states::add_flag(batch, "sts_wildcard", WILDCARD, &mut classes)?;
        let classes = classes.into_iter().zip(dmarc_classes(batch)?);
        let Some(suffixes) = batch.column_by_name("suffix") else {
            classes.for_each(|class| self.add(0, class));
            return Some(());
        };
        let suffixes = suffixes.as_dictionary_opt::<Int32Type>()?;
        let words = suffixes.values().as_string_opt::<i32>()?;
        let numbers = words.iter().map(|word| word.map_or(0, |word| self.number(word)));
        let numbers: Vec<u64> = numbers.collect();
        for (class, key) in classes.zip(suffixes.keys()) {
            let key = key.and_then(|key| usize::try_from(key).ok());
            self.add(key.and_then(|key| numbers.get(key).copied()).unwrap_or(0), class);
        }
        Some(())
    }

    /// The number of a suffix, from 1 on.
    fn number(&mut self, suffix: &str) -> u64 {
        let next = self.numbers.len() as u64 + 1;
        *self.numbers.entry_ref(suffix).or_insert(next)
    }

    fn add(&mut self, suffix: u64, (class, dmarc): (u16, u16)) {
        let key = suffix << u16::BITS | u64::from(dmarc);
        *self.counts.entry(key << u16::BITS | u64::from(class)).or_default() += 1;
    }

    /// What was counted, names of the same states maybe in several pieces.
    fn counted(self) -> impl Iterator<Item = (BySuffix, i64)> {
        let suffixes: HashMap<u64, String> = self.numbers.into_iter().map(|(name, at)| (at, name)).collect();
        self.counts.into_iter().map(move |(key, names)| {
            let digits = |at: u32| u16::try_from(key >> at & u64::from(u16::MAX)).unwrap_or(0);
            let (class, dmarc) = (digits(0), dmarc(digits(u16::BITS)));
            let suffix = suffixes.get(&(key >> (2 * u16::BITS))).cloned();
            let (tlsrpt, wildcard) = (tlsrpt(class), class >= WILDCARD);
            (BySuffix { suffix, tlsrpt, dmarc, states: States::of(class), wildcard }, names)
        })
    }
}

/// Counts the names of each dataset by step and bin of their ranks, and by states. Bins are `width` ranks
/// wide.
///
/// # Errors
/// A part cannot be read.
pub(crate) fn by_rank(datasets: &[Dataset], width: i64) -> Result<RecordBatch, Fault> {
    let columns = Columns { words: DECIDING.words, others: &[DECIDING.others, &["rank"]].concat() };
    let mut rows: Vec<(&str, Bin, States, i64)> = Vec::new();
    for dataset in datasets {
        let count = |batch: &RecordBatch, counts: &mut HashMap<(Bin, u16), i64>| {
            let classes = states::classes(batch)?;
            let ranks = match batch.column_by_name("rank") {
                Some(ranks) => ranks.as_primitive_opt::<Int64Type>()?.clone(),
                None => Int64Array::new_null(batch.num_rows()),
            };
            for (class, rank) in classes.into_iter().zip(&ranks) {
                *counts.entry((Bin::of(rank, width), class)).or_default() += 1;
            }
            Some(())
        };
        let mut counts: BTreeMap<(Bin, States), i64> = BTreeMap::new();
        for ((bin, class), names) in each_part(dataset, columns, HashMap::new, count)?.into_iter().flatten() {
            *counts.entry((bin, States::of(class))).or_default() += names;
        }
        let counted = counts.into_iter();
        rows.extend(counted.map(|((bin, states), names)| (dataset.scan.as_str(), bin, states, names)));
    }
    let steps: Int64Array = rows.iter().map(|(_, bin, ..)| Some(bin.step)).collect();
    let above: Int64Array = rows.iter().map(|(_, bin, ..)| bin.above).collect();
    let widths = Int64Array::from(vec![width; rows.len()]);
    let before: [(&str, ArrayRef); 3] =
        [("step", Arc::new(steps)), ("above", Arc::new(above)), ("width", Arc::new(widths))];
    let counts = rows.iter().map(|(scan, _, states, names)| (*scan, *states, *names));
    table("rank_counts", &counts, before, [])
}

/// Where a rank is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Bin {
    /// From 1 on, see [`STEPS`].
    step: i64,
    /// The bin holds the ranks above this one; `None` without rank.
    above: Option<i64>,
}

impl Bin {
    fn of(rank: Option<i64>, width: i64) -> Self {
        let Some(rank) = rank else { return Self { step: 6, above: None } };
        let below = STEPS.iter().filter(|upto| rank > **upto).count();
        Self { step: 1 + below as i64, above: Some(rank - 1 - (rank - 1) % width) }
    }
}
