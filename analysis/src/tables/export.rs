//! What other programs need to run the same queries.

use super::Tables;
use super::made::NAMES;
use super::parquet_file::ParquetFile;
use super::parts::renaming;
use crate::contract::{self, TABLES};
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::output;
use crate::query::{Making, VIEWS};
use arrow::datatypes::Schema;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeSet;
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
        output::write_whole(&path, self.duckdb_script(dir)?.as_bytes())
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

    fn duckdb_script(&self, dir: &Path) -> Result<String, Fault> {
        let dir = dir.canonicalize().map_err(|cause| Fault::file("open", dir, cause))?;
        let mut script = "-- The tables of these datasets as the queries name them, for DuckDB.\n".to_owned();
        let mut add = |kind: &str, name: &str, text: &str| {
            script.push_str(&format!("CREATE OR REPLACE {kind} {name} AS\n{};\n", text.trim_end()));
        };
        for table in TABLES {
            add("VIEW", table, &self.duckdb_parts(table)?);
        }
        for name in ["names", "scans", "comparable", "providers", "settings", "catalogue", "words"] {
            let path = dir.join(name).with_extension("parquet");
            add("VIEW", name, &format!("SELECT * FROM read_parquet({})", quoted(&path)));
        }
        for view in &VIEWS {
            let kind = if view.making == Making::Inline { "VIEW" } else { "TABLE" };
            add(kind, view.name, view.sql);
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
