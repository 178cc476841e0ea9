//! Comparing two datasets cell by cell, whatever order their rows have and whatever layout each is of.
//!
//! It goes by the schema of the files, not by the contract. What `grade` exempts or compares within bounds is
//! not compared, nor is a column that only one of the two has. Memory: 40 bytes per row, and the rows that
//! differ (up to `KEPT`). Each dataset is read twice where they differ: once for what is different, once for
//! how.

mod layout;
mod report;

use crate::contract::{Contract, identity};
use crate::dice::draw;
use crate::value::Value;
use anyhow::{Context, Result, ensure};
use layout::{Files, Shared};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// How many differing rows of a table are looked at column by column; the rest is counted as rows.
const KEPT: usize = 50_000;
/// How many examples are kept of a column.
const EXAMPLES: usize = 3;

/// The outcome of a comparison, table for table. Its `Display` is the report.
#[derive(Debug)]
pub struct Comparison {
    /// The tables, in the contract's order.
    pub tables: Vec<Compared>,
}

/// What came of one table. Of each pair the first is BEFORE, the second AFTER.
#[derive(Debug, Default)]
pub struct Compared {
    /// Its name.
    pub table: String,
    /// How many rows there are.
    pub rows: [u64; 2],
    /// Columns, and fields of structs, that only one has: `domains.looks`, `domains.mx.pattern`.
    pub only: [Vec<String>; 2],
    /// Columns that have another type in the other, which is a difference and all that is compared of them.
    pub retyped: Vec<String>,
    /// Rows that one has and the other has not, or not as often.
    pub unpaired: Differing,
    /// The cells that differ, by column.
    pub cells: BTreeMap<String, Differing>,
    /// Differing rows beyond those looked at column by column.
    pub not_looked_at: u64,
}

/// How often something differs, with some examples.
#[derive(Debug, Default)]
pub struct Differing {
    /// How often.
    pub count: u64,
    /// The first few.
    pub examples: Vec<Example>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The row: a domain, a host with its address, a certificate's hash.
    pub row: String,
    /// What is there in BEFORE.
    pub before: String,
    /// What is there in AFTER.
    pub after: String,
}

impl Comparison {
    /// Whether no table has a difference.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.tables.iter().all(Compared::is_clean)
    }
}

impl Compared {
    /// Whether there is no difference.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.retyped.is_empty()
            && self.unpaired.count == 0
            && self.differing_cells() == 0
            && self.not_looked_at == 0
    }

    /// How many cells differ in the rows that were looked at.
    #[must_use]
    pub fn differing_cells(&self) -> u64 {
        self.cells.values().map(|column| column.count).sum()
    }
}

impl Differing {
    fn add(&mut self, row: &str, before: &impl ToString, after: &impl ToString) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            let (before, after) = (before.to_string(), after.to_string());
            self.examples.push(Example { row: row.to_owned(), before, after });
        }
    }
}

/// Compares two datasets.
///
/// # Errors
/// Where one of them is no dataset or cannot be read.
pub fn compare(before: &Path, after: &Path) -> Result<Comparison> {
    let contract = Contract::load()?;
    let names = contract.tables().map(|table| table.name.as_str());
    for dataset in [before, after] {
        let is_dataset = names.iter().any(|name| dataset.join(name).is_dir());
        ensure!(
            is_dataset,
            "{} is no dataset: it has none of the folders {}",
            dataset.display(),
            names.join(", ")
        );
    }
    let tables = names.map(|name| table(name, [before, after]));
    Ok(Comparison { tables: tables.into_iter().collect::<Result<_>>()? })
}

/// All rows of one dataset that are told apart by the same cells: how many, and the sum of their
/// fingerprints.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Alike {
    count: u32,
    sum: u64,
}

fn table(name: &str, datasets: [&Path; 2]) -> Result<Compared> {
    let [before, after] = datasets.map(|dataset| Files::open(&dataset.join(name)));
    let files = [before?, after?];
    let Shared { columns, only, retyped } = layout::shared(name, &files);
    let mut compared = Compared { table: name.to_owned(), only, retyped, ..Compared::default() };
    if files.iter().all(Files::is_empty) {
        return Ok(compared);
    }
    let identity = identity(name).iter().map(|wanted| {
        let at = columns.iter().position(|(column, _)| column == wanted);
        at.with_context(|| format!("the rows of {name} cannot be told apart without a column `{wanted}`"))
    });
    let identity: Vec<usize> = identity.collect::<Result<_>>()?;
    let called = |row: &[Value]| -> String {
        let cells = identity.iter().filter_map(|at| row.get(*at).and_then(Value::as_text));
        cells.collect::<Vec<_>>().join(" ")
    };

    let mut index: HashMap<u64, [Alike; 2]> = HashMap::new();
    for (side, files) in files.iter().enumerate() {
        files.read(&columns, &mut |row| {
            let key = draw(1, called(&row).as_bytes());
            if let Some(alike) = index.entry(key).or_default().get_mut(side) {
                alike.count += 1;
                alike.sum = alike.sum.wrapping_add(Value::fingerprint(&row));
            }
            if let Some(rows) = compared.rows.get_mut(side) {
                *rows += 1;
            }
        })?;
    }
    index.retain(|_, [before, after]| before != after);
    if index.is_empty() {
        return Ok(compared);
    }

    let mut kept: BTreeMap<String, [Vec<Vec<Value>>; 2]> = BTreeMap::new();
    for (side, files) in files.iter().enumerate() {
        files.read(&columns, &mut |row| {
            let called = called(&row);
            let differs = index.contains_key(&draw(1, called.as_bytes()));
            if differs
                && (kept.len() < KEPT || kept.contains_key(&called))
                && let Some(rows) = kept.entry(called).or_default().get_mut(side)
            {
                rows.push(row);
            }
        })?;
    }
    compared.not_looked_at = index.len().saturating_sub(kept.len()) as u64;
    for (row, rows) in kept {
        compared.explain(&row, &columns, rows);
    }
    Ok(compared)
}

impl Compared {
    /// Adds what differs in the rows of one name.
    fn explain(
        &mut self,
        row: &str,
        columns: &layout::Columns,
        [mut before, mut after]: [Vec<Vec<Value>>; 2],
    ) {
        if before.len() != after.len() {
            let rows = |rows: &[Vec<Value>]| match rows.len() {
                0 => "no row".to_owned(),
                1 => "a row".to_owned(),
                more => format!("{more} rows"),
            };
            self.unpaired.add(row, &rows(&before), &rows(&after));
            return;
        }
        before.sort_unstable();
        after.sort_unstable();
        for (before, after) in before.iter().zip(&after) {
            for (((column, _), before), after) in columns.iter().zip(before).zip(after) {
                if before != after {
                    self.cells.entry(column.clone()).or_default().add(row, before, after);
                }
            }
        }
    }
}
