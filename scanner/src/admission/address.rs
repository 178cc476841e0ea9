//! Which addresses belong to the public Internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that no public host has (IANA special-purpose registry, RFC 6890): network and prefix length.
const NOT_PUBLIC_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, and the reserved block with the broadcast address.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Whether an address may belong to a public host. Metadata services of clouds are link-local, hence not.
#[must_use]
pub fn is_public(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Whether an address is one that laboratories have: loopback, of a private network (RFC 1918, RFC 6598, RFC
/// 4193), or for benchmarks (RFC 2544). The others that are not public, link-local and so metadata services
/// among them, are no host's.
#[must_use]
pub fn is_private(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second);
            let benchmark = first == 198 && (18..20).contains(&second);
            v4.is_loopback() || v4.is_private() || shared || benchmark
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

/// The IPv4 host that an IPv6 address leads to where it holds one: mapped (RFC 4291 section 2.5.5.2), by
/// NAT64 (RFC 6052 section 2.1) or by 6to4 (RFC 3056 section 2); any other address as it is. What is kept for
/// a host, and what is excluded, holds whichever way it is reached.
#[must_use]
pub(super) fn reached(addr: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = addr.to_canonical() else { return addr.to_canonical() };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)).into()
        }
        _ => v6.into(),
    }
}

fn is_public_v4(addr: Ipv4Addr) -> bool {
    let within =
        |(network, length): &(Ipv4Addr, u32)| (addr.to_bits() ^ network.to_bits()) >> (32 - length) == 0;
    !NOT_PUBLIC_V4.iter().any(within)
}

fn is_public_v6(addr: Ipv6Addr) -> bool {
    // An IPv4 address inside one of IPv6 reaches the IPv4 host: NAT64 (RFC 6052) and 6to4 (RFC 3056).
    let segments = addr.segments();
    let embedded =
        |high: u16, low: u16| is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        [0x2001, 0xdb8, ..] => false,
        [0x2001, second, ..] => second >= 0x200,
        [0x3fff, second, ..] => second >= 0x1000,
        // Global unicast is 2000::/3; all else is mapped, local, multicast or not assigned.
        [first, ..] => first >> 13 == 1,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    #[test]
    fn private_loopback_link_local_and_metadata_addresses_are_not_public() {
        for addr in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fd00:ec2::254",
        ] {
            assert!(!is_public(addr.parse().unwrap()), "{addr}");
        }
    }

    #[test]
    fn a_laboratory_has_loopback_and_private_addresses_and_no_others() {
        for addr in [
            "127.3.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "::1",
            "fd00::1",
        ] {
            assert!(is_private(addr.parse().unwrap()), "{addr}");
        }
        for addr in [
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "fe80::1",
            "8.8.8.8",
        ] {
            assert!(!is_private(addr.parse().unwrap()), "{addr}");
        }
    }

    #[test]
    fn public_addresses_are_public() {
        for addr in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2a00::1",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(addr.parse().unwrap()), "{addr}");
        }
    }
}
