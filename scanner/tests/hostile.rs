//! Policy hosts and MX hosts that send without an end, or more than anyone asked for: where each is cut,
//! counted by the server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]

mod loopback;

use loopback::{Authority, Identity, PATIENT, SHORT, hold, leaf, read_to, serve};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use sts_scanner::evidence::SmtpPhase;
use sts_scanner::evidence::rows::SmtpEvidence;
use sts_scanner::mta_sts::policy::POLICY_BYTES;
use sts_scanner::policy_host::{Fetch, Fetched, HEADER_BYTES, POLICY_HEADERS, fetch};
use sts_scanner::smtp::reply::{MAX_LINE, MAX_REPLY};
use sts_scanner::smtp::{Deadlines, Greeting, SmtpRequest, probe};
use sts_scanner::tls::{Hello, TlsClient};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::task::JoinHandle;

const HOST: &str = "mta-sts.example.org";
/// What hyper keeps of a head that has no end (its `DEFAULT_MAX_BUFFER_SIZE`).
const HEAD: usize = 8_192 + 4_096 * 100;
/// What the buffers of two sockets and of TLS may take beside what was read.
const BUFFERS: usize = 2 << 20;

/// Writes without an end, until the other side has had enough; gives the bytes that it or a buffer took.
async fn flood(stream: &mut (impl AsyncWrite + Unpin), begin: &str, piece: &str) -> usize {
    let piece = piece.repeat(4_096_usize.div_ceil(piece.len()));
    let mut taken = begin.len();
    if stream.write_all(begin.as_bytes()).await.is_err() {
        return 0;
    }
    while stream.write_all(piece.as_bytes()).await.is_ok() && stream.flush().await.is_ok() {
        taken += piece.len();
    }
    taken
}

async fn fetch_from(addr: SocketAddr, deadline: Duration, client: &TlsClient) -> Fetched {
    let (hello, user_agent) = (Hello::PostQuantum, "census");
    let (is_http2, max_bytes) = (false, POLICY_BYTES);
    fetch(Fetch { host: HOST, addr, hello, is_http2, deadline, user_agent, max_bytes }, client).await.unwrap()
}

/// A policy host that sends so; gives how many bytes were taken.
async fn flooding(
    identity: Identity,
    begin: &'static str,
    piece: &'static str,
) -> (SocketAddr, JoinHandle<usize>) {
    serve(async move |stream| {
        rustix::net::sockopt::set_socket_send_buffer_size(&stream, 16_384).unwrap();
        let mut stream = identity.acceptor().accept(stream).await.unwrap();
        read_to(&mut stream, b"\r\n\r\n").await;
        flood(&mut stream, begin, piece).await
    })
    .await
}

#[tokio::test]
async fn each_flood_of_a_policy_host_is_cut_at_its_bound() {
    let ca = Authority::new("ca");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (begin, piece, outcome, bound) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "and so on\n", "policy_too_large", POLICY_BYTES + HEAD),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n",
            "and so on\n",
            "policy_too_large",
            POLICY_BYTES + HEAD,
        ),
        // Six bytes for each that counts.
        (chunked, "1\r\nx\r\n", "policy_too_large", 6 * POLICY_BYTES + HEAD),
        ("HTTP/1.1 200 OK\r\n", "X-More: and so on\r\n", "policy_http_malformed", HEAD),
        ("HTTP/1.1 200 OK\r\nX-More: ", "and so on ", "policy_http_malformed", HEAD),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            "and so on ",
            "policy_http_malformed",
            16_384 + HEAD,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            "X-More: and so on\r\n",
            "policy_http_malformed",
            16_384 + HEAD,
        ),
        ("version: STSv1\r\n", "mx: mx.example.org\r\n", "policy_http_malformed", HEAD),
    ] {
        let (addr, served) = flooding(ca.issue(&leaf(&[HOST])), begin, piece).await;
        let fetched = fetch_from(addr, PATIENT, &ca.client()).await;
        assert_eq!(fetched.outcome.as_str(), outcome, "{begin:?}");
        assert!(fetched.body.is_none_or(|body| body.len() == POLICY_BYTES), "{begin:?}");
        let taken = served.await.unwrap();
        assert!(taken <= bound + BUFFERS, "{begin:?}: {taken} bytes were taken");
    }
}

#[tokio::test]
async fn announcements_for_ever_end_with_the_deadline() {
    let ca = Authority::new("ca");
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
    let (addr, served) = flooding(ca.issue(&leaf(&[HOST])), early, early).await;
    let began = Instant::now();
    let fetched = fetch_from(addr, SHORT, &ca.client()).await;
    assert_eq!((fetched.outcome.as_str(), fetched.http_status), ("policy_timeout", None));
    assert!(began.elapsed() < SHORT * 5, "{:?}", began.elapsed());
    served.await.unwrap();
}

/// The outcome of a good host that answers so and then waits.
async fn answered(answer: String) -> Fetched {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, _served) = serve(async move |stream| {
        let mut stream = identity.acceptor().accept(stream).await.unwrap();
        read_to(&mut stream, b"\r\n\r\n").await;
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.flush().await;
        hold(stream).await;
    })
    .await;
    fetch_from(addr, PATIENT, &ca.client()).await
}

