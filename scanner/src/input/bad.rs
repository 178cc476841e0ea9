//! Why an entry of a list is no domain name.

use std::sync::Arc;

/// Why an entry of a list is no domain name that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum BadEntry {
    /// Nothing but white space or dots.
    #[error("is empty")]
    Empty,
    /// The line is longer than the format's limit; only its start was kept.
    #[error("is too long a line to be an entry")]
    LineTooLong,
    /// Bytes that are not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Something with `://`.
    #[error("is a URL, not a domain name")]
    Url,
    /// Something with `@`.
    #[error("is a mail address, not a domain name")]
    MailAddress,
    /// An IPv4 or IPv6 address.
    #[error("is an IP address, not a domain name")]
    IpAddress,
    /// White space between other characters.
    #[error("contains white space")]
    WhiteSpace,
    /// A character other than letters, digits, hyphen, underscore and dot.
    #[error("contains a character that no host name has")]
    Character,
    /// Two dots in a row, or a dot at the start.
    #[error("has an empty label")]
    EmptyLabel,
    /// A label of more than 63 bytes.
    #[error("has a label of more than 63 bytes")]
    LabelTooLong,
    /// More than 253 bytes.
    #[error("has more than 253 bytes")]
    NameTooLong,
    /// A label that begins or ends with a hyphen.
    #[error("has a label that begins or ends with a hyphen")]
    Hyphen,
    /// The last label is a number: no such top-level domain can exist (RFC 3696 section 2).
    #[error("ends in a number")]
    NumericTop,
    /// An internationalised name that UTS 46 does not map to A-labels.
    #[error("is not a valid internationalised name")]
    Idn,
    /// A CSV line with fewer columns than the one that holds the domain.
    #[error("has no column for the domain")]
    ColumnMissing,
    /// A CSV field whose quote is never closed, or goes on after it.
    #[error("has a broken quoted field")]
    Quote,
    /// A relative name in a zone file before any `$ORIGIN` or SOA.
    #[error("is relative, but the zone file has not named an origin")]
    NoOrigin,
    /// A zone file directive that brings in names from elsewhere (`$INCLUDE`, `$GENERATE`).
    #[error("is a zone file directive that is not supported")]
    Directive,
    /// A line of JSON lines that is no object.
    #[error("is not a JSON object")]
    Json,
}

impl BadEntry {
    /// The word for it in the manifest and in `rejected.csv`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::LineTooLong => "line_too_long",
            Self::NotUtf8 => "not_utf8",
            Self::Url => "url",
            Self::MailAddress => "mail_address",
            Self::IpAddress => "ip_address",
            Self::WhiteSpace => "white_space",
            Self::Character => "character",
            Self::EmptyLabel => "empty_label",
            Self::LabelTooLong => "label_too_long",
            Self::NameTooLong => "name_too_long",
            Self::Hyphen => "hyphen",
            Self::NumericTop => "numeric_top",
            Self::Idn => "idn",
            Self::ColumnMissing => "column_missing",
            Self::Quote => "quote",
            Self::NoOrigin => "no_origin",
            Self::Directive => "directive",
            Self::Json => "json",
        }
    }
}

/// A bad entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Name of its list.
    pub list: Arc<str>,
    /// Its line (of a Parquet file: row), from 1.
    pub line: u64,
    /// Its start, escaped.
    pub text: String,
    /// What is wrong with it.
    pub reason: BadEntry,
}
