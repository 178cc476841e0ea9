//! `sts-scan identity` against zones that agree with what it is told, and against such that do not.

use crate::dns::{NameServer, nsd_with};
use crate::place::Place;
use crate::sts_scan;
use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::time::Duration;

const SOA: &str =
    "$TTL 300\n@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60\n@ IN NS ns.example.\n";

/// Zones in which 10.9.8.7 and fd00::7 are called `reverse`, and `forward` are records of `example`.
fn zones(place: &mut Place, reverse: &str, forward: &str) -> NameServer {
    place.records(forward);
    let v4 = place.file("zones/v4", format!("$ORIGIN 8.9.10.in-addr.arpa.\n{SOA}7 IN PTR {reverse}\n"));
    let low = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";
    let v6 = place.file("zones/v6", format!("$ORIGIN d.f.ip6.arpa.\n{SOA}{low} IN PTR {reverse}\n"));
    let example = place.file("zones/example", &place.zone);
    nsd_with(place, "nsd", &[("example", &example), ("8.9.10.in-addr.arpa", &v4), ("d.f.ip6.arpa", &v6)])
}

fn identity(place: &Place, server: &NameServer, more: &[&str]) -> Output {
    let settings = format!(
        "dns.resolvers = [\"{}\"]\nsmtp.port = {}\ntargets.allow_private = true\ndeadlines.dns = \"1s\"\n\
         identity.ehlo_name = \"scan.example\"\nidentity.contact = \"ops@example.example\"\n\
         identity.info_url = \"https://scan.example/about\"\n",
        server.addr, place.smtp
    );
    let settings = place.file("scan.toml", settings);
    let mut command = Command::new(sts_scan());
    command.arg("identity").arg("--config").arg(settings).args([
        "--address",
        "10.9.8.7",
        "--address",
        "fd00::7",
    ]);
    command.args(more).output().unwrap()
}

fn said(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

const MAIL: &str = "example MX 10 mx\nmx A 127.0.0.1";

#[test]
fn names_and_addresses_that_agree_are_good_and_the_pages_are_written() {
    let mut place = Place::new();
    let records = format!("scan A 10.9.8.7\nscan AAAA fd00::7\n{MAIL}");
    let server = zones(&mut place, "scan.example.", &records);
    let _mail = TcpListener::bind((Ipv4Addr::LOCALHOST, place.smtp)).unwrap();
    let site = place.path("site");
    let text = said(&identity(&place, &server, &["-o", site.to_str().unwrap()]), 0);
    for line in [
        "good  EHLO name: scan.example".to_owned(),
        "good  reverse DNS of 10.9.8.7: scan.example".to_owned(),
        "good  forward DNS of scan.example: 10.9.8.7".to_owned(),
        "good  reverse DNS of fd00::7: scan.example".to_owned(),
        "good  forward DNS of scan.example: fd00::7".to_owned(),
        format!("good  outbound port {}: open: 127.0.0.1:{} answers", place.smtp, place.smtp),
    ] {
        assert!(text.lines().any(|l| l == line), "`{line}` is not in:\n{text}");
    }
    assert!(!text.contains("bad "), "{text}");
    let probing = std::fs::read_to_string(site.join(".well-known/probing.txt")).unwrap();
    assert!(probing.contains("\nContact: mailto:ops@example.example\n"), "{probing}");
    let page = std::fs::read_to_string(site.join("index.html")).unwrap();
    assert!(page.contains("EHLO scan.example") && page.contains("ops@example.example"), "{page}");
    let again = identity(&place, &server, &["-o", site.to_str().unwrap()]);
    said(&again, 2);
    assert!(String::from_utf8_lossy(&again.stderr).contains("probing.txt: File exists"));
}

#[test]
fn a_reverse_name_that_is_another_is_told_with_what_to_do() {
    let mut place = Place::new();
    let records = format!("scan A 10.9.8.7\nscan AAAA fd00::7\nother A 10.1.1.1\n{MAIL}");
    let server = zones(&mut place, "other.example.", &records);
    let text = said(&identity(&place, &server, &[]), 1);
    assert!(
        text.contains("bad   reverse DNS of 10.9.8.7: other.example, not the EHLO name scan.example\n"),
        "{text}"
    );
    assert!(
        text.contains("give other.example with --ehlo-name, or have the PTR record set to scan.example"),
        "{text}"
    );
    assert!(text.contains("bad   forward DNS of other.example: 10.1.1.1, not 10.9.8.7\n"), "{text}");
    assert!(text.contains("good  forward DNS of scan.example: fd00::7\n"), "{text}");
    // Nobody listens, and says so: the port is not blocked on the way.
    assert!(text.contains(&format!("good  outbound port {}", place.smtp)), "{text}");
}

#[test]
fn a_name_without_an_address_and_an_address_without_a_name_are_told() {
    let mut place = Place::new();
    let server = zones(&mut place, "scan.example.", MAIL);
    let text = said(&identity(&place, &server, &["--address", "10.9.8.8"]), 1);
    assert!(text.contains("bad   forward DNS of scan.example: no address\n"), "{text}");
    assert!(text.contains("publish an A record for scan.example with 10.9.8.7"), "{text}");
    assert!(text.contains("publish an AAAA record for scan.example with fd00::7"), "{text}");
    assert!(text.contains("bad   reverse DNS of 10.9.8.8: none\n"), "{text}");
    assert!(text.contains("have your provider set the PTR record of 10.9.8.8 to scan.example"), "{text}");
}

#[test]
fn a_port_that_never_answers_is_told() {
    let mut place = Place::new();
    let records = format!("scan A 10.9.8.7\nscan AAAA fd00::7\n{MAIL}");
    let server = zones(&mut place, "scan.example.", &records);
    // A listener whose queue is full lets no connection come about, as a filter on the way does.
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, place.smtp));
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&addr.into()).unwrap();
    full.listen(0).unwrap();
    let mut queued = Vec::new();
    while let Ok(one) = TcpStream::connect_timeout(&addr, Duration::from_millis(300)) {
        queued.push(one);
    }
    let text = said(&identity(&place, &server, &[]), 1);
    assert!(text.contains(&format!("bad   outbound port {}: no answer from {addr}\n", place.smtp)), "{text}");
    assert!(text.contains("--starttls none"), "{text}");
}
