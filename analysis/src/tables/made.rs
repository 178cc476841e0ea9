//! Tables that are made from the datasets, each once and only where a query asks for it.

use super::narrow::made_from;
use super::parquet_file::ParquetFile;
use super::{Tables, in_query};
use crate::fault::Fault;
use crate::passes::{common, customers, names};
use crate::providers;
use crate::query::{Making, Query, View};
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use futures::StreamExt;
use std::path::Path;
use std::sync::Arc;

/// Every name whose provider a query may ask for.
pub(crate) const NAMES: &str = "SELECT DISTINCT name FROM (
    SELECT mx['host'] AS name FROM (SELECT unnest(mx) AS mx FROM domains WHERE mx_kind IN ('explicit', 'implicit'))
    UNION ALL SELECT unnest(sts_cname) FROM domains WHERE sts_cname IS NOT NULL
    UNION ALL SELECT unnest(policy_cname) FROM domains WHERE policy_cname IS NOT NULL
    UNION ALL SELECT unnest(ns) FROM domains WHERE ns IS NOT NULL
    UNION ALL SELECT host FROM mx_hosts
    UNION ALL SELECT unnest(host_cname) FROM mx_hosts WHERE host_cname IS NOT NULL
) WHERE name IS NOT NULL";

/// The same of the hosts that signallers name: few enough to hold them.
pub(crate) const SIGNALLER_NAMES: &str = "SELECT DISTINCT name FROM (
    SELECT mx['host'] AS name FROM (SELECT unnest(mx) AS mx FROM signallers WHERE mx_kind IN ('explicit', 'implicit'))
    UNION ALL SELECT unnest(sts_cname) FROM signallers WHERE sts_cname IS NOT NULL
    UNION ALL SELECT unnest(policy_cname) FROM signallers WHERE policy_cname IS NOT NULL
    UNION ALL SELECT unnest(ns) FROM signallers WHERE ns IS NOT NULL
) WHERE name IS NOT NULL";

/// The views that are counted from the parts without SQL.
const COUNTED: [&str; 4] = ["suffix_counts", "rank_counts", "mx_customers", "state_counts"];

impl Tables {
    /// Makes what the query asks for and is not there yet, and what that is made from.
    pub(super) async fn prepare(&mut self, query: &Query) -> Result<(), Fault> {
        self.widen_for(query)?;
        let mut wanted = self.engine.asked(&query.sql).map_err(|cause| in_query(query, &cause))?;
        // A view is made from earlier ones.
        for view in self.views().into_iter().rev().filter(|view| view.making != Making::Inline) {
            if wanted.contains(view.name) {
                let asked = self.engine.asked(&self.text(made_from(view)));
                if !COUNTED.contains(&view.name) || self.counts_by_text() {
                    wanted.extend(asked.map_err(|cause| Fault::engine("read a view", cause))?);
                }
            }
        }
        if wanted.contains("names") && self.made.insert("names") {
            let scratch =
                tempfile::tempdir().map_err(|cause| Fault::file("create", &std::env::temp_dir(), cause))?;
            let file = scratch.path().join("names.parquet");
            self.write_names(&file, NAMES).await?;
            self.engine.register_parts("names", names_schema(), &[&file])?;
            self.scratch = Some(scratch);
        }
        let wanted = |view: &&View| view.making != Making::Inline && wanted.contains(view.name);
        for view in self.views().into_iter().filter(wanted) {
            if self.made.contains(view.name) {
                continue;
            }
            match view.name {
                counted if COUNTED.contains(&counted) && !self.counts_by_text() => {
                    self.engine.register_batch(counted, self.count(counted)?)?;
                }
                "signaller_names" => self.hold_signaller_names().await?,
                _ => self.engine.hold(view.name, &self.narrowed(view).await?).await?,
            }
            self.made.insert(view.name);
        }
        Ok(())
    }

    /// One of [`COUNTED`].
    fn count(&self, view: &str) -> Result<RecordBatch, Fault> {
        match view {
            "suffix_counts" => names::by_suffix(&self.datasets),
            "rank_counts" => names::by_rank(&self.datasets, self.settings.rank_width),
            "mx_customers" => customers::count(&self.datasets, &self.providers),
            _ => common::count(&self.datasets),
        }
    }

    /// Whether what is else counted without SQL is counted by its text: of groups, and with weights.
    pub(super) fn counts_by_text(&self) -> bool {
        self.is_weighted || !self.sizes.is_empty()
    }

    async fn hold_signaller_names(&self) -> Result<(), Fault> {
        let engine =
            |cause: &dyn std::fmt::Display| Fault::engine("collect the names of signallers' hosts", cause);
        let (_, batches) = self.engine.collect(SIGNALLER_NAMES).await.map_err(|cause| engine(&cause))?;
        let named: Result<Vec<RecordBatch>, _> =
            batches.iter().map(|batch| self.name_rows(batch.column(0))).collect();
        let named = named.map_err(|cause| engine(&cause))?;
        let table = MemTable::try_new(names_schema(), vec![named]).map_err(|cause| engine(&cause))?;
        self.engine.add("signaller_names", Arc::new(table))
    }

    /// Writes `names` batch by batch: a large scan has tens of millions of hosts.
    pub(super) async fn write_names(&self, path: &Path, names: &str) -> Result<(), Fault> {
        let engine = |cause: DataFusionError| Fault::engine("collect the names of hosts", cause);
        let mut batches =
            self.engine.context.sql(names).await.map_err(engine)?.execute_stream().await.map_err(engine)?;
        let mut file = ParquetFile::create(path, names_schema())?;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(engine)?;
            file.write(
                &self.name_rows(batch.column(0)).map_err(|cause| Fault::engine("name providers", cause))?,
            )?;
        }
        file.finish()
    }

    pub(super) fn name_rows(&self, names: &dyn Array) -> Result<RecordBatch, arrow::error::ArrowError> {
        let names = cast(names, &DataType::Utf8)?;
        let each = || names.as_string::<i32>().iter();
        let registrable: StringArray = each().map(|name| name.and_then(providers::registrable)).collect();
        let provider: StringArray = each().map(|name| name.map(|name| self.providers.of(name))).collect();
        RecordBatch::try_new(
            names_schema(),
            vec![Arc::clone(&names), Arc::new(registrable), Arc::new(provider)],
        )
    }
}

pub(super) fn names_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("registrable", DataType::Utf8, true),
        Field::new("provider", DataType::Utf8, true),
    ]))
}
