//! The servers do what the situations say, asked with plain sockets and other people's libraries.

use super::{demo, only};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use sts_lab::Lab;
use sts_lab::serve::Service;
use sts_lab::situation;

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.metadata.authentic_data = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    message.set_edns(edns);
    message
}

/// Asks over UDP; `None` where nothing comes.
fn ask(lab: &Lab, name: &str, kind: RecordType) -> Option<Message> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    socket.send_to(&question(name, kind).to_vec().unwrap(), lab.ports.dns).unwrap();
    let mut answer = [0; 4096];
    let length = socket.recv(&mut answer).ok()?;
    Some(Message::from_vec(&answer[..length]).unwrap())
}

fn ask_tcp(lab: &Lab, name: &str, kind: RecordType) -> Message {
    let mut stream = TcpStream::connect(lab.ports.dns).unwrap();
    let question = question(name, kind).to_vec().unwrap();
    stream.write_all(&u16::try_from(question.len()).unwrap().to_be_bytes()).unwrap();
    stream.write_all(&question).unwrap();
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut answer).unwrap();
    Message::from_vec(&answer).unwrap()
}

fn domain(lab: &Lab) -> String {
    let list = std::fs::read_to_string(lab.path(sts_lab::LIST)).unwrap();
    list.lines().nth(1).unwrap().split_once(',').unwrap().1.to_owned()
}

fn address(lab: &Lab, host: &str) -> Ipv4Addr {
    let answer = ask(lab, host, RecordType::A).unwrap();
    let found = answer.answers.iter().find_map(|record| match &record.data {
        RData::A(address) => Some(address.0),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{host} has no address"))
}

fn client(lab: &Lab, host: &str) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(lab.path(sts_lab::TRUST)).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), ServerName::try_from(host.to_owned()).unwrap()).unwrap()
}

fn get(lab: &Lab, host: &str) -> std::io::Result<String> {
    let mut tcp = TcpStream::connect(SocketAddr::from((address(lab, host), lab.ports.https)))?;
    tcp.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut connection = client(lab, host);
    let mut stream = Stream::new(&mut connection, &mut tcp);
    write!(stream, "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Talks SMTP up to STARTTLS; gives the replies.
fn talk(lab: &Lab, host: &str) -> (BufReader<TcpStream>, Vec<String>) {
    let tcp = TcpStream::connect(SocketAddr::from((address(lab, host), lab.ports.smtp))).unwrap();
    tcp.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut stream = BufReader::new(tcp);
    let mut replies = vec![reply(&mut stream)];
    for command in ["EHLO client.example", "STARTTLS"] {
        if write!(stream.get_mut(), "{command}\r\n").is_ok() {
            replies.push(reply(&mut stream));
        }
    }
    (stream, replies)
}

/// Reads a reply; empty where the peer closed or says nothing.
fn reply(stream: &mut BufReader<TcpStream>) -> String {
    let mut whole = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return whole;
        }
        let is_last = line.as_bytes().get(3) != Some(&b'-');
        whole.push_str(line.trim_end());
        if is_last {
            return whole;
        }
        whole.push('\n');
    }
}

fn lab_of(situation: &str) -> (tempfile::TempDir, Lab, String) {
    let dir = tempfile::tempdir().unwrap();
    let lab = only(dir.path(), situation);
    let domain = domain(&lab);
    (dir, lab, domain)
}

#[test]
fn a_healthy_domain_answers_in_dns() {
    let (_dir, lab, domain) = lab_of("healthy");
    let mx = ask(&lab, &domain, RecordType::MX).unwrap();
    assert_eq!(mx.answers.len(), 1);
    let RData::MX(mx) = &mx.answers[0].data else { panic!("not an MX") };
    assert_eq!((mx.preference, mx.exchange.to_ascii()), (10, format!("mx1.{domain}.")));
    let txt = ask(&lab, &format!("_mta-sts.{domain}").to_uppercase(), RecordType::TXT).unwrap();
    assert_eq!(txt.answers[0].ttl, 300);
    assert!(txt.answers[0].data.to_string().contains("v=STSv1; id=20260101T000000;"));
    let none = ask(&lab, &domain, RecordType::TXT).unwrap();
    assert_eq!(
        (none.metadata.response_code, none.answers.len(), none.authorities.len()),
        (ResponseCode::NoError, 0, 1)
    );
    assert_eq!(lab.contacts().questions(), 3);
}

