//! What a scan knows about its MX hosts, small enough to hold for all of them at once.

use super::Look;
use super::catalogue::{Code, Stage};
use super::dane::{HostDane, Pending};
use crate::dataset::rows::HostRow;
use crate::dataset::words::DnsStatus;
use std::collections::HashMap;
use std::num::NonZeroUsize;

/// What came of one address of an MX host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// TLS was reached and a certificate seen.
    Ok,
    /// The host has no address.
    NoAddress,
    /// The address is private, loopback or the like.
    ForbiddenAddress,
    /// It was not contacted: not sampled, excluded and the like.
    NotContacted,
    /// It was, and this is what came of it.
    Failed(Code),
}

impl Contact {
    /// The contact that a word of `smtp_outcome` stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "ok" => Self::Ok,
            "no_address" => Self::NoAddress,
            "forbidden_address" => Self::ForbiddenAddress,
            "limited" => Self::Failed(Code::smtp_limited),
            word => Code::from_word(word)
                .filter(|code| matches!(code.finding().stage, Stage::Smtp | Stage::MxTls))
                .map_or(Self::NotContacted, Self::Failed),
        }
    }
}

/// The faults of a certificate, each checked by itself; none is a valid one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CertFaults(u8);

/// Words of `cert_faults` and the codes of the same fault at a policy host and at an MX host.
const FAULTS: [(&str, Code, Code); 7] = [
    ("self_signed", Code::policy_tls_self_signed, Code::mx_cert_self_signed),
    ("untrusted", Code::policy_tls_untrusted, Code::mx_cert_untrusted),
    ("chain_incomplete", Code::policy_tls_chain_incomplete, Code::mx_cert_chain_incomplete),
    ("other", Code::policy_tls_certificate_other, Code::mx_cert_other),
    ("expired", Code::policy_tls_expired, Code::mx_cert_expired),
    ("not_yet_valid", Code::policy_tls_not_yet_valid, Code::mx_cert_not_yet_valid),
    ("name", Code::policy_tls_name, Code::mx_cert_name),
];

impl CertFaults {
    /// The faults of words; a word that is none is dropped.
    pub fn from_words<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut bits = 0;
        for word in words {
            if let Some(at) = FAULTS.iter().position(|(fault, ..)| *fault == word.as_ref()) {
                bits |= 1 << at;
            }
        }
        Self(bits)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.0 == 0
    }

    fn each(self) -> impl Iterator<Item = &'static (&'static str, Code, Code)> {
        FAULTS.iter().enumerate().filter(move |(at, _)| self.0 >> at & 1 == 1).map(|(_, fault)| fault)
    }

    /// Their codes at a policy host.
    pub fn policy_codes(self) -> impl Iterator<Item = Code> {
        self.each().map(|(_, code, _)| *code)
    }

    /// Their codes at an MX host.
    pub fn mx_codes(self) -> impl Iterator<Item = Code> {
        self.each().map(|(_, _, code)| *code)
    }
}

/// What a row of `mx_hosts` says that findings and verdicts are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressFacts {
    /// What came of the address.
    pub contact: Contact,
    /// DNS status of the host's addresses; `None` where they were not asked for.
    pub dns: Option<DnsStatus>,
    /// Faults of the certificate; `None` where none was seen.
    pub cert: Option<CertFaults>,
    /// Whether the host is an alias (CNAME).
    pub is_alias: bool,
    /// Whether the address was contacted more than once; where there is none, whether the addresses were asked for again.
    pub look: Look,
    /// Whether it answered a hello only when that was small.
    pub large_hello: bool,
    /// What the host's TLSA records come to here.
    pub dane: HostDane,
}

impl AddressFacts {
    /// The facts of a row.
    #[must_use]
    pub fn of(row: &HostRow) -> Self {
        let tls = &row.smtp.tls;
        let mut facts = Self {
            contact: Contact::from_word(&row.smtp.outcome),
            dns: row.host_dns,
            cert: tls.cert_faults.as_ref().map(CertFaults::from_words),
            is_alias: row.host_cname.as_ref().is_some_and(|chain| !chain.is_empty()),
            look: look(row),
            large_hello: row.attempts.iter().any(|outcome| outcome == Code::mx_tls_large_hello.as_str()),
            dane: HostDane::NotAsked,
        };
        facts.dane = HostDane::of(row, &facts);
        facts
    }
}

