#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
use super::{Tlsa, TlsaMatch, covers, pins_issuing_authority, strongest, verify};
use crate::tls::certificate::{hex, sha256_hex};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _, date_time_ymd};
use sha2::{Digest as _, Sha512};

/// 2024-07-01, inside the validity of what is made here.
const NOW: u64 = 1_719_792_000;
/// 2026-01-01, beyond it.
const LATER: u64 = 1_767_225_600;

/// A chain of leaf and authority, and the public keys of both.
struct Made {
    chain: Vec<Vec<u8>>,
    keys: [Vec<u8>; 2],
}

fn made(names: &[&str]) -> Made {
    let mut above = CertificateParams::new(Vec::new()).unwrap();
    above.distinguished_name.push(rcgen::DnType::CommonName, "authority");
    above.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let above_key = KeyPair::generate().unwrap();
    let authority = above.self_signed(&above_key).unwrap();
    let above_spki = above_key.subject_public_key_info();
    let mut params =
        CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2025, 1, 1);
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &Issuer::new(above, above_key)).unwrap();
    Made {
        chain: vec![leaf.der().to_vec(), authority.der().to_vec()],
        keys: [key.subject_public_key_info(), above_spki],
    }
}

fn records(texts: &[String]) -> Vec<Tlsa> {
    texts.iter().map(|text| Tlsa::usable(text).unwrap()).collect()
}

fn of(text: String, made: &Made, now: u64) -> TlsaMatch {
    verify(&records(&[text]), &made.chain, now)
}

#[test]
fn every_selector_and_matching_type_finds_the_leaf() {
    let made = made(&["mx.example.org"]);
    for (selector, bytes) in [(0, &made.chain[0]), (1, &made.keys[0])] {
        for (matching, data) in [(0, hex(bytes)), (1, sha256_hex(bytes)), (2, hex(&Sha512::digest(bytes)))] {
            let record = format!("3 {selector} {matching} {data}");
            assert_eq!(of(record.clone(), &made, NOW), TlsaMatch::Match, "{record}");
            // RFC 7672 section 3.1.1: dates do not count.
            assert_eq!(of(record, &made, LATER), TlsaMatch::Match);
        }
    }
    assert_eq!(of(format!("3 1 1 {}", sha256_hex(&made.keys[1])), &made, NOW), TlsaMatch::Mismatch);
}

#[test]
fn an_authority_that_issues_is_told_from_a_root() {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.distinguished_name.push(rcgen::DnType::CommonName, "root");
    let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
    let mut issuing = CertificateParams::new(Vec::new()).unwrap();
    issuing.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    issuing.distinguished_name.push(rcgen::DnType::CommonName, "issuing");
    let issuing_der = issuing
        .signed_by(&KeyPair::generate().unwrap(), &Issuer::new(root, root_key))
        .unwrap()
        .der()
        .to_vec();
    let chain = [made(&["mx.example.org"]).chain[0].clone(), issuing_der.clone(), root_der.clone()];
    let pins = |usage, der: &[u8]| {
        pins_issuing_authority(&records(&[format!("{usage} 0 1 {}", sha256_hex(der))]), &chain)
    };
    assert!(pins(2, &issuing_der));
    assert!(!pins(2, &root_der) && !pins(3, &issuing_der) && !pins(2, &chain[0]));
}

#[test]
fn an_authority_vouches_within_dates_and_for_names_only() {
    let made = made(&["mx.example.org", "*.mail.example.org"]);
    for record in [
        format!("2 0 1 {}", sha256_hex(&made.chain[1])),
        format!("2 1 2 {}", hex(&Sha512::digest(&made.keys[1]))),
        format!("2 0 0 {}", hex(&made.chain[1])),
    ] {
        let names = vec!["mx.example.org".to_owned(), "*.mail.example.org".to_owned()];
        assert_eq!(of(record.clone(), &made, NOW), TlsaMatch::MatchFor(names), "{record}");
        assert_eq!(of(record, &made, LATER), TlsaMatch::Mismatch);
    }
    // Usage 2 is about an authority, not about the server's own certificate.
    assert_eq!(of(format!("2 0 1 {}", sha256_hex(&made.chain[0])), &made, NOW), TlsaMatch::Mismatch);
}

