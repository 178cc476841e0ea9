//! Lists in Parquet: a column `domain`, and `rank` where there is one; read row group by row group.

use super::name::Refusal;
use super::source::{self, RawEntry, Source};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, Int64Array, LargeStringArray, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::io::{self, ErrorKind};

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
    domains: LargeStringArray,
    ranks: Option<Int64Array>,
    next: usize,
    row: u64,
}

/// Opens the file; only the columns that are needed will be read.
pub(super) fn open(file: File) -> Result<Rows, NoTable> {
    let unreadable = |error: parquet::errors::ParquetError| NoTable::Unreadable(error.to_string());
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
    let schema = builder.schema();
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
        domains: LargeStringArray::from(Vec::<&str>::new()),
        ranks: None,
        next: 0,
        row: 0,
    })
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
        self.domains = as_kind(self.domain, &DataType::LargeUtf8)?.as_string::<i64>().clone();
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
                entry.refusal = Some(Refusal::LineTooLong);
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
