//! The MX hosts (RFC 5321, RFC 3207): no mail is taken, only the way to TLS is played.

use super::contacts::{Service, Ticket};
use super::{Shared, accept_all, flood, hex, stall, tls, trickle};
use crate::situation::{Smtp, Stage};
use crate::world::Address;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a peer may take for a command.
const COMMAND: Duration = Duration::from_secs(60);
/// Longest command line (RFC 5321 section 4.5.3.1.4).
const LINE: usize = 512;

/// Serves one address in tasks of the current runtime.
pub(super) fn serve(listener: std::net::TcpListener, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    accept_all(listener, move |stream, local| connection(stream, local, Arc::clone(&shared)));
}

/// Where a command came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Plain,
    Tls,
}

/// What follows a command.
enum Next {
    Command,
    Stall,
    Close,
    StartTls,
}

async fn connection(stream: TcpStream, local: SocketAddr, shared: Arc<Shared>) -> io::Result<()> {
    let ticket = shared.contacts.connection(Service::Smtp, local.ip());
    let ended = conversation(stream, local, &shared, ticket).await;
    shared.contacts.over(ticket);
    ended
}

async fn conversation(
    mut stream: TcpStream,
    local: SocketAddr,
    shared: &Arc<Shared>,
    ticket: Ticket,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let IpAddr::V4(address) = local.ip() else { return Ok(()) };
    let behaviour =
        Address::smtp_number(address).and_then(|number| shared.world.behaviours().get(usize::from(number)));
    let Some(smtp) = behaviour else { return Ok(()) };
    let limits = ticket.turn <= smtp.limits_first;
    let fails = ticket.turn <= smtp.limits_first.max(smtp.plain_first);
    if smtp.limits_first.max(smtp.plain_first) > 0 {
        shared.contacts.meet(&address.to_string(), Some(local.ip()), fails, false);
    }
    if limits {
        stream.write_all(b"421 4.7.0 Too many connections, try again later\r\n").await?;
        return stream.shutdown().await;
    }
    let without_starttls;
    let smtp = if ticket.turn <= smtp.plain_first {
        without_starttls = Smtp { ehlo: "250-lab\n250 PIPELINING".into(), ..smtp.clone() };
        &without_starttls
    } else {
        smtp
    };
    match at(smtp, Stage::Banner) {
        Next::Stall => return stall(stream).await,
        Next::Close => return Ok(()),
        Next::Command | Next::StartTls => greet(&mut stream, smtp, shared).await?,
    }
    if smtp.banner.starts_with("421") {
        return stream.shutdown().await;
    }
    let stands = smtp.noise.is_empty() && smtp.banner.starts_with(|first: char| first.is_ascii_digit());
    loop {
        let Some(command) = line(&mut stream).await? else {
            if stands {
                shared.contacts.left_without_quit(ticket);
            }
            return Ok(());
        };
        match obey(&mut stream, smtp, &command, Where::Plain, (shared, ticket)).await? {
            Next::Command => {}
            Next::Stall => return stall(stream).await,
            Next::Close => return stream.shutdown().await,
            Next::StartTls => break,
        }
    }
    let hello = tls::hello(stream).await?;
    match at(smtp, Stage::Tls) {
        Next::Stall => return stall(hello.into_stream()).await,
        Next::Close => return Ok(()),
        Next::Command | Next::StartTls => {}
    }
    let Some(mut stream) = tls::answer(hello, &smtp.tls, shared).await? else { return Ok(()) };
    loop {
        let Some(command) = line(&mut stream).await? else {
            shared.contacts.left_without_quit(ticket);
            break;
        };
        match obey(&mut stream, smtp, &command, Where::Tls, (shared, ticket)).await? {
            Next::Command => {}
            Next::Stall => return stall(stream).await,
            Next::Close | Next::StartTls => break,
        }
    }
    stream.shutdown().await
}

/// The greeting, or what comes in its place; a flood ends when the peer has had enough.
async fn greet(stream: &mut TcpStream, smtp: &Smtp, shared: &Shared) -> io::Result<()> {
    if !smtp.noise.is_empty() {
        return stream.write_all(&hex(&smtp.noise)).await;
    }
    if !smtp.teaser.is_empty() {
        stream.write_all(&lines(&smtp.teaser)).await?;
    }
    tokio::time::sleep(Duration::from_millis(smtp.banner_after_ms)).await;
    let mut greeting = lines(&smtp.banner);
    if smtp.at_once {
        greeting.extend([&smtp.ehlo, &smtp.starttls].map(|reply| lines(reply)).concat());
    }
    say(stream, smtp, Stage::Banner, &greeting, shared).await
}

