//! Which of several reports under one key counts: the later one. The parts that say otherwise are written
//! anew.

use super::StoreError;
use super::columns::REPORTS;
use super::known::Known;
use super::manifest::{Manifest, Part};
use super::rows::{Hash, hex};
use super::writer::Unfinished;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, ArrayRef, BooleanArray, RecordBatch};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Reads columns of a part, all where none are named.
fn reader(folder: &Path, part: &Part, columns: &[&str]) -> Result<ParquetRecordBatchReader, StoreError> {
    let file = File::open(folder.join(&part.file))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(StoreError::parquet)?;
    if !columns.is_empty() {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    builder.with_batch_size(4096).build().map_err(StoreError::parquet)
}

fn column<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a ArrayRef, StoreError> {
    batch.column_by_name(name).ok_or(StoreError::NotOurs)
}

/// A key as it is written, in bytes.
fn of_hex(text: &str) -> Option<Hash> {
    let mut key = Hash::default();
    for (place, at) in key.iter_mut().zip(0..) {
        *place = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

/// The reports that a folder has.
pub(super) fn known(folder: &Path, manifest: &Manifest) -> Result<Known, StoreError> {
    let mut known = Known::default();
    for part in manifest.parts.iter().filter(|part| part.table == REPORTS.name) {
        for batch in reader(folder, part, &["key", "sha256"])? {
            let batch = batch.map_err(StoreError::parquet)?;
            let keys = column(&batch, "key")?.as_string::<i32>();
            let texts = column(&batch, "sha256")?.as_string::<i32>();
            for row in 0..batch.num_rows() {
                let (key, text) = (of_hex(keys.value(row)), of_hex(texts.value(row)));
                if let (Some(key), Some(text)) = (key, text) {
                    known.add(key, &text);
                }
            }
        }
    }
    Ok(known)
}

/// Marks all but the latest report of each of these keys; gives the parts as they are then. The old files are
/// there until the manifest names the new ones.
pub(super) fn mark(
    folder: &Path,
    parts: &[Part],
    reused: &HashSet<Hash>,
    next: &mut usize,
) -> Result<Vec<Part>, StoreError> {
    let keys: HashSet<String> = reused.iter().map(|key| hex(key)).collect();
    // The latest of each key: received, number.
    let mut latest: HashMap<String, (i64, i64)> = HashMap::new();
    let of_reports = |part: &&Part| part.table == REPORTS.name;
    for part in parts.iter().filter(of_reports) {
        each(folder, part, &keys, |key, moment, _| {
            let there = latest.entry(key.to_owned()).or_insert(moment);
            *there = (*there).max(moment);
        })?;
    }
    let is_superseded = |key: &str, moment| latest.get(key).is_some_and(|last| *last != moment);
    let mut all = Vec::new();
    for part in parts {
        let mut differs = false;
        if of_reports(&part) {
            each(folder, part, &keys, |key, moment, marked| differs |= is_superseded(key, moment) != marked)?;
        }
        if !differs {
            all.push(part.clone());
            continue;
        }
        let mut anew = Unfinished::create(folder, &REPORTS, *next)?;
        *next += 1;
        for batch in reader(folder, part, &[])? {
            let batch = batch.map_err(StoreError::parquet)?;
            let moments = Moments::of(&batch)?;
            let marks: BooleanArray = (0..batch.num_rows())
                .map(|row| Some(is_superseded(moments.keys.value(row), moments.at(row))))
                .collect();
            let place = batch.schema().index_of("superseded").map_err(StoreError::parquet)?;
            let mut columns = batch.columns().to_vec();
            if let Some(column) = columns.get_mut(place) {
                *column = Arc::new(marks);
            }
            anew.write(&RecordBatch::try_new(batch.schema(), columns).map_err(StoreError::parquet)?)?;
        }
        all.push(anew.finish()?);
    }
    Ok(all)
}

/// The columns that say which report is later.
struct Moments<'a> {
    keys: &'a arrow_array::StringArray,
    received: &'a arrow_array::TimestampMicrosecondArray,
    numbers: &'a arrow_array::Int64Array,
}

impl<'a> Moments<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, StoreError> {
        Ok(Self {
            keys: column(batch, "key")?.as_string(),
            received: column(batch, "received_at")?.as_primitive::<TimestampMicrosecondType>(),
            numbers: column(batch, "report")?.as_primitive::<Int64Type>(),
        })
    }

    /// What is not known to be received later is later by its number.
    fn at(&self, row: usize) -> (i64, i64) {
        let received = if self.received.is_valid(row) { self.received.value(row) } else { i64::MIN };
        (received, self.numbers.value(row))
    }
}

/// Each report of these keys: key, moment, and whether it is marked.
fn each(
    folder: &Path,
    part: &Part,
    keys: &HashSet<String>,
    mut take: impl FnMut(&str, (i64, i64), bool),
) -> Result<(), StoreError> {
    for batch in reader(folder, part, &["key", "received_at", "report", "superseded"])? {
        let batch = batch.map_err(StoreError::parquet)?;
        let moments = Moments::of(&batch)?;
        let marked = column(&batch, "superseded")?.as_boolean();
        for row in 0..batch.num_rows() {
            let key = moments.keys.value(row);
            if keys.contains(key) {
                take(key, moments.at(row), marked.value(row));
            }
        }
    }
    Ok(())
}
