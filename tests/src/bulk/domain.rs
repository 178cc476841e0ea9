//! What is true of a domain.

use super::addresses::{self, TLDS};
use super::operators::{self, Operators};
use super::{Bulk, as_share};
use crate::dice::finish;
use std::net::Ipv4Addr;
use std::ops::Range;

const WORDS: [&str; 24] = [
    "blue", "north", "shop", "river", "data", "green", "mail", "city", "star", "cloud", "home", "web", "sun",
    "alpha", "media", "group", "tech", "foto", "auto", "nova", "berg", "print", "soft", "club",
];
/// Shares of all domains with each defect.
const DEFECTS: [(f64, Defect); 11] = [
    (0.010, Defect::Unregistered),
    (0.020, Defect::Refused),
    (0.005, Defect::ServerFailure),
    (0.010, Defect::OneRefused),
    (0.006, Defect::DeadOperator),
    (0.006, Defect::DeadServers),
    (0.021, Defect::HalfDead),
    (0.000_5, Defect::Slow),
    (0.000_5, Defect::NoEdns),
    (0.000_5, Defect::BadVersion),
    (0.000_5, Defect::SelfReferring),
];

/// The same where all that is wrong with servers is that they are lame or silent.
const PLAIN: [(f64, Defect); 7] = [
    (0.020, Defect::Unregistered),
    (0.020, Defect::Refused),
    (0.005, Defect::ServerFailure),
    (0.010, Defect::OneRefused),
    (0.006, Defect::DeadOperator),
    (0.006, Defect::DeadServers),
    (0.021, Defect::HalfDead),
];

/// What is wrong with the servers of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    None,
    /// The registry denies it.
    Unregistered,
    /// All of its servers answer REFUSED.
    Refused,
    /// All of them answer SERVFAIL.
    ServerFailure,
    /// The first of them answers REFUSED.
    OneRefused,
    /// It is at an operator none of whose servers answers.
    DeadOperator,
    /// None of its own servers answers.
    DeadServers,
    /// Every second server of its operator is silent.
    HalfDead,
    /// They take 1.5 s.
    Slow,
    /// They drop questions with EDNS.
    NoEdns,
    /// They answer BADVERS to them (RFC 6891 section 6.1.3).
    BadVersion,
    /// The first refers to itself.
    SelfReferring,
}

/// A domain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Domain {
    pub(super) number: u32,
    pub(super) tld: u8,
    pub(super) defect: Defect,
    pub(super) operator: u16,
    /// The first of its servers, by its operator's count, and how many it has.
    first: u8,
    pub(super) servers: u8,
    /// Whether the names of its servers are in it.
    pub(super) is_vanity: bool,
    /// Whether their addresses are its own too.
    pub(super) is_own: bool,
    pub(super) has_mx: bool,
    pub(super) signals: Signal,
    pub(super) has_tlsrpt: bool,
    /// Whether every name below it that has no records is an alias of `www` below it.
    pub(super) is_wildcard: bool,
}

/// Whether it says that it has a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    No,
    Yes,
    /// By an alias of a name at its operator.
    ByAlias,
}

impl Bulk {
    /// The domain of a number.
    pub(super) fn domain(&self, number: u32) -> Domain {
        let mut share = self.share(2, number);
        let mut defect = Defect::None;
        let defects = if self.is_plain { &PLAIN[..] } else { &DEFECTS[..] };
        for (part, of) in defects {
            if share < *part {
                defect = *of;
                break;
            }
            share -= part;
        }
        let one_of = |range: Range<u16>| {
            let many = u64::from(range.end - range.start);
            range.start + (self.draw(3, number) % many) as u16
        };
        let operator = match defect {
            Defect::DeadOperator => one_of(operators::DEAD),
            Defect::HalfDead => one_of(operators::HALF_DEAD),
            Defect::Slow => one_of(operators::SLOW),
            Defect::NoEdns => one_of(operators::NO_EDNS),
            Defect::BadVersion => one_of(operators::BAD_VERSION),
            Defect::SelfReferring => one_of(operators::SELF_REFERRING),
            _ => self.operators.at(self.share(3, number)),
        };
        let drawn = self.draw(4, number);
        let is_plain =
            matches!(defect, Defect::None | Defect::Refused | Defect::ServerFailure | Defect::OneRefused);
        let is_vanity = defect == Defect::DeadServers || (is_plain && as_share(finish(drawn)) < 0.15);
        let signal = self.share(5, number);
        Domain {
            number,
            tld: self.tld_of(number),
            defect,
            operator,
            first: (drawn % u64::from(Operators::servers(operator))) as u8,
            servers: 2 + ((drawn >> 16) % 3) as u8,
            is_vanity,
            is_own: defect == Defect::DeadServers || (is_vanity && (drawn >> 32).is_multiple_of(2)),
            has_mx: self.share(6, number) < 0.8,
            signals: match signal {
                s if s < 0.000_7 => Signal::ByAlias,
                s if s < 0.007 => Signal::Yes,
                _ => Signal::No,
            },
            has_tlsrpt: self.share(7, number) < 0.005,
            is_wildcard: self.share(8, number) < 0.03,
        }
    }

    /// The domain at or above a name of a top-level domain, by its label there.
    pub(super) fn of_label(&self, label: &str, tld: u8) -> Option<Domain> {
        let hex = label.get(label.rfind('-')? + 1..)?;
        let number = u32::from_str_radix(hex, 16).ok().filter(|number| *number < self.domains)?;
        let domain = self.domain(number);
        (domain.tld == tld && self.label(number) == label).then_some(domain)
    }

    /// The label of a domain below its top-level domain.
    pub(super) fn label(&self, number: u32) -> String {
        let drawn = self.draw(1, number);
        let word = |drawn: u64| WORDS[(drawn % 24) as usize];
        format!("{}{}-{number:x}", word(drawn), word(drawn >> 8))
    }

    /// Its name.
    pub(super) fn name(&self, domain: &Domain) -> String {
        format!("{}.{}", self.label(domain.number), TLDS[usize::from(domain.tld)])
    }

    fn tld_of(&self, number: u32) -> u8 {
        let share = self.share(9, number);
        if share < 0.45 {
            return 0;
        }
        // The others by Zipf's law.
        let all: f64 = (1..TLDS.len()).map(|n| 1.0 / n as f64).sum();
        let mut left = (share - 0.45) / 0.55 * all;
        for n in 1..TLDS.len() {
            left -= 1.0 / n as f64;
            if left < 0.0 {
                return n as u8;
            }
        }
        1
    }
}

impl Domain {
    /// The numbers of its servers, as its operator counts them, or its own.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u8> + use<> {
        let (first, all) = (self.first, Operators::servers(self.operator));
        let is_own = self.is_own;
        (0..self.servers).map(move |n| if is_own { n } else { (first + n) % all })
    }

    /// Whether a server of its operator, or its own, is one of its servers, and which.
    pub(super) fn turn(&self, server: u8) -> Option<usize> {
        self.numbers().position(|number| number == server)
    }

    /// The address of a server of it.
    pub(super) fn addr(&self, number: u8) -> Ipv4Addr {
        if self.is_own {
            addresses::of_own(self.number, number)
        } else {
            addresses::of_operator(self.operator, number)
        }
    }

    /// Whether the records of it can be had at all.
    pub(super) fn is_resolvable(&self) -> bool {
        !matches!(
            self.defect,
            Defect::Refused | Defect::ServerFailure | Defect::DeadOperator | Defect::DeadServers
        ) && (self.is_vanity || !Operators::is_lost(self.operator))
    }
}
