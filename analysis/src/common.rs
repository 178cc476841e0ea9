//! How many of the names that are in the list of every scan are in which state: the table `common_counts`.
//!
//! To group tens of millions of names by themselves would hold them all. Here names are 64-bit hashes: two
//! passes over the parts, the first for those that every scan has, the second to count them. Among 100
//! million names the probability that any two share a hash is 0.03 %; such a name would be counted as common.
//! What is counted is said in SQL by `queries/views/common_counts.sql`; tests hold one against the other.

use crate::dataset::Dataset;
use crate::fault::Fault;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The states of a name, a bit each.
const STATES: [&str; 9] =
    ["in_d1", "in_d2", "in_d3", "may_d1", "mx_unknown", "may_d3", "signals", "adopts", "undecided"];

/// Counts the common names of each dataset by their states.
///
/// # Errors
/// A part cannot be read.
pub fn count(datasets: &[Dataset]) -> Result<RecordBatch, Fault> {
    let mut common: Option<Vec<u64>> = None;
    for dataset in datasets {
        let of_parts = each_part(dataset, &["domain"], |batch, hashes: &mut Vec<u64>| {
            let domains = batch.column_by_name("domain")?.as_string_opt::<i32>()?;
            hashes.extend(domains.iter().flatten().map(hash));
            Some(())
        })?;
        let mut hashes = of_parts.concat();
        hashes.sort_unstable();
        hashes.dedup();
        common = Some(match common {
            None => hashes,
            Some(mut before) => {
                before.retain(in_order(&hashes));
                before
            }
        });
    }
    let common = Common::new(common.unwrap_or_default());
    let mut rows: Vec<(&str, u16, i64)> = Vec::new();
    for dataset in datasets {
        let columns = ["domain", "mx_kind", "mx_dns", "sts_signals", "sts_record"];
        let of_parts = each_part(dataset, &columns, |batch, counts: &mut BTreeMap<u16, i64>| {
            let states = States::of(batch)?;
            let domains = batch.column_by_name("domain")?.as_string_opt::<i32>()?;
            for (row, domain) in domains.iter().enumerate() {
                if domain.is_some_and(|domain| common.has(hash(domain))) {
                    *counts.entry(states.of_row(row)).or_default() += 1;
                }
            }
            Some(())
        })?;
        let mut counts: BTreeMap<u16, i64> = BTreeMap::new();
        for (bits, names) in of_parts.into_iter().flatten() {
            *counts.entry(bits).or_default() += names;
        }
        rows.extend(counts.into_iter().map(|(bits, names)| (dataset.scan.as_str(), bits, names)));
    }
    table(&rows).map_err(|cause| Fault::engine("make the table common_counts", cause))
}

fn hash(domain: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(domain.as_bytes());
    hasher.finish()
}

/// Whether a hash is among these, which are sorted; asked for in ascending order.
fn in_order(sorted: &[u64]) -> impl FnMut(&u64) -> bool {
    let mut rest = sorted.iter().peekable();
    move |wanted| {
        while rest.next_if(|hash| *hash < wanted).is_some() {}
        rest.peek() == Some(&wanted)
    }
}

/// Hashes, found by their highest bits.
struct Common {
    sorted: Vec<u64>,
    /// Where the hashes with each value of the highest bits begin.
    begins: Vec<usize>,
    shift: u32,
}

impl Common {
    fn new(sorted: Vec<u64>) -> Self {
        // Some eight hashes to look through for each.
        let bits = (sorted.len() / 8).max(2).ilog2();
        let shift = u64::BITS - bits;
        let mut begins = Vec::with_capacity((1 << bits) + 1);
        for (at, hash) in sorted.iter().enumerate() {
            let bucket = usize::try_from(hash >> shift).unwrap_or(0);
            begins.resize(begins.len().max(bucket + 1), at);
        }
        begins.resize((1 << bits) + 1, sorted.len());
        Self { sorted, begins, shift }
    }

    fn has(&self, hash: u64) -> bool {
        let bucket = usize::try_from(hash >> self.shift).unwrap_or(0);
        let (from, to) = (self.begins.get(bucket), self.begins.get(bucket + 1));
        let some = from.zip(to).and_then(|(from, to)| self.sorted.get(*from..*to));
        some.is_some_and(|some| some.contains(&hash))
    }
}

