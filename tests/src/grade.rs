//! Comparing a dataset with the truth: every column but the named few, every row of every table, every
//! contact.
//!
//! Memory: 24 bytes per row of the truth, and the rows that differ (up to `KEPT` of them). The truth is read
//! twice: once for what must be there, once for the rows that differ.

mod codes;
mod contacts;
mod expected;
mod limits;
pub mod parts;
mod presence;
mod report;
mod rested;
mod tolerance;
mod unobserved;

use crate::contract::{Contract, Table};
use crate::truth::Reader;
use crate::value::Value;
use anyhow::{Context, Result, bail};
use contacts::ConnectionCounts;
use expected::{Index, key};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

pub use codes::{Codes, codes};
pub(crate) use presence::is_fetched;
pub(crate) use report::cut;

/// How many differing rows are looked at column by column; the rest is counted as rows.
const KEPT: usize = 50_000;

/// One difference between dataset and truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Table it is in; `contacts` where it is between dataset and laboratory.
    pub table: String,
    /// The row: a domain, a host with its address, a certificate's hash, an address.
    pub row: String,
    /// The column, or `(row)` where a row is missing or too many.
    pub column: String,
    /// Situation of the domain that called for the row; empty where none did.
    pub situation: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// The outcome of a comparison. Its `Display` is the report.
#[derive(Debug, Default)]
pub struct Grade {
    /// How many domains are in each situation of the mix.
    pub situations: BTreeMap<String, u64>,
    /// Rows of each table: expected, found.
    pub rows: Vec<(String, u64, u64)>,
    /// Situations that must occur and did not.
    pub never_occurred: Vec<String>,
    /// Every difference.
    pub differences: Vec<Difference>,
    /// Differing rows beyond those looked at column by column.
    pub not_looked_at: u64,
    /// Connections that were compared with the dataset; `None` where the laboratory left no contacts.
    pub connections: Option<u64>,
}

impl Grade {
    /// Whether there is no difference and every situation that must occur did.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty() && self.never_occurred.is_empty() && self.not_looked_at == 0
    }
}

/// What was probed in a scan, as its manifest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Starttls {
    /// The MX hosts of domains that signal.
    Adopters,
    /// None at all.
    None,
}

/// Compares a dataset with a truth, and with the contacts beside it where there are any.
///
/// # Errors
/// Where a file cannot be read, or the scan probed what this truth says nothing about.
pub fn grade(dataset: &Path, truth: &Path) -> Result<Grade> {
    let contract = Arc::new(Contract::load()?);
    let starttls = starttls(dataset)?;
    let mut grade = Grade::default();
    let reader = Reader::open(Arc::clone(&contract), truth)?;
    let about = reader.about.clone();
    let mut index = Index::default();
    for row in reader {
        let row = unobserved::adapt(&contract, row?, starttls);
        *grade.situations.entry(row.situation.clone()).or_default() += 1;
        index.add(&contract, &row)?;
    }
    if about.every_situation {
        let wanted = about.weights.iter().filter(|(_, weight)| **weight > 0).map(|(name, _)| name);
        grade.never_occurred = wanted.filter(|name| !grade.situations.contains_key(*name)).cloned().collect();
    }

    let mut tally = ConnectionCounts::default();
    let mut scans = BTreeSet::new();
    let mut differing: [HashMap<u64, Vec<Value>>; 4] = Default::default();
    for (number, table) in contract.tables().into_iter().enumerate() {
        let kept = differing.get_mut(number).context("four tables")?;
        let (found, faults) = compare(table, dataset, index.table(number), kept, &mut grade, &mut |row| {
            tally.add(table, row);
            scans.extend(table.position("scan").and_then(|at| row.get(at)).cloned());
        })?;
        grade.differences.extend(faults);
        grade.rows.push((table.name.clone(), index.table(number).len(), found));
    }
    if scans.len() > 1 {
        let found = scans.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        grade.differences.push(Difference {
            table: "all".into(),
            row: "all".into(),
            column: "scan".into(),
            situation: String::new(),
            expected: "one name".into(),
            found,
        });
    }
    if index.is_complete() && differing.iter().all(HashMap::is_empty) {
        // Nothing to look at a second time.
    } else {
        for row in Reader::open(Arc::clone(&contract), truth)? {
            let row = unobserved::adapt(&contract, row?, starttls);
            explain(&contract, &row, &mut index, &mut differing, &mut grade);
        }
    }
    let contacts = truth.with_file_name(crate::CONTACTS);
    if contacts.is_file() {
        let limits = manifest(dataset)?.and_then(limits::Limits::of);
        grade.connections = Some(tally.compare(&contacts, limits.as_ref(), &mut grade.differences)?);
    }
    Ok(grade)
}

