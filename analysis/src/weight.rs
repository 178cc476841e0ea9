//! Shares of weights in the place of shares of names: what `--weight` asks for, how the SQL says it, and how
//! its shares come into a table of names.
//!
//! A table is counted twice: of names, by its text as it stands, and of weights, by the text that
//! [`weighted`] makes of it. All cells are those of the first, but for the shares, which are the second's;
//! the rows of both are matched by the columns that the header names. So the texts mark three things, in
//! comments that leave them plain SQL:
//!
//! - `count(*) /* names */`, `count(*) /* names of TABLE */`: names are counted; of weights it is the sum of
//!   the column `weight` (of TABLE, where several have one).
//! - `/*[*/ TEXT /*| OTHER ]*/`: OTHER stands in the place of TEXT. Which rows there are, and which are the
//!   largest, is decided by numbers of names in both.
//! - `/*[| MORE ]*/`: MORE stands there: the column `weight` is carried, names are counted beside it.
//!
//! The header's line is `weight: by COLUMN, …[; not COLUMN, …]`, with the columns that tell the rows apart
//! and the decimals that are no shares; or `weight: no: WHY`.

use crate::fault::Fault;
use crate::query::Query;
use crate::render::{Answer, BY, Cell, Kind};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

/// A column of weights in a file of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weight {
    /// The file. The names stand in its column `domain`, or the first.
    pub file: PathBuf,
    /// Its column of numbers from 0 on.
    pub column: String,
}

impl FromStr for Weight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once(".csv:") {
            Some((path, column)) if !path.is_empty() && !column.is_empty() => {
                Ok(Self { file: format!("{path}.csv").into(), column: column.to_owned() })
            }
            _ => Err("must be FILE.csv:COLUMN".to_owned()),
        }
    }
}

impl Weight {
    /// The file without its folders.
    pub(crate) fn shown(&self) -> String {
        self.file.file_name().unwrap_or(self.file.as_os_str()).to_string_lossy().into_owned()
    }
}

/// How the two answers to a query are brought together.
#[derive(Debug, PartialEq, Eq)]
struct Matching {
    /// The columns that tell the rows apart.
    keys: Vec<String>,
    /// Columns of decimals that are no shares.
    kept: Vec<String>,
}

/// What the header of a query says of weights; `Err` with the reason where it has no shares of weights.
fn matching(query: &Query) -> Result<Matching, String> {
    if let Some(why) = query.weight.strip_prefix("no:") {
        return Err(why.trim().to_owned());
    }
    let Some(by) = query.weight.strip_prefix("by ") else {
        return Err("its header does not say how it is weighted".to_owned());
    };
    let (keys, kept) = by.split_once("; not ").unwrap_or((by, ""));
    let listed =
        |text: &'_ str| -> Vec<String> { text.split(',').map(|name| name.trim().to_owned()).collect() };
    Ok(Matching { keys: listed(keys), kept: listed(kept) })
}

/// Whether a query can be weighted.
///
/// # Errors
/// It cannot (usage), and why.
pub fn check(query: &Query) -> Result<(), Fault> {
    matching(query)
        .map(drop)
        .map_err(|why| Fault::Usage(format!("table `{}` has no shares of weights: {why}", query.name)))
}

/// The text of a query or view that counts weights.
#[must_use]
pub fn weighted(sql: &str) -> String {
    let mut chosen = String::new();
    let mut rest = sql;
    while let Some((before, mark)) = rest.split_once("/*[") {
        chosen.push_str(before);
        let (_, other) = mark.split_once('|').unwrap_or(("", mark));
        let (other, after) = other.split_once("]*/").unwrap_or((other, ""));
        chosen.push_str(other.trim());
        rest = after;
    }
    chosen.push_str(rest);
    let mut summed = String::new();
    let mut rest = chosen.as_str();
    while let Some((before, mark)) = rest.split_once("count(*) /* names") {
        summed.push_str(before);
        let (of, after) = mark.split_once("*/").unwrap_or((mark, ""));
        let of = of.trim().strip_prefix("of ").map(|table| format!("{table}.")).unwrap_or_default();
        // The sum of no rows is null, their number 0.
        let filter =
            after.strip_prefix(" FILTER (").map_or(0, |inside| after.len() - inside.len() + closed(inside));
        let (filter, after) = after.split_at(filter);
        let sum = format!("sum({of}weight)");
        summed.push_str(&if filter.is_empty() { sum } else { format!("coalesce({sum}{filter}, 0)") });
        rest = after;
    }
    summed + rest
}

