//! What can be wrong with the lists themselves.

use std::io;

/// Why the lists cannot be read. Bad lines are no error: they are counted in the
/// [`InputCounts`](super::InputCounts).
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// No list was given.
    #[error("no domain list was given: name at least one file, or `-` for standard input")]
    NoList,
    /// A list was given twice.
    #[error("{list} is given twice: give each list once")]
    SameList {
        /// The list as typed.
        list: String,
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
    /// A directory was given.
    #[error("{list} is a directory: name the files in it")]
    Directory {
        /// The list as typed.
        list: String,
    },
    /// It is no list that we can read.
    #[error(
        "{list} is {found}: a domain list is text (one name per line, CSV or a zone file), optionally in gzip, zstd or zip, \
         or Parquet"
    )]
    NotAList {
        /// The list as typed.
        list: String,
        /// What it is instead.
        found: String,
    },
    /// A table without a column of names.
    #[error(
        "{list} has no column `domain`; its columns are: {columns}. Rename the column that holds the names"
    )]
    NoDomainColumn {
        /// The list as typed.
        list: String,
        /// The columns it has.
        columns: String,
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
        "{list} is a zip archive {found}: it must hold exactly one list, stored or deflated, without a password"
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
