//! `openssl s_server` as a policy host with versions and suites that are out of use.
//!
//! OpenSSL 3 takes them only at security level 0.

use crate::dns::nsd;
use crate::nginx::POLICY;
use crate::pki::{Files, Kind};
use crate::place::Place;
use crate::program;
use crate::server::{Server, listens};

/// Raises a policy host at an address. It serves the policy over whatever TLS it speaks.
fn s_server(place: &Place, addr: &str, certificate: &Files, speaks: &[&str]) -> Server {
    place.file("www/.well-known/mta-sts.txt", POLICY);
    let accept = format!("{addr}:{}", place.https);
    let binary = program("openssl", "openssl");
    let mut line = vec![binary.to_str().unwrap(), "s_server", "-quiet", "-WWW", "-accept", &accept];
    line.extend(["-cert", certificate.chain.to_str().unwrap(), "-key", certificate.key.to_str().unwrap()]);
    line.extend(["-cert_chain", certificate.chain.to_str().unwrap()]);
    line.extend(speaks);
    let at = accept.parse().unwrap();
    Server::start("openssl s_server", &line, &place.path("www"), &place.path(&format!("{addr}.log")))
        .ready(|| listens(at))
}

#[test]
fn old_versions_are_the_hosts_fault_and_old_suites_our_limit() {
    let mut place = Place::new();
    let ours = ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"];
    // name, what it speaks, outcome, version of a handshake that came about
    let hosts: [(&str, &[&str], &str, &str); 8] = [
        ("new", &["-tls1_3"], "ok", "TLSv1.3"),
        ("gcm", &ours, "ok", "TLSv1.2"),
        // RFC 8996: TLS 1.0 and 1.1 must not be used; RFC 8461 section 4.2 wants 1.2 or later by way of RFC
        // 7525.
        ("tls10", &["-tls1", "-cipher", "ALL:@SECLEVEL=0"], "policy_tls_protocol", "null"),
        ("tls11", &["-no_tls1_2", "-no_tls1_3", "-cipher", "ALL:@SECLEVEL=0"], "policy_tls_protocol", "null"),
        // TLS 1.2 is what it may speak: that these suites are not ours is no fault of its.
        (
            "cbc",
            &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256:@SECLEVEL=0"],
            "policy_tls_client_limit",
            "null",
        ),
        (
            "static",
            &["-tls1_2", "-cipher", "AES128-SHA:AES256-SHA256:@SECLEVEL=0"],
            "policy_tls_client_limit",
            "null",
        ),
        // TLS 1.3 with a group that is not ours.
        ("p521", &["-tls1_3", "-groups", "P-521"], "policy_tls_client_limit", "null"),
        (
            "dhe",
            &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"],
            "policy_tls_client_limit",
            "null",
        ),
    ];
    let mut servers = Vec::new();
    for ((name, speaks, ..), number) in hosts.iter().zip(1..) {
        let addr = format!("127.1.3.{number}");
        place.signaller(name, &addr, &[]);
        place.records(&format!("{name} MX 0 ."));
        let certificate = place.pki.issue(name, Kind::Rsa, &[format!("mta-sts.{name}.example")]);
        servers.push(s_server(&place, &addr, &certificate, speaks));
    }
    let nsd = nsd(&place);
    let names = hosts.map(|(name, ..)| name);
    let dataset = place.scan(nsd.addr, &names, &["scan.starttls = \"none\""]);
    for (name, _, outcome, version) in hosts {
        let domain = format!("{name}.example");
        let usable = if outcome == "ok" { "true" } else { "false" };
        dataset.domain(&domain).assert(&[
            ("policy_outcome", outcome),
            ("policy_tls_version", version),
            ("policy_usable", usable),
        ]);
        let findings: &[&str] = if outcome == "ok" { &["mx_null"] } else { &[outcome, "mx_null"] };
        assert_eq!(dataset.findings(&domain), findings, "{domain}");
    }
}
