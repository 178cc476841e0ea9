//! Postfix as MX hosts: one instance, one address for each way of configuring it.
//!
//! Its master starts daemons that give up root, so only root can start it; as somebody else these tests fail
//! and say so.

use crate::dns::nsd;
use crate::nginx::{HERE, Site, nginx};
use crate::pki::Kind;
use crate::place::Place;
use crate::program;
use crate::server::{Server, listens};
use crate::tables::Dataset;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

/// An MX host `mx-NAME.example`, the only one of `NAME.example`, and what is expected of both.
struct Host {
    name: &'static str,
    /// A certificate of its own, for this name; `None`: the good one.
    certificate: Option<(Kind, &'static str)>,
    /// The daemon and its options as `master.cf` has them.
    service: &'static str,
    columns: &'static [(&'static str, &'static str)],
    findings: &'static [&'static str],
    verdict: &'static str,
}

const GOOD: Host = Host {
    name: "may",
    certificate: None,
    service: "smtpd",
    columns: &[
        ("smtp_outcome", "ok"),
        ("smtp_phase", "tls"),
        ("smtp_code", "220"),
        ("banner", "mx.example ESMTP Postfix"),
        ("starttls", "offered"),
        ("tls_version", "TLSv1.3"),
        ("cert_outcome", "valid"),
        ("cert_faults", "[]"),
        ("requiretls", "false"),
        ("quit_code", "221"),
        ("quit_text", "2.0.0 Bye"),
        ("attempts", "[\"ok\"]"),
    ],
    findings: &[],
    verdict: "validated",
};

/// Where the host with this number is, from 1.
fn at(place: &Place, number: usize) -> SocketAddr {
    format!("127.1.2.{number}:{}", place.smtp).parse().unwrap()
}

/// Raises Postfix with a service for each host.
fn postfix(place: &Place, hosts: &[Host]) -> Server {
    assert!(
        rustix::process::geteuid().is_root(),
        "only root can start Postfix: run the tests as root, in a container if need be"
    );
    let mut services = String::new();
    for (host, number) in hosts.iter().zip(1..) {
        // postscreen is one process that hands its clients on.
        let processes = if host.service.starts_with("postscreen") { "1" } else { "-" };
        let _ = write!(services, "{} inet n - n - {processes} {}", at(place, number), host.service);
        if let Some((kind, name)) = host.certificate {
            let files = place.pki.issue(&format!("mx-{}", host.name), kind, &[name.to_owned()]);
            let (chain, key) = (files.chain.display(), files.key.display());
            let _ = write!(services, " -o smtpd_tls_cert_file={chain} -o smtpd_tls_key_file={key}");
        }
        services.push('\n');
    }
    services.push_str(
        "smtpd pass - - n - - smtpd\ntlsmgr unix - - n - 1 tlsmgr\nanvil unix - - n - 1 anvil\n\
         rewrite unix - - n - - trivial-rewrite\ncleanup unix n - n - 0 cleanup\n\
         postlog unix-dgram n - n - 1 postlogd\n",
    );
    place.file("postfix/etc/master.cf", services);
    let names = hosts.iter().filter(|host| host.certificate.is_none());
    let names: Vec<String> =
        names.map(|host| format!("mx-{}.example", host.name)).chain(["mx.example".to_owned()]).collect();
    let files = place.pki.issue("mx", Kind::Good, &names);
    let home = place.path("postfix");
    for folder in ["queue", "data"] {
        std::fs::create_dir_all(home.join(folder)).unwrap();
    }
    let home = home.to_str().unwrap();
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {home}/queue\ndata_directory = {home}/data\n\
         maillog_file = {home}/maillog\nmaillog_file_prefixes = {home}\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mx.example\nmydestination =\n\
         local_recipient_maps =\nalias_maps =\nmynetworks = 192.0.2.0/24\nsmtpd_peername_lookup = no\n\
         smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {}\nsmtpd_tls_key_file = {}\n\
         postscreen_access_list =\npostscreen_greet_action = enforce\n",
        files.chain.display(),
        files.key.display(),
    );
    let config = place.file("postfix/etc/main.cf", main);
    let config = config.parent().unwrap().to_str().unwrap();
    // What postscreen and the TLS manager remember is theirs.
    run("chown", "coreutils", &["postfix", &format!("{home}/data")]);
    // Makes the folders of the queue, with their owners.
    run("postfix", "postfix", &["-c", config, "check"]);
    let daemons = run("postconf", "postfix", &["-c", config, "-h", "daemon_directory"]);
    let log = place.path("postfix/log");
    let line = [&format!("{}/master", daemons.trim()), "-c", config, "-d"];
    Server::start("postfix", &line, &place.path("postfix"), &log)
        .ready(|| (1..=hosts.len()).all(|number| listens(at(place, number))))
}

