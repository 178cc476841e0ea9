//! A table's rows, gathered into Parquet parts under a temporary name until they are committed.

use super::batch::{self, Rows};
use super::commits::UNFINISHED;
use super::content::{Content, Hashing};
use super::schema;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// Bytes of rows that become a record batch, however few the rows: policies of 64 KiB would else gather by
/// the thousand.
const BATCH_BYTES: usize = 4 << 20;

/// Bytes of a part that are encoded and not yet written: then the row group is closed. Rows without policies
/// fill a part before that.
const GROUP_BYTES: usize = 32 << 20;

/// Rows turned into Arrow at once: enough to share the cost of a batch, few enough to keep little in memory.
const BATCH_ROWS: usize = 1_024;

/// Columns whose values are nearly all different, in no order: a dictionary would have each value once, and
/// find that out for each, and the least and greatest value of a part say nothing.
const UNLIKE: &[&str] = &["domain", "input", "registrable", "mx_at", "sts_at", "der"];

/// Writes the parts of one table.
pub struct PartWriter<R: Rows> {
    folder: PathBuf,
    scan: String,
    schema: SchemaRef,
    next: usize,
    rows: Vec<Box<R>>,
    /// Bytes of their texts.
    bytes: usize,
    open: Option<Open>,
}

struct Open {
    name: String,
    path: PathBuf,
    writer: ArrowWriter<BufWriter<Hashing<File>>>,
    rows: u64,
}

/// A part that is closed and waits for its commit line.
#[derive(Debug)]
pub struct Closed {
    /// File name without the temporary ending.
    pub name: String,
    /// What is in it.
    pub content: Content,
}

/// A part that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot finish {}: {source}", path.display())]
pub struct PartError {
    /// The part.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl<R: Rows> PartWriter<R> {
    /// A writer whose first part has the number `next`.
    #[must_use]
    pub fn new(dataset: &Path, scan: &str, next: usize) -> Self {
        Self {
            folder: dataset.join(R::TABLE.name),
            scan: scan.to_owned(),
            schema: schema::of(R::TABLE),
            next,
            rows: Vec::new(),
            bytes: 0,
            open: None,
        }
    }

    /// Takes one more row.
    ///
    /// # Errors
    /// The part cannot be written.
    pub fn push(&mut self, row: Box<R>) -> Result<(), PartError> {
        self.bytes += row.weight();
        self.rows.push(row);
        let is_full = self.rows.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES;
        if is_full { self.flush() } else { Ok(()) }
    }

    /// Rows that no line names yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.rows.len() as u64 + self.open.as_ref().map_or(0, |open| open.rows)
    }

    fn flush(&mut self) -> Result<(), PartError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin()?,
        };
        let wrong = |source| PartError { path: open.path.clone(), source };
        let batch =
            batch::of(self.schema.clone(), &self.scan, &self.rows).map_err(|e| wrong(io::Error::other(e)))?;
        open.writer.write(&batch).map_err(|e| wrong(plain(e)))?;
        if open.writer.memory_size() >= GROUP_BYTES {
            open.writer.flush().map_err(|e| wrong(plain(e)))?;
        }
        open.rows += self.rows.len() as u64;
        self.rows.clear();
        self.bytes = 0;
        self.open = Some(open);
        Ok(())
    }

    fn begin(&mut self) -> Result<Open, PartError> {
        let name = format!("part-{:05}.parquet", self.next);
        let path = self.folder.join(format!("{name}.{UNFINISHED}"));
        let wrong = |source| PartError { path: path.clone(), source };
        let file = File::create(&path).map_err(wrong)?;
        let out = BufWriter::new(Hashing::new(file));
        let writer = ArrowWriter::try_new(out, self.schema.clone(), Some(properties()))
            .map_err(|e| PartError { path: path.clone(), source: plain(e) })?;
        self.next += 1;
        Ok(Open { name, path, writer, rows: 0 })
    }

    /// Closes the part that is open; `None` where there are no rows.
    ///
    /// # Errors
    /// The part cannot be written.
    pub fn close(&mut self) -> Result<Option<Closed>, PartError> {
        self.flush()?;
        let Some(open) = self.open.take() else { return Ok(None) };
        let Open { name, path, writer, rows } = open;
        let file = writer.into_inner().map_err(|e| PartError { path: path.clone(), source: plain(e) })?;
        let file = file.into_inner().map_err(|e| PartError { path, source: e.into_error() })?;
        Ok(Some(Closed { name, content: file.content(rows) }))
    }
}

/// How parts are written.
fn properties() -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(format!("sts-scan {}", env!("CARGO_PKG_VERSION")))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for unlike in UNLIKE {
        properties = properties
            .set_column_dictionary_enabled((*unlike).into(), false)
            .set_column_statistics_enabled((*unlike).into(), EnabledStatistics::None);
    }
    properties.build()
}

/// The operating system's error where there is one beneath, so that the message says "no space left" and not
/// "Parquet".
fn plain(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(beneath) => *beneath,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::evidence::rows::DomainRow;
    use crate::evidence::{DnsStatus, MxKind};
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    /// Bytes that no compression makes fewer.
    fn noise(state: &mut u64, len: usize) -> Vec<u8> {
        let next = |state: &mut u64| {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            state.to_le_bytes()
        };
        (0..len / 8).flat_map(|_| next(state)).collect()
    }

    #[test]
    fn large_rows_do_not_gather() {
        const BODY: usize = 65_536;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(DomainRow::TABLE.name)).unwrap();
        let mut writer: PartWriter<DomainRow> = PartWriter::new(folder.path(), "scan", 0);
        let mut state = 7;
        let mut most = 0;
        for _ in 0..1_500 {
            let (mx_dns, mx_kind) = (Some(DnsStatus::NoData), Some(MxKind::None));
            let mut row = DomainRow { mx_dns, mx_kind, ..DomainRow::default() };
            row.policy.body = Some(noise(&mut state, BODY));
            writer.push(Box::new(row)).unwrap();
            let encoded = writer.open.as_ref().map_or(0, |open| open.writer.memory_size());
            assert!(writer.bytes < BATCH_BYTES && encoded < GROUP_BYTES, "{} {encoded}", writer.bytes);
            most = most.max(encoded);
        }
        assert!(most > BATCH_BYTES);
        let closed = writer.close().unwrap().unwrap();
        let path = folder.path().join(DomainRow::TABLE.name).join(format!("{}.{UNFINISHED}", closed.name));
        let read = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        assert_eq!((closed.content.rows, read.metadata().file_metadata().num_rows()), (1_500, 1_500));
        assert!(read.num_row_groups() > 2, "{}", read.num_row_groups());
    }
}
