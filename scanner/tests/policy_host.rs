//! Fetching a policy from servers on loopback, one for each way a policy host fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]

mod loopback;

use loopback::{
    Authority, Deaf, Identity, PATIENT, SHORT, alert, expired, hold, leaf, nobody, not_yet_valid,
    read_client_hello, read_to, self_signed, serve, tls10_server_hello,
};
use std::net::SocketAddr;
use std::time::Duration;
use sts_scanner::evidence::rows::PolicyEvidence;
use sts_scanner::evidence::{CertOutcome, Outcome as _, PolicyOutcome, TlsVersion};
use sts_scanner::policy_host::{Fetch, Fetched, fetch};
use sts_scanner::tls::certificate::sha256_hex;
use sts_scanner::tls::{Hello, TlsClient, legacy};
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinHandle;

const HOST: &str = "mta-sts.example.org";
const MAX: usize = 65_536;
const TEXT: &str = "version: STSv1\nmode: none\nmax_age: 86400\n";

async fn fetch_from(addr: SocketAddr, deadline: Duration, client: &TlsClient) -> Fetched {
    fetch_with(Hello::PostQuantum, addr, deadline, client).await
}

async fn fetch_with(hello: Hello, addr: SocketAddr, deadline: Duration, client: &TlsClient) -> Fetched {
    let user_agent = "census (+https://probe.example/)";
    fetch(Fetch { host: HOST, addr, hello, is_http2: false, deadline, user_agent, max_bytes: MAX }, client)
        .await
        .unwrap()
}

/// How a server goes on after its answer.
enum Then {
    Closes,
    /// Closes TCP, and not TLS.
    Drops,
    Stalls,
}

/// Answers one request with these bytes; gives the request.
async fn https(
    identity: Identity,
    answer: impl Into<Vec<u8>>,
    then: Then,
) -> (SocketAddr, JoinHandle<String>) {
    let answer = answer.into();
    serve(async move |stream| {
        let mut stream = identity.acceptor().accept(stream).await.unwrap();
        let request = read_to(&mut stream, b"\r\n\r\n").await;
        // A client that has seen enough closes before everything is written.
        let _ = stream.write_all(&answer).await;
        let _ = stream.flush().await;
        match then {
            Then::Closes => drop(stream.shutdown().await),
            Then::Drops => drop(stream),
            Then::Stalls => hold(stream).await,
        }
        request
    })
    .await
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The outcome of a good host that answers so.
async fn answered(answer: impl Into<Vec<u8>>, then: Then, deadline: Duration) -> Fetched {
    let ca = Authority::new("ca");
    let (addr, _served) = https(ca.issue(&leaf(&[HOST])), answer, then).await;
    fetch_from(addr, deadline, &ca.client()).await
}

#[tokio::test]
async fn a_good_host_gives_its_policy_and_all_of_its_evidence() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let der = identity.chain[0].to_vec();
    let (addr, served) = https(identity, ok(TEXT), Then::Stalls).await;
    let fetched = fetch_from(addr, PATIENT, &ca.client()).await;
    assert!(fetched.got_further());
    let mut row = PolicyEvidence::default();
    fetched.write_to(&mut row);
    assert_eq!(row.outcome, Some(PolicyOutcome::Ok));
    assert_eq!(row.http_status, Some(200));
    assert_eq!(row.content_type.as_deref(), Some("text/plain"));
    assert_eq!(row.body.as_deref(), Some(TEXT.as_bytes()));
    assert_eq!(row.sha256, Some(sha256_hex(TEXT.as_bytes())));
    assert_eq!(row.tls.version, Some(TlsVersion::Tls13));
    assert_eq!(row.tls.group.as_deref(), Some("X25519MLKEM768"));
    assert_eq!(row.tls.certificate_sha256, Some(sha256_hex(&der)));
    assert_eq!(row.tls.chain_sha256, Some(Vec::new()));
    assert_eq!(row.tls.cert_outcome, Some(CertOutcome::Valid));
    assert_eq!(row.tls.cert_faults, Some(Vec::new()));
    assert_eq!(row.tls.chain, [der]);
    assert!(row.fetch_ms.is_some());

    // The port is the connection's business; the host sees its plain name.
    let request = served.await.unwrap().to_ascii_lowercase();
    assert!(request.starts_with("get /.well-known/mta-sts.txt http/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nhost: mta-sts.example.org\r\n"), "{request}");
    assert!(request.contains("\r\nuser-agent: census (+https://probe.example/)\r\n"), "{request}");
    assert!(!request.contains("accept-encoding"), "{request}");
}

