//! Opening a list: what it is, and the source that reads it.

use super::digest::{Digest, Digesting};
use super::error::InputError;
use super::parquet::{self, NoTable};
use super::sniff::{self, Container, NoList, Text};
use super::source::Source;
use super::text::{Names, Table};
use super::zone::Zone;
use super::{ListSpec, Location, zip};
use flate2::bufread::MultiGzDecoder;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek as _};
use std::path::Path;

type Stream = Box<dyn Read + Send>;

/// Bytes that are read at a time.
const BUFFER: usize = 256 * 1024;

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

/// A list ready to be read.
pub(super) struct Opened {
    pub(super) source: Box<dyn Source>,
    pub(super) format: ListFormat,
    /// Of the bytes as they lie in the file, complete when the source has ended;
    /// `None` where the file is read in pieces (zip, Parquet).
    pub(super) digest: Option<Digest>,
}

impl ListSpec {
    /// Opens it and finds out what it is.
    pub(super) fn open(&self) -> Result<Opened, InputError> {
        let Location::File(path) = &self.location else {
            return self.stream(Box::new(io::stdin()));
        };
        let failed = |cause| InputError::Open { list: self.typed(), cause };
        let mut file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(InputError::Directory { list: self.typed() });
        }
        if !metadata.is_file() {
            return self.stream(Box::new(file));
        }
        let mut head = Vec::new();
        (&mut file).take(8).read_to_end(&mut head).map_err(failed)?;
        file.rewind().map_err(failed)?;
        match sniff::container(&head) {
            Container::Zip => self.zip(file),
            Container::Parquet => self.parquet(file),
            _ => self.stream(Box::new(file)),
        }
    }

    /// Whether the list can be read a second time.
    pub(super) fn is_stream(&self) -> bool {
        match &self.location {
            Location::Stdin => true,
            Location::File(path) => is_pipe(path),
        }
    }

    fn stream(&self, stream: Stream) -> Result<Opened, InputError> {
        let digest = Digest::default();
        let sample = self.sample(Digesting::new(stream, digest.clone()))?;
        let packed = sniff::container(&sample.head);
        let stream = BufReader::with_capacity(BUFFER, sample.rejoined(0));
        let (unpacked, packed): (Stream, _) = match packed {
            Container::Gzip => (Box::new(MultiGzDecoder::new(stream)), Some("gzip")),
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
        let (source, kind) = self.text(unpacked)?;
        Ok(Opened { source, format: ListFormat { kind, packed }, digest: Some(digest) })
    }

    fn zip(&self, file: File) -> Result<Opened, InputError> {
        let stream = zip::open(file).map_err(|found| InputError::Archive { list: self.typed(), found })?;
        let (source, kind) = self.text(stream)?;
        Ok(Opened { source, format: ListFormat { kind, packed: Some("zip") }, digest: None })
    }

    fn parquet(&self, file: File) -> Result<Opened, InputError> {
        let list = self.typed();
        let rows = parquet::open(file).map_err(|fault| match fault {
            NoTable::Unreadable(cause) => {
                InputError::NotAList { list, found: format!("damaged Parquet ({cause})") }
            }
            NoTable::NoDomainColumn(columns) => {
                InputError::NoDomainColumn { list, columns: columns.join(", ") }
            }
            NoTable::ColumnType(column, found, allowed) => {
                InputError::ColumnType { list, column, found, allowed }
            }
        })?;
        let format = ListFormat { kind: "Parquet", packed: None };
        Ok(Opened { source: Box::new(rows), format, digest: None })
    }

    /// The source for text, whatever it was packed in.
    fn text(
        &self,
        stream: impl Read + Send + 'static,
    ) -> Result<(Box<dyn Source>, &'static str), InputError> {
        let sample = self.sample(stream)?;
        let mark = if sample.head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let kind = sniff::text(&sample.head[mark..]).map_err(|fault| match fault {
            NoList::NotText(found) => InputError::NotAList { list: self.typed(), found },
            NoList::NoDomainColumn(columns) => {
                InputError::NoDomainColumn { list: self.typed(), columns: columns.join(", ") }
            }
        })?;
        let stream = BufReader::with_capacity(BUFFER, sample.rejoined(mark));
        Ok(match kind {
            Text::Names => (Box::new(Names::new(stream)) as Box<dyn Source>, "text"),
            Text::Table(columns) => (Box::new(Table::new(stream, columns)), "CSV"),
            Text::Zone => (Box::new(Zone::new(stream)), "a zone file"),
        })
    }

    /// Takes the start off a stream. Fails only where there is not even one byte: whatever came before a
    /// fault is read first, so that the message can name the line.
    fn sample(&self, mut stream: impl Read + Send + 'static) -> Result<Sample, InputError> {
        let mut head = Vec::new();
        match (&mut stream).take(sniff::SAMPLE).read_to_end(&mut head) {
            Ok(_) => Ok(Sample { head, rest: Box::new(stream) }),
            Err(cause) if head.is_empty() => Err(self.broken(cause)),
            Err(cause) => Ok(Sample { head, rest: Box::new(Broken(Some(cause))) }),
        }
    }

    fn broken(&self, cause: io::Error) -> InputError {
        InputError::Read { list: self.typed(), line: 0, cause }
    }
}

fn is_pipe(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// The start of a stream, and what follows it.
struct Sample {
    head: Vec<u8>,
    rest: Stream,
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
