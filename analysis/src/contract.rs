//! The dataset's contract as `columns.json` gives it: the columns of each table and their types.

use crate::fault::Fault;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use serde::Deserialize;
use std::sync::{Arc, LazyLock};

/// The four tables of a dataset, each a folder of Parquet parts.
pub const TABLES: [&str; 4] = ["domains", "mx_hosts", "certificates", "assessments"];

/// The three tables of a folder of TLS reports, each a folder of Parquet parts.
pub const REPORT_TABLES: [&str; 3] = ["reports", "policies", "failures"];

const TEXT: &str = include_str!("../../columns.json");
const REPORTS_TEXT: &str = include_str!("../../reports.json");

#[derive(Deserialize)]
struct Contract {
    schema_version: String,
    tables: Vec<Table>,
}

#[derive(Deserialize)]
struct Table {
    name: String,
    row: String,
    columns: Vec<Column>,
}

/// A column as the contract describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its type in the contract's words, for example `list<text>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it means.
    pub meaning: String,
    /// The words it may hold, in their order; empty where it holds no words of a closed vocabulary.
    #[serde(default)]
    pub words: Vec<Word>,
}

/// A word of the vocabulary of a column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Word {
    /// The word itself.
    pub word: String,
    /// What it means.
    pub meaning: String,
    /// Whether a later look may find something else; `None` where the word is no outcome of a look.
    pub may_pass: Option<bool>,
    /// The field that holds it, in a column of lists of structs; `None` where the column holds it itself.
    #[serde(default)]
    pub field: Option<String>,
}

static CONTRACT: LazyLock<Result<Contract, String>> =
    LazyLock::new(|| serde_json::from_str(TEXT).map_err(|cause| cause.to_string()));

static REPORTS: LazyLock<Result<Contract, String>> =
    LazyLock::new(|| serde_json::from_str(REPORTS_TEXT).map_err(|cause| cause.to_string()));

fn reports() -> Result<&'static Contract, Fault> {
    REPORTS.as_ref().map_err(|cause| Fault::engine("read reports.json", cause))
}

/// Version of the layout of TLS reports that this program knows, `major.minor`.
///
/// # Errors
/// The file this program was built with is broken.
pub fn reports_version() -> Result<&'static str, Fault> {
    Ok(&reports()?.schema_version)
}

fn contract() -> Result<&'static Contract, Fault> {
    CONTRACT.as_ref().map_err(|cause| Fault::engine("read columns.json", cause))
}

/// Version of the tables' layout that this program knows, `major.minor`.
///
/// # Errors
/// The file this program was built with is broken.
pub fn schema_version() -> Result<&'static str, Fault> {
    Ok(&contract()?.schema_version)
}

/// The minor version of a layout such as `1.2`; `None` where it is none of the major version that this
/// program knows.
///
/// # Errors
/// The file this program was built with is broken.
pub fn minor(version: &str) -> Result<Option<u32>, Fault> {
    let parts = |version: &str| {
        let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    let known = parts(schema_version()?).map(|(major, _)| major);
    Ok(parts(version).filter(|(major, _)| Some(*major) == known).map(|(_, minor)| minor))
}

/// Whether a layout's version is a newer minor version than the one that this program knows.
///
/// # Errors
/// The file this program was built with is broken.
pub fn is_newer(version: &str) -> Result<bool, Fault> {
    Ok(minor(version)? > minor(schema_version()?)?)
}

/// The schema to read a table by. Every column may be null, so that a dataset of an older minor version,
/// which has fewer columns, reads as if they were there and empty.
///
/// # Errors
/// No such table, or the file this program was built with is broken.
pub fn schema(table: &str) -> Result<SchemaRef, Fault> {
    let columns = columns(table)?;
    let fields: Result<Vec<Field>, Fault> =
        columns.iter().map(|c| Ok(Field::new(&c.name, data_type(&c.kind)?, true))).collect();
    Ok(Arc::new(Schema::new(fields?)))
}

/// Names of the columns of a table that are never null.
///
/// # Errors
/// No such table, or the file this program was built with is broken.
pub fn required(table: &str) -> Result<Vec<&'static str>, Fault> {
    Ok(columns(table)?.iter().filter(|c| !c.nullable).map(|c| c.name.as_str()).collect())
}