#[tokio::test]
async fn a_hundred_header_fields_are_taken_and_no_more() {
    let answer = |fields: usize| {
        let fields = "X-More: 1\r\n".repeat(fields - 1);
        format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n")
    };
    assert_eq!(answered(answer(POLICY_HEADERS)).await.outcome.as_str(), "ok");
    assert_eq!(answered(answer(POLICY_HEADERS + 1)).await.outcome.as_str(), "policy_http_malformed");
}

#[tokio::test]
async fn a_header_is_kept_up_to_its_bound() {
    let long = "x".repeat(100_000);
    let fetched = answered(format!(
        "HTTP/1.1 302 Found\r\nLocation: https://{long}\r\nContent-Type: {long}\r\nContent-Length: 0\r\n\r\n"
    ))
    .await;
    assert_eq!(fetched.outcome.as_str(), "policy_redirect");
    assert_eq!(fetched.redirect_to.map(|text| text.len()), Some(HEADER_BYTES));
    assert_eq!(fetched.content_type.map(|text| text.len()), Some(HEADER_BYTES));
}

#[tokio::test]
async fn a_compressed_body_is_kept_as_it_came() {
    let fetched = answered(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\n\u{1f}bomb\0".to_owned(),
    )
    .await;
    assert_eq!((fetched.outcome.as_str(), fetched.body.as_deref()), ("ok", Some(&b"\x1fbomb\0"[..])));
}

/// Four certificates of 30,000 bytes.
fn bulky(ca: &Authority) -> Identity {
    let mut params = leaf(&[HOST]);
    let oid = [1, 3, 6, 1, 4, 1, 32473, 1];
    params.custom_extensions.push(rcgen::CustomExtension::from_oid_content(&oid, vec![0; 30_000]));
    let mut identity = ca.issue(&params);
    identity.chain.extend((0..3).flat_map(|_| ca.issue(&params).chain));
    identity
}

#[tokio::test]
async fn certificates_of_100_kb_are_our_limit_and_nobodys_fault() {
    let ca = Authority::new("ca");
    let identity = bulky(&ca);
    let (addr, _served) = serve(async move |stream| {
        // The client ends it.
        assert!(identity.acceptor().accept(stream).await.is_err());
    })
    .await;
    let fetched = fetch_from(addr, PATIENT, &ca.client()).await;
    assert_eq!(fetched.outcome.as_str(), "policy_tls_client_limit");
    assert_eq!(fetched.tls.certificate_sha256, None);

    let identity = bulky(&ca);
    let (addr, _served) = serve(async move |mut stream| {
        for answer in ["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go ahead\r\n"] {
            stream.write_all(answer.as_bytes()).await.unwrap();
            if !answer.contains("go ahead") {
                read_to(&mut stream, b"\n").await;
            }
        }
        assert!(identity.acceptor().accept(stream).await.is_err());
    })
    .await;
    let row = talk(addr, PATIENT, &ca.client()).await;
    assert_eq!(
        (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str)),
        ("mx_tls_client_limit", Some("tls"))
    );
}

async fn talk(addr: SocketAddr, total: Duration, client: &TlsClient) -> SmtpEvidence {
    let deadlines = Deadlines { total, banner: total, quit: SHORT };
    let greeting = Greeting::default();
    let request = SmtpRequest {
        host: HOST,
        addr,
        ehlo_name: "probe.example",
        hello: Hello::PostQuantum,
        deadlines,
        greeting: &greeting,
    };
    probe(request, client).await.unwrap()
}

#[tokio::test]
async fn each_flood_of_an_mx_host_is_cut_at_its_bound() {
    let client = Authority::new("ca").client();
    const GREETING: &[&str] = &["220 mx\r\n"];
    const OFFER: &[&str] = &["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n"];
    for (before, begin, piece, phase, bound) in [
        (&[][..], "220 ", "and so on ", "banner", MAX_LINE),
        (&[], "", "220-and so on\r\n", "banner", MAX_REPLY),
        (&[], "", "\0", "banner", 1),
        (GREETING, "", "250-MORE\r\n", "ehlo", MAX_REPLY),
        (OFFER, "220 ", "and so on ", "starttls", MAX_LINE),
    ] {
        let (addr, served) = serve(async move |mut stream| {
            rustix::net::sockopt::set_socket_send_buffer_size(&stream, 16_384).unwrap();
            for answer in before {
                stream.write_all(answer.as_bytes()).await.unwrap();
                read_to(&mut stream, b"\n").await;
            }
            flood(&mut stream, begin, piece).await
        })
        .await;
        let row = talk(addr, PATIENT, &client).await;
        assert_eq!(
            (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str)),
            ("smtp_protocol", Some(phase)),
            "{piece:?}"
        );
        let taken = served.await.unwrap();
        assert!(taken <= bound + BUFFERS, "{piece:?}: {taken} bytes were taken");
    }
}
