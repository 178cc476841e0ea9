//! Where reports come from: files, folders, mailboxes, mails, archives. Each report is handed on as its
//! JSON bytes; what holds none is handed on with the reason.

mod mail;
mod mbox;
mod subject;
mod unpack;
mod walk;

pub use mail::{Received, ReceivedFrom};
pub use subject::Announced;
pub use unpack::{MOST_RATIO, MOST_UNPACKED};

use std::io::{self, BufRead, Read};
use std::path::PathBuf;

/// How many times one form may lie in another: a report, compressed, in a mail, in a mail, in a mailbox, in
/// an archive.
const MOST_NESTED: usize = 6;

/// What is known of a report besides its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file, and after `#` the number of the mail in it, after `/` that of the part or the member's
    /// name.
    pub source: String,
    /// What the text was carried in.
    pub form: Form,
    /// When it was received, where somebody said so.
    pub received: Option<Received>,
    /// What the mail said of it; `None` for a report that did not come by mail.
    pub announced: Option<Announced>,
}

/// What a report's text was carried in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// JSON as it is.
    #[default]
    Json,
    /// Compressed with gzip.
    Gzip,
    /// A member of a zip archive.
    Zip,
}

impl Form {
    /// The word in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Gzip => "gzip",
            Self::Zip => "zip",
        }
    }
}

/// Why something holds no report. What is JSON and no report is rejected by a fault's code instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is none of the forms that reports come in.
    UnknownForm,
    /// A mail without a report.
    MailWithoutReport,
    /// An archive without a report.
    ArchiveWithoutReport,
    /// The gzip data are broken or cut.
    GzipBroken,
    /// The zip archive is broken, or packed in a way that is not read.
    ZipBroken,
    /// Unpacked it is larger than [`MOST_UNPACKED`].
    TooLarge,
    /// It is packed more than [`MOST_RATIO`] to 1.
    RatioTooHigh,
    /// Forms lie in one another more often than any real report's.
    NestedTooDeep,
    /// The file cannot be read.
    Unreadable,
}

impl Reason {
    /// The word in `rejected.csv`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownForm => "unknown_form",
            Self::MailWithoutReport => "mail_without_report",
            Self::ArchiveWithoutReport => "archive_without_report",
            Self::GzipBroken => "gzip_broken",
            Self::ZipBroken => "zip_broken",
            Self::TooLarge => "too_large",
            Self::RatioTooHigh => "ratio_too_high",
            Self::NestedTooDeep => "nested_too_deep",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What was met on the way.
#[derive(Debug)]
pub enum Met<'a> {
    /// A text that may be a report.
    Text(&'a [u8], Origin),
    /// Something that holds none, and where.
    Rejected(String, Reason),
}

/// What is done with each; an error of it ends the reading.
pub type Taker<'a> = dyn FnMut(Met<'_>) -> io::Result<()> + 'a;

/// Reads everything below these paths in turn; `-` is standard input. Of a Maildir, `tmp/` is left alone.
///
/// # Errors
/// A path that was named cannot be read, or what is done with the reports failed.
pub fn read(paths: &[PathBuf], take: &mut Taker<'_>) -> io::Result<()> {
    for path in paths {
        if path.as_os_str() == "-" {
            stream(&mut io::stdin().lock(), "-", take)?;
        } else {
            walk::path(path, take)?;
        }
    }
    Ok(())
}

/// Reads one stream: a mailbox mail by mail, anything else whole and within [`MOST_UNPACKED`]. `source` is
/// what the reports in it are said to come from.
///
/// # Errors
/// What is done with the reports failed; a stream that cannot be read is handed on as such.
pub fn stream(from: &mut dyn BufRead, source: &str, take: &mut Taker<'_>) -> io::Result<()> {
    let rejected = |take: &mut Taker<'_>, reason| take(Met::Rejected(source.to_owned(), reason));
    let is_mailbox = match from.fill_buf() {
        Ok(begin) => begin.starts_with(b"From "),
        Err(_) => return rejected(take, Reason::Unreadable),
    };
    let origin = Origin { source: source.to_owned(), ..Origin::default() };
    if is_mailbox {
        return mbox::each(from, &origin, take);
    }
    let mut bytes = Vec::new();
    if from.take(MOST_UNPACKED as u64 + 1).read_to_end(&mut bytes).is_err() {
        return rejected(take, Reason::Unreadable);
    }
    if bytes.len() > MOST_UNPACKED {
        return rejected(take, Reason::TooLarge);
    }
    of_bytes(&bytes, &origin, 0, take).map(drop)
}

/// A report's text that may be compressed with gzip.
///
/// # Errors
/// The gzip data are broken or out of bounds.
pub fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, Reason> {
    if Looks::of(&bytes) == Looks::Gzip { unpack::gzip(&bytes) } else { Ok(bytes) }
}

/// Whether anything was handed on as a text.
type Found = bool;

/// Hands on the reports in bytes of whatever form.
fn of_bytes(bytes: &[u8], origin: &Origin, nested: usize, take: &mut Taker<'_>) -> io::Result<Found> {
    if nested > MOST_NESTED {
        take(Met::Rejected(origin.source.clone(), Reason::NestedTooDeep))?;
        return Ok(false);
    }
    match Looks::of(bytes) {
        Looks::Json => {
            take(Met::Text(bytes, origin.clone()))?;
            Ok(true)
        }
        Looks::Gzip => match unpack::gzip(bytes) {
            Ok(unpacked) => {
                let origin = Origin { form: Form::Gzip, ..origin.clone() };
                of_bytes(&unpacked, &origin, nested + 1, take)
            }
            Err(reason) => {
                take(Met::Rejected(origin.source.clone(), reason))?;
                Ok(false)
            }
        },
        Looks::Zip => unpack::zip(bytes, origin, nested, take),
        Looks::Mailbox => mbox::each(&mut &*bytes, origin, take).map(|()| true),
        Looks::Mail => mail::each(bytes, origin, nested, take),
        Looks::Other => {
            take(Met::Rejected(origin.source.clone(), Reason::UnknownForm))?;
            Ok(false)
        }
    }
}

/// What bytes look like; their names say less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    Json,
    Gzip,
    Zip,
    Mailbox,
    Mail,
    Other,
}

impl Looks {
    fn of(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
        match bytes {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [b'P', b'K', 3, 4, ..] => Self::Zip,
            _ if text.starts_with(b"{") => Self::Json,
            _ if bytes.starts_with(b"From ") => Self::Mailbox,
            _ if begins_with_field(text) => Self::Mail,
            _ => Self::Other,
        }
    }
}

/// Whether a text begins with a header field (RFC 5322 section 2.2).
fn begins_with_field(text: &[u8]) -> bool {
    let name = text.iter().take(80).take_while(|byte| (33..=126).contains(*byte));
    name.enumerate().any(|(at, &byte)| at > 0 && byte == b':')
}

#[cfg(test)]
mod tests;
