//! `sts-scan generate` as a stranger runs it, with a name server on loopback that knows a few domains.
#![allow(clippy::disallowed_methods, reason = "its server lives as long as the test process")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what must be there")]

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, MX};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};
use sts_scanner::mta_sts::{policy, record, tlsrpt};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sts-scan")).arg("generate").args(arguments).output().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// A name server for as long as the test process lives; gives its address.
fn name_server() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut buffer = [0; 1232];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let answer = answer(&question).to_vec().unwrap();
            socket.send_to(&answer, from).unwrap();
        }
    });
    address
}

fn answer(question: &Message) -> Message {
    let asked = &question.queries[0];
    let name = asked.name().clone();
    let mx = |preference, host: &str| RData::MX(MX::new(preference, Name::from_ascii(host).unwrap()));
    let records = match (name.to_ascii().as_str(), asked.query_type()) {
        ("own.example.", RecordType::MX) => vec![mx(20, "mx2.own.example."), mx(10, "MX1.own.example.")],
        ("mixed.example.", RecordType::MX) => {
            vec![mx(1, "aspmx.l.google.com."), mx(5, "backup.mixed.example.")]
        }
        ("null.example.", RecordType::MX) => vec![mx(0, ".")],
        ("implicit.example.", RecordType::A) => vec![RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))],
        _ => vec![],
    };
    let mut message = Message::response(question.metadata.id, OpCode::Query);
    message.metadata.response_code = match name.to_ascii().as_str() {
        "gone.example." => ResponseCode::NXDomain,
        "broken.example." => ResponseCode::ServFail,
        _ => ResponseCode::NoError,
    };
    message.queries.push(asked.clone());
    message.answers = records.into_iter().map(|data| Record::from_rdata(name.clone(), 60, data)).collect();
    message
}

/// The three texts of a domain's folder, read by the parsers.
fn assert_sound(folder: &Path, domain: &str, hosts: &[&str]) {
    let text = fs::read_to_string(folder.join("mta-sts.txt")).unwrap();
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "every line ends with CRLF");
    let parsed = policy::parse(text.as_bytes());
    assert!(parsed.valid, "{text}");
    assert_eq!(parsed.mx_escaped(), hosts);
    let zone = fs::read_to_string(folder.join("dns.zone")).unwrap();
    let txt = |owner: &str| {
        let line =
            zone.lines().find(|line| line.starts_with(owner)).unwrap_or_else(|| panic!("{owner}\n{zone}"));
        line.split_once("TXT ").unwrap().1.trim_matches('"').to_owned()
    };
    assert!(record::judge(&[txt(&format!("_mta-sts.{domain}. "))]).id.is_some());
    assert!(tlsrpt::judge(&[txt(&format!("_smtp._tls.{domain}. "))]).rua.is_some());
    let steps = fs::read_to_string(folder.join("steps.txt")).unwrap();
    assert!(steps.contains(domain) && steps.contains("--mode none"));
}

#[test]
fn hosts_are_asked_of_the_dns() {
    let resolver = name_server();
    let output = run(&["Own.Example.", "--resolver", &resolver, "--rua", "tls@own.example"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let told = out(&output);
    assert!(
        told.contains("mode: testing\nmx: mx1.own.example\nmx: mx2.own.example\nmax_age: 604800\n"),
        "{told}"
    );
    assert!(
        told.contains("_smtp._tls.own.example. 3600 IN TXT \"v=TLSRPTv1; rua=mailto:tls@own.example;\""),
        "{told}"
    );
    let output = run(&["implicit.example", "--resolver", &resolver]);
    assert!(out(&output).contains("\nmx: implicit.example\n"), "{}", err(&output));
}

#[test]
fn a_domain_without_mail_or_answer_is_refused_with_the_reason() {
    let resolver = name_server();
    for (domain, reason) in [
        ("gone.example", "gone.example does not exist"),
        ("null.example", "has a null MX"),
        ("empty.example", "neither an MX record nor an address"),
        ("broken.example", "could not be resolved (SERVFAIL)"),
    ] {
        let output = run(&[domain, "--resolver", &resolver]);
        assert_eq!(output.status.code(), Some(1), "{domain}");
        assert!(err(&output).contains(reason), "{domain}: {}", err(&output));
        assert!(out(&output).is_empty(), "{}", out(&output));
    }
}

#[test]
fn a_preset_that_leaves_out_a_host_is_refused_with_the_missing_pattern() {
    let resolver = name_server();
    let line = ["mixed.example", "--preset", "google", "--resolver", &resolver];
    let output = run(&line);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("add --pattern backup.mixed.example"), "{}", err(&output));
    let output = run(&[&line[..], &["--pattern", "backup.mixed.example"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
}

#[test]
fn hosts_that_are_given_need_no_network() {
    // Port 9 of loopback: a question sent there would fail the test by its exit code.
    let output = run(&[
        "example.com",
        "--mx",
        "a.example.com",
        "b.example.com",
        "--mode",
        "enforce",
        "--max-age",
        "1209600",
        "--resolver",
        "127.0.0.1:9",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let output = run(&["example.com", "--mode", "none", "--resolver", "127.0.0.1:9"]);
    assert!(out(&output).contains("version: STSv1\nmode: none\nmax_age: 86400\n"), "{}", err(&output));
}

#[test]
fn a_portfolio_is_written_a_folder_a_domain() {
    let resolver = name_server();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    fs::write(&list, "own.example\nimplicit.example\nnull.example\nnot a name\nown.example.\n").unwrap();
    let target = folder.path().join("out");
    let line = [
        "--list",
        list.to_str().unwrap(),
        "-o",
        target.to_str().unwrap(),
        "--rua",
        "mailto:tls@x.example",
        "--resolver",
        &resolver,
    ];
    let output = run(&line);
    assert_eq!(output.status.code(), Some(1), "one is refused: {}", err(&output));
    assert_eq!(out(&output), "2 domains written, 1 refused, 1 lines are not a domain\n");
    assert!(err(&output).starts_with("refused: null.example: "), "{}", err(&output));
    assert_sound(&target.join("own.example"), "own.example", &["mx1.own.example", "mx2.own.example"]);
    assert_sound(&target.join("implicit.example"), "implicit.example", &["implicit.example"]);
    assert!(!target.join("null.example").exists());
    // Existing files may be in use: they are not overwritten.
    assert_eq!(run(&line).status.code(), Some(2));
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    for line in [
        &[][..],
        &["example.com", "--list", "x", "-o", "y"],
        &["--list", "x"],
        &["192.0.2.1"],
        &["exa mple.com"],
        &["example.com", "--mode", "report"],
        &["example.com", "--max-age", "31557601"],
        &["example.com", "--preset", "other"],
        &["example.com", "--mx", "https://mx.example.com"],
        &["example.com", "--smtp-port", "25"],
    ] {
        assert_eq!(run(line).status.code(), Some(2), "{line:?}");
    }
    let refused = run(&["example.com", "--mx", "mx.example.com", "--rua", "a@b.example!10m"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("TLSRPT record would not be valid"), "{}", err(&refused));
}
