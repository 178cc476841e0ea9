//! The tables that queries see: those of the datasets, and those made from them.
//!
//! | table | rows |
//! |---|---|
//! | `domains`, `mx_hosts`, `certificates`, `assessments` | as `columns.json` says, of all datasets together |
//! | `dictionary_columns`, `dictionary_findings` | the newest dataset's dictionary, where it has one |
//! | `scans` | a dataset each: name, folder, times, rows, the manifest as text |
//! | `catalogue` | every finding that this version knows, see [`crate::findings`] |
//! | `settings` | one row: what the flags of [`crate::settings`] say |
//! | `providers` | `registrable`, `provider`: what `providers.toml` lists |
//! | `names` | `name`, `registrable`, `provider` of every MX host, CNAME target and name server of the datasets |
//! | `signaller_names` | the same of the hosts that signallers name |
//! | `population`, `signallers`, `managers`, … | made by the texts of `queries/views`, which say what they hold |
//!
//! Signallers are few among tens of millions of names, so the large table is read a few times only: what is made from it
//! is held in memory, made once, and only where a query asks for it.

mod export;
mod given;
mod lineage;
mod made;

use crate::contract::{self, TABLES};
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::findings;
use crate::providers::Providers;
use crate::query::{Making, Query, VIEWS};
use crate::render::Answer;
use crate::settings::Settings;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The tables of some datasets, ready for queries.
pub struct Tables {
    context: SessionContext,
    datasets: Vec<Dataset>,
    providers: Providers,
    settings: Settings,
    /// What was made of that which is made only where a query asks for it.
    made: BTreeSet<&'static str>,
    /// Holds `names` for as long as queries may read it; `None` until one asks for it.
    scratch: Option<tempfile::TempDir>,
}

