//! What is found out before the first name: resolvers, families, port 25, roots, exclusions.

use super::ScanError;
use crate::admission::{Admission, Exclusions, Waited, is_public};
use crate::dataset::manifest::{Vantage, Versions};
use crate::dns::{self, Dns, RecordType};
use crate::fault::LocalFault;
use crate::plan::{ScanPlan, StarttlsScope};
use crate::probe::Probe;
use crate::tls::{TlsClient, Trust, paths};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Everything that the stages need, ready.
pub(crate) struct Prepared {
    pub(crate) probe: Probe,
    pub(crate) versions: Versions,
    pub(crate) vantage: Vantage,
    /// Resolvers that did not answer.
    pub(crate) silent: Vec<SocketAddr>,
}

/// An address of the IPv6 Internet (a root server's), to which a route is looked up and nothing is sent.
const IPV6_INTERNET: &str = "[2001:500:2::c]:53";

pub(crate) fn prepare(plan: ScanPlan, stop: CancellationToken) -> Result<Prepared, ScanError> {
    let exclusions = Exclusions::read(&plan.exclude)?;
    let trust = Trust::load(&plan.trust)?;
    if let Some(path) = &plan.intermediates {
        // Needed at the end: what is wrong with it is better known now.
        paths::read_pem(path)?;
    }
    raise_open_files();
    let versions = Versions::of(&trust);
    let ipv6 = has_ipv6();
    let admission = Arc::new(Admission::new(&plan, exclusions, ipv6, stop));
    let resolvers = if plan.resolvers.is_empty() { dns::system_resolvers()? } else { plan.resolvers.clone() };
    let in_flight = plan.pace.resolver_share(super::dns_workers() + 1);
    let rate = plan.pace.per_resolver_rate;
    let mut dns = Dns::new(resolvers, plan.deadlines.dns, in_flight, rate, admission.clone());
    let runtime = super::runtime()?;
    let found = runtime.block_on(dns.preflight())?;
    let smtp = runtime.block_on(dns.attend(smtp_reachable(&plan, &dns, &admission)))??;
    let vantage = Vantage {
        ehlo_name: plan.identity.ehlo_name.clone(),
        resolvers: dns.resolvers().iter().map(ToString::to_string).collect(),
        resolver_validates: found.validates,
        ipv6,
        smtp,
    };
    let probe = Probe {
        plan: Arc::new(plan),
        admission,
        dns,
        tls: TlsClient::new(trust)?,
        smtp_reachable: smtp != Some(false),
    };
    Ok(Prepared { probe, versions, vantage, silent: found.silent })
}

/// The usual limit of 1,024 open files is less than the connections that the plan may have open; the system says how far it may be raised.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised the limit stays what it was, and what is too much is a fault of this machine.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// Whether there is a route to the IPv6 Internet; a connected UDP socket sends nothing.
fn has_ipv6() -> bool {
    UdpSocket::bind("[::]:0").and_then(|socket| socket.connect(IPV6_INTERNET)).is_ok()
}

/// Whether port 25 is open from here, found out at the operator's own mail server: that of the contact address.
///
/// `None` where there is no contact, no MX host is wanted, or the targets are private. An answer of any kind,
/// a refusal included, shows that the port is not blocked on the way.
async fn smtp_reachable(
    plan: &ScanPlan,
    dns: &Dns,
    admission: &Admission,
) -> Result<Option<bool>, LocalFault> {
    let own = plan.identity.contact.as_deref().and_then(|contact| contact.rsplit_once('@'));
    let Some((_, domain)) = own.filter(|_| plan.starttls != StarttlsScope::None && !plan.allow_private)
    else {
        return Ok(None);
    };
    let mut waited = Waited::default();
    let Ok(answer) = dns.ask(domain, RecordType::MX, &mut waited).await else { return Ok(None) };
    let mut asked = false;
    for (_, host) in answer.mx().into_iter().filter(|(_, host)| !admission.excludes(host)).take(3) {
        let Ok(addresses) = dns.addresses(&host, &mut waited).await else { continue };
        let usable = |addr: &std::net::IpAddr| is_public(*addr) && admission.address(*addr).is_ok();
        for addr in addresses.addrs.into_iter().filter(usable).take(2) {
            asked = true;
            let connect = tokio::net::TcpStream::connect(SocketAddr::new(addr, plan.smtp_port));
            match tokio::time::timeout(plan.deadlines.dns, connect).await {
                Ok(Ok(_)) => return Ok(Some(true)),
                Ok(Err(e)) if e.kind() == std::io::ErrorKind::ConnectionRefused => return Ok(Some(true)),
                Ok(Err(e)) => LocalFault::of_io("connect to your own mail server", &e).map_or(Ok(()), Err)?,
                Err(_) => {}
            }
        }
    }
    Ok(asked.then_some(false))
}
