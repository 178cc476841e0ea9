//! Committed parts read back, batch by batch, with the columns that are asked for.

use super::cell::Batch;
use super::columns::Table;
use arrow_array::BooleanArray;
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    RowSelection,
};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a batch in which words are counted: a dictionary is looked at once for so many.
const WORDS_ROWS: usize = 16_384;

/// A part that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {why}", path.display())]
pub struct ReadError {
    /// The file or folder.
    pub path: PathBuf,
    why: String,
}

impl ReadError {
    pub(super) fn new(path: &Path, why: impl std::fmt::Display) -> Self {
        Self { path: path.to_owned(), why: why.to_string() }
    }
}

/// The committed parts of a table, in their order; empty where the folder is not there.
///
/// # Errors
/// The folder is there and cannot be read.
pub fn parts(dataset: &Path, table: &Table) -> Result<Vec<PathBuf>, ReadError> {
    let folder = dataset.join(table.name);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut parts = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(|e| ReadError::new(&folder, e))? {
        let path = entry.map_err(|e| ReadError::new(&folder, e))?.path();
        if path.extension().is_some_and(|e| e == "parquet") {
            parts.push(path);
        }
    }
    parts.sort();
    Ok(parts)
}

/// One committed part, whose columns can be read more than once.
pub struct Part {
    path: PathBuf,
    table: &'static Table,
    about: ArrowReaderMetadata,
}

impl Part {
    /// Reads what the part says of itself.
    ///
    /// # Errors
    /// It cannot be read, or is no Parquet file.
    pub fn open(path: &Path, table: &'static Table) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|e| ReadError::new(path, e))?;
        let about = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        Ok(Self { path: path.to_owned(), table, about: about.map_err(|e| ReadError::new(path, e))? })
    }

    /// All rows.
    fn all(&self, columns: &[&str]) -> Result<ParquetRecordBatchReader, ReadError> {
        self.reader(&self.about, columns)?.build().map_err(|e| ReadError::new(&self.path, e))
    }

