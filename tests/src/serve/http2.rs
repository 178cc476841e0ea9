//! Policy hosts that speak HTTP/2 (RFC 9113).

use super::{Contacts, flood, hex, stall};
use crate::situation::Http2;
use h2::server::handshake;
use http::Response;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, copy, duplex, sink, split};
use tokio::time::timeout;

/// How long a peer may take for its request.
const REQUEST: Duration = Duration::from_secs(20);

/// Bytes between a connection and what speaks HTTP/2 on it.
const BETWEEN: usize = 16_384;

/// What a request asked for.
pub(super) struct Asked {
    pub(super) target: String,
    pub(super) host: String,
}

/// Answers one request with what `answer` gives: status, header fields, body.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    answer: impl FnOnce(Asked) -> (u16, Vec<(&'static str, String)>, Vec<u8>),
) -> io::Result<()> {
    let (inside, outside) = duplex(BETWEEN);
    let ((mut from_peer, mut to_peer), (mut from_inside, mut to_inside)) = (split(stream), split(outside));
    let outward = async {
        copy(&mut from_inside, &mut to_peer).await?;
        to_peer.shutdown().await
    };
    let inward = async {
        match copy(&mut from_peer, &mut to_inside).await {
            Ok(_) => to_inside.shutdown().await,
            // What the peer sends after the answer is read too: a socket that is closed over it resets the
            // connection, and takes away what the peer has not read yet.
            Err(_) => copy(&mut from_peer, &mut sink()).await.map(drop),
        }
    };
    let (answered, outward, inward) = tokio::join!(answered(inside, answer), outward, inward);
    answered.and(outward).and(inward)
}

async fn answered(
    stream: DuplexStream,
    answer: impl FnOnce(Asked) -> (u16, Vec<(&'static str, String)>, Vec<u8>),
) -> io::Result<()> {
    let mut connection = timeout(REQUEST, handshake(stream)).await?.map_err(io::Error::other)?;
    let Some(request) = timeout(REQUEST, connection.accept()).await? else { return Ok(()) };
    let (request, mut respond) = request.map_err(io::Error::other)?;
    let host = request.uri().authority().map(|host| host.as_str().to_ascii_lowercase()).unwrap_or_default();
    let (status, fields, body) = answer(Asked { target: request.uri().path().to_owned(), host });
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(name, value);
    }
    let response = response.body(()).map_err(io::Error::other)?;
    let mut send = respond.send_response(response, false).map_err(io::Error::other)?;
    send.send_data(body.into(), true).map_err(io::Error::other)?;
    connection.graceful_shutdown();
    // To the end of the connection: until then the body goes out, as far as the peer's windows allow.
    while let Some(more) = connection.accept().await {
        more.map_err(io::Error::other)?;
    }
    Ok(())
}

/// Sends frames in place of an answer, whatever is asked.
pub(super) async fn play<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    http2: &Http2,
    contacts: &Contacts,
) -> io::Result<()> {
    stream.write_all(&hex(&http2.frames.concat())).await?;
    stream.flush().await?;
    match http2.flood.is_empty() {
        true => stall(stream).await,
        false => flood(stream, &hex(&http2.flood), Duration::ZERO, contacts).await,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail so")]

    use super::*;

    /// Bytes of the connection that the peer has not read; few, so that it lags behind.
    const LAG: usize = 1_000;

    #[tokio::test]
    async fn a_peer_that_still_makes_room_after_the_end_has_the_whole_answer() {
        const BODY: usize = 60_000;
        let (peer, host) = duplex(LAG);
        let served = serve(host, |_| (200, Vec::new(), vec![b'x'; BODY]));
        let asked = async {
            let (mut sender, connection) = h2::client::handshake(peer).await.unwrap();
            let request = http::Request::get("https://mta-sts.example.com/").body(()).unwrap();
            let (response, _) = sender.send_request(request, true).unwrap();
            let read = async {
                let mut body = response.await.unwrap().into_body();
                let mut size = 0;
                while let Some(piece) = body.data().await {
                    let piece = piece.unwrap();
                    size += piece.len();
                    body.flow_control().release_capacity(piece.len()).unwrap();
                }
                drop(sender);
                size
            };
            tokio::join!(read, connection).0
        };
        let (size, served) = tokio::join!(asked, served);
        assert_eq!(size, BODY);
        served.unwrap();
    }
}
