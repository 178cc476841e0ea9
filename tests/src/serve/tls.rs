//! The TLS side of policy hosts and MX hosts.

use super::shape::Shaped;
use super::{Shared, stall};
use crate::situation::{Legacy, Oversized, Tls};
use anyhow::Result;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

/// How long a peer may take for its hello.
const HELLO: Duration = Duration::from_secs(20);

/// Bytes of a hello that fits one packet of Ethernet, with the headers of IPv6 and TCP.
const PACKET: usize = 1_400;

/// Server configurations by what they are limited to: a TLS version, key exchange groups, and clients with a
/// certificate.
type Made = HashMap<(Option<String>, Vec<String>, bool), Arc<ServerConfig>>;

/// The server configurations, one for each set of versions and groups, and how often flaky hosts were asked.
#[derive(Debug, Default)]
pub(crate) struct Configs {
    made: Mutex<Made>,
    hellos: Mutex<HashMap<String, u32>>,
}

/// Gives the one certificate of a connection.
#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Demands a certificate of the client and takes none.
#[derive(Debug)]
struct Demanding;

impl ClientCertVerifier for Demanding {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Err(CertificateError::UnknownIssuer.into())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::BadSignature.into())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::BadSignature.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

impl Configs {
    fn base(&self, tls: &Tls) -> Result<Arc<ServerConfig>> {
        let key = (tls.newest.clone(), tls.groups.clone(), tls.wants_certificate);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = made.get(&key) {
            return Ok(Arc::clone(config));
        }
        let mut provider: CryptoProvider = aws_lc_rs::default_provider();
        provider.kx_groups = groups(&tls.groups)?;
        let versions: &[&rustls::SupportedProtocolVersion] = match tls.newest.as_deref() {
            Some("1.2") => &[&rustls::version::TLS12],
            None | Some("1.3") => &[&rustls::version::TLS13, &rustls::version::TLS12],
            Some(other) => anyhow::bail!("the laboratory speaks no TLS {other}"),
        };
        // The certificate is set for each connection; this one is never sent.
        let nobody: Arc<dyn ResolvesServerCert> = Arc::new(rustls::server::ResolvesServerCertUsingSni::new());
        let clients: Arc<dyn ClientCertVerifier> =
            if tls.wants_certificate { Arc::new(Demanding) } else { WebPkiClientVerifier::no_client_auth() };
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(nobody);
        config.send_tls13_tickets = 0;
        let config = Arc::new(config);
        made.insert(key, Arc::clone(&config));
        Ok(config)
    }

    /// Counts one more hello for a host that fails at first; gives how many there were.
    fn hellos(&self, host: &str) -> u32 {
        let mut hellos = self.hellos.lock().unwrap_or_else(PoisonError::into_inner);
        let count = hellos.entry(host.to_owned()).or_default();
        *count += 1;
        *count
    }
}

fn groups(names: &[String]) -> Result<Vec<&'static dyn SupportedKxGroup>> {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    if names.is_empty() {
        return Ok(vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1]);
    }
    let one = |name: &String| -> Result<&'static dyn SupportedKxGroup> {
        Ok(match name.as_str() {
            "X25519MLKEM768" => X25519MLKEM768,
            "x25519" => X25519,
            "secp256r1" => SECP256R1,
            "secp384r1" => SECP384R1,
            other => anyhow::bail!("the laboratory has no group {other}"),
        })
    };
    names.iter().map(one).collect()
}

/// Checks that a TLS behaviour can be played.
///
/// # Errors
/// Where it names a version or a group that there is not.
pub fn check(tls: &Tls) -> Result<()> {
    if let Some(legacy) = &tls.legacy {
        let known = ["1.0", "1.1", "1.2", "1.3"].contains(&legacy.version.as_str());
        anyhow::ensure!(known, "there is no old TLS {}", legacy.version);
        anyhow::ensure!(tls.alert.is_some(), "who speaks old TLS alone answers another hello with an alert");
    }
    Configs::default().base(tls).map(drop)
}

/// A hello that was read, and what of it decides what becomes of it.
pub(super) struct Hello {
    start: StartHandshake<Shaped>,
    /// The name asked for, empty where none was.
    pub(super) host: String,
    /// Bytes of its record.
    size: usize,
    /// The address it came to.
    addr: IpAddr,
}

/// Reads the hello.
pub(super) async fn hello(stream: TcpStream) -> io::Result<Hello> {
    let reading = async {
        let (size, addr) = (record_size(&stream).await?, stream.local_addr()?.ip());
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), Shaped::new(stream)).await?;
        let host = start.client_hello().server_name().unwrap_or_default().to_ascii_lowercase();
        Ok(Hello { start, host, size, addr })
    };
    tokio::time::timeout(HELLO, reading).await.map_err(|_| io::ErrorKind::TimedOut)?
}

