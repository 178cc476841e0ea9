//! `sts-scan check`: a few domains as a person wants to see them. The stages and the judgement are those of a
//! scan; only the rows are treated differently: they are shown and forgotten.

mod json;
mod planned;
mod sender;
mod text;
pub mod trace;

pub use json::object;
pub use planned::{Planned, PlannedHost};
pub use text::{Style, text};

use crate::assess::catalogue::{Severity, Told};
use crate::assess::chains::{Authorities, Completed};
use crate::assess::{self, HostsOf, SeenDomain, SeenHost};
use crate::dns::{self, Walked};
use crate::error::ScanError;
use crate::evidence::rows::{AssessmentRow, DomainRow, HostRow};
use crate::evidence::{CertCause, Code};
use crate::fault::{LocalFault, Unfinished};
use crate::input::{self, BadEntry, Entry};
use crate::moment;
use crate::mta_sts::mx_pattern;
use crate::plan::{Origin, ScanPlan};
use crate::probe::course::{Course, Step};
use crate::probe::{Domain, HostLook, Probe, targets};
use crate::scan::preflight::{self, Prepared};
use crate::tls::certificate::{facts, sha256_hex};
use crate::tls::paths;
use futures::stream::{FuturesUnordered, TryStreamExt as _};
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the command is asked for.
#[derive(Debug)]
pub struct CheckJob {
    /// The domains as typed.
    pub domains: Vec<String>,
    /// The plan of a scan. Its second look is made only where somebody asked for it: nobody waits a quarter
    /// of an hour at a terminal.
    pub plan: ScanPlan,
    /// Whether every question to the DNS is noted.
    pub traces: bool,
    /// Hosts, as typed, that are to be the MX set of the one domain; empty where nothing is planned.
    pub planned: Vec<String>,
}

/// What was seen of one domain, and what it shows.
#[derive(Debug)]
pub struct Checked {
    /// The row that a scan would write; a chain that others complete is judged already.
    pub row: DomainRow,
    /// The rows of its MX hosts, in the order of the set.
    pub hosts: Vec<HostRow>,
    /// The judgement.
    pub judged: AssessmentRow,
    /// What becomes of the MX hosts that are planned, if any are.
    pub planned: Option<Planned>,
}

impl Checked {
    /// Its findings with what each means.
    pub fn findings(&self) -> impl Iterator<Item = Code> {
        self.judged.findings.iter().copied()
    }

    /// What a finding says here: its title and advice, or those of each cause where it is about an untrusted
    /// certificate.
    #[must_use]
    pub fn told(&self, code: Code) -> Vec<Told> {
        let hosts = || self.hosts.iter().filter_map(|row| row.smtp.tls.cert_cause);
        let causes: BTreeSet<CertCause> = match code {
            Code::policy_tls_untrusted => self.row.policy.tls.cert_cause.into_iter().collect(),
            Code::mx_cert_untrusted => hosts().collect(),
            _ => BTreeSet::new(),
        };
        if causes.is_empty() {
            let finding = code.finding();
            return vec![Told { title: finding.title, advice: finding.advice }];
        }
        causes.into_iter().map(CertCause::told).collect()
    }

    /// Whether one of them is an error, seen once or lasting.
    #[must_use]
    pub fn has_error(&self) -> bool {
        self.findings().any(|code| code.finding().severity == Severity::Error)
    }

    /// Whether there is an error, or a planned host would be refused.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.has_error() || self.planned.as_ref().is_some_and(Planned::is_refused)
    }
}

/// What came of a check.
#[derive(Debug)]
pub struct Outcome {
    /// The domains, in the order typed.
    pub checked: Vec<Checked>,
    /// Why this machine's resolvers were asked, where nobody asked for them; and which trusted roots were
    /// left out.
    pub notes: Vec<String>,
    /// The questions to the DNS in the order in which they began; none where they are not noted.
    pub trace: Vec<Walked>,
}

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A name that was typed is none.
    #[error("`{text}` {refusal}")]
    Name {
        /// As typed.
        text: String,
        /// What is wrong with it.
        refusal: BadEntry,
    },
    /// A host that is planned is none.
    #[error("--planned-mx {text}: a host is needed, as an MX record names it")]
    Host {
        /// As typed.
        text: String,
    },
    /// A name that must not be asked about.
    #[error("{0} is in an exclusion file: leave it out, or remove it from the file")]
    Excluded(String),
    /// Settings, roots or resolvers.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// This machine.
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
}

