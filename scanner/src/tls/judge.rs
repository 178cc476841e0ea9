//! The judgement of a certificate: every fault by itself, none hiding another. Pure: the time is an argument.
//!
//! - *Who vouches for it* is asked at a time inside the leaf's validity (now, or else its nearer end), so
//!   that an expired certificate of a trusted authority is expired and nothing else. An intermediate that is
//!   not valid at that time does not count, so the leaf is untrusted.
//! - Intermediates are taken from the chain as sent, in any order. One that is missing is not fetched: the
//!   leaf is untrusted here, and `assess` says whether the scan saw it elsewhere.
//! - *Whose it is* is asked of the subject alternative names alone (RFC 9525 section 6.3).

use super::signature::is_signed_by;
use super::trust::{LONGEST, Trust};
use super::witness::KeyProof;
use crate::evidence::{CertFault, CertOutcome};
use rustls::pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

/// Certificates beside the leaf that are tried as the issuer of one, where webpki looks for no path.
const TRIED: usize = 100;

/// Every fault of a certificate, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainJudgement {
    faults: Vec<CertFault>,
}

impl ChainJudgement {
    /// All of them; empty where it is valid.
    #[must_use]
    pub fn faults(&self) -> &[CertFault] {
        &self.faults
    }

    /// The first of them; `None` where it is valid.
    #[must_use]
    pub fn first(&self) -> Option<CertFault> {
        self.faults.first().copied()
    }

    /// Valid, or the first fault.
    #[must_use]
    pub fn outcome(&self) -> CertOutcome {
        CertOutcome::of(&self.faults)
    }
}

/// Judges a chain as sent (DER, leaf first) for a host (lower case, no trailing dot) at a time (seconds since
/// 1970).
///
/// `None` where the chain is empty. A leaf that cannot be read has the one fault `other`: nothing else can be
/// asked of it.
#[must_use]
pub fn judge(
    chain: &[Vec<u8>],
    host: &str,
    trust: &Trust,
    now: u64,
    proof: KeyProof,
) -> Option<ChainJudgement> {
    let (leaf_der, intermediates) = chain.split_first()?;
    let Ok((rest, leaf)) = X509Certificate::from_der(leaf_der) else {
        return Some(ChainJudgement { faults: vec![CertFault::Other] });
    };
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let (begin, end) = validity(&leaf);
    let self_signed = is_self_signed(&leaf);
    let reader = Reader { leaf: &leaf, leaf_der, intermediates, trust, at: inside(now, begin, end) };

    let mut faults = Vec::new();
    if self_signed {
        faults.push(CertFault::SelfSigned);
    } else if !reader.is_trusted() {
        faults.push(CertFault::Untrusted);
    }
    let unfit = !rest.is_empty()
        || begin > end
        || !reader.is_readable_by_senders()
        || !is_for_servers(&leaf)
        || (is_authority(&leaf) && !self_signed);
    if unfit || proof == KeyProof::NotProven {
        faults.push(CertFault::Other);
    }
    if now > end {
        faults.push(CertFault::Expired);
    }
    if now < begin {
        faults.push(CertFault::NotYetValid);
    }
    if !names(&leaf).any(|name| name_covers(name, host)) {
        faults.push(CertFault::Name);
    }
    Some(ChainJudgement { faults })
}

/// Whether a path leads from the leaf (DER) to the trust store by these certificates, at the time `now`
/// (seconds since 1970) or, outside the leaf's validity, at its nearer end.
pub(super) fn is_trusted(leaf_der: &[u8], intermediates: &[Vec<u8>], trust: &Trust, now: u64) -> bool {
    let Ok((_, leaf)) = X509Certificate::from_der(leaf_der) else { return false };
    let (begin, end) = validity(&leaf);
    let at = inside(i64::try_from(now).unwrap_or(i64::MAX), begin, end);
    Reader { leaf: &leaf, leaf_der, intermediates, trust, at }.is_trusted()
}

/// Whether an authority of the trust store signed it.
pub(super) fn is_issued_by_trusted(certificate: &X509Certificate<'_>, trust: &Trust) -> bool {
    trust.anchors().iter().any(|anchor| is_issued_by_anchor(certificate, anchor))
}

/// Whether the authority (DER) signed it.
pub(super) fn issued(authority_der: &[u8], certificate: &X509Certificate<'_>) -> bool {
    X509Certificate::from_der(authority_der).is_ok_and(|(_, authority)| is_issued_by(certificate, &authority))
}

fn is_issued_by(certificate: &X509Certificate<'_>, authority: &X509Certificate<'_>) -> bool {
    authority.subject().as_raw() == certificate.issuer().as_raw()
        && is_signed_by(certificate, &authority.public_key().subject_public_key.data)
}

fn validity(certificate: &X509Certificate<'_>) -> (i64, i64) {
    let validity = certificate.validity();
    (validity.not_before.timestamp(), validity.not_after.timestamp())
}

/// The time to ask for the path: now where the leaf is valid, else its nearer end.
fn inside(now: i64, begin: i64, end: i64) -> u64 {
    u64::try_from(now.min(end).max(begin)).unwrap_or(0)
}

fn is_self_signed(leaf: &X509Certificate<'_>) -> bool {
    leaf.issuer().as_raw() == leaf.subject().as_raw()
        && is_signed_by(leaf, &leaf.public_key().subject_public_key.data)
}

/// Whether it is marked as an authority (RFC 5280 section 4.2.1.9).
pub(super) fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    matches!(certificate.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca)
}