/// Reads some columns of every part of a dataset's domains, over as many threads as there are processors;
/// gives what each thread made of them.
fn each_part<T: Default + Send>(
    dataset: &Dataset,
    columns: &[&str],
    take: impl Fn(&RecordBatch, &mut T) -> Option<()> + Sync,
) -> Result<Vec<T>, Fault> {
    let parts: &[PathBuf] = dataset.parts.get("domains").map_or(&[], Vec::as_slice);
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(parts.len());
    let work = || {
        let mut made = T::default();
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            read(part, columns, |batch| take(batch, &mut made))?;
        }
        Ok(made)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = running.into_iter().map(|thread| {
            thread.join().map_err(|_| Fault::engine("count common names", "a thread broke off"))?
        });
        ended.collect()
    })
}

fn read(
    part: &Path,
    columns: &[&str],
    mut take: impl FnMut(&RecordBatch) -> Option<()>,
) -> Result<(), Fault> {
    let fault = |cause: &dyn std::fmt::Display| Fault::file("read", part, cause);
    let file = File::open(part).map_err(|cause| fault(&cause))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|cause| fault(&cause))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    for batch in builder.with_projection(mask).build().map_err(|cause| fault(&cause))? {
        let batch = batch.map_err(|cause| fault(&cause))?;
        take(&batch).ok_or_else(|| fault(&"its columns are not those of columns.json"))?;
    }
    Ok(())
}

/// The columns of a batch that decide the states of its names.
struct States<'b> {
    kind: &'b StringArray,
    dns: &'b StringArray,
    signals: &'b BooleanArray,
    record: &'b StringArray,
}

impl<'b> States<'b> {
    fn of(batch: &'b RecordBatch) -> Option<Self> {
        let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
        Some(Self {
            kind: text("mx_kind")?,
            dns: text("mx_dns")?,
            signals: batch.column_by_name("sts_signals")?.as_boolean_opt()?,
            record: text("sts_record")?,
        })
    }

    /// The states of a row, as the view `population` has them.
    fn of_row(&self, row: usize) -> u16 {
        let cell = |array: &'b StringArray| (!array.is_null(row)).then(|| array.value(row));
        let (kind, dns, record) = (cell(self.kind), cell(self.dns), cell(self.record));
        let unknown = kind.is_some_and(|kind| !["explicit", "implicit", "null", "none"].contains(&kind));
        let is = |words: &[&str]| dns.is_some_and(|dns| words.contains(&dns));
        // A word that this version does not know decides nothing.
        let undecided =
            record.is_some_and(|record| !["valid", "invalid", "multiple", "absent"].contains(&record));
        let signals = !undecided && !self.signals.is_null(row) && self.signals.value(row);
        let states = [
            kind == Some("explicit"),
            matches!(kind, Some("explicit" | "implicit")),
            is(&["NOERROR", "NODATA"]),
            unknown && !is(&["NODATA", "NXDOMAIN"]),
            unknown,
            !is(&["NOERROR", "NODATA", "NXDOMAIN"]),
            signals,
            record == Some("valid"),
            undecided,
        ];
        states.iter().rev().fold(0, |bits, state| bits << 1 | u16::from(*state))
    }
}

fn table(rows: &[(&str, u16, i64)]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let scans: StringArray = rows.iter().map(|(scan, ..)| Some(*scan)).collect();
    let mut columns = vec![("scan", Arc::new(scans) as ArrayRef, true)];
    for (bit, state) in STATES.iter().enumerate() {
        let flags: BooleanArray = rows.iter().map(|(_, bits, _)| Some(bits >> bit & 1 == 1)).collect();
        columns.push((state, Arc::new(flags), true));
    }
    let names: Int64Array = rows.iter().map(|(.., names)| Some(*names)).collect();
    columns.push(("names", Arc::new(names), true));
    RecordBatch::try_from_iter_with_nullable(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_found_where_it_is() {
        let mut hashes: Vec<u64> = (0..5_000).map(|number| hash(&format!("d{number}.example"))).collect();
        hashes.extend([0, u64::MAX]);
        hashes.sort_unstable();
        for some in [&hashes[..], &hashes[..1], &[]] {
            let common = Common::new(some.to_vec());
            assert!(some.iter().all(|hash| common.has(*hash)));
            assert!((5_000..9_000).all(|number| !common.has(hash(&format!("d{number}.example")))));
        }
        let mut odd = hashes.clone();
        odd.retain(in_order(&hashes[10..20]));
        assert_eq!(odd, hashes[10..20]);
    }
}
