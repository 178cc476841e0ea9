//! DNS questions to recursive resolvers: the only place that names hickory.

mod answer;

pub use answer::Answer;

use crate::admission::{Admission, Waited};
use crate::dataset::words::DnsStatus;
use crate::fault::{LocalFault, Unfinished};
use crate::moment;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsHandle, DnsRequestSender, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query};
use hickory_resolver::proto::rr::Name;
pub use hickory_resolver::proto::rr::RecordType;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Datagram size offered in EDNS: what passes every path unfragmented (DNS flag day 2020).
const EDNS_PAYLOAD: u16 = 1232;

/// Asks recursive resolvers, with retransmission to the next one and TCP after truncation.
pub struct Dns {
    resolvers: Vec<SocketAddr>,
    deadline: Duration,
    turn: AtomicUsize,
    admission: Arc<Admission>,
}

/// The addresses of a host, both families together.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// NOERROR where any was had, else the failure of A, else that of AAAA, else NODATA or NXDOMAIN.
    pub status: DnsStatus,
    /// IPv4 and IPv6 in turn, IPv4 first, ascending within a family.
    pub addrs: Vec<IpAddr>,
    /// The CNAME chain; `None` where neither answer was definite.
    pub chain: Option<Vec<String>>,
    /// AD bit of the answer that was used: that of A where it has addresses, else that of AAAA.
    pub ad: Option<bool>,
}

impl Dns {
    /// A client of these resolvers; each question may take `deadline` in all.
    #[must_use]
    pub fn new(resolvers: Vec<SocketAddr>, deadline: Duration, admission: Arc<Admission>) -> Self {
        Self { resolvers, deadline, turn: AtomicUsize::new(0), admission }
    }

    /// The answer to one question; dropping the future gives the question up.
    ///
    /// # Errors
    /// Only where this machine failed (no sockets, no memory) or the scan was stopped. Everything a resolver does is
    /// an [`Answer`].
    pub async fn ask(&self, name: &str, kind: RecordType, waited: &mut Waited) -> Result<Answer, Unfinished> {
        // A trailing dot keeps the name absolute whatever the search list says.
        let Ok(name) = Name::from_ascii(format!("{}.", name.trim_end_matches('.'))) else {
            return Ok(Answer::without(DnsStatus::BadAnswer, moment::now()));
        };
        let mut left = self.deadline;
        for part in [8, 4, 1] {
            self.admission.dns(waited).await?;
            let began = Instant::now();
            let resolver = self.resolvers[self.turn.fetch_add(1, Ordering::Relaxed) % self.resolvers.len()];
            let patience = if part == 1 { left } else { (self.deadline / part).min(left) };
            let outcome = self.exchange(resolver, &name, kind, patience).await;
            left = left.saturating_sub(began.elapsed());
            match outcome {
                Err(NetError::Timeout | NetError::Io(_)) if !left.is_zero() => {
                    if let Err(NetError::Io(error)) = &outcome {
                        fault_of(error)?;
                    }
                }
                Err(error) => return Ok(Self::failed(&error)?),
                Ok(response) if response.metadata.truncation => {
                    return Ok(self.over_tcp(resolver, &name, kind, left).await?);
                }
                Ok(response) => return Ok(Answer::read(response.into_message(), &name, kind, moment::now())),
            }
        }
        Ok(Answer::without(DnsStatus::Timeout, moment::now()))
    }

    fn failed(error: &NetError) -> Result<Answer, LocalFault> {
        let status = match error {
            NetError::Timeout => DnsStatus::Timeout,
            NetError::Io(error) => {
                fault_of(error)?;
                DnsStatus::Timeout
            }
            _ => DnsStatus::BadAnswer,
        };
        Ok(Answer::without(status, moment::now()))
    }

    async fn exchange(
        &self,
        resolver: SocketAddr,
        name: &Name,
        kind: RecordType,
        patience: Duration,
    ) -> Result<DnsResponse, NetError> {
        // One datagram a call: this module owns its retransmissions, because the library's own interval
        // grows with the server's record of NXDOMAIN answers, which are the rule in a scan.
        let mut stream = UdpClientStream::builder(resolver, TokioRuntimeProvider::default())
            .with_timeout(Some(patience))
            .with_max_retries(0)
            .with_os_port_selection(true)
            .build();
        stream.send_message(request(name, kind)).first_answer().await
    }

    async fn over_tcp(
        &self,
        resolver: SocketAddr,
        name: &Name,
        kind: RecordType,
        left: Duration,
    ) -> Result<Answer, LocalFault> {
        // The provider owns the connection's task: it must outlive the exchange.
        let provider = TokioRuntimeProvider::default();
        let exchange = async {
            let tcp = TcpClientStream::exchange(resolver, None, left, None, provider.clone()).await?;
            tcp.send(request(name, kind)).first_answer().await
        };
        match tokio::time::timeout(left, exchange).await {
            Ok(Ok(response)) if !response.metadata.truncation => {
                Ok(Answer::read(response.into_message(), name, kind, moment::now()))
            }
            Ok(Err(NetError::Io(error))) => {
                fault_of(&error)?;
                Ok(Answer::without(DnsStatus::Truncated, moment::now()))
            }
            _ => Ok(Answer::without(DnsStatus::Truncated, moment::now())),
        }
    }

