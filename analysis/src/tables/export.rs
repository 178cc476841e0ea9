//! What other programs need to run the same queries.

use super::dialect::{self, Dialect};
use super::made::NAMES;
use super::parquet_file::ParquetFile;
use super::parts::renaming;
use super::{Tables, in_query};
use crate::contract::{self, TABLES};
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::output;
use crate::query::{Making, Query, VIEWS};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;

impl Tables {
    /// Writes what is made from the datasets into a folder, for other programs: `names.parquet`,
    /// `providers.parquet`, `scans.parquet`, `comparable.parquet`, `settings.parquet`, `catalogue.parquet`,
    /// `words.parquet`, and `tables.sql`, by which DuckDB sees every table under its name.
    ///
    /// # Errors
    /// This machine failed at reading or writing.
    pub async fn export(&self, dir: &Path) -> Result<(), Fault> {
        fs::create_dir_all(dir).map_err(|cause| Fault::file("create", dir, cause))?;
        // In an order, so that the same datasets give the same file.
        let names = format!("{NAMES} ORDER BY name NULLS LAST");
        self.write_names(&dir.join("names.parquet"), &names).await?;
        for (name, batch) in self.given()? {
            let path = dir.join(name).with_extension("parquet");
            let mut file = ParquetFile::create(&path, batch.schema())?;
            file.write(&batch)?;
            file.finish()?;
        }
        let path = dir.join("tables.sql");
        let head = "-- The tables of these datasets as the queries name them, for DuckDB.\n";
        let script = self.script(dir, Dialect::Duckdb, |_| true)?;
        output::write_whole(&path, format!("{head}{script}").as_bytes())
    }

    /// The SQL by which another engine answers these queries over the Parquet files of the datasets and those
    /// that [`Tables::export`] wrote into the folder: what the queries read, then each under a line
    /// `-- table: NAME`. Every statement ends in `;` at the end of a line, as lines of comments may.
    ///
    /// # Errors
    /// A text is no query over these tables (usage), or this machine failed at reading.
    pub fn printed(&self, dir: &Path, dialect: Dialect, queries: &[Query]) -> Result<String, Fault> {
        let mut wanted = BTreeSet::new();
        for query in queries {
            wanted.extend(self.engine.asked(&query.sql).map_err(|cause| in_query(query, &cause))?);
        }
        // A view is made from earlier ones.
        for view in VIEWS.iter().rev() {
            if wanted.contains(view.name) {
                let asked = self.engine.asked(view.sql);
                wanted.extend(asked.map_err(|cause| Fault::engine("read a view", cause))?);
            }
        }
        let zone = match dialect {
            Dialect::Duckdb => "SET TimeZone = 'UTC';\n",
            Dialect::Spark => "SET TIME ZONE 'UTC';\n",
        };
        let mut script = zone.to_owned() + &self.script(dir, dialect, |name| wanted.contains(name))?;
        for query in queries {
            let text = dialect.text(query.sql.trim_end().trim_end_matches(';'));
            script.push_str(&format!("\n-- table: {}\n{text};\n", query.name));
        }
        Ok(script)
    }

    /// Columns that none of the datasets has, because its layout is older or its publisher left them out, as
    /// null: views name them, and a query that reads what was left out is refused by the programs of this
    /// project (see `lineage`).
    fn absent(&self, table: &str) -> Result<String, Fault> {
        let mut there = BTreeSet::new();
        for part in self.datasets.iter().filter_map(|dataset| dataset.parts.get(table)).flatten() {
            there.extend(columns_of(part)?);
        }
        let schema = contract::schema(table)?;
        let gone = schema.fields().iter().filter(|field| !there.contains(field.name()));
        Ok(gone
            .map(|f| format!(", CAST(NULL AS {}) AS \"{}\"", contract::duckdb_type(f.data_type()), f.name()))
            .collect())
    }

    /// The rows of a table, under the names that the scans have here.
    fn duckdb_parts(&self, table: &str) -> Result<String, Fault> {
        let absent = self.absent(table)?;
        let read = |datasets: &mut dyn Iterator<Item = &Dataset>| {
            let parts = datasets.filter_map(|dataset| dataset.parts.get(table)).flatten();
            let folders: BTreeSet<&Path> = parts.filter_map(|part| part.parent()).collect();
            let globs = folders.iter().map(|folder| quoted(&folder.join("part-*.parquet")));
            let globs: Vec<String> = globs.collect();
            (!globs.is_empty()).then(|| {
                format!("SELECT *{absent} FROM read_parquet([{}], union_by_name = true)", globs.join(", "))
            })
        };
        let plain = read(&mut self.datasets.iter().filter(|dataset| dataset.own_name));
        let mut selects: Vec<String> = plain.into_iter().collect();
        for dataset in self.datasets.iter().filter(|dataset| !dataset.own_name) {
            if let Some(rows) = read(&mut std::iter::once(dataset)) {
                selects.push(renaming(table, dataset, &format!("({rows}) AS rows"))?);
            }
        }
        match selects.as_slice() {
            [] => Ok(empty_select(&*contract::schema(table)?)),
            selects => Ok(selects.join("\nUNION ALL BY NAME\n")),
        }
    }

