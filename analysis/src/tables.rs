//! The tables that queries see: those of the datasets, and those made from them.
//!
//! | table | rows |
//! |---|---|
//! | `domains`, `mx_hosts`, `certificates`, `assessments` | as `columns.json` says, of all datasets together |
//! | `dictionary_columns`, `dictionary_findings`, `dictionary_words` | the newest dataset's dictionary, where it has one |
//! | `scans` | a dataset each: name, folder, times, rows, cells with unknown words, the manifest as text |
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
mod engine;
mod export;
mod given;
mod lineage;
mod made;
mod parquet_file;

use crate::contract::{self, TABLES};
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::findings;
use crate::providers::Providers;
use crate::query::{Making, Query, VIEWS};
use crate::render::Answer;
use crate::settings::{Joining, Settings};
use crate::words;
use arrow::array::RecordBatch;
use engine::file_url;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) use engine::{Engine, in_query};
#[cfg(test)]
pub(crate) use made::{NAMES, SIGNALLER_NAMES};

/// The tables of some datasets, ready for queries.
pub struct Tables {
    engine: Engine,
    datasets: Vec<Dataset>,
    providers: Providers,
    settings: Settings,
    /// What was made of that which is made only where a query asks for it.
    made: BTreeSet<&'static str>,
    /// Holds `names` for as long as queries may read it; `None` until one asks for it.
    scratch: Option<tempfile::TempDir>,
    /// How TLS reports are held against the datasets; `None` where there are none.
    joining: Option<Joining>,
}

impl Tables {
    /// Registers the tables of these datasets. Queries together hold at most `memory` bytes; sorts and
    /// aggregations that need more spill to the system's temporary folder.
    ///
    /// # Errors
    /// This machine failed at reading or planning.
    pub async fn register(datasets: Vec<Dataset>, memory: usize, settings: Settings) -> Result<Self, Fault> {
        let engine = Engine::new(memory)?;
        let providers = Providers::built_in()?;
        let tables = Self {
            engine,
            datasets,
            providers,
            settings,
            made: BTreeSet::new(),
            scratch: None,
            joining: None,
        };
        for table in TABLES {
            let parts: Vec<&Path> = tables
                .datasets
                .iter()
                .filter_map(|d| d.parts.get(table))
                .flatten()
                .map(PathBuf::as_path)
                .collect();
            tables.engine.register_parts(table, contract::schema(table)?, &parts)?;
        }
        tables.register_dictionary().await?;
        for (name, batch) in tables.given()? {
            tables.engine.register_batch(name, batch)?;
        }
        for view in VIEWS.iter().filter(|view| view.making == Making::Inline) {
            tables.engine.stand_for(view.name, view.sql).await?;
        }
        Ok(tables)
    }

    /// The datasets, in the order they were given.
    #[must_use]
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// The small tables that do not come from the Parquet files.
    fn given(&self) -> Result<[(&'static str, RecordBatch); 5], Fault> {
        Ok([
            ("scans", self.scans()?),
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
        self.prepare(query).await?;
        let (schema, batches) =
            self.engine.collect(&query.sql).await.map_err(|cause| in_query(query, &cause))?;
        Answer::from_batches(query.clone(), &schema, &batches)
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
