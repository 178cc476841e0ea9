//! The parts of a table: Parquet files in the table's folder.

use crate::contract::Table;
use crate::value::{Value, from_arrow};
use anyhow::{Context, Result, ensure};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The parts in a folder, in the order of their names.
///
/// # Errors
/// Where the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut parts: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            parts.push(path);
        }
    }
    parts.sort();
    Ok(parts)
}

/// Hands on every row of every part, with its cells in the contract's order.
///
/// # Errors
/// Where the folder or a part cannot be read, or a part's columns are not the contract's.
pub fn read(table: &Table, folder: &Path, each: &mut dyn FnMut(Vec<Value>) -> Result<()>) -> Result<()> {
    for part in &list(folder)? {
        read_part(table, part, each).with_context(|| part.display().to_string())?;
    }
    Ok(())
}

fn read_part(table: &Table, part: &Path, each: &mut dyn FnMut(Vec<Value>) -> Result<()>) -> Result<()> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(part)?)?;
    let found: Vec<&str> = builder.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let wanted: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    ensure!(found == wanted, "its columns are {found:?}, the contract has {wanted:?}");
    for batch in builder.build()? {
        let batch = batch?;
        for at in 0..batch.num_rows() {
            let cell = |(column, array): (&crate::contract::Column, &arrow::array::ArrayRef)| {
                from_arrow(&column.kind, array, at).with_context(|| format!("column `{}`", column.name))
            };
            each(table.columns.iter().zip(batch.columns()).map(cell).collect::<Result<_>>()?)?;
        }
    }
    Ok(())
}
