//! How many names have their mail at which provider: the table `mx_customers`.
//!
//! This is the one count over all names that asks for a provider, so it would join tens of millions of hosts
//! with as many names. Here each part is read once, and only the providers' counts are held. What is counted
//! is said in SQL by `queries/views/mx_customers.sql`; tests hold one against the other.

use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::providers::{self, Providers};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::Int32Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The columns that are read.
const COLUMNS: [&str; 5] = ["registrable", "mx_kind", "mx", "sts_signals", "sts_record"];
/// The words of `sts_record` that say what the record is, the commonest first.
const DECIDED: [&str; 4] = ["absent", "valid", "invalid", "multiple"];
const OWN: &str = "(own domain)";

/// Names of one provider: all, undecided, signallers, adopters.
type Counts = [i64; 4];

/// Counts the customers of each provider in each dataset, over as many threads as there are processors.
///
/// # Errors
/// A part cannot be read.
pub fn count(datasets: &[Dataset], providers: &Providers) -> Result<RecordBatch, Fault> {
    let parts: Vec<(usize, &PathBuf)> = datasets
        .iter()
        .enumerate()
        .flat_map(|(number, d)| d.parts.get("domains").into_iter().flatten().map(move |part| (number, part)))
        .collect();
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(parts.len());
    let work = || {
        let mut counts = vec![HashMap::new(); datasets.len()];
        while let Some((number, part)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(counts) = counts.get_mut(*number) {
                read(part, providers, counts)?;
            }
        }
        Ok(counts)
    };
    let mut all: BTreeMap<(usize, String), Counts> = BTreeMap::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in running {
            let counts =
                thread.join().map_err(|_| Fault::engine("count customers", "a thread broke off"))??;
            let counts = counts.into_iter().enumerate();
            for (number, (provider, counts)) in
                counts.flat_map(|(n, counts)| counts.into_iter().map(move |c| (n, c)))
            {
                let sum = all.entry((number, provider)).or_default();
                sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
        }
        Ok(())
    })?;
    table(datasets, &all).map_err(|cause| Fault::engine("make the table mx_customers", cause))
}

fn table(
    datasets: &[Dataset],
    counts: &BTreeMap<(usize, String), Counts>,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let scans: StringArray = counts.keys().map(|(n, _)| datasets.get(*n).map(|d| d.scan.as_str())).collect();
    let providers: StringArray = counts.keys().map(|(_, provider)| Some(provider)).collect();
    let count = |at: usize| -> ArrayRef {
        Arc::new(counts.values().map(|c| c.get(at).copied()).collect::<Int64Array>())
    };
    RecordBatch::try_from_iter([
        ("scan", Arc::new(scans) as ArrayRef),
        ("provider", Arc::new(providers)),
        ("names", count(0)),
        ("undecided", count(1)),
        ("signallers", count(2)),
        ("adopters", count(3)),
    ])
}

fn read(part: &Path, providers: &Providers, counts: &mut HashMap<String, Counts>) -> Result<(), Fault> {
    let fault = |cause: &dyn std::fmt::Display| Fault::file("read", part, cause);
    let file = File::open(part).map_err(|cause| fault(&cause))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|cause| fault(&cause))?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), COLUMNS);
    let batches = builder.with_projection(mask).build().map_err(|cause| fault(&cause))?;
    for batch in batches {
        let batch = batch.map_err(|cause| fault(&cause))?;
        let columns =
            Columns::of(&batch).ok_or_else(|| fault(&"its columns are not those of columns.json"))?;
        for row in 0..batch.num_rows() {
            columns.count(row, providers, counts);
        }
    }
    Ok(())
}

/// The columns of one batch.
struct Columns<'b> {
    registrable: &'b StringArray,
    kind: &'b StringArray,
    signals: &'b BooleanArray,
    record: &'b StringArray,
    offsets: &'b [i32],
    hosts: &'b StringArray,
    preferences: &'b arrow::array::PrimitiveArray<Int32Type>,
}

impl<'b> Columns<'b> {
    fn of(batch: &'b RecordBatch) -> Option<Self> {
        let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
        let mx = batch.column_by_name("mx")?.as_list_opt::<i32>()?;
        let hosts: &StructArray = mx.values().as_struct_opt()?;
        Some(Self {
            registrable: text("registrable")?,
            kind: text("mx_kind")?,
            signals: batch.column_by_name("sts_signals")?.as_boolean_opt()?,
            record: text("sts_record")?,
            offsets: mx.value_offsets(),
            hosts: hosts.column_by_name("host")?.as_string_opt()?,
            preferences: hosts.column_by_name("preference")?.as_primitive_opt()?,
        })
    }

    /// Adds the name of one row to its providers.
    fn count(&self, row: usize, providers: &Providers, counts: &mut HashMap<String, Counts>) {
        if cell(self.kind, row) != Some("explicit") {
            return;
        }
        let at = |place: usize| self.offsets.get(place).and_then(|&at| usize::try_from(at).ok());
        let (Some(begin), Some(end)) = (at(row), at(row + 1)) else { return };
        let own = cell(self.registrable, row);
        let record = cell(self.record, row);
        // A word that this version does not know decides nothing.
        let undecided = record.is_some_and(|record| !DECIDED.contains(&record));
        let signals = !undecided && !self.signals.is_null(row) && self.signals.value(row);
        let adds = [true, undecided, signals, record == Some("valid")].map(i64::from);
        let hosts = (begin..end).filter_map(|at| Some((at, cell(self.hosts, at)?)));
        let mut lowest = None;
        let (mut first, mut others) = (None, Vec::new());
        for (at, host) in hosts.filter(|(_, host)| is_host(host)) {
            let preference = (!self.preferences.is_null(at)).then(|| self.preferences.value(at));
            if *lowest.get_or_insert(preference) != preference {
                break;
            }
            let registrable = providers::registrable(host);
            let provider = if registrable.is_some() && registrable == own {
                OWN
            } else {
                providers.of_registrable(registrable).unwrap_or(host)
            };
            // A name counts once for each of its providers, and most have one: no list is made for that.
            match first {
                None => first = Some(provider),
                Some(first) if first == provider || others.contains(&provider) => continue,
                Some(_) => others.push(provider),
            }
            let add = |sum: &mut Counts| sum.iter_mut().zip(adds).for_each(|(sum, add)| *sum += add);
            match counts.get_mut(provider) {
                Some(sum) => add(sum),
                None => add(counts.entry(provider.to_owned()).or_default()),
            }
        }
    }
}

/// The root of a null MX beside others is no host (RFC 7505), nor is what never exists (RFC 6761 section 6.4).
fn is_host(host: &str) -> bool {
    host != "." && host != "invalid" && !host.ends_with(".invalid")
}

fn cell(array: &StringArray, row: usize) -> Option<&str> {
    (!array.is_null(row)).then(|| array.value(row))
}
