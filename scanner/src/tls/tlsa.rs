//! TLSA records against the certificates a mail server showed (RFC 6698, RFC 7671, RFC 7672). Pure: the time
//! is an argument.

use super::certificate::sha256;
use super::judge;
use sha2::{Digest as _, Sha512};
use std::borrow::Cow;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// Whose certificate a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// DANE-TA(2): that of an authority, which vouches for the server's.
    Authority,
    /// DANE-EE(3): the server's own.
    Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selector {
    Certificate,
    PublicKey,
}

/// Digests in the order of their strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Matching {
    Exact,
    Sha256,
    Sha512,
}

/// A record that a mail sender can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlsa {
    /// Whose certificate it is about.
    pub usage: Usage,
    selector: Selector,
    matching: Matching,
    data: Vec<u8>,
}

impl Tlsa {
    /// The record of its presentation form (RFC 6698 section 2.2); `None` where no mail sender can use it.
    ///
    /// Usages 0 and 1 are unusable in mail (RFC 7672 section 3.1.3), and so are values that are not defined,
    /// a digest of another length than its algorithm has, and data that is no certificate or key (RFC 7671
    /// section 5, RFC 6698 section 4.1).
    #[must_use]
    pub fn usable(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        let mut number = || parts.next()?.parse::<u8>().ok();
        let usage = match number()? {
            2 => Usage::Authority,
            3 => Usage::Server,
            _ => return None,
        };
        let selector = match number()? {
            0 => Selector::Certificate,
            1 => Selector::PublicKey,
            _ => return None,
        };
        let matching = match number()? {
            0 => Matching::Exact,
            1 => Matching::Sha256,
            2 => Matching::Sha512,
            _ => return None,
        };
        let data = from_hex(parts.next()?)?;
        let fits = match (matching, selector) {
            (Matching::Sha256, _) => data.len() == 32,
            (Matching::Sha512, _) => data.len() == 64,
            (Matching::Exact, Selector::Certificate) => X509Certificate::from_der(&data).is_ok(),
            (Matching::Exact, Selector::PublicKey) => {
                x509_parser::x509::SubjectPublicKeyInfo::from_der(&data)
                    .is_ok_and(|(rest, _)| rest.is_empty())
            }
        };
        fits.then_some(Self { usage, selector, matching, data })
    }

    /// Whether the record is about this certificate (DER), by its selector and matching type.
    #[must_use]
    pub fn matches(&self, der: &[u8]) -> bool {
        let selected = match self.selector {
            Selector::Certificate => Cow::Borrowed(der),
            Selector::PublicKey => match X509Certificate::from_der(der) {
                Ok((_, certificate)) => Cow::Owned(certificate.public_key().raw.to_vec()),
                Err(_) => return false,
            },
        };
        match self.matching {
            Matching::Exact => *selected == *self.data,
            Matching::Sha256 => sha256(&selected)[..] == *self.data,
            Matching::Sha512 => Sha512::digest(&selected)[..] == *self.data,
        }
    }

    /// The authority's certificate, where the record holds it whole, so that the server need not send it.
    fn authority(&self) -> Option<&[u8]> {
        let whole = (self.usage, self.selector, self.matching)
            == (Usage::Authority, Selector::Certificate, Matching::Exact);
        whole.then_some(&*self.data)
    }
}

/// The usable records of a host that count: of one usage and selector those of the strongest digest, beside
/// those that hold the data whole (digest agility: RFC 7671 section 9, RFC 7672 section 5).
#[must_use]
pub fn strongest(mut records: Vec<Tlsa>) -> Vec<Tlsa> {
    let kinds: Vec<_> =
        records.iter().map(|record| (record.usage, record.selector, record.matching)).collect();
    records.retain(|record| {
        let is_stronger = |(usage, selector, matching): &(Usage, Selector, Matching)| {
            (*usage, *selector) == (record.usage, record.selector) && *matching > record.matching
        };
        record.matching == Matching::Exact || !kinds.iter().any(is_stronger)
    });
    records
}

/// What a chain is to the usable records of its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsaMatch {
    /// A record matches, whatever names and dates the certificate has.
    Match,
    /// A record's authority vouches for the certificate, which then must have one of the names a sender looks
    /// for: these are its names.
    MatchFor(Vec<String>),
    /// None matches that can be checked here; whether a record's authority vouches for the certificate
    /// cannot.
    Unclear,
    /// None matches.
    Mismatch,
}

/// Holds a chain as sent (DER, leaf first) against the records that count, at a time (seconds since 1970):
/// one that matches is enough (RFC 7672 section 2.2).
#[must_use]
pub fn verify(records: &[Tlsa], chain: &[Vec<u8>], now: u64) -> TlsaMatch {
    let Some((leaf, sent)) = chain.split_first() else { return TlsaMatch::Mismatch };
    // RFC 7672 section 3.1.1: for DANE-EE neither names nor dates count.
    if records.iter().any(|record| record.usage == Usage::Server && record.matches(leaf)) {
        return TlsaMatch::Match;
    }
    // Section 3.1.2: for DANE-TA the path, its dates and the names do.
    let authorities = records.iter().filter(|record| record.usage == Usage::Authority).flat_map(|record| {
        let among_sent = sent.iter().map(Vec::as_slice).filter(|der| record.matches(der));
        among_sent.chain(record.authority())
    });
    let mut otherwise = TlsaMatch::Mismatch;
    for authority in authorities {
        match judge::is_vouched_for(leaf, sent, authority, now) {
            Some(true) => return TlsaMatch::MatchFor(judge::names_of(leaf)),
            None => otherwise = TlsaMatch::Unclear,
            Some(false) => {}
        }
    }
    otherwise
}

/// Whether a record of usage 2 is about an authority that was sent (DER, leaf first) and is no root: one that
/// issues, and that its owner exchanges for another within a few years.
#[must_use]
pub fn pins_issuing_authority(records: &[Tlsa], chain: &[Vec<u8>]) -> bool {
    let is_issued = |der: &[u8]| {
        X509Certificate::from_der(der)
            .is_ok_and(|(_, authority)| authority.issuer().as_raw() != authority.subject().as_raw())
    };
    let mut authorities = records.iter().filter(|record| record.usage == Usage::Authority);
    let sent = chain.get(1..).unwrap_or_default();
    authorities.any(|record| sent.iter().any(|der| record.matches(der) && is_issued(der)))
}

/// Whether a certificate with these names is one for `host` (RFC 7672 section 3.2.3: the rules of names are
/// those of any TLS client).
#[must_use]
pub fn covers(names: &[String], host: &str) -> bool {
    names.iter().any(|name| judge::name_covers(name, host))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
#[path = "tlsa_tests.rs"]
mod tests;
