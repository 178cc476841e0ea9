//! The dataset's contract as `columns.json` states it: the tables, their columns, types and words; and the
//! codes of `findings.json`.

use crate::value::Value;
use anyhow::{Context, Result, bail};
use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};
use serde::Deserialize;
use std::sync::Arc;

const COLUMNS_JSON: &str = include_str!("../../columns.json");
const FINDINGS_JSON: &str = include_str!("../../findings.json");

/// Columns that `grade` does not compare by value: when something happened, and how long it took.
/// Whether they are null is compared all the same (see [`crate::grade`]).
pub const EXEMPT: [&str; 15] = [
    "domains.scan",
    "domains.waited_ms",
    "domains.total_ms",
    "domains.mx_at",
    "domains.sts_at",
    "domains.policy_at",
    "domains.policy_fetch_ms",
    "mx_hosts.scan",
    "mx_hosts.probed_at",
    "mx_hosts.connect_ms",
    "mx_hosts.handshake_ms",
    "mx_hosts.waited_ms",
    "certificates.scan",
    "assessments.scan",
    "domains.lists.list",
];

/// Columns of durations that `grade` compares within bounds: how much less than the expected value may be
/// found, and how much more, milliseconds. Whether they are null is compared as in any other column.
pub const TOLERATED: [(&str, i64, i64); 1] = [("mx_hosts.banner_ms", 500, 2_000)];

/// The columns that tell the rows of a table apart.
#[must_use]
pub fn identity(table: &str) -> &'static [&'static str] {
    match table {
        "mx_hosts" => &["host", "addr"],
        "certificates" => &["sha256"],
        _ => &["domain"],
    }
}

/// The type of a column's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// 32-bit signed integer.
    Int32,
    /// 64-bit signed integer.
    Int64,
    /// True or false.
    Bool,
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time,
    /// Bytes.
    Binary,
    /// A list of values of one type.
    List(Box<Kind>),
    /// Named fields in their order.
    Struct(Vec<(String, Kind)>),
}

impl Kind {
    /// Reads a type as `columns.json` writes it, for example `list<struct<addr:text,outcome:text>>`.
    ///
    /// # Errors
    /// Where the text is no type.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(inner) = text.strip_prefix("list<").and_then(|t| t.strip_suffix('>')) {
            return Ok(Self::List(Box::new(Self::parse(inner)?)));
        }
        if let Some(inner) = text.strip_prefix("struct<").and_then(|t| t.strip_suffix('>')) {
            let field = |part: &str| -> Result<(String, Self)> {
                let (name, kind) = part.split_once(':').context("a field is name:type")?;
                Ok((name.to_owned(), Self::parse(kind)?))
            };
            return Ok(Self::Struct(inner.split(',').map(field).collect::<Result<_>>()?));
        }
        Ok(match text {
            "text" => Self::Text,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "bool" => Self::Bool,
            "timestamp_us" => Self::Time,
            "binary" => Self::Binary,
            other => bail!("`{other}` is not a column type"),
        })
    }

    /// The type of what an Arrow type holds, whatever its encoding.
    ///
    /// # Errors
    /// Where no dataset has that type.
    pub fn of(held: &DataType) -> Result<Self> {
        Ok(match held {
            DataType::Utf8 => Self::Text,
            DataType::Dictionary(_, values) => Self::of(values)?,
            DataType::Int32 => Self::Int32,
            DataType::Int64 => Self::Int64,
            DataType::Boolean => Self::Bool,
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Self::Time,
            DataType::Binary => Self::Binary,
            DataType::List(item) => Self::List(Box::new(Self::of(item.data_type())?)),
            DataType::Struct(fields) => {
                let field = |field: &Arc<Field>| Ok((field.name().clone(), Self::of(field.data_type())?));
                Self::Struct(fields.iter().map(field).collect::<Result<_>>()?)
            }
            other => bail!("no dataset has the type {other}"),
        })
    }

    /// The Arrow type that holds it.
    #[must_use]
    pub fn arrow(&self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Bool => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Binary => DataType::Binary,
            Self::List(item) => DataType::List(Arc::new(Field::new("item", item.arrow(), true))),
            Self::Struct(fields) => DataType::Struct(
                fields.iter().map(|(n, k)| Field::new(n, k.arrow(), true)).collect::<Fields>(),
            ),
        }
    }
}

/// A word of a column whose words are a closed set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Word {
    /// The word, as it stands in the files.
    pub word: String,
    /// The field of the struct that holds it, where the column is a list of structs.
    pub field: Option<String>,
    /// What it means.
    pub meaning: String,
    /// Whether what it tells of may pass; null where that is no question.
    pub may_pass: Option<bool>,
}

