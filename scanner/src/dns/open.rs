//! The client that a plan asks for.

use super::iterate::hints;
use super::iterate::validation::anchors;
use super::{AuthorityPace, Closed, Dns, Iteration, system_resolvers};
use crate::admission::Admission;
use crate::fault::LocalFault;
use crate::plan::{Resolvers, ScanPlan};
use crate::runtime::dns_workers;
use crate::uplink::Uplink;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Threads that ask authoritative servers, beside the one of the contacts: one does 20,000 names per second,
/// and each has its share only of what a server may be asked.
const MOST_WORKERS: usize = 8;

/// Threads that ask about names of the list by this plan.
#[must_use]
pub fn workers(plan: &ScanPlan) -> usize {
    let most = if plan.resolvers.is_iterating() { MOST_WORKERS } else { usize::MAX };
    dns_workers().min(most)
}

/// The resolvers of a plan; none where it asks authoritative servers.
///
/// # Errors
/// It asks the system's, and there are none.
pub fn resolvers(plan: &ScanPlan) -> Result<Vec<SocketAddr>, LocalFault> {
    match &plan.resolvers {
        Resolvers::None => Ok(Vec::new()),
        Resolvers::System => system_resolvers(),
        Resolvers::These(these) => Ok(these.clone()),
    }
}

/// A client for a command by hand, and why it asks this machine's resolvers where that was not asked for: the
/// authoritative servers cannot be asked from here, and nobody said that it must be them.
///
/// # Errors
/// As [`open`]; also that nobody else may be asked.
pub fn open_by_hand(
    plan: &mut ScanPlan,
    in_flight: usize,
    admission: &Arc<Admission>,
    line: &Arc<Uplink>,
    runtime: &Runtime,
) -> Result<(Dns, Option<Closed>), ByHand> {
    let dns = open(plan, 1, in_flight, admission.clone(), line.clone())?;
    let Err(closed) = runtime.block_on(dns.reach())? else { return Ok((dns, None)) };
    if !plan.falls_back_on_the_system() {
        return Err(closed.into());
    }
    Ok((open(plan, 1, in_flight, admission.clone(), line.clone())?, Some(closed)))
}

/// What to tell whoever did not ask for this machine's resolvers.
#[must_use]
pub fn fallen_back(closed: &impl fmt::Display) -> String {
    format!(
        "note: this machine's resolvers are asked (/etc/resolv.conf), since authoritative servers cannot be: {closed}"
    )
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum ByHand {
    /// This machine.
    #[error(transparent)]
    Fault(#[from] LocalFault),
    /// Authoritative servers cannot be asked from here.
    #[error(transparent)]
    Closed(#[from] Closed),
}

/// A client for so many threads, each of which has at most `in_flight` questions in flight to each resolver.
///
/// # Errors
/// There are no resolvers, or the file of hints or of keys cannot be read.
pub fn open(
    plan: &ScanPlan,
    threads: usize,
    in_flight: usize,
    admission: Arc<Admission>,
    line: Arc<Uplink>,
) -> Result<Dns, LocalFault> {
    if !plan.resolvers.is_iterating() {
        let rate = plan.pace.per_resolver_rate;
        return Ok(Dns::new(resolvers(plan)?, plan.deadlines.dns, in_flight, rate, admission, line));
    }
    let hints = match &plan.root_hints {
        None => hints::built_in(),
        Some(path) => {
            let doing = "read the root's servers";
            let text = std::fs::read_to_string(path).map_err(|source| LocalFault::Os { doing, source })?;
            let wrong = |why| LocalFault::Setup { doing, reason: format!("{}: {why}", path.display()) };
            hints::parse(&text).map_err(wrong)?
        }
    };
    // The keys of the root that everybody knows say nothing of another root.
    let anchors = match &plan.trust_anchor {
        None => plan.root_hints.is_none().then(anchors::built_in),
        Some(path) => {
            let doing = "read the root's keys";
            let text = std::fs::read_to_string(path).map_err(|source| LocalFault::Os { doing, source })?;
            let wrong = |why| LocalFault::Setup { doing, reason: format!("{}: {why}", path.display()) };
            Some(anchors::parse(&text).map_err(wrong)?)
        }
    };
    let pace = &plan.pace;
    let iteration = Iteration {
        hints,
        anchors,
        port: plan.authority_port,
        pace: AuthorityPace {
            server: (pace.per_server_rate, pace.per_server_in_flight),
            operator: (pace.per_operator_rate, pace.per_operator_in_flight),
            tld: (pace.per_tld_rate, pace.per_tld_in_flight),
        },
        threads,
    };
    Ok(Dns::iterating(&iteration, plan.deadlines.dns, admission, line))
}
