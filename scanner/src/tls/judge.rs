//! The judgement of a certificate: every fault by itself, none hiding another. Pure: the time is an argument.
//!
//! - *Who vouches for it* is asked at a time inside the leaf's validity (now, or else its nearer end), so
//!   that an expired certificate of a trusted authority is expired and nothing else. An intermediate that is
//!   not valid at that time does not count, so the leaf is untrusted. webpki is asked first; where it finds
//!   no path, `path` says why, or that the path holds what cannot be checked: `client_limit`.
//! - Intermediates are taken from the chain as sent, in any order. One that is missing is not fetched: the
//!   leaf is untrusted here, and `assess` says whether the scan saw it elsewhere.
//! - A leaf that is marked as an authority is judged as any other (RFC 5280 section 6.1 does not ask).
//! - *Whose it is* is asked of the subject alternative names alone (RFC 9525 section 6.3).

use super::der;
use super::path::{self, Answer, Wanted, is_authority};
use super::signature::is_signed_by;
use super::trust::Trust;
use super::witness::KeyProof;
use crate::evidence::{CertCause, CertFault, CertOutcome, SenderDifference};
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, VerifiedPath};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

/// Every fault of a certificate, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainJudgement {
    faults: Vec<CertFault>,
    cause: Option<CertCause>,
    differs: Vec<SenderDifference>,
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

    /// Why it is untrusted; `None` where it is not.
    #[must_use]
    pub fn cause(&self) -> Option<CertCause> {
        self.cause
    }

    /// What senders judge differently about it, in the order of the words.
    #[must_use]
    pub fn differs(&self) -> &[SenderDifference] {
        &self.differs
    }

    /// The same with what senders judge differently.
    #[must_use]
    pub(super) fn beside(self, differs: Vec<SenderDifference>) -> Self {
        Self { differs, ..self }
    }

    fn of(faults: Vec<CertFault>, cause: Option<CertCause>) -> Self {
        Self { faults, cause, differs: Vec::new() }
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
        return Some(ChainJudgement::of(vec![CertFault::Other], None));
    };
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let (begin, end) = validity(&leaf);
    let mut faults = Vec::new();
    let vouched = match is_self_signed(&leaf) {
        true if trust.anchors().iter().any(|anchor| is_itself(&leaf, anchor)) => {
            Answer::Path { is_ours: false }
        }
        true => {
            faults.push(CertFault::SelfSigned);
            Answer::Path { is_ours: false }
        }
        false => {
            let purpose = if is_for_servers(&leaf) { Purpose::Servers } else { Purpose::Any };
            let asked =
                Asked { sent: intermediates, anchors: trust.anchors(), at: inside(now, begin, end), purpose };
            vouched(&leaf, leaf_der, asked)
        }
    };
    let mut cause = None;
    if let Answer::None(why) = vouched {
        faults.push(CertFault::Untrusted);
        cause = Some(why);
    }
    let unfit = !rest.is_empty()
        || begin > end
        || !is_readable_by_senders(&leaf, leaf_der)
        || !is_for_servers(&leaf)
        || !has_key_usage_of_servers(&leaf);
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
    if vouched == Answer::Limit {
        faults.push(CertFault::ClientLimit);
    }
    Some(ChainJudgement::of(faults, cause))
}

/// Whether a path leads from the leaf (DER) to the trust store by these certificates, at the time `now`
/// (seconds since 1970) or, outside the leaf's validity, at its nearer end.
pub(super) fn is_trusted(leaf_der: &[u8], intermediates: &[Vec<u8>], trust: &Trust, now: u64) -> bool {
    let Ok((_, leaf)) = X509Certificate::from_der(leaf_der) else { return false };
    let (begin, end) = validity(&leaf);
    let at = inside(i64::try_from(now).unwrap_or(i64::MAX), begin, end);
    let purpose = if is_for_servers(&leaf) { Purpose::Servers } else { Purpose::Any };
    let asked = Asked { sent: intermediates, anchors: trust.anchors(), at, purpose };
    matches!(vouched(&leaf, leaf_der, asked), Answer::Path { .. })
}

/// Whether an authority of the trust store signed it.
pub(super) fn is_issued_by_trusted(certificate: &X509Certificate<'_>, trust: &Trust) -> bool {
    trust.anchors().iter().any(|anchor| {
        path::is_named_by(certificate, anchor)
            && is_signed_by(certificate, anchor.subject_public_key_info.as_ref())
    })
}

/// Whether the authority (DER) signed it.
pub(super) fn issued(authority_der: &[u8], certificate: &X509Certificate<'_>) -> bool {
    let is_by = |authority: &X509Certificate<'_>| {
        authority.subject().as_raw() == certificate.issuer().as_raw()
            && der::contents(authority.public_key().raw).is_some_and(|key| is_signed_by(certificate, key))
    };
    X509Certificate::from_der(authority_der).is_ok_and(|(_, authority)| is_by(&authority))
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
        && der::contents(leaf.public_key().raw).is_some_and(|key| is_signed_by(leaf, key))
}

/// Whether a certificate is the trusted one itself, by name and key: a machine may trust a server's own.
fn is_itself(leaf: &X509Certificate<'_>, anchor: &TrustAnchor<'_>) -> bool {
    der::contents(leaf.subject().as_raw()) == Some(anchor.subject.as_ref())
        && der::contents(leaf.public_key().raw) == Some(anchor.subject_public_key_info.as_ref())
}

