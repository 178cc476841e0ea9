//! TLS reports: a folder of `sts-tlsrpt`, its tables, and SQL over them.
//!
//! What the columns mean is in `reports.json`, which `sts-tlsrpt columns` prints; only the Parquet files and
//! the manifest are read.

pub mod cli;
pub mod joined;

use crate::contract::{self, REPORT_TABLES};
use crate::dataset;
use crate::fault::Fault;
use crate::query::{Query, REPORT_VIEWS};
use crate::render::Answer;
use crate::tables::{Engine, in_query};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Manifest {
    kind: String,
    schema_version: String,
    reports: u64,
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    table: String,
    file: PathBuf,
}

/// The tables of a folder of reports, ready for queries.
pub struct Reports {
    engine: Engine,
    /// Reports in the folder.
    count: u64,
}

impl Reports {
    /// Opens a folder and registers its tables. Queries together hold at most `memory` bytes.
    ///
    /// # Errors
    /// It is no folder of reports, or one of another layout (usage); or this machine failed.
    pub async fn open(folder: &Path, memory: usize) -> Result<Self, Fault> {
        let engine = Engine::new(memory)?;
        let count = register(&engine, folder).await?;
        Ok(Self { engine, count })
    }

    /// Reports in the folder, superseded ones too.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Runs a query and holds its whole answer.
    ///
    /// # Errors
    /// The text is no query over these tables (usage), or this machine failed.
    pub async fn run(&self, query: &Query) -> Result<Answer, Fault> {
        let (schema, batches) =
            self.engine.collect(&query.sql).await.map_err(|cause| in_query(query, &cause))?;
        Answer::from_batches(query.clone(), &schema, &batches)
    }
}

/// Registers the tables of a folder, and what stands for their texts; gives how many reports there are.
async fn register(engine: &Engine, folder: &Path) -> Result<u64, Fault> {
    let manifest = manifest(folder)?;
    // A URL has no relative path.
    let whole = fs::canonicalize(folder).map_err(|cause| Fault::file("open", folder, cause))?;
    for table in REPORT_TABLES {
        let parts = manifest.parts.iter().filter(|part| part.table == table);
        let parts: Vec<PathBuf> = parts.map(|part| whole.join(&part.file)).collect();
        let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
        engine.register_parts(table, contract::schema(table)?, &parts)?;
    }
    for view in &REPORT_VIEWS {
        engine.stand_for(view.name, view.sql).await?;
    }
    Ok(manifest.reports)
}

fn manifest(folder: &Path) -> Result<Manifest, Fault> {
    let path = folder.join("manifest.json");
    let none = || {
        Fault::Usage(format!(
            "{} is no folder of TLS reports\nhint: give the folder that `sts-tlsrpt read … -o` wrote",
            folder.display()
        ))
    };
    let text = fs::read(&path).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => none(),
        _ => Fault::file("read", &path, cause),
    })?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| none())?;
    if manifest.kind != dataset::REPORTS {
        return Err(none());
    }
    let (found, known) = (&manifest.schema_version, contract::reports_version()?);
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if major(found) != major(known) {
        return Err(Fault::Usage(format!(
            "{}: `schema_version` is {found}, and this program reads {known}",
            path.display()
        )));
    }
    let is_inside =
        |part: &Part| part.file.components().all(|one| matches!(one, std::path::Component::Normal(_)));
    if !manifest.parts.iter().all(is_inside) {
        return Err(Fault::Usage(format!("{}: a part lies outside the folder", path.display())));
    }
    Ok(manifest)
}
