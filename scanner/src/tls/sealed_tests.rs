#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
use super::*;
use crate::tls::issuing::shake_hands;
use crate::tls::{Hello, TlsClient, Trust, TrustSource};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConnection, ServerConfig, ServerConnection, SupportedProtocolVersion};

/// What a client hears of a server up to its end of the handshake, the secret that it logs, and the
/// certificate.
fn heard(versions: &[&'static SupportedProtocolVersion]) -> (Vec<u8>, Option<Vec<u8>>, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["mx.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let der = certificate.der().clone();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der.clone()], private)
        .unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate.pem()).unwrap();
    let client = TlsClient::new(Trust::load(&TrustSource::File(file.path().to_owned())).unwrap()).unwrap();
    let attempt = client.attempt(Hello::PostQuantum, &[]);
    let name = ServerName::try_from("mx.example").unwrap();
    let mut client = ClientConnection::new(Arc::new(attempt.config), name).unwrap();
    let all = shake_hands(&mut client, &mut server);
    (all, attempt.witness.seen().secret, der.to_vec())
}

#[test]
fn certificates_are_read_from_what_was_heard() {
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let (all, secret, der) = heard(versions);
        assert_eq!(certificates(&all, secret.as_deref()), Some(vec![der]));
    }
}

#[test]
fn a_part_of_it_or_other_bytes_are_none_and_break_nothing() {
    let (all, secret, _) = heard(&[&rustls::version::TLS13]);
    for end in (0..all.len().min(400)).chain([all.len()]) {
        let _ = certificates(&all[..end], secret.as_deref());
        let _ = certificates(&all[..end], Some(&[7; 32]));
    }
    assert_eq!(certificates(&all, None), None);
    assert_eq!(certificates(&all, Some(&[7; 32])), None);
    assert_eq!(certificates(&[23, 3, 3, 0, 1, 0], secret.as_deref()), None);
}
