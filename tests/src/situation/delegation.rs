//! Who answers for a domain where the DNS is delegated: the table `[delegation]` of a situation.
//!
//! What the servers answer is what `[dns]` says; this says which of them do, and how they fail. A resolver is
//! not concerned.

use super::signing::Signing;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Who answers for a domain; an operator's servers without a fault where nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delegation {
    /// What each name server does.
    pub servers: Vec<Server>,
    /// Whether what its servers say cannot be used by whoever asks them: then a resolver has something to
    /// say, and a scan without one has not.
    pub useless: bool,
    /// Names below the domain that are zones of their own.
    pub cuts: Vec<String>,
    /// TTL of the delegation and of its servers' addresses, seconds; longer than any scan where nothing is
    /// said.
    pub ttl: Option<u32>,
    /// Which of its zones are signed, and how: the domain, cuts, and zones that domains share. It is without
    /// effect but for a signed DNS.
    pub dnssec: BTreeMap<String, Signing>,
}

impl Delegation {
    /// Whether no server can be reached but by IPv6.
    pub(crate) fn is_ipv6_only(&self) -> bool {
        !self.servers.is_empty() && self.servers.iter().all(|server| *server == Server::OnlyIpv6)
    }
}

/// What a name server does, or what its name comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Server {
    /// It answers.
    Good,
    /// It never does.
    Silent,
    /// It answers REFUSED.
    Refused,
    /// It answers SERVFAIL.
    ServFail,
    /// It answers NOTIMP.
    NotImp,
    /// It answers FORMERR.
    FormErr,
    /// It answers NODATA without the AA bit, as a resolver that knows nothing.
    NotAuthoritative,
    /// It refers to the root.
    Upward,
    /// It refers to the zone that it was asked as a server of.
    ToItself,
    /// It answers FORMERR to EDNS (RFC 6891 section 7).
    FormErrToEdns,
    /// It answers BADVERS to EDNS.
    BadVersToEdns,
    /// It answers NOTIMP to EDNS.
    NotImpToEdns,
    /// It does not answer EDNS.
    SilentToEdns,
    /// It answers UDP with nothing but the truncation bit.
    Truncates,
    /// It answers from another address than it was asked at.
    OtherAddress,
    /// It repeats questions in lower case.
    LowerCase,
    /// It answers after 0.4 seconds.
    Slow,
    /// It answers after 1 second.
    Slower,
    /// It answers after 3 seconds.
    Slowest,
    /// It limits its answers to whoever shows no cookie of its own, by the truncation bit.
    Limits,
    /// It limits its answers to whoever shows no cookie of its own, by silence.
    LimitsSilently,
    /// It has nothing but an older record at `_mta-sts`, and SERVFAIL for the rest.
    Stale,
    /// As `stale`, until nobody has asked it for a while.
    StaleAtFirst,
    /// As `stale`, but that there is no record.
    StaleWithout,
    /// Its name does not exist.
    Nonexistent,
    /// Its name has no address.
    Addressless,
    /// Its name is below the domain, and nobody says what address it has.
    Unglued,
    /// It has an address of IPv6 only.
    OnlyIpv6,
    /// Its address is one of no host.
    Forbidden,
    /// Its name is an alias of a server that answers (RFC 2181 section 10.3 forbids it).
    Alias,
    /// The way to its name leads back to it.
    Circle,
}

impl Server {
    /// Whether it says anything of use at `_mta-sts`.
    pub(crate) const fn answers(self) -> bool {
        match self {
            Self::Good
            | Self::FormErrToEdns
            | Self::BadVersToEdns
            | Self::NotImpToEdns
            | Self::SilentToEdns
            | Self::Truncates
            | Self::LowerCase
            | Self::Slow
            | Self::Slower
            | Self::Slowest
            | Self::Limits
            | Self::LimitsSilently
            | Self::Alias
            | Self::Stale
            | Self::StaleAtFirst
            | Self::StaleWithout => true,
            Self::Silent
            | Self::Refused
            | Self::ServFail
            | Self::NotImp
            | Self::FormErr
            | Self::NotAuthoritative
            | Self::Upward
            | Self::ToItself
            | Self::OtherAddress
            | Self::Nonexistent
            | Self::Addressless
            | Self::Unglued
            | Self::OnlyIpv6
            | Self::Forbidden
            | Self::Circle => false,
        }
    }

    /// Whether it has another record at `_mta-sts`, at the first look or at each.
    pub(crate) const fn is_stale(self, at_each: bool) -> bool {
        matches!(self, Self::Stale | Self::StaleWithout) || !at_each && matches!(self, Self::StaleAtFirst)
    }

    /// Every one that is an address, in the order of their addresses.
    pub(crate) const ALL: [Self; 24] = [
        Self::Good,
        Self::Silent,
        Self::Refused,
        Self::ServFail,
        Self::NotImp,
        Self::FormErr,
        Self::NotAuthoritative,
        Self::Upward,
        Self::ToItself,
        Self::FormErrToEdns,
        Self::BadVersToEdns,
        Self::NotImpToEdns,
        Self::SilentToEdns,
        Self::Truncates,
        Self::OtherAddress,
        Self::LowerCase,
        Self::Slow,
        Self::Slower,
        Self::Slowest,
        Self::Limits,
        Self::LimitsSilently,
        Self::Stale,
        Self::StaleAtFirst,
        Self::StaleWithout,
    ];
}
