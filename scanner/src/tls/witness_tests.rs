#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
use super::{HandshakeView, KeyProof};
use crate::tls::issuing::{HOST, params, root, shake_hands};
use crate::tls::{Hello, TlsClient};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, ServerConfig, ServerConnection, SupportedProtocolVersion};
use std::sync::Arc;

/// The one certificate of a server, whatever it holds.
#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A certificate of `own`, shown by a server that signs with `signs`; with a staple if there is one.
struct Shown<'a> {
    params: &'a CertificateParams,
    own: &'a KeyPair,
    signs: &'a KeyPair,
    ocsp: Option<Vec<u8>>,
}

/// What is seen of a handshake in a version.
fn seen(shown: &Shown<'_>, version: &'static SupportedProtocolVersion) -> HandshakeView {
    let authority = root("root");
    let certificate = shown.params.signed_by(shown.own, &authority.issuer).unwrap().der().clone();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(shown.signs.serialize_der()));
    let mut certified = CertifiedKey::new(vec![certificate], any_supported_type(&private).unwrap());
    certified.ocsp.clone_from(&shown.ocsp);
    let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(One(Arc::new(certified))));
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    let attempt = TlsClient::new(authority.trust()).unwrap().attempt(Hello::Small, &[]);
    let name = ServerName::try_from(HOST).unwrap();
    let mut client = ClientConnection::new(Arc::new(attempt.config), name).unwrap();
    shake_hands(&mut client, &mut server);
    attempt.witness.seen()
}

#[test]
fn a_key_is_proven_whatever_else_its_certificate_holds_and_another_key_is_not() {
    // A critical policy, which webpki reads no certificate with.
    let mut policed = params(&[HOST]);
    let any = vec![0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];
    let mut policy = CustomExtension::from_oid_content(&[2, 5, 29, 32], any);
    policy.set_criticality(true);
    policed.custom_extensions.push(policy);
    let (own, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        for params in [&params(&[HOST]), &policed] {
            let proof = |signs| seen(&Shown { params, own: &own, signs, ocsp: None }, version).proof;
            assert_eq!(proof(&own), KeyProof::Proven, "{version:?}");
            assert_eq!(proof(&other), KeyProof::NotProven, "{version:?}");
        }
    }
}

#[test]
fn a_staple_is_seen() {
    let own = KeyPair::generate().unwrap();
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        for ocsp in [None, Some(vec![0x30, 3, 0x0a, 1, 3])] {
            let expected = Some(ocsp.is_some());
            let shown = Shown { params: &params(&[HOST]), own: &own, signs: &own, ocsp };
            assert_eq!(seen(&shown, version).stapled, expected, "{version:?}");
        }
    }
}