#[test]
fn a_name_that_is_not_there_is_nxdomain_for_every_type() {
    let (_dir, lab, domain) = lab_of("nxdomain");
    for kind in [RecordType::MX, RecordType::A, RecordType::AAAA, RecordType::NS, RecordType::TLSA] {
        let answer = ask(&lab, &domain, kind).unwrap();
        assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain, "{kind}");
        assert!(answer.answers.is_empty());
    }
}

#[test]
fn a_chain_is_answered_whole() {
    let (_dir, lab, domain) = lab_of("healthy-provider");
    let answer = ask(&lab, &format!("mta-sts.{domain}"), RecordType::A).unwrap();
    let kinds: Vec<RecordType> = answer.answers.iter().map(hickory_proto::rr::Record::record_type).collect();
    assert_eq!(kinds, [RecordType::CNAME, RecordType::A]);
    let (_dir, lab, domain) = lab_of("nxdomain-behind-cname");
    let answer = ask(&lab, &domain, RecordType::MX).unwrap();
    assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NXDomain, 1));
}

#[test]
fn failures_are_answered_as_such() {
    let (_dir, lab, domain) = lab_of("mx-servfail");
    let answer = ask(&lab, &domain, RecordType::MX).unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
    let (_dir, lab, domain) = lab_of("sts-refused");
    let answer = ask(&lab, &format!("_mta-sts.{domain}"), RecordType::TXT).unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
    let (_dir, lab, domain) = lab_of("mx-timeout");
    assert!(ask(&lab, &domain, RecordType::MX).is_none());
    assert!(ask(&lab, &domain, RecordType::A).is_some());
}

#[test]
fn a_truncated_answer_is_whole_over_tcp() {
    let (_dir, lab, domain) = lab_of("healthy-truncated");
    let cut = ask(&lab, &domain, RecordType::MX).unwrap();
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    let whole = ask_tcp(&lab, &domain, RecordType::MX);
    assert!(!whole.metadata.truncation && whole.answers.len() == 1);
}

#[test]
fn only_a_secure_answer_has_the_ad_bit() {
    let (_dir, lab, domain) = lab_of("not-signalled-secure");
    assert!(ask(&lab, &domain, RecordType::MX).unwrap().metadata.authentic_data);
    assert!(!ask(&lab, &domain, RecordType::TXT).unwrap().metadata.authentic_data);
    assert!(!ask(&lab, &format!("mx1.{domain}"), RecordType::A).unwrap().metadata.authentic_data);
}

#[test]
fn the_root_is_signed_and_what_every_network_has_of_its_own_is_not() {
    let (_dir, lab, _) = lab_of("healthy");
    let root = ask(&lab, ".", RecordType::SOA).unwrap();
    assert!(root.metadata.authentic_data && root.answers.len() == 1);
    assert!(!ask(&lab, "10.in-addr.arpa", RecordType::SOA).unwrap().metadata.authentic_data);
}

#[test]
fn a_wildcard_answers_for_what_is_not_there_and_for_nothing_else() {
    let texts = |lab: &Lab, name: String| {
        let answer = ask(lab, &name, RecordType::TXT).unwrap();
        answer.answers.iter().map(|record| record.data.to_string()).collect::<Vec<_>>()
    };
    let (_dir, lab, domain) = lab_of("record-wildcard");
    let record = texts(&lab, format!("_mta-sts.{domain}"));
    assert!(record[0].contains("v=STSv1;"), "{record:?}");
    assert_eq!(texts(&lab, format!("_sts-census-abcdefghij.{domain}")), record);
    // RFC 4592 section 2.2.1: below a name that is there the wildcard does not answer.
    let below = ask(&lab, &format!("_25._tcp.mx1.{domain}"), RecordType::TLSA).unwrap();
    assert_eq!(below.metadata.response_code, ResponseCode::NXDomain);
    let (_dir, lab, domain) = lab_of("record-wildcard-other");
    assert!(texts(&lab, format!("_mta-sts.{domain}"))[0].contains("v=STSv1;"));
    assert!(texts(&lab, format!("_sts-census-abcdefghij.{domain}"))[0].contains("v=spf1"));
}