#[tokio::test]
async fn sni_is_the_plain_host() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, served) = serve(async move |stream| {
        let stream = identity.acceptor().accept(stream).await.unwrap();
        stream.get_ref().1.server_name().map(str::to_owned)
    })
    .await;
    fetch_from(addr, PATIENT, &ca.client()).await;
    assert_eq!(served.await.unwrap().as_deref(), Some(HOST));
}

#[tokio::test]
async fn version_and_group_of_tls_1_2_are_seen_too() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, _served) = serve(async move |stream| {
        let acceptor = identity.acceptor_of(&[&rustls::version::TLS12]);
        let mut stream = acceptor.accept(stream).await.unwrap();
        read_to(&mut stream, b"\r\n\r\n").await;
        stream.write_all(ok(TEXT).as_bytes()).await.unwrap();
        hold(stream).await;
    })
    .await;
    let fetched = fetch_from(addr, PATIENT, &ca.client()).await;
    assert_eq!(fetched.outcome.as_str(), "ok");
    assert_eq!(fetched.tls.version, Some(TlsVersion::Tls12));
    assert_eq!(fetched.tls.group.as_deref(), Some("x25519"));
}

#[tokio::test]
async fn text_behind_each_bad_certificate_is_kept_and_not_ok() {
    let (ca, stranger) = (Authority::new("ca"), Authority::new("stranger"));
    for (identity, outcome, faults) in [
        (ca.issue(&leaf(&["other.example.org"])), "policy_tls_name", &["name"][..]),
        (ca.issue(&expired(&[HOST])), "policy_tls_expired", &["expired"]),
        (ca.issue(&not_yet_valid(&[HOST])), "policy_tls_not_yet_valid", &["not_yet_valid"]),
        (self_signed(&leaf(&[HOST])), "policy_tls_self_signed", &["self_signed"]),
        (stranger.issue(&leaf(&[HOST])), "policy_tls_untrusted", &["untrusted"]),
        (stranger.issue(&expired(&["x.org"])), "policy_tls_untrusted", &["untrusted", "expired", "name"]),
    ] {
        let (addr, _served) = https(identity, ok(TEXT), Then::Closes).await;
        let fetched = fetch_from(addr, PATIENT, &ca.client()).await;
        assert_eq!(fetched.outcome.as_str(), outcome);
        assert!(!fetched.outcome.is_worth_another_address());
        let found: Vec<&str> = fetched.tls.cert_faults.unwrap().iter().map(|fault| fault.as_str()).collect();
        assert_eq!(found, faults);
        assert_eq!(fetched.http_status, Some(200));
        assert_eq!(fetched.body.as_deref(), Some(TEXT.as_bytes()));
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_other() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let garbage = rustls::pki_types::CertificateDer::from(b"garbage".to_vec());
    // rustls serves no certificate that it cannot read, but it does with a resolver that does not ask.
    #[derive(Debug)]
    struct Fixed(std::sync::Arc<rustls::sign::CertifiedKey>);
    impl rustls::server::ResolvesServerCert for Fixed {
        fn resolve(
            &self,
            _hello: rustls::server::ClientHello<'_>,
        ) -> Option<std::sync::Arc<rustls::sign::CertifiedKey>> {
            Some(std::sync::Arc::clone(&self.0))
        }
    }
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(identity.key.serialize_der());
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key.into()).unwrap();
    let certified = std::sync::Arc::new(rustls::sign::CertifiedKey::new(vec![garbage], key));
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(std::sync::Arc::new(Fixed(certified)));
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let (addr, _served) = serve(async move |stream| {
        let mut stream = acceptor.accept(stream).await.unwrap();
        read_to(&mut stream, b"\r\n\r\n").await;
        stream.write_all(ok(TEXT).as_bytes()).await.unwrap();
        hold(stream).await;
    })
    .await;
    let fetched = fetch_from(addr, PATIENT, &ca.client()).await;
    assert_eq!(fetched.outcome.as_str(), "policy_tls_certificate_other");
    assert_eq!(fetched.body.as_deref(), Some(TEXT.as_bytes()));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 301 Moved\r\nLocation: https://example.org/\\x\r\nContent-Length: 0\r\n\r\n";
    let fetched = answered(answer, Then::Stalls, PATIENT).await;
    assert_eq!(fetched.outcome.as_str(), "policy_redirect");
    assert_eq!(fetched.http_status, Some(301));
    assert_eq!(fetched.redirect_to.as_deref(), Some("https://example.org/\\092x"));
    assert_eq!(fetched.body.as_deref(), Some(&b""[..]));
}

