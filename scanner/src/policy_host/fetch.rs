//! One fetch from one address.

use super::fetched::Fetched;
use super::watch::Watch;
use crate::evidence::text::escape;
use crate::evidence::{CertFault, HttpVersion, PolicyOutcome};
use crate::fault::LocalFault;
use crate::tls::certificate::sha256_hex;
use crate::tls::client::{Finished, evidence, group_name};
use crate::tls::failure::{ConnectFailure, HandshakeFailure, alert_in, of_connect, of_io_kind, of_rustls};
use crate::tls::{Hello, TlsClient};
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER, TRANSFER_ENCODING,
};
use reqwest::{Client, Response, Version};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Header fields of a policy host's answer in HTTP/1.1; one more is policy_http_malformed. hyper keeps 417,792
/// bytes of a head at most besides.
pub const POLICY_HEADERS: usize = 100;

/// Bytes of the header fields of an answer in HTTP/2, as RFC 9113 section 6.5.2 counts them; more are
/// policy_http_malformed.
pub const HTTP2_HEADER_BYTES: u32 = 16_384;

/// Bytes of a body in HTTP/2 that may come before we have read those before (RFC 9113 section 6.9.2).
pub const HTTP2_WINDOW: u32 = 65_535;

/// RFC 7301 section 3.2.
const NO_APPLICATION_PROTOCOL: i32 = 120;

/// Bytes of a header field (Location, Content-Type) that are kept, before they are escaped.
pub const HEADER_BYTES: usize = 4_096;

/// What to fetch, and how.
#[derive(Debug, Clone, Copy)]
pub struct Fetch<'a> {
    /// `mta-sts.<domain>`: the name in the URL, in Host and in SNI, and the one the certificate is judged
    /// for.
    pub host: &'a str,
    /// One of its addresses, and the port, which the URL does not show.
    pub addr: SocketAddr,
    /// What the ClientHello has.
    pub hello: Hello,
    /// Whether HTTP/2 is offered, and not HTTP/1.1.
    pub is_http2: bool,
    /// For all of it, from the connect to the last byte.
    pub deadline: Duration,
    /// User-Agent, with how to reach us.
    pub user_agent: &'a str,
    /// Most bytes of a body that are kept; one more is too large.
    pub max_bytes: usize,
}

/// Fetches the policy of a host from one address and judges its certificate. Nothing is followed, resumed or
/// repeated. Dropping it closes the connection.
///
/// # Errors
/// Where we failed: no descriptors, no address of our own, or a host that no URL can hold. What the host does
/// is in the outcome.
pub async fn fetch(request: Fetch<'_>, tls: &TlsClient) -> Result<Fetched, LocalFault> {
    let protocol: &[u8] = if request.is_http2 { b"h2" } else { b"http/1.1" };
    let attempt = tls.attempt(request.hello, &[protocol]);
    let watch = Watch::default();
    let client = client(request, attempt.config, watch.clone()).map_err(|err| setup(&err))?;
    let call = client.get(format!("https://{}/.well-known/mta-sts.txt", request.host));
    let call = call.build().map_err(|err| setup(&err))?;

    let start = Instant::now();
    let deadline = start + request.deadline;
    let mut http = Http::default();
    let end = match timeout_at(deadline, read(&client, call, request.max_bytes, &mut http)).await {
        Err(_) => Ending::Deadline,
        Ok(Ok(())) => Ending::Whole,
        Ok(Err(err)) => Ending::Broken(err),
    };
    let fetch_ms = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
    drop(client);

    let seen = attempt.witness.seen();
    let done = watch.handshake_done();
    let alert = match &end {
        Ending::Broken(err) => Causes::of(err).tls.and_then(alert_in).map(i32::from),
        Ending::Whole | Ending::Deadline => None,
    };
    let failure = match transport_failure(&end, seen.begun, done)? {
        Some(_) if alert == Some(NO_APPLICATION_PROTOCOL) => Some(PolicyOutcome::TlsNoProtocol),
        failure => failure,
    };
    let judgement = tls.judge(&seen, request.host);
    let outcome = failure
        .or_else(|| judgement.as_ref()?.first().map(CertFault::policy_outcome))
        .unwrap_or_else(|| http.outcome(&end));
    let finished =
        done.then(|| Finished { version: seen.version, cipher: None, group: seen.group.map(group_name) });
    let is_kept = matches!(end, Ending::Whole) || outcome == PolicyOutcome::HttpIncomplete;
    let body = http.body.filter(|_| is_kept);
    Ok(Fetched {
        outcome,
        tls: evidence(seen, judgement.as_ref(), finished),
        alert,
        http_status: http.status,
        http_version: http.version,
        redirect_to: http.redirect_to,
        content_type: http.content_type,
        sha256: body.as_deref().map(sha256_hex),
        body,
        fetch_ms,
        is_cut: !matches!(end, Ending::Whole),
        asks_for_less: http.asks_for_less,
    })
}

