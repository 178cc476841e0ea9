//! `dictionary/`: what each column and each finding means, beside the data, so that a dataset explains itself.

use super::columns::{Kind, TABLES};
use super::schema;
use crate::assess::catalogue::{self, Duration};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Writes `columns.parquet` and `findings.parquet`.
///
/// # Errors
/// The folder cannot be written.
pub fn write(dataset: &Path) -> io::Result<()> {
    let folder = dataset.join("dictionary");
    std::fs::create_dir_all(&folder)?;
    table(&folder.join("columns.parquet"), columns())?;
    table(&folder.join("findings.parquet"), findings())
}

fn table(path: &Path, columns: Vec<(&str, ArrayRef)>) -> io::Result<()> {
    let batch = RecordBatch::try_from_iter(columns).map_err(io::Error::other)?;
    let mut writer =
        ArrowWriter::try_new(File::create(path)?, batch.schema(), None).map_err(io::Error::other)?;
    writer.write(&batch).map_err(io::Error::other)?;
    writer.into_inner().map_err(io::Error::other)?.sync_all()
}

fn texts<T: Into<Option<&'static str>>>(values: impl Iterator<Item = T>) -> ArrayRef {
    Arc::new(values.map(Into::into).collect::<StringArray>())
}

fn columns() -> Vec<(&'static str, ArrayRef)> {
    let all = || TABLES.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    let types: StringArray = all().map(|(_, column)| Some(column.kind.name())).collect();
    let nullable: BooleanArray = all().map(|(_, column)| Some(column.nullable)).collect();
    vec![
        ("table", texts(all().map(|(table, _)| table.name))),
        ("column", texts(all().map(|(_, column)| column.name))),
        ("type", Arc::new(types)),
        ("nullable", Arc::new(nullable)),
        ("meaning", texts(all().map(|(_, column)| column.meaning))),
    ]
}

fn findings() -> Vec<(&'static str, ArrayRef)> {
    let all = catalogue::all;
    let may_pass: BooleanArray = all().map(|f| Some(f.duration == Duration::MayPass)).collect();
    let mut drawn_from = ListBuilder::new(StringBuilder::new()).with_field(schema::list_item(&Kind::Text));
    for finding in all() {
        for column in finding.columns {
            drawn_from.values().append_value(column);
        }
        drawn_from.append(true);
    }
    vec![
        ("code", texts(all().map(|f| f.code.as_str()))),
        ("stage", texts(all().map(|f| f.stage.as_str()))),
        ("severity", texts(all().map(|f| f.severity.as_str()))),
        ("may_pass", Arc::new(may_pass)),
        ("title", texts(all().map(|f| f.title))),
        ("advice", texts(all().map(|f| f.advice))),
        ("source", texts(all().map(|f| f.source))),
        ("columns", Arc::new(drawn_from.finish())),
        ("result_type", texts(all().map(|f| f.result))),
    ]
}