impl From<LocalFault> for CheckError {
    fn from(fault: LocalFault) -> Self {
        Self::Unfinished(fault.into())
    }
}

impl CheckError {
    /// Whether what was typed is at fault, rather than this machine.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Name { .. } | Self::Host { .. } | Self::Excluded(_) => true,
            Self::Scan(wrong) => wrong.is_usage(),
            Self::Unfinished(_) => false,
        }
    }
}

/// Looks at every domain, each once however often it was typed, in the order typed.
///
/// # Errors
/// A name that is none, settings that cannot be, or a fault of this machine. Whatever a remote party does is
/// in what was seen.
pub fn run(job: CheckJob) -> Result<Outcome, CheckError> {
    let mut domains: Vec<Domain> = Vec::new();
    for text in &job.domains {
        let name =
            input::normalise(text).map_err(|refusal| CheckError::Name { text: text.clone(), refusal })?;
        if domains.iter().all(|domain| domain.row.domain != name) {
            domains.push(Domain::new(entry(domains.len(), name, text)));
        }
    }
    let planned = planned_hosts(&job.planned)?;
    let asked_for = job.plan.origin("second_look") != Origin::Default;
    let second_look = job.plan.second_look.filter(|_| asked_for);
    let further = match &job.plan.intermediates {
        Some(path) => paths::read_pem(path).map_err(ScanError::from)?.0,
        None => Vec::new(),
    };
    let mut plan = job.plan;
    // Somebody sits before it: a network that is away is told at once, and not waited for.
    plan.pause_limit = Duration::ZERO;
    let (Prepared { probe, vantage, .. }, note) = prepared(plan)?;
    if let Some(domain) = domains.iter().find(|domain| probe.admission.excludes(&domain.row.domain)) {
        return Err(CheckError::Excluded(domain.row.domain.to_string()));
    }
    if job.traces {
        probe.dns.trace().begin();
    }
    let runtime = crate::runtime::runtime()?;
    let looked = runtime.block_on(probe.dns.attend(looks(
        &probe,
        &mut domains,
        &planned,
        Course::new(second_look),
    )))?;
    let hosts = match (looked, probe.dns.uplink().gave_up()) {
        (Err(Unfinished::Stopped), Some(reason)) => {
            return Err(LocalFault::Setup { doing: "look at the domains", reason }.into());
        }
        (looked, _) => looked?,
    };
    let authorities = Authorities { trust: probe.tls.trust(), further: &further, now: moment::seconds() };
    let mut known = HostsOf::default();
    known.validates = vantage.resolver_validates;
    let checked = judged(domains, hosts, &planned, authorities, known);
    let notes = note.into_iter().chain(probe.tls.trust().left_out()).collect();
    Ok(Outcome { checked, notes, trace: probe.dns.trace().taken() })
}

/// Everything that the stages need; where authoritative servers cannot be asked from here, and nobody said
/// that it must be them, with this machine's resolvers, and a note of it.
fn prepared(mut plan: ScanPlan) -> Result<(Prepared, Option<String>), ScanError> {
    match preflight::prepare(plan.clone(), moment::seconds(), CancellationToken::new()) {
        Err(ScanError::Closed(closed)) if plan.falls_back_on_the_system() => Ok((
            preflight::prepare(plan, moment::seconds(), CancellationToken::new())?,
            Some(dns::fallen_back(&closed)),
        )),
        prepared => Ok((prepared?, None)),
    }
}