/// A client for one request: sharing one would share its connections and its TLS configuration, and building
/// one costs 6 µs (mean of 2,000, test profile).
fn client(request: Fetch<'_>, tls: rustls::ClientConfig, watch: Watch) -> Result<Client, reqwest::Error> {
    let builder = Client::builder();
    let builder = if request.is_http2 {
        builder
            .http2_prior_knowledge()
            .http2_max_header_list_size(HTTP2_HEADER_BYTES)
            .http2_initial_stream_window_size(HTTP2_WINDOW)
            .http2_initial_connection_window_size(HTTP2_WINDOW)
    } else {
        builder.http1_only().http1_max_headers(POLICY_HEADERS)
    };
    builder
        .tls_backend_preconfigured(tls)
        .connector_layer(watch)
        .resolve(request.host, request.addr)
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .user_agent(request.user_agent)
        .build()
}

/// How the exchange ended.
enum Ending {
    /// With the last byte, or with the first that is too many.
    Whole,
    /// Before that, by the host or by the way there.
    Broken(reqwest::Error),
    /// By the deadline.
    Deadline,
}

/// What HTTP showed up to the end.
#[derive(Default)]
struct Http {
    status: Option<i32>,
    version: Option<HttpVersion>,
    redirect_to: Option<String>,
    content_type: Option<String>,
    body: Option<Vec<u8>>,
    is_too_large: bool,
    /// Whether the body had no length and ended with the connection, which was not closed in order.
    is_incomplete: bool,
    asks_for_less: bool,
}

impl Http {
    fn outcome(&self, end: &Ending) -> PolicyOutcome {
        match (self.status, end) {
            (Some(300..=399), _) if self.redirect_to.is_some() => PolicyOutcome::Redirect,
            (Some(status), _) if status != 200 => PolicyOutcome::HttpStatus,
            (_, Ending::Deadline) => PolicyOutcome::Timeout,
            (_, Ending::Broken(_)) if self.is_incomplete => PolicyOutcome::HttpIncomplete,
            (_, Ending::Broken(_)) | (None, _) => PolicyOutcome::HttpMalformed,
            (Some(_), Ending::Whole) if self.is_too_large => PolicyOutcome::TooLarge,
            (Some(_), Ending::Whole) => PolicyOutcome::Ok,
        }
    }
}

