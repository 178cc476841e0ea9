//! How many names have their mail at which provider: the table `mx_customers`.
//!
//! This is the one count over all names that asks for a provider, so it would join tens of millions of hosts
//! with as many names. Here only the providers' counts are held.

use super::states::{self, DECIDING, State, States};
use super::{Columns, each_part};
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::providers::{self, Providers};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::datatypes::Int32Type;
use datafusion::common::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

const OWN: &str = "(own domain)";

/// Names of one provider: all, undecided, signallers, adopters.
type Counts = [i64; 4];

/// Counts the customers of each provider in each dataset, over as many threads as there are processors.
///
/// # Errors
/// A part cannot be read.
pub(crate) fn count(datasets: &[Dataset], providers: &Providers) -> Result<RecordBatch, Fault> {
    let columns = Columns {
        words: DECIDING.words,
        others: &[DECIDING.others, &["registrable", "mx.host", "mx.preference"]].concat(),
    };
    let states = states::of_classes();
    let mut rows: Vec<(&str, String, Counts)> = Vec::new();
    for dataset in datasets {
        let take = |batch: &RecordBatch, counts: &mut HashMap<String, Counts>| {
            let hosts = Hosts::of(batch)?;
            for (row, class) in states::classes(batch)?.into_iter().enumerate() {
                hosts.count(row, *states.get(usize::from(class))?, providers, counts);
            }
            Some(())
        };
        let mut all: BTreeMap<String, Counts> = BTreeMap::new();
        for (provider, counts) in each_part(dataset, columns, HashMap::new, take)?.into_iter().flatten() {
            let sum = all.entry(provider).or_default();
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        rows.extend(all.into_iter().map(|(provider, counts)| (dataset.scan.as_str(), provider, counts)));
    }
    table(&rows).map_err(|cause| Fault::engine("make the table mx_customers", cause))
}

fn table(rows: &[(&str, String, Counts)]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let scans: StringArray = rows.iter().map(|(scan, ..)| Some(*scan)).collect();
    let providers: StringArray = rows.iter().map(|(_, provider, _)| Some(provider)).collect();
    let count = |at: usize| -> ArrayRef {
        Arc::new(rows.iter().map(|(.., counts)| counts.get(at).copied()).collect::<Int64Array>())
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

/// The MX hosts of a batch's names, and the names' own registrable domains.
struct Hosts<'b> {
    registrable: &'b StringArray,
    offsets: &'b [i32],
    hosts: &'b StringArray,
    preferences: &'b arrow::array::PrimitiveArray<Int32Type>,
}

impl<'b> Hosts<'b> {
    fn of(batch: &'b RecordBatch) -> Option<Self> {
        let mx = batch.column_by_name("mx")?.as_list_opt::<i32>()?;
        let hosts: &StructArray = mx.values().as_struct_opt()?;
        Some(Self {
            registrable: batch.column_by_name("registrable")?.as_string_opt()?,
            offsets: mx.value_offsets(),
            hosts: hosts.column_by_name("host")?.as_string_opt()?,
            preferences: hosts.column_by_name("preference")?.as_primitive_opt()?,
        })
    }

    /// Adds the name of one row to its providers.
    fn count(&self, row: usize, states: States, providers: &Providers, counts: &mut HashMap<String, Counts>) {
        if !states.has(State::InD1) {
            return;
        }
        let at = |place: usize| self.offsets.get(place).and_then(|&at| usize::try_from(at).ok());
        let (Some(begin), Some(end)) = (at(row), at(row + 1)) else { return };
        let own = cell(self.registrable, row);
        let adds =
            [true, states.has(State::Undecided), states.has(State::Signals), states.has(State::Adopts)];
        let adds = adds.map(i64::from);
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

/// The root of a null MX beside others is no host (RFC 7505), nor is what never exists (RFC 6761 section
/// 6.4).
fn is_host(host: &str) -> bool {
    host != "." && host != "invalid" && !host.ends_with(".invalid")
}

fn cell(array: &StringArray, row: usize) -> Option<&str> {
    (!array.is_null(row)).then(|| array.value(row))
}
