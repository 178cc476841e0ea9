//! The addresses of a world, all on the loopback network.

use crate::dice::draw;
use std::net::Ipv4Addr;

/// How many addresses one behaviour is spread over, for each turn.
pub const SPREAD: u8 = 2;
/// Second octet of addresses that nobody listens on.
pub const REFUSED: u8 = 1;
/// Second octet of addresses whose listener never takes a connection, so that a connect goes unanswered.
pub const BLACKHOLE: u8 = 2;
/// Second octet of policy hosts.
pub const HTTPS: u8 = 3;
/// Second octet of addresses whose listener resets every connection.
pub const RESET: u8 = 4;
/// An address that no connection leads to: the broadcast address of the loopback network.
pub const UNREACHABLE: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);
/// Second octet of the first SMTP behaviour.
pub const SMTP_FIRST: u8 = 10;
/// How many turns a behaviour has: a host may have this many addresses of it.
const TURNS: u8 = 3;
/// How many addresses each kind has in all.
pub const HTTPS_ADDRESSES: u8 = SPREAD * TURNS;

/// What listens at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// Nothing.
    Refused,
    /// Something that never answers a connect.
    Blackhole,
    /// Something that resets every connection.
    Reset,
    /// The policy hosts.
    Https,
    /// MX hosts of the behaviour with this number.
    Smtp(u8),
}

impl Address {
    /// The address a domain has: its own share of the spread; the `turn` (from 1) tells several of one host
    /// apart, in ascending order. Hosts that domains share have the empty domain.
    #[must_use]
    pub fn of(self, domain: &str, turn: u8) -> Ipv4Addr {
        let second = match self {
            Self::Refused => REFUSED,
            Self::Blackhole => BLACKHOLE,
            Self::Reset => RESET,
            Self::Https => HTTPS,
            Self::Smtp(number) => SMTP_FIRST.saturating_add(number),
        };
        let share = match self {
            Self::Blackhole => 0,
            _ => u8::try_from(draw(0, domain.as_bytes()) % u64::from(SPREAD)).unwrap_or_default(),
        };
        Ipv4Addr::new(127, second, 0, 1 + share + SPREAD * turn.clamp(1, TURNS).saturating_sub(1))
    }

    /// The same in one of so many networks (/24).
    #[must_use]
    pub fn of_network(self, domain: &str, turn: u8, networks: u8) -> Ipv4Addr {
        let [first, second, _, last] = self.of(domain, turn).octets();
        let network = draw(1, domain.as_bytes()) % u64::from(networks.max(1));
        Ipv4Addr::new(first, second, u8::try_from(network).unwrap_or_default(), last)
    }

    /// The addresses to listen on in so many networks.
    pub fn all_of(self, networks: u8) -> impl Iterator<Item = Ipv4Addr> {
        let others = (1..networks).flat_map(move |network| {
            let [first, second, ..] = self.of("", 1).octets();
            (1..=SPREAD).map(move |last| Ipv4Addr::new(first, second, network, last))
        });
        self.all().chain(others)
    }

    /// The addresses to listen on in the first of them.
    pub fn all(self) -> impl Iterator<Item = Ipv4Addr> {
        let [_, second, ..] = self.of("", 1).octets();
        (1..=HTTPS_ADDRESSES).map(move |last| Ipv4Addr::new(127, second, 0, last))
    }

    /// Number of the SMTP behaviour of an address; `None` where it is another.
    #[must_use]
    pub const fn smtp_number(address: Ipv4Addr) -> Option<u8> {
        address.octets()[1].checked_sub(SMTP_FIRST)
    }
}
