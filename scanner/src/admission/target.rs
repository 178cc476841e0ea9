//! The targets that a contact burdens: an address, its network, and for MX hosts the provider.

use super::address::reached;
use crate::input;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Prefix length of an IPv4 network: what one operator's servers usually stand in, and the least that is
/// routed.
const V4_PREFIX: u32 = 24;
/// Prefix length of an IPv6 network: what one site is given (RFC 6177 section 2), and the least that is
/// routed.
const V6_PREFIX: u32 = 48;

/// What rates and bounds are kept for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    /// One address.
    Address(IpAddr),
    /// The /24 or /48 of an address, by its first address.
    Network(IpAddr),
    /// The registrable domain of an MX host's name.
    Provider(Arc<str>),
}

/// The targets that one contact burdens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    addr: IpAddr,
    provider: Option<Arc<str>>,
}

impl Target {
    /// A policy host: whose it is its name does not say, since it is named after the domain.
    pub(super) fn policy_host(addr: IpAddr) -> Self {
        Self { addr: reached(addr), provider: None }
    }

    /// An MX host: its provider is the registrable domain of its name, or the name where it has none.
    pub(super) fn mx_host(addr: IpAddr, host: &str) -> Self {
        let provider = input::split(host).registrable.unwrap_or(host);
        Self { addr: reached(addr), provider: Some(provider.into()) }
    }

    /// The keys, the narrowest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        [self.address(), Key::Network(network(self.addr))].into_iter().chain(self.provider())
    }

    /// The narrowest key.
    pub(super) fn address(&self) -> Key {
        Key::Address(self.addr)
    }

    /// The widest; `None` for a policy host.
    pub(super) fn provider(&self) -> Option<Key> {
        self.provider.clone().map(Key::Provider)
    }
}

/// The network, a /24 or /48, that an address leads to: its first address.
pub(crate) fn network_of(addr: IpAddr) -> IpAddr {
    network(reached(addr))
}

/// The first address of the network that an address is in.
fn network(addr: IpAddr) -> IpAddr {
    match addr {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << (32 - V4_PREFIX))).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << (128 - V6_PREFIX))).into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use proptest::prelude::*;

    fn provider(host: &str) -> Option<Key> {
        Target::mx_host(Ipv4Addr::LOCALHOST.into(), host).keys().nth(2)
    }

    #[test]
    fn hosts_of_one_registrable_domain_are_one_providers() {
        let outlook = Some(Key::Provider("outlook.com".into()));
        assert_eq!(provider("a-example.mail.protection.outlook.com"), outlook);
        assert_eq!(provider("b-example.mail.protection.outlook.com"), outlook);
        assert_eq!(provider("mx.example.co.uk"), Some(Key::Provider("example.co.uk".into())));
        assert_eq!(provider("co.uk"), Some(Key::Provider("co.uk".into())));
        assert_eq!(Target::policy_host(Ipv4Addr::LOCALHOST.into()).keys().count(), 2);
    }

    #[test]
    fn an_ipv4_host_is_the_same_behind_a_translator() {
        let plain = Target::mx_host("198.41.0.4".parse().unwrap(), "mx.example");
        let translated = Target::mx_host("64:ff9b::198.41.0.4".parse().unwrap(), "mx.example");
        assert_eq!(plain, translated);
    }

    proptest! {
        #[test]
        fn ipv6_addresses_share_a_network_where_their_first_48_bits_agree(a: u128, b: u128, same: bool) {
            // Global unicast, so that neither is a translated IPv4 address; half of the pairs agree in 48
            // bits.
            let unicast = |bits: u128| bits >> 3 | 0x2a << 120;
            let (a, b) = (unicast(a), unicast(b));
            let b = if same { a >> 80 << 80 | b & ((1 << 80) - 1) } else { b };
            let of = |bits: u128| network(Ipv6Addr::from_bits(bits).into());
            prop_assert_eq!(of(a) == of(b), a >> 80 == b >> 80);
            // The network is itself in the network.
            let IpAddr::V6(first) = of(a) else { return Err(TestCaseError::fail("another family")) };
            prop_assert_eq!((of(first.to_bits()), first.to_bits() >> 80), (of(a), a >> 80));
        }

        #[test]
        fn ipv4_addresses_share_a_network_where_their_first_24_bits_agree(a: u32, b: u32, same: bool) {
            let b = if same { a >> 8 << 8 | b & 0xff } else { b };
            let of = |bits: u32| network(Ipv4Addr::from_bits(bits).into());
            prop_assert_eq!(of(a) == of(b), a >> 8 == b >> 8);
        }
    }
}
