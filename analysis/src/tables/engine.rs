//! The query engine: tables by name, and SQL over them that can only read.

use crate::fault::Fault;
use crate::query::Query;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Rows of a batch that is held: as many as the engine gives at a time.
const BATCH_ROWS: usize = 8_192;

/// A context of DataFusion with what is set for these tables.
pub(crate) struct Engine {
    pub(crate) context: SessionContext,
}

impl Engine {
    /// Queries together hold at most `memory` bytes; sorts and aggregations that need more spill to the
    /// system's temporary folder.
    ///
    /// # Errors
    /// This machine failed.
    pub(crate) fn new(memory: usize) -> Result<Self, Fault> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
            .build_arc()
            .map_err(|cause| Fault::engine("start the query engine", cause))?;
        let mut config = SessionConfig::new();
        // Signallers are few: the rows of a part are thinned out before its other columns are read.
        let parquet = &mut config.options_mut().execution.parquet;
        parquet.pushdown_filters = true;
        parquet.reorder_filters = true;
        // To keep what a filter has read is to unpack all of it; columns of filters are small ones.
        parquet.max_predicate_cache_size = Some(0);
        // Parts have none.
        parquet.bloom_filter_on_read = false;
        let context = SessionContext::new_with_config_rt(config, runtime);
        Ok(Self { context })
    }

    /// Runs a query and holds its whole answer. Joins are by hash, which is fast but cannot spill; where
    /// memory does not suffice for that, the query runs once more with joins by sorting, which can.
    pub(crate) async fn collect(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), DataFusionError> {
        let answer = collect(&self.context, sql).await;
        let exhausted =
            |cause: &DataFusionError| matches!(cause.find_root(), DataFusionError::ResourcesExhausted(_));
        if !answer.as_ref().is_err_and(exhausted) {
            return answer;
        }
        let mut state = self.context.state();
        let options = state.config_mut().options_mut();
        options.optimizer.prefer_hash_join = false;
        // Memory is divided among the operators of all partitions. Below two, DataFusion joins by hash all
        // the same.
        options.execution.target_partitions = 2;
        options.execution.sort_spill_reservation_bytes = 1024 * 1024;
        collect(&SessionContext::new_with_state(state), sql).await
    }

    pub(crate) fn add(
        &self,
        name: &str,
        table: Arc<dyn datafusion::catalog::TableProvider>,
    ) -> Result<(), Fault> {
        let added = self.context.register_table(name, table);
        added.map(drop).map_err(|cause| Fault::engine(&format!("register {name}"), cause))
    }

    /// Takes a table away.
    pub(crate) fn forget(&self, name: &str) -> Result<(), Fault> {
        let gone = self.context.deregister_table(name);
        gone.map(drop).map_err(|cause| Fault::engine(&format!("forget {name}"), cause))
    }

    pub(crate) fn register_batch(&self, name: &str, batch: RecordBatch) -> Result<(), Fault> {
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]);
        self.add(name, Arc::new(table.map_err(|cause| Fault::engine(&format!("register {name}"), cause))?))
    }

    /// Registers Parquet files as one table; without any, a table without rows.
    pub(crate) fn register_parts(&self, name: &str, schema: SchemaRef, parts: &[&Path]) -> Result<(), Fault> {
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

    /// Holds batches under a name, as few large ones: each part of a dataset gives a small one, and what
    /// comes after takes time for each.
    fn add_batches(&self, name: &str, schema: SchemaRef, batches: &[RecordBatch]) -> Result<(), Fault> {
        let engine = |cause: DataFusionError| Fault::engine(&format!("make the table {name}"), cause);
        let mut large = Vec::new();
        let mut rest = batches;
        while !rest.is_empty() {
            let rows = rest.iter().scan(0, |rows, batch| {
                let before = *rows;
                *rows += batch.num_rows();
                Some(before)
            });
            let (some, others) = rest.split_at(rows.take_while(|rows| *rows < BATCH_ROWS).count());
            large.push(concat_batches(&schema, some).map_err(|cause| engine(cause.into()))?);
            rest = others;
        }
        let table = MemTable::try_new(schema, vec![large]).map_err(engine)?;
        self.add(name, Arc::new(table))
    }

    /// The tables that a text names.
    pub(crate) fn asked(&self, sql: &str) -> Result<BTreeSet<String>, DataFusionError> {
        let state = self.context.state();
        let dialect = state.config().options().sql_parser.dialect;
        let statement = state.sql_to_statement(sql, &dialect)?;
        Ok(state.resolve_table_references(&statement)?.iter().map(|table| table.table().to_owned()).collect())
    }

    /// The same of a stranger's query, whose answer may have no end: one of more bytes than this is refused.
    pub(crate) async fn collect_at_most(
        &self,
        sql: &str,
        bytes: usize,
    ) -> Result<(SchemaRef, Vec<RecordBatch>), DataFusionError> {
        let frame = self.context.sql_with_options(sql, reading()).await?;
        let schema = Arc::clone(frame.schema().inner());
        let (mut rows, mut batches, mut held) = (frame.execute_stream().await?, Vec::new(), 0);
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            held += batch.get_array_memory_size();
            if held > bytes {
                return Err(DataFusionError::Plan(format!("its answer has more than {bytes} bytes")));
            }
            batches.push(batch);
        }
        Ok((schema, batches))
    }

    /// Registers the text of a view under its name.
    ///
    /// # Errors
    /// It is no query over the tables.
    pub(crate) async fn stand_for(&self, name: &str, sql: &str) -> Result<(), Fault> {
        let doing = format!("plan the view {name}");
        let frame = self.context.sql_with_options(sql, reading()).await;
        self.add(name, frame.map_err(|cause| Fault::engine(&doing, cause))?.into_view())
    }

    /// Runs the text of a view and holds its rows in memory under its name.
    ///
    /// # Errors
    /// It is no query over the tables, or running it failed.
    pub(crate) async fn hold(&self, name: &str, sql: &str) -> Result<(), Fault> {
        let doing = format!("make the table {name}");
        let (planned, batches) = self.collect(sql).await.map_err(|cause| Fault::engine(&doing, cause))?;
        // What a plan says about null is narrower than what its batches say, or wider; a table may have null
        // anywhere.
        let schema = batches.first().map_or(planned, RecordBatch::schema);
        let fields: Vec<Field> =
            schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let batches: Result<Vec<RecordBatch>, _> = batches
            .into_iter()
            .map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()))
            .collect();
        self.add_batches(name, schema, &batches.map_err(|cause| Fault::engine(&doing, cause))?)
    }
}

