//! The dataset that a faultless scan of a world would leave, made from the truth: what graders and readers
//! are tried on.

use crate::contract::{Contract, Table};
use crate::truth::Expected;
use crate::value::{Value, to_arrow};
use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use parquet::arrow::ArrowWriter;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The rows of one table, cells in the contract's order.
pub type Rows = Vec<Vec<Value>>;

/// A dataset in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// Rows of `domains`.
    pub domains: Rows,
    /// Rows of `mx_hosts`, each host and address once.
    pub mx_hosts: Rows,
    /// Rows of `certificates`, each certificate once.
    pub certificates: Rows,
    /// Rows of `assessments`.
    pub assessments: Rows,
}

/// 2026-01-01T00:00:00Z in microseconds.
const TIME: i64 = 1_767_225_600_000_000;
/// Microseconds from one epoch to the next: seven days.
const EPOCH: i64 = 7 * 86_400 * 1_000_000;

/// What stands in columns that no truth foretells.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Name of the scan.
    pub name: String,
    /// Every time in it, microseconds since 1970.
    pub time: i64,
}

impl Scan {
    /// A scan of an epoch: the first is of 2026-01-01, the others follow every seven days.
    #[must_use]
    pub fn of_epoch(name: &str, epoch: u32) -> Self {
        Self { name: name.to_owned(), time: TIME + i64::from(epoch) * EPOCH }
    }
}

impl Dataset {
    /// The dataset of a truth.
    ///
    /// # Errors
    /// Where the truth cannot be read.
    pub fn of_truth(contract: &Contract, truth: impl Iterator<Item = Result<Expected>>) -> Result<Self> {
        let mut dataset = Self::default();
        let scan = Scan::of_epoch("laboratory", 0);
        let complete = |table: &Table, row| scan.complete(table, row);
        let mut hosts = BTreeMap::new();
        let mut certificates = BTreeMap::new();
        for expected in truth {
            let expected = expected?;
            dataset.domains.push(complete(&contract.domains, expected.domain));
            dataset.assessments.extend(expected.assessment.map(|row| complete(&contract.assessments, row)));
            for row in expected.hosts {
                let key: Vec<Value> = row.iter().take(3).cloned().collect();
                hosts.entry(key).or_insert_with(|| complete(&contract.mx_hosts, row));
            }
            for row in expected.certificates {
                let key: Vec<Value> = row.iter().take(2).cloned().collect();
                certificates.entry(key).or_insert_with(|| complete(&contract.certificates, row));
            }
        }
        dataset.mx_hosts = hosts.into_values().collect();
        dataset.certificates = certificates.into_values().collect();
        Ok(dataset)
    }

    /// The rows of the table with this number in [`Contract::tables`].
    #[must_use]
    pub fn table(&mut self, number: usize) -> &mut Rows {
        match number {
            0 => &mut self.domains,
            1 => &mut self.mx_hosts,
            2 => &mut self.certificates,
            _ => &mut self.assessments,
        }
    }

    /// Writes it in the dataset's layout: a folder per table, and a manifest that says it is complete.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn write(&mut self, contract: &Contract, dir: &Path) -> Result<()> {
        for (number, table) in contract.tables().into_iter().enumerate() {
            write_part(table, self.table(number), &dir.join(&table.name))?;
        }
        let manifest = serde_json::json!({
            "schema_version": contract.schema_version,
            "scan": "laboratory",
            "complete": true,
            "plan": { "scan.starttls": "\"adopters\"" },
        });
        let path = dir.join("manifest.json");
        std::fs::write(&path, manifest.to_string())
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

fn write_part(table: &Table, rows: &Rows, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let schema = Arc::new(table.schema());
    let path = folder.join("part-00000.parquet");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), None)?;
    writer.write(&batch(table, &schema, rows)?)?;
    writer.close()?;
    Ok(())
}

/// Rows of a table as Arrow has them.
///
/// # Errors
/// Where a value is not of its column's type.
pub fn batch(table: &Table, schema: &Arc<Schema>, rows: &Rows) -> Result<RecordBatch> {
    let mut arrays = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        let cells: Vec<&Value> = rows.iter().map(|row| row.get(at).unwrap_or(&Value::Null)).collect();
        arrays.push(to_arrow(&column.kind, &cells)?);
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
}

impl Scan {
    /// Fills what the truth leaves open with values that a scan could have.
    pub fn complete(&self, table: &Table, mut row: Vec<Value>) -> Vec<Value> {
        let is_there = |row: &[Value], name: &str| {
            let cell = table.position(name).and_then(|at| row.get(at));
            cell.is_some_and(|value| !value.is_null() && *value != Value::List(Vec::new()))
        };
        let is_fetched = |row: &[Value]| {
            let addrs = table.position("policy_addrs").and_then(|at| row.get(at));
            addrs.is_some_and(crate::grade::is_fetched)
        };
        let connected = is_there(&row, "banner");
        let rules = [
            ("scan", true, Value::text(&self.name)),
            ("waited_ms", true, Value::Int(0)),
            ("total_ms", true, Value::Int(12)),
            ("mx_at", true, Value::Int(self.time)),
            ("sts_at", is_there(&row, "sts_dns"), Value::Int(self.time)),
            ("policy_at", is_there(&row, "policy_outcome"), Value::Int(self.time)),
            ("policy_fetch_ms", is_fetched(&row), Value::Int(5)),
            ("probed_at", is_there(&row, "attempts"), Value::Int(self.time)),
            ("connect_ms", connected || is_phase_after_connect(table, &row), Value::Int(1)),
            ("handshake_ms", is_there(&row, "tls_version"), Value::Int(2)),
        ];
        for (name, is_given, value) in rules {
            let exempt = table.position(name).filter(|_| is_given);
            let is_exempt = exempt.and_then(|at| table.columns.get(at)).is_some_and(|column| !column.graded);
            if let Some(cell) = exempt.filter(|_| is_exempt).and_then(|at| row.get_mut(at)) {
                *cell = value;
            }
        }
        if let Some(Value::List(lists)) = table.position("lists").and_then(|at| row.get_mut(at)) {
            for list in lists {
                if let Value::Struct(fields) = list
                    && let Some(name) = fields.first_mut()
                {
                    *name = Value::text("list.csv");
                }
            }
        }
        row
    }
}

fn is_phase_after_connect(table: &Table, row: &[Value]) -> bool {
    let phase = table.position("smtp_phase").and_then(|at| row.get(at)).and_then(Value::as_text);
    phase.is_some_and(|phase| phase != "connect")
}