    /// The rows of a table for Spark, whose union of files asks for the same columns in each: those of the
    /// contract, null where a folder lacks them.
    fn spark_parts(&self, table: &str) -> Result<String, Fault> {
        let schema = contract::schema(table)?;
        let null =
            |f: &Field| format!("CAST(NULL AS {}) AS `{}`", dialect::spark_type(f.data_type()), f.name());
        let select = |there: &BTreeSet<String>| -> String {
            let fields = schema.fields().iter();
            let columns = fields.map(|f| match there.contains(f.name()) {
                true => format!("`{}`", f.name()),
                false => null(f),
            });
            columns.collect::<Vec<_>>().join(", ")
        };
        let mut selects = Vec::new();
        for dataset in &self.datasets {
            let parts = dataset.parts.get(table).into_iter().flatten();
            let mut folders: BTreeMap<&Path, BTreeSet<String>> = BTreeMap::new();
            for part in parts {
                let there = folders.entry(part.parent().unwrap_or(Path::new(""))).or_default();
                there.extend(columns_of(part)?);
            }
            let mut rows = Vec::new();
            for (folder, there) in &folders {
                let folder = folder.canonicalize().map_err(|cause| Fault::file("open", folder, cause))?;
                let glob = folder.join("part-*.parquet").to_string_lossy().replace('`', "``");
                rows.push(format!("SELECT {} FROM parquet.`{glob}`", select(there)));
            }
            if !dataset.own_name && !rows.is_empty() {
                let all = rows.join(" UNION ALL ");
                rows = vec![Dialect::Spark.text(&renaming(table, dataset, &format!("({all}) AS rows"))?)];
            }
            selects.append(&mut rows);
        }
        match selects.as_slice() {
            [] => Ok(format!("SELECT {} WHERE false", select(&BTreeSet::new()))),
            selects => Ok(selects.join("\nUNION ALL\n")),
        }
    }

    /// The tables that are wanted under their names, in the order they build on one another.
    fn script(&self, dir: &Path, dialect: Dialect, wanted: impl Fn(&str) -> bool) -> Result<String, Fault> {
        let dir = dir.canonicalize().map_err(|cause| Fault::file("open", dir, cause))?;
        let mut script = String::new();
        let mut add = |is_held: bool, name: &str, text: &str| {
            let text = text.trim_end();
            script.push_str(&match dialect {
                Dialect::Duckdb => {
                    let kind = if is_held { "TABLE" } else { "VIEW" };
                    format!("CREATE OR REPLACE {kind} {name} AS\n{text};\n")
                }
                Dialect::Spark => {
                    let cache = if is_held { format!("CACHE TABLE {name};\n") } else { String::new() };
                    format!("CREATE OR REPLACE TEMPORARY VIEW {name} AS\n{text};\n{cache}")
                }
            });
        };
        for table in TABLES.into_iter().filter(|table| wanted(table)) {
            let parts = match dialect {
                Dialect::Duckdb => self.duckdb_parts(table)?,
                Dialect::Spark => self.spark_parts(table)?,
            };
            add(false, table, &parts);
        }
        let given = ["names", "scans", "comparable", "providers", "settings", "catalogue", "words"];
        for name in given.into_iter().filter(|name| wanted(name)) {
            let path = dir.join(name).with_extension("parquet");
            let from = match dialect {
                Dialect::Duckdb => format!("read_parquet({})", quoted(&path)),
                Dialect::Spark => format!("parquet.`{}`", path.to_string_lossy().replace('`', "``")),
            };
            add(false, name, &format!("SELECT * FROM {from}"));
        }
        for view in VIEWS.iter().filter(|view| wanted(view.name)) {
            add(view.making != Making::Inline, view.name, &dialect.text(view.sql));
        }
        Ok(script)
    }
}

/// Names of the columns of a Parquet file.
fn columns_of(part: &Path) -> Result<Vec<String>, Fault> {
    let file = File::open(part).map_err(|cause| Fault::file("open", part, cause))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file);
    let reader = reader.map_err(|cause| Fault::file("read", part, cause))?;
    Ok(reader.schema().fields().iter().map(|field| field.name().clone()).collect())
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
