//! The numbers that the queries gave over the published files, and the queries, so that anybody can repeat
//! them.

use super::files;
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::query::{self, Query};
use crate::render::{Answer, Format, Kind, render};
use crate::settings::Settings;
use crate::tables::Tables;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Files of `queries/`: the queries, the tables they are asked over, and what those are made from (names,
/// scans, pairs of them, providers, settings, catalogue, words).
pub(super) const HELPERS: usize = 9;

/// Where the queries stand, one after the other.
pub(super) const QUERIES: &str = "queries/queries.sql";

/// The line before each query.
const MARK: &str = "-- query: ";

/// A table of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) path: String,
    pub(super) title: String,
    /// Names and Frictionless types.
    pub(super) columns: Vec<(String, &'static str)>,
    pub(super) rows: usize,
}

/// What came of the queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) tables: Vec<Numbers>,
    pub(super) unanswered: Vec<String>,
}

/// The queries over one dataset.
pub(super) fn catalogue() -> Vec<Query> {
    [query::adoption(), query::report(), query::misconfig()].concat()
}

/// Asks every query over a dataset, and writes `numbers/*.csv` and `queries/*` below `out`.
pub(super) async fn write(
    dataset: Dataset,
    memory: usize,
    csv: Format,
    out: &Path,
) -> Result<Answered, Fault> {
    let mut tables = Tables::register(vec![dataset], memory, Settings::default()).await?;
    let mut answered = Answered { tables: Vec::new(), unanswered: Vec::new() };
    let mut text = "-- The queries whose answers stand in numbers/. Each begins after a line `-- query: name`.\n\
        -- In DuckDB, in the directory above this one: duckdb -init queries/tables.sql, then a query's text.\n"
        .to_owned();
    for query in catalogue() {
        match tables.run(&query).await {
            Ok(answer) => {
                let _ = write!(text, "\n{MARK}{}\n{};\n", query.name, query.sql.trim_end());
                answered.tables.push(numbers(&answer, csv, out)?);
            }
            Err(Fault::Withheld(_)) => {
                answered.unanswered.push(format!("`{}` ({})", query.name, query.title));
            }
            Err(fault) => return Err(fault),
        }
    }
    files::write(out, QUERIES, text.as_bytes())?;
    let folder = out.join("queries");
    tables.export(&folder).await?;
    relocate(&folder, out)?;
    Ok(answered)
}

fn numbers(answer: &Answer, csv: Format, out: &Path) -> Result<Numbers, Fault> {
    let path = format!("numbers/{}.csv", answer.query.name);
    files::write(out, &path, render(std::slice::from_ref(answer), csv, None).as_bytes())?;
    let kind = |kind: Kind| match kind {
        Kind::Count => "integer",
        Kind::Share => "number",
        Kind::Flag => "boolean",
        Kind::Text => "string",
    };
    let columns = answer.columns.iter().map(|(name, of)| (name.clone(), kind(*of))).collect();
    Ok(Numbers { path, title: answer.query.title.clone(), columns, rows: answer.rows.len() })
}

/// Whether a table of numbers is this answer, its formulas marked or as they are.
pub(super) fn is_answer(told: &str, answer: &Answer) -> bool {
    let answer = std::slice::from_ref(answer);
    [Format::Csv, Format::CsvPlain].iter().any(|csv| render(answer, *csv, None) == told)
}

/// Makes the paths in the helper tables relative to the published directory, which will get another name yet.
fn relocate(folder: &Path, out: &Path) -> Result<(), Fault> {
    let here = out.canonicalize().map_err(|cause| Fault::file("open", out, cause))?;
    let path = folder.join("tables.sql");
    let text = fs::read_to_string(&path).map_err(|cause| Fault::file("read", &path, cause))?;
    let prefix = format!("'{}/", here.to_string_lossy().replace('\'', "''"));
    let text = format!(
        "-- Read this in the directory above: its paths are relative to that.\n{}",
        text.replace(&prefix, "'")
    );
    fs::write(&path, text).map_err(|cause| Fault::file("write", &path, cause))
}

/// The queries of a published dataset: name and text.
pub(super) fn published_queries(text: &str) -> Vec<Query> {
    let mark = format!("\n{MARK}");
    let sections = text.split(&mark).skip(1);
    sections
        .filter_map(|section| {
            let (name, sql) = section.split_once('\n')?;
            Some(Query::parse(name, sql.trim_end().trim_end_matches(';')))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn published_queries_read_as_they_are_written() {
        let text = "-- head\n\n-- query: a\n-- title: A\nSELECT 1;\n\n-- query: b-c\nSELECT ';' AS x;\n";
        let queries = published_queries(text);
        let found: Vec<(&str, &str)> = queries.iter().map(|q| (q.name.as_str(), q.sql.as_str())).collect();
        assert_eq!(found, [("a", "-- title: A\nSELECT 1"), ("b-c", "SELECT ';' AS x")]);
    }
}
