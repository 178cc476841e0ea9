//! `truth.parquet`: one row per domain. Its columns are `domain`, `situation`, `assessed`, the graded columns
//! of `domains` and of `assessments`, and the rows of `mx_hosts` and `certificates` that the domain calls for
//! as lists.

use super::{Expected, Oracle};
use crate::contract::{Column, Contract, Kind, Table};
use crate::mix::Mix;
use crate::value::{Value, from_arrow, to_arrow};
use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Rows of a batch.
const BATCH: usize = 4096;
/// Key of the file's metadata.
const KEY: &str = "sts-lab";

/// What a truth was made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct About {
    /// Seed of the world.
    pub seed: u64,
    /// Its epoch.
    pub epoch: u32,
    /// Whether every situation of the mix must occur.
    pub every_situation: bool,
    /// The mix's weights.
    pub weights: BTreeMap<String, u64>,
}

impl About {
    fn of(seed: u64, epoch: u32, mix: &Mix) -> Self {
        Self { seed, epoch, every_situation: mix.every_situation, weights: mix.weights.clone() }
    }
}

/// The columns of the file: name, type.
fn layout(contract: &Contract) -> Vec<(String, Kind)> {
    let graded = |table: &Table| -> Vec<(String, Kind)> {
        table.graded().filter(|c| c.name != "domain").map(|c| (c.name.clone(), c.kind.clone())).collect()
    };
    let rows = |table: &Table| {
        let fields = table.graded().map(|c| (c.name.clone(), c.kind.clone())).collect();
        (table.name.clone(), Kind::List(Box::new(Kind::Struct(fields))))
    };
    let mut columns = vec![
        ("domain".to_owned(), Kind::Text),
        ("situation".to_owned(), Kind::Text),
        ("assessed".to_owned(), Kind::Bool),
    ];
    columns.extend(graded(&contract.domains));
    columns.extend(graded(&contract.assessments));
    columns.push(rows(&contract.mx_hosts));
    columns.push(rows(&contract.certificates));
    columns
}

