//! Chains that others made, and what the judge is to say of them.
#![allow(clippy::unwrap_used, reason = "tests")]

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use std::io::Write as _;
use sts_scanner::evidence::{CertCause, CertFault};
use sts_scanner::tls::certificate::{sha256_hex, unhex};
use sts_scanner::tls::judge::{ChainJudgement, judge};
use sts_scanner::tls::tlsa::{self, Tlsa, TlsaMatch};
use sts_scanner::tls::{KeyProof, Trust, TrustSource};

const HOST: &str = "mx.example.org";
/// 2020-01-01: every certificate of PKITS is valid from 2010 to 2030, and its root until the end of 2030.
const OF_PKITS: u64 = 1_577_836_800;
/// 2027-01-01, inside the validity of what OpenSSL made.
const OF_OPENSSL: u64 = 1_798_761_600;

fn trust(pem: &[u8], at: u64) -> Trust {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pem).unwrap();
    Trust::load_as_of(&TrustSource::File(file.path().to_owned()), at).unwrap()
}

fn cases(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn der(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap()).unwrap()
}

fn chain(case: &Value) -> Vec<Vec<u8>> {
    case["chain"].as_array().unwrap().iter().map(der).collect()
}

fn judged(chain: &[Vec<u8>], trust: &Trust, at: u64) -> ChainJudgement {
    judge(chain, HOST, trust, at, KeyProof::Proven).unwrap()
}

/// The 20 cases of NIST's Public Key Interoperability Test Suite (2011, in the public domain) about
/// constraints of directory names, sections 4.13.1 to 4.13.20, as `cryptography-vectors` 50.0.2 has them.
#[test]
fn every_case_of_pkits_about_directory_names_is_judged_as_it_expects() {
    let trust = trust(include_bytes!("../../tests/cases/pkits_root.pem"), OF_PKITS);
    let cases = cases(include_str!("../../tests/cases/pkits_names.jsonl"));
    for case in &cases {
        let judged = judged(&chain(case), &trust, OF_PKITS);
        // The suite's leaves have no host names.
        let faults: Vec<CertFault> =
            judged.faults().iter().copied().filter(|fault| *fault != CertFault::Name).collect();
        let expected = match case["expect"].as_str().unwrap() {
            "valid" => (Vec::new(), None),
            _ => (vec![CertFault::Untrusted], Some(CertCause::NameConstraint)),
        };
        assert_eq!((faults, judged.cause()), expected, "{}", case["id"]);
    }
    assert_eq!(cases.len(), 20);
}

/// Chains of OpenSSL 3.0 with keys and signatures that it takes, and the library here does not.
#[test]
fn a_signature_that_cannot_be_checked_is_our_limit_for_names_and_for_tlsa_records() {
    let cases = cases(include_str!("../../tests/cases/signatures.jsonl"));
    for case in &cases {
        let pem = case["root"].as_str().unwrap();
        let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec();
        let mut chain = chain(case);
        let judged = judged(&chain, &trust(pem.as_bytes(), OF_OPENSSL), OF_OPENSSL);
        let record = Tlsa::usable(&format!("2 0 1 {}", sha256_hex(&root))).unwrap();
        chain.push(root);
        let matched = tlsa::verify(&[record], &chain, OF_OPENSSL);
        let (faults, expected) = match case["expect"].as_str().unwrap() {
            "valid" => (Vec::new(), TlsaMatch::MatchFor(vec![HOST.to_owned()])),
            _ => (vec![CertFault::ClientLimit], TlsaMatch::Unclear),
        };
        assert_eq!((judged.faults(), judged.cause()), (&*faults, None), "{}", case["id"]);
        assert_eq!(matched, expected, "{}", case["id"]);
    }
    assert_eq!(cases.len(), 9);
}
