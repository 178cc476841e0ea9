//! What a scan knows about its MX hosts, small enough to hold for all of them at once.

use super::facts::{AddressFacts, CertFaults, HostDane, usable_records};
use super::leaves::Leaves;
use super::renewal::Lives;
use super::seen::SeenHost;
use crate::tls::tlsa::{self, Tlsa, Usage};
use std::collections::HashMap;
use std::num::NonZeroU32;

/// Every MX host of a scan with the facts of its addresses, in no order that matters.
///
/// A host costs its name and about 60 bytes, an address 20 and, with a good certificate, some 20 more.
#[derive(Debug, Default)]
pub struct HostsOf {
    /// Whether the scan's resolvers validate DNSSEC: without that nothing is known of DANE.
    pub validates: bool,
    /// How long certificates are valid; to be known before their hosts are added.
    pub lives: Lives,
    one_look_lasts: bool,
    /// Where each host's newest address stands in `addresses`, counted from 1.
    newest: HashMap<Box<str>, NonZeroU32>,
    addresses: Vec<Linked>,
    pending: Pending,
    leaves: Leaves,
    /// By index in `addresses`: the names of certificates that match a TLSA record and are not the host's.
    other_names: HashMap<usize, Box<[String]>>,
}

#[derive(Debug)]
struct Linked {
    facts: AddressFacts,
    /// Counted from 1; in 32 bits, which are enough for every address of IPv4.
    older: Option<NonZeroU32>,
}

impl HostsOf {
    /// None yet; `one_look_lasts` where the dataset's layout is older than the second look at hosts without
    /// STARTTLS.
    pub(super) fn of_layout(one_look_lasts: bool) -> Self {
        Self { one_look_lasts, ..Self::default() }
    }

    /// Adds a row of `mx_hosts`. A host's rows may come in any order and far apart.
    pub fn add(&mut self, row: &SeenHost) {
        let mut facts = AddressFacts::of_layout(row, self.one_look_lasts);
        let is_valid = facts.cert.and_then(CertFaults::is_valid) == Some(true);
        facts.renewal_late = is_valid && self.lives.is_late(row.certificate_sha256.as_deref(), row.probed_at);
        let address = self.addresses.len();
        self.add_facts(&row.host, facts);
        let is_good = facts.cert.and_then(CertFaults::is_valid_but_for_name) == Some(true);
        if let Some(sha256) = row.certificate_sha256.as_deref().filter(|_| is_good) {
            self.leaves.note(address, sha256);
        }
        if facts.dane == HostDane::Unseen {
            self.await_certificates(address, row);
        }
    }

