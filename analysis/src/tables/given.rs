//! Small tables that do not come from the Parquet files: scans, providers, settings.

use super::Tables;
use crate::comparable;
use crate::fault::Fault;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use std::sync::Arc;

impl Tables {
    /// One row per dataset, in the order they were given. `unknown_words`: cells with a word that this
    /// version does not know.
    pub(super) fn scans(&self) -> Result<RecordBatch, Fault> {
        let stated = |keys: &[&str]| -> ArrayRef {
            Arc::new(self.datasets.iter().map(|d| d.stated(keys)).collect::<StringArray>())
        };
        let time = |keys: &[&str]| {
            let kind = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            cast(&stated(keys), &kind).map_err(|cause| Fault::engine("read the manifests' times", cause))
        };
        let rows = |table: &str| -> ArrayRef {
            let rows = self.datasets.iter().map(|d| d.rows.get(table).and_then(|&n| i64::try_from(n).ok()));
            Arc::new(rows.collect::<Int64Array>())
        };
        let names = self.datasets.iter().map(|d| Some(d.scan.as_str()));
        let complete = self.datasets.iter().map(|d| Some(d.complete));
        let unknown = self.datasets.iter().map(|d| i64::try_from(d.unknown.cells()).ok());
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("scan", Arc::new(names.collect::<StringArray>())),
            ("schema_version", stated(&["schema_version"])),
            ("complete", Arc::new(complete.collect::<BooleanArray>())),
            ("started", time(&["started", "start"])?),
            ("ended", time(&["ended", "end"])?),
            ("domains", rows("domains")),
            ("mx_hosts", rows("mx_hosts")),
            ("assessments", rows("assessments")),
            ("unknown_words", Arc::new(unknown.collect::<Int64Array>())),
        ];
        columns.extend(comparable::columns(&self.datasets));
        let columns = columns.into_iter().map(|(name, column)| (name, column, true));
        RecordBatch::try_from_iter_with_nullable(columns)
            .map_err(|cause| Fault::engine("make the table scans", cause))
    }

    pub(super) fn listed_providers(&self) -> Result<RecordBatch, Fault> {
        let listed = self.providers.listed();
        let registrable: StringArray = listed.iter().map(|(registrable, _)| Some(registrable)).collect();
        let provider: StringArray = listed.iter().map(|(_, provider)| Some(provider)).collect();
        RecordBatch::try_from_iter([
            ("registrable", Arc::new(registrable) as ArrayRef),
            ("provider", Arc::new(provider) as ArrayRef),
        ])
        .map_err(|cause| Fault::engine("make the table providers", cause))
    }
}

/// Settings as a table of one row.
pub(super) fn settings<const N: usize>(columns: [(&'static str, i64); N]) -> Result<RecordBatch, Fault> {
    let column = |value: i64| Arc::new(Int64Array::from(vec![value])) as ArrayRef;
    RecordBatch::try_from_iter(columns.map(|(name, value)| (name, column(value))))
        .map_err(|cause| Fault::engine("make the table settings", cause))
}
