//! How much authoritative servers were asked: each address, operator, network and top-level domain, and the
//! root for which names.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;

/// The window of a peak: a second, in microseconds.
const WINDOW: i64 = 1_000_000;
/// An answer that is later than this, microseconds, may have been asked for again.
const LATE: i64 = 200_000;

/// Whom questions are counted for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// An address.
    Server(Ipv4Addr),
    /// Whoever has servers below this registrable domain.
    Operator(String),
    /// A network of 256 addresses, by the first of them.
    Network(Ipv4Addr),
    /// The servers of the registries of a top-level domain; of the root where it is empty.
    Tld(String),
}

impl Asked {
    /// Its word in `contacts.parquet`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Server(_) => "dns_server",
            Self::Operator(_) => "dns_operator",
            Self::Network(_) => "dns_network",
            Self::Tld(_) => "dns_tld",
        }
    }
}

/// Questions that were taken.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// All of them.
    pub questions: u64,
    /// The most datagrams in any second, both ends in. A question that is asked again by TCP is not in it.
    pub peak: u64,
    last: VecDeque<i64>,
}

impl Load {
    fn add(&mut self, at: Option<i64>) {
        self.questions += 1;
        let Some(at) = at else { return };
        self.last.push_back(at);
        while self.last.front().is_some_and(|first| at - first > WINDOW) {
            self.last.pop_front();
        }
        self.peak = self.peak.max(self.last.len() as u64);
    }
}

/// A question to the root.
#[derive(Debug, Clone, Default)]
struct OfRoot {
    /// Without what was asked again because the laboratory was late.
    load: Load,
    /// Whether the last answer was so late that it may have been asked for again.
    was_late: bool,
}

/// What authoritative servers were asked.
#[derive(Debug, Clone, Default)]
pub struct Loads {
    of: BTreeMap<Asked, Load>,
    /// By name and type.
    root: BTreeMap<(String, u16), OfRoot>,
}

/// A question to an authoritative server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken<'q> {
    /// The address that was asked.
    pub(super) addr: Ipv4Addr,
    /// The registrable domain of the server's name; `None` where it is a registry's, or nobody's.
    pub(super) operator: Option<&'q str>,
    /// The top-level domain whose registry was asked.
    pub(super) tld: Option<&'q str>,
    /// When its datagram came in, by the kernel's clock, microseconds since 1970; `None` by TCP.
    pub(super) at: Option<i64>,
    /// When it is answered.
    pub(super) now: i64,
}

impl Loads {
    /// How much each was asked.
    #[must_use]
    pub const fn of(&self) -> &BTreeMap<Asked, Load> {
        &self.of
    }

    /// What the root was asked, by name and type; without what was asked again because the laboratory was
    /// late.
    pub fn of_root(&self) -> impl Iterator<Item = (&str, u16, &Load)> {
        self.root.iter().map(|((name, kind), asked)| (name.as_str(), *kind, &asked.load))
    }

    pub(super) fn take(&mut self, taken: Taken<'_>, name: &str, kind: u16) {
        let network = Ipv4Addr::from_bits(taken.addr.to_bits() & 0xffff_ff00);
        let of_operator = taken.tld.is_none().then_some(Asked::Network(network));
        let all = [
            Some(Asked::Server(taken.addr)),
            taken.operator.map(|name| Asked::Operator(name.to_owned())),
            of_operator,
            taken.tld.map(|name| Asked::Tld(name.to_owned())),
        ];
        all.into_iter().flatten().for_each(|asked| self.of.entry(asked).or_default().add(taken.at));
        if taken.tld == Some("") {
            let asked = self.root.entry((name.to_owned(), kind)).or_default();
            if !asked.was_late {
                asked.load.add(taken.at);
            }
            asked.was_late = taken.at.is_some_and(|at| taken.now - at > LATE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_of_any_second_and_tcp_is_not_in_it() {
        let mut load = Load::default();
        for at in [0, 900_000, 1_000_000, 1_000_001, 5_000_000] {
            load.add(Some(at));
        }
        load.add(None);
        assert_eq!((load.questions, load.peak), (6, 3));
    }

    #[test]
    fn what_the_root_was_asked_again_because_it_was_late_counts_once() {
        let mut loads = Loads::default();
        let addr = Ipv4Addr::new(127, 64, 0, 1);
        let taken = |at, now| Taken { addr, operator: None, tld: Some(""), at: Some(at), now };
        loads.take(taken(0, 500_000), "com", 2);
        loads.take(taken(400_000, 500_000), "com", 2);
        loads.take(taken(0, 10), "org", 2);
        loads.take(taken(20, 30), "org", 2);
        let of_root: Vec<_> =
            loads.of_root().map(|(name, kind, load)| (name, kind, load.questions)).collect();
        assert_eq!(of_root, [("com", 2, 1), ("org", 2, 2)]);
        assert!(loads.of().keys().eq(&[Asked::Server(addr), Asked::Tld(String::new())]));
    }
}
