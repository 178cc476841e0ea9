//! The tables of the datasets' own parts. Where a scan has another name than its parts say, or is made of
//! shards, its rows get the name as they are read.

use super::Tables;
use crate::contract;
use crate::dataset::Dataset;
use crate::fault::Fault;
use std::path::{Path, PathBuf};

/// What the rows of a table are told apart by where shards may both have them: a host of two shards was asked
/// in both. The row that saw most counts, of those the one of the earlier shard.
const ONCE: [(&str, &str, &str); 2] = [
    ("mx_hosts", "host, addr", "cert_outcome IS NULL, smtp_phase IS NULL, probed_at, smtp_outcome"),
    ("certificates", "sha256", "subject"),
];

impl Tables {
    /// Registers the parts of all datasets as one table of this name.
    pub(super) async fn register_parts(&self, table: &'static str, called: &str) -> Result<(), Fault> {
        let parts = |datasets: &mut dyn Iterator<Item = &Dataset>| -> Vec<PathBuf> {
            datasets.filter_map(|dataset| dataset.parts.get(table)).flatten().cloned().collect()
        };
        let plain = parts(&mut self.datasets.iter().filter(|dataset| dataset.own_name));
        let renamed: Vec<&Dataset> = self.datasets.iter().filter(|dataset| !dataset.own_name).collect();
        let register = |name: &str, parts: &[PathBuf]| {
            let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
            self.engine.register_parts(name, contract::schema(table)?, &parts)
        };
        if renamed.is_empty() {
            return register(called, &plain);
        }
        let mut selects = Vec::new();
        for (number, dataset) in renamed.into_iter().enumerate() {
            let from = format!("{table}_of_{number}");
            register(&from, &parts(&mut std::iter::once(dataset)))?;
            selects.push(renaming(table, dataset, &from)?);
        }
        if !plain.is_empty() {
            register(&format!("{table}_of_others"), &plain)?;
            selects.push(format!("SELECT * FROM {table}_of_others"));
        }
        self.engine.stand_for(called, &selects.join("\nUNION ALL\n")).await
    }
}

/// The rows of a dataset under the name of its scan, each once.
pub(super) fn renaming(table: &str, dataset: &Dataset, from: &str) -> Result<String, Fault> {
    let schema = contract::schema(table)?;
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        "scan" => format!("'{}' AS scan", dataset.scan.replace('\'', "''")),
        name => format!("\"{name}\""),
    });
    let columns: Vec<String> = columns.collect();
    let select = |from: &str| format!("SELECT {} FROM {from}", columns.join(", "));
    let once = ONCE.iter().find(|(of, ..)| *of == table && dataset.shards > 1);
    Ok(match once {
        None => select(from),
        Some((_, by, order)) => {
            let order: Vec<String> = order.split(", ").map(|column| format!("{column} NULLS LAST")).collect();
            let numbered = format!(
                "(SELECT *, row_number() OVER (PARTITION BY {by} ORDER BY {}) AS nth FROM {from}) AS numbered",
                order.join(", ")
            );
            format!("{} WHERE nth = 1", select(&numbered))
        }
    })
}
