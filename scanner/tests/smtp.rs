//! STARTTLS conversations with servers on loopback, one for each way an MX host fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must be there")]

mod loopback;

use loopback::{
    Authority, Deaf, Identity, PATIENT, SHORT, alert, expired, hold, leaf, nobody, not_yet_valid,
    read_client_hello, read_to, self_signed, serve, tls10_server_hello,
};
use std::net::SocketAddr;
use std::time::Duration;
use sts_scanner::evidence::rows::SmtpEvidence;
use sts_scanner::evidence::{CertFault, SmtpOutcome, SmtpPhase, Starttls, TlsVersion, Vocabulary};
use sts_scanner::smtp::{Deadlines, Greeting, SmtpRequest, probe, probe_legacy};
use sts_scanner::tls::certificate::sha256_hex;
use sts_scanner::tls::{Hello, TlsClient};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const HOST: &str = "mx.example.org";
const OFFER: &str = "250-mx.example.org\r\n250-SIZE 1000\r\n250 STARTTLS\r\n";

fn request<'a>(
    host: &'a str,
    addr: SocketAddr,
    deadlines: Deadlines,
    greeting: &'a Greeting,
) -> SmtpRequest<'a> {
    SmtpRequest { host, addr, ehlo_name: "probe.example", hello: Hello::PostQuantum, deadlines, greeting }
}

async fn probe_with(addr: SocketAddr, total: Duration, banner: Duration, client: &TlsClient) -> SmtpEvidence {
    let deadlines = Deadlines { total, banner, quit: SHORT };
    probe(request(HOST, addr, deadlines, &Greeting::default()), client).await.unwrap()
}

async fn probe_at(addr: SocketAddr, client: &TlsClient) -> SmtpEvidence {
    probe_with(addr, PATIENT, PATIENT, client).await
}

/// Writes each answer after reading one line, the first one at once; gives what it read, and the stream.
async fn script(mut stream: TcpStream, answers: &[&str]) -> (String, TcpStream) {
    let mut read = String::new();
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            read += &read_to(&mut stream, b"\n").await;
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    (read, stream)
}

/// Plays a script, then reads what comes up to the client's end; gives all that it read.
async fn plain(answers: &'static [&'static str]) -> (SocketAddr, JoinHandle<String>) {
    serve(async move |stream| {
        let (read, mut stream) = script(stream, answers).await;
        let rest = read_to(&mut stream, b"QUIT\r\n").await;
        read + &rest
    })
    .await
}

/// Offers STARTTLS, makes the handshake, and answers two lines inside; gives what it read.
async fn starttls(identity: Identity) -> (SocketAddr, JoinHandle<(String, Option<String>)>) {
    serve(async move |stream| {
        let (mut read, stream) = script(stream, &["220 mx\r\n", OFFER, "220 go ahead\r\n"]).await;
        let mut stream = identity.acceptor().accept(stream).await.unwrap();
        for answer in ["250 mx\r\n", "221 bye\r\n"] {
            read += &read_to(&mut stream, b"\n").await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        let name = stream.get_ref().1.server_name().map(str::to_owned);
        hold(stream).await;
        (read, name)
    })
    .await
}

#[tokio::test]
async fn a_good_host_gives_all_of_its_evidence() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let der = identity.chain[0].to_vec();
    let (addr, served) = starttls(identity).await;
    let row = probe_at(addr, &ca.client()).await;
    assert_eq!(
        (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str), row.starttls.map(Starttls::as_str)),
        ("ok", Some("tls"), Some("offered"))
    );
    assert_eq!((row.code, row.text.as_deref()), (Some(220), Some("go ahead")));
    assert_eq!(row.banner.as_deref(), Some("mx"));
    assert_eq!(row.ehlo.unwrap(), ["SIZE 1000", "STARTTLS"]);
    assert_eq!(row.tls.version.map(TlsVersion::as_str), Some("TLSv1.3"));
    assert!(row.tls.cipher.unwrap().starts_with("TLS_AES_"));
    assert_eq!(row.tls.group.as_deref(), Some("X25519MLKEM768"));
    assert_eq!(row.tls.certificate_sha256, Some(sha256_hex(&der)));
    assert_eq!(row.tls.chain_sha256, Some(Vec::new()));
    assert_eq!(row.tls.cert_outcome.map(Vocabulary::word), Some("valid"));
    assert_eq!(row.tls.chain, [der]);
    assert!(row.probed_at.is_some() && row.connect_ms.is_some() && row.handshake_ms.is_some());

    let (said, name) = served.await.unwrap();
    assert_eq!(said, "EHLO probe.example\r\nSTARTTLS\r\nEHLO probe.example\r\nQUIT\r\n");
    assert_eq!(name.as_deref(), Some(HOST));
}

