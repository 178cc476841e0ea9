//! The layout of a published dataset: its own, not that of the program that reads it. It is written as
//! `dictionary/columns.parquet`, and read from there again.

use super::folder::Folder;
use super::meaning;
use crate::contract::{self, Column, TABLES};
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::withheld::Withheld;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Where it is written.
pub(super) const COLUMNS: &str = "dictionary/columns.parquet";

/// A column, and the class it is left out with; `None` where it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) table: String,
    pub(super) column: Column,
    pub(super) withheld: Option<String>,
}

/// Every column of a dataset, also those that are left out, in the order of tables and columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) columns: Vec<Kept>,
}

impl Layout {
    /// The layout in which a dataset is published. One of an older version has the columns that its own
    /// dictionary tells of, with their meanings; without a dictionary those that its files have.
    ///
    /// # Errors
    /// Its dictionary tells of a column that this version does not know (usage), or cannot be read.
    pub(super) fn of(dataset: &Dataset, withheld: &Withheld) -> Result<Self, Fault> {
        let own = Self::older(dataset)?;
        let judged = columns_there(dataset, "assessments")?;
        let mut columns = Vec::new();
        for table in TABLES {
            for known in contract::columns(table)? {
                let mut column = known.clone();
                if let Some(own) = &own {
                    match own.columns.iter().find(|own| own.is(table, &known.name)) {
                        Some(found) => {
                            column.meaning.clone_from(&found.column.meaning);
                            column.nullable = found.column.nullable;
                        }
                        // A later version has judged it anew, by columns that it has had from the first on.
                        None if table == "assessments" && judged.contains(&known.name) => {}
                        None => continue,
                    }
                }
                column.meaning = meaning(table, &column, withheld);
                let withheld = withheld.class_of(table, &column.name).map(|class| class.word().to_owned());
                columns.push(Kept { table: table.to_owned(), column, withheld });
            }
        }
        if let Some(strange) = own
            .iter()
            .flat_map(|own| &own.columns)
            .find(|own| !columns.iter().any(|kept| own.is(&kept.table, &kept.column.name)))
        {
            return Err(Fault::Usage(format!(
                "{}.{} is no column that this version knows\n\
                 hint: publish with the version of these tools that wrote the dataset",
                strange.table, strange.column.name
            )));
        }
        Ok(Self { columns })
    }

    /// The columns of a dataset whose layout is older than this version's; `None` where it is not.
    fn older(dataset: &Dataset) -> Result<Option<Self>, Fault> {
        if contract::minor(&dataset.version)? >= contract::minor(contract::schema_version()?)? {
            return Ok(None);
        }
        let dictionary = dataset.dir.join(COLUMNS);
        if dictionary.is_file() {
            return Self::read(&dictionary).map(Some);
        }
        let mut columns = Vec::new();
        for table in TABLES {
            let there = columns_there(dataset, table)?;
            let known = contract::columns(table)?.iter();
            let has = known.filter(|column| there.is_empty() || there.contains(&column.name));
            columns.extend(has.map(|column| Kept {
                table: table.to_owned(),
                column: column.clone(),
                withheld: None,
            }));
        }
        Ok(Some(Self { columns }))
    }

    /// The layout that a published dataset carries.
    ///
    /// # Errors
    /// It has none, or one that cannot be read (usage).
    pub(super) fn carried(folder: &Folder) -> Result<Self, Fault> {
        let path = folder.path(COLUMNS)?;
        Self::read(&path).map_err(|cause| Fault::Usage(cause.to_string()))
    }

