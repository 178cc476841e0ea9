//! Whether others can tell who scans: reverse DNS, forward DNS and EHLO name agree, and port 25 is open
//! outwards.

mod pages;
mod text;

pub use pages::write;
pub use text::text;

use crate::admission::{Admission, Exclusions, is_public};
use crate::dns::{self, ByHand, Closed, Lookup};
use crate::error::ScanError;
use crate::fault::LocalFault;
use crate::plan::ScanPlan;
use crate::probe::{Reached, own_mail_server};
use crate::uplink::{Routes, Uplink};
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is to be checked.
pub struct IdentityJob {
    /// Identity, resolvers and port.
    pub plan: ScanPlan,
    /// The addresses that others see; none: those that this machine reaches the Internet from.
    pub addresses: Vec<IpAddr>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// It is as it should be.
    Good,
    /// It is not.
    Bad,
    /// It could not be checked, or need not be.
    Open,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// What came of it.
    pub outcome: CheckOutcome,
    /// What was found.
    pub found: String,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

impl Check {
    fn good(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), outcome: CheckOutcome::Good, found: found.into(), remedy: None }
    }

    fn bad(what: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (what, found, remedy) = (what.into(), found.into(), Some(remedy.into()));
        Self { what, outcome: CheckOutcome::Bad, found, remedy }
    }

    fn open(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), outcome: CheckOutcome::Open, found: found.into(), remedy: None }
    }
}

/// Runs all checks.
///
/// # Errors
/// No resolver answers, or this machine has no sockets.
pub fn run(job: &IdentityJob) -> Result<Vec<Check>, ScanError> {
    let plan = &mut job.plan.clone();
    let stop = CancellationToken::new();
    let admission = Arc::new(Admission::new(plan, Exclusions::default(), Routes::now().v6, stop.clone()));
    let uplink = Arc::new(Uplink::new(Duration::ZERO, stop));
    let runtime = crate::runtime::runtime()?;
    let in_flight = plan.pace.dns_in_flight;
    let opened = dns::open_by_hand(plan, in_flight, &admission, &uplink, &runtime);
    let (mut dns, closed) = opened.map_err(|wrong| match wrong {
        ByHand::Fault(fault) => ScanError::from(fault),
        ByHand::Closed(closed) => ScanError::Closed(closed.to_string()),
    })?;
    runtime.block_on(dns.preflight())?;
    let checks = async {
        let lookup = Lookup::new(&dns, plan.deadlines.dns)?;
        let mut checks = of_words(plan);
        checks.extend((dns.is_iterating() || closed.is_some()).then(|| port_53(closed.as_ref())));
        let (addresses, of_addresses) = sources(job);
        checks.extend(of_addresses);
        for addr in &addresses {
            checks.extend(of_address(*addr, &plan.identity.ehlo_name, &lookup).await);
        }
        checks.push(port_25(plan, &lookup, &admission).await?);
        Ok::<_, LocalFault>(checks)
    };
    Ok(runtime.block_on(dns.attend(checks))??)
}

/// What needs no network.
fn of_words(plan: &ScanPlan) -> Vec<Check> {
    let identity = &plan.identity;
    let said = |what: &str, value: Option<&String>, remedy: &str| match value {
        Some(value) => Check::good(what, value.as_str()),
        None => Check::bad(what, "not given", remedy),
    };
    let name = &identity.ehlo_name;
    let is_whole = name.contains('.') && name.parse::<IpAddr>().is_err() && !name.ends_with(".localdomain");
    let ehlo = if is_whole {
        Check::good("EHLO name", name.as_str())
    } else {
        let remedy = "give the machine's full name with --ehlo-name (RFC 5321 section 4.1.4)";
        Check::bad("EHLO name", format!("{name} is not a name that others can look up"), remedy)
    };
    vec![
        said("contact", identity.contact.as_ref(), "give a mailbox that a person reads with --contact"),
        said(
            "info page",
            identity.info_url.as_ref(),
            "give a page that explains the scan with --info-url; -o DIR writes one",
        ),
        ehlo,
    ]
}

