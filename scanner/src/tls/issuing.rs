//! Authorities, certificates and handshakes for the tests of this folder.

#![allow(clippy::unwrap_used, reason = "a test says what must be there")]

use super::certificate::{sha256, unhex};
use super::trust::{Trust, TrustSource};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, PublicKeyData,
    SignatureAlgorithm, SigningKey, date_time_ymd,
};
use rustls::{ClientConnection, ServerConnection};
use std::sync::LazyLock;
use x509_parser::num_bigint::BigUint;

pub(super) const HOST: &str = "mx.example.org";
/// 2024-07-01, inside the validity of everything that `params` makes.
pub(super) const NOW: u64 = 1_719_792_000;

pub(super) fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2025, 1, 1);
    params
}

pub(super) fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(&[]);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}

/// An authority that issues.
pub(super) struct Authority {
    certificate: Certificate,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

pub(super) fn root(name: &str) -> Authority {
    Authority::of(authority_params(name), KeyPair::generate().unwrap())
}

impl Authority {
    /// One that signs its own certificate.
    pub(super) fn of(params: CertificateParams, key: KeyPair) -> Self {
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    pub(super) fn sub(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.signed_by(&key, &self.issuer).unwrap(), issuer: Issuer::new(params, key) }
    }

    pub(super) fn issue(&self, params: &CertificateParams) -> Vec<u8> {
        params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap().der().to_vec()
    }

    pub(super) fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    pub(super) fn trust(&self) -> Trust {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), self.certificate.pem()).unwrap();
        Trust::load(&TrustSource::File(file.path().to_owned())).unwrap()
    }
}

pub(super) fn self_signed(params: &CertificateParams) -> Vec<u8> {
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

/// An RSA key of 1024 bits, which no library makes any longer (contents of `subjectPublicKey`).
pub(super) const SMALL_KEY: &str = "\
    30818902818100b7046e33a689843337473a0650e4dfaeec05e0e1f4530b2b462d7ce42fcd8390eccffc7a12075cbd8c\
    dd971b8f407cc1836967bb57d375ca398fa7d656882ccd32242ff779f6b61deec0890e0f6043c95913e0ca261115223d\
    ef6ee318ce547f37a78ca9c0d01de6791144b82347cfe57f9133a61ca89c6a62c3a2e764b9c75d0203010001";
const SMALL_MODULUS: &str = "\
    b7046e33a689843337473a0650e4dfaeec05e0e1f4530b2b462d7ce42fcd8390eccffc7a12075cbd8cdd971b8f407cc1\
    836967bb57d375ca398fa7d656882ccd32242ff779f6b61deec0890e0f6043c95913e0ca261115223def6ee318ce547f\
    37a78ca9c0d01de6791144b82347cfe57f9133a61ca89c6a62c3a2e764b9c75d";
const SMALL_EXPONENT: &str = "\
    04f2cdb7ffccc01252704e9555229b19b3b00500970697cab7bf0b1d705d722d3cf9f2adaa4720aecf5c3e75b44dde11\
    ad67f0321491d7217ca4f1b8cde628afe7ea1eb174204e640baffab23cc7ca3c2e38b355725c78fe2f274080a934805d\
    dba2cb486fe578b9a9c5a6543956408c4d137aa7835c76ed1aea83007e19fdd1";

/// The owner of [`SMALL_KEY`]; signs with PKCS #1 and SHA-256.
pub(super) struct SmallKey;

impl PublicKeyData for SmallKey {
    fn der_bytes(&self) -> &[u8] {
        static DER: LazyLock<Vec<u8>> = LazyLock::new(|| unhex(SMALL_KEY).unwrap());
        &DER
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for SmallKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let mut info = vec![0x30, 49, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32];
        info.extend_from_slice(&sha256(message));
        let mut encoded = vec![0, 1];
        encoded.resize(128 - info.len() - 1, 0xff);
        encoded.push(0);
        encoded.extend(info);
        let number = |text: &str| BigUint::from_bytes_be(&unhex(text).unwrap());
        let signed = BigUint::from_bytes_be(&encoded).modpow(&number(SMALL_EXPONENT), &number(SMALL_MODULUS));
        let signed = signed.to_bytes_be();
        Ok([vec![0; 128 - signed.len()], signed].concat())
    }
}

/// A whole handshake; gives what the server sent.
pub(super) fn shake_hands(client: &mut ClientConnection, server: &mut ServerConnection) -> Vec<u8> {
    let mut all = Vec::new();
    while client.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            server.read_tls(&mut bytes).unwrap();
        }
        server.process_new_packets().unwrap();
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        all.extend_from_slice(&bytes);
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            client.read_tls(&mut bytes).unwrap();
        }
        client.process_new_packets().unwrap();
    }
    all
}
