//! What a list brings of the delegations of its names: their name servers, and the addresses of these.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Servers of a name that are taken, as of a referral.
const SERVERS: usize = 13;
/// Addresses that are kept of all lists: 16 bytes each (IPv6: 24). The registries of the world have fewer.
const HOSTS: usize = 20_000_000;

/// The delegation of a name, as the list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegated {
    /// Names of its servers in lower case, without a trailing dot, each with the addresses that the lists
    /// have; empty where they have none. At least one server.
    pub servers: Vec<(String, Vec<IpAddr>)>,
    /// Whether the zone above has a DS for it (RFC 4034 section 5); `None` where the list does not say.
    pub ds: Option<bool>,
}

/// The same between the list and the scan: names of servers with a space between them, each with `=` and
/// address for those that stand beside it; the DS before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed(Box<str>);

/// What stands before the names where there is a DS, and where there is none.
const SIGNED: char = '+';
const UNSIGNED: char = '-';

impl Packed {
    /// Of an entry's servers and DS; `None` where its list says nothing of them, or not enough to rely on.
    pub(super) fn of(servers: &[u8], ds: Option<bool>) -> Option<Self> {
        let is_usable = !servers.is_empty() && servers.is_ascii();
        let mut text = String::with_capacity(servers.len() + 1);
        text.extend(ds.map(|ds| if ds { SIGNED } else { UNSIGNED }));
        text.push_str(std::str::from_utf8(servers).ok().filter(|_| is_usable)?);
        Some(Self(text.into()))
    }

    /// With the addresses that are known.
    pub(super) fn unpacked(&self, hosts: &Hosts) -> Delegated {
        let ds = self.0.chars().next().and_then(|mark| match mark {
            SIGNED => Some(true),
            UNSIGNED => Some(false),
            _ => None,
        });
        let names = if ds.is_some() { &self.0[1..] } else { &self.0 };
        let server = |text: &str| {
            let mut parts = text.split('=');
            let name = parts.next().unwrap_or_default();
            let own = parts.filter_map(|addr| addr.parse().ok());
            (name.to_owned(), own.chain(hosts.of(name)).collect())
        };
        let servers = names.split(' ').take(SERVERS).map(server).collect();
        Delegated { servers, ds }
    }
}

/// Addresses of name servers as the lists have them, by a hash of their names.
#[derive(Debug, Default)]
pub struct Hosts {
    hasher: RandomState,
    v4: Vec<(u64, Ipv4Addr)>,
    v6: Vec<(u64, [u8; 16])>,
}

impl Hosts {
    fn hash(&self, name: &[u8]) -> u64 {
        self.hasher.hash_one(name)
    }

    /// Adds an address of a name in lower case; one that is no address says nothing.
    pub(super) fn add(&mut self, name: &[u8], addr: &[u8]) {
        let addr = std::str::from_utf8(addr).ok().and_then(|text| text.parse().ok());
        let Some(addr) = addr.filter(|_| self.v4.len() + self.v6.len() < HOSTS) else { return };
        let hash = self.hash(name);
        match addr {
            IpAddr::V4(addr) => self.v4.push((hash, addr)),
            IpAddr::V6(addr) => self.v6.push((hash, addr.octets())),
        }
    }

    /// Nothing is added any more.
    pub(super) fn seal(&mut self) {
        self.v4.sort_unstable();
        self.v4.dedup();
        self.v4.shrink_to_fit();
        self.v6.sort_unstable();
        self.v6.dedup();
        self.v6.shrink_to_fit();
    }

    /// The addresses of a name in lower case; empty where there are none. Only once it is sealed.
    fn of(&self, name: &str) -> Vec<IpAddr> {
        let hash = self.hash(name.as_bytes());
        let v4 = with_hash(&self.v4, hash).map(|addr| IpAddr::V4(*addr));
        let v6 = with_hash(&self.v6, hash).map(|addr| IpAddr::V6(Ipv6Addr::from(*addr)));
        v4.chain(v6).collect()
    }
}

/// What stands under a hash in a sorted table.
fn with_hash<T>(table: &[(u64, T)], hash: u64) -> impl Iterator<Item = &T> {
    let first = table.partition_point(|(known, _)| *known < hash);
    table[first..].iter().take_while(move |(known, _)| *known == hash).map(|(_, found)| found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn servers_get_the_addresses_that_the_lists_have() {
        let mut hosts = Hosts::default();
        for (name, addr) in
            [("ns1.test", "192.0.2.1"), ("ns1.test", "2001:db8::1"), ("ns1.test", "192.0.2.1")]
        {
            hosts.add(name.as_bytes(), addr.as_bytes());
        }
        hosts.add(b"ns2.test", b"no address");
        hosts.seal();
        let found = Packed::of(b"ns1.test ns2.test", Some(true)).unwrap().unpacked(&hosts);
        let addrs = vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        assert_eq!(found.servers, [("ns1.test".to_owned(), addrs), ("ns2.test".to_owned(), Vec::new())]);
        assert_eq!(found.ds, Some(true));
        assert_eq!(Packed::of(b"", None), None);
    }
}