#[tokio::test]
async fn another_status_keeps_its_body() {
    for (status, location) in [("404 Not Found", ""), ("302 Found", ""), ("500 Oops", "Location: /\r\n")] {
        let answer = format!("HTTP/1.1 {status}\r\n{location}Content-Length: 2\r\n\r\nno");
        let fetched = answered(answer, Then::Stalls, PATIENT).await;
        assert_eq!(fetched.outcome.as_str(), "policy_http_status", "{status}");
        assert_eq!(fetched.redirect_to, None);
        assert_eq!(fetched.body.as_deref(), Some(&b"no"[..]));
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_cut_and_one_at_the_limit_is_not() {
    let fetched = answered(ok(&"x".repeat(70_000)), Then::Stalls, PATIENT).await;
    assert_eq!(fetched.outcome.as_str(), "policy_too_large");
    assert_eq!(fetched.body.map(|body| body.len()), Some(MAX));
    let fetched = answered(ok(&"x".repeat(MAX)), Then::Stalls, PATIENT).await;
    assert_eq!(fetched.outcome.as_str(), "ok");
    assert_eq!(fetched.body.map(|body| body.len()), Some(MAX));
    let fetched = answered(ok(&"x".repeat(MAX + 1)), Then::Stalls, PATIENT).await;
    assert_eq!(fetched.outcome.as_str(), "policy_too_large");
}

#[tokio::test]
async fn a_chunked_body_is_put_together() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let whole = format!("{head}3\r\nver\r\n4\r\nsion\r\n0\r\n\r\n");
    let fetched = answered(whole, Then::Stalls, PATIENT).await;
    assert_eq!((fetched.outcome.as_str(), fetched.body.as_deref()), ("ok", Some(&b"version"[..])));
    assert_eq!(fetched.content_type, None);
    let broken = format!("{head}3\r\nver\r\nzz\r\n");
    let fetched = answered(broken, Then::Stalls, PATIENT).await;
    assert_eq!((fetched.outcome.as_str(), fetched.body), ("policy_http_malformed", None));
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    for answer in
        ["", "220 mx.example.org ESMTP\r\n", "HTTP/1.1 two hundred\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-"]
    {
        let fetched = answered(answer, Then::Closes, PATIENT).await;
        assert_eq!(fetched.outcome.as_str(), "policy_http_malformed", "{answer:?}");
        assert_eq!((fetched.http_status, fetched.body), (None, None));
        assert_eq!(fetched.tls.version, Some(TlsVersion::Tls13));
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed_and_not_kept() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nversion";
    let fetched = answered(answer, Then::Closes, PATIENT).await;
    assert_eq!(fetched.outcome.as_str(), "policy_http_malformed");
    assert_eq!((fetched.http_status, fetched.body), (Some(200), None));
}

#[tokio::test]
async fn a_body_that_ends_without_close_notify_is_kept_and_incomplete() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n";
    let fetched = answered(format!("{head}{TEXT}"), Then::Drops, PATIENT).await;
    assert_eq!(fetched.outcome.as_str(), "policy_http_incomplete");
    assert_eq!((fetched.http_status, fetched.body.as_deref()), (Some(200), Some(TEXT.as_bytes())));
    let mut row = PolicyEvidence::default();
    fetched.write_to(&mut row);
    assert_eq!((row.valid, row.alert, row.bytes()), (None, None, i64::try_from(TEXT.len()).ok()));
    // Closed in order, or of the length that was said, it is whole.
    let fetched = answered(format!("{head}{TEXT}"), Then::Closes, PATIENT).await;
    assert_eq!(fetched.outcome.as_str(), "ok");
    let fetched = answered(ok(TEXT), Then::Drops, PATIENT).await;
    assert_eq!(fetched.outcome.as_str(), "ok");
    let fetched = answered("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nver", Then::Drops, PATIENT).await;
    assert_eq!((fetched.outcome.as_str(), fetched.body), ("policy_http_malformed", None));
}

#[tokio::test]
async fn a_stall_after_the_handshake_is_the_timeout_of_the_fetch() {
    for (answer, status) in [("", None), ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nver", Some(200))] {
        let fetched = answered(answer, Then::Stalls, SHORT).await;
        assert_eq!(fetched.outcome.as_str(), "policy_timeout");
        assert_eq!((fetched.http_status, fetched.body), (status, None));
        assert_eq!(fetched.tls.cert_outcome, Some(CertOutcome::Valid));
        assert!(!fetched.outcome.is_worth_another_address());
    }
    let fetched = answered("HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n", Then::Stalls, SHORT).await;
    assert_eq!(fetched.outcome.as_str(), "policy_http_status");
}

#[tokio::test]
async fn no_connection_has_its_own_words() {
    let client = Authority::new("ca").client();
    let fetched = fetch_from(nobody(), PATIENT, &client).await;
    assert_eq!(fetched.outcome.as_str(), "policy_connect_refused");
    assert!(fetched.outcome.is_worth_another_address());
    assert!(!fetched.got_further());
    assert_eq!((fetched.tls.version, fetched.tls.cert_faults), (None, None));
    let deaf = Deaf::new().await;
    let fetched = fetch_from(deaf.addr, SHORT, &client).await;
    assert_eq!(fetched.outcome.as_str(), "policy_connect_timeout");
}

#[tokio::test]
async fn a_stall_in_the_handshake_is_a_timeout_of_tls() {
    let client = Authority::new("ca").client();
    let (addr, _served) = serve(hold).await;
    let fetched = fetch_from(addr, SHORT, &client).await;
    assert_eq!(fetched.outcome.as_str(), "policy_tls_timeout");
    assert!(fetched.outcome.is_worth_another_address());
}

#[tokio::test]
async fn each_way_to_break_the_handshake_has_its_word() {
    let client = Authority::new("ca").client();
    for (bytes, outcome) in [
        (Vec::new(), "policy_tls_closed"),
        (alert(70).to_vec(), "policy_tls_protocol"),
        (alert(40).to_vec(), "policy_tls_client_limit"),
        (alert(71).to_vec(), "policy_tls_client_limit"),
        (alert(112).to_vec(), "policy_tls_alert"),
        (alert(80).to_vec(), "policy_tls_alert"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "policy_tls_protocol"),
        (tls10_server_hello(), "policy_tls_protocol"),
    ] {
        let name = format!("{bytes:?}");
        let (addr, _served) = serve(async move |mut stream| {
            read_client_hello(&mut stream).await;
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
            hold(stream).await;
        })
        .await;
        let fetched = fetch_from(addr, PATIENT, &client).await;
        assert_eq!(fetched.outcome.as_str(), outcome, "{name}");
        assert!(!fetched.got_further());
    }
}

#[tokio::test]
async fn a_reset_before_the_server_says_anything_is_one_of_the_connection() {
    let client = Authority::new("ca").client();
    // Closing with the ClientHello unread resets the connection.
    let (addr, _served) = serve(async move |stream| {
        stream.readable().await.unwrap();
        drop(stream);
    })
    .await;
    let fetched = fetch_from(addr, PATIENT, &client).await;
    assert_eq!(fetched.outcome.as_str(), "policy_connect_reset");
}

#[tokio::test]
async fn a_server_that_wants_our_certificate_refuses_with_an_alert() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, _served) = serve(async move |stream| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(identity.chain[0].clone()).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
                .build()
                .unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(identity.key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(identity.chain.clone(), key.into())
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
        let (_, stream) = acceptor.accept(stream).into_fallible().await.err().unwrap();
        hold(stream).await;
    })
    .await;
    let fetched = fetch_from(addr, PATIENT, &ca.client()).await;
    assert_eq!(fetched.outcome.as_str(), "policy_tls_alert");
}