    fn read(path: &Path) -> Result<Self, Fault> {
        let broken = |cause: &dyn std::fmt::Display| Fault::file("read", path, cause);
        let lacks = || broken(&"it must have the columns table, column, type, nullable and meaning");
        let batches = open(path)?.build().map_err(|cause| broken(&cause))?;
        let mut columns = Vec::new();
        for batch in batches {
            let batch = batch.map_err(|cause| broken(&cause))?;
            let text =
                |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
            let (Some(tables), Some(names), Some(kinds), Some(meanings), Some(nullable)) = (
                text("table"),
                text("column"),
                text("type"),
                text("meaning"),
                batch.column_by_name("nullable").and_then(|column| column.as_boolean_opt()),
            ) else {
                return Err(lacks());
            };
            let withheld = text("withheld");
            for row in 0..batch.num_rows() {
                let column = Column {
                    name: names.value(row).to_owned(),
                    nullable: nullable.value(row),
                    kind: kinds.value(row).to_owned(),
                    meaning: meanings.value(row).to_owned(),
                    words: Vec::new(),
                };
                let withheld = withheld.filter(|words| !words.is_null(row)).map(|words| words.value(row));
                let withheld = withheld.map(str::to_owned);
                columns.push(Kept { table: tables.value(row).to_owned(), column, withheld });
            }
        }
        Ok(Self { columns })
    }

    /// These columns, and after those of each table what only the other layout has of it.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let mut columns = Vec::new();
        for table in TABLES {
            columns.extend(self.all(table).cloned());
            let lacks = |kept: &&Kept| !self.columns.iter().any(|own| own.is(table, &kept.column.name));
            columns.extend(other.all(table).filter(lacks).cloned());
        }
        Self { columns }
    }

    /// The tables, in their order.
    pub(super) fn tables(&self) -> Vec<&str> {
        let mut tables: Vec<&str> = self.columns.iter().map(|kept| kept.table.as_str()).collect();
        tables.dedup();
        tables
    }

    /// The columns of a table, also those that are left out.
    pub(super) fn all(&self, table: &str) -> impl Iterator<Item = &Kept> {
        self.columns.iter().filter(move |kept| kept.table == table)
    }

    /// The columns of a table that stay.
    pub(super) fn kept(&self, table: &str) -> impl Iterator<Item = &Column> {
        self.all(table).filter(|kept| kept.withheld.is_none()).map(|kept| &kept.column)
    }

    /// The layout as `dictionary/columns.parquet` has it.
    ///
    /// # Errors
    /// Never but by a fault of this program.
    pub(super) fn batch(&self) -> Result<RecordBatch, Fault> {
        let text = |of: fn(&Kept) -> &str| -> ArrayRef {
            Arc::new(self.columns.iter().map(|kept| Some(of(kept))).collect::<StringArray>())
        };
        let nullable: BooleanArray = self.columns.iter().map(|kept| Some(kept.column.nullable)).collect();
        let withheld: StringArray = self.columns.iter().map(|kept| kept.withheld.as_deref()).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("table", text(|kept| &kept.table), false),
            ("column", text(|kept| &kept.column.name), false),
            ("type", text(|kept| &kept.column.kind), false),
            ("nullable", Arc::new(nullable) as ArrayRef, false),
            ("meaning", text(|kept| &kept.column.meaning), false),
            ("withheld", Arc::new(withheld), true),
        ])
        .map_err(|cause| Fault::engine("make the dictionary", cause))
    }
}

impl Kept {
    fn is(&self, table: &str, column: &str) -> bool {
        self.table == table && self.column.name == column
    }
}

/// Opens a Parquet file.
///
/// # Errors
/// It cannot be read.
pub(super) fn open(part: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, Fault> {
    let file = File::open(part).map_err(|cause| Fault::file("open", part, cause))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|cause| Fault::file("read", part, cause))
}

/// Columns that any part of a table has; none where there is no part.
fn columns_there(dataset: &Dataset, table: &str) -> Result<BTreeSet<String>, Fault> {
    let mut there = BTreeSet::new();
    for part in dataset.parts.get(table).into_iter().flatten() {
        there.extend(open(part)?.schema().fields().iter().map(|field| field.name().clone()));
    }
    Ok(there)
}
