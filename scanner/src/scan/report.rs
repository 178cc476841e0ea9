//! The end of a run: assessing, the manifest's last word, and what the summary says.

use super::lists;
use super::preflight::Lowering;
use super::tally::Tally;
use crate::assess::job::{self, Earlier};
use crate::dataset::manifest::Outage;
use crate::dataset::manifest::{ExclusionsSeen, Manifest, Overloaded, Sum};
use crate::dataset::{waiting, whole};
use crate::dns;
use crate::error::ScanError;
use crate::input::{Example, ListCounts};
use crate::moment;
use crate::plan::IntermediateSource;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Every name has its row or its count, and the dataset is assessed.
    Complete,
    /// The lists hold no domain name at all.
    NoNames,
    /// Stopped, by the operator or, for this reason, by the scan itself; it can be resumed.
    Stopped(Option<String>),
    /// This machine failed for some names; a resume does them again.
    Faulty,
}

impl Ended {
    pub(super) fn of(sum: &Sum, tally: &Tally, halted: Option<String>, stopped: bool) -> Self {
        if halted.is_some() || stopped && (sum.not_reached > 0 || tally.hosts_left.value() > 0) {
            Self::Stopped(halted)
        } else if tally.broke_off.value() > 0 {
            let looks = match tally.broke_off.value() {
                1 => "1 name or host".to_owned(),
                looks => format!("{looks} names or hosts"),
            };
            Self::Stopped(Some(format!(
                "{looks} broke off because of a bug in this program: please report the messages above"
            )))
        } else if !sum.holds() {
            Self::Stopped(Some(
                "the sum of the inputs does not hold, which is a bug in this program: please report it"
                    .to_owned(),
            ))
        } else if sum.failed_here > 0 || tally.hosts_left.value() > 0 {
            Self::Faulty
        } else if sum.not_reached > 0 {
            Self::Stopped(None)
        } else if sum.inputs == sum.invalid {
            Self::NoNames
        } else {
            Self::Complete
        }
    }
}

/// What a run asked of the resolvers.
#[derive(Debug, Default)]
pub struct DnsSeen {
    /// Questions, datagrams, and what was dropped.
    pub counts: dns::Counts,
    /// A line for each resolver that was rested, and what else the operator should know.
    pub warnings: Vec<String>,
}

impl DnsSeen {
    /// Where so much failed because the resolvers were asked too much that it has to be told.
    #[must_use]
    pub fn overload(&self) -> Option<Overloaded> {
        Overloaded::of(self.counts.overloaded, self.counts.concluded())
    }
}

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// What became of the inputs.
    pub sum: Sum,
    /// How it ended.
    pub ended: Ended,
    /// The dataset.
    pub output: PathBuf,
    /// What rows call the lists.
    pub list_names: Vec<String>,
    /// How each list was read, in their order.
    pub lists: Vec<ListCounts>,
    /// The first bad entries of the lists.
    pub examples: Vec<Example>,
    /// Resolvers that did not answer at the start.
    pub silent_resolvers: Vec<SocketAddr>,
    /// What was asked of the resolvers.
    pub dns: DnsSeen,
    /// Times without this machine's network.
    pub outages: Vec<Outage>,
    /// Budgets that this machine does not bear.
    pub lowered: Lowering,
    /// MX hosts that are still to be contacted.
    pub hosts_left: u64,
    /// Names that were given to the stages in this run.
    pub given: u64,
    /// How long it took until the last of them was: what comes after is waiting for the last answers.
    pub reading: Duration,
    /// How long the run took without assessing.
    pub scanning: Duration,
    /// How long assessing took; zero where the scan is not complete.
    pub assessing: Duration,
    /// What was excluded.
    pub exclusions: ExclusionsSeen,
    /// Counts by outcome, by column; empty where the scan is not complete.
    pub counts: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Assesses a complete scan and writes the manifest.
pub(super) fn finish(
    mut manifest: Manifest,
    mut report: Report,
    stream_sha256: Option<String>,
    intermediates: &IntermediateSource,
) -> Result<Report, ScanError> {
    if let (Some(sha256), Some(list)) = (stream_sha256, manifest.lists.first_mut()) {
        list.sha256 = Some(sha256);
        list.entries = Some(report.sum.inputs);
    }
    lists::add(&mut manifest.lists, &report.lists);
    let folder = report.output.clone();
    let wrong = |source| ScanError::Io { what: format!("cannot write to {}", folder.display()), source };
    lists::write_rejected(&folder, &report.examples).map_err(wrong)?;
    if report.ended == Ended::Complete {
        lists::forget_paths(&mut manifest);
        let began = Instant::now();
        manifest.parts = Some(whole::evidence(&report.output, &manifest)?);
        job::assess(&report.output, &mut manifest, intermediates, Earlier::PassedOver)?;
        report.counts.clone_from(&manifest.counts);
        waiting::remove(&report.output).map_err(wrong)?;
        report.assessing = began.elapsed();
    }
    manifest.outages.extend(report.outages.iter().cloned());
    let before = manifest.resolver_overload.take();
    let now = report.dns.overload();
    manifest.resolver_overload =
        before.map_or(now, |before| Some(now.map_or(before, |now| before.with(now))));
    manifest.sum = Some(report.sum);
    manifest.complete = report.ended == Ended::Complete;
    manifest.ended = Some(moment::rfc3339(moment::now()));
    manifest.write(&report.output).map_err(wrong)?;
    Ok(report)
}