impl Tables {
    /// Registers the tables of these datasets. Queries together hold at most `memory` bytes; sorts and aggregations
    /// that need more spill to the system's temporary folder.
    ///
    /// # Errors
    /// This machine failed at reading or planning.
    pub async fn register(datasets: Vec<Dataset>, memory: usize, settings: Settings) -> Result<Self, Fault> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
            .build_arc()
            .map_err(|cause| Fault::engine("start the query engine", cause))?;
        let mut config = SessionConfig::new();
        // Signallers are few: the rows of a part are thinned out before its other columns are read.
        let parquet = &mut config.options_mut().execution.parquet;
        parquet.pushdown_filters = true;
        parquet.reorder_filters = true;
        let context = SessionContext::new_with_config_rt(config, runtime);
        let providers = Providers::built_in()?;
        let tables = Self { context, datasets, providers, settings, made: BTreeSet::new(), scratch: None };
        for table in TABLES {
            let parts: Vec<&Path> = tables
                .datasets
                .iter()
                .filter_map(|d| d.parts.get(table))
                .flatten()
                .map(PathBuf::as_path)
                .collect();
            tables.register_parts(table, contract::schema(table)?, &parts)?;
        }
        tables.register_dictionary().await?;
        for (name, batch) in tables.given()? {
            tables.register_batch(name, batch)?;
        }
        for view in VIEWS.iter().filter(|view| view.making == Making::Inline) {
            let doing = format!("plan the view {}", view.name);
            let frame = tables.context.sql(view.sql).await.map_err(|cause| Fault::engine(&doing, cause))?;
            tables.add(view.name, frame.into_view())?;
        }
        Ok(tables)
    }

    /// The datasets, in the order they were given.
    #[must_use]
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// The small tables that do not come from the Parquet files.
    fn given(&self) -> Result<[(&'static str, RecordBatch); 4], Fault> {
        Ok([
            ("scans", self.scans()?),
            ("providers", self.listed_providers()?),
            ("settings", given::settings(&self.settings)?),
            ("catalogue", findings::catalogue()?),
        ])
    }

    /// Runs a query and holds its whole answer. Joins are by hash, which is fast but cannot spill; where memory does not
    /// suffice for that, the query runs once more with joins by sorting, which can.
    ///
    /// # Errors
    /// The text is no query over these tables (usage), it reads what a publisher has left out, or this machine failed.
    pub async fn run(&mut self, query: &Query) -> Result<Answer, Fault> {
        self.refuse_withheld(query).await?;
        self.prepare(query).await?;
        let (schema, batches) = self.collect(&query.sql).await.map_err(|cause| in_query(query, &cause))?;
        Answer::from_batches(query.clone(), &schema, &batches)
    }

    async fn collect(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), DataFusionError> {
        let answer = collect(&self.context, sql).await;
        let exhausted =
            |cause: &DataFusionError| matches!(cause.find_root(), DataFusionError::ResourcesExhausted(_));
        if !answer.as_ref().is_err_and(exhausted) {
            return answer;
        }
        let mut state = self.context.state();
        let options = state.config_mut().options_mut();
        options.optimizer.prefer_hash_join = false;
        // Memory is divided among the operators of all partitions. Below two, DataFusion joins by hash all the same.
        options.execution.target_partitions = 2;
        options.execution.sort_spill_reservation_bytes = 1024 * 1024;
        collect(&SessionContext::new_with_state(state), sql).await
    }

    fn add(&self, name: &str, table: Arc<dyn datafusion::catalog::TableProvider>) -> Result<(), Fault> {
        let added = self.context.register_table(name, table);
        added.map(drop).map_err(|cause| Fault::engine(&format!("register {name}"), cause))
    }

    fn register_batch(&self, name: &str, batch: RecordBatch) -> Result<(), Fault> {
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]);
        self.add(name, Arc::new(table.map_err(|cause| Fault::engine(&format!("register {name}"), cause))?))
    }

    /// Registers Parquet files as one table; without any, a table without rows.
    fn register_parts(&self, name: &str, schema: SchemaRef, parts: &[&Path]) -> Result<(), Fault> {
        if parts.is_empty() {
            return self.register_batch(name, RecordBatch::new_empty(schema));
        }
        let engine = |cause: DataFusionError| Fault::engine(&format!("register {name}"), cause);
        let urls: Result<Vec<_>, Fault> = parts.iter().map(|part| file_url(part)).collect();
        let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
        let config =
            ListingTableConfig::new_with_multi_paths(urls?).with_listing_options(options).with_schema(schema);
        self.add(name, Arc::new(ListingTable::try_new(config).map_err(engine)?))
    }

    async fn register_dictionary(&self) -> Result<(), Fault> {
        for table in ["columns", "findings"] {
            let path = |d: &Dataset| d.dir.join("dictionary").join(table).with_extension("parquet");
            let Some(path) = self.datasets.iter().rev().map(path).find(|path| path.is_file()) else {
                continue;
            };
            let url = file_url(&path)?;
            let read = self.context.read_parquet(url.as_str(), Default::default()).await;
            let frame = read.map_err(|cause| Fault::file("read", &path, cause))?;
            self.add(&format!("dictionary_{table}"), frame.into_view())?;
        }
        Ok(())
    }
}

async fn collect(
    context: &SessionContext,
    sql: &str,
) -> Result<(SchemaRef, Vec<RecordBatch>), DataFusionError> {
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = context.sql_with_options(sql, options).await?;
    Ok((Arc::clone(frame.schema().inner()), frame.collect().await?))
}

/// A fault of a query: the user's where it does not parse or plan, this machine's where running it failed.
fn in_query(query: &Query, cause: &DataFusionError) -> Fault {
    let message = format!("query `{}`: {}", query.name, cause.strip_backtrace());
    match cause.find_root() {
        DataFusionError::ResourcesExhausted(_) => Fault::Local(format!(
            "{message}\nhint: let it have more memory with `--memory`, or free disk space"
        )),
        DataFusionError::SQL(..) | DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => {
            Fault::Usage(message)
        }
        _ => Fault::Local(message),
    }
}

/// A file as a URL, so that no character of its path is taken for a pattern.
fn file_url(path: &Path) -> Result<ListingTableUrl, Fault> {
    let no_url = || Fault::file("read", path, "its path is not absolute");
    let url = url::Url::from_file_path(path).map_err(|()| no_url())?;
    ListingTableUrl::try_new(url, None).map_err(|cause| Fault::file("read", path, cause))
}
