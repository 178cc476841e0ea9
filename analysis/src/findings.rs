//! The catalogue of findings as `findings.json` gives it, made from the scanner's: the table `catalogue`.

use crate::fault::Fault;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use serde::Deserialize;
use std::sync::Arc;

const TEXT: &str = include_str!("../../findings.json");

#[derive(Deserialize)]
struct Finding {
    code: String,
    stage: String,
    severity: String,
    may_pass: bool,
    title: String,
    advice: String,
    source: String,
    result_type: Option<String>,
}

/// The catalogue of what a scan can find as a table: `place` (from 1, its order), `code`, `stage`,
/// `severity`, `may_pass`, `title`, `advice`, `source`, `result_type` (of RFC 8460 section 4.3; null where a
/// report would show none).
///
/// # Errors
/// The file this program was built with is broken.
pub fn catalogue() -> Result<RecordBatch, Fault> {
    let broken = |cause: &dyn std::fmt::Display| Fault::engine("read findings.json", cause);
    let mut all: Vec<Finding> = serde_json::from_str(TEXT).map_err(|cause| broken(&cause))?;
    // No scan finds a fault of a report.
    all.retain(|finding| finding.stage != "report");
    let texts = |of: fn(&Finding) -> &str| -> ArrayRef {
        Arc::new(all.iter().map(|finding| Some(of(finding))).collect::<StringArray>())
    };
    let columns: [(&str, ArrayRef); 9] = [
        ("place", Arc::new((1..).take(all.len()).collect::<Int64Array>())),
        ("code", texts(|f| &f.code)),
        ("stage", texts(|f| &f.stage)),
        ("severity", texts(|f| &f.severity)),
        ("may_pass", Arc::new(all.iter().map(|f| Some(f.may_pass)).collect::<BooleanArray>())),
        ("title", texts(|f| &f.title)),
        ("advice", texts(|f| &f.advice)),
        ("source", texts(|f| &f.source)),
        ("result_type", Arc::new(all.iter().map(|f| f.result_type.as_deref()).collect::<StringArray>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
        .map_err(|cause| broken(&cause))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    #[test]
    fn the_catalogue_has_every_code_once() {
        let catalogue = super::catalogue().unwrap();
        let codes = catalogue.column_by_name("code").unwrap();
        let codes = arrow::array::AsArray::as_string::<i32>(codes);
        let distinct: std::collections::BTreeSet<_> = codes.iter().flatten().collect();
        assert_eq!(distinct.len(), catalogue.num_rows());
        assert!(distinct.contains("mx_cert_all_invalid"));
    }
}