/// The planned hosts as an MX record has them, each once.
fn planned_hosts(typed: &[String]) -> Result<Vec<String>, CheckError> {
    let mut hosts = Vec::new();
    for text in typed {
        let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if !mx_pattern::is_domain(host.as_bytes()) {
            return Err(CheckError::Host { text: crate::evidence::text::escape(text.as_bytes()) });
        }
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    Ok(hosts)
}

fn entry(position: usize, domain: String, typed: &str) -> Entry {
    Entry {
        delegated: None,
        position: position as u64,
        input: Some(crate::evidence::text::escape(typed.trim().as_bytes()).into()),
        rank: None,
        lists: Vec::new(),
        domain: domain.into(),
    }
}

/// Takes all domains and their MX hosts, each of these once, through their course; gives the rows of the
/// hosts.
/// Hosts that are planned are looked at as hosts of a domain that signals.
async fn looks(
    probe: &Probe,
    domains: &mut [Domain],
    planned: &[String],
    course: Course,
) -> Result<Vec<HostRow>, Unfinished> {
    let (mut done, mut hosts, mut known) = (Vec::new(), Vec::new(), HashSet::new());
    let mut further: Vec<&str> = planned.iter().map(String::as_str).collect();
    let mut under_way: Vec<&mut Domain> = domains.iter_mut().collect();
    loop {
        each(under_way.iter_mut().map(|domain| stages(probe, course, domain))).await?;
        for domain in &mut under_way {
            let is_new = |host: &&str| known.insert((*host).to_owned());
            hosts.extend(domain.send_off_hosts(probe.plan.starttls, is_new));
            let signals = domain.row.sts_signals;
            let also = targets(further.drain(..), signals, probe.plan.starttls);
            hosts.extend(
                also.filter(|host| known.insert((*host).to_owned()))
                    .map(|host| HostLook::new(host.to_owned())),
            );
        }
        each(hosts.iter_mut().map(|host| probe.host(host, |_| false))).await?;
        let mut longest = None;
        hosts.retain_mut(|host| {
            let (rows, wait) = host.take_final(course);
            done.extend(rows);
            longest = longest.max(wait);
            wait.is_some()
        });
        under_way.retain_mut(|domain| {
            let Step::Wait(wait) = course.next(domain.standing()) else { return false };
            longest = longest.max(Some(wait));
            domain.begin_look();
            true
        });
        let Some(wait) = longest else { return Ok(done) };
        tokio::time::sleep(wait).await;
    }
}

/// The stages of a look at a domain, but for its MX hosts.
async fn stages(probe: &Probe, course: Course, domain: &mut Domain) -> Result<(), Unfinished> {
    loop {
        match course.next(domain.standing()) {
            Step::Records => probe.records(domain).await?,
            Step::Policy => probe.policy(domain).await?,
            Step::Hosts | Step::Wait(_) | Step::Done => return Ok(()),
        }
    }
}

/// Runs them all at once: admission says how many may be under way.
async fn each<F>(work: impl Iterator<Item = F>) -> Result<(), Unfinished>
where
    F: Future<Output = Result<(), Unfinished>>,
{
    work.collect::<FuturesUnordered<_>>().try_collect().await
}

/// The chains that were sent, leaf first.
fn chains_of<'a>(rows: &'a [DomainRow], hosts: &'a [HostRow]) -> impl Iterator<Item = &'a [Vec<u8>]> {
    let of_policies = rows.iter().map(|row| row.policy.tls.chain.as_slice());
    of_policies.chain(hosts.iter().map(|row| row.smtp.tls.chain.as_slice()))
}

/// `known` is to hold what is known of the hosts.
fn judged(
    domains: Vec<Domain>,
    mut hosts: Vec<HostRow>,
    planned: &[String],
    authorities: Authorities<'_>,
    mut known: HostsOf,
) -> Vec<Checked> {
    let mut rows: Vec<DomainRow> = domains.into_iter().map(|domain| *domain.into_row()).collect();
    let chains: Vec<&[Vec<u8>]> = chains_of(&rows, &hosts).collect();
    let completed = Completed::of_chains(&chains, authorities);
    completed.judge_shown(&mut rows, &mut hosts);
    for leaf in chains_of(&rows, &hosts).filter_map(|chain| chain.first()) {
        let seen = facts(leaf);
        if let (Some(begin), Some(end)) = (seen.not_before, seen.not_after) {
            known.lives.note(&seen.sha256, begin, end);
        }
    }
    for row in &hosts {
        known.add(&SeenHost::from(row));
    }
    for der in hosts.iter().flat_map(|row| &row.smtp.tls.chain) {
        let sha256 = sha256_hex(der);
        if known.wants(&sha256) {
            known.show(&sha256, der);
        }
    }
    known.settle();
    let checked = rows.into_iter().map(|row| {
        let set = row.mx.iter().flatten();
        let of_set = set.flat_map(|mx| hosts.iter().filter(|seen| seen.host == mx.host)).cloned();
        Checked {
            judged: assess::domain(&SeenDomain::from(&row), &known),
            hosts: of_set.collect(),
            planned: (!planned.is_empty()).then(|| Planned::of(&row, planned, &known)),
            row,
        }
    });
    checked.collect()
}
