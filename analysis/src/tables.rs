//! The tables that queries see: those of the datasets, and those made from them.
//!
//! | table | rows |
//! |---|---|
//! | `domains`, `mx_hosts`, `certificates`, `assessments` | as `columns.json` says, of all datasets together |
//! | `dictionary_columns`, `dictionary_findings`, `dictionary_words` | the newest dataset's dictionary, where it has one |
//! | `scans` | a dataset each: name, times, rows, cells with unknown words, and how it was made |
//! | `comparable` | a pair of scans each: in what their instruments differ, see [`crate::comparable`] |
//! | `words` | every word of every column with a closed vocabulary, see [`crate::words`] |
//! | `catalogue` | every finding that this version knows, see [`crate::findings`] |
//! | `settings` | one row: what the flags of [`crate::settings`] say |
//! | `providers` | `registrable`, `provider`: what `providers.toml` lists |
//! | `names` | `name`, `registrable`, `provider` of every MX host, CNAME target and name server of the datasets |
//! | `signaller_names` | the same of the hosts that signallers name |
//! | `reports`, `policies`, `failures`, `told_failures`, … | TLS reports, where a folder of them stands beside the datasets (`queries/reports`, `queries/joined`) |
//! | `population`, `signallers`, `managers`, … | made by the texts of `queries/views`, which say what they hold |
//!
//! Signallers are few among tens of millions of names, so the large table is read a few times only: what is
//! made from it is held in memory, made once, and only where a query asks for it.

mod beside;
mod dialect;
mod engine;
mod export;
mod given;
mod groups;
mod lineage;
mod made;
mod narrow;
mod parquet_file;
mod parts;
mod weights;

use crate::claimable;
use crate::comparable;
use crate::contract::TABLES;
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::findings;
use crate::providers::Providers;
use crate::query::{Making, Query, VIEWS};
use crate::render::{Answer, Cell, Kind};
use crate::settings::{Joining, Settings};
use crate::words;
use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
pub use dialect::Dialect;
use engine::file_url;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use tokio::sync::OnceCell;

pub(crate) use engine::{Engine, in_query};
pub use groups::{By, Grouping};
#[cfg(test)]
pub(crate) use made::{NAMES, SIGNALLER_NAMES};

/// The tables of some datasets, ready for queries.
pub struct Tables {
    engine: Engine,
    datasets: Vec<Dataset>,
    providers: Providers,
    settings: Settings,
    /// Names of each group, where tables are by something.
    sizes: groups::Sizes,
    /// What was made of that which is made only where a query asks for it.
    made: BTreeSet<&'static str>,
    /// The texts of the queries that are to come; empty where that was not said.
    expected: BTreeSet<String>,
    /// The words of what reads `signallers`, see [`narrow`]; `None` where all its columns are made.
    words: Option<BTreeSet<String>>,
    /// Holds `names` for as long as queries may read it; `None` until one asks for it.
    scratch: Option<tempfile::TempDir>,
    /// How TLS reports are held against the datasets; `None` where there are none.
    joining: Option<Joining>,
    /// Names that no answer has in clear; read where the first is asked for.
    claimable: OnceCell<claimable::Names>,
    /// The tables without rows, in which it is looked up what a query reads; made where that is asked.
    outline: OnceCell<SessionContext>,
    /// Whether names have weights in these tables, which are then for shares alone.
    is_weighted: bool,
    /// The same tables with weights; `None` where shares are of names.
    weighted: Option<Box<weights::Weighted>>,
}

impl Tables {
    /// Registers the tables of these datasets. Queries together hold at most `memory` bytes; sorts and
    /// aggregations that need more spill to the system's temporary folder.
    ///
    /// # Errors
    /// This machine failed at reading or planning.
    pub async fn register(datasets: Vec<Dataset>, memory: usize, settings: Settings) -> Result<Self, Fault> {
        Self::register_by(datasets, memory, settings, &Grouping { by: None, by_least: 1, weight: None }).await
    }

