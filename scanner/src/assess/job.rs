//! The job that assesses a whole dataset: reads the evidence, writes `assessments` anew, and counts outcomes.

use super::chains::{Authorities, Completed, certificates};
use super::changes::{Before, Changes};
pub use super::counts::Counts;
use super::counts::{WordCounts, counted};
use super::pass::Passed;
use super::renewal::Lives;
use super::seen::{SeenDomain, SeenHost};
use super::workshop::Workshop;
use super::{HostsOf, domain};
use crate::dataset::columns::{CERTIFICATES, DOMAINS, MX_HOSTS, column};
use crate::dataset::content::Checked;
use crate::dataset::item::Time;
use crate::dataset::layout::Layout;
use crate::dataset::lock::Lock;
use crate::dataset::manifest::{FileFacts, Judgement, Manifest};
use crate::dataset::parts::{Closed, PartWriter};
use crate::dataset::read::{self, Part, ReadError};
use crate::dataset::view::View as _;
use crate::dataset::whole;
use crate::dataset::writer::WriteError;
use crate::error::ScanError;
use crate::evidence::rows::AssessmentRow;
use crate::hook;
use crate::moment;
use crate::plan::IntermediateSource;
use crate::tls::{paths, store};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What becomes of the judgement before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// It must be whole, and the new one is compared with it.
    Compared,
    /// It may be damaged, and is not read.
    PassedOver,
}

/// What assessing a dataset anew did.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// Domains with a row.
    pub domains: u64,
    /// Findings in those rows.
    pub findings: u64,
    /// Whether the dataset is complete.
    pub complete: bool,
    /// The dataset's layout; `None` where the manifest's version is none.
    pub layout: Option<Layout>,
    /// What judged it before, if anything did.
    pub judged_by: Option<String>,
    /// What the new judgement came to beside the one before.
    pub drawn: Drawn,
}

/// What drawing a judgement came to.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// Leaves whose chain other certificates complete; `None` where the dataset does not hold the roots that
    /// it was judged by.
    pub incomplete_chains: Option<usize>,
    /// What changed against the judgement before.
    pub changes: Changes,
    /// Cells with words that this program does not know: column with its table, word, cells.
    pub unknown: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Assesses a dataset anew; an interrupted scan's too, which stays incomplete.
///
/// # Errors
/// The folder holds no dataset or one that is not whole, cannot be read or cannot be written; or the
/// intermediate certificates cannot be read.
pub fn again(
    dataset: &Path,
    intermediates: IntermediateSource,
    earlier: Earlier,
) -> Result<Assessed, ScanError> {
    let none = |why| ScanError::NoScan { path: dataset.to_owned(), why };
    // A folder that is not a dataset is left as it is, without a lock in it.
    Manifest::read(dataset).map_err(none)?;
    let locked = |why| ScanError::Locked { path: dataset.to_owned(), why };
    let _lock = Lock::take(dataset, "sts-scan assess").map_err(locked)?;
    let mut manifest = Manifest::read(dataset).map_err(none)?;
    let evidence = whole::evidence(dataset, &manifest)?;
    if earlier == Earlier::Compared {
        whole::judgement(dataset, &manifest)?;
    }
    // A kill between two judgements leaves the parts listed and the dataset not complete.
    let has_ended = manifest.complete || manifest.parts.is_some();
    manifest.parts = has_ended.then_some(evidence);
    let intermediates = match intermediates {
        IntermediateSource::AsBefore => as_before(&manifest)?,
        given => given,
    };
    let judged_by = manifest.judgement.as_ref().map(|judgement| judgement.tool.clone());
    let drawn = assess(dataset, &mut manifest, &intermediates, earlier)?;
    manifest.complete = has_ended;
    if has_ended {
        manifest.write(dataset).map_err(|source| wrong(dataset, source))?;
        hook::at("assess.complete");
    }
    let counts = &manifest.counts;
    let total = |column: &str| counts.get(column).map_or(0, |words| words.values().sum());
    let domains = counts.get("assessed").and_then(|c| c.get("true")).copied().unwrap_or(0);
    Ok(Assessed {
        domains,
        findings: total("finding"),
        complete: manifest.complete,
        layout: Layout::parse(&manifest.schema_version),
        judged_by,
        drawn,
    })
}

/// The file of the assessment before, if it is still what it was: else the same evidence would be judged
/// otherwise without a word.
fn as_before(manifest: &Manifest) -> Result<IntermediateSource, ScanError> {
    let Some(file) = manifest.judgement.as_ref().and_then(|judgement| judgement.intermediates.as_ref())
    else {
        return Ok(IntermediateSource::None);
    };
    let path = PathBuf::from(&file.path);
    match paths::read_pem(&path) {
        Ok((_, sha256)) if sha256 == file.sha256 => Ok(IntermediateSource::File(path)),
        _ => Err(ScanError::Intermediates { path, sha256: file.sha256.clone() }),
    }
}

