//! DANE of MX hosts (RFC 7672): what their TLSA records say about the certificates that were seen.
//!
//! What a host's records come to is drawn once a row of `mx_hosts`; the domain adds whether its MX set is secure, and its
//! own name, which a certificate under usage 2 may have in place of the host's.

use super::catalogue::Code;
use super::hosts::{AddressFacts, Contact, HostsOf};
use super::verdict::{Fate, address_fate};
use super::{Evidence, Found};
use crate::dataset::rows::HostRow;
use crate::dataset::words::DnsStatus;
use crate::tls::tlsa::{self, Tlsa, Usage};
use std::collections::HashMap;

/// What the TLSA records of a host come to at one of its addresses, the domain apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostDane {
    /// They were not asked for.
    NotAsked,
    /// There are none.
    Absent,
    /// The resolver could not get them though the host's addresses were secure: no sender may take that for none
    /// (RFC 7672 section 2.1).
    Bogus,
    /// They could not be had.
    Unknown,
    /// There are some, but they or the host's addresses are not secure.
    Insecure,
    /// They are secure, and none is one that a mail sender can use.
    Unusable,
    /// They can be used, and nothing was seen to hold them against.
    Unseen,
    /// They can be used, and there is no TLS, or no record matches.
    Fails,
    /// A record matches.
    Matches,
    /// A record's authority vouches for the certificate, but its names are not the host's.
    MatchesOthers,
}

impl HostDane {
    /// What a row says by itself; for `Unseen` the certificates may say more.
    pub(super) fn of(row: &HostRow, contact: &AddressFacts) -> Self {
        match row.tlsa_dns {
            None => Self::NotAsked,
            Some(DnsStatus::NoData | DnsStatus::NxDomain) => Self::Absent,
            Some(DnsStatus::ServFail) if row.host_ad == Some(true) => Self::Bogus,
            Some(DnsStatus::NoError) if row.host_ad != Some(true) || row.tlsa_ad != Some(true) => {
                Self::Insecure
            }
            Some(DnsStatus::NoError) if usable(row).is_empty() => Self::Unusable,
            // Section 2.2: with usable records TLS is a must.
            Some(DnsStatus::NoError) => match (contact.contact, address_fate(contact)) {
                (Contact::Failed(_), Some(Fate::Fails)) => Self::Fails,
                _ => Self::Unseen,
            },
            Some(_) => Self::Unknown,
        }
    }
}

fn usable(row: &HostRow) -> Vec<Tlsa> {
    row.tlsa.iter().flatten().filter_map(|text| Tlsa::usable(text)).collect()
}

/// Rows whose certificates are still to be held against their TLSA records, because the table of hosts has only hashes.
///
/// Only hosts with secure and usable records are here. Each costs its records and hashes, and under usage 2 the part of its
/// chain that was come to, until the whole of it was.
#[derive(Debug, Default)]
pub(super) struct Pending {
    rows: Vec<Option<Waiting>>,
    /// The rows that need the certificate of a hash.
    wanted: HashMap<Box<str>, Vec<usize>>,
}

#[derive(Debug)]
struct Waiting {
    /// The address's place in [`HostsOf`].
    address: usize,
    records: Vec<Tlsa>,
    host: Box<str>,
    /// The target of the host's CNAME, where it is one.
    target: Option<Box<str>>,
    hashes: Vec<Box<str>>,
    chain: Vec<Option<Vec<u8>>>,
    /// When the chain was seen, seconds since 1970.
    seen_at: u64,
}

impl Waiting {
    fn of(address: usize, row: &HostRow) -> Option<Self> {
        let records = usable(row);
        let tls = &row.smtp.tls;
        let mut hashes = vec![tls.certificate_sha256.as_deref()?.into()];
        if records.iter().any(|record| record.usage == Usage::Authority) {
            hashes.extend(tls.chain_sha256.iter().flatten().map(|hash| hash.as_str().into()));
        }
        let seen_at = row.smtp.probed_at.and_then(|at| u64::try_from(at / 1_000_000).ok()).unwrap_or(0);
        let chain = vec![None; hashes.len()];
        let target = row.host_cname.as_ref().and_then(|chain| chain.last()).map(|name| name.as_str().into());
        Some(Self { address, records, host: row.host.as_str().into(), target, hashes, chain, seen_at })
    }

    /// Takes a certificate; gives whether the chain is whole now.
    fn take(&mut self, sha256: &str, der: &[u8]) -> bool {
        for (_, place) in self.hashes.iter().zip(&mut self.chain).filter(|(hash, _)| ***hash == *sha256) {
            *place = Some(der.to_vec());
        }
        self.chain.iter().all(Option::is_some)
    }

