//! Servers on loopback that behave as told, for one connection each, and certificates for them.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test says what must be there")]
#![allow(clippy::disallowed_methods, reason = "its servers end with the test")]

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use sts_scanner::tls::{TlsClient, Trust, TrustSource};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Long enough that only a fault of ours reaches it.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);
/// For servers that stall: every such test takes this long.
pub(crate) const SHORT: Duration = Duration::from_millis(400);

/// An authority, and what it issues.
pub(crate) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A chain with the leaf's key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: KeyPair,
}

/// A leaf for these names, valid now.
pub(crate) fn leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}

pub(crate) fn expired(names: &[&str]) -> CertificateParams {
    let mut params = leaf(names);
    params.not_after = date_time_ymd(2021, 1, 1);
    params
}

pub(crate) fn not_yet_valid(names: &[&str]) -> CertificateParams {
    let mut params = leaf(names);
    params.not_before = date_time_ymd(2099, 1, 1);
    params
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = leaf(&[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    pub(crate) fn issue(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { chain: vec![certificate.der().clone()], key }
    }

    /// A client that trusts this authority and no other.
    pub(crate) fn client(&self) -> TlsClient {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), self.certificate.pem()).unwrap();
        TlsClient::new(Trust::load(&TrustSource::File(file.path().to_owned())).unwrap()).unwrap()
    }
}

pub(crate) fn self_signed(params: &CertificateParams) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Identity { chain: vec![certificate.der().clone()], key }
}

impl Identity {
    pub(crate) fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        self.acceptor_of(rustls::ALL_VERSIONS)
    }

    pub(crate) fn acceptor_of(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> tokio_rustls::TlsAcceptor {
        self.acceptor_for(versions, WebPkiClientVerifier::no_client_auth(), &[])
    }

    /// One that takes this application protocol alone (RFC 7301).
    pub(crate) fn acceptor_for_protocol(&self, protocol: &str) -> tokio_rustls::TlsAcceptor {
        self.acceptor_for(rustls::ALL_VERSIONS, WebPkiClientVerifier::no_client_auth(), &[protocol])
    }

    /// One that demands a certificate of the client.
    pub(crate) fn demanding(&self) -> tokio_rustls::TlsAcceptor {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(Authority::new("clients").certificate.der().clone()).unwrap();
        let provider = Arc::new(default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        self.acceptor_for(rustls::ALL_VERSIONS, clients, &[])
    }

    fn acceptor_for(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
        clients: Arc<dyn ClientCertVerifier>,
        protocols: &[&str],
    ) -> tokio_rustls::TlsAcceptor {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(self.chain.clone(), key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        tokio_rustls::TlsAcceptor::from(Arc::new(config))
    }
}

/// Serves one connection, and gives what the server returns.
pub(crate) async fn serve<F>(
    server: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (SocketAddr, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(listener);
        server(stream).await
    });
    (addr, served)
}

/// An address where nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Reads until the other side closes or resets: how a server stalls without a clock.
pub(crate) async fn hold(mut stream: impl AsyncRead + Unpin) {
    let mut buffer = [0; 1024];
    while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
}

/// Reads up to and with these bytes.
pub(crate) async fn read_to(stream: &mut (impl AsyncRead + Unpin), end: &[u8]) -> String {
    let mut got = Vec::new();
    while !got.ends_with(end) {
        match stream.read_u8().await {
            Ok(byte) => got.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(got).unwrap()
}

/// Reads a ClientHello: one record, whole, so that closing afterwards does not reset the connection.
pub(crate) async fn read_client_hello(stream: &mut (impl AsyncRead + Unpin)) {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await.unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    stream.read_exact(&mut body).await.unwrap();
}

/// A fatal alert as the first record of a server.
pub(crate) fn alert(description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description]
}

/// A ServerHello of TLS 1.0.
pub(crate) fn tls10_server_hello() -> Vec<u8> {
    let mut hello = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    hello
}

/// Keeps a listener whose queue is full, so that the next connect has no answer.
pub(crate) struct Deaf {
    pub(crate) addr: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Deaf {
    pub(crate) async fn new() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let addr = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        // The queue holds one or two more than asked for, as the kernel likes; the first that is not answered
        // shows that it is full.
        while let Ok(stream) = tokio::time::timeout(SHORT, TcpStream::connect(addr)).await {
            queued.push(stream.unwrap());
        }
        Self { addr, _listener: listener, _queued: queued }
    }
}