fn look(row: &HostRow) -> Look {
    let asked_again = row.dns_retried.iter().any(|one| one.question == "address");
    if row.addr.is_none() && asked_again { Look::Repeated } else { Look::of_attempts(&row.attempts) }
}

/// Every MX host of a scan with the facts of its addresses, in no order that matters.
///
/// A host costs its name and about 60 bytes, an address 16.
#[derive(Debug, Default)]
pub struct HostsOf {
    /// Whether the scan's resolvers validate DNSSEC: without that nothing is known of DANE.
    pub validates: bool,
    /// Where each host's newest address stands in `addresses`, counted from 1.
    newest: HashMap<Box<str>, NonZeroUsize>,
    addresses: Vec<Linked>,
    pub(super) pending: Pending,
    /// By place in `addresses`: the names of certificates that match a TLSA record and are not the host's.
    pub(super) other_names: HashMap<usize, Box<[String]>>,
}

#[derive(Debug)]
struct Linked {
    facts: AddressFacts,
    older: Option<NonZeroUsize>,
}

impl HostsOf {
    /// Adds a row of `mx_hosts`. A host's rows may come in any order and far apart.
    pub fn add(&mut self, row: &HostRow) {
        let facts = AddressFacts::of(row);
        let address = self.addresses.len();
        self.add_facts(&row.host, facts);
        if facts.dane == HostDane::Unseen {
            self.await_certificates(address, row);
        }
    }

    fn add_facts(&mut self, host: &str, facts: AddressFacts) {
        let at = NonZeroUsize::MIN.saturating_add(self.addresses.len());
        let older = match self.newest.get_mut(host) {
            Some(newest) => Some(std::mem::replace(newest, at)),
            None => self.newest.insert(host.into(), at),
        };
        self.addresses.push(Linked { facts, older });
    }

    /// The facts of each row of `host`; none where the scan has no row of it.
    pub fn of<'a>(&'a self, host: &str) -> impl Iterator<Item = &'a AddressFacts> + use<'a> {
        self.places(host).map(|(_, facts)| facts)
    }

    /// What the TLSA records of `host` come to at each of its addresses, with the names of a certificate that matches one
    /// and is not the host's.
    pub(super) fn dane_of<'a>(
        &'a self,
        host: &str,
    ) -> impl Iterator<Item = (HostDane, &'a [String])> + use<'a> {
        self.places(host)
            .map(|(at, facts)| (facts.dane, self.other_names.get(&at).map_or(&[][..], |names| names)))
    }

    pub(super) fn set_dane(&mut self, address: usize, dane: HostDane) {
        if let Some(linked) = self.addresses.get_mut(address) {
            linked.facts.dane = dane;
        }
    }

    /// The facts of each row of `host` with their places in `addresses`.
    fn places<'a>(&'a self, host: &str) -> impl Iterator<Item = (usize, &'a AddressFacts)> + use<'a> {
        let mut next = self.newest.get(host).copied();
        std::iter::from_fn(move || {
            let at = next?.get() - 1;
            let linked = self.addresses.get(at)?;
            next = linked.older;
            Some((at, &linked.facts))
        })
    }

    /// How many hosts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.newest.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;

    fn row(host: &str, outcome: &'static str) -> HostRow {
        let mut row = HostRow { host: host.into(), ..HostRow::default() };
        row.smtp.outcome = outcome.into();
        row
    }

    #[test]
    fn rows_of_a_host_are_found_wherever_they_stood() {
        let mut hosts = HostsOf::default();
        for (host, outcome) in [("a", "ok"), ("b", "limited"), ("a", "not_sampled"), ("a", "smtp_closed")] {
            hosts.add(&row(host, outcome));
        }
        let contacts: Vec<Contact> = hosts.of("a").map(|facts| facts.contact).collect();
        assert_eq!(contacts, [Contact::Failed(Code::smtp_closed), Contact::NotContacted, Contact::Ok]);
        assert_eq!(hosts.of("b").count(), 1);
        assert_eq!(hosts.of("c").count(), 0);
        assert_eq!(hosts.len(), 2);
    }

    #[test]
    fn a_word_of_another_stage_is_no_contact() {
        assert_eq!(Contact::from_word("policy_tls_name"), Contact::NotContacted);
        assert_eq!(Contact::from_word("mx_mismatch_all"), Contact::NotContacted);
        assert_eq!(Contact::from_word("mx_tls_alert"), Contact::Failed(Code::mx_tls_alert));
    }

    #[test]
    fn an_address_stays_small() {
        assert!(size_of::<Linked>() <= 16);
    }
}
