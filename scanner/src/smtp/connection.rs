//! The conversation over a socket.

use super::inside::Line;
use super::session::{Phase, Session, Step, Transcript};
use crate::evidence::rows::SmtpEvidence;
use crate::evidence::{SmtpOutcome, SmtpPhase, Starttls, TlsVersion};
use crate::fault::LocalFault;
use crate::moment;
use crate::tls::client::{Finished, cipher_name, evidence, group_name};
use crate::tls::failure::{ConnectFailure, HandshakeFailure, alert_of, of_connect, of_handshake};
use crate::tls::sealed::Heard;
use crate::tls::{Hello, TlsClient, legacy};
use rustls::ProtocolVersion;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// How long a conversation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// All of it, from the connect on.
    pub total: Duration,
    /// From the connection to the end of the greeting; never beyond `total`.
    pub banner: Duration,
    /// For the answer to QUIT; never beyond `total`.
    pub quit: Duration,
}

/// Whom to talk to, and how.
#[derive(Debug, Clone, Copy)]
pub struct SmtpRequest<'a> {
    /// The MX host, lower case, no trailing dot: the name in SNI, and the one the certificate is judged for.
    pub host: &'a str,
    /// One of its addresses, and the port.
    pub addr: SocketAddr,
    /// Our own name.
    pub ehlo_name: &'a str,
    /// What the ClientHello has.
    pub hello: Hello,
    /// The deadlines.
    pub deadlines: Deadlines,
    /// Is told when the greeting is there, or will not come.
    pub greeting: &'a Greeting,
}

/// Whether a server still owes its greeting; told by the conversation, read by the holder of its slot.
#[derive(Debug, Default)]
pub struct Greeting(AtomicBool);

