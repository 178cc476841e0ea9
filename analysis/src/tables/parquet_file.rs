//! A Parquet file that is written batch by batch.

use crate::fault::Fault;
use crate::output;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A Parquet file that gets its name when it is whole.
pub(super) struct ParquetFile {
    writer: ArrowWriter<File>,
    partial: PathBuf,
    path: PathBuf,
}

impl ParquetFile {
    pub(super) fn create(path: &Path, schema: SchemaRef) -> Result<Self, Fault> {
        output::check(path)?;
        let partial = path.with_extension("parquet.tmp");
        let file = File::create(&partial).map_err(|cause| Fault::file("create", &partial, cause))?;
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties))
            .map_err(|cause| Fault::file("write", &partial, cause))?;
        Ok(Self { writer, partial, path: path.to_owned() })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        self.writer.write(batch).map_err(|cause| Fault::file("write", &self.partial, cause))
    }

    pub(super) fn finish(self) -> Result<(), Fault> {
        self.writer.close().map_err(|cause| Fault::file("write", &self.partial, cause))?;
        fs::rename(&self.partial, &self.path).map_err(|cause| Fault::file("finish", &self.path, cause))
    }
}
