//! The job that assesses a whole dataset: reads the evidence, writes `assessments` anew, and counts outcomes.

use super::chains::{Authorities, Completed};
use super::{HostsOf, domain, is_assessed};
use crate::dataset::columns::{ASSESSMENTS, CERTIFICATES, DOMAINS, MX_HOSTS};
use crate::dataset::commits::UNFINISHED;
use crate::dataset::manifest::{FileFacts, Judgement, Manifest};
use crate::dataset::parts::PartWriter;
use crate::dataset::read::{self, Batch, DOMAIN_COLUMNS, HOST_COLUMNS};
use crate::dataset::rows::AssessmentRow;
use crate::dataset::writer::{Committed, WriteError};
use crate::moment;
use crate::scan::ScanError;
use crate::tls::{paths, store};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Counts by outcome: column, word, rows.
pub type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// Folder in which the new judgement is written before it replaces the old one.
const WORKSHOP: &str = ".assessing";

/// Which further intermediate certificates an assessment takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Further {
    /// Those of the assessment before, if there was one.
    AsBefore,
    /// None.
    None,
    /// Those of a PEM file.
    File(PathBuf),
}

/// What assessing a dataset anew did.
#[derive(Debug, Clone, Copy)]
pub struct Assessed {
    /// Domains with a row.
    pub domains: u64,
    /// Findings in those rows.
    pub findings: u64,
    /// Whether the dataset is complete.
    pub complete: bool,
    /// Leaves whose chain other certificates complete; `None` where the dataset does not hold the roots that it was judged by.
    pub incomplete_chains: Option<usize>,
}

/// Assesses a dataset anew; an interrupted scan's too, which stays incomplete.
///
/// # Errors
/// The folder holds no dataset, cannot be read or cannot be written; or the intermediate certificates cannot be had.
pub fn again(dataset: &Path, further: Further) -> Result<Assessed, ScanError> {
    let none = |why| ScanError::NoScan { path: dataset.to_owned(), why };
    let mut manifest = Manifest::read(dataset).map_err(none)?;
    let further = match further {
        Further::AsBefore => as_before(&manifest)?,
        given => given,
    };
    let incomplete_chains = assess(dataset, &mut manifest, &further)?;
    let counts = &manifest.counts;
    let total = |column: &str| counts.get(column).map_or(0, |words| words.values().sum());
    let domains = counts.get("assessed").and_then(|c| c.get("true")).copied().unwrap_or(0);
    let assessed =
        Assessed { domains, findings: total("finding"), complete: manifest.complete, incomplete_chains };
    if manifest.complete {
        manifest.write(dataset).map_err(|source| wrong(dataset, source))?;
    }
    Ok(assessed)
}

/// The file of the assessment before, if it is still what it was: else the same evidence would be judged otherwise without a word.
fn as_before(manifest: &Manifest) -> Result<Further, ScanError> {
    let Some(file) = manifest.judgement.as_ref().and_then(|judgement| judgement.intermediates.as_ref())
    else {
        return Ok(Further::None);
    };
    let path = PathBuf::from(&file.path);
    match paths::read_pem(&path) {
        Ok((_, sha256)) if sha256 == file.sha256 => Ok(Further::File(path)),
        _ => Err(ScanError::Intermediates { path, sha256: file.sha256.clone() }),
    }
}

/// Draws findings and verdicts from the evidence of a dataset and replaces `assessments` whole; counts and what they were drawn with go
/// into the manifest, which is not written. Gives how many leaves' chains are incomplete; `None` where the dataset holds no roots.
///
/// # Errors
/// The evidence cannot be read, or the judgement not written; the old judgement stays then.
pub fn assess(
    dataset: &Path,
    manifest: &mut Manifest,
    further: &Further,
) -> Result<Option<usize>, ScanError> {
    let mut counts = Counts::new();
    let (judgement, completed) = completed(dataset, manifest, further)?;
    let hosts = hosts_of(dataset, manifest, &completed, &mut counts)?;
    let workshop = dataset.join(WORKSHOP);
    if workshop.exists() {
        std::fs::remove_dir_all(&workshop).map_err(|e| wrong(dataset, e))?;
    }
    std::fs::create_dir_all(workshop.join(ASSESSMENTS.name)).map_err(|e| wrong(dataset, e))?;
    let part = judge_all(dataset, &workshop, &manifest.scan, (&hosts, &completed), &mut counts)?;
    swap(dataset, &workshop, part).map_err(|e| wrong(dataset, e))?;
    let incomplete = judgement.trust_store_sha256.is_some().then_some(completed.len());
    manifest.judgement = Some(judgement);
    manifest.counts = counts;
    Ok(incomplete)
}