fn run(tool: &str, package: &str, arguments: &[&str]) -> String {
    let output = Command::new(program(tool, package)).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Scans the domains of all hosts, and one more whose MX hosts are all of `together`.
fn scanned(hosts: &[Host], together: &[&str]) -> Dataset {
    let mut place = Place::new();
    let server = postfix(&place, hosts);
    let mut domains: Vec<&str> = hosts.iter().map(|host| host.name).collect();
    for (host, number) in hosts.iter().zip(1..) {
        let (mx, addr) = (format!("mx-{}", host.name), at(&place, number).ip().to_string());
        place.signaller(host.name, HERE, &[(&mx, &addr)]);
    }
    if !together.is_empty() {
        place.signaller("together", HERE, &[]);
        for (host, number) in together.iter().zip(1..) {
            place.records(&format!("together MX {number}0 mx-{host}"));
        }
        domains.push("together");
    }
    let sites: Vec<Site<'_>> = domains.iter().map(|domain| Site::good(domain)).collect();
    let _nginx = nginx(&place, &sites);
    let nsd = nsd(&place);
    let dataset = place.scan(nsd.addr, &domains, &[]);
    drop(server);
    dataset
}

fn assert_hosts(dataset: &Dataset, hosts: &[Host]) {
    for host in hosts {
        let domain = format!("{}.example", host.name);
        dataset.host(&format!("mx-{domain}")).assert(host.columns);
        assert_eq!(dataset.findings(&domain), host.findings, "{domain}");
        let verdicts = ["verdict_strict", "verdict_lenient", "verdict_primary"];
        let assessed = dataset.assessment(&domain);
        assert_eq!(verdicts.map(|column| assessed.text(column)), [host.verdict; 3], "{domain}");
    }
}

#[test]
fn levels_and_certificates_are_told_apart() {
    let bad = |name, certificate, columns, findings| Host {
        name,
        certificate: Some(certificate),
        columns,
        findings,
        verdict: "refused",
        ..GOOD
    };
    let hosts = [
        GOOD,
        // It wants TLS before mail, and offers it like the others.
        Host { name: "encrypt", service: "smtpd -o smtpd_tls_security_level=encrypt", ..GOOD },
        Host {
            name: "none",
            service: "smtpd -o smtpd_tls_security_level=none",
            columns: &[
                ("smtp_outcome", "starttls_not_offered"),
                ("smtp_phase", "ehlo"),
                ("smtp_code", "250"),
                ("starttls", "not_offered"),
                ("attempts", "[\"starttls_not_offered\", \"starttls_not_offered\"]"),
                ("tls_version", "null"),
                ("cert_outcome", "null"),
            ],
            findings: &["starttls_not_offered"],
            verdict: "refused",
            ..GOOD
        },
        // It answers the first command inside TLS with 421, whoever has no certificate.
        Host {
            name: "ccert",
            service: "smtpd -o smtpd_tls_security_level=encrypt -o smtpd_tls_req_ccert=yes",
            columns: &[
                ("smtp_outcome", "ok"),
                ("quit_code", "421"),
                ("ehlo_tls", "null"),
                ("cert_outcome", "valid"),
            ],
            findings: &["mx_client_certificate"],
            verdict: "refused",
            ..GOOD
        },
        // Its key cannot be read: it offers TLS all the same, and then says 454 (RFC 3207 section 4).
        Host {
            name: "keyless",
            service: "smtpd -o smtpd_tls_key_file=/dev/null",
            columns: &[
                ("smtp_outcome", "starttls_refused"),
                ("smtp_phase", "starttls"),
                ("smtp_code", "454"),
                ("starttls", "refused"),
                ("attempts", "[\"starttls_refused\", \"starttls_refused\"]"),
            ],
            findings: &["starttls_refused"],
            verdict: "refused",
            ..GOOD
        },
        bad(
            "misnamed",
            (Kind::Good, "mx.elsewhere.example"),
            &[("smtp_outcome", "ok"), ("cert_outcome", "name"), ("cert_faults", "[\"name\"]")],
            &["mx_cert_name", "mx_cert_all_invalid"],
        ),
        bad(
            "expired",
            (Kind::Expired, "mx-expired.example"),
            &[("smtp_outcome", "ok"), ("cert_outcome", "expired"), ("cert_faults", "[\"expired\"]")],
            &["mx_cert_expired", "mx_cert_all_invalid"],
        ),
        bad(
            "self-signed",
            (Kind::SelfSigned, "mx-self-signed.example"),
            &[("smtp_outcome", "ok"), ("cert_outcome", "self_signed"), ("cert_faults", "[\"self_signed\"]")],
            &["mx_cert_self_signed", "mx_cert_all_invalid"],
        ),
        bad(
            "untrusted",
            (Kind::Untrusted, "mx-untrusted.example"),
            &[("smtp_outcome", "ok"), ("cert_outcome", "untrusted"), ("cert_faults", "[\"untrusted\"]")],
            &["mx_cert_untrusted", "mx_cert_all_invalid"],
        ),
    ];
    let dataset = scanned(&hosts, &["may", "none"]);
    assert_hosts(&dataset, &hosts);
    // RFC 8461 section 5: a host without STARTTLS is passed over, the others are not.
    let together = dataset.assessment("together.example");
    assert_eq!(together.texts("findings"), ["starttls_not_offered"]);
    assert_eq!([together.text("verdict_strict"), together.text("verdict_primary")], ["partial", "validated"]);
}

#[test]
fn slow_and_unfriendly_greetings_are_told_apart() {
    let away = |name, service, columns, findings| Host {
        name,
        service,
        columns,
        findings,
        verdict: "indeterminate",
        ..GOOD
    };
    let hosts = [
        // The greeting's first line comes at once and the last after the greet delay (RFC 5321 section
        // 4.2.1).
        Host {
            name: "postscreen",
            service: "postscreen",
            columns: &[
                ("smtp_outcome", "ok"),
                ("banner", "mx.example ESMTP Postfix\\010mx.example ESMTP Postfix"),
                ("starttls", "offered"),
                ("cert_outcome", "valid"),
            ],
            ..GOOD
        },
        // Nothing at all comes before the delay is over.
        Host {
            name: "silent",
            service: "postscreen -o postscreen_greet_banner= \
                -o postscreen_cache_map=btree:$data_directory/silent",
            ..GOOD
        },
        away(
            "reject",
            "smtpd -o smtpd_delay_reject=no -o smtpd_client_restrictions=reject",
            &[
                ("smtp_outcome", "smtp_rejected_5xx"),
                ("smtp_phase", "banner"),
                ("smtp_code", "554"),
                ("starttls", "unknown"),
                ("attempts", "[\"smtp_rejected_5xx\"]"),
            ],
            &["smtp_rejected_5xx"],
        ),
        away(
            "defer",
            "smtpd -o smtpd_delay_reject=no -o smtpd_client_restrictions=defer",
            &[
                ("smtp_outcome", "smtp_rejected_4xx"),
                ("smtp_phase", "banner"),
                ("smtp_code", "450"),
                ("attempts", "[\"smtp_rejected_4xx\", \"smtp_rejected_4xx\"]"),
            ],
            &["smtp_rejected_4xx"],
        ),
        // RFC 5321 section 3.8.
        away(
            "busy",
            "smtpd -o smtpd_delay_reject=no \
                -o {smtpd_client_restrictions=check_client_access static:{421 4.7.0 Slow down}}",
            &[("smtp_outcome", "limited"), ("smtp_phase", "banner"), ("smtp_code", "421")],
            &["smtp_limited"],
        ),
    ];
    let began = Instant::now();
    let dataset = scanned(&hosts, &[]);
    assert!(began.elapsed() > Duration::from_secs(6), "postscreen's greet delay is 6 seconds");
    assert_hosts(&dataset, &hosts);
}

#[test]
fn old_versions_are_the_hosts_fault_and_old_suites_our_limit() {
    let old = |name, service, own, columns, findings, verdict| Host {
        name,
        service,
        certificate: Some((Kind::Rsa, own)),
        columns,
        findings,
        verdict,
    };
    let limit: &[(&str, &str)] = &[
        ("smtp_outcome", "mx_tls_client_limit"),
        ("smtp_phase", "tls"),
        ("starttls", "offered"),
        ("tls_version", "null"),
        ("cert_outcome", "null"),
    ];
    let hosts = [
        old(
            "gcm",
            "smtpd -o smtpd_tls_protocols=TLSv1.2",
            "mx-gcm.example",
            &[
                ("smtp_outcome", "ok"),
                ("tls_version", "TLSv1.2"),
                ("tls_cipher", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
                ("cert_outcome", "valid"),
            ],
            &[],
            "validated",
        ),
        // RFC 8996: what speaks nothing newer than 1.1 speaks no TLS that a sender may use. OpenSSL 3 takes
        // these versions at security level 0 only.
        old(
            "tls11",
            "smtpd -o smtpd_tls_protocols=TLSv1,TLSv1.1 -o tls_medium_cipherlist=ALL:@SECLEVEL=0",
            "mx-tls11.example",
            &[
                ("smtp_outcome", "mx_tls_protocol"),
                ("smtp_phase", "tls"),
                ("starttls", "offered"),
                ("tls_version", "null"),
                ("cert_outcome", "null"),
            ],
            &["mx_tls_protocol"],
            "refused",
        ),
        // It speaks TLS 1.2: that these suites are not ours is no fault of its.
        old(
            "static",
            "smtpd -o smtpd_tls_protocols=TLSv1.2 -o tls_medium_cipherlist=AES128-SHA:AES256-SHA256:@SECLEVEL=0",
            "mx-static.example",
            limit,
            &["mx_tls_client_limit"],
            "indeterminate",
        ),
        old(
            "cbc",
            "smtpd -o smtpd_tls_protocols=TLSv1.2 -o tls_medium_cipherlist=ECDHE-RSA-AES128-SHA256",
            "mx-cbc.example",
            limit,
            &["mx_tls_client_limit"],
            "indeterminate",
        ),
    ];
    let dataset = scanned(&hosts, &[]);
    assert_hosts(&dataset, &hosts);
}
