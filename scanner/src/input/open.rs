//! Opening a list: what it is, and the source that reads it.

use super::columns::{NoColumn, Told};
use super::digest::{Digest, Digesting};
use super::error::InputError;
use super::foreign::Foreign;
use super::form::Form;
use super::json::Objects;
use super::packed::{self, Members};
use super::parquet::{self, NoTable, Rows};
use super::sniff::{self, Container, NoList, Text};
use super::source::Source;
use super::table::Table;
use super::text::Names;
use super::zone::Zone;
use super::{ListSpec, Location, parts, zip};
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek as _};
use std::path::{Path, PathBuf};

type Stream = Box<dyn Read + Send>;

/// Bytes that are read at a time.
const BUFFER: usize = 256 * 1024;

/// Bytes that are kept of a comment that is longer than the sample.
const COMMENT: usize = 1024;

/// U+FEFF in UTF-8, which some programs put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a list turned out to be, for the manifest and for messages: `CSV in gzip`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListFormat {
    kind: &'static str,
    packed: Option<&'static str>,
}

impl fmt::Display for ListFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.packed {
            Some(packed) => write!(f, "{} in {packed}", self.kind),
            None => f.write_str(self.kind),
        }
    }
}

/// What of a list is read, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAs {
    /// What it is written in.
    pub format: ListFormat,
    /// Where the names are taken from: ``column `Domain` ``.
    pub names: String,
    /// Where the ranks are taken from; `None` where the list has none.
    pub ranks: Option<String>,
}

impl fmt::Display for ReadAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, names, ranks } = self;
        write!(f, "{format}; names from {names}; ")?;
        match ranks {
            Some(ranks) => write!(f, "ranks from {ranks}"),
            None => f.write_str("no ranks"),
        }
    }
}

/// A list ready to be read.
pub(super) struct Opened {
    pub(super) source: Box<dyn Source>,
    pub(super) read_as: ReadAs,
    pub(super) form: Form,
    /// Of the bytes as they lie in the file, complete when the source has ended;
    /// `None` where the file is read in pieces (zip, Parquet), or again.
    pub(super) digest: Option<Digest>,
}

/// A text, whatever it was packed in.
struct Unpacked {
    source: Box<dyn Source>,
    kind: &'static str,
    form: Form,
    told: Told,
}

impl Unpacked {
    fn opened(self, packed: Option<&'static str>, digest: Option<Digest>) -> Opened {
        let format = ListFormat { kind: self.kind, packed };
        let read_as = ReadAs { format, names: self.told.names, ranks: self.told.ranks };
        Opened { source: self.source, read_as, form: self.form, digest }
    }
}

impl ListSpec {
    /// Opens it and finds out what it is.
    pub(super) fn open(&self) -> Result<Opened, InputError> {
        self.open_with(Some(Digest::default()))
    }

    /// As [`ListSpec::open`]; a file that can be read a second time is not hashed.
    pub(super) fn open_again(&self) -> Result<Opened, InputError> {
        self.open_with(self.is_stream().then(Digest::default))
    }