/// The addresses that others see, with what is wrong about them.
fn sources(job: &IdentityJob) -> (Vec<IpAddr>, Vec<Check>) {
    if !job.addresses.is_empty() {
        return (job.addresses.clone(), Vec::new());
    }
    let (mut addresses, mut checks) = (Vec::new(), Vec::new());
    let v4 = ("IPv4", "0.0.0.0:0", crate::uplink::IPV4_INTERNET);
    let v6 = ("IPv6", "[::]:0", crate::uplink::IPV6_INTERNET);
    for (family, any, to) in [v4, v6] {
        match source(any, to) {
            None => checks.push(Check::open(format!("{family} address"), "no route to the Internet")),
            Some(addr) if is_public(addr) => addresses.push(addr),
            Some(addr) => checks.push(Check::bad(
                format!("{family} address"),
                format!("{addr} is in a private network: others see another address"),
                "give the address that others see with --address",
            )),
        }
    }
    (addresses, checks)
}

/// The address that packets to an address would come from; a connected UDP socket sends nothing.
fn source(any: &str, to: &str) -> Option<IpAddr> {
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(to).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Reverse DNS, and both ways forward (RFC 1912 section 2.1, RFC 8601 section 3).
async fn of_address(addr: IpAddr, ehlo: &str, lookup: &Lookup<'_>) -> Vec<Check> {
    let reverse = format!("reverse DNS of {addr}");
    let Ok(names) = lookup.names(addr).await else {
        let remedy = "make sure that the name servers of the reverse zone answer";
        return vec![Check::bad(reverse, "no answer", remedy), forward(addr, ehlo, lookup).await];
    };
    let said = names.join(", ");
    let mut checks = vec![if names.is_empty() {
        let remedy = format!(
            "have your provider set the PTR record of {addr} to {ehlo}: many mail servers refuse clients without one"
        );
        Check::bad(reverse, "none", remedy)
    } else if names.iter().any(|name| name.eq_ignore_ascii_case(ehlo)) {
        Check::good(reverse, said)
    } else {
        let remedy = format!("give {} with --ehlo-name, or have the PTR record set to {ehlo}", names[0]);
        Check::bad(reverse, format!("{said}, not the EHLO name {ehlo}"), remedy)
    }];
    for name in names.iter().filter(|name| !name.eq_ignore_ascii_case(ehlo)) {
        checks.push(forward(addr, name, lookup).await);
    }
    checks.push(forward(addr, ehlo, lookup).await);
    checks
}

async fn forward(addr: IpAddr, name: &str, lookup: &Lookup<'_>) -> Check {
    let what = format!("forward DNS of {name}");
    let kind = if addr.is_ipv4() { "A" } else { "AAAA" };
    match lookup.addresses(name).await {
        Err(_) => Check::bad(what, "no answer", format!("make sure that the name servers of {name} answer")),
        Ok(found) if found.contains(&addr) => Check::good(what, addr.to_string()),
        Ok(found) if found.is_empty() => {
            Check::bad(what, "no address", format!("publish an {kind} record for {name} with {addr}"))
        }
        Ok(found) => {
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            let remedy = format!("add {addr} to the {kind} records of {name}");
            Check::bad(what, format!("{}, not {addr}", found.join(", ")), remedy)
        }
    }
}

fn port_53(closed: Option<&Closed>) -> Check {
    let what = "outbound port 53";
    match closed {
        None => Check::good(what, "open: the root's servers answer by UDP and TCP"),
        Some(closed) => {
            let remedy = "have it opened to every address, by UDP and TCP, or scan with --resolver; the checks here asked this machine's resolvers";
            Check::bad(what, closed.to_string(), remedy)
        }
    }
}

async fn port_25(plan: &ScanPlan, lookup: &Lookup<'_>, admission: &Admission) -> Result<Check, LocalFault> {
    let what = format!("outbound port {}", plan.smtp_port);
    Ok(match own_mail_server(plan, lookup, admission).await? {
        Reached::Unknown(why) => Check::open(what, why),
        Reached::Yes(server) => Check::good(what, format!("open: {server} answers")),
        Reached::No(tried) => {
            let remedy = "ask your provider to open it: many block it for new machines; until then, scan with --starttls none";
            Check::bad(what, format!("no answer from {tried}"), remedy)
        }
    })
}
