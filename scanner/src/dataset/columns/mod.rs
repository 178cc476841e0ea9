//! The dataset's contract: every table, its columns, their types and what they mean.
//!
//! This is the one place where a column is defined. The Arrow schemas, the dictionary table and the
//! committed `columns.json` (which the laboratory and the analysis read) are all made from it.

mod assessments;
mod certificates;
mod domains;
mod mx_hosts;

pub use assessments::ASSESSMENTS;
pub use certificates::CERTIFICATES;
pub use domains::DOMAINS;
pub use mx_hosts::MX_HOSTS;

use serde_json::{Value, json};

/// Version of the tables' layout, `major.minor`. A reader refuses another major version.
pub const SCHEMA_VERSION: &str = "1.1";

/// The type of a column's values.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// UTF-8 text. Text from the network has what is not printable ASCII escaped as `\DDD` (and a backslash as `\092`).
    Text,
    /// 32-bit signed integer.
    Int32,
    /// 64-bit signed integer.
    Int64,
    /// True or false.
    Bool,
    /// Microseconds since 1970-01-01T00:00:00Z, UTC.
    Time,
    /// Bytes as they were received.
    Binary,
    /// A list. Empty means seen and empty; null means not asked or not seen.
    List(&'static Kind),
    /// A group of named fields.
    Struct(&'static [Column]),
}

impl Kind {
    /// The type's name as `columns.json` writes it, for example `list<struct<addr:text,outcome:text>>`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Int32 => "int32".into(),
            Self::Int64 => "int64".into(),
            Self::Bool => "bool".into(),
            Self::Time => "timestamp_us".into(),
            Self::Binary => "binary".into(),
            Self::List(item) => format!("list<{}>", item.name()),
            Self::Struct(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|f| format!("{}:{}", f.name, f.kind.name())).collect();
                format!("struct<{}>", fields.join(","))
            }
        }
    }
}

/// One column: its name, type, whether it may be null, and what its value means.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name, as it stands in the files.
    pub name: &'static str,
    /// Type of the values.
    pub kind: Kind,
    /// Whether null occurs; null means not asked or not seen.
    pub nullable: bool,
    /// What the value means, with unit, words and source.
    pub meaning: &'static str,
}

/// One table of the dataset.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Name of the table and of its folder.
    pub name: &'static str,
    /// What one row stands for.
    pub row: &'static str,
    /// The columns in their order in the files.
    pub columns: &'static [Column],
}

const fn must(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, nullable: false, meaning }
}

const fn may(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, nullable: true, meaning }
}

const TEXTS: Kind = Kind::List(&Kind::Text);
const RETRIED: Kind = Kind::List(&Kind::Struct(&[
    must("question", Kind::Text, "What was asked."),
    must("status", Kind::Text, "DNS status of the answer that did not stand."),
]));
const INTS: Kind = Kind::List(&Kind::Int32);
const SCAN: Column =
    must("scan", Kind::Text, "Name of the scan: the last part of its output directory's name when it began.");

/// All tables that a scan writes as parts.
pub const TABLES: [&Table; 4] = [&DOMAINS, &MX_HOSTS, &CERTIFICATES, &ASSESSMENTS];

/// The contract as the committed `columns.json` has it.
#[must_use]
pub fn as_json() -> Value {
    let tables: Vec<Value> = TABLES
        .iter()
        .map(|table| {
            let columns: Vec<Value> = table
                .columns
                .iter()
                .map(|c| json!({"name": c.name, "type": c.kind.name(), "nullable": c.nullable, "meaning": c.meaning}))
                .collect();
            json!({"name": table.name, "row": table.row, "columns": columns})
        })
        .collect();
    json!({"schema_version": SCHEMA_VERSION, "tables": tables})
}