    /// What the certificates say, and their names where only the domain can tell; certificates that are not there count
    /// as not sent, and without the leaf nothing is known.
    fn settle(self) -> (usize, HostDane, Option<Box<[String]>>) {
        if self.chain.first().is_none_or(Option::is_none) {
            return (self.address, HostDane::Unseen, None);
        }
        let chain: Vec<Vec<u8>> = self.chain.into_iter().flatten().collect();
        match tlsa::verify(&self.records, &chain, self.seen_at) {
            tlsa::Verdict::Mismatch => (self.address, HostDane::Fails, None),
            tlsa::Verdict::Match => (self.address, HostDane::Matches, None),
            tlsa::Verdict::MatchFor(names) => {
                let own = [Some(&self.host), self.target.as_ref()];
                if own.into_iter().flatten().any(|name| tlsa::covers(&names, name)) {
                    (self.address, HostDane::Matches, None)
                } else {
                    (self.address, HostDane::MatchesOthers, Some(names.into()))
                }
            }
        }
    }
}

impl HostsOf {
    /// Notes that a row's certificates say more; those that the row itself holds are looked at now.
    pub(super) fn await_certificates(&mut self, address: usize, row: &HostRow) {
        let Some(mut waiting) = Waiting::of(address, row) else { return };
        if !row.smtp.tls.chain.is_empty() {
            waiting.chain = row.smtp.tls.chain.iter().cloned().map(Some).collect();
            return self.note(waiting);
        }
        let at = self.pending.rows.len();
        for hash in &waiting.hashes {
            self.pending.wanted.entry(hash.clone()).or_default().push(at);
        }
        self.pending.rows.push(Some(waiting));
    }

    /// Whether any certificate is wanted still.
    #[must_use]
    pub fn wants_any(&self) -> bool {
        self.pending.rows.iter().any(Option::is_some)
    }

    /// Whether a certificate is one that TLSA records are to be held against, by its SHA-256 in hexadecimal.
    #[must_use]
    pub fn wants(&self, sha256: &str) -> bool {
        self.pending.wanted.contains_key(sha256)
    }

    /// Shows a certificate (DER) that is wanted.
    pub fn show(&mut self, sha256: &str, der: &[u8]) {
        for at in self.pending.wanted.remove(sha256).unwrap_or_default() {
            let Some(place) = self.pending.rows.get_mut(at) else { continue };
            let is_whole = place.as_mut().is_some_and(|waiting| waiting.take(sha256, der));
            if is_whole && let Some(waiting) = place.take() {
                self.note(waiting);
            }
        }
    }

    /// Draws what can be drawn where not every certificate was shown; to be called once all were.
    pub fn settle(&mut self) {
        for waiting in std::mem::take(&mut self.pending).rows.into_iter().flatten() {
            self.note(waiting);
        }
    }

    fn note(&mut self, waiting: Waiting) {
        let (address, dane, names) = waiting.settle();
        self.set_dane(address, dane);
        if let Some(names) = names {
            self.other_names.insert(address, names);
        }
    }
}

/// The outcome of each MX host whose TLSA records were asked for, in the order of the set; `None` where those of none
/// were. Findings are drawn for domains that signal.
pub(super) fn findings(evidence: &Evidence<'_>, found: &mut Found) -> Option<Vec<(String, &'static str)>> {
    let mut outcomes: Vec<(String, &'static str)> = Vec::new();
    for mx in evidence.mail_hosts() {
        if outcomes.iter().any(|(host, _)| *host == mx.host) {
            continue;
        }
        let Some(outcome) = outcome(evidence, &mx.host) else { continue };
        if evidence.signals()
            && let Some(code) = Code::from_word(&format!("dane_{outcome}"))
        {
            found.note(code);
        }
        outcomes.push((mx.host.clone(), outcome));
    }
    (!outcomes.is_empty()).then_some(outcomes)
}

fn outcome(evidence: &Evidence<'_>, host: &str) -> Option<&'static str> {
    let hosts = evidence.hosts;
    let states: Vec<HostDane> = hosts
        .dane_of(host)
        .map(|(state, names)| match state {
            // RFC 7672 section 3.2.3: the next-hop domain is one of the names a sender looks for.
            HostDane::MatchesOthers if tlsa::covers(names, &evidence.row.domain) => HostDane::Matches,
            HostDane::MatchesOthers => HostDane::Fails,
            state => state,
        })
        .filter(|state| *state != HostDane::NotAsked)
        .collect();
    let any = |wanted: HostDane| states.contains(&wanted);
    if states.is_empty() {
        return None;
    }
    Some(if !hosts.validates {
        "unknown"
    } else if any(HostDane::Bogus) {
        "bogus"
    } else if any(HostDane::Unknown) {
        "unknown"
    } else if any(HostDane::Absent) {
        "none"
    } else if any(HostDane::Insecure) || evidence.row.mx_ad != Some(true) {
        // Section 2.2.1: without a secure MX set a secure host does not help.
        "insecure"
    } else if any(HostDane::Unusable) {
        "unusable"
    } else if any(HostDane::Fails) {
        // Which address a sender takes is chance: one that fails is enough.
        "invalid"
    } else if any(HostDane::Matches) {
        "valid"
    } else {
        "unknown"
    })
}