#[tokio::test]
async fn each_bad_certificate_is_ok_with_its_faults() {
    let (ca, stranger) = (Authority::new("ca"), Authority::new("stranger"));
    for (identity, faults) in [
        (ca.issue(&leaf(&["example.org"])), &["name"][..]),
        (ca.issue(&expired(&[HOST])), &["expired"]),
        (ca.issue(&not_yet_valid(&[HOST])), &["not_yet_valid"]),
        (self_signed(&leaf(&["localhost"])), &["self_signed", "name"]),
        (stranger.issue(&leaf(&["*.example.org"])), &["untrusted"]),
    ] {
        let (addr, _served) = starttls(identity).await;
        let row = probe_at(addr, &ca.client()).await;
        assert_eq!(row.outcome.unwrap().as_str(), "ok");
        assert_eq!(row.tls.cert_outcome.map(Vocabulary::word), faults.first().copied());
        let found: Vec<&str> = row.tls.cert_faults.unwrap().into_iter().map(CertFault::as_str).collect();
        assert_eq!(found, faults);
    }
}

#[tokio::test]
async fn tls_1_2_is_recorded_with_its_names() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, _served) = serve(async move |stream| {
        let (_, stream) = script(stream, &["220 mx\r\n", OFFER, "220 go\r\n"]).await;
        let acceptor = identity.acceptor_of(&[&rustls::version::TLS12]);
        hold(acceptor.accept(stream).await.unwrap()).await;
    })
    .await;
    let row = probe_with(addr, SHORT * 3, PATIENT, &ca.client()).await;
    assert_eq!(
        (row.outcome.unwrap().as_str(), row.tls.version.map(TlsVersion::as_str)),
        ("ok", Some("TLSv1.2"))
    );
    assert!(row.tls.cipher.unwrap().starts_with("TLS_ECDHE_ECDSA_WITH_"));
    assert_eq!(row.tls.group.as_deref(), Some("x25519"));
}

/// Script, outcome, phase, code, state of STARTTLS, what the server hears.
type Case = (&'static [&'static str], &'static str, &'static str, Option<i32>, &'static str, &'static str);

#[tokio::test]
async fn each_plain_ending_has_its_outcome_and_quit_where_a_session_stands() {
    const EHLO: &str = "EHLO probe.example\r\n";
    let cases: &[Case] = &[
        (&["452 rate limit\r\n"], "limited", "banner", Some(452), "unknown", "QUIT\r\n"),
        (&["554 no\r\n"], "smtp_rejected_5xx", "banner", Some(554), "unknown", "QUIT\r\n"),
        (&["450 no\r\n"], "smtp_rejected_4xx", "banner", Some(450), "unknown", "QUIT\r\n"),
        (&["421 no\r\n"], "limited", "banner", Some(421), "unknown", ""),
        (&["SSH-2.0-x\r\n"], "smtp_protocol", "banner", None, "unknown", ""),
        (
            &["220 mx\r\n", "250 mx\r\n"],
            "starttls_not_offered",
            "ehlo",
            Some(250),
            "not_offered",
            "EHLO probe.example\r\nQUIT\r\n",
        ),
        (
            &["220 mx\r\n", "502 no\r\n", "250 mx\r\n"],
            "starttls_not_offered",
            "ehlo",
            Some(250),
            "not_offered",
            "EHLO probe.example\r\nHELO probe.example\r\nQUIT\r\n",
        ),
        (
            &["220 mx\r\n", "502 no\r\n", "550 no\r\n"],
            "smtp_rejected_5xx",
            "ehlo",
            Some(550),
            "unknown",
            "EHLO probe.example\r\nHELO probe.example\r\nQUIT\r\n",
        ),
        (&["220 mx\r\n", "421 no\r\n"], "limited", "ehlo", Some(421), "unknown", EHLO),
        (
            &["220 mx\r\n", OFFER, "454 no\r\n"],
            "starttls_refused",
            "starttls",
            Some(454),
            "refused",
            "EHLO probe.example\r\nSTARTTLS\r\nQUIT\r\n",
        ),
        (
            &["220 mx\r\n", OFFER, "220 go\r\n250 injected\r\n"],
            "smtp_answer_injection",
            "starttls",
            Some(220),
            "offered",
            "EHLO probe.example\r\nSTARTTLS\r\n",
        ),
    ];
    let client = Authority::new("ca").client();
    for (answers, outcome, phase, code, state, heard) in cases {
        let (addr, served) = plain(answers).await;
        let row = probe_at(addr, &client).await;
        let found = (
            row.outcome.unwrap().as_str(),
            row.phase.map(SmtpPhase::as_str),
            row.code,
            row.starttls.map(Starttls::as_str),
        );
        assert_eq!(found, (*outcome, Some(*phase), *code, Some(*state)), "{answers:?}");
        assert_eq!(served.await.unwrap(), *heard, "{answers:?}");
        assert_eq!(row.tls.certificate_sha256, None);
    }
}

