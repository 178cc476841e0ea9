//! What can be wrong with the lists themselves.

use super::bad::Example;
use std::io;

/// Why the lists cannot be read. Bad lines are no error: they are counted in the
/// [`InputCounts`](super::InputCounts).
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// No list was given.
    #[error("no domain list was given: name at least one file, or `-` for standard input")]
    NoList,
    /// The lists hold nothing.
    #[error("the list is empty: it has neither one domain per line nor, as a zone file, a delegation")]
    Empty,
    /// A list was given twice.
    #[error("{list} is given twice: give each list once")]
    SameList {
        /// The list as typed.
        list: String,
    },
    /// A name was given to two lists.
    #[error("two lists are called {name}: give each its own name, NAME=FILE")]
    SameName {
        /// The name.
        name: String,
    },
    /// More lists than a row can tell apart.
    #[error("{given} lists are given, but at most {most} can be told apart: join some of them")]
    TooManyLists {
        /// How many were given.
        given: usize,
        /// How many are allowed.
        most: usize,
    },
    /// A stream that can be read only once stands where a list is read twice.
    #[error("{list} can be read only once, so it must be the only list or the first of them")]
    StreamNotFirst {
        /// The list as typed.
        list: String,
    },
    /// The file cannot be opened.
    #[error("cannot open {list}: {cause}")]
    Open {
        /// The list as typed.
        list: String,
        /// What the system says.
        cause: io::Error,
    },
    /// A directory that holds something else than parts of Parquet.
    #[error(
        "{list} is a directory {found}: name the files in it; of directories only those of Parquet parts are read"
    )]
    Directory {
        /// The list as typed.
        list: String,
        /// What is in it.
        found: String,
    },
    /// It is no list that we can read.
    #[error(
        "{list} is {found}: a domain list is text (one name per line, CSV, JSON lines or a zone file), optionally in gzip, zstd \
         or zip, or Parquet{}",
        helped(help)
    )]
    NotAList {
        /// The list as typed.
        list: String,
        /// What it is instead.
        found: String,
        /// The command that makes a list of it; empty where there is none.
        help: String,
    },
    /// A table without a column of names.
    #[error("{list} {}", no_column(asked.as_deref(), several, columns))]
    NoDomainColumn {
        /// The list as typed.
        list: String,
        /// The column that was asked for.
        asked: Option<String>,
        /// Those that could be meant.
        several: Vec<String>,
        /// The columns it has.
        columns: Vec<String>,
    },
    /// Most entries are no names: another column is meant, or another file.
    #[error(
        "{list}: {} {}. {}", most_invalid(*invalid, *entries, *is_estimate), examples_of(examples), OTHER_COLUMN.replace("NAMES", names)
    )]
    MostlyInvalid {
        /// The list as typed.
        list: String,
        /// Where the names were taken from.
        names: String,
        /// How many entries are no names; of a long list, as of those that were looked at.
        invalid: u64,
        /// How many entries there are.
        entries: u64,
        /// Whether not each of them was looked at.
        is_estimate: bool,
        /// The first of them.
        examples: Vec<Example>,
    },
    /// Most names are in no domain that there is.
    #[error(
        "{list}: {}{unknown} of {entries} names end in no suffix that the Public Suffix List knows: {}. If they are meant, \
         --any-suffix takes them. {}", about(*is_estimate), quoted(examples), OTHER_COLUMN.replace("NAMES", names)
    )]
    UnknownSuffixes {
        /// The list as typed.
        list: String,
        /// Where the names were taken from.
        names: String,
        /// How many names end like this; of a long list, as those do that were looked at.
        unknown: u64,
        /// How many names there are.
        entries: u64,
        /// Whether not each of them was looked at.
        is_estimate: bool,
        /// The first of them.
        examples: Vec<String>,
    },
    /// A zone file without a delegation.
    #[error(
        "{list} was read as a zone file: it has {records} records and no delegation (NS records below the apex). If it is a list \
         of answers to questions, take its names alone, for example `cut -f 1 {list} | sort -u | sts-scan scan -`"
    )]
    NoDelegation {
        /// The list as typed.
        list: String,
        /// How many records it has.
        records: u64,
    },
    /// zstd with a window that costs too much memory.
    #[error(
        "{list} is packed by zstd with a window of more than 128 MiB: unpack it on the way, \
         `zstd -dc --long=31 {list} | sts-scan scan -`"
    )]
    Window {
        /// The list as typed.
        list: String,
    },
    /// A Parquet column of a type that holds no names or ranks.
    #[error("{list}: column `{column}` is {found}, must be {allowed}")]
    ColumnType {
        /// The list as typed.
        list: String,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// A format that is read from several places at once, from a stream.
    #[error("{list} is {format}, which cannot be read from a stream: save it to a file first")]
    NotSeekable {
        /// The list as typed.
        list: String,
        /// The format.
        format: &'static str,
    },
    /// A zip archive that does not hold exactly one list.
    #[error(
        "{list} is a zip archive {found}: it must hold exactly one list, stored or deflated, without a password. One of \
         several files is read by `unzip -p {list} FILE | sts-scan scan -`"
    )]
    Archive {
        /// The list as typed.
        list: String,
        /// What is wrong with it.
        found: String,
    },
    /// The list broke off in the middle: corrupt compression, a failing disk.
    #[error("{list}: cannot be read after line {line}: {cause}")]
    Read {
        /// The list as typed.
        list: String,
        /// The line (row) that was begun last; 0 before the first.
        line: u64,
        /// What is wrong.
        cause: io::Error,
    },
    /// The lists after the first hold more names than may be remembered.
    #[error(
        "the lists after the first hold more than {most} names, at {bytes} bytes of memory each: \
         give the longest list first, or scan in shards"
    )]
    TooManyListed {
        /// How many may be remembered.
        most: usize,
        /// Memory of one.
        bytes: usize,
    },
}

/// What is to be done where the wrong column may have been taken.
const OTHER_COLUMN: &str = "The names were taken from: NAMES. Another column is taken with --column NAME; `sts-scan lists FILE` shows what is read";

fn helped(help: &str) -> String {
    if help.is_empty() { String::new() } else { format!(". What helps: {help}") }
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn no_column(asked: Option<&str>, several: &[String], columns: &[String]) -> String {
    let columns = quoted(columns);
    match (asked, several) {
        (Some(asked), _) => format!("has no column `{asked}`; its columns are: {columns}"),
        (None, []) => format!(
            "has no column `domain`, nor one that holds domain names; its columns are: {columns}. Name the one that holds the \
             names with --column NAME"
        ),
        (None, several) => format!(
            "has more than one column that may hold the names: {}. Name the right one with --column NAME; its columns are: \
             {columns}",
            quoted(several)
        ),
    }
}

/// Of a long list not every entry is looked at.
const fn about(is_estimate: bool) -> &'static str {
    if is_estimate { "about " } else { "" }
}

fn most_invalid(invalid: u64, entries: u64, is_estimate: bool) -> String {
    if invalid == entries {
        return format!("the list contains no domain name. Of {entries} entries the first are:");
    }
    format!("{}{invalid} of {entries} entries are no domain names. The first are:", about(is_estimate))
}

fn examples_of(examples: &[Example]) -> String {
    let shown: Vec<String> =
        examples.iter().map(|one| format!("line {}, `{}`, {}", one.line, one.text, one.reason)).collect();
    shown.join("; ")
}
