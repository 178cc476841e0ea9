//! The true dataset of a world, written straight to Parquet without a scan, so that analysis can be tried at
//! any size.
//!
//! Memory: some thousand rows per thread, and eight bytes per distinct MX host's address and certificate.

mod folder;

use crate::authority::Authority;
use crate::contract::{Contract, Table};
use crate::counts::Counts;
use crate::dataset::{Rows, Scan, batch};
use crate::dice::draw;
use crate::mix::Mix;
use crate::names::Names;
use crate::truth::{Expected, Oracle};
use crate::value::Value;
use crate::world::World;
use anyhow::{Context, Result, bail};
use arrow::datatypes::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Domains of a part, as the scanner cuts them.
const PART: usize = 131_072;
/// Rows that are held before they are written.
const BATCH: usize = 4096;

/// What puts a domain into a situation.
#[derive(Debug)]
pub enum Source {
    /// Chance, by the weights of a mix.
    Mix(Mix),
    /// Counts, to the domain.
    Counts(Counts),
}

/// A dataset to be written.
#[derive(Debug)]
pub struct Order {
    /// Its domains.
    pub names: Names,
    /// Everything is drawn from it.
    pub seed: u64,
    /// Number of the snapshot, from 0; one follows the other after seven days.
    pub epoch: u32,
    /// What puts its domains into situations.
    pub source: Source,
    /// Its folder, which names the scan; what is in it is left there but for files of the same name.
    pub dir: PathBuf,
    /// How many threads write.
    pub threads: usize,
}

/// The rows of each table, in the contract's order.
pub type Written = [u64; 4];

/// What all threads share.
struct Shared {
    oracle: Oracle,
    counts: Option<Counts>,
    scan: Scan,
    schemas: [Arc<Schema>; 4],
    epoch: u32,
    dir: PathBuf,
    /// Keys of the MX hosts' addresses and certificates that are written.
    seen: [Mutex<HashSet<u64>>; 2],
}

/// Writes a dataset.
///
/// # Errors
/// Where a file cannot be written or a name cannot be had.
pub fn write(order: Order) -> Result<Written> {
    let contract = Arc::new(Contract::load()?);
    let (mix, counts) = match order.source {
        Source::Mix(mix) => (mix, None),
        Source::Counts(counts) => (counts.mix(), Some(counts)),
    };
    let world = Arc::new(World::new(&contract, order.seed, order.epoch, mix)?);
    let authority = Arc::new(Authority::new(order.seed)?);
    let name = order.dir.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{} names no scan", order.dir.display()))?;
    let scan = Scan::of_epoch(name, order.epoch);
    for table in contract.tables() {
        let folder = order.dir.join(&table.name);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let schemas = contract.tables().map(|table| Arc::new(table.schema()));
    let shared = Shared {
        schemas,
        oracle: Oracle { contract: Arc::clone(&contract), world, authority, delegations: None },
        counts,
        epoch: order.epoch,
        dir: order.dir,
        seen: Default::default(),
        scan,
    };
    let written = run(&shared, &order.names, order.seed, order.threads)?;
    folder::finish(&shared.dir, &contract, &shared.scan, order.seed, written)?;
    Ok(written)
}

/// One part's names: its number, the rank before its first, and the names.
type Block = (usize, u64, Vec<String>);

fn run(shared: &Shared, names: &Names, seed: u64, threads: usize) -> Result<Written> {
    let (blocks, queue) = sync_channel::<Block>(1);
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(|| work(shared, &queue))).collect();
        let sent = send(shared, names, seed, &blocks);
        drop(blocks);
        let mut written = Written::default();
        for worker in workers {
            let Ok(rows) = worker.join() else { bail!("a thread broke off") };
            written.iter_mut().zip(rows?).for_each(|(sum, rows)| *sum += rows);
        }
        sent.map(|()| written)
    })
}

fn send(shared: &Shared, names: &Names, seed: u64, blocks: &SyncSender<Block>) -> Result<()> {
    let limit = shared.counts.as_ref().map_or(u64::MAX, Counts::total);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut number, mut before) = (0, 0);
    let mut block = Vec::new();
    let mut names = names.iter(seed)?.take(limit).peekable();
    while let Some(name) = names.next() {
        block.push(name?);
        if block.len() == PART || names.peek().is_none() {
            let full = std::mem::take(&mut block);
            let next = before + full.len() as u64;
            // Workers that broke off say why themselves.
            if blocks.send((number, before, full)).is_err() {
                break;
            }
            (number, before) = (number + 1, next);
        }
    }
    Ok(())
}

