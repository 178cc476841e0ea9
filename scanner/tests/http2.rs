//! Policy hosts that speak HTTP/2 and nothing else (RFC 9113); each frame is written by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]

mod loopback;

use loopback::{Authority, Identity, PATIENT, SHORT, hold, leaf, serve};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use sts_scanner::evidence::{HttpVersion, PolicyOutcome};
use sts_scanner::mta_sts::policy::POLICY_BYTES;
use sts_scanner::policy_host::{Fetch, Fetched, HTTP2_BYTES, HTTP2_HEADER_BYTES, HTTP2_WINDOW, fetch};
use sts_scanner::tls::{Hello, TlsClient};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::server::TlsStream;

const HOST: &str = "mta-sts.example.org";
const TEXT: &[u8] = b"version: STSv1\nmode: none\nmax_age: 86400\n";
/// What the buffers of two sockets and of TLS may take beside what was read.
const BUFFERS: usize = 2 << 20;

/// Types and flags of frames (RFC 9113 section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:status: 200` (RFC 7541 appendix A).
const STATUS_200: &[u8] = &[0x88];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field that no table keeps (RFC 7541 section 6.2.2).
fn field(name: &str, value: &[u8]) -> Vec<u8> {
    let length = |text: &[u8]| u8::try_from(text.len()).unwrap();
    [&[0, length(name.as_bytes())], name.as_bytes(), &[length(value)], value].concat()
}

async fn fetch_by(is_http2: bool, addr: SocketAddr, deadline: Duration, client: &TlsClient) -> Fetched {
    let (hello, user_agent) = (Hello::PostQuantum, "census");
    let max_bytes = POLICY_BYTES;
    fetch(Fetch { host: HOST, addr, hello, is_http2, deadline, user_agent, max_bytes }, client).await.unwrap()
}

/// The next frame of the client: its type, stream and payload.
async fn next(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
    stream.read_exact(&mut payload).await?;
    Ok((head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
}

/// A connection of a server that speaks HTTP/2 alone, up to the request, whose header block it gives.
async fn asked(identity: &Identity, stream: TcpStream) -> (TlsStream<TcpStream>, Vec<u8>) {
    rustix::net::sockopt::set_socket_send_buffer_size(&stream, 16_384).unwrap();
    let mut stream = identity.acceptor_for_protocol("h2").accept(stream).await.unwrap();
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    loop {
        if let (HEADERS, 1, block) = next(&mut stream).await.unwrap() {
            return (stream, block);
        }
    }
}

/// A host that sends these frames, and then those over and over; gives how many bytes were taken.
async fn flooding(begin: Vec<u8>, piece: Vec<u8>) -> (Authority, SocketAddr, JoinHandle<usize>) {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, served) = serve(async move |stream| {
        let (mut stream, _) = asked(&identity, stream).await;
        let piece = piece.repeat(4_096_usize.div_ceil(piece.len()));
        let mut taken = begin.len();
        if stream.write_all(&begin).await.is_err() {
            return 0;
        }
        while stream.write_all(&piece).await.is_ok() && stream.flush().await.is_ok() {
            taken += piece.len();
        }
        taken
    })
    .await;
    (ca, addr, served)
}

#[tokio::test]
async fn a_host_that_refuses_http_1_says_so_and_gives_its_policy_by_http_2() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let refusing = identity.acceptor_for_protocol("h2");
    let (addr, _served) = serve(async move |stream| drop(refusing.accept(stream).await)).await;
    let refused = fetch_by(false, addr, PATIENT, &ca.client()).await;
    assert_eq!((refused.outcome, refused.alert), (PolicyOutcome::TlsNoProtocol, Some(120)));
    assert_eq!((refused.http_status, refused.http_version), (None, None));

    let (addr, served) = serve(async move |stream| {
        let (mut stream, block) = asked(&identity, stream).await;
        let head = [STATUS_200, &field("content-type", b"text/plain")].concat();
        stream.write_all(&frame(HEADERS, END_HEADERS, 1, &head)).await.unwrap();
        stream.write_all(&frame(DATA, END_STREAM, 1, TEXT)).await.unwrap();
        stream.flush().await.unwrap();
        hold(stream).await;
        block
    })
    .await;
    let fetched = fetch_by(true, addr, PATIENT, &ca.client()).await;
    assert_eq!((fetched.outcome, fetched.alert), (PolicyOutcome::Ok, None));
    assert_eq!((fetched.http_status, fetched.http_version), (Some(200), Some(HttpVersion::Http2)));
    assert_eq!(fetched.content_type.as_deref(), Some("text/plain"));
    assert_eq!(fetched.body.as_deref(), Some(TEXT));
    assert!(!served.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_host_that_says_it_will_close_is_read_to_the_end() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, _served) = serve(async move |stream| {
        let (mut stream, _) = asked(&identity, stream).await;
        // The last stream that is answered, and no error (RFC 9113 section 6.8).
        let goes = frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
        stream.write_all(&[frame(HEADERS, END_HEADERS, 1, STATUS_200), goes].concat()).await.unwrap();
        stream.flush().await.unwrap();
        // Its own word for that is read before the rest goes out.
        while !matches!(next(&mut stream).await, Ok((SETTINGS, ..)) | Err(_)) {}
        stream.write_all(&frame(DATA, 0, 1, TEXT)).await.unwrap();
        stream.write_all(&frame(DATA, END_STREAM, 1, b"")).await.unwrap();
        drop(stream.shutdown().await);
    })
    .await;
    let fetched = fetch_by(true, addr, PATIENT, &ca.client()).await;
    assert_eq!((fetched.outcome, fetched.body.as_deref()), (PolicyOutcome::Ok, Some(TEXT)));
}

