//! Durations: what is found need not be what is expected to the millisecond.
//!
//! In a fingerprint such a value is 0, so that only whether it is null counts; the value itself is held
//! against the truth apart.

use crate::contract::Table;
use crate::value::Value;
use std::borrow::Cow;

/// The values of a row in columns with a tolerance: the column's position and the value.
pub(super) fn durations(table: &Table, row: &[Value]) -> Vec<(usize, i64)> {
    let tolerated =
        table.columns.iter().zip(row).enumerate().filter(|(_, (column, _))| column.tolerance.is_some());
    tolerated.filter_map(|(at, (_, cell))| Some((at, cell.as_int()?))).collect()
}

/// The row with such values taken for 0.
pub(super) fn without<'r>(table: &Table, row: &'r [Value]) -> Cow<'r, [Value]> {
    let durations = durations(table, row);
    if durations.iter().all(|(_, value)| *value == 0) {
        return Cow::Borrowed(row);
    }
    let mut row = row.to_vec();
    for (at, _) in durations {
        if let Some(cell) = row.get_mut(at) {
            *cell = Value::Int(0);
        }
    }
    Cow::Owned(row)
}

/// What is out of bounds in a row, where `expected` tells of a position what should be there: column, bounds,
/// what is there.
pub(super) fn faults<'t>(
    table: &'t Table,
    row: &[Value],
    expected: impl Fn(usize) -> i64,
) -> Vec<(&'t str, String, String)> {
    let mut faults = Vec::new();
    for (at, found) in durations(table, row) {
        let Some(column) = table.columns.get(at) else { continue };
        let (less, more) = column.tolerance.unwrap_or_default();
        let (from, to) = (expected(at) - less, expected(at) + more);
        if !(from.max(0)..=to).contains(&found) {
            faults.push((column.name.as_str(), format!("{} to {to}", from.max(0)), found.to_string()));
        }
    }
    faults
}