/// How long a text is up to the bracket that closes it, which is no part of it where it is missing.
fn closed(text: &str) -> usize {
    let mut open = 1;
    let mut is_text = false;
    for (at, sign) in text.char_indices() {
        match sign {
            '\'' => is_text = !is_text,
            '(' if !is_text => open += 1,
            ')' if !is_text => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at + 1;
        }
    }
    text.len()
}

/// Puts the shares of weights in the place of those of names, which are kept beside for the marks of small
/// denominators.
///
/// # Errors
/// The rows of the two answers do not match, or a column is not there.
pub(crate) fn merge(answer: &mut Answer, weighted: &Answer) -> Result<(), Fault> {
    let apart = |what: &str| Fault::Usage(format!("query `{}`, weighted: {what}", answer.query.name));
    let matching = matching(&answer.query).map_err(|why| apart(&why))?;
    let at = |name: &str| answer.columns.iter().position(|(column, _)| column == name);
    let keys = matching.keys.iter().map(|key| at(key).ok_or_else(|| apart(&format!("no column {key}"))));
    let keys: Vec<usize> = at(BY).map(Ok).into_iter().chain(keys).collect::<Result<_, _>>()?;
    let key = |row: &[Cell]| format!("{:?}", keys.iter().map(|key| row.get(*key)).collect::<Vec<_>>());
    let is_share = |(name, kind): &&(String, Kind)| *kind == Kind::Share && !matching.kept.contains(name);
    let names = |answer: &Answer| answer.columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let rows: BTreeMap<String, &Vec<Cell>> = weighted.rows.iter().map(|row| (key(row), row)).collect();
    if rows.len() != answer.rows.len()
        || weighted.rows.len() != rows.len()
        || names(answer) != names(weighted)
    {
        return Err(apart("its rows or columns are not those of its names"));
    }
    let shares: Vec<usize> =
        answer.columns.iter().filter(is_share).filter_map(|(name, _)| at(name)).collect();
    let mut merged = answer.rows.clone();
    for row in &mut merged {
        let other = rows.get(&key(row)).ok_or_else(|| apart("a row of its names is missing"))?;
        for &share in &shares {
            row[share] = match &other[share] {
                cell @ (Cell::Share(_) | Cell::Null) => cell.clone(),
                _ => return Err(apart("a share is no number with decimals")),
            };
        }
    }
    answer.by_names = Some(std::mem::replace(&mut answer.rows, merged));
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn marks_choose_what_is_summed() {
        for (sql, expected) in [
            ("SELECT count(*) /* names */ AS n, count(*) AS m", "SELECT sum(weight) AS n, count(*) AS m"),
            (
                "count(*) /* names of t */ FILTER (WHERE a IN ('b)', 'c') AND (d)) AS n, e",
                "coalesce(sum(t.weight) FILTER (WHERE a IN ('b)', 'c') AND (d)), 0) AS n, e",
            ),
            ("SELECT a /*[| , weight ]*/ FROM b", "SELECT a , weight FROM b"),
            ("ORDER BY /*[*/names/*| n_names ]*/ DESC /* so */", "ORDER BY n_names DESC /* so */"),
        ] {
            assert_eq!(weighted(sql), expected);
        }
    }

    #[test]
    fn every_table_says_how_it_is_weighted_or_why_not() {
        for query in [crate::query::adoption(), crate::query::report(), crate::query::misconfig()].concat() {
            match matching(&query) {
                Ok(matching) => assert!(matching.keys.len() > 1, "{}", query.name),
                Err(why) => assert!(why.ends_with("not names"), "{}: {why}", query.name),
            }
        }
    }

    #[test]
    fn rows_that_do_not_match_are_no_answer() {
        let answer = |rows: &[(&str, f64)]| Answer {
            query: Query::parse("t", "-- weight: by scan\nSELECT 1"),
            columns: vec![("scan".to_owned(), Kind::Text), ("pct".to_owned(), Kind::Share)],
            rows: rows
                .iter()
                .map(|(scan, pct)| vec![Cell::Text((*scan).to_owned()), Cell::Share(*pct)])
                .collect(),
            notes: Vec::new(),
            by_names: None,
        };
        let mut found = answer(&[("a", 1.0), ("b", 2.0)]);
        merge(&mut found, &answer(&[("b", 4.0), ("a", 3.0)])).unwrap();
        assert_eq!(found.rows, answer(&[("a", 3.0), ("b", 4.0)]).rows);
        assert_eq!(found.by_names, Some(answer(&[("a", 1.0), ("b", 2.0)]).rows));
        for others in [vec![("a", 3.0)], vec![("a", 3.0), ("c", 4.0)], vec![("a", 3.0), ("a", 4.0)]] {
            assert!(merge(&mut answer(&[("a", 1.0), ("b", 2.0)]), &answer(&others)).is_err());
        }
    }
}
