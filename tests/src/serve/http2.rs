//! Policy hosts that speak HTTP/2 (RFC 9113).

use super::{Contacts, flood, hex, stall};
use crate::situation::Http2;
use h2::server::handshake;
use http::Response;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, copy_bidirectional, duplex};
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
    mut stream: S,
    answer: impl FnOnce(Asked) -> (u16, Vec<(&'static str, String)>, Vec<u8>),
) -> io::Result<()> {
    // What the peer sends last is read too: a socket that is closed over it resets the connection, and takes
    // away what the peer has not read yet.
    let (inside, mut outside) = duplex(BETWEEN);
    let carried = async { copy_bidirectional(&mut stream, &mut outside).await.map(drop) };
    tokio::try_join!(answered(inside, answer), carried).map(drop)
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