async fn read(
    client: &Client,
    call: reqwest::Request,
    max_bytes: usize,
    http: &mut Http,
) -> Result<(), reqwest::Error> {
    let mut response: Response = client.execute(call).await?;
    let status = response.status();
    http.status = Some(i32::from(status.as_u16()));
    http.version = version(response.version());
    let is_asked_later = response.headers().contains_key(RETRY_AFTER);
    http.asks_for_less = status.as_u16() == 429 || status.as_u16() == 503 && is_asked_later;
    http.content_type = header(response.headers(), &CONTENT_TYPE);
    if status.is_redirection() {
        http.redirect_to = header(response.headers(), &LOCATION);
    }
    // Without any of these the text ends where the connection does (RFC 9112 section 6.3).
    let is_framed = response.version() == Version::HTTP_2
        || [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| response.headers().contains_key(name));
    let mut body = Vec::new();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(err) => {
                let cause = Causes::of(&err).io.map(io::Error::kind);
                http.is_incomplete = !is_framed && cause == Some(io::ErrorKind::UnexpectedEof);
                http.body = Some(body);
                return Err(err);
            }
        };
        let room = max_bytes - body.len();
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if chunk.len() > room {
            http.is_too_large = true;
            break;
        }
    }
    http.body = Some(body);
    Ok(())
}

/// The versions that we offer.
fn version(version: Version) -> Option<HttpVersion> {
    match version {
        Version::HTTP_10 => Some(HttpVersion::Http10),
        Version::HTTP_11 => Some(HttpVersion::Http11),
        Version::HTTP_2 => Some(HttpVersion::Http2),
        _ => None,
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let kept = |bytes: &[u8]| escape(bytes.get(..HEADER_BYTES).unwrap_or(bytes));
    headers.get(name).map(|value| kept(value.as_bytes()))
}

/// What failed below HTTP, if that is where it failed.
fn transport_failure(end: &Ending, begun: bool, done: bool) -> Result<Option<PolicyOutcome>, LocalFault> {
    let err = match end {
        Ending::Whole => return Ok(None),
        Ending::Deadline if !begun => return Ok(Some(ConnectFailure::Timeout.at_policy_host())),
        Ending::Deadline if !done => return Ok(Some(HandshakeFailure::Timeout.at_policy_host())),
        Ending::Deadline => return Ok(None),
        Ending::Broken(err) => err,
    };
    let causes = Causes::of(err);
    if let Some(fault) = causes.io.and_then(|err| LocalFault::of_io("fetch a policy", err)) {
        return Err(fault);
    }
    match (causes.tls, causes.io) {
        // An alert after our side of the handshake is done: in TLS 1.3 that is how a server refuses it.
        (Some(err @ rustls::Error::AlertReceived(_)), _) => Ok(Some(of_rustls(err)?.at_policy_host())),
        (Some(err), _) if !done => Ok(Some(of_rustls(err)?.at_policy_host())),
        _ if done => Ok(None),
        (None, Some(err)) if !begun => Ok(Some(of_connect(err)?.at_policy_host())),
        (None, Some(err)) => Ok(Some(of_io_kind(err.kind()).at_policy_host())),
        _ if begun => Ok(Some(HandshakeFailure::Closed.at_policy_host())),
        _ => Err(setup(err)),
    }
}

/// The innermost errors of a chain that say what happened.
#[derive(Default)]
struct Causes<'a> {
    io: Option<&'a io::Error>,
    tls: Option<&'a rustls::Error>,
}

impl<'a> Causes<'a> {
    fn of(err: &'a reqwest::Error) -> Self {
        let mut causes = Self::default();
        let mut next: Option<&'a (dyn Error + 'static)> = Some(err);
        while let Some(err) = next {
            if let Some(tls) = err.downcast_ref::<rustls::Error>() {
                causes.tls = Some(tls);
            }
            // The source of an io::Error that wraps another is the other's source, not the other.
            next = match err.downcast_ref::<io::Error>() {
                Some(err) => {
                    causes.io = Some(err);
                    err.get_ref().map(|inner| inner as &(dyn Error + 'static))
                }
                None => err.source(),
            };
        }
        causes
    }
}

fn setup(err: &reqwest::Error) -> LocalFault {
    let mut reason = err.to_string();
    let mut source = err.source();
    while let Some(err) = source {
        reason = format!("{reason}: {err}");
        source = err.source();
    }
    LocalFault::Setup { doing: "fetch a policy", reason }
}
