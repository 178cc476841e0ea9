//! What is found out before the first name: whether authoritative servers can be asked from here, by both
//! transports and by each family, and whether somebody in between answers in their place.

use super::{Iterating, Wire};
use crate::dns::engine::{Engine, Event, Exchange, Patience};
use crate::dns::tcp::over_tcp;
use crate::dns::wire::Edns;
use crate::dns::{RecordType, wire};
use crate::fault::LocalFault;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long a root server has.
const PATIENCE: Duration = Duration::from_secs(2);
/// Root servers of a family that are tried: that all of them are away at once has never happened.
const TRIES: usize = 3;
/// Addresses for documentation (RFC 5737, RFC 3849): nobody is there, so whoever answers from there is in
/// between.
const NOBODY: [&str; 2] = ["192.0.2.53", "2001:db8::53"];
/// The zone below which a name that nobody has is asked for.
const BUSY: &str = "com";

/// What stands against asking authoritative servers from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// No server of the root answers.
    #[error("no server of the root answers by UDP at port {port} ({family}); asked {asked}")]
    Udp {
        /// `IPv4` or `IPv6`.
        family: &'static str,
        /// The port.
        port: u16,
        /// Addresses that were asked.
        asked: String,
    },
    /// None takes a question by TCP.
    #[error("no server of the root answers by TCP at port {port}; asked {asked}")]
    Tcp {
        /// The port.
        port: u16,
        /// Addresses that were asked.
        asked: String,
    },
    /// Somebody in between answers in their place.
    #[error("somebody in between answers in place of the servers that are asked: {0}")]
    Intercepted(String),
}

impl Iterating {
    /// Whether authoritative servers can be asked from here.
    ///
    /// # Errors
    /// This machine has no sockets.
    pub(in crate::dns) async fn reach(&self, engine: &Engine) -> Result<Result<(), Closed>, LocalFault> {
        let mut open = None;
        for is_v6 in [false, true] {
            let may = |addr: &IpAddr| addr.is_ipv6() == is_v6 && self.admission.address(*addr).is_ok();
            let addrs: Vec<IpAddr> =
                self.hints.iter().flat_map(|(_, addrs)| addrs.iter().copied()).filter(may).collect();
            if addrs.is_empty() {
                continue;
            }
            match self.any_answers(engine, &addrs).await? {
                Some(found) => open = open.or(Some(found)),
                None => {
                    let family = if is_v6 { "IPv6" } else { "IPv4" };
                    return Ok(Err(Closed::Udp { family, port: self.port, asked: list(&addrs) }));
                }
            }
        }
        let Some((root, exchange)) = open else {
            return Ok(Err(Closed::Udp {
                family: "any family",
                port: self.port,
                asked: "nobody".to_owned(),
            }));
        };
        if over_tcp(&exchange, root, PATIENCE, false).await?.is_none() {
            return Ok(Err(Closed::Tcp { port: self.port, asked: root.ip().to_string() }));
        }
        if let Some(found) = self.fooled(engine, root).await? {
            return Ok(Err(Closed::Intercepted(found)));
        }
        Ok(Ok(()))
    }

    /// The first of these that answers, with its answer.
    async fn any_answers(
        &self,
        engine: &Engine,
        addrs: &[IpAddr],
    ) -> Result<Option<(SocketAddr, Exchange)>, LocalFault> {
        for addr in addrs.iter().take(TRIES) {
            let to = SocketAddr::new(*addr, self.port);
            if let Some(exchange) = question(engine, &Wire::root(), RecordType::NS, to).await? {
                return Ok(Some((to, exchange)));
            }
        }
        Ok(None)
    }

    /// What shows that somebody in between answers; `None` where nothing does.
    async fn fooled(&self, engine: &Engine, root: SocketAddr) -> Result<Option<String>, LocalFault> {
        let random = format!("sts-census-{:016x}.{BUSY}", engine.chance());
        let Some(name) = Wire::of(&random) else { return Ok(None) };
        // Silence proves nothing: a datagram may be lost.
        if let Some(exchange) = question(engine, &name, RecordType::A, root).await? {
            let found = exchange.read(|_, reply| {
                let head = wire::Head::of_answer(reply)?;
                let [_, answers, ..] = wire::counts(reply);
                let is_own_word = head.is_authoritative() && head.code() != 3;
                let signs =
                    [(head.offers_recursion(), "RA"), (is_own_word, "AA"), (answers > 0, "an answer")];
                let seen: Vec<&str> = signs.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
                (!seen.is_empty()).then(|| seen.join(" and "))
            });
            if let Some(found) = found {
                return Ok(Some(format!(
                    "{} sent {found} where the root only refers to the servers of `{BUSY}`",
                    root.ip()
                )));
            }
        }
        if self.port != wire::PORT {
            // A laboratory: its servers are no part of the Internet.
            return Ok(None);
        }
        for nobody in NOBODY.iter().filter_map(|addr| addr.parse::<IpAddr>().ok()) {
            if nobody.is_ipv6() && !self.admission.has_ipv6() {
                continue;
            }
            let to = SocketAddr::new(nobody, self.port);
            if question(engine, &Wire::root(), RecordType::NS, to).await?.is_some() {
                return Ok(Some(format!(
                    "an answer came from {nobody}, where nobody is (RFC 5737, RFC 3849)"
                )));
            }
        }
        Ok(None)
    }
}

/// Asks a server once; `None` where it does not answer.
async fn question(
    engine: &Engine,
    name: &Wire,
    kind: RecordType,
    to: SocketAddr,
) -> Result<Option<Exchange>, LocalFault> {
    let Some(mut exchange) = engine.authority_exchange(name.bytes(), kind, Edns::Plain) else {
        return Ok(None);
    };
    match exchange.send(to, Patience::just(PATIENCE)).await.0 {
        Event::Answer => Ok(Some(exchange)),
        Event::Fault(fault) if !fault.is_of_network() => Err(fault),
        _ => Ok(None),
    }
}

fn list(addrs: &[IpAddr]) -> String {
    addrs.iter().take(TRIES).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