/// Compares the rows of one table with what the index says of them. Gives how many there are, and what is
/// wrong with rows that nobody called for; rows that differ go to `kept`.
fn compare(
    table: &Table,
    dataset: &Path,
    index: &mut expected::Rows,
    kept: &mut HashMap<u64, Vec<Value>>,
    grade: &mut Grade,
    each: &mut dyn FnMut(&[Value]),
) -> Result<(u64, Vec<Difference>)> {
    let mut found = 0;
    let mut faults = Vec::new();
    parts::read(table, &dataset.join(&table.name), &mut |mut row| {
        found += 1;
        each(&row);
        let name = expected::name(table, &row);
        let fault = |column: &str, expected: &str, found: &str| Difference {
            table: table.name.clone(),
            row: name.clone(),
            column: column.into(),
            situation: String::new(),
            expected: expected.into(),
            found: found.into(),
        };
        for (column, expected, found) in presence::faults(table, &row) {
            faults.push(fault(column, expected, &found));
        }
        presence::clear_exempt(table, &mut row);
        let key = key(table, &row);
        for (column, expected, found) in tolerance::faults(table, &row, |at| index.duration(key, at)) {
            faults.push(fault(column, &expected, &found));
        }
        let row = match tolerance::without(table, &row) {
            Cow::Owned(row) => row,
            Cow::Borrowed(_) => row,
        };
        match index.see(key, Value::fingerprint(&row)) {
            expected::RowMatch::Right => {}
            expected::RowMatch::Unknown => faults.push(fault("(row)", "no such row", "a row")),
            expected::RowMatch::Again => faults.push(fault("(row)", "one row", "another one")),
            expected::RowMatch::Differs if kept.len() < KEPT => drop(kept.insert(key, row)),
            expected::RowMatch::Differs => grade.not_looked_at += 1,
        }
        Ok(())
    })?;
    Ok((found, faults))
}

/// Adds what differs in the rows that a domain calls for.
fn explain(
    contract: &Contract,
    expected: &crate::truth::Expected,
    index: &mut Index,
    differing: &mut [HashMap<u64, Vec<Value>>; 4],
    grade: &mut Grade,
) {
    for (number, (table, rows)) in expected::rows(contract, expected).into_iter().enumerate() {
        let Some(differing) = differing.get_mut(number) else { continue };
        for row in rows {
            let key = key(table, row);
            let fault = |column: &str, wanted: String, found: String| Difference {
                table: table.name.clone(),
                row: expected::name(table, row),
                column: column.into(),
                situation: expected.situation.clone(),
                expected: wanted,
                found,
            };
            if index.table(number).take_missing(key) {
                grade.differences.push(fault("(row)", "a row".into(), "no such row".into()));
            }
            let Some(found) = differing.remove(&key) else { continue };
            let row = tolerance::without(table, row);
            for ((column, wanted), found) in table.columns.iter().zip(&*row).zip(&found) {
                if wanted != found {
                    grade.differences.push(fault(&column.name, wanted.to_string(), found.to_string()));
                }
            }
        }
    }
}

/// The manifest of a dataset; `None` where it has none.
fn manifest(dataset: &Path) -> Result<Option<serde_json::Value>> {
    let path = dataset.join("manifest.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let manifest = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    Ok(Some(manifest))
}

/// What the scan probed, from its manifest; without a manifest the default.
fn starttls(dataset: &Path) -> Result<Starttls> {
    let Some(manifest) = manifest(dataset)? else { return Ok(Starttls::Adopters) };
    // A manifest has settings as `scan.toml` writes them: text in quotes.
    let scope = find(&manifest, "scan.starttls").and_then(serde_json::Value::as_str);
    match scope.map(|word| word.trim_matches('"')) {
        None | Some("adopters") => Ok(Starttls::Adopters),
        Some("none") => Ok(Starttls::None),
        Some(other) => {
            bail!("{}: a truth says nothing about a scan with --starttls {other}", dataset.display())
        }
    }
}

/// The first value of a key, wherever in a document it stands.
fn find<'j>(json: &'j serde_json::Value, key: &str) -> Option<&'j serde_json::Value> {
    match json {
        serde_json::Value::Object(fields) => {
            fields.get(key).or_else(|| fields.values().find_map(|value| find(value, key)))
        }
        serde_json::Value::Array(items) => items.iter().find_map(|value| find(value, key)),
        _ => None,
    }
}
