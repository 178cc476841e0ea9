//! One TLS client for the whole scan, and one configuration per attempt.

use super::certificate::sha256_hex;
use super::differs;
use super::judge::{self, ChainJudgement};
use super::trust::Trust;
use super::witness::{HandshakeView, Witness};
use crate::evidence::TlsVersion;
use crate::evidence::rows::TlsEvidence;
use crate::fault::LocalFault;
use crate::moment;
use rustls::client::{Resumption, Tls12Resumption};
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::{CipherSuite, ClientConfig, NamedGroup};
use std::sync::Arc;

/// What a connection's ClientHello has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hello {
    /// A share for X25519MLKEM768, which makes it some 1,500 bytes: more than one packet.
    #[default]
    PostQuantum,
    /// None, nor that group: it fits one packet, as every hello did before.
    Small,
}

/// What every TLS connection of a scan shares: what it offers, and whom it trusts.
///
/// It offers TLS 1.3 and 1.2, the groups X25519MLKEM768 (but see [`Hello`]), x25519, secp256r1 and secp384r1,
/// and the cipher suites of rustls in their order.
#[derive(Debug)]
pub struct TlsClient {
    template: ClientConfig,
    small: ClientConfig,
    trust: Trust,
}

/// One connection's configuration, and who watches it.
pub(crate) struct Attempt {
    pub(crate) config: ClientConfig,
    pub(crate) witness: Arc<Witness>,
}

impl TlsClient {
    /// A client that judges against these authorities.
    ///
    /// # Errors
    /// Where the cryptographic library does not have what the client is to offer.
    pub fn new(trust: Trust) -> Result<Self, LocalFault> {
        Ok(Self { template: template(Hello::PostQuantum)?, small: template(Hello::Small)?, trust })
    }

    /// Whom it trusts.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The configuration of one connection. It costs 0.4 µs (mean of 2,000, test profile): a clone of the
    /// template copies a dozen pointers.
    pub(crate) fn attempt(&self, hello: Hello, protocols: &[&[u8]]) -> Attempt {
        let template = match hello {
            Hello::PostQuantum => &self.template,
            Hello::Small => &self.small,
        };
        let algorithms = template.crypto_provider().signature_verification_algorithms;
        let witness = Arc::new(Witness::new(algorithms));
        let mut config = template.clone();
        let verifier: Arc<Witness> = Arc::clone(&witness);
        config.dangerous().set_certificate_verifier(verifier);
        let store: Arc<Witness> = Arc::clone(&witness);
        let secrets: Arc<Witness> = Arc::clone(&witness);
        config.key_log = secrets;
        config.resumption = Resumption::store(store).tls12_resumption(Tls12Resumption::Disabled);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Attempt { config, witness }
    }

    /// The judgement of what was seen, for this name, now; `None` where no certificate was seen.
    pub(crate) fn judge(&self, seen: &HandshakeView, name: &str) -> Option<ChainJudgement> {
        let now = moment::seconds();
        let judged = judge::judge(&seen.chain, name, &self.trust, now, seen.proof)?;
        Some(judged.beside(differs::differences(&seen.chain, name, seen.stapled, now)))
    }
}

fn template(hello: Hello) -> Result<ClientConfig, LocalFault> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    if hello == Hello::PostQuantum {
        provider.kx_groups.insert(0, kx_group::X25519MLKEM768);
    }
    let nobody = Arc::new(Witness::new(provider.signature_verification_algorithms));
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|err| LocalFault::Setup { doing: "set up TLS", reason: err.to_string() })?
        .dangerous()
        .with_custom_certificate_verifier(nobody)
        .with_no_client_auth();
    Ok(config)
}

/// The columns of a handshake. Those of the connection (version, cipher, group) only where it finished.
pub(crate) fn evidence(
    seen: HandshakeView,
    judgement: Option<&ChainJudgement>,
    finished: Option<Finished>,
) -> TlsEvidence {
    let mut hashes = seen.chain.iter().map(|der| sha256_hex(der));
    let certificate_sha256 = hashes.next();
    let chain_sha256 = certificate_sha256.is_some().then(|| hashes.collect());
    let finished = finished.unwrap_or_default();
    TlsEvidence {
        version: finished.version,
        cipher: finished.cipher,
        group: finished.group,
        certificate_sha256,
        chain_sha256,
        cert_outcome: judgement.map(ChainJudgement::outcome),
        cert_faults: judgement.map(|judgement| judgement.faults().to_vec()),
        cert_cause: judgement.and_then(ChainJudgement::cause),
        cert_differs: judgement.map(|judgement| judgement.differs().to_vec()),
        stapled: seen.stapled,
        chain: seen.chain,
    }
}

/// What a finished handshake agreed on.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) version: Option<TlsVersion>,
    pub(crate) cipher: Option<String>,
    pub(crate) group: Option<String>,
}

/// Name of a group in the IANA registry "TLS Supported Groups", which writes the Montgomery curves small; the
/// number in hexadecimal where we have none.
pub(crate) fn group_name(group: NamedGroup) -> String {
    match group {
        NamedGroup::X25519 => "x25519".to_owned(),
        NamedGroup::X448 => "x448".to_owned(),
        NamedGroup::secp256r1 => "secp256r1".to_owned(),
        NamedGroup::secp384r1 => "secp384r1".to_owned(),
        NamedGroup::secp521r1 => "secp521r1".to_owned(),
        NamedGroup::X25519MLKEM768 => "X25519MLKEM768".to_owned(),
        other => format!("0x{:04x}", u16::from(other)),
    }
}

/// Name of a cipher suite in the IANA registry "TLS Cipher Suites"; rustls writes those of TLS 1.3 with
/// `TLS13_`.
pub(crate) fn cipher_name(suite: CipherSuite) -> String {
    match suite.as_str() {
        Some(name) => match name.strip_prefix("TLS13_") {
            Some(rest) => format!("TLS_{rest}"),
            None => name.to_owned(),
        },
        None => format!("0x{:04x}", u16::from(suite)),
    }
}

#[cfg(test)]
mod tests {
    use super::{cipher_name, group_name};
    use rustls::{CipherSuite, NamedGroup};

    #[test]
    fn names_are_those_of_the_registry() {
        assert_eq!(cipher_name(CipherSuite::TLS13_AES_256_GCM_SHA384), "TLS_AES_256_GCM_SHA384");
        assert_eq!(
            cipher_name(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        );
        assert_eq!(group_name(NamedGroup::X25519), "x25519");
        assert_eq!(group_name(NamedGroup::X25519MLKEM768), "X25519MLKEM768");
    }
}