#[tokio::test]
async fn a_server_that_closes_at_any_step_before_tls_is_closed() {
    let client = Authority::new("ca").client();
    let steps: &[(&[&str], &str)] = &[
        (&[], "banner"),
        (&["220 half a"], "banner"),
        (&["220 mx\r\n"], "ehlo"),
        (&["220 mx\r\n", OFFER], "starttls"),
    ];
    for (answers, phase) in steps {
        let answers: &'static [&'static str] = answers;
        let (addr, _served) = serve(async move |stream| drop(script(stream, answers).await)).await;
        let row = probe_at(addr, &client).await;
        assert_eq!(
            (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str)),
            ("smtp_closed", Some(*phase)),
            "{answers:?}"
        );
    }
}

#[tokio::test]
async fn a_reset_before_the_greeting_is_one_of_the_connection() {
    let client = Authority::new("ca").client();
    for (answers, outcome, phase) in [
        (&[][..], "smtp_connect_reset", "connect"),
        (&["220-half"], "smtp_closed", "banner"),
        (&["220 mx\r\n"], "smtp_closed", "ehlo"),
    ] {
        let (addr, _served) = serve(async move |stream| {
            let (_, mut stream) = script(stream, answers).await;
            if let [greeting] = answers
                && greeting.ends_with('\n')
            {
                read_to(&mut stream, b"\n").await;
            }
            stream.set_zero_linger().unwrap();
        })
        .await;
        let row = probe_at(addr, &client).await;
        assert_eq!(
            (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str)),
            (outcome, Some(phase)),
            "{answers:?}"
        );
    }
}

#[tokio::test]
async fn silence_is_a_banner_timeout_first_and_closed_later() {
    let client = Authority::new("ca").client();
    let steps: &[(&[&str], &str, &str)] = &[
        (&[], "smtp_banner_timeout", "banner"),
        (&["220-slow\r\n"], "smtp_banner_timeout", "banner"),
        (&["220 mx\r\n"], "smtp_closed", "ehlo"),
        (&["220 mx\r\n", OFFER], "smtp_closed", "starttls"),
    ];
    for (answers, outcome, phase) in steps {
        let answers: &'static [&'static str] = answers;
        let (addr, _served) = serve(async move |stream| hold(script(stream, answers).await.1).await).await;
        let row = probe_with(addr, SHORT * 2, SHORT, &client).await;
        assert_eq!(
            (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str)),
            (*outcome, Some(*phase)),
            "{answers:?}"
        );
    }
}

#[tokio::test]
async fn endless_lines_are_no_smtp() {
    let client = Authority::new("ca").client();
    for piece in ["220 xxxxxxxx", "220-more\r\n"] {
        let (addr, _served) = serve(async move |mut stream| {
            let (mut text, mut first) = (piece.repeat(1000), true);
            while stream.write_all(text.as_bytes()).await.is_ok() {
                if std::mem::take(&mut first) && !piece.ends_with('\n') {
                    text = "x".repeat(8000);
                }
            }
        })
        .await;
        let row = probe_at(addr, &client).await;
        assert_eq!(
            (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str), row.code),
            ("smtp_protocol", Some("banner"), None)
        );
    }
}

#[tokio::test]
async fn no_connection_has_its_own_words() {
    let client = Authority::new("ca").client();
    let row = probe_at(nobody(), &client).await;
    assert_eq!(
        (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str)),
        ("smtp_connect_refused", Some("connect"))
    );
    assert_eq!((row.starttls.map(Starttls::as_str), row.code, row.banner), (Some("unknown"), None, None));
    assert!(row.probed_at.is_some());
    let deaf = Deaf::new().await;
    let row = probe_with(deaf.addr, SHORT, SHORT, &client).await;
    assert_eq!(
        (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str)),
        ("smtp_connect_timeout", Some("connect"))
    );
}

