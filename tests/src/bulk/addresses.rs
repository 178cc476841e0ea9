//! Who is at which address of the loopback network.

use std::net::Ipv4Addr;

/// The top-level domains, the largest first.
pub const TLDS: [&str; 20] = [
    "com", "de", "net", "org", "nl", "fr", "it", "pl", "eu", "info", "ch", "se", "cz", "at", "be", "ca",
    "dk", "io", "co", "us",
];
/// How many servers the root and each registry have.
pub(super) const SERVERS_OF_REGISTRY: u8 = 4;
/// Where the operators' addresses begin: each has 256, in the order of their numbers.
const OPERATORS: u32 = 0x7f10_0000;
/// Where the addresses of domains that have servers of their own begin: each has four.
const OWN: u32 = 0x7f40_0000;
/// Where they end.
const BEHIND_OWN: u32 = 0x7fff_0000;

/// Who has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Root,
    /// The registry of a top-level domain, by its place in [`TLDS`].
    Registry(u8),
    /// An operator's server, by the operator's number and its own.
    Operator(u16, u8),
    /// A server of one domain, by the domain's number and its own.
    Own(u32, u8),
    Nobody,
}

/// The address of a server of the root, or of a registry.
pub(super) const fn of_registry(tld: Option<u8>, server: u8) -> Ipv4Addr {
    match tld {
        None => Ipv4Addr::new(127, 1, 0, server + 1),
        Some(tld) => Ipv4Addr::new(127, 2, tld, server + 1),
    }
}

pub(super) fn of_operator(operator: u16, server: u8) -> Ipv4Addr {
    Ipv4Addr::from(OPERATORS + u32::from(operator) * 256 + u32::from(server))
}

pub(super) fn of_own(domain: u32, server: u8) -> Ipv4Addr {
    Ipv4Addr::from(OWN + domain * 4 + u32::from(server))
}

/// Who has an address.
pub(super) fn owner(addr: Ipv4Addr) -> Owner {
    let number = u32::from(addr);
    let [_, kind, tld, server] = addr.octets();
    let server_of_registry = || server.checked_sub(1).filter(|one| *one < SERVERS_OF_REGISTRY);
    match number {
        OWN..BEHIND_OWN => Owner::Own((number - OWN) / 4, ((number - OWN) % 4) as u8),
        OPERATORS..OWN => Owner::Operator(((number - OPERATORS) >> 8) as u16, server),
        _ if kind == 1 && tld == 0 && server_of_registry().is_some() => Owner::Root,
        _ if kind == 2 && usize::from(tld) < TLDS.len() && server_of_registry().is_some() => {
            Owner::Registry(tld)
        }
        _ => Owner::Nobody,
    }
}