    /// The addresses of a host: A and AAAA, asked together.
    ///
    /// # Errors
    /// As [`Dns::ask`].
    pub async fn addresses(&self, host: &str, waited: &mut Waited) -> Result<Addresses, Unfinished> {
        let mut waited_too = Waited::default();
        let (v4, v6) = tokio::join!(
            self.ask(host, RecordType::A, waited),
            self.ask(host, RecordType::AAAA, &mut waited_too)
        );
        waited.add(waited_too);
        Ok(Addresses::from_answers(&v4?, &v6?))
    }

    /// The resolvers that are asked.
    #[must_use]
    pub fn resolvers(&self) -> &[SocketAddr] {
        &self.resolvers
    }

    /// Asks each resolver for the root's SOA; keeps those that answer, and says whether all of them validate.
    ///
    /// # Errors
    /// No resolver answers within the deadline.
    pub async fn preflight(&mut self) -> Result<Preflight, LocalFault> {
        let mut silent = Vec::new();
        let mut validates = true;
        let mut answering = Vec::new();
        for resolver in self.resolvers.clone() {
            match self.exchange(resolver, &Name::root(), RecordType::SOA, self.deadline).await {
                Ok(response) => {
                    validates &= response.metadata.authentic_data;
                    answering.push(resolver);
                }
                Err(_) => silent.push(resolver),
            }
        }
        if answering.is_empty() {
            let names: Vec<String> = silent.iter().map(ToString::to_string).collect();
            return Err(LocalFault::Setup {
                doing: "begin",
                reason: format!("no resolver answers within {:?}, asked {}", self.deadline, names.join(", ")),
            });
        }
        self.resolvers = answering;
        Ok(Preflight { silent, validates })
    }
}

/// What the resolvers said before the scan began.
#[derive(Debug)]
pub struct Preflight {
    /// Resolvers that did not answer; they are left out.
    pub silent: Vec<SocketAddr>,
    /// Whether every other set AD on the root's SOA.
    pub validates: bool,
}

impl Addresses {
    fn from_answers(v4: &Answer, v6: &Answer) -> Self {
        let addrs = in_turn(v4.addresses(), v6.addresses());
        let failure = [v4, v6].into_iter().find(|a| !a.status.is_definite());
        let status = match failure {
            _ if !addrs.is_empty() => DnsStatus::NoError,
            Some(failed) => failed.status,
            None if v4.status == DnsStatus::NxDomain && v6.status == DnsStatus::NxDomain => {
                DnsStatus::NxDomain
            }
            None => DnsStatus::NoData,
        };
        let used = if v4.addresses().is_empty() && (!v6.addresses().is_empty() || v4.ad.is_none()) {
            v6
        } else {
            v4
        };
        let chain = v4.chain.clone().or_else(|| v6.chain.clone());
        Self { status, addrs, chain, ad: used.ad }
    }
}

fn fault_of(error: &std::io::Error) -> Result<(), LocalFault> {
    LocalFault::of_io("ask a resolver", error).map_or(Ok(()), Err)
}

/// IPv4 and IPv6 in turn, IPv4 first.
fn in_turn(v4: Vec<IpAddr>, v6: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut v4, mut v6) = (v4.into_iter(), v6.into_iter());
    let mut both = Vec::with_capacity(v4.len() + v6.len());
    loop {
        let pair = (v4.next(), v6.next());
        both.extend(pair.0.into_iter().chain(pair.1));
        if pair == (None, None) {
            return both;
        }
    }
}

fn request(name: &Name, kind: RecordType) -> DnsRequest {
    let mut options = DnsRequestOptions::default();
    options.edns_payload_len = EDNS_PAYLOAD;
    let mut request = DnsRequest::from_query(Query::query(name.clone(), kind), options);
    // Asks for the AD bit without asking for signatures (RFC 6840 section 5.7).
    request.metadata.authentic_data = true;
    request
}

/// The resolvers of this machine.
///
/// # Errors
/// `/etc/resolv.conf` cannot be read or names none.
pub fn system_resolvers() -> Result<Vec<SocketAddr>, LocalFault> {
    let unusable =
        |reason: String| LocalFault::Setup { doing: "find a resolver (give --resolver ADDR)", reason };
    let (config, _) =
        hickory_resolver::system_conf::read_system_conf().map_err(|e| unusable(e.to_string()))?;
    let mut servers: Vec<SocketAddr> =
        config.name_servers().iter().map(|s| SocketAddr::new(s.ip, 53)).collect();
    servers.dedup();
    if servers.is_empty() {
        return Err(unusable("/etc/resolv.conf names none".to_owned()));
    }
    Ok(servers)
}
