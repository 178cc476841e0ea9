//! A fetch by HTTP/2 (RFC 9113), for hosts that refuse HTTP/1.1. reqwest leaves its connection to a task of
//! its own, which a peer that reads nothing keeps alive; here the connection ends with the fetch.

use super::http::Http;
use super::request::{Cause, Fetch};
use super::watch::Watch;
use crate::runtime;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::client::conn::http2::Builder;
use hyper::header::{ACCEPT, USER_AGENT};
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, join, split};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// Bytes of the header fields of an answer, as RFC 9113 section 6.5.2 counts them; more are
/// policy_http_malformed.
pub const HTTP2_HEADER_BYTES: u32 = 16_384;

/// Bytes of a body that may come before we have read those before (RFC 9113 section 6.9.2).
pub const HTTP2_WINDOW: u32 = 65_535;

/// Bytes that are read of a connection, whatever they are: a policy, its head and frames without a use.
pub const HTTP2_BYTES: u64 = 262_144;

/// What hyper does beside the connection; it ends when the last of these is dropped.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        runtime::spawn(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), task);
    }
}

/// Asks and reads the answer into `http`. Dropping it closes the connection.
pub(super) async fn read(
    request: Fetch<'_>,
    url: &str,
    config: ClientConfig,
    watch: &Watch,
    http: &mut Http,
) -> Result<(), Cause> {
    let call = Request::get(url).header(ACCEPT, "*/*").header(USER_AGENT, request.user_agent);
    let call = call.body(Empty::<Bytes>::new())?;
    let name = ServerName::try_from(request.host.to_owned())?;
    let stream = TcpStream::connect(request.addr).await?;
    stream.set_nodelay(true)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    watch.handshake_is_done();
    let (reading, writing) = split(stream);
    let stream = join(reading.take(HTTP2_BYTES), writing);
    // They outlive what hyper calls the connection, which ends as soon as the host says that it will.
    let tasks = Tasks::default();
    let (mut sender, connection) = Builder::new(tasks.clone())
        .max_header_list_size(HTTP2_HEADER_BYTES)
        .initial_stream_window_size(HTTP2_WINDOW)
        .initial_connection_window_size(HTTP2_WINDOW)
        .handshake(TokioIo::new(stream))
        .await?;
    let exchange = async {
        let (head, mut body) = sender.send_request(call).await?.into_parts();
        http.begin(head.status, head.version, &head.headers);
        while let Some(frame) = body.frame().await {
            let frame = frame?;
            if frame.data_ref().is_some_and(|piece| !http.take(piece, request.max_bytes)) {
                break;
            }
        }
        Ok(())
    };
    let mut exchange = pin!(exchange);
    tokio::select! {
        biased;
        read = &mut exchange => return read,
        // In order or not: the answer says itself whether it is whole.
        _ = connection => {}
    }
    exchange.await
}
