//! What the files of a table have, and what two of them have in common.

use crate::contract::{EXEMPT, Kind, TOLERATED};
use crate::grade::parts;
use crate::value::{Value, from_arrow};
use anyhow::{Context, Result, ensure};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Names and types of columns, or of the fields of a struct.
pub(super) type Columns = Vec<(String, Kind)>;

/// The parts of a table, and the columns that they have.
pub(super) struct Files {
    parts: Vec<PathBuf>,
    columns: Columns,
}

impl Files {
    /// Those of a folder; none where there is no such folder.
    ///
    /// # Errors
    /// Where a part cannot be read, or its columns are not those of the others.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let parts = if folder.is_dir() { parts::list(folder)? } else { Vec::new() };
        let mut columns: Option<Columns> = None;
        for part in &parts {
            let found = columns_of(part).with_context(|| part.display().to_string())?;
            let first = columns.get_or_insert_with(|| found.clone());
            ensure!(*first == found, "{} has other columns than the parts before it", part.display());
        }
        Ok(Self { parts, columns: columns.unwrap_or_default() })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Hands on the cells of some columns of every row.
    ///
    /// # Errors
    /// Where a part cannot be read.
    pub(super) fn read(&self, columns: &Columns, each: &mut dyn FnMut(Vec<Value>)) -> Result<()> {
        for part in &self.parts {
            read_part(part, columns, each).with_context(|| part.display().to_string())?;
        }
        Ok(())
    }
}

fn columns_of(part: &Path) -> Result<Columns> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(part)?)?;
    let column = |field: &arrow::datatypes::FieldRef| {
        let kind = Kind::of(field.data_type()).with_context(|| format!("column `{}`", field.name()))?;
        Ok((field.name().clone(), kind))
    };
    builder.schema().fields().iter().map(column).collect()
}

fn read_part(part: &Path, columns: &Columns, each: &mut dyn FnMut(Vec<Value>)) -> Result<()> {
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(part)?)?.build()? {
        let batch = batch?;
        let array = |(name, kind)| {
            let array = batch.column_by_name(name).with_context(|| format!("no column `{name}`"))?;
            Ok((name, kind, array))
        };
        let arrays: Vec<_> = columns.iter().map(|(name, kind)| array((name, kind))).collect::<Result<_>>()?;
        for at in 0..batch.num_rows() {
            let cells = arrays.iter().map(|(name, kind, array)| {
                from_arrow(kind, array, at).with_context(|| format!("column `{name}`"))
            });
            each(cells.collect::<Result<_>>()?);
        }
    }
    Ok(())
}

/// What two tables have in common, and what not.
#[derive(Default)]
pub(super) struct Shared {
    /// The columns to compare, with the fields that both have.
    pub(super) columns: Columns,
    /// Paths of columns and fields that only one has.
    pub(super) only: [Vec<String>; 2],
    /// Paths of those that have another type in the other.
    pub(super) retyped: Vec<String>,
}

/// What the files of a table have in common. A table without a part has the columns of the other.
pub(super) fn shared(table: &str, [before, after]: &[Files; 2]) -> Shared {
    let mut shared = Shared::default();
    let [first, second] = match (before.is_empty(), after.is_empty()) {
        (true, _) => [after, after],
        (_, true) => [before, before],
        _ => [before, after],
    };
    shared.columns = shared.fields(table, &first.columns, &second.columns);
    shared
}

impl Shared {
    fn fields(&mut self, path: &str, before: &Columns, after: &Columns) -> Columns {
        let mut both = Columns::new();
        for (name, kind) in before {
            let path = format!("{path}.{name}");
            match after.iter().find(|(other, _)| other == name) {
                None => self.only[0].push(path),
                Some(_)
                    if EXEMPT.contains(&path.as_str())
                        || TOLERATED.iter().any(|(name, ..)| *name == path) => {}
                Some((_, other)) => {
                    both.extend(self.kind(&path, kind, other).map(|kind| (name.clone(), kind)));
                }
            }
        }
        let is_new = |name: &str| before.iter().all(|(other, _)| other != name);
        let new = after.iter().filter(|(name, _)| is_new(name));
        self.only[1].extend(new.map(|(name, _)| format!("{path}.{name}")));
        both
    }

    /// What two types have in common; `None` where there is nothing to compare.
    fn kind(&mut self, path: &str, before: &Kind, after: &Kind) -> Option<Kind> {
        match (before, after) {
            (Kind::List(before), Kind::List(after)) => {
                Some(Kind::List(Box::new(self.kind(path, before, after)?)))
            }
            (Kind::Struct(before), Kind::Struct(after)) => {
                let fields = self.fields(path, before, after);
                (!fields.is_empty()).then_some(Kind::Struct(fields))
            }
            (before, after) if before == after => Some(before.clone()),
            _ => {
                self.retyped.push(path.to_owned());
                None
            }
        }
    }
}
