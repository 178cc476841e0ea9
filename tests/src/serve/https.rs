//! The policy hosts (RFC 8461 section 3.3).

use super::contacts::Service;
use super::http2::Asked;
use super::{Shared, accept_all, flood, http2, stall, tls, trickle};
use crate::situation::{Fill, Https, RecordType, Stage};
use crate::world::{Names, domain_of_control};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a peer may take for its request.
const REQUEST: Duration = Duration::from_secs(20);
/// The one path of a policy host.
const PATH: &str = "/.well-known/mta-sts.txt";

/// Serves one address in tasks of the current runtime.
pub(super) fn serve(listener: std::net::TcpListener, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    accept_all(listener, move |stream, local| connection(stream, local, Arc::clone(&shared)));
}

async fn connection(stream: TcpStream, local: SocketAddr, shared: Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let ticket = shared.contacts.connection(Service::Https, local.ip());
    let hello = tls::hello(stream).await?;
    let host = hello.host.clone();
    shared.contacts.name(ticket, &host);
    let owner = shared.world.owner(&host, Some(RecordType::A));
    let Some(owner) = owner else { return Ok(()) };
    // A sibling that has the policy host's address is another virtual host of the same server.
    let elsewhere = owner.situation.elsewhere.as_ref().filter(|_| domain_of_control(&host).is_some());
    let https = elsewhere.unwrap_or(&owner.situation.https);
    if https.closes_at == Some(Stage::Tls) {
        return Ok(());
    }
    if https.stalls_at == Some(Stage::Tls) {
        return stall(hello.into_stream()).await;
    }
    let Some(mut stream) = tls::answer(hello, &https.tls, &shared).await? else { return Ok(()) };
    let names = Names {
        world: &shared.world,
        authority: &shared.authority,
        situation: owner.situation,
        domain: &owner.domain,
    };
    if let Some(frames) = &https.http2 {
        return match frames.frames.is_empty() {
            false => http2::play(&mut stream, frames, &shared.contacts).await,
            true => http2::serve(stream, |request| content(https, &request, &host, &names)).await,
        };
    }
    let Some(request) = request(&mut stream).await? else { return Ok(()) };
    if https.closes_at == Some(Stage::Answer) {
        return stream.shutdown().await;
    }
    if https.stalls_at == Some(Stage::Answer) {
        return stall(stream).await;
    }
    let (head, body) = answer(https, &request, &host, &names);
    send(&mut stream, https, Stage::Answer, &head).await?;
    let (first, second) =
        body.split_at(if https.stalls_at == Some(Stage::Body) { body.len() / 2 } else { 0 });
    send(&mut stream, https, Stage::Body, first).await?;
    if https.stalls_at == Some(Stage::Body) {
        stream.flush().await?;
        return stall(stream).await;
    }
    send(&mut stream, https, Stage::Body, second).await?;
    if https.closes_abruptly {
        return stream.flush().await;
    }
    if !https.flood.is_empty() {
        let pause = Duration::from_millis(https.flood_pause_ms);
        return flood(&mut stream, https.flood.as_bytes(), pause, &shared.contacts).await;
    }
    stream.shutdown().await
}

/// Sends a part of an answer, a byte at a time from the stage on that the behaviour says.
async fn send<S: AsyncWrite + Unpin>(
    stream: &mut S,
    https: &Https,
    stage: Stage,
    bytes: &[u8],
) -> io::Result<()> {
    match https.trickles_at {
        Some(from) if from == stage || from == Stage::Answer => {
            trickle(stream, bytes, Duration::from_millis(https.trickle_ms)).await
        }
        _ => stream.write_all(bytes).await,
    }
}

/// Reads a request's head; `None` where the peer closed before it was whole.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Asked>> {
    let mut head = Vec::new();
    let whole = async {
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            if stream.read_buf(&mut head).await? == 0 || head.len() > 16_384 {
                return Ok::<_, io::Error>(false);
            }
        }
        Ok(true)
    };
    if !tokio::time::timeout(REQUEST, whole).await.map_err(|_| io::ErrorKind::TimedOut)?? {
        return Ok(None);
    }
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.lines();
    let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let host = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.trim().to_ascii_lowercase())
        .unwrap_or_default();
    Ok(Some(Asked { target, host }))
}

/// Head and body of the answer.
fn answer(https: &Https, asked: &Asked, host: &str, names: &Names<'_>) -> (Vec<u8>, Vec<u8>) {
    if let Some(garbage) = &https.garbage {
        return (garbage.clone().into_bytes(), Vec::new());
    }
    let (status, fields, body) = content(https, asked, host, names);
    let mut head = format!("HTTP/1.1 {status} Laboratory\r\n");
    let length = https.content_length.clone().unwrap_or_else(|| body.len().to_string());
    if !length.is_empty() {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    for (name, value) in fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("Connection: close\r\n\r\n");
    (head.into_bytes(), body)
}

/// Status, header fields and body of the answer, in any version of HTTP. Another path is 404, another host
/// than the one asked for in TLS is 421 (RFC 9110 section 15.5.20): a scanner that asks wrongly shall see it.
fn content(
    https: &Https,
    asked: &Asked,
    host: &str,
    names: &Names<'_>,
) -> (u16, Vec<(&'static str, String)>, Vec<u8>) {
    let (status, body) = if asked.target != PATH {
        (404, b"no such path\n".to_vec())
    } else if asked.host != host {
        (421, b"another host\n".to_vec())
    } else {
        (https.status, body(https, names))
    };
    let encoding = if https.gzip { "gzip" } else { "" };
    let all = [
        ("Content-Encoding", encoding),
        ("Content-Type", &https.content_type),
        ("Location", &https.location),
    ];
    let there = all.into_iter().filter(|(_, value)| !value.is_empty());
    (status, there.map(|(name, value)| (name, names.text(value))).collect(), body)
}

/// The body a policy host of this behaviour sends, as far as it has an end.
#[must_use]
pub fn body(https: &Https, names: &Names<'_>) -> Vec<u8> {
    let text = names.text(&https.body);
    if https.gzip { compressed(text, https.times) } else { text.repeat(https.times).into_bytes() }
}

/// A text so many times over as a gzip member (RFC 1952). Each is made once: megabytes take a while, and
/// nobody is served meanwhile.
fn compressed(text: String, times: usize) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<(String, usize), Vec<u8>>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let member = made.entry((text, times)).or_insert_with_key(|(text, times)| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        // Nothing that is written to memory fails.
        let _ = encoder.write_all(text.repeat(*times).as_bytes());
        encoder.finish().unwrap_or_default()
    });
    member.clone()
}