/// A text may read, and do nothing else.
fn reading() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

async fn collect(
    context: &SessionContext,
    sql: &str,
) -> Result<(SchemaRef, Vec<RecordBatch>), DataFusionError> {
    let frame = context.sql_with_options(sql, reading()).await?;
    Ok((Arc::clone(frame.schema().inner()), frame.collect().await?))
}

/// A fault of a query: the user's where it does not parse or plan, this machine's where running it failed.
pub(crate) fn in_query(query: &Query, cause: &DataFusionError) -> Fault {
    let message = format!("query `{}`: {}", query.name, cause.strip_backtrace());
    match cause.find_root() {
        DataFusionError::ResourcesExhausted(_) => {
            Fault::Local(format!("{message}\nhint: give it more memory with `--memory`, or free disk space"))
        }
        DataFusionError::SQL(..) | DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => {
            Fault::Usage(message)
        }
        _ => Fault::Local(message),
    }
}

/// A file as a URL, so that no character of its path is taken for a pattern.
pub(super) fn file_url(path: &Path) -> Result<ListingTableUrl, Fault> {
    let no_url = || Fault::file("read", path, "its path is not absolute");
    let url = url::Url::from_file_path(path).map_err(|()| no_url())?;
    ListingTableUrl::try_new(url, None).map_err(|cause| Fault::file("read", path, cause))
}