#[test]
fn an_authority_that_is_not_sent_is_taken_from_its_record() {
    let mut made = made(&["mx.example.org"]);
    let whole = format!("2 0 0 {}", hex(&made.chain[1]));
    let digest = format!("2 0 1 {}", sha256_hex(&made.chain[1]));
    made.chain.truncate(1);
    assert!(matches!(of(whole, &made, NOW), TlsaMatch::MatchFor(_)));
    assert_eq!(of(digest, &made, NOW), TlsaMatch::Mismatch);
}

#[test]
fn an_authority_that_did_not_sign_does_not_vouch() {
    let (mut one, other) = (made(&["mx.example.org"]), made(&["mx.example.org"]));
    one.chain.push(other.chain[1].clone());
    assert_eq!(of(format!("2 0 1 {}", sha256_hex(&other.chain[1])), &one, NOW), TlsaMatch::Mismatch);
}

#[test]
fn what_mail_does_not_use_is_unusable() {
    let digest = "00".repeat(32);
    for text in [
        format!("0 0 1 {digest}"),
        format!("1 1 1 {digest}"),
        format!("4 0 1 {digest}"),
        format!("3 2 1 {digest}"),
        format!("3 1 3 {digest}"),
        format!("3 1 1 {}", &digest[2..]),
        format!("3 1 2 {digest}"),
        format!("3 1 1 {digest}0"),
        format!("3 1 1 {}zz", &digest[2..]),
        "3 0 0 c0ffee".to_owned(),
        "3 1 0 ".to_owned(),
        "3 1 1".to_owned(),
        String::new(),
        "256 1 1 00".to_owned(),
    ] {
        assert_eq!(Tlsa::usable(&text), None, "{text}");
    }
    assert!(Tlsa::usable(&format!("3 1 1 {digest}")).is_some());
    assert!(Tlsa::usable(&format!("2 1 2 {digest}{digest}")).is_some());
}

#[test]
fn nothing_matches_where_nothing_was_shown_or_it_cannot_be_read() {
    let record = records(&[format!("3 1 1 {}", "00".repeat(32)), format!("2 0 1 {}", "00".repeat(32))]);
    assert_eq!(verify(&record, &[], NOW), TlsaMatch::Mismatch);
    assert_eq!(verify(&record, &[b"no certificate".to_vec()], NOW), TlsaMatch::Mismatch);
}

#[test]
fn names_are_those_of_any_tls_client() {
    let names = vec!["mx.example.org".to_owned(), "*.example.net".to_owned()];
    assert!(covers(&names, "mx.example.org") && covers(&names, "a.example.net"));
    assert!(
        !covers(&names, "a.b.example.net")
            && !covers(&names, "example.net")
            && !covers(&[], "mx.example.org")
    );
}

#[test]
fn of_one_usage_and_selector_the_strongest_digest_counts_and_what_is_whole_always() {
    let made = made(&["mx.example.org"]);
    let (leaf, key) = (&made.chain[0], &made.keys[0]);
    let right = |selector: u8, bytes: &[u8]| format!("3 {selector} 1 {}", sha256_hex(bytes));
    let stale = |usage: u8, selector: u8| format!("{usage} {selector} 2 {}", "00".repeat(64));
    let verified = |texts: &[String]| verify(&strongest(records(texts)), &made.chain, NOW);
    // As OpenSSL has it, too.
    assert_eq!(verified(&[right(0, leaf), stale(3, 0)]), TlsaMatch::Mismatch);
    assert_eq!(verified(&[stale(3, 0), right(0, leaf)]), TlsaMatch::Mismatch);
    // Another selector or usage is another set.
    assert_eq!(verified(&[right(1, key), stale(3, 0)]), TlsaMatch::Match);
    assert_eq!(verified(&[right(0, leaf), stale(2, 0)]), TlsaMatch::Match);
    assert_eq!(verified(&[format!("3 0 0 {}", hex(leaf)), stale(3, 0)]), TlsaMatch::Match);
    assert_eq!(
        verified(&[format!("3 0 1 {}", "00".repeat(32)), format!("3 0 2 {}", hex(&Sha512::digest(leaf)))]),
        TlsaMatch::Match
    );
}
