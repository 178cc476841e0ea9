//! The TLS side of policy hosts and MX hosts.

use super::{Shared, stall};
use crate::situation::Tls;
use anyhow::Result;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

/// How long a peer may take for its hello.
const HELLO: Duration = Duration::from_secs(20);

/// Server configurations by what they are limited to: a TLS version, and key exchange groups.
type Made = HashMap<(Option<String>, Vec<String>), Arc<ServerConfig>>;

/// The server configurations, one for each set of versions and groups, and when flaky hosts were first asked.
#[derive(Debug, Default)]
pub(crate) struct Configs {
    made: Mutex<Made>,
    first_hello: Mutex<HashMap<String, Instant>>,
}

/// Gives the one certificate of a connection.
#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl Configs {
    fn base(&self, tls: &Tls) -> Result<Arc<ServerConfig>> {
        let key = (tls.newest.clone(), tls.groups.clone());
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
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_cert_resolver(nobody);
        config.send_tls13_tickets = 0;
        let config = Arc::new(config);
        made.insert(key, Arc::clone(&config));
        Ok(config)
    }

    /// Whether a host that fails at first is still failing.
    fn is_failing(&self, host: &str, for_ms: u64) -> bool {
        let mut first = self.first_hello.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *first.entry(host.to_owned()).or_insert_with(Instant::now);
        since.elapsed() < Duration::from_millis(for_ms)
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
    Configs::default().base(tls).map(drop)
}

/// Reads the hello; gives the handshake to go on with and the name asked for, empty where none was.
pub(super) async fn hello<S>(stream: S) -> io::Result<(StartHandshake<S>, String)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let start = tokio::time::timeout(HELLO, acceptor).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let name = start.client_hello().server_name().unwrap_or_default().to_ascii_lowercase();
    Ok((start, name))
}

/// Answers a hello as the behaviour says. `None` where that was no handshake; the connection is over then.
pub(super) async fn answer<S>(
    start: StartHandshake<S>,
    tls: &Tls,
    host: &str,
    shared: &Shared,
) -> io::Result<Option<TlsStream<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if tls.closes_for_ms.is_some_and(|ms| shared.tls.is_failing(host, ms)) {
        return Ok(None);
    }
    let mut start = start;
    if let Some(alert) = tls.alert {
        // A fatal alert in a record of TLS 1.2 (RFC 8446 sections 5.1 and 6).
        start.io.write_all(&[21, 3, 3, 0, 2, 2, alert]).await?;
        start.io.shutdown().await?;
        return stall(start.io).await.map(|()| None);
    }
    if let Some(garbage) = &tls.garbage {
        start.io.write_all(garbage.as_bytes()).await?;
        start.io.shutdown().await?;
        return stall(start.io).await.map(|()| None);
    }
    let issued = shared.authority.issue(&tls.certificate, host).map_err(io::Error::other)?;
    let mut config = ServerConfig::clone(&*shared.tls.base(tls).map_err(io::Error::other)?);
    config.cert_resolver = Arc::new(One(Arc::clone(&issued.certified)));
    start.into_stream(Arc::new(config)).await.map(Some)
}