/// The leaves whose chain other certificates complete, and what that was told by.
fn completed(
    dataset: &Path,
    manifest: &Manifest,
    further: &Further,
) -> Result<(Judgement, Completed), ScanError> {
    let (certificates, intermediates) = match further {
        Further::File(path) => {
            let (certificates, sha256) = paths::read_pem(path)?;
            (certificates, Some(FileFacts { path: path.display().to_string(), sha256 }))
        }
        Further::None | Further::AsBefore => (Vec::new(), None),
    };
    let unreadable = |source| ScanError::Io { what: format!("cannot read {}", dataset.display()), source };
    let trust = store::read(dataset).map_err(unreadable)?;
    let judgement = Judgement {
        tool: format!("sts-scan {}", env!("CARGO_PKG_VERSION")),
        trust_store_sha256: trust.as_ref().map(|trust| trust.sha256().to_owned()),
        intermediates,
    };
    let completed = match &trust {
        Some(trust) => {
            let now = moment::seconds_of_rfc3339(&manifest.started).unwrap_or(0);
            Completed::of_dataset(dataset, Authorities { trust, further: &certificates, now })?
        }
        None => Completed::default(),
    };
    Ok((judgement, completed))
}

/// Writes the judgement of every domain that has one; gives the name of its part, where there is any.
fn judge_all(
    dataset: &Path,
    workshop: &Path,
    scan: &str,
    (hosts, completed): (&HostsOf, &Completed),
    counts: &mut Counts,
) -> Result<Option<String>, ScanError> {
    let mut writer = PartWriter::new(workshop, scan, 0);
    let mut failed = None;
    read::batches(dataset, &DOMAINS, DOMAIN_COLUMNS, |batch| {
        for row in 0..batch.rows() {
            count_domain(counts, batch, row);
            if failed.is_some() {
                continue;
            }
            // Most rows neither signal nor publish TLSRPT: they are not worth building.
            let quiet = batch.bool("sts_signals", row) != Some(true)
                && !matches!(batch.text("tlsrpt_record", row), Some("valid" | "invalid" | "multiple"));
            if quiet {
                continue;
            }
            let mut evidence = batch.domain(row);
            if is_assessed(&evidence) {
                completed.judge_domain(&mut evidence);
                let assessed = domain(&evidence, hosts);
                count_assessment(counts, &assessed);
                failed = writer.push(assessed).err();
            }
        }
    })?;
    let unwritten = |e| ScanError::Write { source: WriteError::Part(e), committed: Committed::default() };
    if let Some(error) = failed {
        return Err(unwritten(error));
    }
    let closed = writer.close().map_err(unwritten)?;
    Ok(closed.map(|part| part.name))
}

fn wrong(dataset: &Path, source: io::Error) -> ScanError {
    ScanError::Io { what: format!("cannot write to {}", dataset.display()), source }
}

fn hosts_of(
    dataset: &Path,
    manifest: &Manifest,
    completed: &Completed,
    counts: &mut Counts,
) -> Result<HostsOf, ScanError> {
    let mut hosts = HostsOf::default();
    read::batches(dataset, &MX_HOSTS, HOST_COLUMNS, |batch| {
        for row in 0..batch.rows() {
            let mut host = batch.host(row);
            count(counts, "smtp_outcome", &host.smtp.outcome);
            completed.judge_host(&mut host);
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