#[tokio::test]
async fn an_answer_that_is_cut_or_taken_back_is_none() {
    let whole = [frame(HEADERS, END_HEADERS, 1, STATUS_200), frame(DATA, 0, 1, TEXT)].concat();
    let goes = frame(GOAWAY, 0, 0, &[0; 8]);
    for (answer, status) in [(whole, Some(200)), (goes, None)] {
        let ca = Authority::new("ca");
        let identity = ca.issue(&leaf(&[HOST]));
        let (addr, _served) = serve(async move |stream| {
            let (mut stream, _) = asked(&identity, stream).await;
            stream.write_all(&answer).await.unwrap();
            drop(stream.shutdown().await);
        })
        .await;
        let fetched = fetch_by(true, addr, PATIENT, &ca.client()).await;
        // A body in HTTP/2 has an end of its own: one that lacks it is broken, however TLS was closed.
        assert_eq!((fetched.outcome, fetched.http_status), (PolicyOutcome::HttpMalformed, status));
    }
}

#[tokio::test]
async fn each_flood_of_http_2_is_cut_at_its_bound() {
    let many = field("a", b"b");
    let in_table = [&[0x40, 1, b'a', 100][..], &[b'x'; 100]].concat();
    let again = vec![0xbe; 500];
    let bomb = [STATUS_200, &in_table, &again].concat();
    let bound = usize::try_from(HTTP2_HEADER_BYTES).unwrap();
    for (name, begin, piece) in [
        ("continuation", frame(HEADERS, 0, 1, STATUS_200), frame(CONTINUATION, 0, 1, &many)),
        ("bomb", frame(HEADERS, END_HEADERS, 1, &bomb), frame(DATA, 0, 1, TEXT)),
        ("body before a head", Vec::new(), frame(DATA, 0, 1, TEXT)),
    ] {
        let (ca, addr, served) = flooding(begin, piece).await;
        let fetched = fetch_by(true, addr, PATIENT, &ca.client()).await;
        assert_eq!((fetched.outcome, fetched.body), (PolicyOutcome::HttpMalformed, None), "{name}");
        let taken = served.await.unwrap();
        assert!(taken <= bound + BUFFERS, "{name}: {taken} bytes were taken");
    }
}

#[tokio::test]
async fn no_more_is_read_of_a_connection_than_its_bound() {
    let (ca, addr, served) = flooding(Vec::new(), frame(PING, 0, 0, &[0; 8])).await;
    let fetched = fetch_by(true, addr, PATIENT, &ca.client()).await;
    assert_eq!((fetched.outcome, fetched.http_status), (PolicyOutcome::HttpMalformed, None));
    let (taken, bound) = (served.await.unwrap(), usize::try_from(HTTP2_BYTES).unwrap());
    assert!(taken <= bound + BUFFERS, "{taken} bytes were taken");
}

#[tokio::test]
async fn silence_ends_with_the_deadline_and_so_does_the_connection() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, served) = serve(async move |stream| hold(asked(&identity, stream).await.0).await).await;
    let began = Instant::now();
    let fetched = fetch_by(true, addr, SHORT, &ca.client()).await;
    assert_eq!((fetched.outcome, fetched.http_status), (PolicyOutcome::Timeout, None));
    served.await.unwrap();
    assert!(began.elapsed() < SHORT * 5, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_body_in_http_2_is_cut_at_the_limit_and_not_taken_faster_than_it_is_read() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, served) = serve(async move |stream| {
        let (mut stream, _) = asked(&identity, stream).await;
        stream.write_all(&frame(HEADERS, END_HEADERS, 1, STATUS_200)).await.unwrap();
        let window = i64::from(HTTP2_WINDOW);
        // What we may send: in the stream, and in the connection.
        let (mut sent, mut room) = (0, [window, window]);
        loop {
            while room.iter().all(|room| *room >= 8_192) {
                if stream.write_all(&frame(DATA, 0, 1, &[b'a'; 8_192])).await.is_err() {
                    return sent;
                }
                sent += 8_192;
                room = room.map(|room| room - 8_192);
            }
            let _ = stream.flush().await;
            match next(&mut stream).await {
                Err(_) => return sent,
                Ok((WINDOW_UPDATE, of, more)) => {
                    room[usize::from(of == 0)] +=
                        i64::from(u32::from_be_bytes(more[..4].try_into().unwrap()));
                }
                Ok(_) => {}
            }
        }
    })
    .await;
    let fetched = fetch_by(true, addr, PATIENT, &ca.client()).await;
    assert_eq!(fetched.outcome, PolicyOutcome::TooLarge);
    assert_eq!(fetched.body.map(|body| body.len()), Some(POLICY_BYTES));
    let sent = served.await.unwrap();
    assert!(sent <= POLICY_BYTES + 2 * HTTP2_WINDOW as usize, "{sent} bytes were asked for");
}
