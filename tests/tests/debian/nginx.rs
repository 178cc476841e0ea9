//! nginx as a policy host.

use crate::dns::nsd;
use crate::pki::Kind;
use crate::place::Place;
use crate::program;
use crate::server::{Server, listens};
use std::fmt::Write as _;

/// The policy of domains whose MX hosts are names directly below `example`.
pub(crate) const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: *.example\r\nmax_age: 1209600\r\n";

/// Where the policy hosts are.
pub(crate) const HERE: &str = "127.1.1.1";
/// The same, without TLS on its port.
const PLAIN: &str = "127.1.1.2";
/// Nobody is here.
const NOBODY: &str = "127.1.1.3";

/// What one policy host does.
pub(crate) struct Site<'s> {
    /// The domain, without `.example`.
    pub(crate) domain: &'s str,
    /// Its certificate.
    pub(crate) certificate: Kind,
    /// The name in the certificate; `None`: the right one.
    pub(crate) named: Option<&'s str>,
    /// Another name that it answers to, in its certificate too; empty: none.
    pub(crate) also: &'s str,
    /// Directives of its `server` block; the policy is served unless they say otherwise.
    pub(crate) directives: &'s str,
    /// What stands in the file.
    pub(crate) body: &'s str,
}

impl<'s> Site<'s> {
    /// A good one.
    pub(crate) fn good(domain: &'s str) -> Self {
        Self { domain, certificate: Kind::Good, named: None, also: "", directives: "", body: POLICY }
    }
}

/// Raises nginx for these sites; every other name is refused in the handshake.
pub(crate) fn nginx(place: &Place, sites: &[Site<'_>]) -> Server {
    let mut servers = String::new();
    for site in sites {
        let host = format!("mta-sts.{}.example", site.domain);
        let named = site.named.map_or_else(|| host.clone(), str::to_owned);
        let names: Vec<String> =
            [named, site.also.to_owned()].into_iter().filter(|name| !name.is_empty()).collect();
        let files = place.pki.issue(&host, site.certificate, &names);
        place.file(&format!("www/{}/.well-known/mta-sts.txt", site.domain), site.body);
        let _ = writeln!(
            servers,
            "server {{ listen {HERE}:{} ssl; server_name {host} {}; root {}; \
             ssl_certificate {}; ssl_certificate_key {}; {} }}",
            place.https,
            site.also,
            place.path("www").join(site.domain).display(),
            files.chain.display(),
            files.key.display(),
            site.directives,
        );
    }
    let folder = place.path("nginx");
    std::fs::create_dir_all(&folder).unwrap();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {}/{kind};", folder.display()))
        .join(" ");
    // `user` is heeded only where root starts it: the files are root's then.
    let config = format!(
        "user root;\ndaemon off;\nworker_processes 1;\nerror_log stderr;\npid {folder}/pid;\nevents {{}}\nhttp {{\n\
         access_log off;\n{temporary}\ndefault_type text/plain;\nssl_protocols TLSv1.2 TLSv1.3;\n\
         server {{ listen {HERE}:{port} ssl default_server; ssl_reject_handshake on; }}\n\
         server {{ listen {PLAIN}:{port}; return 200 plain; }}\n{servers}}}\n",
        folder = folder.display(),
        port = place.https,
    );
    let config = place.file("nginx/nginx.conf", config);
    let binary = program("nginx", "nginx-light");
    let line = [binary.to_str().unwrap(), "-p", folder.to_str().unwrap(), "-c", config.to_str().unwrap()];
    let at = format!("{HERE}:{}", place.https).parse().unwrap();
    Server::start("nginx", &line, &folder, &folder.join("log")).ready(|| listens(at))
}

/// What is expected of one domain: the columns, and the findings about its policy host and policy.
struct Expected<'e> {
    domain: &'e str,
    columns: &'e [(&'e str, &'e str)],
    findings: &'e [&'e str],
}