#[tokio::test]
async fn a_host_that_no_url_can_hold_is_a_fault_of_ours() {
    let client = Authority::new("ca").client();
    let request = Fetch {
        host: "mta-sts.xn--a",
        addr: nobody(),
        hello: Hello::PostQuantum,
        is_http2: false,
        deadline: PATIENT,
        user_agent: "x",
        max_bytes: MAX,
    };
    assert!(fetch(request, &client).await.is_err());
}

/// Answers a hello of one packet alone: to a larger one it says nothing (or it closes).
async fn small_hellos_only(identity: Identity) -> SocketAddr {
    let (addr, _served) = serve(async move |stream| {
        let mut header = [0; 5];
        stream.peek(&mut header).await.unwrap();
        if u16::from_be_bytes([header[3], header[4]]) > 1_000 {
            return hold(stream).await;
        }
        let mut stream = identity.acceptor().accept(stream).await.unwrap();
        read_to(&mut stream, b"\r\n\r\n").await;
        let _ = stream.write_all(ok(TEXT).as_bytes()).await;
        drop(stream.shutdown().await);
    })
    .await;
    addr
}

#[tokio::test]
async fn the_post_quantum_hello_is_more_than_a_packet_and_the_small_one_is_not() {
    let ca = Authority::new("ca");
    let addr = small_hellos_only(ca.issue(&leaf(&[HOST]))).await;
    let fetched = fetch_with(Hello::PostQuantum, addr, SHORT, &ca.client()).await;
    assert_eq!(fetched.outcome.as_str(), "policy_tls_timeout");
    assert!(!fetched.outcome.answered_hello());
    let addr = small_hellos_only(ca.issue(&leaf(&[HOST]))).await;
    let fetched = fetch_with(Hello::Small, addr, PATIENT, &ca.client()).await;
    assert_eq!(fetched.outcome.as_str(), "ok");
    assert!(fetched.outcome.answered_hello());
    assert_eq!(fetched.tls.group.as_deref(), Some("x25519"));
}

#[tokio::test]
async fn a_host_is_asked_for_old_versions_over_a_connection_of_its_own() {
    let (addr, served) = serve(async move |mut stream| {
        let mut header = [0; 5];
        stream.peek(&mut header).await.unwrap();
        read_client_hello(&mut stream).await;
        stream.write_all(&tls10_server_hello()).await.unwrap();
        hold(stream).await;
        header
    })
    .await;
    let deadline = tokio::time::Instant::now() + PATIENT;
    let answer = legacy::ask_at(addr, HOST, deadline).await.unwrap();
    assert_eq!(answer, legacy::LegacyAnswer::ServerHello(0x0301));
    assert_eq!(served.await.unwrap()[..3], [22, 3, 1]);
    assert_eq!(legacy::ask_at(nobody(), HOST, deadline).await.unwrap(), legacy::LegacyAnswer::Nothing);
}
