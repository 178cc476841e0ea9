//! Tables of reports against the truth.

use super::{Failing, Told};
use anyhow::{Context, Result};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::path::Path;

/// How many differences are told.
const TOLD: usize = 20;

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct ReportGrade {
    /// Reports of the truth.
    pub expected: usize,
    /// Reports of the tables.
    pub found: usize,
    /// Every difference, in a line.
    pub differences: Vec<String>,
}

impl ReportGrade {
    /// Whether every report was read as it was written, and no other is there.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.expected > 0 && self.differences.is_empty()
    }
}

impl fmt::Display for ReportGrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} expected, {} found, {} differences",
            self.expected,
            self.found,
            self.differences.len()
        )?;
        self.differences.iter().take(TOLD).try_for_each(|one| writeln!(f, "  {one}"))
    }
}

/// Rows of a table by the number of their report.
struct Column<'a>(&'a ArrayRef);

impl Column<'_> {
    fn of<'a>(batch: &'a RecordBatch, name: &str) -> Result<Column<'a>> {
        batch.column_by_name(name).map(Column).with_context(|| format!("no column {name}"))
    }

    fn int(&self, row: usize) -> Option<i64> {
        self.0.is_valid(row).then(|| self.0.as_primitive::<Int64Type>().value(row))
    }

    fn text(&self, row: usize) -> Option<String> {
        self.0.is_valid(row).then(|| self.0.as_string::<i32>().value(row).to_owned())
    }
}

fn batches(folder: &Path, table: &str) -> Result<Vec<RecordBatch>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder.join(table)).with_context(|| format!("no table {table}"))? {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(entry?.path())?)?.build()?;
        for batch in reader {
            all.push(batch?);
        }
    }
    Ok(all)
}

/// Compares the tables of `sts-tlsrpt` with what was written.
///
/// # Errors
/// Where a file cannot be read.
pub fn grade(reports: &Path, truth: &Path) -> Result<ReportGrade> {
    let mut found = read(reports)?;
    let mut grade = ReportGrade { found: found.len(), ..ReportGrade::default() };
    let text = fs::read_to_string(truth).with_context(|| format!("cannot read {}", truth.display()))?;
    for line in text.lines() {
        let mut told: Told = serde_json::from_str(line)?;
        grade.expected += 1;
        let key = (told.organization.clone(), told.id.clone());
        // The tables do not know of situations, nor of scans.
        let situation = std::mem::take(&mut told.situation);
        told.failures.iter_mut().for_each(|failing| failing.findings.clear());
        match found.remove(&key) {
            Some(read) if read == told => {}
            Some(read) => grade.differences.push(format!("{situation}: expected {told:?}, found {read:?}")),
            None => grade.differences.push(format!("{situation}: {key:?} is not there")),
        }
    }
    grade.differences.extend(found.into_keys().map(|key| format!("{key:?} was never written")));
    Ok(grade)
}

fn read(folder: &Path) -> Result<BTreeMap<(String, String), Told>> {
    let mut by_number: BTreeMap<i64, Told> = BTreeMap::new();
    for batch in batches(folder, "reports")? {
        let column = |name: &str| Column::of(&batch, name);
        let received = column("received_at")?.0.as_primitive::<TimestampMicrosecondType>().clone();
        let (faults, superseded) =
            (column("faults")?.0.as_list::<i32>().clone(), column("superseded")?.0.as_boolean().clone());
        for row in 0..batch.num_rows() {
            let list = faults.value(row);
            let codes =
                list.as_struct().column_by_name("code").context("no code")?.as_string::<i32>().clone();
            let mut codes: Vec<String> = (0..codes.len()).map(|at| codes.value(at).to_owned()).collect();
            codes.sort_unstable();
            if superseded.value(row) {
                codes.push("superseded".to_owned());
            }
            let told = Told {
                organization: column("organization")?.text(row).unwrap_or_default(),
                id: column("report_id")?.text(row).unwrap_or_default(),
                situation: String::new(),
                domain: None,
                policy_type: String::new(),
                mode: None,
                successful: 0,
                failed: 0,
                failures: Vec::new(),
                faults: codes,
                received_at: received.value(row),
            };
            by_number.insert(column("report")?.int(row).context("a report without number")?, told);
        }
    }
    for batch in batches(folder, "policies")? {
        let column = |name: &str| Column::of(&batch, name);
        for row in 0..batch.num_rows() {
            let told = by_number
                .get_mut(&column("report")?.int(row).unwrap_or(0))
                .context("a policy of no report")?;
            told.domain = column("policy_domain")?.text(row);
            told.policy_type = column("policy_type")?.text(row).unwrap_or_default();
            told.mode = column("mode")?.text(row);
            told.successful = column("successful")?.int(row).unwrap_or(-1);
            told.failed = column("failed")?.int(row).unwrap_or(-1);
        }
    }
    for batch in batches(folder, "failures")? {
        let column = |name: &str| Column::of(&batch, name);
        let numbers = column("failure")?.0.as_primitive::<Int32Type>().clone();
        for row in 0..batch.num_rows() {
            let told = by_number
                .get_mut(&column("report")?.int(row).unwrap_or(0))
                .context("a failure of no report")?;
            let failing = Failing {
                result: column("result_type")?.text(row).unwrap_or_default(),
                mx: column("receiving_mx")?.text(row),
                sessions: column("failed")?.int(row).unwrap_or(-1),
                findings: Vec::new(),
            };
            let at = usize::try_from(numbers.value(row)).unwrap_or(usize::MAX).min(told.failures.len());
            told.failures.insert(at, failing);
        }
    }
    Ok(by_number.into_values().map(|told| ((told.organization.clone(), told.id.clone()), told)).collect())
}