fn assert_all(place: &Place, expected: &[Expected<'_>]) {
    let nsd = nsd(place);
    let names: Vec<&str> = expected.iter().map(|one| one.domain).collect();
    let dataset = place.scan(nsd.addr, &names, &["scan.starttls = \"none\""]);
    for one in expected {
        let name = format!("{}.example", one.domain);
        dataset.domain(&name).assert(one.columns);
        assert_eq!(dataset.findings(&name), one.findings, "{name}");
    }
}

#[test]
fn http_answers_are_told_apart() {
    let mut place = Place::new();
    let at_limit = format!("{POLICY}{}\r\n", filler(65_536 - POLICY.len() - 2));
    let over = format!("{POLICY}{}\r\n", filler(65_537 - POLICY.len() - 2));
    assert_eq!((at_limit.len(), over.len()), (65_536, 65_537));
    let far_over = format!("{POLICY}{}", "note: a policy that never ends\r\n".repeat(100_000));
    let site = |domain, directives| Site { directives, ..Site::good(domain) };
    let sites = [
        Site::good("good"),
        site("moved", "return 301 https://www.moved.example/.well-known/mta-sts.txt;"),
        site("markup", "default_type \"text/html; charset=utf-8\";"),
        site("typeless", "default_type \"\";"),
        site("missing", "location / { return 404; }"),
        site("forbidden", "location / { deny all; }"),
        site("gone-away", "return 444;"),
        site("shrunk", "gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any;"),
        Site { body: &at_limit, ..Site::good("at-limit") },
        Site { body: &over, ..Site::good("over") },
        Site { body: &far_over, ..Site::good("far-over") },
        Site { body: "", ..Site::good("void") },
    ];
    for site in &sites {
        place.signaller(site.domain, HERE, &[]);
        place.records(&format!("{} MX 0 .", site.domain));
    }
    let _nginx = nginx(&place, &sites);
    let expected = |domain, columns, findings| Expected { domain, columns, findings };
    let bytes = POLICY.len().to_string();
    let good = [
        ("policy_outcome", "ok"),
        ("policy_host_dns", "NOERROR"),
        ("policy_http_status", "200"),
        ("policy_content_type", "text/plain"),
        ("policy_bytes", bytes.as_str()),
        ("policy_cert_outcome", "valid"),
        ("policy_cert_faults", "[]"),
        ("policy_tls_version", "TLSv1.3"),
        ("policy_attempts", "[\"ok\"]"),
        ("policy_valid", "true"),
        ("policy_usable", "true"),
        ("policy_mode", "enforce"),
        ("policy_max_age_s", "1209600"),
        ("policy_mx", "[\"*.example\"]"),
    ];
    assert_all(
        &place,
        &[
            expected("good", &good, &["mx_null"]),
            // RFC 8461 section 3.3: HTTP 3xx redirects MUST NOT be followed.
            expected(
                "moved",
                &[
                    ("policy_outcome", "policy_redirect"),
                    ("policy_http_status", "301"),
                    ("policy_redirect_to", "https://www.moved.example/.well-known/mta-sts.txt"),
                    ("policy_usable", "false"),
                ],
                &["policy_redirect", "mx_null"],
            ),
            // Section 3.2: the media type SHOULD be text/plain.
            expected(
                "markup",
                &[
                    ("policy_outcome", "ok"),
                    ("policy_content_type", "text/html; charset=utf-8"),
                    ("policy_usable", "true"),
                ],
                &["policy_content_type", "mx_null"],
            ),
            expected(
                "typeless",
                &[("policy_outcome", "ok"), ("policy_content_type", "null")],
                &["policy_content_type", "mx_null"],
            ),
            // Section 3.3: any other status code than 200 is a failure.
            expected(
                "missing",
                &[("policy_outcome", "policy_http_status"), ("policy_http_status", "404")],
                &["policy_http_status", "mx_null"],
            ),
            expected(
                "forbidden",
                &[("policy_outcome", "policy_http_status"), ("policy_http_status", "403")],
                &["policy_http_status", "mx_null"],
            ),
            expected(
                "gone-away",
                &[("policy_outcome", "policy_http_malformed"), ("policy_http_status", "null")],
                &["policy_http_malformed", "mx_null"],
            ),
            // We ask for no encoding, so none comes.
            expected("shrunk", &good, &["mx_null"]),
            expected(
                "at-limit",
                &[("policy_outcome", "ok"), ("policy_bytes", "65536"), ("policy_usable", "true")],
                &["policy_duplicate_field", "policy_unknown_field", "mx_null"],
            ),
            expected(
                "over",
                &[
                    ("policy_outcome", "policy_too_large"),
                    ("policy_bytes", "65536"),
                    ("policy_usable", "false"),
                ],
                &["policy_too_large", "mx_null"],
            ),
            expected(
                "far-over",
                &[
                    ("policy_outcome", "policy_too_large"),
                    ("policy_bytes", "65536"),
                    ("policy_usable", "false"),
                ],
                &["policy_too_large", "mx_null"],
            ),
            expected(
                "void",
                &[
                    ("policy_outcome", "ok"),
                    ("policy_bytes", "0"),
                    ("policy_valid", "false"),
                    ("policy_usable", "false"),
                ],
                &["policy_empty", "mx_null"],
            ),
        ],
    );
}

/// An extension field of this many bytes, in lines.
fn filler(bytes: usize) -> String {
    let mut lines = String::new();
    while bytes - lines.len() > 200 {
        lines.push_str(&format!("note: {}\r\n", "x".repeat(92)));
    }
    let left = bytes - lines.len();
    lines + &format!("note: {}", "x".repeat(left - 6))
}

#[test]
fn each_fault_of_a_certificate_is_told() {
    let mut place = Place::new();
    let site = |domain, certificate| Site { certificate, ..Site::good(domain) };
    let sites = [
        site("rsa", Kind::Rsa),
        site("expired", Kind::Expired),
        site("self-signed", Kind::SelfSigned),
        site("untrusted", Kind::Untrusted),
        Site { named: Some("www.misnamed.example"), ..Site::good("misnamed") },
        Site { named: Some("*.wild-named.example"), ..Site::good("wild-named") },
        Site { named: Some("www.both.example"), ..site("both", Kind::Expired) },
    ];
    for site in &sites {
        place.signaller(site.domain, HERE, &[]);
        place.records(&format!("{} MX 0 .", site.domain));
    }
    for (name, addr) in [("unserved", HERE), ("plain", PLAIN), ("nobody", NOBODY)] {
        place.signaller(name, addr, &[]);
        place.records(&format!("{name} MX 0 ."));
    }
    let _nginx = nginx(&place, &sites);
    let bad = |domain: &'static str, outcome: &'static str, faults: &'static str, code: &'static str| {
        let columns = [
            ("policy_outcome", code),
            ("policy_cert_outcome", outcome),
            ("policy_cert_faults", faults),
            // The text behind a bad certificate is kept, and is not usable (RFC 8461 section 3.3).
            ("policy_valid", "true"),
            ("policy_usable", "false"),
        ];
        (domain, columns, [code, "mx_null"])
    };
    let certificates = [
        bad("expired", "expired", "[\"expired\"]", "policy_tls_expired"),
        bad("self-signed", "self_signed", "[\"self_signed\"]", "policy_tls_self_signed"),
        bad("untrusted", "untrusted", "[\"untrusted\"]", "policy_tls_untrusted"),
        bad("misnamed", "name", "[\"name\"]", "policy_tls_name"),
        bad("both", "expired", "[\"expired\", \"name\"]", "policy_tls_expired"),
    ];
    let good = [("policy_outcome", "ok"), ("policy_cert_outcome", "valid"), ("policy_usable", "true")];
    let mut expected: Vec<Expected<'_>> = certificates
        .iter()
        .filter(|(domain, ..)| *domain != "both")
        .map(|(domain, columns, findings)| Expected { domain, columns, findings })
        .collect();
    let both = &certificates[4];
    let plain =
        |outcome| [("policy_outcome", outcome), ("policy_cert_outcome", "null"), ("policy_body", "null")];
    let (refused, rejected, clear) =
        (plain("policy_connect_refused"), plain("policy_tls_alert"), plain("policy_tls_protocol"));
    expected.extend([
        Expected { domain: "rsa", columns: &good, findings: &["mx_null"] },
        Expected { domain: "wild-named", columns: &good, findings: &["mx_null"] },
        Expected {
            domain: "both",
            columns: &both.1,
            findings: &["policy_tls_name", "policy_tls_expired", "mx_null"],
        },
        Expected { domain: "nobody", columns: &refused, findings: &["policy_connect_refused", "mx_null"] },
        // ssl_reject_handshake answers unrecognized_name (RFC 6066 section 3).
        Expected { domain: "unserved", columns: &rejected, findings: &["policy_tls_alert", "mx_null"] },
        Expected { domain: "plain", columns: &clear, findings: &["policy_tls_protocol", "mx_null"] },
    ]);
    assert_all(&place, &expected);
}

#[test]
fn a_missing_intermediate_is_told_where_another_host_sends_it() {
    let mut place = Place::new();
    let sites = [Site::good("whole"), Site { certificate: Kind::Alone, ..Site::good("alone") }];
    for site in &sites {
        place.signaller(site.domain, HERE, &[]);
        place.records(&format!("{} MX 0 .", site.domain));
    }
    let _nginx = nginx(&place, &sites);
    let columns = [("policy_cert_faults", "[\"untrusted\"]"), ("policy_usable", "false")];
    assert_all(
        &place,
        &[
            Expected { domain: "whole", columns: &[("policy_outcome", "ok")], findings: &["mx_null"] },
            Expected {
                domain: "alone",
                columns: &columns,
                findings: &["policy_tls_chain_incomplete", "mx_null"],
            },
        ],
    );
}
