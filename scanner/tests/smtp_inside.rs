//! What servers on loopback say inside TLS, and instead of it.
#![allow(clippy::unwrap_used, reason = "a test says what must be there")]

mod loopback;

use loopback::{Authority, Identity, PATIENT, SHORT, hold, leaf, read_to, serve};
use sts_scanner::evidence::rows::SmtpEvidence;
use sts_scanner::evidence::{SmtpPhase, TlsVersion, Vocabulary};
use sts_scanner::smtp::{Deadlines, Greeting, SmtpRequest, probe};
use sts_scanner::tls::Hello;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const HOST: &str = "mx.example.org";

/// Up to the handshake.
async fn to_starttls(mut stream: TcpStream) -> TcpStream {
    for (index, answer) in ["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"].into_iter().enumerate()
    {
        if index > 0 {
            read_to(&mut stream, b"\n").await;
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    stream
}

/// What a server shows that answers each line inside TLS so, as often as it hears one.
async fn answered(answers: &'static [&'static str]) -> SmtpEvidence {
    let ca = Authority::new("ca");
    let identity = ca.issue(&leaf(&[HOST]));
    let (addr, _served) = serve(async move |stream| {
        let mut stream = identity.acceptor().accept(to_starttls(stream).await).await.unwrap();
        for answer in answers {
            read_to(&mut stream, b"\n").await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        hold(stream).await;
    })
    .await;
    probed(addr, &ca).await
}

async fn probed(addr: std::net::SocketAddr, ca: &Authority) -> SmtpEvidence {
    let deadlines = Deadlines { total: SHORT * 4, banner: PATIENT, quit: SHORT };
    let (hello, greeting) = (Hello::PostQuantum, Greeting::default());
    let request =
        SmtpRequest { host: HOST, addr, ehlo_name: "probe.example", hello, deadlines, greeting: &greeting };
    probe(request, &ca.client()).await.unwrap()
}

#[tokio::test]
async fn silence_and_noise_inside_tls_change_no_outcome() {
    for answers in [&[][..], &["\0\0\0\r\n"], &["250-endless\r\n", "250-line\r\n"]] {
        let row = answered(answers).await;
        assert_eq!((row.outcome.unwrap().as_str(), row.quit_code, row.ehlo_tls), ("ok", None, None));
        assert_eq!(row.tls.cert_outcome.map(Vocabulary::word), Some("valid"));
    }
}

#[tokio::test]
async fn an_alert_in_place_of_an_answer_inside_tls_fails_and_keeps_what_the_handshake_showed() {
    let ca = Authority::new("ca");
    let identity: Identity = ca.issue(&leaf(&[HOST]));
    let (addr, _served) = serve(async move |stream| {
        let stream = to_starttls(stream).await;
        let _ = identity.demanding().accept(stream).await;
    })
    .await;
    let row = probed(addr, &ca).await;
    assert_eq!((row.outcome.unwrap().as_str(), row.tls_alert), ("mx_tls_alert", Some(116)));
    assert_eq!(row.phase.map(SmtpPhase::as_str), Some("tls"));
    assert_eq!(row.tls.version.map(TlsVersion::as_str), Some("TLSv1.3"));
    assert_eq!(row.tls.cert_outcome.map(Vocabulary::word), Some("valid"));
    assert!(row.tls.certificate_sha256.is_some() && row.handshake_ms.is_some());
}
