//! What must be in a dataset: for each row a key and a fingerprint.

use super::{rested, tolerance};
use crate::contract::{Contract, Table, identity};
use crate::dice::draw;
use crate::truth::Expected;
use crate::value::Value;
use anyhow::{Result, bail};
use std::collections::HashMap;

/// The rows of one table that must be there.
#[derive(Debug, Default)]
pub(super) struct Rows {
    fingerprints: HashMap<u64, (u64, bool)>,
    /// What else may stand in place of a fingerprint.
    instead: HashMap<u64, Vec<u64>>,
    /// Durations that are not 0, by row and position of the column.
    durations: HashMap<(u64, usize), i64>,
}

/// What a row of the dataset is to the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowMatch {
    /// As it must be.
    Right,
    /// It must be there, but not so.
    Differs,
    /// It was there already.
    Again,
    /// Nobody called for it.
    Unknown,
}

impl Rows {
    pub(super) fn len(&self) -> u64 {
        self.fingerprints.len() as u64
    }

    pub(super) fn see(&mut self, key: u64, fingerprint: u64) -> RowMatch {
        match self.fingerprints.get_mut(&key) {
            None => RowMatch::Unknown,
            Some((_, true)) => RowMatch::Again,
            Some((wanted, seen)) => {
                *seen = true;
                let others = self.instead.get(&key);
                let is_right = *wanted == fingerprint || others.is_some_and(|all| all.contains(&fingerprint));
                if is_right { RowMatch::Right } else { RowMatch::Differs }
            }
        }
    }

    /// How long it should have taken what the column at this position times.
    pub(super) fn duration(&self, key: u64, at: usize) -> i64 {
        self.durations.get(&(key, at)).copied().unwrap_or_default()
    }

    /// Whether the row was never seen; asked again, it says no, so that a row is missed once.
    pub(super) fn take_missing(&mut self, key: u64) -> bool {
        match self.fingerprints.get_mut(&key) {
            Some((_, seen)) => !std::mem::replace(seen, true),
            None => false,
        }
    }
}

/// The rows of all tables that must be there, in the order of [`Contract::tables`].
#[derive(Debug, Default)]
pub(super) struct Index {
    tables: [Rows; 4],
}

impl Index {
    /// The rows of one table.
    pub(super) fn table(&mut self, number: usize) -> &mut Rows {
        // There are four tables, and the numbers come from enumerating them.
        let at = number % 4;
        &mut self.tables[at]
    }

    /// Whether every row was seen.
    pub(super) fn is_complete(&self) -> bool {
        self.tables.iter().all(|rows| rows.fingerprints.values().all(|(_, seen)| *seen))
    }

    /// Adds the rows that a domain calls for.
    ///
    /// # Errors
    /// Where two domains call for the same row with different cells: the truth would contradict itself.
    pub(super) fn add(&mut self, contract: &Contract, expected: &Expected) -> Result<()> {
        for (number, (table, rows)) in self::rows(contract, expected).into_iter().enumerate() {
            for row in rows {
                let (key, fingerprint) =
                    (key(table, row), Value::fingerprint(&tolerance::without(table, row)));
                let rows = self.table(number);
                let durations = tolerance::durations(table, row);
                for (at, value) in durations.into_iter().filter(|(_, value)| *value != 0) {
                    rows.durations.insert((key, at), value);
                }
                let instead = rested::instead(table, row);
                if !instead.is_empty() {
                    let print = |row: &Vec<Value>| Value::fingerprint(&tolerance::without(table, row));
                    rows.instead.insert(key, instead.iter().map(print).collect());
                }
                let before = rows.fingerprints.insert(key, (fingerprint, false));
                if before.is_some_and(|(before, _)| before != fingerprint) {
                    bail!("the truth contradicts itself: {} {}", table.name, name(table, row));
                }
            }
        }
        Ok(())
    }
}

/// The rows that a domain calls for, table for table.
pub(super) fn rows<'e>(
    contract: &'e Contract,
    expected: &'e Expected,
) -> [(&'e Table, Vec<&'e Vec<Value>>); 4] {
    [
        (&contract.domains, vec![&expected.domain]),
        (&contract.mx_hosts, expected.hosts.iter().collect()),
        (&contract.certificates, expected.certificates.iter().collect()),
        (&contract.assessments, expected.assessment.iter().collect()),
    ]
}

/// What a row is called in a report.
pub(super) fn name(table: &Table, row: &[Value]) -> String {
    let cells =
        identity(&table.name).iter().filter_map(|name| table.position(name).and_then(|at| row.get(at)));
    cells.filter_map(Value::as_text).collect::<Vec<_>>().join(" ")
}

/// A number that tells the rows of a table apart.
pub(super) fn key(table: &Table, row: &[Value]) -> u64 {
    draw(1, name(table, row).as_bytes())
}
