//! What is seen of one handshake, from inside rustls.
//!
//! reqwest does not show its connection, so everything is taken where rustls calls back: the verifier sees
//! the certificates and, in TLS 1.2, the signed key exchange; the session store sees that a handshake begins
//! and, in TLS 1.3, that it ended and with which group.

use super::sealed;
use super::signature::is_proof_all_the_same;
use crate::evidence::TlsVersion;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, KeyLog, NamedGroup, SignatureScheme};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether the server proved in the handshake that it holds the certificate's key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyProof {
    /// The handshake did not come so far.
    #[default]
    NotShown,
    /// It did.
    Proven,
    /// Its signature does not verify, or cannot be verified: a certificate that cannot be read, an RSA key of
    /// less than 1024 bits.
    NotProven,
}

/// What was seen up to now.
#[derive(Debug, Clone, Default)]
pub(crate) struct HandshakeView {
    /// A handshake was begun: the TCP connection stands.
    pub(crate) begun: bool,
    /// The certificates as sent, leaf first.
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) version: Option<TlsVersion>,
    pub(crate) group: Option<NamedGroup>,
    pub(crate) proof: KeyProof,
    /// Whether an answer of OCSP was stapled (RFC 6066 section 8); `None` where that was not seen.
    pub(crate) stapled: Option<bool>,
    /// What seals the server's part of a handshake of TLS 1.3.
    pub(crate) secret: Option<Vec<u8>>,
}

/// Records one handshake and accepts whatever certificate it shows. For one connection only.
#[derive(Debug)]
pub(crate) struct Witness {
    seen: Mutex<HandshakeView>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Witness {
    pub(crate) fn new(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { seen: Mutex::new(HandshakeView::default()), algorithms }
    }

    pub(crate) fn seen(&self) -> HandshakeView {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, HandshakeView> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record_proof(&self, version: TlsVersion, is_proven: bool) {
        let mut seen = self.lock();
        seen.version = Some(version);
        seen.proof = if is_proven { KeyProof::Proven } else { KeyProof::NotProven };
    }
}

/// The group in what a TLS 1.2 server signs: two randoms of 32 bytes, curve type 3 (named), the curve (RFC
/// 8422 section 5.4).
fn group_of_tls12(signed: &[u8]) -> Option<NamedGroup> {
    match signed.get(64..67)? {
        [3, high, low] => Some(NamedGroup::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let mut seen = self.lock();
        seen.chain = chain.map(|der| der.as_ref().to_vec()).collect();
        seen.stapled = Some(!ocsp_response.is_empty());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let is_proven = verify_tls12_signature(message, cert, dss, &self.algorithms).is_ok()
            || is_proof_all_the_same(cert, TlsVersion::Tls12, message, dss, &self.algorithms);
        self.record_proof(TlsVersion::Tls12, is_proven);
        self.lock().group = group_of_tls12(message);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let is_proven = verify_tls13_signature(message, cert, dss, &self.algorithms).is_ok()
            || is_proof_all_the_same(cert, TlsVersion::Tls13, message, dss, &self.algorithms);
        self.record_proof(TlsVersion::Tls13, is_proven);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl KeyLog for Witness {
    fn log(&self, _label: &str, _client_random: &[u8], secret: &[u8]) {
        self.lock().secret = Some(secret.to_vec());
    }

    fn will_log(&self, label: &str) -> bool {
        label == sealed::LABEL
    }
}

/// Stores no session, so none is ever resumed; it only listens.
impl ClientSessionStore for Witness {
    fn set_kx_hint(&self, _server_name: ServerName<'static>, group: NamedGroup) {
        self.lock().group = Some(group);
    }

    fn kx_hint(&self, _server_name: &ServerName<'_>) -> Option<NamedGroup> {
        // Asked while the ClientHello is made, which is when the TCP connection stands.
        self.lock().begun = true;
        None
    }

    fn set_tls12_session(&self, _server_name: ServerName<'static>, _value: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _server_name: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _server_name: ServerName<'static>, _value: Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
