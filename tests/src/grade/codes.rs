//! Every code of the catalogue that one scan can see, and the situations that call for it.

use crate::contract::{Contract, Kind};
use crate::truth::Reader;
use crate::value::{Value, from_arrow};
use anyhow::{Context, Result};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The stage whose codes need two scans.
const TWO_SCANS: &str = "life_cycle";
/// What only a scan that asks the authoritative servers itself can see.
const WITHOUT_A_RESOLVER: [&str; 1] = ["record_ns_disagree"];
/// What the codes begin with that only a scan can see which asks for DMARC.
const OF_DMARC: &str = "dmarc_";

/// The codes of a catalogue with the situations that call for them. Its `Display` is the table.
#[derive(Debug)]
pub struct Codes {
    /// In the catalogue's order: the code, and how many domains of each situation are expected to have it.
    pub rows: Vec<(String, BTreeMap<String, u64>)>,
    /// Codes that situations call for and that the catalogue has not.
    pub unknown: Vec<String>,
}

impl Codes {
    /// Codes that no domain is expected to have.
    pub fn uncovered(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().filter(|(_, situations)| situations.is_empty()).map(|(code, _)| code.as_str())
    }

    /// Whether every code has a situation and every situation's code is known.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.uncovered().next().is_none() && self.unknown.is_empty()
    }
}

/// Holds the catalogue in a dataset's dictionary against what a truth expects.
///
/// # Errors
/// Where the dictionary or the truth cannot be read.
pub fn codes(dataset: &Path, truth: &Path) -> Result<Codes> {
    let contract = Arc::new(Contract::load()?);
    let at = contract.assessments.position("findings").context("a column `findings`")?;
    let mut called: HashMap<String, BTreeMap<String, u64>> = HashMap::new();
    for row in Reader::open(Arc::clone(&contract), truth)? {
        let row = row?;
        let findings = row.assessment.as_ref().and_then(|cells| cells.get(at)).map_or(&[][..], Value::items);
        for code in findings.iter().filter_map(Value::as_text) {
            *called.entry(code.to_owned()).or_default().entry(row.situation.clone()).or_default() += 1;
        }
    }
    let path = dataset.join("dictionary").join("findings.parquet");
    let catalogue = catalogue(&path).with_context(|| path.display().to_string())?;
    let manifest = serde_json::from_slice(&std::fs::read(dataset.join("manifest.json"))?)?;
    let is_behind_a_resolver = super::find(&manifest, "resolution").is_some_and(|by| by == "forwarding");
    let asks_dmarc = super::find(&manifest, "scan.companions").is_some_and(|list| list == "[\"dmarc\"]");
    let cannot_be_seen = |code: &str, stage: &str| {
        stage == TWO_SCANS
            || code.starts_with(OF_DMARC) && !asks_dmarc
            || is_behind_a_resolver && WITHOUT_A_RESOLVER.contains(&code)
    };
    let seen = catalogue.into_iter().filter(|(code, stage)| !cannot_be_seen(code, stage));
    let rows = seen.map(|(code, _)| (called.remove(&code).unwrap_or_default(), code));
    let rows = rows.map(|(situations, code)| (code, situations)).collect();
    let mut unknown: Vec<String> = called.into_keys().collect();
    unknown.sort_unstable();
    Ok(Codes { rows, unknown })
}

/// Codes and stages of the dictionary, in its order.
fn catalogue(path: &Path) -> Result<Vec<(String, String)>> {
    let mut codes = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
        let batch = batch?;
        let cell = |name: &str, row: usize| -> Result<String> {
            let column = batch.column_by_name(name).with_context(|| format!("no column `{name}`"))?;
            Ok(from_arrow(&Kind::Text, column, row)?.as_text().unwrap_or_default().to_owned())
        };
        for row in 0..batch.num_rows() {
            codes.push((cell("code", row)?, cell("stage", row)?));
        }
    }
    Ok(codes)
}

impl fmt::Display for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<32} {:>9}  situations", "code", "domains")?;
        for (code, situations) in &self.rows {
            let names: Vec<&str> = situations.keys().map(String::as_str).collect();
            writeln!(f, "{code:<32} {:>9}  {}", situations.values().sum::<u64>(), names.join(" "))?;
        }
        for code in &self.unknown {
            writeln!(f, "{code} is expected by a situation and not in the catalogue")?;
        }
        let uncovered: Vec<&str> = self.uncovered().collect();
        if uncovered.is_empty() {
            writeln!(f, "{} codes, each with a situation", self.rows.len())
        } else {
            writeln!(f, "{} codes without a situation: {}", uncovered.len(), uncovered.join(" "))
        }
    }
}