/// One column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name, as it stands in the files.
    pub name: String,
    /// Type of its values.
    pub kind: Kind,
    /// Whether null may occur.
    pub nullable: bool,
    /// Whether its values are compared: it is not among [`EXEMPT`].
    pub graded: bool,
    /// How much less and how much more than the expected value may be found, where it is among [`TOLERATED`].
    pub tolerance: Option<(i64, i64)>,
    /// Its words, where they are a closed set; empty where anything may stand in it.
    pub words: Vec<Word>,
}

impl Column {
    /// The texts of a cell that are none of the column's words; none where it has no closed set of words.
    #[must_use]
    pub fn strangers<'v>(&self, cell: &'v Value) -> Vec<&'v str> {
        let item = if let Kind::List(item) = &self.kind { item.as_ref() } else { &self.kind };
        let items = if matches!(cell, Value::List(_)) { cell.items() } else { std::slice::from_ref(cell) };
        let Kind::Struct(fields) = item else {
            return items.iter().filter_map(|item| self.stranger(None, item)).collect();
        };
        let of_item = |item: &'v Value| {
            let pairs = fields.iter().zip(item.items());
            pairs.filter_map(|((field, _), value)| self.stranger(Some(field), value))
        };
        items.iter().flat_map(of_item).collect()
    }

    /// The text, where it is none of the words of a field, or of the column, which has some.
    fn stranger<'v>(&self, field: Option<&str>, value: &'v Value) -> Option<&'v str> {
        let mut words = self.words.iter().filter(|word| word.field.as_deref() == field).peekable();
        words.peek()?;
        value.as_text().filter(|text| !words.any(|word| word.word == *text))
    }
}

/// One table of the dataset.
#[derive(Debug, Clone)]
pub struct Table {
    /// Name of the table and of its folder.
    pub name: String,
    /// All columns in their order.
    pub columns: Vec<Column>,
}

impl Table {
    /// The columns whose values `grade` compares, in their order.
    pub fn graded(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.graded)
    }

    /// Position of a column.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// The Arrow schema of its files.
    #[must_use]
    pub fn schema(&self) -> Schema {
        Schema::new(
            self.columns.iter().map(|c| Field::new(&c.name, c.kind.arrow(), c.nullable)).collect::<Vec<_>>(),
        )
    }
}

/// The four tables of the dataset.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Version of the layout, `major.minor`.
    pub schema_version: String,
    /// One row per domain.
    pub domains: Table,
    /// One row an (MX host, address).
    pub mx_hosts: Table,
    /// One row per distinct certificate.
    pub certificates: Table,
    /// One row per domain that signals or publishes a TLSRPT record.
    pub assessments: Table,
}

#[derive(Deserialize)]
struct File {
    schema_version: String,
    tables: Vec<FileTable>,
}

#[derive(Deserialize)]
struct FileTable {
    name: String,
    columns: Vec<FileColumn>,
}

#[derive(Deserialize)]
struct FileColumn {
    name: String,
    nullable: bool,
    r#type: String,
    #[serde(default)]
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Finding {
    code: String,
    stage: String,
}

/// The stage of faults that TLS reports have: no scan finds one.
pub const OF_REPORTS: &str = "report";

/// The codes of the catalogue of findings that a scan can have, in its order.
///
/// # Errors
/// Where `findings.json` is no list of findings.
pub fn findings() -> Result<Vec<String>> {
    let all: Vec<Finding> = serde_json::from_str(FINDINGS_JSON).context("findings.json")?;
    Ok(all.into_iter().filter(|finding| finding.stage != OF_REPORTS).map(|finding| finding.code).collect())
}

impl Contract {
    /// Reads the contract that was compiled in.
    ///
    /// # Errors
    /// Where `columns.json` lacks a table or names an unknown type.
    pub fn load() -> Result<Self> {
        let file: File = serde_json::from_str(COLUMNS_JSON).context("columns.json")?;
        let mut tables = Vec::new();
        for table in file.tables {
            let mut columns = Vec::new();
            for c in table.columns {
                let path = format!("{}.{}", table.name, c.name);
                let tolerated = TOLERATED.iter().find(|(column, ..)| *column == path);
                columns.push(Column {
                    kind: Kind::parse(&c.r#type)?,
                    name: c.name,
                    nullable: c.nullable,
                    graded: !EXEMPT.contains(&path.as_str()),
                    tolerance: tolerated.map(|(_, less, more)| (*less, *more)),
                    words: c.words,
                });
            }
            tables.push(Table { name: table.name, columns });
        }
        let mut take = |name: &str| {
            let at = tables.iter().position(|t| t.name == name);
            at.map(|at| tables.swap_remove(at)).with_context(|| format!("columns.json has no table `{name}`"))
        };
        Ok(Self {
            domains: take("domains")?,
            mx_hosts: take("mx_hosts")?,
            certificates: take("certificates")?,
            assessments: take("assessments")?,
            schema_version: file.schema_version,
        })
    }

    /// The tables in a fixed order.
    #[must_use]
    pub fn tables(&self) -> [&Table; 4] {
        [&self.domains, &self.mx_hosts, &self.certificates, &self.assessments]
    }
}