impl Greeting {
    /// Whether it is there, or will not come any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn end(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Talks to one address of an MX host up to the handshake, judges its certificate, and says EHLO and QUIT
/// inside TLS. Dropping it closes the connection.
///
/// # Errors
/// Where we failed: no descriptors, no address of our own. Whatever the server does is in the evidence.
pub async fn probe(request: SmtpRequest<'_>, tls: &TlsClient) -> Result<SmtpEvidence, LocalFault> {
    let probed_at = Some(moment::now());
    let start = Instant::now();
    let deadline = start + request.deadlines.total;
    let mut row = SmtpEvidence { starttls: Some(Starttls::Unknown), probed_at, ..SmtpEvidence::default() };
    match connect(request.addr, deadline).await? {
        Ok(stream) => {
            row.connect_ms = Some(millis_since(start));
            talk(stream, request, tls, deadline, &mut row).await?;
        }
        Err(failure) => {
            row.outcome = Some(failure.at_mx_host());
            row.phase = Some(SmtpPhase::Connect);
        }
    }
    Ok(row)
}

/// Talks to it once more, up to a hand-built hello that offers old versions and suites; gives what a host is
/// that answers so, or the outcome where it did not come to that. Dropping it closes the connection.
///
/// # Errors
/// Where we failed: no descriptors, no address of our own.
pub async fn probe_legacy(request: SmtpRequest<'_>) -> Result<SmtpOutcome, LocalFault> {
    let deadline = Instant::now() + request.deadlines.total;
    let mut stream = match connect(request.addr, deadline).await? {
        Ok(stream) => stream,
        Err(failure) => return Ok(failure.at_mx_host()),
    };
    if let Some(end) = converse(&mut stream, request, deadline).await?.end {
        return Ok(end);
    }
    let name = match server_name(request) {
        ServerName::DnsName(_) => Some(request.host),
        _ => None,
    };
    let answer = legacy::ask(&mut stream, name, deadline).await?;
    Ok(answer.verdict().at_mx_host())
}

async fn connect(
    addr: SocketAddr,
    deadline: Instant,
) -> Result<Result<TcpStream, ConnectFailure>, LocalFault> {
    match timeout_at(deadline, TcpStream::connect(addr)).await {
        Ok(Ok(stream)) => {
            // Small writes that each await an answer, some of them 40 ms without it; where it cannot be set
            // only they are lost.
            let _ = stream.set_nodelay(true);
            Ok(Ok(stream))
        }
        Ok(Err(err)) => of_connect(&err).map(Err),
        Err(_) => Ok(Err(ConnectFailure::Timeout)),
    }
}

async fn talk(
    mut stream: TcpStream,
    request: SmtpRequest<'_>,
    tls: &TlsClient,
    deadline: Instant,
    row: &mut SmtpEvidence,
) -> Result<(), LocalFault> {
    let seen = converse(&mut stream, request, deadline).await?;
    row.phase = Some(seen.phase.of_column());
    row.code = seen.code.map(i32::from);
    row.text = seen.text;
    row.banner = seen.banner;
    row.banner_ms = seen.banner_ms;
    row.ehlo = seen.ehlo;
    row.starttls = Some(seen.starttls);
    if let Some(end) = seen.end {
        row.outcome = Some(end);
        if end == SmtpOutcome::ConnectReset {
            row.phase = Some(SmtpPhase::Connect);
        }
        return Ok(());
    }
    let start = Instant::now();
    let attempt = tls.attempt(request.hello, &[]);
    let connector = TlsConnector::from(Arc::new(attempt.config));
    let heard = Heard::default();
    let result = timeout_at(deadline, connector.connect(server_name(request), heard.of(stream))).await;
    let finished = match result {
        Err(_) => {
            row.outcome = Some(HandshakeFailure::Timeout.at_mx_host());
            None
        }
        Ok(Err(err)) => {
            row.outcome = Some(of_handshake(&err)?.at_mx_host());
            row.tls_alert = alert_of(&err).map(i32::from);
            None
        }
        Ok(Ok(mut stream)) => {
            row.handshake_ms = Some(millis_since(start));
            let (_, connection) = stream.get_ref();
            let finished = Finished {
                version: connection.protocol_version().and_then(version_name),
                cipher: connection.negotiated_cipher_suite().map(|suite| cipher_name(suite.suite())),
                group: connection.negotiated_key_exchange_group().map(|group| group_name(group.name())),
            };
            // What is said inside may change it.
            row.outcome = Some(SmtpOutcome::Ok);
            let Deadlines { quit, .. } = request.deadlines;
            Line::new(&mut stream).talk(request.ehlo_name, quit, deadline, row).await;
            Some(finished)
        }
    };
    let mut seen = attempt.witness.seen();
    if seen.chain.is_empty() && row.tls_alert.is_some() {
        seen.chain = heard.certificates(seen.secret.as_deref());
    }
    let judgement = tls.judge(&seen, request.host);
    row.tls = evidence(seen, judgement.as_ref(), finished);
    Ok(())
}

/// The plain text, up to the handshake or to its end.
async fn converse(
    stream: &mut TcpStream,
    request: SmtpRequest<'_>,
    deadline: Instant,
) -> Result<Transcript, LocalFault> {
    const DOING: &str = "talk to an MX host";
    let ours = |err: &io::Error| LocalFault::of_io(DOING, err).map_or(Ok(()), Err);
    let start = Instant::now();
    let banner = deadline.min(start + request.deadlines.banner);
    let mut session = Session::new(request.ehlo_name);
    let mut buffer = [0_u8; 4096];
    let mut step = Step::Read;
    loop {
        let until = if session.phase() == Phase::Banner {
            banner
        } else {
            request.greeting.end();
            deadline
        };
        step = match step {
            Step::Read => match timeout_at(until, stream.read(&mut buffer)).await {
                Ok(Ok(count @ 1..)) => session.receive(buffer.get(..count).unwrap_or_default()),
                Ok(Ok(_)) => {
                    session.closed();
                    Step::Close
                }
                Ok(Err(err)) => {
                    ours(&err)?;
                    if err.kind() == io::ErrorKind::ConnectionReset {
                        session.reset();
                    } else {
                        session.closed();
                    }
                    Step::Close
                }
                Err(_) => {
                    session.timed_out();
                    // Before the greeting there is no session to quit.
                    if session.phase() == Phase::Banner { Step::Close } else { Step::Quit }
                }
            },
            Step::Send(line) => match timeout_at(until, stream.write_all(&line)).await {
                Ok(Ok(())) => session.receive(b""),
                // The server's last words before it closed may still be there to read.
                Ok(Err(err)) => {
                    ours(&err)?;
                    Step::Read
                }
                Err(_) => {
                    session.timed_out();
                    Step::Close
                }
            },
            Step::Quit => {
                Line::new(stream).quit(deadline.min(Instant::now() + request.deadlines.quit)).await;
                break;
            }
            Step::StartTls | Step::Close => break,
        };
        session.time_greeting(|| millis_since(start));
    }
    request.greeting.end();
    Ok(session.into_transcript())
}

/// The host's name; where it is none that TLS can carry, its address, which goes without SNI (RFC 6066
/// section 3).
fn server_name(request: SmtpRequest<'_>) -> ServerName<'static> {
    ServerName::try_from(request.host.to_owned())
        .ok()
        .filter(|name| matches!(name, ServerName::DnsName(_)))
        .unwrap_or_else(|| ServerName::IpAddress(request.addr.ip().into()))
}

const fn version_name(version: ProtocolVersion) -> Option<TlsVersion> {
    match version {
        ProtocolVersion::TLSv1_2 => Some(TlsVersion::Tls12),
        ProtocolVersion::TLSv1_3 => Some(TlsVersion::Tls13),
        _ => None,
    }
}

fn millis_since(start: Instant) -> i64 {
    i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)
}
