//! Which columns of a dataset a query reads, through whatever views: what a publisher has left out must not
//! be answered for as if it were empty.

use super::beside::JOIN_SETTINGS;
use super::made::names_schema;
use super::{Tables, given, in_query};
use crate::contract::{self, REPORT_TABLES, TABLES};
use crate::fault::Fault;
use crate::query::{JOINED_VIEWS, Making, Query, View};
use crate::withheld::Withheld;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Tables {
    /// Refuses a query that reads a withheld column of one of the datasets.
    pub(crate) async fn refuse_withheld(&self, query: &Query) -> Result<(), Fault> {
        for dataset in &self.datasets {
            let withheld = Withheld::of_manifest(&dataset.manifest)?;
            if withheld.is_empty() {
                continue;
            }
            let read = self.columns_read(query).await?;
            let lacking: Vec<String> = read
                .iter()
                .filter(|(table, column)| withheld.class_of(table, column).is_some())
                .map(|(table, column)| format!("{table}.{column}"))
                .collect();
            if !lacking.is_empty() {
                return Err(Fault::Withheld(format!(
                    "table `{}` cannot be answered: it reads {}, which the publisher of {} has left out",
                    query.name,
                    lacking.join(", "),
                    dataset.dir.display()
                )));
            }
        }
        Ok(())
    }

    /// Table and column of everything that a query reads of the datasets, as far down as views go. A table
    /// that is only counted is not read.
    ///
    /// # Errors
    /// The text is no query over these tables (usage), or a view is broken.
    pub async fn columns_read(&self, query: &Query) -> Result<BTreeSet<(String, String)>, Fault> {
        let context = self.outline.get_or_try_init(|| self.outlined()).await?;
        let (mut read, mut opaque) = (BTreeSet::new(), BTreeSet::new());
        let mut texts = vec![query.sql.as_str()];
        while let Some(text) = texts.pop() {
            let plan = async { context.state().optimize(context.sql(text).await?.logical_plan()) };
            let plan = plan.await.map_err(|cause| in_query(query, &cause))?;
            let walked = plan.apply_with_subqueries(|node| {
                if let LogicalPlan::TableScan(scan) = node {
                    let table = scan.table_name.table();
                    if TABLES.contains(&table) {
                        let columns = scan.projected_schema.fields().iter();
                        read.extend(columns.map(|field| (table.to_owned(), field.name().clone())));
                    }
                    texts.extend(
                        opaque_view(table).filter(|view| opaque.insert(view.name)).map(|view| view.sql),
                    );
                }
                Ok(TreeNodeRecursion::Continue)
            });
            walked.map_err(|cause| in_query(query, &cause))?;
        }
        Ok(read)
    }

    /// All tables without their rows, every view standing for its text but for those that are looked into one
    /// by one.
    async fn outlined(&self) -> Result<SessionContext, Fault> {
        let context = SessionContext::new();
        let add = |name: &str, schema: SchemaRef| -> Result<(), DataFusionError> {
            let empty = MemTable::try_new(Arc::clone(&schema), vec![vec![RecordBatch::new_empty(schema)]])?;
            context.register_table(name, Arc::new(empty)).map(drop)
        };
        let engine = |cause: DataFusionError| Fault::engine("outline the tables", cause);
        for table in TABLES {
            add(table, contract::schema(table)?).map_err(engine)?;
        }
        add("names", names_schema()).map_err(engine)?;
        for (name, batch) in self.given()? {
            add(name, batch.schema()).map_err(engine)?;
        }
        for name in ["dictionary_columns", "dictionary_findings", "dictionary_words"] {
            if let Ok(table) = self.engine.context.table(name).await {
                add(name, Arc::clone(table.schema().inner())).map_err(engine)?;
            }
        }
        if let Some(joining) = self.joining {
            for table in REPORT_TABLES {
                add(table, contract::schema(table)?).map_err(engine)?;
            }
            add(JOIN_SETTINGS, given::settings(joining.columns())?.schema()).map_err(engine)?;
        }
        for view in self.views() {
            let frame = context.sql(view.sql).await.map_err(engine)?;
            if opaque_view(view.name).is_some() {
                add(view.name, Arc::clone(frame.schema().inner())).map_err(engine)?;
                continue;
            }
            context.register_table(view.name, frame.into_view()).map_err(engine)?;
        }
        Ok(context)
    }
}

/// A view that is looked into by itself, and not through the column of it that is asked for: these stand on
/// one another so often that a plan with all their texts in one another would have no end.
fn opaque_view(table: &str) -> Option<&'static View> {
    JOINED_VIEWS.iter().find(|view| view.making == Making::Held && view.name == table)
}