#[test]
fn a_tlsa_record_is_about_the_certificate_that_is_shown() {
    let (_dir, lab, domain) = lab_of("dane-valid-ta");
    let host = format!("mx1.{domain}");
    let answer = ask(&lab, &format!("_25._tcp.{host}"), RecordType::TLSA).unwrap();
    let RData::TLSA(tlsa) = &answer.answers[0].data else { panic!("not a TLSA") };
    assert!(answer.metadata.authentic_data);
    let (stream, _) = talk(&lab, &host);
    let mut tcp = stream.into_inner();
    let mut connection = client(&lab, &host);
    Stream::new(&mut connection, &mut tcp).write_all(b"QUIT\r\n").unwrap();
    let issuer = &connection.peer_certificates().unwrap()[1];
    let digest: String = tlsa.cert_data.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, sts_lab::authority::sha256_hex(issuer));
}

#[test]
fn a_reset_is_a_reset_and_no_way_is_no_way() {
    let (_dir, lab, domain) = lab_of("policy-connect-reset");
    let error = get(&lab, &format!("mta-sts.{domain}")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let (_dir, lab, domain) = lab_of("smtp-connect-unreachable");
    let at = SocketAddr::from((address(&lab, &format!("mx1.{domain}")), lab.ports.smtp));
    assert_eq!(TcpStream::connect(at).unwrap_err().kind(), ErrorKind::NetworkUnreachable);
}

#[test]
fn other_names_of_a_web_server_show_what_they_say() {
    let (_dir, lab, domain) = lab_of("policy-wildcard-other");
    assert!(get(&lab, &format!("mta-sts.{domain}")).unwrap().contains("version: STSv1"));
    assert!(
        get(&lab, &format!("sts-census-abcdefghij.{domain}")).unwrap().contains("<title>Welcome</title>")
    );
}

#[test]
fn only_a_name_that_no_url_can_hold_is_in_the_situation_of_such_names() {
    let (_dir, lab, domain) = lab_of("policy-host-name-invalid");
    assert!(
        domain.starts_with("xn--") && domain.split('.').next().unwrap().ends_with("-99999999"),
        "{domain}"
    );
    assert_eq!(lab.oracle.world.situation(&domain).name, "policy-host-name-invalid");
    assert_eq!(lab.oracle.world.situation("example.org").name, "not-signalled");
}

#[test]
fn a_policy_host_serves_the_policy() {
    let (_dir, lab, domain) = lab_of("healthy");
    let answer = get(&lab, &format!("mta-sts.{domain}")).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with(&format!("mx: mx1.{domain}\r\nmax_age: 2419200\r\n")), "{answer}");
    let came = lab.contacts().connections();
    assert_eq!(
        (came.len(), came[0].service, came[0].name.clone()),
        (1, Service::Https, Some(format!("mta-sts.{domain}")))
    );
}

#[test]
fn bad_certificates_are_bad_in_the_way_they_say() {
    use rustls::CertificateError::{Expired, NotValidForName, NotValidYet, UnknownIssuer};
    let cases = [
        ("policy-tls-name", vec![NotValidForName]),
        ("policy-tls-expired", vec![Expired]),
        ("policy-tls-not-yet-valid", vec![NotValidYet]),
        ("policy-tls-self-signed", vec![UnknownIssuer]),
        ("policy-tls-untrusted", vec![UnknownIssuer]),
    ];
    for (situation, wanted) in cases {
        let (_dir, lab, domain) = lab_of(situation);
        let error = get(&lab, &format!("mta-sts.{domain}")).unwrap_err();
        let Some(rustls::Error::InvalidCertificate(found)) = error.get_ref().and_then(|e| e.downcast_ref())
        else {
            panic!("{situation}: {error}");
        };
        // rustls tells some faults with their context: compare the kind.
        let kind = |text: String| text.split(['{', '(', ' ']).next().unwrap().replace("Context", "");
        assert!(
            wanted.iter().any(|one| kind(format!("{one:?}")) == kind(format!("{found:?}"))),
            "{situation}: {found:?}"
        );
    }
}

