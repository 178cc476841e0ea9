//! What the contract is made of: tables, their columns and the kinds of values.

use crate::evidence::WordEntries;
use arrow_schema::{DataType, Field, Fields, TimeUnit};
use std::sync::Arc;

/// The type of a column's values.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// UTF-8 text. Text from the network has what is not printable ASCII escaped as `\DDD` (and a backslash
    /// as `\092`).
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
    /// What the value means, with unit, words and source; `{words}` stands for the words, see
    /// [`Column::meaning`].
    pub(super) meaning: &'static str,
    /// The closed vocabulary of its values or, where it is a list of texts, of its items; `None` where there
    /// is none.
    pub words: Option<WordEntries>,
    /// Whether the manifest counts its words.
    pub counted: bool,
    /// The minor version of the layout that brought it; `None` where the first one had it. Older datasets
    /// have null.
    pub since: Option<&'static str>,
}

impl Column {
    /// The same, its groups' fields with smaller vocabularies.
    pub(super) const fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same, brought by a minor version of the layout.
    pub(super) const fn since(mut self, version: &'static str) -> Self {
        self.since = Some(version);
        self
    }

    /// The same with a smaller vocabulary than its type's.
    pub(super) const fn of(mut self, words: WordEntries) -> Self {
        self.words = Some(words);
        self
    }

    /// The same, its words counted in the manifest.
    pub(super) const fn counted(mut self) -> Self {
        self.counted = true;
        self
    }

    /// What the value means, with unit, words and source.
    #[must_use]
    pub fn meaning(&self) -> String {
        let words =
            || self.words.map(|words| words().iter().map(|entry| entry.word).collect::<Vec<_>>().join(" | "));
        self.meaning.replace("{words}", &words().unwrap_or_default())
    }

    /// The fields of its groups, where it is a list of such.
    #[must_use]
    pub const fn fields(&self) -> &'static [Self] {
        match self.kind {
            Kind::List(Kind::Struct(fields)) => fields,
            _ => &[],
        }
    }
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

/// The Arrow type of a kind.
pub(super) fn data_type(kind: &Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Int32 => DataType::Int32,
        Kind::Int64 => DataType::Int64,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Kind::Binary => DataType::Binary,
        Kind::List(item) => DataType::List(Arc::new(list_item(item))),
        Kind::Struct(columns) => DataType::Struct(fields(columns)),
    }
}

/// The field of a list's items; Parquet's own name for it, so that every reader knows it.
pub(crate) fn list_item(kind: &Kind) -> Field {
    Field::new("element", data_type(kind), false)
}

/// The fields of a group.
pub(super) fn fields(columns: &[Column]) -> Fields {
    columns.iter().map(|c| Field::new(c.name, data_type(&c.kind), c.nullable)).collect()
}
