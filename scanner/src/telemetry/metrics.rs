//! The counters of a scan for Prometheus: text format 0.0.4, over HTTP, only if the plan gives an address.

use super::exposition;
use crate::runtime;
use crate::scan::tally::Tally;
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt as _};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Connections that are held at once. One more ends the oldest: a scraper asks at once and is served in a
/// moment, so that connections which say nothing, however many, keep nobody out.
const AT_ONCE: usize = 8;
/// How long one may take, from its connection to its last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// Rest after a connection could not be taken: for want of descriptors, mostly.
const REST: Duration = Duration::from_secs(1);

/// Serves the counters until it is dropped.
pub struct Metrics {
    /// Where.
    pub addr: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Metrics {
    /// Listens at an address, and nowhere else.
    ///
    /// # Errors
    /// The address is not ours or is taken, or no thread is available.
    pub fn start(addr: SocketAddr, tally: Arc<Tally>) -> io::Result<Self> {
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let serving_on = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serving = move || {
            serving_on.block_on(stopped.run_until_cancelled(serve(listener, &tally)));
        };
        let thread = runtime::thread("metrics", serving)?;
        Ok(Self { addr, stop, thread: Some(thread) })
    }
}

impl Drop for Metrics {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, tally: &Arc<Tally>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let (mut scrapers, mut order) = (FuturesUnordered::new(), VecDeque::new());
    loop {
        tokio::select! {
            Some(()) = scrapers.next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    order.retain(|end: &Weak<Notify>| end.strong_count() > 0);
                    if order.len() >= AT_ONCE && let Some(oldest) = order.pop_front().and_then(|end| end.upgrade()) {
                        oldest.notify_one();
                    }
                    let end = Arc::new(Notify::new());
                    order.push_back(Arc::downgrade(&end));
                    scrapers.push(async move {
                        tokio::select! { () = end.notified() => {}, () = answer(stream, tally) => {} }
                    });
                }
                Err(_) => tokio::time::sleep(REST).await,
            },
        }
    }
}

/// One connection. A scraper's mistakes are its own affair.
async fn answer(stream: TcpStream, tally: &Arc<Tally>) {
    let service = service_fn(|request| async move { Ok::<_, Infallible>(respond(&request, tally)) });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let _ = tokio::time::timeout(PATIENCE, connection).await;
}

fn respond(request: &Request<Incoming>, tally: &Tally) -> Response<Full<Bytes>> {
    let plain = |status: StatusCode, text: String| {
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response
    };
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "the counters are at /metrics\n".to_owned());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n".to_owned());
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match exposition::text(tally) {
        Ok(text) => {
            let mut response = plain(StatusCode::OK, text);
            let format = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, format);
            response
        }
        Err(wrong) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("{wrong}\n")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use std::io::{Read as _, Write as _};

    fn ask(addr: SocketAddr, request: &str) -> String {
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    #[test]
    fn only_the_counters_are_served_and_only_to_be_read() {
        let tally = Arc::new(Tally::default());
        tally.rows.add(41);
        let metrics = Metrics::start("127.0.0.1:0".parse().unwrap(), tally).unwrap();
        let said = ask(metrics.addr, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
        assert!(said.contains("content-type: text/plain; version=0.0.4"), "{said}");
        assert!(said.contains("\nsts_scan_rows_total{table=\"domains\"} 41\n"), "{said}");
        assert!(ask(metrics.addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 404 "));
        assert!(ask(metrics.addr, "POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 405 "));
        assert!(ask(metrics.addr, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
    }

    #[test]
    fn connections_that_say_nothing_keep_no_scraper_out() {
        let metrics = Metrics::start("127.0.0.1:0".parse().unwrap(), Arc::new(Tally::default())).unwrap();
        let slow: Vec<std::net::TcpStream> =
            (0..100).map(|_| std::net::TcpStream::connect(metrics.addr).unwrap()).collect();
        for one in &slow {
            (&mut &*one).write_all(b"GET /met").unwrap_or_default();
        }
        let said = ask(metrics.addr, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
        // The oldest were ended, and the newest are held still.
        let mut oldest = &slow[0];
        oldest.set_read_timeout(Some(PATIENCE)).unwrap();
        assert!(matches!(oldest.read(&mut [0; 1]), Ok(0) | Err(_)));
    }

    #[test]
    fn an_address_that_is_taken_is_an_error_and_one_that_was_served_is_free_again() {
        let tally = Arc::new(Tally::default());
        let metrics = Metrics::start("127.0.0.1:0".parse().unwrap(), tally.clone()).unwrap();
        let addr = metrics.addr;
        assert!(Metrics::start(addr, tally.clone()).is_err());
        let silent = std::net::TcpStream::connect(addr).unwrap();
        drop(metrics);
        assert!(Metrics::start(addr, tally).is_ok(), "a scraper that says nothing holds nobody up");
        drop(silent);
    }
}
