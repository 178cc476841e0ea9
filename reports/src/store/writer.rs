//! Parquet files under way: rows are held for a while, then written, and the files get their names at the
//! commit.

use super::StoreError;
use super::columns::{FAILURES, POLICIES, REPORTS, Rows, Table};
use super::manifest::Part;
use super::rows::{FailureRow, PolicyRow, ReportRow};
use arrow_array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// So many rows of a table are held before they are written.
const HELD: usize = 4096;

/// And so many bytes of text, whichever comes first.
const HELD_BYTES: usize = 2 * 1024 * 1024;

/// A row group is finished once it takes this much memory.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// The file of a table that is being written.
pub(super) struct Unfinished {
    writer: ArrowWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
    part: Part,
}

impl Unfinished {
    pub(super) fn create(folder: &Path, table: &Table, number: usize) -> Result<Self, StoreError> {
        let file = format!("{}/part-{number:05}.parquet", table.name);
        let path = folder.join(&file);
        let temporary = path.with_extension("parquet.tmp");
        fs::create_dir_all(folder.join(table.name))?;
        let level = ZstdLevel::try_new(1).map_err(StoreError::parquet)?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        let writer = ArrowWriter::try_new(File::create(&temporary)?, table.schema(), Some(properties))
            .map_err(StoreError::parquet)?;
        let part = Part { table: table.name.to_owned(), file, rows: 0 };
        Ok(Self { writer, temporary, path, part })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        self.writer.write(batch).map_err(StoreError::parquet)?;
        self.part.rows += i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        if self.writer.memory_size() > GROUP_BYTES {
            self.writer.flush().map_err(StoreError::parquet)?;
        }
        Ok(())
    }

    /// Finishes the file and gives it its name.
    pub(super) fn finish(self) -> Result<Part, StoreError> {
        self.writer.into_inner().map_err(StoreError::parquet)?.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        Ok(self.part)
    }
}

/// Rows of one table that wait, and the file they go into.
struct Waiting<R> {
    rows: Vec<R>,
    file: Unfinished,
}

impl<R: Rows> Waiting<R> {
    fn create(folder: &Path, number: usize) -> Result<Self, StoreError> {
        Ok(Self { rows: Vec::new(), file: Unfinished::create(folder, R::TABLE, number)? })
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if !self.rows.is_empty() {
            let arrays = R::arrays(&self.rows).map_err(StoreError::parquet)?;
            let batch = RecordBatch::try_new(R::TABLE.schema(), arrays).map_err(StoreError::parquet)?;
            self.file.write(&batch)?;
            self.rows.clear();
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Part, StoreError> {
        self.flush()?;
        self.file.finish()
    }
}

/// One part of every table, under way.
pub(super) struct Writer {
    reports: Waiting<ReportRow>,
    policies: Waiting<PolicyRow>,
    failures: Waiting<FailureRow>,
    held_bytes: usize,
}

impl Writer {
    pub(super) fn create(folder: &Path, number: usize) -> Result<Self, StoreError> {
        Ok(Self {
            reports: Waiting::create(folder, number)?,
            policies: Waiting::create(folder, number)?,
            failures: Waiting::create(folder, number)?,
            held_bytes: 0,
        })
    }

    /// Takes a report's rows; `bytes` is the length of its text.
    pub(super) fn take(
        &mut self,
        rows: (ReportRow, Vec<PolicyRow>, Vec<FailureRow>),
        bytes: usize,
    ) -> Result<(), StoreError> {
        self.reports.rows.push(rows.0);
        self.policies.rows.extend(rows.1);
        self.failures.rows.extend(rows.2);
        self.held_bytes += bytes;
        let held = self.reports.rows.len().max(self.policies.rows.len()).max(self.failures.rows.len());
        if held >= HELD || self.held_bytes >= HELD_BYTES {
            self.reports.flush()?;
            self.policies.flush()?;
            self.failures.flush()?;
            self.held_bytes = 0;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<[Part; 3], StoreError> {
        Ok([self.reports.finish()?, self.policies.finish()?, self.failures.finish()?])
    }
}

/// Removes what a run left that did not come to its commit.
pub(super) fn remove_unlisted(folder: &Path, parts: &[Part]) -> Result<(), StoreError> {
    for table in [&REPORTS, &POLICIES, &FAILURES] {
        let Ok(entries) = fs::read_dir(folder.join(table.name)) else { continue };
        for entry in entries {
            let path = entry?.path();
            if !parts.iter().any(|part| folder.join(&part.file) == path) {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}