/// Writes the truth of the domains, and hands each on to `seen` with its rank, from 1.
///
/// # Errors
/// Where the file cannot be written or a name cannot be had.
pub fn write(
    oracle: &Oracle,
    names: impl Iterator<Item = Result<String>>,
    path: &Path,
    mut seen: impl FnMut(u64, &str) -> Result<()>,
) -> Result<u64> {
    let columns = layout(&oracle.contract);
    let fields: Vec<Field> = columns.iter().map(|(n, k)| Field::new(n, k.arrow(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let about = About::of(oracle.world.seed, oracle.world.epoch, &oracle.world.mix);
    let about = KeyValue::new(KEY.to_owned(), serde_json::to_string(&about)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_key_value_metadata(Some(vec![about]))
        .build();
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?;
    let mut rows: Vec<Vec<Value>> = Vec::with_capacity(BATCH);
    let mut rank = 0;
    for name in names {
        let name = name?;
        rank += 1;
        seen(rank, &name)?;
        rows.push(flatten(&oracle.contract, oracle.expected(rank, &name)?));
        if rows.len() == BATCH {
            writer.write(&batch(&columns, &schema, &rows)?)?;
            rows.clear();
        }
        // Signallers carry certificates; a group of rows is closed by size, so that memory stays bounded.
        if writer.in_progress_size() > 64 << 20 {
            writer.flush()?;
        }
    }
    writer.write(&batch(&columns, &schema, &rows)?)?;
    writer.close()?;
    Ok(rank)
}

fn batch(columns: &[(String, Kind)], schema: &Arc<Schema>, rows: &[Vec<Value>]) -> Result<RecordBatch> {
    let mut arrays = Vec::with_capacity(columns.len());
    for (at, (_, kind)) in columns.iter().enumerate() {
        let cells: Vec<&Value> = rows.iter().map(|row| row.get(at).unwrap_or(&Value::Null)).collect();
        arrays.push(to_arrow(kind, &cells)?);
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
}

/// The cells of a file's row, in the order of [`layout`].
fn flatten(contract: &Contract, expected: Expected) -> Vec<Value> {
    let take = |table: &Table, row: Vec<Value>, with_domain: bool| -> Vec<Value> {
        let wanted = |c: &Column| c.graded && (with_domain || c.name != "domain");
        table.columns.iter().zip(row).filter(|(c, _)| wanted(c)).map(|(_, value)| value).collect()
    };
    let domain = contract.domains.position("domain").and_then(|at| expected.domain.get(at)).cloned();
    let assessed = expected.assessment.is_some();
    let mut row = vec![domain.unwrap_or(Value::Null), Value::text(expected.situation), Value::Bool(assessed)];
    row.extend(take(&contract.domains, expected.domain, false));
    let nothing = || vec![Value::Null; contract.assessments.columns.len()];
    row.extend(take(&contract.assessments, expected.assessment.unwrap_or_else(nothing), false));
    let all = |table: &Table, rows: Vec<Vec<Value>>| {
        Value::List(rows.into_iter().map(|row| Value::Struct(take(table, row, true))).collect())
    };
    row.push(all(&contract.mx_hosts, expected.hosts));
    row.push(all(&contract.certificates, expected.certificates));
    row
}

/// Reads a truth, row by row.
pub struct Reader {
    /// What it was made from.
    pub about: About,
    contract: Arc<Contract>,
    batches: ParquetRecordBatchReader,
    batch: Option<(RecordBatch, usize)>,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// Where it is no truth of this laboratory.
    pub fn open(contract: Arc<Contract>, path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)
            .with_context(|| format!("{} is not a Parquet file", path.display()))?;
        let metadata = builder.metadata().file_metadata().key_value_metadata();
        let about = metadata
            .and_then(|all| all.iter().find(|pair| pair.key == KEY))
            .and_then(|pair| pair.value.as_deref())
            .with_context(|| format!("{} was not written by this laboratory", path.display()))?;
        let about = serde_json::from_str(about)?;
        Ok(Self { about, contract, batches: builder.with_batch_size(BATCH).build()?, batch: None })
    }

    fn row(&self, batch: &RecordBatch, at: usize) -> Result<Expected> {
        let cell = |name: &str, kind: &Kind| {
            let column =
                batch.column_by_name(name).with_context(|| format!("the truth has no column `{name}`"))?;
            from_arrow(kind, column, at).with_context(|| format!("column `{name}`"))
        };
        let row = |table: &Table| -> Result<Vec<Value>> {
            let read = |c: &Column| if c.graded { cell(&c.name, &c.kind) } else { Ok(Value::Null) };
            table.columns.iter().map(read).collect()
        };
        let rows = |table: &Table| -> Result<Vec<Vec<Value>>> {
            let fields: Vec<(String, Kind)> =
                table.graded().map(|c| (c.name.clone(), c.kind.clone())).collect();
            let list = cell(&table.name, &Kind::List(Box::new(Kind::Struct(fields))))?;
            let spread = |value: &Value| {
                let mut cells = value.items().iter().cloned();
                let place =
                    |c: &Column| if c.graded { cells.next().unwrap_or(Value::Null) } else { Value::Null };
                table.columns.iter().map(place).collect()
            };
            Ok(list.items().iter().map(spread).collect())
        };
        let assessed = cell("assessed", &Kind::Bool)? == Value::Bool(true);
        Ok(Expected {
            situation: cell("situation", &Kind::Text)?.as_text().unwrap_or_default().to_owned(),
            domain: row(&self.contract.domains)?,
            assessment: if assessed { Some(row(&self.contract.assessments)?) } else { None },
            hosts: rows(&self.contract.mx_hosts)?,
            certificates: rows(&self.contract.certificates)?,
        })
    }
}

impl Iterator for Reader {
    type Item = Result<Expected>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((batch, at)) = self.batch.take()
                && at < batch.num_rows()
            {
                let row = self.row(&batch, at);
                self.batch = Some((batch, at + 1));
                return Some(row);
            }
            match self.batches.next()? {
                Ok(batch) => self.batch = Some((batch, 0)),
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}