fn work(shared: &Shared, queue: &Mutex<Receiver<Block>>) -> Result<Written> {
    let mut written = Written::default();
    loop {
        let block = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, before, names)) = block else { return Ok(written) };
        let mut parts = Parts::new(shared, number);
        for (rank, name) in (before + 1..).zip(&names) {
            parts.add(shared.expected(rank, name)?)?;
        }
        written.iter_mut().zip(parts.finish()?).for_each(|(sum, rows)| *sum += rows);
    }
}

impl Shared {
    fn expected(&self, rank: u64, name: &str) -> Result<Expected> {
        let Some(counts) = &self.counts else { return self.oracle.expected(rank, name) };
        let (situation, host) = counts.at(rank - 1, self.epoch).context("more names than the counts have")?;
        let found = self.oracle.world.situation_named(situation);
        let found =
            found.with_context(|| format!("the counts name `{situation}`, which is not a situation"))?;
        let mut expected = self.oracle.expected_in(found, rank, name)?;
        if let Some(host) = host {
            host.move_to(&self.oracle, &mut expected);
        }
        Ok(expected)
    }

    /// Whether a row of `mx_hosts` (0) or `certificates` (1) is the first of its key.
    fn is_new(&self, table: usize, key: &[Value]) -> bool {
        let text = key.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let seen = self.seen.get(table).map(|seen| seen.lock().unwrap_or_else(PoisonError::into_inner));
        seen.is_some_and(|mut seen| seen.insert(draw(0, text.as_bytes())))
    }
}

/// The parts of one block, one a table; a table without rows has none.
struct Parts<'s> {
    shared: &'s Shared,
    number: usize,
    rows: [Rows; 4],
    writers: [Option<ArrowWriter<File>>; 4],
    written: Written,
}

impl<'s> Parts<'s> {
    fn new(shared: &'s Shared, number: usize) -> Self {
        Self {
            shared,
            number,
            rows: Default::default(),
            writers: Default::default(),
            written: Written::default(),
        }
    }

    fn add(&mut self, expected: Expected) -> Result<()> {
        self.push(0, expected.domain)?;
        for row in expected.hosts {
            if self.shared.is_new(0, row.get(1..3).unwrap_or_default()) {
                self.push(1, row)?;
            }
        }
        for row in expected.certificates {
            if self.shared.is_new(1, row.get(1..2).unwrap_or_default()) {
                self.push(2, row)?;
            }
        }
        expected.assessment.map_or(Ok(()), |row| self.push(3, row))
    }

    fn push(&mut self, table: usize, row: Vec<Value>) -> Result<()> {
        let row = self.shared.scan.complete(self.table(table)?, row);
        let rows = self.rows.get_mut(table).context("four tables")?;
        rows.push(row);
        if rows.len() == BATCH { self.flush(table) } else { Ok(()) }
    }

    fn table(&self, table: usize) -> Result<&'s Table> {
        self.shared.oracle.contract.tables().get(table).copied().context("four tables")
    }

    fn flush(&mut self, table: usize) -> Result<()> {
        let layout = self.table(table)?;
        let schema = self.shared.schemas.get(table).context("four tables")?;
        let rows = self.rows.get_mut(table).context("four tables")?;
        if rows.is_empty() {
            return Ok(());
        }
        let batch = batch(layout, schema, rows)?;
        if let Some(written) = self.written.get_mut(table) {
            *written += rows.len() as u64;
        }
        rows.clear();
        let writer = self.writers.get_mut(table).context("four tables")?;
        if writer.is_none() {
            let path = self.shared.dir.join(&layout.name).join(format!("part-{:05}.parquet", self.number));
            let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
            let properties = properties(&self.shared.oracle.contract)?;
            *writer = Some(ArrowWriter::try_new(file, Arc::clone(schema), Some(properties))?);
        }
        let Some(writer) = writer else { return Ok(()) };
        writer.write(&batch)?;
        // Signallers carry certificates; a group of rows is closed by size, so that memory stays bounded.
        if writer.in_progress_size() > 64 << 20 {
            writer.flush()?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Written> {
        for table in 0..4 {
            self.flush(table)?;
        }
        for writer in self.writers.into_iter().flatten() {
            writer.close()?;
        }
        Ok(self.written)
    }
}

fn properties(contract: &Contract) -> Result<WriterProperties> {
    let version = KeyValue::new("schema_version".to_owned(), contract.schema_version.clone());
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_key_value_metadata(Some(vec![version]))
        .build())
}