/// Without an extended key usage a certificate is for everything (RFC 5280 section 4.2.1.12).
fn is_for_servers(leaf: &X509Certificate<'_>) -> bool {
    match leaf.extended_key_usage() {
        Ok(None) => true,
        Ok(Some(usage)) => usage.value.server_auth,
        Err(_) => false,
    }
}

fn names<'a>(leaf: &'a X509Certificate<'_>) -> impl Iterator<Item = &'a str> {
    let extension = leaf.subject_alternative_name().ok().flatten();
    extension.into_iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    })
}

/// RFC 9525 section 6.3: blind to case; a wildcard is the whole leftmost label and covers exactly one label.
/// As every common implementation has it, a wildcard needs two labels after it.
pub(super) fn name_covers(presented: &str, host: &str) -> bool {
    match presented.strip_prefix("*.") {
        None => !presented.contains('*') && presented.eq_ignore_ascii_case(host),
        Some(parent) => {
            parent.contains('.')
                && !parent.contains('*')
                && host
                    .split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent))
        }
    }
}

/// Whether an authority vouches for a leaf (all DER) at a time, over the other certificates that were sent;
/// for whatever the leaf is for. The authority itself is taken as it is: the operator who names it answers
/// for it (RFC 7671 section 5.2).
pub(super) fn is_vouched_for(leaf: &[u8], sent: &[Vec<u8>], authority: &[u8], at: u64) -> bool {
    let (leaf, authority) = (CertificateDer::from(leaf), CertificateDer::from(authority));
    let (Ok(leaf), Ok(anchor)) =
        (EndEntityCert::try_from(&leaf), webpki::anchor_from_trusted_cert(&authority))
    else {
        return false;
    };
    let others: Vec<CertificateDer<'_>> =
        sent.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
    let anchors = [anchor];
    leaf.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &others, at, AnyUsage, None, None).is_ok()
}

/// The DNS names of a certificate (DER); none where it cannot be read.
pub(super) fn names_of(leaf: &[u8]) -> Vec<String> {
    match X509Certificate::from_der(leaf) {
        Ok((_, leaf)) => names(&leaf).map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}

/// A path is asked for whatever the leaf is for, where it is not for servers: that is another fault.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

struct Reader<'a> {
    leaf: &'a X509Certificate<'a>,
    leaf_der: &'a [u8],
    intermediates: &'a [Vec<u8>],
    trust: &'a Trust,
    at: u64,
}

impl Reader<'_> {
    /// Version 3, well formed, no critical extension that is unknown.
    fn is_readable_by_senders(&self) -> bool {
        EndEntityCert::try_from(&CertificateDer::from(self.leaf_der)).is_ok()
    }

    fn is_trusted(&self) -> bool {
        let der = CertificateDer::from(self.leaf_der);
        let (begin, end) = validity(self.leaf);
        match EndEntityCert::try_from(&der) {
            Ok(leaf) if begin <= end && !is_authority(self.leaf) => self.has_path(&leaf),
            // webpki looks for no path of such a leaf, but that is no answer to who vouches for it.
            _ => self.has_signatures_up_to_an_anchor(),
        }
    }

    fn has_path(&self, leaf: &EndEntityCert<'_>) -> bool {
        let algorithms = webpki::ALL_VERIFICATION_ALGS;
        let anchors = self.trust.anchors();
        let others: Vec<CertificateDer<'_>> =
            self.intermediates.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(self.at));
        let path = if is_for_servers(self.leaf) {
            leaf.verify_for_usage(algorithms, anchors, &others, at, KeyUsage::server_auth(), None, None)
        } else {
            leaf.verify_for_usage(algorithms, anchors, &others, at, AnyUsage, None, None)
        };
        path.is_ok()
    }

    /// From issuer to issuer by name, signature and time, as far as the chain's own certificates reach.
    fn has_signatures_up_to_an_anchor(&self) -> bool {
        let others: Vec<X509Certificate<'_>> = self
            .intermediates
            .iter()
            .filter_map(|der| Some(X509Certificate::from_der(der).ok()?.1))
            .filter(|other| is_authority(other) && self.is_valid_then(other))
            .collect();
        let mut current = self.leaf;
        // As webpki has it: a path has an end, and not everything that is sent is tried.
        for _ in 0..=LONGEST {
            if is_issued_by_trusted(current, self.trust) {
                return true;
            }
            match others.iter().take(TRIED).find(|other| is_issued_by(current, other)) {
                Some(issuer) => current = issuer,
                None => return false,
            }
        }
        false
    }

    fn is_valid_then(&self, other: &X509Certificate<'_>) -> bool {
        let (begin, end) = validity(other);
        i64::try_from(self.at).is_ok_and(|at| begin <= at && at <= end)
    }
}

fn is_issued_by_anchor(
    certificate: &X509Certificate<'_>,
    anchor: &rustls::pki_types::TrustAnchor<'_>,
) -> bool {
    // An anchor's subject and key stand without their outer SEQUENCE.
    contents(certificate.issuer().as_raw()) == Some(anchor.subject.as_ref())
        && key_bits(anchor.subject_public_key_info.as_ref()).is_some_and(|key| is_signed_by(certificate, key))
}

/// Contents of the DER value at the beginning.
fn contents(der: &[u8]) -> Option<&[u8]> {
    Some(split(der)?.0)
}

/// `subjectPublicKey` of the contents of a `SubjectPublicKeyInfo`: an algorithm, then a BIT STRING whose
/// first byte counts the unused bits.
fn key_bits(key_info: &[u8]) -> Option<&[u8]> {
    let (_algorithm, rest) = split(key_info)?;
    let (bits, _) = split(rest)?;
    bits.get(1..)
}

/// The contents of the first DER value, and what follows it.
fn split(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
