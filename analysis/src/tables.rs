//! The tables that queries see: those of the datasets, and those made from them.
//!
//! | table | rows |
//! |---|---|
//! | `domains`, `mx_hosts`, `certificates`, `assessments` | as `columns.json` says, of all datasets together |
//! | `dictionary_columns`, `dictionary_findings` | the newest dataset's dictionary, where it has one |
//! | `scans` | a dataset each: name, folder, times, rows, the manifest as text |
//! | `providers` | `registrable`, `provider`: what `providers.toml` lists |
//! | `names` | `name`, `registrable`, `provider` of every MX host, CNAME target and name server of the datasets |
//! | `population` | a view over `domains`, see `queries/views` |

use crate::contract::{self, TABLES};
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::providers::{self, Providers};
use crate::query::{Query, VIEWS};
use crate::render::Answer;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every name whose provider a query may ask for.
const NAMES: &str = "SELECT DISTINCT name FROM (
    SELECT mx['host'] AS name FROM (SELECT unnest(mx) AS mx FROM domains WHERE mx_kind = 'explicit')
    UNION ALL SELECT unnest(sts_cname) FROM domains WHERE sts_cname IS NOT NULL
    UNION ALL SELECT unnest(policy_cname) FROM domains WHERE policy_cname IS NOT NULL
    UNION ALL SELECT unnest(ns) FROM domains WHERE ns IS NOT NULL
    UNION ALL SELECT host FROM mx_hosts
    UNION ALL SELECT unnest(host_cname) FROM mx_hosts WHERE host_cname IS NOT NULL
) WHERE name IS NOT NULL";

/// The tables of some datasets, ready for queries.
pub struct Tables {
    context: SessionContext,
    datasets: Vec<Dataset>,
    providers: Providers,
    /// Holds `names` for as long as queries may read it; `None` until one asks for it.
    scratch: Option<tempfile::TempDir>,
}

