//! Lists in Parquet: a column `domain`, and `rank` where there is one; read row group by row group.

use super::name::BadEntry;
use super::source::{self, RawEntry, Source};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, Int64Array, RecordBatch, StringViewArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// Rows that are decoded at a time.
const BATCH: usize = 4096;

/// Why a Parquet file is no list.
#[derive(Debug)]
pub(super) enum NoTable {
    /// It cannot be read: why.
    Unreadable(String),
    /// No column `domain`: the columns it has.
    NoDomainColumn(Vec<String>),
    /// A column of the wrong type: column, type, what is allowed.
    ColumnType(String, String, &'static str),
}

/// The rows of a Parquet file.
pub(super) struct Rows {
    batches: ParquetRecordBatchReader,
    total: u64,
    domain: usize,
    rank: Option<usize>,
    domains: StringViewArray,
    ranks: Option<Int64Array>,
    next: usize,
    row: u64,
}

/// Opens the file; only the columns that are needed will be read.
pub(super) fn open(file: File) -> Result<Rows, NoTable> {
    let unreadable = |error: parquet::errors::ParquetError| NoTable::Unreadable(error.to_string());
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(unreadable)?;
    let schema = metadata.schema();
    let Some(domain) = find(schema, "domain") else {
        return Err(NoTable::NoDomainColumn(
            schema.fields().iter().map(|field| field.name().clone()).collect(),
        ));
    };
    let rank = find(schema, "rank");
    check(schema, domain, "text", is_text)?;
    if let Some(rank) = rank {
        check(schema, rank, "a whole number", DataType::is_integer)?;
    }
    let metadata = shared(&metadata, domain).map_err(unreadable)?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
    let total = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
    let mask = ProjectionMask::roots(builder.parquet_schema(), [domain].into_iter().chain(rank));
    let batches = builder.with_projection(mask).with_batch_size(BATCH).build().map_err(unreadable)?;
    // What is left of the columns keeps the file's order.
    let rank_first = rank.is_some_and(|rank| rank < domain);
    Ok(Rows {
        batches,
        total,
        domain: usize::from(rank_first),
        rank: rank.map(|_| usize::from(!rank_first)),
        domains: StringViewArray::from(Vec::<&str>::new()),
        ranks: None,
        next: 0,
        row: 0,
    })
}

/// The same, with the names read as views of the pages that they stand in: a value that a dictionary holds
/// once would else be copied for every row that names it, and a few hundred bytes of file become gigabytes.
fn shared(
    metadata: &ArrowReaderMetadata,
    domain: usize,
) -> Result<ArrowReaderMetadata, parquet::errors::ParquetError> {
    // As the file itself has the types, without what its writer says of them.
    let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let schema = ArrowReaderMetadata::try_new(metadata.metadata().clone(), plain.clone())?.schema().clone();
    let view = |kind: &DataType| if kind.is_binary() { DataType::BinaryView } else { DataType::Utf8View };
    let fields = schema.fields().iter().enumerate().map(|(at, field)| match at == domain {
        true => Arc::new(Field::new(field.name(), view(field.data_type()), field.is_nullable())),
        false => field.clone(),
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    ArrowReaderMetadata::try_new(metadata.metadata().clone(), plain.with_schema(schema.into()))
}

fn find(schema: &Schema, name: &str) -> Option<usize> {
    schema.fields().iter().position(|field| field.name().eq_ignore_ascii_case(name))
}

fn check(
    schema: &Schema,
    at: usize,
    allowed: &'static str,
    fits: fn(&DataType) -> bool,
) -> Result<(), NoTable> {
    let field = schema.field(at);
    if fits(field.data_type()) {
        return Ok(());
    }
    Err(NoTable::ColumnType(field.name().clone(), field.data_type().to_string(), allowed))
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        // Some writers leave out the annotation that makes bytes text.
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => true,
        DataType::Dictionary(_, value) => is_text(value),
        other => other.is_string(),
    }
}

impl Rows {
    fn take(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let as_kind = |at: usize, kind: &DataType| cast(batch.column(at), kind).map_err(io::Error::other);
        self.domains = as_kind(self.domain, &DataType::Utf8View)?.as_string_view().clone();
        self.ranks = match self.rank {
            Some(rank) => Some(as_kind(rank, &DataType::Int64)?.as_primitive::<Int64Type>().clone()),
            None => None,
        };
        self.next = 0;
        Ok(())
    }
}

impl Source for Rows {
    fn read(&mut self, entry: &mut RawEntry) -> io::Result<bool> {
        while self.next >= self.domains.len() {
            let Some(batch) = self.batches.next() else { return Ok(false) };
            let batch = batch.map_err(|error| io::Error::new(ErrorKind::InvalidData, error.to_string()))?;
            self.take(&batch)?;
        }
        let at = self.next;
        self.next += 1;
        self.row += 1;
        entry.line = self.row;
        entry.text.clear();
        entry.refusal = None;
        if self.domains.is_valid(at) {
            let text = self.domains.value(at);
            if text.len() > source::MAX_FIELD {
                entry.refusal = Some(BadEntry::LineTooLong);
            }
            entry.text.extend_from_slice(&text.as_bytes()[..text.len().min(source::MAX_FIELD)]);
        }
        let ranks = self.ranks.as_ref().filter(|ranks| ranks.is_valid(at));
        entry.rank = ranks.map(|ranks| ranks.value(at)).filter(|rank| (1..=source::MAX_RANK).contains(rank));
        Ok(true)
    }

    fn line(&self) -> u64 {
        self.row
    }

    fn total(&self) -> Option<u64> {
        Some(self.total)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, DictionaryArray};
    use parquet::arrow::ArrowWriter;

    #[test]
    fn a_value_that_many_rows_share_is_held_once() {
        let long = format!("{}.example", "a".repeat(60_000));
        let shared: DictionaryArray<Int32Type> = std::iter::repeat_n(long.as_str(), BATCH).collect();
        let shared: ArrayRef = Arc::new(shared);
        // With the type that the writer had, and as a column of texts.
        for column in [cast(&shared, &DataType::Utf8).unwrap(), shared] {
            let batch = RecordBatch::try_from_iter([("domain", column)]).unwrap();
            let file = tempfile::tempfile().unwrap();
            let mut writer = ArrowWriter::try_new(file.try_clone().unwrap(), batch.schema(), None).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            let mut rows = open(file).unwrap();
            let mut entry = RawEntry::default();
            let mut read = 0;
            while rows.read(&mut entry).unwrap() {
                assert_eq!(entry.refusal, Some(BadEntry::LineTooLong));
                assert!(rows.domains.get_buffer_memory_size() < 1 << 20);
                read += 1;
            }
            assert_eq!(read, BATCH);
        }
    }
}
