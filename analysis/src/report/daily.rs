//! Figures over days.

use super::figure::{Figure, Series, SeriesLine, Tone, Unit};
use super::rows::{Rows, is_share, number, shown};
use crate::fault::Fault;
use crate::times::days;
use std::collections::{BTreeMap, BTreeSet};

/// Draws values per day: a line each for what has the largest sums; `by` empty: one line. `None` where there
/// are fewer than two days.
///
/// # Errors
/// The query has no such column.
pub(super) fn daily(
    rows: &Rows<'_>,
    (day, by, value): (&str, &str, &str),
    axis: &str,
) -> Result<Option<Figure>, Fault> {
    let (day, column) = (rows.column(day)?, rows.column(value)?);
    let by = if by.is_empty() { None } else { Some(rows.column(by)?) };
    let mut lines: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let mut all_days = BTreeSet::new();
    for row in rows.each() {
        let (Some(found), at) = (number(&row[column]), shown(&row[day])) else { continue };
        if days(&at).is_some() {
            let line = by.map_or_else(|| "all senders".to_owned(), |by| shown(&row[by]));
            lines.entry(line).or_default().insert(at.clone(), found);
            all_days.insert(at);
        }
    }
    if all_days.len() < 2 {
        return Ok(None);
    }
    let mut lines: Vec<(String, BTreeMap<String, f64>)> = lines.into_iter().collect();
    let sum = |line: &BTreeMap<String, f64>| line.values().sum::<f64>();
    lines.sort_by(|(_, one), (_, other)| sum(other).total_cmp(&sum(one)));
    // A day without failures of a kind has none; a day without sessions has no share.
    let nothing = if is_share(value) { None } else { Some(0.0) };
    let drawn = lines.into_iter().zip(Tone::LINES).map(|((label, values), tone)| SeriesLine {
        label,
        values: all_days.iter().map(|day| values.get(day).copied().or(nothing)).collect(),
        ranges: Vec::new(),
        tone,
    });
    let lines = drawn.collect();
    let times = all_days.iter().filter_map(|day| Some((days(day)? * 86_400.0, day.clone()))).collect();
    let unit = if is_share(value) { Unit::Percent } else { Unit::Count };
    Ok(Some(Figure::Series(Series {
        times,
        lines,
        jumps: Vec::new(),
        breaks: Vec::new(),
        axis: axis.to_owned(),
        unit,
    })))
}