    /// All rows, texts as [`Batch::words`] gives them and not as [`Batch::text`] does, but for those of
    /// `texts`.
    ///
    /// # Errors
    /// The part cannot be read, or lacks one of the columns.
    pub fn words(
        &self,
        columns: &[&str],
        texts: &[&str],
    ) -> Result<impl Iterator<Item = Result<Batch, ReadError>> + use<'_>, ReadError> {
        let wrong = |e| ReadError::new(&self.path, e);
        let as_words = |field: &Arc<Field>| {
            let is_word = *field.data_type() == DataType::Utf8 && !texts.contains(&field.name().as_str());
            let words = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            if is_word { Arc::new(Field::clone(field).with_data_type(words())) } else { Arc::clone(field) }
        };
        let schema = self.about.schema();
        let fields: Vec<Arc<Field>> = schema.fields().iter().map(as_words).collect();
        let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
        let about =
            ArrowReaderMetadata::try_new(Arc::clone(self.about.metadata()), options).map_err(wrong)?;
        let builder = self.filled(self.reader(&about, columns)?, columns);
        let reader = builder.with_batch_size(WORDS_ROWS).build().map_err(wrong)?;
        Ok(self.batches(reader))
    }

    /// The rows that are `wanted`, which has a value for each row of the part.
    ///
    /// # Errors
    /// The part cannot be read, or lacks one of the columns.
    pub fn rows(
        &self,
        columns: &[&str],
        wanted: &[bool],
    ) -> Result<impl Iterator<Item = Result<Batch, ReadError>> + use<'_>, ReadError> {
        let builder = self.filled(self.reader(&self.about, columns)?, columns);
        let wanted = RowSelection::from_filters(&[BooleanArray::from(wanted.to_vec())]);
        let reader = builder.with_row_selection(wanted).build();
        Ok(self.batches(reader.map_err(|e| ReadError::new(&self.path, e))?))
    }

    /// Without the columns of nothing but nulls, which read as null where they are not read at all.
    fn filled(
        &self,
        builder: ParquetRecordBatchReaderBuilder<File>,
        columns: &[&str],
    ) -> ParquetRecordBatchReaderBuilder<File> {
        let schema = builder.parquet_schema();
        let leaves = schema.columns().iter().enumerate().filter(|(at, leaf)| {
            let is_wanted = leaf.path().parts().first().is_some_and(|name| columns.contains(&name.as_str()));
            is_wanted && !self.is_empty(*at)
        });
        let mask = ProjectionMask::leaves(schema, leaves.map(|(at, _)| at));
        builder.with_projection(mask)
    }

    /// Whether the part says of a column that all its cells are null.
    fn is_empty(&self, leaf: usize) -> bool {
        self.about.metadata().row_groups().iter().all(|group| {
            let column = group.column(leaf);
            if column.column_descr().max_rep_level() > 0 {
                // An empty list counts as null among the statistics, and is none.
                let levels =
                    column.definition_level_histogram().map(parquet::file::metadata::LevelHistogram::values);
                return levels.and_then(<[i64]>::first) == Some(&column.num_values());
            }
            let nulls = column.statistics().and_then(parquet::file::statistics::Statistics::null_count_opt);
            nulls.and_then(|nulls| i64::try_from(nulls).ok()) == Some(column.num_values())
        })
    }

    fn batches(
        &self,
        reader: ParquetRecordBatchReader,
    ) -> impl Iterator<Item = Result<Batch, ReadError>> + use<'_> {
        reader.map(|batch| batch.map(Batch::new).map_err(|e| ReadError::new(&self.path, e)))
    }

    fn reader(
        &self,
        about: &ArrowReaderMetadata,
        columns: &[&str],
    ) -> Result<ParquetRecordBatchReaderBuilder<File>, ReadError> {
        let file = File::open(&self.path).map_err(|e| ReadError::new(&self.path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, about.clone());
        // A column that came later reads as null in datasets of older minor versions.
        let is_newer = |name: &str| self.table.columns.iter().any(|c| c.name == name && c.since.is_some());
        let is_missing = |c: &&&str| builder.schema().column_with_name(c).is_none() && !is_newer(c);
        if let Some(missing) = columns.iter().find(is_missing) {
            return Err(ReadError::new(&self.path, format!("it has no column `{missing}`")));
        }
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        Ok(builder.with_projection(mask))
    }
}

/// Every batch of a table's committed parts, with only some columns.
pub struct Batches<'a> {
    table: &'static Table,
    columns: &'a [&'a str],
    parts: std::vec::IntoIter<PathBuf>,
    open: Option<(PathBuf, ParquetRecordBatchReader)>,
}

impl<'a> Batches<'a> {
    /// Those of a dataset; none where the table's folder is not there.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    pub fn open(dataset: &Path, table: &'static Table, columns: &'a [&'a str]) -> Result<Self, ReadError> {
        Ok(Self { table, columns, parts: parts(dataset, table)?.into_iter(), open: None })
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((path, reader)) = &mut self.open {
                match reader.next() {
                    Some(batch) => return Some(batch.map(Batch::new).map_err(|e| ReadError::new(path, e))),
                    None => self.open = None,
                }
            }
            let path = self.parts.next()?;
            match Part::open(&path, self.table).and_then(|part| part.all(self.columns)) {
                Ok(reader) => self.open = Some((path, reader)),
                Err(wrong) => return Some(Err(wrong)),
            }
        }
    }
}

/// Gives every batch of a table, with only these columns, to `take`.
///
/// # Errors
/// A part cannot be read, or lacks one of the columns.
pub fn batches(
    dataset: &Path,
    table: &'static Table,
    columns: &[&str],
    mut take: impl FnMut(&Batch),
) -> Result<(), ReadError> {
    for batch in Batches::open(dataset, table, columns)? {
        take(&batch?);
    }
    Ok(())
}