#[test]
fn policy_hosts_fail_as_they_say() {
    let (_dir, lab, domain) = lab_of("policy-http-404");
    assert!(get(&lab, &format!("mta-sts.{domain}")).unwrap().starts_with("HTTP/1.1 404"));
    let (_dir, lab, domain) = lab_of("policy-redirect");
    assert!(
        get(&lab, &format!("mta-sts.{domain}"))
            .unwrap()
            .contains(&format!("\r\nLocation: https://www.{domain}/"))
    );
    let (_dir, lab, domain) = lab_of("policy-too-large");
    assert!(get(&lab, &format!("mta-sts.{domain}")).unwrap().len() > 70_000);
    let (_dir, lab, domain) = lab_of("policy-connect-refused");
    assert_eq!(get(&lab, &format!("mta-sts.{domain}")).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let (_dir, lab, domain) = lab_of("policy-tls-alert");
    let error = get(&lab, &format!("mta-sts.{domain}")).unwrap_err();
    assert!(error.to_string().contains("UnrecognisedName"), "{error}");
}

#[test]
fn nobody_answers_at_the_blackhole() {
    let (_dir, lab, domain) = lab_of("smtp-connect-timeout");
    let at = SocketAddr::from((address(&lab, &format!("mx1.{domain}")), lab.ports.smtp));
    let error = TcpStream::connect_timeout(&at, Duration::from_millis(300)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn an_mx_host_shows_its_certificate_after_starttls() {
    let (_dir, lab, domain) = lab_of("healthy");
    let host = format!("mx1.{domain}");
    let (stream, replies) = talk(&lab, &host);
    assert_eq!(
        replies,
        ["220 lab ESMTP", "250-lab\n250-PIPELINING\n250 STARTTLS", "220 2.0.0 Ready to start TLS"]
    );
    let mut tcp = stream.into_inner();
    let mut connection = client(&lab, &host);
    let mut stream = Stream::new(&mut connection, &mut tcp);
    stream.write_all(b"QUIT\r\n").unwrap();
    let mut bye = String::new();
    stream.read_to_string(&mut bye).unwrap();
    assert_eq!(bye, "221 2.0.0 Bye\r\n");
    let came = lab.contacts().connections();
    assert_eq!(
        (came.len(), came[0].service, came[0].name.as_deref()),
        (1, Service::Smtp, Some("client.example"))
    );
}

#[test]
fn mx_hosts_fail_as_they_say() {
    let replies = |situation: &str| {
        let (_dir, lab, domain) = lab_of(situation);
        talk(&lab, &format!("mx1.{domain}")).1
    };
    assert_eq!(replies("smtp-limited")[0], "421 4.3.2 Too many connections");
    assert_eq!(replies("smtp-rejected-5xx")[0], "554 5.7.1 Not from there");
    assert!(replies("smtp-not-smtp")[0].starts_with("SSH-2.0-OpenSSH_9.9"));
    // How many lines a closed connection still takes is the kernel's business: none is answered.
    let closed = replies("smtp-closed");
    assert_eq!(closed[0], "220 lab ESMTP");
    assert!(closed.len() > 1 && closed[1..].iter().all(String::is_empty), "{closed:?}");
    assert_eq!(replies("smtp-banner-timeout")[0], "");
    assert_eq!(replies("starttls-refused")[2], "454 4.7.0 TLS not available");
    assert!(!replies("starttls-not-offered")[1].contains("STARTTLS"));
    assert_eq!(
        replies("smtp-starttls-masked")[..2],
        ["220 ****************", "250-lab\n250-PIPELINING\n250 XXXXXXXA"]
    );
}

#[test]
fn an_injected_answer_comes_in_the_clear() {
    let (_dir, lab, domain) = lab_of("smtp-answer-injection");
    let (mut stream, replies) = talk(&lab, &format!("mx1.{domain}"));
    assert_eq!(replies[2], "220 2.0.0 Ready to start TLS");
    assert_eq!(reply(&mut stream), "250 lab");
}

#[test]
fn every_listed_domain_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let lab = demo(dir.path(), 200);
    let list = std::fs::read_to_string(lab.path(sts_lab::LIST)).unwrap();
    for line in list.lines().skip(1) {
        let domain = line.split_once(',').unwrap().1;
        let mx = lab.oracle.world.situation(domain).zone.get("{domain}").into_iter().flatten();
        let is_silent = mx
            .filter(|(kind, _)| *kind == situation::RecordType::Mx)
            .any(|(_, answer)| answer.status == situation::Status::Drop);
        assert_eq!(ask(&lab, domain, RecordType::MX).is_none(), is_silent, "{domain}");
    }
}