impl Tables {
    /// Registers the tables of these datasets. Queries together hold at most `memory` bytes; sorts and aggregations
    /// that need more spill to the system's temporary folder.
    ///
    /// # Errors
    /// This machine failed at reading or planning.
    pub async fn register(datasets: Vec<Dataset>, memory: usize) -> Result<Self, Fault> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
            .build_arc()
            .map_err(|cause| Fault::engine("start the query engine", cause))?;
        let context = SessionContext::new_with_config_rt(SessionConfig::new(), runtime);
        let tables = Self { context, datasets, providers: Providers::built_in()?, scratch: None };
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
        tables.register_batch("scans", tables.scans()?)?;
        tables.register_batch("providers", tables.listed_providers()?)?;
        for (name, sql) in VIEWS {
            let doing = format!("plan the view {name}");
            let view = tables.context.sql(sql).await.map_err(|cause| Fault::engine(&doing, cause))?;
            tables.add(name, view.into_view())?;
        }
        Ok(tables)
    }

    /// Runs a query and holds its whole answer.
    ///
    /// # Errors
    /// The text is no query over these tables (usage), or this machine failed.
    pub async fn run(&mut self, query: &Query) -> Result<Answer, Fault> {
        self.prepare(query).await?;
        let options =
            SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let planned = self.context.sql_with_options(&query.sql, options).await;
        let frame = planned.map_err(|cause| in_query(query, &cause))?;
        let schema = Arc::clone(frame.schema().inner());
        let batches = frame.collect().await.map_err(|cause| in_query(query, &cause))?;
        Answer::from_batches(query.clone(), &schema, &batches)
    }

    /// Makes `names` where the query asks for it: over a large dataset that takes a while.
    async fn prepare(&mut self, query: &Query) -> Result<(), Fault> {
        let state = self.context.state();
        let dialect = state.config().options().sql_parser.dialect;
        let statement =
            state.sql_to_statement(&query.sql, &dialect).map_err(|cause| in_query(query, &cause))?;
        let used = state.resolve_table_references(&statement).map_err(|cause| in_query(query, &cause))?;
        if self.scratch.is_some() || !used.iter().any(|table| table.table() == "names") {
            return Ok(());
        }
        let scratch =
            tempfile::tempdir().map_err(|cause| Fault::file("create", &std::env::temp_dir(), cause))?;
        let file = scratch.path().join("names.parquet");
        self.write_names(&file).await?;
        self.register_parts("names", names_schema(), &[&file])?;
        self.scratch = Some(scratch);
        Ok(())
    }

    /// Writes what is made from the datasets into a folder, for other programs: `names.parquet`, `providers.parquet`,
    /// `scans.parquet`, and `tables.sql`, by which DuckDB sees every table under its name.
    ///
    /// # Errors
    /// This machine failed at reading or writing.
    pub async fn export(&self, dir: &Path) -> Result<(), Fault> {
        fs::create_dir_all(dir).map_err(|cause| Fault::file("create", dir, cause))?;
        self.write_names(&dir.join("names.parquet")).await?;
        for (name, batch) in [("providers", self.listed_providers()?), ("scans", self.scans()?)] {
            let path = dir.join(name).with_extension("parquet");
            let mut file = ParquetFile::create(&path, batch.schema())?;
            file.write(&batch)?;
            file.finish()?;
        }
        let path = dir.join("tables.sql");
        fs::write(&path, self.duckdb_script(dir)?).map_err(|cause| Fault::file("write", &path, cause))
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

    fn scans(&self) -> Result<RecordBatch, Fault> {
        let stated = |keys: &[&str]| -> ArrayRef {
            Arc::new(self.datasets.iter().map(|d| d.stated(keys)).collect::<StringArray>())
        };
        let time = |keys: &[&str]| {
            let kind = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            cast(&stated(keys), &kind).map_err(|cause| Fault::engine("read the manifests' times", cause))
        };
        let rows = |table: &str| -> ArrayRef {
            let rows = self.datasets.iter().map(|d| d.rows.get(table).and_then(|&n| i64::try_from(n).ok()));
            Arc::new(rows.collect::<Int64Array>())
        };
        let directories = self.datasets.iter().map(|d| Some(d.dir.to_string_lossy()));
        let complete = self.datasets.iter().map(|d| Some(d.complete));
        let manifests = self.datasets.iter().map(|d| Some(d.manifest.to_string()));
        let columns: [(&str, ArrayRef); 10] = [
            ("scan", stated(&["scan"])),
            ("directory", Arc::new(directories.collect::<StringArray>())),
            ("schema_version", stated(&["schema_version"])),
            ("complete", Arc::new(complete.collect::<BooleanArray>())),
            ("started", time(&["started", "start"])?),
            ("ended", time(&["ended", "end"])?),
            ("domains", rows("domains")),
            ("mx_hosts", rows("mx_hosts")),
            ("assessments", rows("assessments")),
            ("manifest", Arc::new(manifests.collect::<StringArray>())),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
            .map_err(|cause| Fault::engine("make the table scans", cause))
    }

    fn listed_providers(&self) -> Result<RecordBatch, Fault> {
        let listed = self.providers.listed();
        let registrable: StringArray = listed.iter().map(|(registrable, _)| Some(registrable)).collect();
        let provider: StringArray = listed.iter().map(|(_, provider)| Some(provider)).collect();
        RecordBatch::try_from_iter([
            ("registrable", Arc::new(registrable) as ArrayRef),
            ("provider", Arc::new(provider) as ArrayRef),
        ])
        .map_err(|cause| Fault::engine("make the table providers", cause))
    }

    /// Writes `names` batch by batch: a large scan has tens of millions of hosts.
    async fn write_names(&self, path: &Path) -> Result<(), Fault> {
        let engine = |cause: DataFusionError| Fault::engine("collect the names of hosts", cause);
        let mut batches =
            self.context.sql(NAMES).await.map_err(engine)?.execute_stream().await.map_err(engine)?;
        let mut file = ParquetFile::create(path, names_schema())?;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(engine)?;
            file.write(
                &self.name_rows(batch.column(0)).map_err(|cause| Fault::engine("name providers", cause))?,
            )?;
        }
        file.finish()
    }

    fn name_rows(&self, names: &dyn Array) -> Result<RecordBatch, arrow::error::ArrowError> {
        let names = cast(names, &DataType::Utf8)?;
        let each = || names.as_string::<i32>().iter();
        let registrable: StringArray = each().map(|name| name.and_then(providers::registrable)).collect();
        let provider: StringArray = each().map(|name| name.map(|name| self.providers.of(name))).collect();
        RecordBatch::try_new(
            names_schema(),
            vec![Arc::clone(&names), Arc::new(registrable), Arc::new(provider)],
        )
    }

    fn duckdb_script(&self, dir: &Path) -> Result<String, Fault> {
        let dir = dir.canonicalize().map_err(|cause| Fault::file("open", dir, cause))?;
        let mut script = "-- The tables of these datasets as the queries name them, for DuckDB.\n".to_owned();
        let mut view = |name: &str, text: &str| {
            script.push_str(&format!("CREATE OR REPLACE VIEW {name} AS\n{};\n", text.trim_end()));
        };
        for table in TABLES {
            let globs =
                self.datasets.iter().filter(|d| d.parts.get(table).is_some_and(|parts| !parts.is_empty()));
            let globs: Vec<String> =
                globs.map(|d| quoted(&d.dir.join(table).join("part-*.parquet"))).collect();
            let text = match globs.as_slice() {
                [] => empty_select(&*contract::schema(table)?),
                globs => format!("SELECT * FROM read_parquet([{}], union_by_name = true)", globs.join(", ")),
            };
            view(table, &text);
        }
        for name in ["names", "providers", "scans"] {
            let path = dir.join(name).with_extension("parquet");
            view(name, &format!("SELECT * FROM read_parquet({})", quoted(&path)));
        }
        for (name, sql) in VIEWS {
            view(name, sql);
        }
        Ok(script)
    }
}