    fn open_with(&self, digest: Option<Digest>) -> Result<Opened, InputError> {
        let Location::File(path) = &self.location else {
            return self.stream(Box::new(io::stdin()), digest);
        };
        let failed = |cause| InputError::Open { list: self.typed(), cause };
        let mut file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            let parts = self.parts(path)?;
            return Ok(rows(self.table(parquet::open_all(parts, &self.choices))?, "Parquet in a folder"));
        }
        if !metadata.is_file() {
            return self.stream(Box::new(file), digest);
        }
        let mut head = Vec::new();
        (&mut file).take(8).read_to_end(&mut head).map_err(failed)?;
        file.rewind().map_err(failed)?;
        match sniff::container(&head) {
            Container::Zip => self.zip(file),
            Container::Parquet => Ok(rows(self.table(parquet::open(file, &self.choices))?, "Parquet")),
            _ => self.stream(Box::new(file), digest),
        }
    }

    /// Whether the list can be read a second time.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        match &self.location {
            Location::Stdin => true,
            Location::File(path) => is_pipe(path),
        }
    }

    /// The files that it consists of.
    pub(super) fn files(&self, path: &Path) -> Result<Vec<PathBuf>, InputError> {
        if path.is_dir() { self.parts(path) } else { Ok(vec![path.to_owned()]) }
    }

    fn parts(&self, folder: &Path) -> Result<Vec<PathBuf>, InputError> {
        let parts = parts::of(folder).map_err(|cause| InputError::Open { list: self.typed(), cause })?;
        parts.map_err(|found| InputError::Directory { list: self.typed(), found })
    }

    fn stream(&self, stream: Stream, digest: Option<Digest>) -> Result<Opened, InputError> {
        let stream: Stream = match &digest {
            Some(digest) => Box::new(Digesting::new(stream, digest.clone())),
            None => stream,
        };
        let sample = self.sample(stream)?;
        let packed = sniff::container(&sample.head);
        if packed::has_large_window(&sample.head) {
            return Err(InputError::Window { list: self.typed() });
        }
        let stream = BufReader::with_capacity(BUFFER, sample.rejoined(0));
        let (unpacked, packed): (Stream, _) = match packed {
            Container::Gzip => (Box::new(Members::new(stream)), Some("gzip")),
            Container::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(stream);
                (Box::new(decoder.map_err(|cause| self.broken(cause))?), Some("zstd"))
            }
            Container::Zip => {
                return Err(InputError::NotSeekable { list: self.typed(), format: "a zip archive" });
            }
            Container::Parquet => {
                return Err(InputError::NotSeekable { list: self.typed(), format: "Parquet" });
            }
            Container::Plain => (Box::new(stream), None),
        };
        Ok(self.text(unpacked, packed)?.opened(packed, digest))
    }

    fn zip(&self, file: File) -> Result<Opened, InputError> {
        let stream = zip::open(file).map_err(|found| InputError::Archive { list: self.typed(), found })?;
        Ok(self.text(stream, Some("zip"))?.opened(Some("zip"), None))
    }

    /// The rows of Parquet, or why there are none.
    fn table(&self, opened: Result<Rows, NoTable>) -> Result<Rows, InputError> {
        let list = self.typed();
        opened.map_err(|fault| match fault {
            NoTable::Unreadable(cause) => {
                let found = format!("damaged Parquet ({cause})");
                InputError::NotAList { list, found, help: String::new() }
            }
            NoTable::NoColumn(none) => self.no_column(none),
            NoTable::ColumnType(column, found, allowed) => {
                InputError::ColumnType { list, column, found, allowed }
            }
        })
    }

    fn no_column(&self, none: NoColumn) -> InputError {
        let NoColumn { asked, several, all } = none;
        InputError::NoDomainColumn { list: self.typed(), asked, several, columns: all }
    }

    /// The source for text; `packed` says what it was packed in.
    fn text(&self, stream: Stream, packed: Option<&'static str>) -> Result<Unpacked, InputError> {
        let (sample, skipped) = self.head_with_record(stream)?;
        let mark = if sample.head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let head = &sample.head[mark..];
        let kind = sniff::text(head, sample.is_whole, &self.choices).map_err(|fault| match fault {
            NoList::Foreign(Foreign { found, help }) => {
                let help = help.replace("LIST", &self.typed());
                InputError::NotAList {
                    list: self.typed(),
                    found,
                    help: unpacking(&help, packed, &self.typed()),
                }
            }
            NoList::NoColumn(none) => self.no_column(none),
        })?;
        let stream = BufReader::with_capacity(BUFFER, sample.rejoined(mark));
        Ok(match kind {
            Text::Names(plain, told, form) => {
                let source = Box::new(Names::new(stream, plain, skipped));
                Unpacked { source, kind: "text", form, told }
            }
            Text::Table(columns) => {
                let (form, told) = (columns.form, columns.told.clone());
                Unpacked { source: Box::new(Table::new(stream, columns, skipped)), kind: "CSV", form, told }
            }
            Text::Objects(keys) => {
                let (form, told) = (keys.form, keys.told());
                Unpacked {
                    source: Box::new(Objects::new(stream, keys, skipped)),
                    kind: "JSON lines",
                    form,
                    told,
                }
            }
            Text::Zone => {
                let wants = self.choices.delegations;
                let with = if wants { ", with their servers" } else { "" };
                let told = Told { names: format!("owners of NS records below the apex{with}"), ranks: None };
                let source = Box::new(Zone::new(stream, skipped, wants));
                Unpacked { source, kind: "a zone file", form: Form::Name, told }
            }
        })
    }

    /// The sample that holds the first record, however long the comments before it are, and how many lines
    /// were passed over for it.
    fn head_with_record(&self, stream: Stream) -> Result<(Sample, u64), InputError> {
        let mut sample = self.sample(stream)?;
        let mut skipped = 0;
        while !sample.is_whole && !sniff::is_significant(&sample.head) {
            let head = &sample.head;
            let last = memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
            // The last whole line stays: a comment may name the columns.
            let kept = memchr::memrchr(b'\n', &head[..last.saturating_sub(1)]).map_or(0, |end| end + 1);
            let from = if last - kept < COMMENT { kept } else { last };
            skipped += memchr::memchr_iter(b'\n', &head[..from]).count() as u64;
            // A comment that is longer than the sample stays one when its middle is left out.
            let tail = &head[last..];
            let begin = [&head[from..last], &tail[..tail.len().min(COMMENT)]].concat();
            let Sample { head, rest, is_whole } = self.sample(sample.rest)?;
            sample = Sample { head: [begin, head].concat(), rest, is_whole };
        }
        Ok((sample, skipped))
    }

    /// Takes the start off a stream. Fails only where there is not even one byte: whatever came before a
    /// fault is read first, so that the message can name the line.
    fn sample(&self, mut stream: Stream) -> Result<Sample, InputError> {
        let mut head = Vec::new();
        match (&mut stream).take(sniff::SAMPLE).read_to_end(&mut head) {
            Ok(count) => {
                let is_whole = (count as u64) < sniff::SAMPLE;
                Ok(Sample { head, rest: stream, is_whole })
            }
            Err(cause) if head.is_empty() => Err(self.broken(cause)),
            // The fault comes when the rest is read.
            Err(cause) => Ok(Sample { head, rest: Box::new(Broken(Some(cause))), is_whole: false }),
        }
    }

    fn broken(&self, cause: io::Error) -> InputError {
        InputError::Read { list: self.typed(), line: 0, cause }
    }
}

fn rows(rows: Rows, kind: &'static str) -> Opened {
    let (form, told) = (rows.chosen().form, rows.chosen().told());
    Unpacked { source: Box::new(rows), kind, form, told }.opened(None, None)
}

/// A command that reads the file, as one that reads what is packed in it.
fn unpacking(help: &str, packed: Option<&'static str>, list: &str) -> String {
    let unpack = match packed {
        Some("gzip") => "gzip -dc",
        Some("zstd") => "zstd -dc",
        Some("zip") => "unzip -p",
        _ => return help.to_owned(),
    };
    match help.split_once('`') {
        Some((before, command)) => {
            let command = command.replacen(&format!(" {list}"), "", 1);
            format!("{before}`{unpack} {list} | {command}")
        }
        None => help.to_owned(),
    }
}

fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// The start of a stream, and what follows it.
struct Sample {
    head: Vec<u8>,
    rest: Stream,
    /// Whether nothing follows.
    is_whole: bool,
}

impl Sample {
    /// The whole stream again but for its first `skip` bytes.
    fn rejoined(mut self, skip: usize) -> impl Read + Send {
        self.head.drain(..skip);
        Cursor::new(self.head).chain(self.rest)
    }
}

/// A stream that has failed: gives its error, then ends.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