/// The columns of a table, in their order.
///
/// # Errors
/// No such table, or the file this program was built with is broken.
pub fn columns(table: &str) -> Result<&'static [Column], Fault> {
    Ok(&described(table)?.columns)
}

/// What a row of a table stands for.
///
/// # Errors
/// No such table, or the file this program was built with is broken.
pub fn row(table: &str) -> Result<&'static str, Fault> {
    Ok(&described(table)?.row)
}

fn described(table: &str) -> Result<&'static Table, Fault> {
    let mut all = contract()?.tables.iter().chain(&reports()?.tables);
    let found = all.find(|t| t.name == table);
    found.ok_or_else(|| Fault::engine("read columns.json and reports.json", format!("no table {table}")))
}

/// A type of the contract as Arrow knows it, every part nullable.
///
/// # Errors
/// It is no type that this version knows.
pub(crate) fn data_type(kind: &str) -> Result<DataType, Fault> {
    if let Some(item) = inside(kind, "list<") {
        return Ok(DataType::List(Arc::new(Field::new("element", data_type(item)?, true))));
    }
    if let Some(members) = inside(kind, "struct<") {
        let fields: Result<Fields, Fault> = split_members(members)
            .into_iter()
            .map(|member| {
                let (name, kind) = member.split_once(':').ok_or_else(|| unknown(member))?;
                Ok(Field::new(name, data_type(kind)?, true))
            })
            .collect();
        return Ok(DataType::Struct(fields?));
    }
    match kind {
        "text" => Ok(DataType::Utf8),
        "int32" => Ok(DataType::Int32),
        "int64" => Ok(DataType::Int64),
        "bool" => Ok(DataType::Boolean),
        "timestamp_us" => Ok(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        "binary" => Ok(DataType::Binary),
        other => Err(unknown(other)),
    }
}

fn unknown(kind: &str) -> Fault {
    Fault::engine("read columns.json", format!("unknown type {kind}"))
}

/// What stands between an opening such as `list<` and its end; `None` where the type is another.
pub(crate) fn inside<'a>(kind: &'a str, opening: &str) -> Option<&'a str> {
    kind.strip_prefix(opening)?.strip_suffix('>')
}

/// Splits at the commas that stand outside any `<…>`.
pub(crate) fn split_members(members: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    members
        .split(|c: char| {
            depth += match c {
                '<' => 1,
                '>' => -1,
                _ => 0,
            };
            c == ',' && depth == 0
        })
        .collect()
}

/// A type by DuckDB's name for it.
#[must_use]
pub fn duckdb_type(kind: &DataType) -> String {
    match kind {
        DataType::Int32 => "INTEGER".into(),
        DataType::Int64 => "BIGINT".into(),
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Timestamp(..) => "TIMESTAMPTZ".into(),
        DataType::Binary => "BLOB".into(),
        DataType::List(item) => format!("{}[]", duckdb_type(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|f| format!("\"{}\" {}", f.name(), duckdb_type(f.data_type()))).collect();
            format!("STRUCT({})", fields.join(", "))
        }
        _ => "VARCHAR".into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn every_table_of_the_contract_has_a_schema() {
        for table in TABLES {
            assert!(!schema(table).unwrap().fields().is_empty());
            assert!(required(table).unwrap().contains(&"scan"));
        }
        assert_eq!(contract().unwrap().tables.len(), TABLES.len());
        for table in REPORT_TABLES {
            assert!(!schema(table).unwrap().fields().is_empty());
        }
        assert_eq!(reports().unwrap().tables.len(), REPORT_TABLES.len());
    }

    #[test]
    fn nested_types_read_as_they_are_written() {
        let kind = data_type("list<struct<list:text,deep:list<struct<a:int32,b:bool>>,rank:int64>>").unwrap();
        assert_eq!(
            duckdb_type(&kind),
            r#"STRUCT("list" VARCHAR, "deep" STRUCT("a" INTEGER, "b" BOOLEAN)[], "rank" BIGINT)[]"#
        );
        assert!(data_type("list<decimal>").is_err());
    }
}
