//! Lists as they are met outside: every format, every kind of rubbish, and the order of the names.

#![allow(clippy::disallowed_methods, reason = "its threads are joined where they are started")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod formats;
mod forms;
mod order;
mod rubbish;

use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sts_scanner::input::{
    Choices, Entry, InputCounts, InputError, ListSpec, Options, Reader, Repeats, Sample, Shard, survey,
};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

/// A window of one keeps the list's order.
const IN_ORDER: Options = Options {
    seed: 1,
    shard: Shard::WHOLE,
    sample: Sample::WHOLE,
    window: 1,
    max_listed: 1000,
    repeats: Repeats::Dropped,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lists").join(name)
}

fn read(paths: &[PathBuf], options: Options) -> Result<(Vec<Entry>, InputCounts), InputError> {
    let mut reader = Reader::open(&ListSpec::all(paths)?, options)?;
    let entries = (&mut reader).collect::<Result<Vec<_>, _>>()?;
    let counts = reader.counts().clone();
    assert_eq!(counts.inputs, counts.accepted + counts.duplicates + counts.invalid + counts.out_of_shard);
    assert_eq!(counts.accepted, entries.len() as u64);
    for (at, entry) in entries.iter().enumerate() {
        assert_eq!(entry.position, at as u64);
    }
    Ok((entries, counts))
}

/// Names and ranks of one list; the survey must count the same.
fn names(path: &Path) -> Vec<(String, Option<i64>)> {
    let (entries, counts) = read(&[path.to_owned()], IN_ORDER).unwrap();
    let surveyed = survey(&ListSpec::all(&[path]).unwrap()).unwrap();
    assert_eq!(surveyed.entries(), Some(counts.inputs), "{}", path.display());
    assert_eq!(surveyed.lists[0].bytes, Some(fs::metadata(path).unwrap().len()));
    entries.into_iter().map(|entry| (entry.domain.into(), entry.rank)).collect()
}

fn owned(names: &[(&str, Option<i64>)]) -> Vec<(String, Option<i64>)> {
    names.iter().map(|(name, rank)| ((*name).to_owned(), *rank)).collect()
}

struct Dir(TempDir);

impl Dir {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The error a list gives, to the survey and to the reader alike.
    fn error(&self, bytes: &[u8]) -> InputError {
        let path = self.file("list", bytes);
        let error = read(std::slice::from_ref(&path), IN_ORDER).unwrap_err();
        let surveyed = survey(&ListSpec::all(&[path]).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), surveyed.to_string());
        error
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(files: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A Parquet file with two rows per row group.
fn parquet_of(columns: Vec<(&str, ArrayRef)>, compression: Compression) -> Vec<u8> {
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties =
        WriterProperties::builder().set_compression(compression).set_max_row_group_row_count(Some(2));
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn text_column(names: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(names.to_vec()))
}

fn number_column(numbers: &[Option<i32>]) -> ArrayRef {
    Arc::new(Int32Array::from(numbers.to_vec()))
}
