//! Copies a table's parts into few files, leaving out what is withheld, batch by batch.

use super::files::hashed;
use super::layout::{Layout, open};
use super::paths::ListNames;
use super::redact::Redaction;
use crate::contract;
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::withheld::Withheld;
use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of source parts that one file takes, unless there would be too many files.
const FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Rows of a row group: as many as the scanner's own parts have, so that memory does not grow with the file.
const GROUP_ROWS: usize = 131_072;

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Merged {
    /// The table it belongs to.
    pub(super) table: &'static str,
    /// Its path below the output directory, with forward slashes.
    pub(super) path: String,
    /// Its rows.
    pub(super) rows: u64,
    /// Its size and SHA-256.
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Merges the tables that stay into at most `files` files below `out`.
///
/// # Errors
/// A part cannot be read, or a file cannot be written.
pub(super) fn tables(
    dataset: &Dataset,
    (withheld, redaction, lists): (&Withheld, &Redaction<'_>, &ListNames),
    layout: &Layout,
    files: usize,
    out: &Path,
) -> Result<Vec<Merged>, Fault> {
    let tables: Vec<(&'static str, Vec<(PathBuf, u64)>)> = withheld
        .tables()
        .into_iter()
        .map(|table| Ok((table, sized(dataset.parts.get(table).map_or(&[][..], Vec::as_slice))?)))
        .collect::<Result<_, Fault>>()?;
    let mut target = FILE_BYTES;
    let count = |target: u64| tables.iter().map(|(_, parts)| grouped(parts, target).len()).sum::<usize>();
    while count(target) > files.max(tables.len()) {
        target = target.saturating_mul(2);
    }
    let mut merged = Vec::new();
    for (table, parts) in &tables {
        let folder = out.join(table);
        fs::create_dir_all(&folder).map_err(|cause| Fault::file("create", &folder, cause))?;
        let Some((last, _)) = parts.last() else { continue };
        let schema = schema(open(last)?.schema(), table, layout)?;
        for (number, group) in grouped(parts, target).into_iter().enumerate() {
            let name = format!("part-{number:05}.parquet");
            let rows = merge(group, &schema, (redaction, lists), &folder.join(&name))?;
            let (bytes, sha256) = hashed(&folder.join(&name))?;
            merged.push(Merged { table, path: format!("{table}/{name}"), rows, bytes, sha256 });
        }
    }
    Ok(merged)
}

fn sized(parts: &[PathBuf]) -> Result<Vec<(PathBuf, u64)>, Fault> {
    let size = |part: &PathBuf| fs::metadata(part).map(|found| found.len());
    parts
        .iter()
        .map(|part| Ok((part.clone(), size(part).map_err(|cause| Fault::file("read", part, cause))?)))
        .collect()
}

/// Parts in their order, in groups of about `target` bytes each; never more groups than bytes need.
fn grouped(parts: &[(PathBuf, u64)], target: u64) -> Vec<&[(PathBuf, u64)]> {
    let mut groups = Vec::new();
    let (mut from, mut bytes) = (0, 0_u64);
    for (at, (_, size)) in parts.iter().enumerate() {
        if at > from && bytes + size > target {
            groups.push(&parts[from..at]);
            (from, bytes) = (at, 0);
        }
        bytes += size;
    }
    if from < parts.len() {
        groups.push(&parts[from..]);
    }
    groups
}

/// The columns of the dataset's layout, less those that are withheld. Where a part of an older version lacks
/// one it is null throughout. What the files say of themselves stays.
fn schema(source: &SchemaRef, table: &str, layout: &Layout) -> Result<SchemaRef, Fault> {
    let known = contract::schema(table)?;
    if let Some(field) =
        source.fields().iter().find(|field| !layout.all(table).any(|kept| kept.column.name == *field.name()))
    {
        return Err(Fault::Usage(format!(
            "{table}.{} is no column of the dataset's layout that this version knows\n\
             hint: publish with the version of these tools that wrote the dataset",
            field.name()
        )));
    }
    let stays = layout.kept(table).filter_map(|column| known.fields().find(&column.name));
    let fields: Vec<FieldRef> = stays
        .map(|(_, field)| {
            source.fields().find(field.name()).map_or_else(|| Arc::clone(field), |(_, of)| Arc::clone(of))
        })
        .collect();
    Ok(Arc::new(Schema::new_with_metadata(fields, source.metadata().clone())))
}

fn merge(
    parts: &[(PathBuf, u64)],
    schema: &SchemaRef,
    (redaction, lists): (&Redaction<'_>, &ListNames),
    path: &Path,
) -> Result<u64, Fault> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_created_by(super::TOOL.to_owned())
        .build();
    let file = File::create(path).map_err(|cause| Fault::file("create", path, cause))?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties))
        .map_err(|cause| Fault::file("write", path, cause))?;
    let mut rows = 0;
    for (part, _) in parts {
        let reader = open(part)?.build().map_err(|cause| Fault::file("read", part, cause))?;
        for batch in reader {
            let batch = batch.map_err(|cause| Fault::file("read", part, cause))?;
            let batch = shaped(&batch, schema).map_err(|cause| Fault::file("read", part, cause))?;
            let batch = redaction.batch(&batch).and_then(|batch| lists.batch(batch));
            let batch = batch.map_err(|cause| Fault::file("read", part, cause))?;
            rows += u64::try_from(batch.num_rows()).unwrap_or(0);
            writer.write(&batch).map_err(|cause| Fault::file("write", path, cause))?;
        }
    }
    writer.close().map_err(|cause| Fault::file("write", path, cause))?;
    Ok(rows)
}

/// The columns of a schema, null where the batch lacks one.
fn shaped(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, arrow::error::ArrowError> {
    let column = |name: &str, kind| -> ArrayRef {
        batch.column_by_name(name).map_or_else(|| new_null_array(kind, batch.num_rows()), Arc::clone)
    };
    let columns = schema.fields().iter().map(|field| column(field.name(), field.data_type()));
    RecordBatch::try_new(Arc::clone(schema), columns.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn parts_are_grouped_in_order_and_none_is_lost() {
        let parts: Vec<(PathBuf, u64)> = [40, 40, 40, 200, 10]
            .iter()
            .enumerate()
            .map(|(at, size)| (at.to_string().into(), *size))
            .collect();
        let sizes = |target| grouped(&parts, target).iter().map(|group| group.len()).collect::<Vec<_>>();
        assert_eq!(sizes(100), [2, 1, 1, 1]);
        assert_eq!(sizes(1), [1, 1, 1, 1, 1]);
        assert_eq!(sizes(1000), [5]);
        assert!(grouped(&[], 10).is_empty());
    }
}
