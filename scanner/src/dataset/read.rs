//! Committed parts read back, batch by batch, with the columns that are asked for.

use super::cell::Batch;
use super::columns::Table;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::path::{Path, PathBuf};

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

    fn begin(&self, path: &Path) -> Result<ParquetRecordBatchReader, ReadError> {
        let wrong = |e: &dyn std::fmt::Display| ReadError::new(path, e);
        let file = File::open(path).map_err(|e| wrong(&e))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| wrong(&e))?;
        // A column that came later reads as null in datasets of older minor versions.
        let is_newer = |name: &str| self.table.columns.iter().any(|c| c.name == name && c.since.is_some());
        let is_missing = |c: &&&str| builder.schema().column_with_name(c).is_none() && !is_newer(c);
        if let Some(missing) = self.columns.iter().find(is_missing) {
            return Err(wrong(&format!("it has no column `{missing}`")));
        }
        let mask = ProjectionMask::columns(builder.parquet_schema(), self.columns.iter().copied());
        builder.with_projection(mask).build().map_err(|e| wrong(&e))
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
            match self.begin(&path) {
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