    fn add_facts(&mut self, host: &str, facts: AddressFacts) {
        let before = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX);
        let at = NonZeroU32::MIN.saturating_add(before);
        let older = match self.newest.get_mut(host) {
            Some(newest) => Some(std::mem::replace(newest, at)),
            None => self.newest.insert(host.into(), at),
        };
        self.addresses.push(Linked { facts, older });
    }

    /// The facts of each row of `host`; none where the scan has no row of it.
    pub fn of<'a>(&'a self, host: &str) -> impl Iterator<Item = &'a AddressFacts> + use<'a> {
        self.with_index(host).map(|(_, facts)| facts)
    }

    /// What the TLSA records of `host` come to at each of its addresses, with the names of a certificate that
    /// matches one and is not the host's.
    pub(super) fn dane_of<'a>(
        &'a self,
        host: &str,
    ) -> impl Iterator<Item = (HostDane, &'a [String])> + use<'a> {
        self.with_index(host)
            .map(|(at, facts)| (facts.dane, self.other_names.get(&at).map_or(&[][..], |names| names)))
    }

    /// The facts of each row of `host` with the names of its certificate, where that is good but for its
    /// names and was shown.
    pub(super) fn with_names<'a>(
        &'a self,
        host: &str,
    ) -> impl Iterator<Item = (&'a AddressFacts, Option<&'a [Box<str>]>)> + use<'a> {
        self.with_index(host).map(|(at, facts)| (facts, self.leaves.of(at)))
    }

    /// The facts of each row of `host` with their index in `addresses`.
    fn with_index<'a>(&'a self, host: &str) -> impl Iterator<Item = (usize, &'a AddressFacts)> + use<'a> {
        let mut next = self.newest.get(host).copied();
        std::iter::from_fn(move || {
            let at = next?.get() as usize - 1;
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

/// Rows whose certificates are still to be held against their TLSA records, because the table of hosts has
/// only hashes.
///
/// Only hosts with secure and usable records are here. Each costs its records and hashes, and under usage 2
/// the part of its chain that was come to, until the whole of it was.
#[derive(Debug, Default)]
struct Pending {
    rows: Vec<Option<IncompleteRow>>,
    /// The rows that need the certificate of a hash.
    wanted: HashMap<Box<str>, Vec<usize>>,
}

#[derive(Debug)]
struct IncompleteRow {
    /// The index of the address in [`HostsOf`].
    address: usize,
    records: Vec<Tlsa>,
    host: Box<str>,
    /// The target of the host's CNAME, where it is one and secure.
    target: Option<Box<str>>,
    hashes: Vec<Box<str>>,
    chain: Vec<Option<Vec<u8>>>,
    /// When the chain was seen, seconds since 1970.
    seen_at: u64,
    /// Whether it leads to a trusted root.
    is_trusted: bool,
}

/// What the certificates of a row said.
struct Settled {
    dane: HostDane,
    /// The names of the certificate, where only the domain can tell whether one of them is right.
    names: Option<Box<[String]>>,
    pins_public_ca: bool,
}

impl IncompleteRow {
    fn of(address: usize, row: &SeenHost) -> Option<Self> {
        let records = usable_records(row);
        let mut hashes = vec![row.certificate_sha256.as_deref()?.into()];
        if records.iter().any(|record| record.usage == Usage::Authority) {
            hashes.extend(row.chain_sha256.iter().flatten().map(|hash| hash.as_str().into()));
        }
        let seen_at = row.probed_at.and_then(|at| u64::try_from(at / 1_000_000).ok()).unwrap_or(0);
        let chain = vec![None; hashes.len()];
        // The target of an alias is a name that senders look for where it is secure as well (RFC 7672 section
        // 3.2.2).
        let target = row.host_cname.as_ref().and_then(|chain| chain.last());
        let target = target.filter(|_| row.host_ad == Some(true)).map(|name| name.as_str().into());
        let is_trusted = row.cert_faults.as_deref().map(CertFaults::of).is_some_and(CertFaults::is_trusted);
        Some(Self {
            address,
            records,
            host: row.host.as_str().into(),
            target,
            hashes,
            chain,
            seen_at,
            is_trusted,
        })
    }

    /// Takes a certificate; gives whether the chain is whole now.
    fn take(&mut self, sha256: &str, der: &[u8]) -> bool {
        for (_, slot) in self.hashes.iter().zip(&mut self.chain).filter(|(hash, _)| ***hash == *sha256) {
            *slot = Some(der.to_vec());
        }
        self.chain.iter().all(Option::is_some)
    }

    /// What the certificates say; those that are not there count as not sent, and without the leaf nothing is
    /// known.
    fn settle(self) -> Settled {
        if self.chain.first().is_none_or(Option::is_none) {
            return Settled { dane: HostDane::Unseen, names: None, pins_public_ca: false };
        }
        let chain: Vec<Vec<u8>> = self.chain.into_iter().flatten().collect();
        let (dane, names) = match tlsa::verify(&self.records, &chain, self.seen_at) {
            tlsa::TlsaMatch::Mismatch => (HostDane::Fails, None),
            tlsa::TlsaMatch::Unclear => (HostDane::Unseen, None),
            tlsa::TlsaMatch::Match => (HostDane::Matches, None),
            tlsa::TlsaMatch::MatchFor(names) => {
                let own = [Some(&self.host), self.target.as_ref()];
                if own.into_iter().flatten().any(|name| tlsa::covers(&names, name)) {
                    (HostDane::Matches, None)
                } else {
                    (HostDane::MatchesOthers, Some(names.into()))
                }
            }
        };
        let pins_public_ca = self.is_trusted && tlsa::pins_issuing_authority(&self.records, &chain);
        Settled { dane, names, pins_public_ca }
    }
}

impl HostsOf {
    /// Notes that a row's certificates say more.
    fn await_certificates(&mut self, address: usize, row: &SeenHost) {
        let Some(incomplete) = IncompleteRow::of(address, row) else { return };
        let at = self.pending.rows.len();
        for hash in &incomplete.hashes {
            self.pending.wanted.entry(hash.clone()).or_default().push(at);
        }
        self.pending.rows.push(Some(incomplete));
    }

    /// Whether any certificate is wanted still.
    #[must_use]
    pub fn wants_any(&self) -> bool {
        self.leaves.wants_any() || self.pending.rows.iter().any(Option::is_some)
    }

    /// Whether TLSA records or names are to be held against a certificate, by its SHA-256 in hexadecimal.
    #[must_use]
    pub fn wants(&self, sha256: &str) -> bool {
        self.leaves.wants(sha256) || self.pending.wanted.contains_key(sha256)
    }

    /// Shows a certificate (DER) that is wanted.
    pub fn show(&mut self, sha256: &str, der: &[u8]) {
        self.leaves.show(sha256, der);
        for at in self.pending.wanted.remove(sha256).unwrap_or_default() {
            let Some(slot) = self.pending.rows.get_mut(at) else { continue };
            let is_whole = slot.as_mut().is_some_and(|row| row.take(sha256, der));
            if is_whole && let Some(row) = slot.take() {
                self.note(row);
            }
        }
    }

    /// Draws what can be drawn where not every certificate was shown; to be called once all were.
    pub fn settle(&mut self) {
        for row in std::mem::take(&mut self.pending).rows.into_iter().flatten() {
            self.note(row);
        }
    }

    fn note(&mut self, row: IncompleteRow) {
        let address = row.address;
        let Settled { dane, names, pins_public_ca } = row.settle();
        if let Some(linked) = self.addresses.get_mut(address) {
            linked.facts.dane = dane;
            linked.facts.pins_public_ca = pins_public_ca;
        }
        if let Some(names) = names {
            self.other_names.insert(address, names);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::evidence::SmtpOutcome;

    fn row(host: &str, outcome: SmtpOutcome) -> SeenHost {
        SeenHost { host: host.into(), smtp_outcome: Some(outcome.into()), ..SeenHost::default() }
    }

    #[test]
    fn rows_of_a_host_are_found_wherever_they_stood() {
        let mut hosts = HostsOf::default();
        let (closed, not_sampled) = (SmtpOutcome::Closed, SmtpOutcome::NotSampled);
        for (host, outcome) in
            [("a", SmtpOutcome::Ok), ("b", SmtpOutcome::Limited), ("a", not_sampled), ("a", closed)]
        {
            hosts.add(&row(host, outcome));
        }
        let outcomes: Vec<_> = hosts.of("a").filter_map(|facts| facts.outcome).collect();
        assert_eq!(outcomes, [closed, not_sampled, SmtpOutcome::Ok]);
        assert_eq!(hosts.of("b").count(), 1);
        assert_eq!(hosts.of("c").count(), 0);
        assert_eq!(hosts.len(), 2);
    }

    #[test]
    fn an_address_stays_small() {
        assert!(size_of::<Linked>() <= 20);
    }
}
