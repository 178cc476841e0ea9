//! The numbers at the head of the report, each out of a named query.

use super::draw::behind;
use super::figure::percent;
use super::outline::Headline;
use super::rows::{Rows, count, is_share, number};
use crate::dataset::grouped;
use crate::fault::Fault;
use crate::render::Answer;

/// Percent of undecided names from which a range is told in place of a share.
const MOST_OPEN: f64 = 10.0;

/// A number as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) value: String,
    pub(super) label: String,
    /// What it is a share of, and its range; empty where it is a count.
    pub(super) behind: String,
    pub(super) query: String,
}

/// Takes a number from its query's answer; `None` where there is no such row or no value.
///
/// # Errors
/// The query has no such column.
pub(super) fn told(headline: &Headline, answer: &Answer, scan: &str) -> Result<Option<Told>, Fault> {
    let rows = Rows::new(answer).keeping(headline.keep)?.of_scan(scan)?;
    let column = rows.column(headline.value)?;
    let Some(row) = rows.each().next() else { return Ok(None) };
    let Some(found) = number(&row[column]) else { return Ok(None) };
    let value = if is_share(headline.value) { percent(found) } else { grouped(count(&row[column])) };
    let mut value = value;
    let mut parts = Vec::new();
    if let Some(of) = headline.of {
        parts.push(behind(&rows, row, of)?);
    }
    if let Some((low, high)) = headline.range {
        let (low, high) = (number(&row[rows.column(low)?]), number(&row[rows.column(high)?]));
        // A range that rounds to its value is none.
        if let (Some(low), Some(high)) = (low, high)
            && percent(low) != percent(high)
        {
            let range = format!("{} to {}", percent(low), percent(high));
            // So much is undecided that what was decided says little of the whole.
            if high - low >= MOST_OPEN {
                parts.push(format!("{value} of the decided"));
                value = range;
            } else {
                parts.push(range);
            }
        }
    }
    let (label, query) = (headline.label.to_owned(), headline.query.to_owned());
    Ok(Some(Told { value, label, behind: parts.join(", "), query }))
}