/// What a host does when it comes to a stage.
fn at(smtp: &Smtp, stage: Stage) -> Next {
    if smtp.stalls_at == Some(stage) {
        Next::Stall
    } else if smtp.closes_at == Some(stage) {
        Next::Close
    } else {
        Next::Command
    }
}

async fn obey<S: AsyncWrite + Unpin>(
    stream: &mut S,
    smtp: &Smtp,
    command: &str,
    place: Where,
    (shared, ticket): (&Shared, Ticket),
) -> io::Result<Next> {
    let (verb, argument) = command.split_once(' ').unwrap_or((command, ""));
    let (stage, reply) = match verb.to_ascii_uppercase().as_str() {
        "EHLO" if place == Where::Tls => (Some(Stage::EhloTls), smtp.ehlo_tls.as_str()),
        "EHLO" => (Some(Stage::Ehlo), smtp.ehlo.as_str()),
        "HELO" => (None, smtp.helo.as_str()),
        "STARTTLS" => (Some(Stage::Starttls), smtp.starttls.as_str()),
        "QUIT" => {
            shared.contacts.over(ticket);
            stream.write_all(&lines(&smtp.quit)).await?;
            stream.flush().await?;
            return Ok(Next::Close);
        }
        _ => (None, "502 5.5.1 Not here"),
    };
    if matches!(stage, Some(Stage::Ehlo | Stage::EhloTls)) || verb.eq_ignore_ascii_case("HELO") {
        shared.contacts.name(ticket, argument.trim());
    }
    if let Some(stage) = stage {
        match at(smtp, stage) {
            Next::Command => {}
            other => return Ok(other),
        }
    }
    let begins_tls = stage == Some(Stage::Starttls) && reply.starts_with("220");
    let mut text = lines(reply);
    if begins_tls {
        // In one piece, so that what was injected is there before the handshake begins.
        text.extend(smtp.injected.bytes());
    }
    // Only what comes before TLS can be said with the greeting.
    if !smtp.at_once || place == Where::Tls {
        say(stream, smtp, stage.unwrap_or(Stage::Tls), &text, shared).await?;
    }
    // The server closes after 421 (RFC 5321 section 3.8).
    Ok(match () {
        () if begins_tls => Next::StartTls,
        () if reply.starts_with("421") => Next::Close,
        () if smtp.drops && reply.starts_with('5') => Next::Close,
        () => Next::Command,
    })
}

/// A reply as it goes over the line.
fn lines(reply: &str) -> Vec<u8> {
    let mut text = reply.replace('\n', "\r\n").into_bytes();
    text.extend(b"\r\n");
    text
}

/// Sends a reply as the behaviour does at this stage; a flood ends when the peer has had enough.
async fn say<S: AsyncWrite + Unpin>(
    stream: &mut S,
    smtp: &Smtp,
    stage: Stage,
    text: &[u8],
    shared: &Shared,
) -> io::Result<()> {
    if !smtp.flood.is_empty() && smtp.floods_at == stage {
        return flood(stream, smtp.flood.replace('\n', "\r\n").as_bytes(), Duration::ZERO, &shared.contacts)
            .await;
    }
    if smtp.trickles_at == Some(stage) {
        return trickle(stream, text, Duration::from_millis(smtp.trickle_ms)).await;
    }
    if smtp.splits {
        return trickle(stream, text, Duration::ZERO).await;
    }
    stream.write_all(text).await?;
    stream.flush().await
}

/// Reads a command line; `None` where the peer closed or the line is too long.
async fn line<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let whole = async {
        // A byte at a time, so that nothing of the hello behind STARTTLS is taken.
        while line.len() < LINE {
            match stream.read_u8().await {
                Ok(b'\n') => return Ok(true),
                Ok(byte) => line.push(byte),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    };
    let whole = tokio::time::timeout(COMMAND, whole).await.map_err(|_| io::ErrorKind::TimedOut)??;
    Ok(whole.then(|| String::from_utf8_lossy(&line).trim_end().to_owned()))
}