    /// The same, every table by something: its first columns are `by` and `by_n`; or with shares of weights.
    ///
    /// # Errors
    /// As [`Tables::register`]; or what the tables are to be by, or the weights, cannot be read (usage).
    pub async fn register_by(
        datasets: Vec<Dataset>,
        memory: usize,
        settings: Settings,
        grouping: &Grouping,
    ) -> Result<Self, Fault> {
        let Some(weight) = &grouping.weight else {
            return Self::register_set(datasets, memory, settings, grouping, None).await;
        };
        let weights = weights::read(weight).await?;
        let mut tables = Self::register_set(datasets.clone(), memory, settings, grouping, None).await?;
        let weighted = Self::register_set(datasets, memory, settings, grouping, Some(weights)).await?;
        tables.weighted = Some(Box::new(weights::Weighted::of(weighted, weight).await?));
        Ok(tables)
    }

    /// The tables without weights, or those with them.
    async fn register_set(
        datasets: Vec<Dataset>,
        memory: usize,
        settings: Settings,
        grouping: &Grouping,
        mut weights: Option<RecordBatch>,
    ) -> Result<Self, Fault> {
        let engine = Engine::new(memory)?;
        let providers = Providers::built_in()?;
        let mut tables = Self {
            engine,
            datasets,
            providers,
            settings,
            sizes: groups::Sizes::new(),
            made: BTreeSet::new(),
            expected: BTreeSet::new(),
            words: None,
            scratch: None,
            joining: None,
            claimable: OnceCell::new(),
            outline: OnceCell::new(),
            is_weighted: weights.is_some(),
            weighted: None,
        };
        for table in TABLES {
            let name = if grouping.by.is_some() { format!("all_{table}") } else { table.to_owned() };
            match weights.take_if(|_| table == "domains") {
                Some(weights) => tables.register_weighted(weights, &name).await?,
                None => tables.register_parts(table, &name).await?,
            }
        }
        tables.group(grouping).await?;
        tables.register_dictionary().await?;
        for (name, batch) in tables.given()? {
            if name == "scans" && grouping.by.is_some() {
                tables.group_scans().await?;
            } else {
                tables.engine.register_batch(name, batch)?;
            }
        }
        for view in VIEWS.iter().filter(|view| view.making == Making::Inline) {
            tables.engine.stand_for(view.name, &tables.text(view.sql)).await?;
        }
        Ok(tables)
    }

