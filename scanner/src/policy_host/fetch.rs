//! One fetch from one address.

use super::fetched::Fetched;
use super::http::Http;
use super::http2;
use super::request::{Cause, Ending, Fetch};
use super::watch::Watch;
use crate::evidence::{CertFault, PolicyOutcome};
use crate::fault::LocalFault;
use crate::tls::TlsClient;
use crate::tls::certificate::sha256_hex;
use crate::tls::client::{Finished, evidence, group_name};
use crate::tls::failure::{ConnectFailure, HandshakeFailure, alert_in, of_connect, of_io_kind, of_rustls};
use reqwest::{Client, Response};
use std::error::Error;
use std::io;
use tokio::time::{Instant, timeout_at};

/// Header fields of a policy host's answer in HTTP/1.1; one more is policy_http_malformed. hyper keeps
/// 417,792 bytes of a head at most besides.
pub const POLICY_HEADERS: usize = 100;

/// RFC 7301 section 3.2.
const NO_APPLICATION_PROTOCOL: i32 = 120;

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
    let url = format!("https://{}/.well-known/mta-sts.txt", request.host);
    let mut http = Http::default();
    let start = Instant::now();
    let deadline = start + request.deadline;
    let ended = if request.is_http2 {
        // Boxed: it is rare, and its state would be as large as all the rest.
        let reading = http2::read(request, &url, attempt.config, &watch, &mut http);
        timeout_at(deadline, Box::pin(reading)).await
    } else {
        let client = client(request, attempt.config, watch.clone()).map_err(|err| setup(&err))?;
        let call = client.get(url).build().map_err(|err| setup(&err))?;
        timeout_at(deadline, read(&client, call, request.max_bytes, &mut http)).await
    };
    let end = match ended {
        Err(_) => Ending::Deadline,
        Ok(Ok(())) => Ending::Whole,
        Ok(Err(err)) => Ending::Broken(err),
    };
    let fetch_ms = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);

    let seen = attempt.witness.seen();
    let done = watch.handshake_done();
    let alert = match &end {
        Ending::Broken(err) => Causes::of(&**err).tls.and_then(alert_in).map(i32::from),
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
        is_too_large: http.is_too_large,
        fetch_ms,
        is_cut: !matches!(end, Ending::Whole),
        asks_for_less: http.asks_for_less,
    })
}

/// A client for one request: sharing one would share its connections and its TLS configuration, and building
/// one costs 6 µs (mean of 2,000, test profile).
fn client(request: Fetch<'_>, tls: rustls::ClientConfig, watch: Watch) -> Result<Client, reqwest::Error> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .connector_layer(watch)
        .resolve(request.host, request.addr)
        .http1_only()
        .http1_max_headers(POLICY_HEADERS)
        .https_only(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .user_agent(request.user_agent)
        .build()
}

async fn read(
    client: &Client,
    call: reqwest::Request,
    max_bytes: usize,
    http: &mut Http,
) -> Result<(), Cause> {
    let mut response: Response = client.execute(call).await?;
    http.begin(response.status(), response.version(), response.headers());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if http.take(&chunk, max_bytes) => {}
            Ok(_) => return Ok(()),
            Err(err) => {
                http.has_broken_off(Causes::of(&err).io.map(io::Error::kind));
                return Err(err.into());
            }
        }
    }
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
    let causes = Causes::of(&**err);
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
        _ => Err(setup(&**err)),
    }
}

/// The innermost errors of a chain that say what happened.
#[derive(Default)]
struct Causes<'a> {
    io: Option<&'a io::Error>,
    tls: Option<&'a rustls::Error>,
}

impl<'a> Causes<'a> {
    fn of(err: &'a (dyn Error + 'static)) -> Self {
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

fn setup(err: &(dyn Error + 'static)) -> LocalFault {
    let mut reason = err.to_string();
    let mut source = err.source();
    while let Some(err) = source {
        reason = format!("{reason}: {err}");
        source = err.source();
    }
    LocalFault::Setup { doing: "fetch a policy", reason }
}
