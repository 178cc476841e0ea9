//! What is found out before the first name: resolvers, families, port 25, roots, exclusions.

use crate::admission::{Admission, Exclusions};
use crate::dataset::manifest::{Resolution, Vantage, Versions};
use crate::dns::{self, Dns, Lookup};
use crate::error::ScanError;
use crate::fault::LocalFault;
use crate::meters::{Meters, Process};
use crate::plan::descriptors::{Lowered, Machine};
use crate::plan::{PlanError, ScanPlan, StarttlsScope};
use crate::probe::{self, Above, Names, Probe, Reached};
use crate::tls::{TlsClient, Trust, paths};
use crate::uplink::{Routes, Uplink};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Everything that the stages need, ready.
pub(crate) struct Prepared {
    /// The plan's manners as they were meant, whatever this machine bears.
    pub(crate) manners: Value,
    /// Budgets that this machine does not bear.
    pub(crate) lowered: Lowering,
    pub(crate) probe: Probe,
    pub(crate) versions: Versions,
    pub(crate) vantage: Vantage,
    /// Resolvers that did not answer.
    pub(crate) silent: Vec<SocketAddr>,
}

/// Budgets that were lowered to what the machine bears.
#[derive(Debug, Clone, Default)]
pub struct Lowering {
    /// Which; none where all are as planned.
    pub budgets: Vec<Lowered>,
    /// Files that may be open.
    pub open_files: u64,
}

/// Lowers a plan's budgets to what this machine's limit of open files bears, after raising that as far as it
/// goes.
///
/// # Errors
/// The limit does not bear the least that a scan needs.
pub fn fit(plan: &mut ScanPlan, resolvers: &[SocketAddr]) -> Result<Lowering, PlanError> {
    let open_files = raise_open_files();
    let workers = dns::workers(plan) as u64;
    let open_now = Process::now().fds.unwrap_or(0);
    let of_engine = match plan.resolvers.is_iterating() {
        true => dns::engine::DESCRIPTORS_TO_ALL as u64,
        false => resolvers.iter().map(|addr| dns::engine::descriptors_to(*addr) as u64).sum(),
    };
    let budgets = plan.fit_open_files(Machine { open_files, workers, open_now, of_engine })?;
    Ok(Lowering { budgets, open_files })
}

/// `began` is when the scan began, seconds since 1970: the roots that are trusted are those of then, also
/// where it goes on later.
pub(crate) fn prepare(
    mut plan: ScanPlan,
    began: u64,
    stop: CancellationToken,
) -> Result<Prepared, ScanError> {
    let exclusions = Exclusions::read(&plan.exclude)?;
    let trust = Trust::load_as_of(&plan.trust, began)?;
    if let Some(path) = &plan.intermediates {
        // Needed at the end: anything wrong with it is better known now.
        paths::read_pem(path)?;
    }
    let versions = versions(&trust);
    let resolvers = dns::resolvers(&plan)?;
    let manners = plan.manners();
    let lowered = fit(&mut plan, &resolvers)?;
    let ipv6 = Routes::now().v6;
    let uplink = Arc::new(Uplink::new(plan.pause_limit, stop.clone()));
    let admission = Arc::new(Admission::new(&plan, exclusions, ipv6, stop));
    let threads = dns::workers(&plan) + 1;
    let in_flight = plan.pace.resolver_share(threads);
    let mut dns = dns::open(&plan, threads, in_flight, admission.clone(), uplink.clone())?;
    let runtime = crate::runtime::runtime()?;
    runtime.block_on(dns.reach())?.map_err(|closed| ScanError::Closed(closed.to_string()))?;
    let found = runtime.block_on(dns.preflight())?;
    uplink.watch();
    let smtp = runtime.block_on(dns.attend(smtp_reachable(&plan, &dns, &admission)))??;
    let vantage = Vantage {
        ehlo_name: plan.identity.ehlo_name.clone(),
        resolvers: dns.resolvers().iter().map(ToString::to_string).collect(),
        resolver_validates: found.validates,
        resolution: Some(Resolution::of(dns.is_iterating())),
        ipv6,
        smtp,
    };
    let probe = Probe {
        plan: Arc::new(plan),
        admission,
        dns,
        tls: TlsClient::new(trust)?,
        meters: Arc::new(Meters::new()?),
        above: Above::default(),
        names: Names::default(),
        smtp_reachable: smtp != Some(false),
        validates: found.validates,
    };
    Ok(Prepared { manners, lowered, probe, versions, vantage, silent: found.silent })
}

/// The usual limit of 1,024 open files is less than the connections that the plan may have open; the system
/// says how far it may be raised.
///
/// Gives what may be open now.
fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised the limit stays what it was, and the plan is fitted to that.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Whether port 25 is open from here; `None` where there is no own mail server to tell by, no MX host is
/// wanted, or the targets are private.
async fn smtp_reachable(
    plan: &ScanPlan,
    dns: &Dns,
    admission: &Admission,
) -> Result<Option<bool>, LocalFault> {
    if plan.starttls == StarttlsScope::None || plan.allow_private {
        return Ok(None);
    }
    let lookup = Lookup::new(dns, plan.deadlines.dns)?;
    Ok(match probe::own_mail_server(plan, &lookup, admission).await? {
        Reached::Yes(_) => Some(true),
        Reached::No(_) => Some(false),
        Reached::Unknown(_) => None,
    })
}

/// This program's versions, with the trust store's.
fn versions(trust: &Trust) -> Versions {
    Versions {
        tool: format!("sts-scan {}", env!("CARGO_PKG_VERSION")),
        public_suffix_list: format!("psl {}", env!("PSL_VERSION")),
        trust_store: trust.version().to_owned(),
        trust_store_sha256: trust.sha256().to_owned(),
        trust_store_date: trust.date().map(|date| humantime::format_rfc3339_seconds(date).to_string()),
        trust_store_dropped: Some(trust.dropped().len() as u64),
    }
}