#[tokio::test]
async fn each_way_to_break_the_handshake_has_its_word() {
    let client = Authority::new("ca").client();
    for (bytes, outcome) in [
        (Vec::new(), "mx_tls_closed"),
        (alert(70).to_vec(), "mx_tls_protocol"),
        (alert(40).to_vec(), "mx_tls_client_limit"),
        (alert(112).to_vec(), "mx_tls_alert"),
        (b"454 TLS not available\r\n".to_vec(), "mx_tls_protocol"),
        (tls10_server_hello(), "mx_tls_protocol"),
    ] {
        let name = format!("{bytes:?}");
        let (addr, _served) = serve(async move |stream| {
            let (_, mut stream) = script(stream, &["220 mx\r\n", OFFER, "220 go\r\n"]).await;
            read_client_hello(&mut stream).await;
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
            hold(stream).await;
        })
        .await;
        let row = probe_at(addr, &client).await;
        assert_eq!(
            (
                row.outcome.unwrap().as_str(),
                row.phase.map(SmtpPhase::as_str),
                row.starttls.map(Starttls::as_str)
            ),
            (outcome, Some("tls"), Some("offered")),
            "{name}"
        );
        assert_eq!((row.tls.version.map(TlsVersion::as_str), row.tls.cert_faults), (None, None), "{name}");
    }
}

/// Talks up to the hello, and answers it with these bytes; gives what `probe_legacy` makes of it.
async fn asked_for_old(bytes: Vec<u8>) -> &'static str {
    let (addr, _served) = serve(async move |stream| {
        let (_, mut stream) = script(stream, &["220 mx\r\n", OFFER, "220 go\r\n"]).await;
        read_client_hello(&mut stream).await;
        stream.write_all(&bytes).await.unwrap();
        hold(stream).await;
    })
    .await;
    let deadlines = Deadlines { total: PATIENT, banner: PATIENT, quit: SHORT };
    probe_legacy(request(HOST, addr, deadlines, &Greeting::default())).await.unwrap().as_str()
}

#[tokio::test]
async fn a_server_that_picks_an_old_version_is_at_fault_and_one_that_picks_an_old_suite_is_not() {
    let mut tls12 = tls10_server_hello();
    tls12[10] = 3;
    assert_eq!(asked_for_old(tls10_server_hello()).await, "mx_tls_protocol");
    assert_eq!(asked_for_old(tls12).await, "mx_tls_client_limit");
    // Whoever has nothing for such an offer either ends it for everybody.
    assert_eq!(asked_for_old(alert(40).to_vec()).await, "mx_tls_alert");
}

#[tokio::test]
async fn where_it_does_not_come_to_the_old_hello_its_outcome_says_why() {
    let deadlines = Deadlines { total: PATIENT, banner: PATIENT, quit: SHORT };
    let greeting = Greeting::default();
    let (addr, _served) = plain(&["421 no\r\n"]).await;
    assert_eq!(probe_legacy(request(HOST, addr, deadlines, &greeting)).await.unwrap(), SmtpOutcome::Limited);
    assert!(greeting.is_over());
    let refused = probe_legacy(request(HOST, nobody(), deadlines, &greeting)).await.unwrap();
    assert_eq!(refused, SmtpOutcome::ConnectRefused);
}

#[tokio::test]
async fn a_stall_in_the_handshake_is_a_timeout_of_tls() {
    let client = Authority::new("ca").client();
    let (addr, _served) = serve(async move |stream| {
        hold(script(stream, &["220 mx\r\n", OFFER, "220 go\r\n"]).await.1).await;
    })
    .await;
    let row = probe_with(addr, SHORT, SHORT, &client).await;
    assert_eq!(
        (row.outcome.unwrap().as_str(), row.phase.map(SmtpPhase::as_str)),
        ("mx_tls_timeout", Some("tls"))
    );
    assert_eq!(row.handshake_ms, None);
}

#[tokio::test]
async fn a_server_that_never_answers_quit_costs_no_more_than_its_deadline() {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, _served) = serve(async move |stream| {
        let (_, stream) = script(stream, &["220 mx\r\n", OFFER, "220 go\r\n"]).await;
        hold(identity.acceptor().accept(stream).await.unwrap()).await;
    })
    .await;
    let row = probe_with(addr, SHORT * 3, PATIENT, &ca.client()).await;
    assert_eq!(row.outcome.unwrap().as_str(), "ok");
}

#[tokio::test]
async fn a_host_whose_name_tls_cannot_carry_is_probed_without_sni() {
    let ca = Authority::new("ca");
    let (addr, served) = starttls(ca.issue(&leaf(&[HOST]))).await;
    let deadlines = Deadlines { total: PATIENT, banner: PATIENT, quit: SHORT };
    let greeting = Greeting::default();
    let row = probe(request("mx host.example.org", addr, deadlines, &greeting), &ca.client()).await.unwrap();
    assert_eq!(
        (row.outcome.unwrap().as_str(), row.tls.cert_outcome.map(Vocabulary::word)),
        ("ok", Some("name"))
    );
    assert_eq!(served.await.unwrap().1, None);
}
