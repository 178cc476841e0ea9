//! A line of what `--batch` writes.

use serde::Serialize;
use serde_json::Value;

/// A line of the output, its keys in this order; `F` is a finding with its place.
#[derive(Serialize)]
pub(super) struct JudgedLine<'a, F> {
    pub(super) id: &'a Value,
    pub(super) verdict: &'static str,
    pub(super) lenient: &'static str,
    pub(super) findings: Vec<F>,
}
