//! The job that assesses a whole dataset: reads the evidence, writes `assessments` anew, and counts outcomes.

use super::{HostsOf, domain, is_assessed};
use crate::dataset::columns::{ASSESSMENTS, CERTIFICATES, DOMAINS, MX_HOSTS};
use crate::dataset::commits::UNFINISHED;
use crate::dataset::manifest::Manifest;
use crate::dataset::parts::PartWriter;
use crate::dataset::read::{self, Batch, DOMAIN_COLUMNS, HOST_COLUMNS};
use crate::dataset::rows::AssessmentRow;
use crate::dataset::writer::{Committed, WriteError};
use crate::scan::ScanError;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Counts by outcome: column, word, rows.
pub type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// Folder in which the new judgement is written before it replaces the old one.
const WORKSHOP: &str = ".assessing";

/// What assessing a dataset anew did.
#[derive(Debug, Clone, Copy)]
pub struct Assessed {
    /// Domains with a row.
    pub domains: u64,
    /// Findings in those rows.
    pub findings: u64,
    /// Whether the dataset is complete.
    pub complete: bool,
}

/// Assesses a dataset anew; an interrupted scan's too, which stays incomplete.
///
/// # Errors
/// The folder holds no dataset, cannot be read or cannot be written.
pub fn again(dataset: &Path) -> Result<Assessed, ScanError> {
    let none = |why| ScanError::NoScan { path: dataset.to_owned(), why };
    let mut manifest = Manifest::read(dataset).map_err(none)?;
    let counts = assess(dataset, &manifest)?;
    let total = |column: &str| counts.get(column).map_or(0, |words| words.values().sum());
    let domains = counts.get("assessed").and_then(|c| c.get("true")).copied().unwrap_or(0);
    let assessed = Assessed { domains, findings: total("finding"), complete: manifest.complete };
    if manifest.complete {
        manifest.counts = counts;
        manifest.write(dataset).map_err(|source| wrong(dataset, source))?;
    }
    Ok(assessed)
}

/// Draws findings and verdicts from the evidence of a dataset; replaces `assessments` whole.
///
/// # Errors
/// The evidence cannot be read, or the judgement not written; the old judgement stays then.
pub fn assess(dataset: &Path, manifest: &Manifest) -> Result<Counts, ScanError> {
    let mut counts = Counts::new();
    let hosts = hosts_of(dataset, manifest, &mut counts)?;
    let workshop = dataset.join(WORKSHOP);
    if workshop.exists() {
        std::fs::remove_dir_all(&workshop).map_err(|e| wrong(dataset, e))?;
    }
    std::fs::create_dir_all(workshop.join(ASSESSMENTS.name)).map_err(|e| wrong(dataset, e))?;
    let mut writer = PartWriter::new(&workshop, &manifest.scan, 0);
    let mut failed = None;
    read::batches(dataset, &DOMAINS, DOMAIN_COLUMNS, |batch| {
        for row in 0..batch.rows() {
            count_domain(&mut counts, batch, row);
            if failed.is_some() {
                continue;
            }
            // Most rows neither signal nor publish TLSRPT: they are not worth building.
            let quiet = batch.bool("sts_signals", row) != Some(true)
                && !matches!(batch.text("tlsrpt_record", row), Some("valid" | "invalid" | "multiple"));
            if quiet {
                continue;
            }
            let evidence = batch.domain(row);
            if is_assessed(&evidence) {
                let assessed = domain(&evidence, &hosts);
                count_assessment(&mut counts, &assessed);
                failed = writer.push(assessed).err();
            }
        }
    })?;
    let unwritten = |e| ScanError::Write { source: WriteError::Part(e), committed: Committed::default() };
    if let Some(error) = failed {
        return Err(unwritten(error));
    }
    let closed = writer.close().map_err(unwritten)?;
    swap(dataset, &workshop, closed.map(|part| part.name)).map_err(|e| wrong(dataset, e))?;
    Ok(counts)
}

fn wrong(dataset: &Path, source: io::Error) -> ScanError {
    ScanError::Io { what: format!("cannot write to {}", dataset.display()), source }
}

fn hosts_of(dataset: &Path, manifest: &Manifest, counts: &mut Counts) -> Result<HostsOf, ScanError> {
    let mut hosts = HostsOf::default();
    read::batches(dataset, &MX_HOSTS, HOST_COLUMNS, |batch| {
        for row in 0..batch.rows() {
            let host = batch.host(row);
            count(counts, "smtp_outcome", &host.smtp.outcome);
            hosts.add(&host);
        }
    })?;
    if hosts.wants_any() {
        read::batches(dataset, &CERTIFICATES, &["sha256", "der"], |batch| {
            for row in 0..batch.rows() {
                let sha256 = batch.text("sha256", row).unwrap_or_default();
                if hosts.wants(sha256) {
                    hosts.show(sha256, batch.bytes("der", row).unwrap_or_default());
                }
            }
        })?;
        hosts.settle();
    }
    hosts.validates = manifest.vantage.resolver_validates;
    Ok(hosts)
}

/// Puts the new judgement in the old one's place.
fn swap(dataset: &Path, workshop: &Path, part: Option<String>) -> io::Result<()> {
    let fresh = workshop.join(ASSESSMENTS.name);
    if let Some(name) = part {
        let unfinished = fresh.join(format!("{name}.{UNFINISHED}"));
        std::fs::File::open(&unfinished)?.sync_all()?;
        std::fs::rename(&unfinished, fresh.join(name))?;
    }
    let place = dataset.join(ASSESSMENTS.name);
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    std::fs::rename(&fresh, &place)?;
    std::fs::remove_dir(workshop)?;
    std::fs::File::open(dataset)?.sync_all()
}

fn count(counts: &mut Counts, column: &str, word: &str) {
    if let Some(known) = counts.get_mut(column).and_then(|words| words.get_mut(word)) {
        *known += 1;
        return;
    }
    *counts.entry(column.to_owned()).or_default().entry(word.to_owned()).or_default() += 1;
}

/// Columns of `domains` whose words are counted.
const COUNTED: [&str; 7] =
    ["mx_dns", "mx_kind", "sts_dns", "sts_record", "tlsrpt_dns", "tlsrpt_record", "policy_outcome"];

fn count_domain(counts: &mut Counts, batch: &Batch, row: usize) {
    for column in COUNTED {
        if let Some(word) = batch.text(column, row) {
            count(counts, column, word);
        }
    }
    if batch.bool("sts_signals", row) == Some(true) {
        count(counts, "sts_signals", "true");
    }
    if batch.bool("policy_usable", row) == Some(true) {
        count(counts, "policy_mode", batch.text("policy_mode", row).unwrap_or("none"));
    }
}

fn count_assessment(counts: &mut Counts, row: &AssessmentRow) {
    count(counts, "assessed", "true");
    for finding in &row.findings {
        count(counts, "finding", finding);
    }
    for (column, verdict) in
        [("verdict_strict", row.verdict_strict), ("verdict_lenient", row.verdict_lenient)]
    {
        if let Some(verdict) = verdict {
            count(counts, column, verdict);
        }
    }
}
