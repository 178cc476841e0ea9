//! Operators of name servers: who hosts which zone, with how many servers at which addresses.

use crate::dice::draw;
use std::net::Ipv4Addr;

/// How many there are.
const OPERATORS: u64 = 1_000;
/// Parts of 100 of all domains that the first one has.
const FIRST: u64 = 15;
/// Operators that host their own zones always.
const SELF_HOSTED: u64 = 10;
/// What the names of their zones begin with. Made-up names have no digits, so none is taken for one of
/// theirs.
const LABEL: &str = "labdns";
/// The top-level domains of their zones.
const TOPS: [&str; 8] = ["net", "com", "org", "de", "nl", "io", "co.uk", "info"];

/// An operator, by its number; 0 has the most domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Operator(u64);

impl Operator {
    /// The one with the most domains.
    pub(super) const FIRST: Self = Self(0);
}

/// How the domains are spread over the operators.
#[derive(Debug)]
pub(super) struct Operators {
    seed: u64,
    /// Upper end of each operator's share.
    shares: Vec<u64>,
}

impl Operators {
    pub(super) fn new(seed: u64) -> Self {
        // The shares of all but the first follow Zipf's law; whole numbers are the same on every machine.
        let weights = (1..OPERATORS).map(|rank| 1_000_000_000 / rank);
        let rest: u64 = weights.clone().sum();
        let mut end = rest * FIRST / (100 - FIRST);
        let mut shares = vec![end];
        for weight in weights {
            end += weight;
            shares.push(end);
        }
        Self { seed, shares }
    }

    /// Who hosts a zone.
    pub(super) fn of(&self, zone: &str) -> Operator {
        let all = self.shares.last().copied().unwrap_or(1);
        let dice = draw(self.seed ^ 0x0de1_e6a7, zone.as_bytes()) % all;
        Operator(self.shares.partition_point(|end| *end <= dice) as u64)
    }

    /// The operator that a zone is the own one of.
    pub(super) fn of_own_zone(&self, zone: &str) -> Option<Operator> {
        let (label, _) = zone.split_once('.')?;
        let number: u64 = label.strip_prefix(LABEL)?.parse().ok()?;
        Some(Operator(number)).filter(|operator| number < OPERATORS && self.zone(*operator) == zone)
    }

    /// An operator's own zone.
    pub(super) fn zone(&self, operator: Operator) -> String {
        let dice = self.dice(operator, 1);
        let top = TOPS.get(usize::try_from(dice % TOPS.len() as u64).unwrap_or(0)).copied().unwrap_or("net");
        format!("{LABEL}{}.{top}", operator.0)
    }

    /// Who hosts an operator's own zone: itself, or now and then another one that hosts its own.
    pub(super) fn host(&self, operator: Operator) -> Operator {
        let dice = self.dice(operator, 2);
        if operator.0 < SELF_HOSTED || !dice.is_multiple_of(10) {
            return operator;
        }
        Operator(dice / 10 % SELF_HOSTED)
    }

    /// The names and addresses of an operator's servers.
    pub(super) fn servers(&self, operator: Operator) -> Vec<(String, Ipv4Addr)> {
        let zone = self.zone(operator);
        let count = 2 + self.dice(operator, 3) % 3;
        (0..count).map(|turn| (format!("ns{}.{zone}", turn + 1), address(operator, turn))).collect()
    }

    fn dice(&self, operator: Operator, what: u64) -> u64 {
        draw(self.seed ^ what << 32, &operator.0.to_le_bytes())
    }
}

/// The address of an operator's server: a block of eight for each, so that one is in one network of 256.
fn address(operator: Operator, turn: u64) -> Ipv4Addr {
    let number = u32::try_from(operator.0 * 8 + turn + 1).unwrap_or_default();
    Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(127, 66, 0, 0)) + number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_first_operator_has_15_of_100_domains_and_the_rest_falls_off() {
        let operators = Operators::new(7);
        let mut counts: BTreeMap<Operator, u64> = BTreeMap::new();
        for index in 0..20_000 {
            *counts.entry(operators.of(&crate::names::generate(7, index))).or_default() += 1;
        }
        let of = |number: u64| counts.get(&Operator(number)).copied().unwrap_or_default();
        assert!((2_800..3_200).contains(&of(0)), "{}", of(0));
        assert!(of(0) > of(1) && of(1) > of(5) && of(5) > of(50), "{counts:?}");
        assert!(counts.len() > 500, "{}", counts.len());
    }

    #[test]
    fn an_operator_is_told_by_its_zone_and_hosted_by_one_that_hosts_itself() {
        let operators = Operators::new(3);
        let mut elsewhere = 0;
        for operator in (0..OPERATORS).map(Operator) {
            assert_eq!(operators.of_own_zone(&operators.zone(operator)), Some(operator));
            let host = operators.host(operator);
            elsewhere += u32::from(host != operator);
            assert_eq!(operators.host(host), host);
            assert!((2..=4).contains(&operators.servers(operator).len()));
        }
        assert!((60..150).contains(&elsewhere), "{elsewhere}");
        assert_eq!(operators.of_own_zone("labdns1000.net"), None);
    }
}
