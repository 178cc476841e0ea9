//! Tables that are counted without SQL, in one pass over the parts of `domains`: to group tens of millions of
//! names by what stands in their cells would take longer than to read the cells.
//!
//! Words come as Parquet has them, as numbers into the dictionary of a column chunk, so that each word is
//! looked at once a chunk. What is counted is said in SQL by the views of the same names; tests hold one
//! against the other.

pub(crate) mod common;
pub(crate) mod customers;
pub(crate) mod members;
pub(crate) mod names;
mod states;

use crate::dataset::Dataset;
use crate::fault::Fault;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use states::{STATES, States};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows that are read at a time: a dictionary is looked at once for so many. Fewer would often have no word
/// at all of a column that is nearly empty, and to make a dictionary array of nothing takes longer than any
/// other.
const BATCH_ROWS: usize = 131_072;

/// Columns of `domains`, by name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns<'c> {
    /// Texts that repeat; they are read as dictionary arrays.
    pub(crate) words: &'c [&'c str],
    /// Others, read as `columns.json` has them; of lists of structs one field, as `column.field`.
    pub(crate) others: &'c [&'c str],
}

impl Columns<'_> {
    /// Whether a leaf of a Parquet schema is of these columns: writers name what is between column and field
    /// as they like.
    fn have(&self, path: &[String]) -> bool {
        let (first, last) = (path.first().map(String::as_str), path.last().map(String::as_str));
        self.words.iter().chain(self.others).any(|name| match name.split_once('.') {
            Some((column, field)) => first == Some(column) && last == Some(field),
            None => first == Some(name),
        })
    }
}

/// Reads some columns of every part of a dataset's domains; gives what each thread made of them. A part of an
/// older layout may lack columns.
///
/// # Errors
/// A part cannot be read, or `take` does not find a column as it must be.
fn each_part<T: Send>(
    dataset: &Dataset,
    columns: Columns<'_>,
    begin: impl Fn() -> T + Sync,
    take: impl Fn(&RecordBatch, &mut T) -> Option<()> + Sync,
) -> Result<Vec<T>, Fault> {
    over_parts(dataset, begin, |part, made| read(part, columns, |batch| take(batch, made)))
}

/// Works through the parts of a dataset's domains, over as many threads as there are processors; gives what
/// each thread made of them.
///
/// # Errors
/// The work on a part failed.
pub(crate) fn over_parts<T: Send>(
    dataset: &Dataset,
    begin: impl Fn() -> T + Sync,
    work: impl Fn(&Path, &mut T) -> Result<(), Fault> + Sync,
) -> Result<Vec<T>, Fault> {
    let parts: &[PathBuf] = dataset.parts.get("domains").map_or(&[], Vec::as_slice);
    let next = AtomicUsize::new(0);
    let run = || {
        let mut made = begin();
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(part, &mut made)?;
        }
        Ok(made)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads().min(parts.len())).map(|_| scope.spawn(run)).collect();
        let ended = running
            .into_iter()
            .map(|thread| thread.join().map_err(|_| Fault::engine("read names", "a thread broke off"))?);
        ended.collect()
    })
}

/// Threads that read at a time.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Reads some columns of one part, batch by batch; those that it lacks are not there, nor words of which it
/// has none.
///
/// # Errors
/// The part cannot be read, or `take` does not find a column as it must be.
pub(crate) fn read(
    part: &Path,
    columns: Columns<'_>,
    mut take: impl FnMut(&RecordBatch) -> Option<()>,
) -> Result<(), Fault> {
    let fault = |cause: &dyn std::fmt::Display| Fault::file("read", part, cause);
    let file = File::open(part).map_err(|cause| fault(&cause))?;
    let found = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|cause| fault(&cause))?;
    let options = ArrowReaderOptions::new().with_schema(Arc::new(with_words(found.schema(), columns.words)));
    let found = ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), options);
    let builder =
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, found.map_err(|cause| fault(&cause))?);
    let groups = builder.metadata().row_groups();
    let is_empty = |at: usize, name: &str| {
        columns.words.contains(&name) && groups.iter().all(|group| is_null(group.column(at)))
    };
    let leaves = builder.parquet_schema().columns().iter().enumerate();
    let wanted = leaves.filter(|(at, leaf)| columns.have(leaf.path().parts()) && !is_empty(*at, leaf.name()));
    let wanted: Vec<usize> = wanted.map(|(at, _)| at).collect();
    let mask = ProjectionMask::leaves(builder.parquet_schema(), wanted);
    let batches = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build();
    for batch in batches.map_err(|cause| fault(&cause))? {
        let batch = batch.map_err(|cause| fault(&cause))?;
        take(&batch).ok_or_else(|| fault(&"its columns are not those of columns.json"))?;
    }
    Ok(())
}

/// Whether every cell of a column is null, as far as its statistics tell.
fn is_null(chunk: &ColumnChunkMetaData) -> bool {
    let nulls = chunk.statistics().and_then(Statistics::null_count_opt);
    nulls == u64::try_from(chunk.num_values()).ok()
}

/// The schema of a part, texts of these names as dictionary arrays.
fn with_words(schema: &Schema, words: &[&str]) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let is_word = words.contains(&field.name().as_str()) && !field.data_type().is_nested();
        let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        if is_word { Field::clone(field).with_data_type(kind) } else { Field::clone(field) }
    });
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
}

/// A table of counts: the scan, columns of its own, the states, more columns of its own, and `names`.
fn table<'s>(
    name: &str,
    counts: &(impl Iterator<Item = (&'s str, States, i64)> + Clone),
    before: impl IntoIterator<Item = (&'static str, ArrayRef)>,
    after: impl IntoIterator<Item = (&'static str, ArrayRef)>,
) -> Result<RecordBatch, Fault> {
    let scans: StringArray = counts.clone().map(|(scan, ..)| Some(scan)).collect();
    let names: Int64Array = counts.clone().map(|(.., names)| Some(names)).collect();
    let states = STATES.into_iter().map(|(state, name)| {
        let flags: BooleanArray = counts.clone().map(|(_, states, _)| Some(states.has(state))).collect();
        (name, Arc::new(flags) as ArrayRef)
    });
    let mut columns = vec![("scan", Arc::new(scans) as ArrayRef)];
    columns.extend(before);
    columns.extend(states);
    columns.extend(after);
    columns.push(("names", Arc::new(names)));
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .map_err(|cause| Fault::engine(&format!("make the table {name}"), cause))
}
