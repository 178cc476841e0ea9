//! A set of address blocks, made for lists of a hundred thousand: looked up by binary search.

use crate::admission::address::reached;
use std::net::IpAddr;

/// Ranges in ascending order, none touching another; both ends are in. IPv4 stands as ::ffff:0:0/96.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocks(Vec<(u128, u128)>);

impl Blocks {
    /// The set of blocks, by address and prefix length (at most that of the address's family).
    pub(super) fn of(blocks: Vec<(IpAddr, u32)>) -> Self {
        Self::joined(blocks.into_iter().map(|(addr, length)| range(addr, length)).collect())
    }

    /// Adds another set.
    pub(super) fn add(&mut self, other: Self) {
        let mut ranges = std::mem::take(&mut self.0);
        ranges.extend(other.0);
        *self = Self::joined(ranges);
    }

    fn joined(mut ranges: Vec<(u128, u128)>) -> Self {
        ranges.sort_unstable();
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (from, to) in ranges {
            match joined.last_mut() {
                Some((_, end)) if from <= end.saturating_add(1) => *end = to.max(*end),
                _ => joined.push((from, to)),
            }
        }
        Self(joined)
    }

    /// Whether the host that an address leads to is in one.
    pub(super) fn has(&self, addr: IpAddr) -> bool {
        let within = |addr: IpAddr| {
            let bits = bits(addr);
            let behind = self.0.partition_point(|(from, _)| *from <= bits);
            behind.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, to)| bits <= *to)
        };
        !self.0.is_empty() && (within(addr) || within(reached(addr)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// IPv4 as the addresses ::ffff:0:0/96, so that one comparison does for both families.
fn bits(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn range(addr: IpAddr, length: u32) -> (u128, u128) {
    let length = if addr.is_ipv4() { length + 96 } else { length };
    let hosts = u128::MAX.checked_shr(length).unwrap_or(0);
    (bits(addr) & !hosts, bits(addr) | hosts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn contains(block: (IpAddr, u32), addr: IpAddr) -> bool {
        match (block, addr) {
            ((IpAddr::V4(net), length), IpAddr::V4(addr)) => {
                u64::from(net.to_bits() ^ addr.to_bits()) >> (32 - length) == 0
            }
            ((IpAddr::V6(net), length), IpAddr::V6(addr)) => {
                (net.to_bits() ^ addr.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// Addresses that lie close together, so that blocks meet each other and are met.
    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<u16>().prop_map(|low| Ipv4Addr::from_bits(0xc000_0000 | u32::from(low)).into()),
            any::<u16>().prop_map(|low| Ipv6Addr::from_bits(0x2a << 120 | u128::from(low)).into()),
        ]
    }

    fn block() -> impl Strategy<Value = (IpAddr, u32)> {
        (address(), 0u32..=20).prop_map(|(addr, free)| (addr, if addr.is_ipv4() { 32 } else { 128 } - free))
    }

    proptest! {
        #[test]
        fn an_address_is_in_the_set_where_it_is_in_a_block(
            first in prop::collection::vec(block(), 0..40),
            second in prop::collection::vec(block(), 0..40),
            addrs in prop::collection::vec(address(), 40),
        ) {
            let mut set = Blocks::of(first.clone());
            set.add(Blocks::of(second.clone()));
            for addr in addrs {
                let expected = first.iter().chain(&second).any(|block| contains(*block, addr));
                prop_assert_eq!(set.has(addr), expected, "{}", addr);
            }
        }
    }

    #[test]
    fn a_hundred_thousand_blocks_are_looked_up_in_seventeen_steps() {
        // Every second /32 of 200,000, so that none can be joined.
        let all = Blocks::of((0..100_000u32).map(|n| (Ipv4Addr::from_bits(n * 2).into(), 32)).collect());
        assert_eq!(all.len(), 100_000);
        assert!(all.len().ilog2() < 17);
        for n in 0..200_000u32 {
            assert_eq!(all.has(Ipv4Addr::from_bits(n).into()), n % 2 == 0, "{n}");
        }
    }
}
