//! Name servers: their names, and the addresses they have on the loopback network.
//!
//! The root is 127.64.0.1 and .2; the registry of a top-level domain 127.65.T.1 and .2, of suffixes of
//! several labels below it .3 and .4; operators have 127.66.0.1 upwards; servers that something is wrong with
//! 127.67.KIND.1 upwards.

use super::{Content, ODD, TTL, Zone};
use crate::dice::draw;
use crate::situation::Server;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Label of the names of a registry's servers.
pub(super) const REGISTRY_LABEL: &str = "nic.";
/// Addresses that servers of one kind are spread over, so that a silent one is one domain's.
const SPREAD: u64 = 250;
/// Of 100 domains so many have name servers of their own name.
const VANITY: u64 = 15;
/// The metadata service of clouds: no host's, in a laboratory neither.
const FORBIDDEN: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// A server of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameServer {
    /// Its name.
    pub name: String,
    /// Its address; `None` where there is none to be had.
    pub addr: Option<IpAddr>,
    /// What it does.
    pub does: Server,
}

impl NameServer {
    pub(super) fn good(name: String, addr: Ipv4Addr) -> Self {
        Self { name, addr: Some(addr.into()), does: Server::Good }
    }

    /// One whose address nobody says.
    pub(super) const fn unknown(name: String, does: Server) -> Self {
        Self { name, addr: None, does }
    }

    /// The address that stands beside a delegation in a zone, where it does: the name is below that zone, and
    /// an address of its own is known (RFC 9471 section 2).
    #[must_use]
    pub fn glue(&self, zone: &str) -> Option<IpAddr> {
        let is_below = zone.is_empty() || super::is_at_or_below(&self.name, zone);
        self.addr.filter(|_| is_below && self.does != Server::Alias)
    }
}

/// The servers of the root.
pub(crate) fn root() -> Zone {
    let server = |turn: u8| {
        let label = char::from(b'a' + turn);
        NameServer::good(format!("{label}.root.lab"), Ipv4Addr::new(127, 64, 0, 1 + turn))
    };
    Zone { apex: String::new(), servers: (0..2).map(server).collect(), ttl: TTL, content: Content::Registry }
}

/// The zone of a suffix.
pub(super) fn registry(suffix: &str) -> Zone {
    let (top, first) = match suffix.rsplit_once('.') {
        Some((_, top)) => (top, 3),
        None => (suffix, 1),
    };
    let third = number_of(top);
    let server = |turn: u8| {
        let name = format!("ns{}.{REGISTRY_LABEL}{suffix}", turn + 1);
        NameServer::good(name, Ipv4Addr::new(127, 65, third, first + turn))
    };
    Zone {
        apex: suffix.to_owned(),
        servers: (0..2).map(server).collect(),
        ttl: TTL,
        content: Content::Registry,
    }
}

/// The number of a top-level domain; those that no made-up name has share some.
fn number_of(top: &str) -> u8 {
    let known = crate::names::top_levels().iter().position(|known| *known == top);
    let number = known.map_or_else(|| 100 + draw(0, top.as_bytes()) % 150, |at| at as u64);
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// Whether a suffix of several labels is a zone of its own: three in four are.
pub(super) fn is_cut(suffix: &str) -> bool {
    !draw(0x0c07, suffix.as_bytes()).is_multiple_of(4)
}

/// Whether the servers of a domain have names of its own.
pub(super) fn is_vanity(seed: u64, domain: &str) -> bool {
    draw(seed ^ 0x7a71_7e5f, domain.as_bytes()) % 100 < VANITY
}

/// A server's place among those of its zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'z> {
    pub(super) zone: &'z str,
    /// From 1.
    pub(super) turn: u8,
    /// The address that an alias leads to.
    pub(super) alias: Option<Ipv4Addr>,
}

impl Place<'_> {
    /// The server that does this.
    pub(super) fn server(self, does: Server) -> NameServer {
        let own =
            |addr: Option<IpAddr>| NameServer { name: format!("ns{}.{}", self.turn, self.zone), addr, does };
        let odd = |label: &str, addr| NameServer { name: format!("{label}.{ODD}"), addr, does };
        match does {
            Server::Nonexistent => odd("gone", None),
            Server::Addressless => odd("bare", None),
            Server::Alias => odd("alias", self.alias.map(IpAddr::from)),
            Server::Circle => NameServer::unknown(format!("ns1.{}", super::CIRCLE[0]), does),
            Server::Unglued => own(None),
            Server::OnlyIpv6 => {
                own(Some(Ipv6Addr::new(0xfd00, 0x67, 0, 0, 0, 0, 0, self.turn.into()).into()))
            }
            Server::Forbidden => own(Some(FORBIDDEN.into())),
            _ => own(Some(self.address(does).into())),
        }
    }

    fn address(self, does: Server) -> Ipv4Addr {
        let kind = Server::ALL.iter().position(|one| *one == does).unwrap_or_default();
        let share = draw(0, self.zone.as_bytes()).wrapping_add(self.turn.into()) % SPREAD;
        let octet = |number: u64| u8::try_from(number).unwrap_or_default();
        Ipv4Addr::new(127, 67, octet(kind as u64), 1 + octet(share))
    }
}
