//! One request: what is wrong with it, or 201.

use super::clients::Clients;
use super::spool::Spool;
use super::tables::Bell;
use crate::say;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use sts_reports::input::{Reason, unpacked};
use sts_reports::parse::parse;
use tokio::sync::Semaphore;

/// How long a client may take for a body.
const BODY: Duration = Duration::from_secs(60);

/// How much of a body that is refused is read, and for how long: a proxy that is still sending takes a
/// connection that closes for a failure of ours (502), and never passes the answer on.
const UNWANTED: (usize, Duration) = (64 * 1024 * 1024, Duration::from_secs(1));

/// When a sender is to come again if the disk is full, in seconds.
const LATER: &str = "3600";

/// What every request is handled with.
pub(super) struct Door {
    pub(super) spool: Spool,
    pub(super) clients: Clients,
    /// Whether the last address of `X-Forwarded-For` is the client's.
    pub(super) behind_proxy: bool,
    /// Most bytes of a body.
    pub(super) most: usize,
    /// One body is unpacked and judged at a time: each may take as much memory as the largest report.
    pub(super) judging: Semaphore,
    pub(super) arrived: Bell,
}

type Answer = Response<Full<Bytes>>;

/// Never fails: what is wrong is an answer.
pub(super) async fn respond(
    request: Request<Incoming>,
    from: IpAddr,
    door: Arc<Door>,
) -> Result<Answer, Infallible> {
    let (head, mut body) = request.into_parts();
    Ok(match taken(&head, &mut body, from, &door).await {
        Ok(()) => answer(StatusCode::CREATED, "taken\n", None),
        Err(refusal) => {
            // Who waits to be told to go on need not send it at all.
            if !head.headers.contains_key(EXPECT) {
                pass_over(&mut body).await;
            }
            answer(refusal.status, &format!("{}\n", refusal.why), refusal.field)
        }
    })
}

/// Reads what is left of a body that nobody wants.
async fn pass_over(body: &mut Incoming) {
    let (most, time) = UNWANTED;
    let read = async {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > most {
                break;
            }
        }
    };
    drop(tokio::time::timeout(time, read).await);
}

struct Refusal {
    status: StatusCode,
    why: String,
    field: Option<(HeaderName, &'static str)>,
}

fn refusal(status: StatusCode, why: impl Into<String>) -> Refusal {
    Refusal { status, why: why.into(), field: None }
}

fn answer(status: StatusCode, text: &str, field: Option<(HeaderName, &'static str)>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *answer.status_mut() = status;
    let plain = hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, plain);
    if let Some((name, value)) = field {
        answer.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    }
    answer
}

async fn taken(head: &Parts, body: &mut Incoming, from: IpAddr, door: &Arc<Door>) -> Result<(), Refusal> {
    if head.method != Method::POST {
        let field = Some((ALLOW, "POST"));
        return Err(Refusal {
            field,
            ..refusal(StatusCode::METHOD_NOT_ALLOWED, "reports are sent with POST")
        });
    }
    if !door.clients.may(client(head, from, door.behind_proxy)) {
        let field = Some((RETRY_AFTER, "60"));
        return Err(Refusal { field, ..refusal(StatusCode::TOO_MANY_REQUESTS, "too many reports a minute") });
    }
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // RFC 8460 section 6.4 and 6.5, and what senders use beside them.
    let known =
        ["application/tlsrpt+gzip", "application/tlsrpt+json", "application/gzip", "application/json"];
    if !known.contains(&kind.as_str()) {
        let why = "the type must be application/tlsrpt+gzip or application/tlsrpt+json";
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    let too_large =
        || refusal(StatusCode::PAYLOAD_TOO_LARGE, format!("a report has at most {} bytes here", door.most));
    let stated =
        head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if stated.is_some_and(|length| length > door.most as u64) {
        return Err(too_large());
    }
    let body = Limited::new(body, door.most).collect();
    let body = match tokio::time::timeout(BODY, body).await {
        Err(_) => return Err(refusal(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large()),
        Ok(Err(_)) => return Err(refusal(StatusCode::BAD_REQUEST, "the body broke off")),
        Ok(Ok(body)) => body.to_bytes(),
    };
    let _alone = door.judging.acquire().await;
    let here = Arc::clone(door);
    let done = tokio::task::spawn_blocking(move || keep(&body, &here)).await;
    done.unwrap_or_else(|_| Err(refusal(StatusCode::INTERNAL_SERVER_ERROR, "this server failed")))
}

/// The address that the rate counts for. Only the last of `X-Forwarded-For` is the proxy's own word.
fn client(head: &Parts, from: IpAddr, behind_proxy: bool) -> IpAddr {
    let forwarded = || {
        let last = head.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    if behind_proxy { forwarded().unwrap_or(from) } else { from }
}

fn keep(body: &[u8], door: &Door) -> Result<(), Refusal> {
    let text = unpacked(body.to_vec()).map_err(|reason| {
        let status = match reason {
            Reason::TooLarge | Reason::RatioTooHigh => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        refusal(status, reason.as_str())
    })?;
    if let Some(code) = parse(&text).why_not() {
        let why = format!("no report: {} ({})", code.described().title, code.as_str());
        return Err(refusal(StatusCode::BAD_REQUEST, why));
    }
    drop(text);
    door.spool.keep(body).map_err(|error| {
        say(&format!("error: cannot keep a report: {error}"));
        let field = Some((RETRY_AFTER, LATER));
        Refusal {
            field,
            ..refusal(StatusCode::SERVICE_UNAVAILABLE, "no report can be kept now: come again later")
        }
    })?;
    door.arrived.ring();
    Ok(())
}