    /// The datasets, in the order they were given.
    #[must_use]
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// What the user chose.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The small tables that do not come from the Parquet files.
    fn given(&self) -> Result<[(&'static str, RecordBatch); 6], Fault> {
        Ok([
            ("scans", self.scans()?),
            ("comparable", comparable::table(&self.datasets)?),
            ("providers", self.listed_providers()?),
            ("settings", given::settings(self.settings.columns())?),
            ("catalogue", findings::catalogue()?),
            ("words", words::table()?),
        ])
    }

    /// Runs a query and holds its whole answer. Joins are by hash, which is fast but cannot spill; where
    /// memory does not suffice for that, the query runs once more with joins by sorting, which can.
    ///
    /// # Errors
    /// The text is no query over these tables (usage), it reads what a publisher has left out, or this
    /// machine failed.
    pub async fn run(&mut self, query: &Query) -> Result<Answer, Fault> {
        self.refuse_withheld(query).await?;
        let mut answer = self.ask(query).await?;
        if let Some(weighted) = &mut self.weighted {
            weighted.weigh(&mut answer).await?;
        }
        self.mark_partial(&mut answer);
        self.hide_claimable(&mut answer).await?;
        Ok(answer)
    }

    /// Takes names out of an answer that somebody could take.
    async fn hide_claimable(&self, answer: &mut Answer) -> Result<(), Fault> {
        let names = self.claimable.get_or_try_init(async || claimable::Names::of(&self.datasets)).await?;
        if names.is_empty() {
            return Ok(());
        }
        let by_names = answer.by_names.iter_mut().flatten();
        for cell in answer.rows.iter_mut().chain(by_names).flatten() {
            let Cell::Text(text) = cell else { continue };
            let without = match names.without(text) {
                Cow::Owned(without) => without,
                Cow::Borrowed(_) => continue,
            };
            *text = without;
        }
        Ok(())
    }

    /// What the tables answer to a query, with or without weights.
    async fn ask(&mut self, query: &Query) -> Result<Answer, Fault> {
        self.prepare(query).await.map_err(|fault| self.named(fault))?;
        let collected = self.engine.collect(&query.sql).await.map_err(|cause| in_query(query, &cause));
        let (schema, batches) = collected.map_err(|fault| self.named(fault))?;
        let mut answer = Answer::from_batches(query.clone(), &schema, &batches)?;
        self.ungroup(&mut answer);
        Ok(answer)
    }

    /// The fault of a part that cannot be read names that part: the engine does not say which it was.
    fn named(&self, fault: Fault) -> Fault {
        if !fault.to_string().contains("Parquet") {
            return fault;
        }
        let mut parts = self.datasets.iter().flat_map(|dataset| dataset.parts.values().flatten());
        let broken = parts.find_map(|part| Some((part, unreadable(part)?)));
        broken.map_or(fault, |(part, cause)| Fault::file("read", part, cause))
    }

    /// Marks the rows of scans that are not complete, so that no format shows them as if they were: a column
    /// `partial`, and a note.
    fn mark_partial(&self, answer: &mut Answer) {
        let sampled = self.datasets.iter().filter_map(|dataset| {
            let sample = comparable::sample_of(&dataset.manifest)?;
            Some(format!(
                "{} is a random sample of {sample} of its list: counts are those of the sample, and its inverse times them \
                 estimates those of the list",
                dataset.scan
            ))
        });
        answer.notes.extend(sampled);
        let partial: Vec<&Dataset> = self.datasets.iter().filter(|dataset| !dataset.complete).collect();
        if partial.is_empty() {
            return;
        }
        let named = |(at, (name, _)): (usize, &(String, Kind))| {
            ["scan", "from_scan", "to_scan"].contains(&name.as_str()).then_some(at)
        };
        let scans: Vec<usize> = answer.columns.iter().enumerate().filter_map(named).collect();
        for row in &mut answer.rows {
            let is_partial = |at: &usize| match row.get(*at) {
                Some(Cell::Text(scan)) => partial.iter().any(|dataset| dataset.scan == *scan),
                _ => false,
            };
            let flag = scans.is_empty() || scans.iter().any(is_partial);
            row.push(Cell::Flag(flag));
        }
        answer.columns.push(("scan_partial".to_owned(), Kind::Flag));
        let told = partial.iter().map(|dataset| {
            let why = match dataset.missing.is_empty() {
                true => "is no sample: what waits for its second look is missing",
                false => "lacks shards of its list",
            };
            format!("{} is not complete and {why}. It covers {}.", dataset.scan, dataset.coverage())
        });
        answer.notes.extend(told);
    }

    async fn register_dictionary(&self) -> Result<(), Fault> {
        for table in ["columns", "findings", "words"] {
            let path = |d: &Dataset| d.dir.join("dictionary").join(table).with_extension("parquet");
            let Some(path) = self.datasets.iter().rev().map(path).find(|path| path.is_file()) else {
                continue;
            };
            let url = file_url(&path)?;
            let read = self.engine.context.read_parquet(url.as_str(), Default::default()).await;
            let frame = read.map_err(|cause| Fault::file("read", &path, cause))?;
            self.engine.add(&format!("dictionary_{table}"), frame.into_view())?;
        }
        Ok(())
    }
}

/// Why a part cannot be read from its beginning to its end; `None` where it can.
fn unreadable(part: &Path) -> Option<String> {
    let read = || -> Result<(), Box<dyn std::error::Error>> {
        let mut rows = ParquetRecordBatchReaderBuilder::try_new(File::open(part)?)?.build()?;
        Ok(rows.try_for_each(|batch| batch.map(drop))?)
    };
    read().err().map(|cause| cause.to_string())
}