/// Draws findings and verdicts from the evidence of a dataset and replaces `assessments` whole; counts, the
/// part and what they were drawn with go into the manifest. That of a dataset which was complete says on
/// disk, from before the change on, that it is not: the caller writes it when it is again.
///
/// # Errors
/// The evidence cannot be read, or the judgement not written; the old judgement stays then.
pub fn assess(
    dataset: &Path,
    manifest: &mut Manifest,
    intermediates: &IntermediateSource,
    earlier: Earlier,
) -> Result<Drawn, ScanError> {
    let (judgement, completed) = completed(dataset, manifest, intermediates)?;
    let mut tally = WordCounts::default();
    let hosts = hosts_of(dataset, manifest, &completed, &mut tally)?;
    let workshop = Workshop::begin(dataset).map_err(|e| wrong(dataset, e))?;
    let before = match earlier {
        Earlier::Compared => Before::open(dataset)?,
        Earlier::PassedOver => Before::none(),
    };
    let writer = workshop.writer(&manifest.scan);
    let (part, changes) = judge_all(dataset, before, writer, (&hosts, &completed), &mut tally)?;
    let judged = workshop.keep(part).map_err(|e| wrong(dataset, e))?;
    if manifest.complete {
        manifest.complete = false;
        manifest.write(dataset).map_err(|source| wrong(dataset, source))?;
    }
    workshop.exchange().map_err(|e| wrong(dataset, e))?;
    if let Some(parts) = &mut manifest.parts {
        let mut checked = Checked::read(dataset);
        judged.iter().for_each(|(part, content)| checked.note_written(dataset, part, content));
        checked.remember(dataset);
        parts.extend(judged);
    }
    let incomplete_chains = judgement.trust_store_sha256.is_some().then_some(completed.len());
    manifest.judgement = Some(judgement);
    let unknown = tally.unknown();
    manifest.counts = tally.counts;
    Ok(Drawn { incomplete_chains, changes, unknown })
}

/// The leaves whose chain other certificates complete, and what that was told by.
fn completed(
    dataset: &Path,
    manifest: &Manifest,
    intermediates: &IntermediateSource,
) -> Result<(Judgement, Completed), ScanError> {
    let (certificates, intermediates) = match intermediates {
        IntermediateSource::File(path) => {
            let (certificates, sha256) = paths::read_pem(path)?;
            // Where the file lies is nobody's business but this machine's.
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            (certificates, Some(FileFacts { path: name, sha256 }))
        }
        IntermediateSource::None | IntermediateSource::AsBefore => (Vec::new(), None),
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

/// Writes the judgement of every domain that has one; gives its part, where there is any, and what changed.
fn judge_all(
    dataset: &Path,
    mut before: Before<'_>,
    mut writer: PartWriter<AssessmentRow>,
    (hosts, completed): (&HostsOf, &Completed),
    tally: &mut WordCounts,
) -> Result<(Option<Closed>, Changes), ScanError> {
    let unwritten = |e| ScanError::Judgement(WriteError::Part(e));
    for path in read::parts(dataset, &DOMAINS)? {
        let part = Part::open(&path, &DOMAINS)?;
        // Most rows neither signal nor publish TLSRPT: of these no more than a few words is read.
        let mut passed = Passed::over(&part, &mut before, tally)?;
        if !passed.is_any() {
            continue;
        }
        for batch in part.rows(SeenDomain::COLUMNS, &passed.wanted)? {
            let batch = batch?;
            for row in 0..batch.rows() {
                let mut evidence = SeenDomain::read(&batch, row);
                evidence.unknown_words(&mut |column, word| tally.note_unknown(&DOMAINS, column, word));
                completed.judge_domain(&mut evidence);
                let assessed = domain(&evidence, hosts);
                tally.count_assessment(&assessed);
                before.changes.compare(passed.before.pop_front().flatten(), &assessed);
                writer.push(Box::new(assessed)).map_err(unwritten)?;
            }
        }
    }
    let closed = writer.close().map_err(unwritten)?;
    Ok((closed, before.finish()?))
}

fn wrong(dataset: &Path, source: io::Error) -> ScanError {
    ScanError::Io { what: format!("cannot write to {}", dataset.display()), source }
}

fn hosts_of(
    dataset: &Path,
    manifest: &Manifest,
    completed: &Completed,
    tally: &mut WordCounts,
) -> Result<HostsOf, ScanError> {
    let layout = Layout::parse(&manifest.schema_version);
    let one_look_lasts = layout.is_some_and(|layout| layout < super::rules::SECOND_LOOK_AT_NOT_OFFERED);
    let mut hosts = HostsOf::of_layout(one_look_lasts);
    lives(dataset, &mut hosts.lives)?;
    let counted = counted(&MX_HOSTS);
    read::batches(dataset, &MX_HOSTS, SeenHost::COLUMNS, |batch| {
        for row in 0..batch.rows() {
            tally.count_words(&counted, batch, row);
            let mut host = SeenHost::read(batch, row);
            host.unknown_words(&mut |column, word| tally.note_unknown(&MX_HOSTS, column, word));
            completed.judge_host(&mut host);
            hosts.add(&host);
        }
    })?;
    if hosts.wants_any() {
        certificates(dataset, |sha256, der| {
            if hosts.wants(sha256) {
                hosts.show(sha256, der);
            }
        })?;
        hosts.settle();
    }
    hosts.validates = manifest.vantage.resolver_validates;
    Ok(hosts)
}

/// Notes how long the leaves of a dataset are valid.
fn lives(dataset: &Path, lives: &mut Lives) -> Result<(), ReadError> {
    let (sha256, is_ca) = (column!(CERTIFICATES.sha256), column!(CERTIFICATES.is_ca));
    let (begin, end) = (column!(CERTIFICATES.not_before), column!(CERTIFICATES.not_after));
    read::batches(dataset, &CERTIFICATES, &[sha256, is_ca, begin, end], |batch| {
        for row in (0..batch.rows()).filter(|row| batch.bool(is_ca, *row) == Some(false)) {
            let times = (batch.value::<Time>(begin, row), batch.value::<Time>(end, row));
            if let (Some(sha256), (Some(begin), Some(end))) = (batch.text(sha256, row), times) {
                lives.note(sha256, begin, end);
            }
        }
    })
}