/// What the header of the record that is to be read says of its length (RFC 8446 section 5.1).
async fn record_size(stream: &TcpStream) -> io::Result<usize> {
    let mut header = [0; 5];
    loop {
        match stream.peek(&mut header).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            5 => return Ok(usize::from(u16::from_be_bytes([header[3], header[4]]))),
            _ => tokio::task::yield_now().await,
        }
    }
}

impl Hello {
    /// The connection, where no handshake is to be made.
    pub(super) fn into_stream(self) -> Shaped {
        self.start.io
    }
}

/// Answers a hello as the behaviour says. `None` where that was no handshake; the connection is over then.
pub(super) async fn answer(
    hello: Hello,
    tls: &Tls,
    shared: &Shared,
) -> io::Result<Option<TlsStream<Shaped>>> {
    let Hello { mut start, host, size, addr } = hello;
    let is_large = tls.largest_hello.is_some_and(|largest| size > largest);
    let fails = !is_large && tls.closes_first > 0 && shared.tls.hellos(&host) <= tls.closes_first;
    shared.contacts.meet(&host, Some(addr), fails, size <= PACKET);
    if fails {
        return Ok(None);
    }
    if is_large {
        return match tls.oversized {
            Oversized::Stalls => stall(start.io).await.map(|()| None),
            Oversized::Resets => reset(start.io.into_inner()).map(|()| None),
        };
    }
    if let Some(bytes) = instead(tls, &start.client_hello()) {
        start.io.write_all(&bytes).await?;
        start.io.shutdown().await?;
        return stall(start.io).await.map(|()| None);
    }
    // Of level warning (RFC 6066 section 3: not recommended, and seen); the version is that of TLS 1.2.
    start.io.write_all(&[21, 3, 3, 0, 2, 1, 112].repeat(tls.warnings)).await?;
    start.io.shape(tls);
    let issued = shared.authority.issue(&tls.certificate, &host).map_err(io::Error::other)?;
    let mut config = ServerConfig::clone(&*shared.tls.base(tls).map_err(io::Error::other)?);
    config.alpn_protocols = tls.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    config.cert_resolver = Arc::new(One(Arc::clone(&issued.certified)));
    start.into_stream(Arc::new(config)).await.map(Some)
}

/// What a server says that makes no handshake; `None` where it makes one.
fn instead(tls: &Tls, hello: &ClientHello<'_>) -> Option<Vec<u8>> {
    let offered = |legacy: &&Legacy| {
        let has_suite = hello.cipher_suites().iter().any(|suite| u16::from(*suite) == legacy.suite);
        let groups = hello.named_groups().unwrap_or_default();
        has_suite && (legacy.group == 0 || groups.iter().any(|group| u16::from(*group) == legacy.group))
    };
    if let Some(legacy) = tls.legacy.as_ref().filter(offered) {
        return Some(server_hello(legacy));
    }
    // A fatal alert in a record of TLS 1.2 (RFC 8446 sections 5.1 and 6).
    let alert = tls.alert.map(|alert| vec![21, 3, 3, 0, 2, 2, alert]);
    alert.or_else(|| tls.garbage.as_ref().map(|garbage| garbage.clone().into_bytes()))
}

/// A ServerHello without extensions (RFC 5246 section 7.4.1.3).
fn server_hello(legacy: &Legacy) -> Vec<u8> {
    if legacy.group != 0 {
        return hello_retry_request(legacy);
    }
    let minor = minor(&legacy.version);
    let [high, low] = legacy.suite.to_be_bytes();
    // Version, 32 random bytes, no session, the suite, no compression: 38 bytes.
    let mut record = vec![22, 3, minor, 0, 42, 2, 0, 0, 38, 3, minor];
    record.extend([0x5a; 32]);
    record.extend([0, high, low, 0]);
    record
}

/// A ServerHello that asks for a key share of a group (RFC 8446 section 4.1.4).
fn hello_retry_request(legacy: &Legacy) -> Vec<u8> {
    // SHA-256 of "HelloRetryRequest".
    const RANDOM: [u8; 32] = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
        0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    ];
    let ([high, low], [group_high, group_low]) = (legacy.suite.to_be_bytes(), legacy.group.to_be_bytes());
    // supported_versions: TLS 1.3; key_share: the group.
    let extensions = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, group_high, group_low];
    let mut record = vec![22, 3, 3, 0, 56, 2, 0, 0, 52, 3, 3];
    record.extend(RANDOM);
    record.extend([0, high, low, 0, 0, 12]);
    record.extend(extensions);
    record
}

/// Second byte of a version on the wire (RFC 5246 appendix E: 1.0 is 3.1).
fn minor(version: &str) -> u8 {
    match version {
        "1.0" => 1,
        "1.1" => 2,
        _ => 3,
    }
}

/// Breaks a connection off so that the peer sees a reset.
fn reset(stream: TcpStream) -> io::Result<()> {
    stream.set_zero_linger()?;
    drop(stream);
    Ok(())
}
