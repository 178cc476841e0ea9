//! The dataset's contract: every table, its columns, their types and what they mean.
//!
//! The Arrow schemas, the dictionary and the committed `columns.json` (which the laboratory and the analysis read) are made
//! from it.

mod assessments;
mod certificates;
mod domains;
mod mx_hosts;

pub use assessments::ASSESSMENTS;
pub use certificates::CERTIFICATES;
pub use domains::DOMAINS;
pub use mx_hosts::MX_HOSTS;

use crate::evidence::{DnsStatus, Entries, Entry, Question, Vocabulary as _, every};

/// Version of the tables' layout, `major.minor`. A reader refuses another major version.
pub const SCHEMA_VERSION: &str = "1.2";

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
    /// What the value means, with unit, words and source; `{words}` stands for the words, see [`Column::meaning`].
    meaning: &'static str,
    /// The closed vocabulary of its values or, where it is a list of texts, of its items; `None` where there is none.
    pub words: Option<Entries>,
    /// Whether the manifest counts its words.
    pub counted: bool,
}

impl Column {
    /// The same with a closed vocabulary.
    const fn of(mut self, words: Entries) -> Self {
        self.words = Some(words);
        self
    }

    /// The same, its words counted in the manifest.
    const fn counted(mut self) -> Self {
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

const fn must(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, nullable: false, meaning, words: None, counted: false }
}

const fn may(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column { name, kind, nullable: true, meaning, words: None, counted: false }
}

const TEXTS: Kind = Kind::List(&Kind::Text);
const fn retried(questions: Entries) -> [Column; 2] {
    [
        must("question", Kind::Text, "What was asked.").of(questions),
        must("status", Kind::Text, "DNS status of the answer that did not stand.").of(every::<DnsStatus>),
    ]
}
const RETRIED_OF_DOMAINS: Kind = Kind::List(&Kind::Struct(&retried(|| asked(Question::is_of_domains))));
const RETRIED_OF_HOSTS: Kind = Kind::List(&Kind::Struct(&retried(|| asked(Question::is_of_hosts))));
const INTS: Kind = Kind::List(&Kind::Int32);
const SCAN: Column =
    must("scan", Kind::Text, "Name of the scan: the last part of its output directory's name when it began.");

fn asked(wanted: fn(Question) -> bool) -> Vec<Entry> {
    Question::ALL.iter().filter(|question| wanted(**question)).map(|question| question.entry()).collect()
}

/// The name of a column of a table, for `column!`.
///
/// # Panics
/// There is no such column: where it is asked for in a constant, that does not compile.
#[must_use]
#[allow(clippy::panic, reason = "it is evaluated when it is compiled")]
pub const fn named(table: &Table, name: &'static str) -> &'static str {
    let mut at = 0;
    while at < table.columns.len() {
        if is_same(table.columns[at].name.as_bytes(), name.as_bytes()) {
            return name;
        }
        at += 1;
    }
    panic!("the table has no such column")
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// The name of a column, `column!(DOMAINS.policy_outcome)`; one that is not there does not compile.
macro_rules! column {
    ($table:ident . $name:ident) => {
        const { $crate::dataset::columns::named(&$crate::dataset::columns::$table, stringify!($name)) }
    };
}
pub(crate) use column;

/// All tables that a scan writes as parts.
pub const TABLES: [&Table; 4] = [&DOMAINS, &MX_HOSTS, &CERTIFICATES, &ASSESSMENTS];
