//! The rows of an answer as figures take them: columns by name, cells as numbers and texts, days as numbers.

use super::outline::Keep;
use crate::fault::Fault;
use crate::render::{Answer, Cell};

/// Rows of an answer, with columns by name.
pub(super) struct Rows<'a> {
    answer: &'a Answer,
    rows: Vec<&'a Vec<Cell>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(answer: &'a Answer) -> Self {
        Self { answer, rows: answer.rows.iter().collect() }
    }

    pub(super) fn column(&self, name: &str) -> Result<usize, Fault> {
        self.answer.columns.iter().position(|(column, _)| column == name).ok_or_else(|| {
            Fault::engine(
                "draw a figure",
                format!("the query {} has no column {name}", self.answer.query.name),
            )
        })
    }

    fn has(&self, name: &str) -> bool {
        self.answer.columns.iter().any(|(column, _)| column == name)
    }

    /// Only the rows that the outline keeps.
    pub(super) fn keeping(mut self, keep: &[Keep]) -> Result<Self, Fault> {
        for (name, values) in keep {
            let column = self.column(name)?;
            self.rows.retain(|row| values.iter().any(|value| shown(&row[column]) == *value));
        }
        Ok(self)
    }

    /// Only the rows of a scan, by whichever column says so: those that led to it, where rows lie between two
    /// scans.
    pub(super) fn of_scan(mut self, scan: &str) -> Result<Self, Fault> {
        for name in ["scan", "to_scan"] {
            if self.has(name) {
                let column = self.column(name)?;
                self.rows.retain(|row| shown(&row[column]) == scan);
            }
        }
        Ok(self)
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &'a Vec<Cell>> + '_ {
        self.rows.iter().copied()
    }
}

/// A cell as plain text: numbers without commas, null as nothing.
pub(super) fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Count(count) => count.to_string(),
        Cell::Share(share) => share.to_string(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// A cell as a number; `None` for null and text.
#[allow(clippy::cast_precision_loss, reason = "the length of a bar needs no more than 52 bits")]
pub(super) fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Count(count) => Some(*count as f64),
        Cell::Share(share) => Some(*share),
        Cell::Null | Cell::Flag(_) | Cell::Text(_) => None,
    }
}

pub(super) fn count(cell: &Cell) -> u64 {
    match cell {
        Cell::Count(count) => u64::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

/// Columns of shares say so by their name.
pub(super) fn is_share(column: &str) -> bool {
    ["pct", "low", "high"].iter().any(|ending| column.ends_with(ending))
}
