//! What of a certificate, and of the list that it came in, senders judge differently (docs/senders.md). The
//! judgement does not go by it: it is said beside.

use super::certificate::must_staple;
use super::judge::{name_covers, names};
use super::path::is_authority;
use super::rsa;
use crate::evidence::SenderDifference;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// Certificates that OpenJDK takes (`jdk.tls.client.maxInboundCertificateChainLength`).
const OPENJDK: usize = 10;
/// Certificates that GnuTLS takes (`DEFAULT_MAX_VERIFY_DEPTH`).
const GNUTLS: usize = 16;

/// Everything that senders judge differently about a chain as sent (DER, leaf first) for a host, at a time
/// (seconds since 1970); `stapled` says whether an answer of OCSP came with it, if that was seen.
pub(super) fn differences(
    chain: &[Vec<u8>],
    host: &str,
    stapled: Option<bool>,
    at: u64,
) -> Vec<SenderDifference> {
    let read: Vec<X509Certificate<'_>> =
        chain.iter().filter_map(|der| Some(X509Certificate::from_der(der).ok()?.1)).collect();
    let leaf = chain.first().and_then(|der| Some(X509Certificate::from_der(der).ok()?.1));
    let of_leaf = |test: &dyn Fn(&X509Certificate<'_>) -> bool| leaf.as_ref().is_some_and(test);
    let at = i64::try_from(at).unwrap_or(i64::MAX);
    let found = [
        (chain.len() > OPENJDK, SenderDifference::LongList10),
        (chain.len() > GNUTLS, SenderDifference::LongList16),
        (of_leaf(&|leaf| covers_underscore(leaf, host)), SenderDifference::Underscore),
        (stapled == Some(false) && of_leaf(&must_staple), SenderDifference::NoStaple),
        (is_expired_first(&read, at), SenderDifference::ExpiredFirst),
        (of_leaf(&lacks_digital_signature), SenderDifference::NoDigitalSignature),
        (of_leaf(&|leaf| has_common_name_only(leaf, host)), SenderDifference::CnOnly),
        (of_leaf(&has_weak_key), SenderDifference::WeakKey),
    ];
    found.into_iter().filter_map(|(is_so, word)| is_so.then_some(word)).collect()
}

/// OpenJDK takes no such host at all; OpenSSL none below a wildcard.
fn covers_underscore(leaf: &X509Certificate<'_>, host: &str) -> bool {
    host.contains('_') && names(leaf).any(|name| name_covers(name, host))
}

/// Two certificates of one authority of which the one that has expired comes first: GnuTLS takes the first.
fn is_expired_first(read: &[X509Certificate<'_>], at: i64) -> bool {
    let ended = |one: &X509Certificate<'_>| one.validity().not_after.timestamp() < at;
    let is_same = |one: &X509Certificate<'_>, other: &X509Certificate<'_>| {
        one.subject().as_raw() == other.subject().as_raw() && one.public_key().raw == other.public_key().raw
    };
    let mut authorities = read.iter().skip(1).filter(|one| is_authority(one));
    while let Some(first) = authorities.find(|one| ended(one)) {
        let later = authorities.clone();
        if later.into_iter().any(|other| !ended(other) && is_same(first, other)) {
            return true;
        }
    }
    false
}

fn lacks_digital_signature(leaf: &X509Certificate<'_>) -> bool {
    matches!(leaf.key_usage(), Ok(Some(usage)) if !usage.value.digital_signature())
}

/// RFC 9525 section 2 took the common name away; most software still takes it where there is no DNS name.
fn has_common_name_only(leaf: &X509Certificate<'_>, host: &str) -> bool {
    let common = leaf.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    names(leaf).next().is_none() && common.into_iter().any(|name| name_covers(name, host))
}

fn has_weak_key(leaf: &X509Certificate<'_>) -> bool {
    // Both kinds of RSA keys (RFC 8017 appendix A.1 and C).
    let algorithm = leaf.public_key().algorithm.algorithm.to_id_string();
    let is_rsa = matches!(algorithm.as_str(), "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10");
    let bits = rsa::modulus_bits(&leaf.public_key().subject_public_key.data);
    is_rsa && bits.is_some_and(|bits| bits <= *rsa::SMALL.end())
}

#[cfg(test)]
#[path = "differs_tests.rs"]
mod tests;