/// A fault of a query: the user's where it does not parse or plan, this machine's where running it failed.
fn in_query(query: &Query, cause: &DataFusionError) -> Fault {
    let message = format!("query `{}`: {}", query.name, cause.strip_backtrace());
    match cause.find_root() {
        DataFusionError::SQL(..) | DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => {
            Fault::Usage(message)
        }
        _ => Fault::Local(message),
    }
}

fn names_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("registrable", DataType::Utf8, true),
        Field::new("provider", DataType::Utf8, true),
    ]))
}

/// A file as a URL, so that no character of its path is taken for a pattern.
fn file_url(path: &Path) -> Result<ListingTableUrl, Fault> {
    let no_url = || Fault::file("read", path, "its path is not absolute");
    let url = url::Url::from_file_path(path).map_err(|()| no_url())?;
    ListingTableUrl::try_new(url, None).map_err(|cause| Fault::file("read", path, cause))
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}

fn empty_select(schema: &Schema) -> String {
    let columns = schema.fields().iter();
    let columns = columns
        .map(|f| format!("CAST(NULL AS {}) AS \"{}\"", contract::duckdb_type(f.data_type()), f.name()));
    format!("SELECT {} WHERE false", columns.collect::<Vec<_>>().join(", "))
}

/// A Parquet file that gets its name when it is whole.
struct ParquetFile {
    writer: ArrowWriter<File>,
    partial: PathBuf,
    path: PathBuf,
}

impl ParquetFile {
    fn create(path: &Path, schema: SchemaRef) -> Result<Self, Fault> {
        let partial = path.with_extension("parquet.tmp");
        let file = File::create(&partial).map_err(|cause| Fault::file("create", &partial, cause))?;
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties))
            .map_err(|cause| Fault::file("write", &partial, cause))?;
        Ok(Self { writer, partial, path: path.to_owned() })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        self.writer.write(batch).map_err(|cause| Fault::file("write", &self.partial, cause))
    }

    fn finish(self) -> Result<(), Fault> {
        self.writer.close().map_err(|cause| Fault::file("write", &self.partial, cause))?;
        fs::rename(&self.partial, &self.path).map_err(|cause| Fault::file("finish", &self.path, cause))
    }
}