/// A server signs, or takes an encrypted or agreed key (RFC 5280 section 4.2.1.3); without a key usage a key
/// is for everything.
fn has_key_usage_of_servers(leaf: &X509Certificate<'_>) -> bool {
    match leaf.key_usage() {
        Ok(None) => true,
        Ok(Some(usage)) => {
            let usage = usage.value;
            usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
        }
        Err(_) => false,
    }
}

/// Version 3, well formed, no critical extension that is unknown. What is sound and webpki alone cannot read
/// is no fault of the certificate.
fn is_readable_by_senders(leaf: &X509Certificate<'_>, leaf_der: &[u8]) -> bool {
    match EndEntityCert::try_from(&CertificateDer::from(leaf_der)) {
        Ok(_) => true,
        Err(webpki::Error::UnsupportedCriticalExtension) => !path::has_unknown_critical(leaf),
        Err(_) => path::has_unique_id(leaf),
    }
}

/// Without an extended key usage a certificate is for everything (RFC 5280 section 4.2.1.12).
fn is_for_servers(leaf: &X509Certificate<'_>) -> bool {
    match leaf.extended_key_usage() {
        Ok(None) => true,
        Ok(Some(usage)) => usage.value.server_auth,
        Err(_) => false,
    }
}

pub(super) fn names<'a>(leaf: &'a X509Certificate<'_>) -> impl Iterator<Item = &'a str> {
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
/// for whatever the leaf is for; `None` where that cannot be checked here. The authority itself is taken as
/// it is: the operator who names it answers for it (RFC 7671 section 5.2).
pub(super) fn is_vouched_for(leaf: &[u8], sent: &[Vec<u8>], authority: &[u8], at: u64) -> Option<bool> {
    let authority = CertificateDer::from(authority);
    let Ok((_, read)) = X509Certificate::from_der(leaf) else { return Some(false) };
    let Ok(anchor) = webpki::anchor_from_trusted_cert(&authority) else { return Some(false) };
    let (begin, end) = validity(&read);
    let is_valid = i64::try_from(at).is_ok_and(|at| begin <= at && at <= end);
    let asked = Asked { sent, anchors: &[anchor], at, purpose: Purpose::Any };
    if !is_valid || !is_readable_by_senders(&read, leaf) {
        return Some(false);
    }
    match vouched(&read, leaf, asked) {
        Answer::Path { .. } => Some(true),
        Answer::Limit => None,
        Answer::None(_) => Some(false),
    }
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

/// What issuers must be for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Servers,
    Any,
}

/// What a path is asked for with.
#[derive(Clone, Copy)]
struct Asked<'a> {
    /// The certificates beside the leaf (DER), in any order.
    sent: &'a [Vec<u8>],
    anchors: &'a [TrustAnchor<'a>],
    /// Seconds since 1970.
    at: u64,
    purpose: Purpose,
}

/// Who vouches for a leaf: webpki's answer where it finds a path, else that of the search beside it. A path
/// that webpki refuses for reasons that the search does not know is one that cannot be checked.
fn vouched(leaf: &X509Certificate<'_>, leaf_der: &[u8], asked: Asked<'_>) -> Answer {
    let (begin, end) = validity(leaf);
    let leaf_der = CertificateDer::from(leaf_der);
    let readable = EndEntityCert::try_from(&leaf_der).ok();
    // It looks for no path of a leaf that is not as it wants one; that is no answer to who vouches for it.
    let plain = readable.filter(|_| begin <= end && !is_authority(leaf));
    match plain.as_ref().map(|leaf| webpki_finds(leaf, asked)) {
        Some(Ok(())) => return Answer::Path { is_ours: false },
        Some(Err(webpki::Error::CertDistrusted)) => return Answer::None(CertCause::NoPath),
        Some(Err(_)) | None => {}
    }
    let at = i64::try_from(asked.at).unwrap_or(i64::MAX);
    let wanted = Wanted { anchors: asked.anchors, at, for_servers: asked.purpose == Purpose::Servers };
    match path::search(leaf, asked.sent, wanted) {
        Answer::Path { is_ours: false } if plain.is_some() => Answer::Limit,
        answer => answer,
    }
}

fn webpki_finds(leaf: &EndEntityCert<'_>, asked: Asked<'_>) -> Result<(), webpki::Error> {
    let others: Vec<CertificateDer<'_>> =
        asked.sent.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(asked.at));
    // It reads no key usage of an issuer.
    let signs = |path: &VerifiedPath<'_>| {
        let may_sign = |der: CertificateDer<'_>| {
            X509Certificate::from_der(&der).is_ok_and(|(_, issuer)| path::is_issuer(&issuer))
        };
        let all = path.intermediate_certificates().all(|issuer| may_sign(issuer.der()));
        if all { Ok(()) } else { Err(webpki::Error::EndEntityUsedAsCa) }
    };
    let found = match asked.purpose {
        Purpose::Servers => {
            let usage = KeyUsage::server_auth();
            leaf.verify_for_usage(algorithms, asked.anchors, &others, at, usage, None, Some(&signs))
        }
        Purpose::Any => {
            leaf.verify_for_usage(algorithms, asked.anchors, &others, at, AnyUsage, None, Some(&signs))
        }
    };
    found.map(drop)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
