//! NSD and unbound as what stands behind a scan's questions.

use crate::nginx::{HERE, Site, nginx};
use crate::place::Place;
use crate::server::{Server, free_port};
use crate::{program, sts_scan};
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A name server or resolver of ours.
pub(crate) struct NameServer {
    /// Where it answers.
    pub(crate) addr: SocketAddr,
    /// Held until the test is over.
    servers: Vec<Server>,
}

/// Whether anything comes back for a question about `name`.
fn answers(addr: SocketAddr, name: &str) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut question = Message::new(1, MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::SOA));
    socket.send_to(&question.to_vec().unwrap(), addr).unwrap();
    socket.recv(&mut [0; 4096]).is_ok()
}

/// Raises NSD with the place's zone `example`.
pub(crate) fn nsd(place: &Place) -> NameServer {
    let zone = place.file("zones/example", &place.zone);
    nsd_with(place, "nsd", &[("example", &zone)])
}

/// Raises NSD with zones, each a name and its file; its own files are in a folder of the place.
pub(crate) fn nsd_with(place: &Place, folder: &str, zones: &[(&str, &Path)]) -> NameServer {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let own = place.path(folder);
    std::fs::create_dir_all(&own).unwrap();
    let dir = own.display();
    let mut config = format!(
        "server:\n ip-address: {}@{}\n username: \"\"\n chroot: \"\"\n zonesdir: \"{dir}\"\n database: \"\"\n\
         \x20logfile: \"{dir}/nsd.log\"\n pidfile: \"{dir}/pid\"\n xfrdfile: \"{dir}/xfrd\"\n xfrdir: \"{dir}\"\n\
         \x20zonelistfile: \"{dir}/zonelist\"\n server-count: 1\nremote-control:\n control-enable: no\n",
        addr.ip(),
        addr.port(),
    );
    for (name, file) in zones {
        config.push_str(&format!("zone:\n name: \"{name}\"\n zonefile: \"{}\"\n", file.display()));
    }
    let config = place.file(&format!("{folder}/nsd.conf"), config);
    let check =
        Command::new(program("nsd-checkzone", "nsd")).arg(zones[0].0).arg(zones[0].1).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    let binary = program("nsd", "nsd");
    let line = [binary.to_str().unwrap(), "-d", "-c", config.to_str().unwrap()];
    let server = Server::start("nsd", &line, &own, &own.join("log"));
    NameServer { addr, servers: vec![server.ready(|| answers(addr, zones[0].0))] }
}

/// The root, which delegates what is used here.
const ROOT: &str = "$ORIGIN .\n$TTL 300\n@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60\n\
    @ IN NS ns.example.\nexample. IN NS ns.example.\ntest. IN NS ns.example.\nns.example. IN A 127.0.0.1\n";

/// Raises unbound with the settings that operators are given, but for where it listens and whom it asks:
/// `authority`, about everything below `example` and `test`. The root is signed, and with it `anchors`, DS
/// records, are trusted.
fn unbound(place: &Place, authority: SocketAddr, anchors: &[&str]) -> NameServer {
    let (root, root_ds) = signed(place, ".", ROOT);
    let root = nsd_with(place, "root", &[(".", &root)]);
    let anchors: String =
        anchors.iter().chain([&root_ds.as_str()]).map(|ds| format!("    trust-anchor: \"{ds}\"\n")).collect();
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let folder = place.path("unbound");
    let mut config = include_str!("../../../scripts/unbound.conf").to_owned();
    for (theirs, ours) in [
        ("    port: 53\n", format!("    port: {}\n", addr.port())),
        ("    directory: \"/tmp\"\n", format!("    directory: \"{}\"\n", folder.display())),
        ("    trust-anchor-file: \"/usr/share/dns/root.key\"\n", anchors),
        ("do-not-query-localhost: yes", "do-not-query-localhost: no".to_owned()),
    ] {
        assert!(config.contains(theirs), "scripts/unbound.conf no longer has `{}`", theirs.trim());
        config = config.replace(theirs, &ours);
    }
    for (zone, asked) in [(".", root.addr), ("example", authority), ("test", authority)] {
        let at = format!("{}@{}", asked.ip(), asked.port());
        config.push_str(&format!("stub-zone:\n name: \"{zone}\"\n stub-addr: {at}\n stub-prime: no\n"));
    }
    // `test` is one of the names that unbound answers by itself (RFC 6761).
    let config = config.replacen("server:", "server:\n    local-zone: \"test\" nodefault", 1);
    let config = place.file("unbound/unbound.conf", config);
    let binary = program("unbound", "unbound");
    let line = [binary.to_str().unwrap(), "-d", "-c", config.to_str().unwrap()];
    let server = Server::start("unbound", &line, &folder, &folder.join("log"));
    let mut servers = root.servers;
    servers.push(server.ready(|| answers(addr, "example")));
    NameServer { addr, servers }
}

#[test]
fn wildcards_and_aliases_are_followed_and_told() {
    let mut place = Place::new();
    // RFC 8461 section 8.2: a provider serves record and policy for its customers, by CNAME.
    place.signaller("delegated", "192.0.2.1", &[]);
    place.zone = place.zone.replace("mta-sts.delegated A 192.0.2.1\n", "");
    place.zone = place.zone.replace("_mta-sts.delegated TXT", "_mta-sts.provider TXT");
    place.records(&format!(
        "_mta-sts.delegated CNAME one.provider\none.provider CNAME _mta-sts.provider\n\
         mta-sts.delegated CNAME web.provider\nweb.provider CNAME front.provider\nfront.provider A {HERE}\n\
         delegated MX 10 alias\nalias CNAME real\nreal A 127.1.1.9"
    ));
    place.signaller("dangling", "192.0.2.1", &[("mx-dangling", "127.1.1.9")]);
    place.zone = place.zone.replace("mta-sts.dangling A 192.0.2.1", "mta-sts.dangling CNAME gone.provider");
    // Names that exist only because a wildcard stands beside them, and one that does not.
    place.records(&format!(
        "*.wild TXT \"v=STSv1; id=1;\"\n*.wild A {HERE}\nwild MX 10 mx-wild\nmx-wild A 127.1.1.9\n\
         *.spf TXT \"v=spf1 -all\"\nspf MX 10 mx-wild\n\
         nothing MX 10 mx-wild\n\
         aliased CNAME no-such-name\nmailless TXT \"no mail here\"\nimplicit A 127.1.1.9"
    ));
    let sites = ["delegated", "wild"].map(Site::good);
    let _nginx = nginx(&place, &sites);
    let authority = nsd(&place);
    let resolver = unbound(&place, authority.addr, &[]);
    let names =
        ["delegated", "dangling", "wild", "spf", "nothing", "aliased", "mailless", "implicit", "nowhere"];
    let dataset = place.scan(resolver.addr, &names, &[]);

    dataset.domain("delegated.example").assert(&[
        ("sts_dns", "NOERROR"),
        ("sts_record", "valid"),
        ("sts_cname", "[\"one.provider.example\", \"_mta-sts.provider.example\"]"),
        ("policy_host_dns", "NOERROR"),
        ("policy_cname", "[\"web.provider.example\", \"front.provider.example\"]"),
        ("policy_outcome", "ok"),
        ("policy_usable", "true"),
    ]);
    assert_eq!(dataset.host("alias.example").texts("host_cname"), ["real.example"]);
    assert_eq!(
        dataset.findings("delegated.example"),
        ["record_delegated", "mx_is_cname", "smtp_connect_refused"]
    );

    dataset.domain("dangling.example").assert(&[
        ("policy_host_dns", "NXDOMAIN"),
        ("policy_cname", "[\"gone.provider.example\"]"),
        ("policy_outcome", "policy_host_dangling_cname"),
    ]);
    assert_eq!(dataset.findings("dangling.example"), ["policy_host_dangling_cname", "smtp_connect_refused"]);

    // RFC 4592: the wildcard's answer is an answer.
    dataset.domain("wild.example").assert(&[
        ("sts_dns", "NOERROR"),
        ("sts_record", "valid"),
        ("policy_outcome", "ok"),
    ]);

    dataset.domain("spf.example").assert(&[
        ("sts_dns", "NOERROR"),
        ("sts_signals", "false"),
        ("sts_record", "absent"),
        ("policy_outcome", "null"),
    ]);
    dataset.domain("nothing.example").assert(&[("sts_dns", "NXDOMAIN"), ("sts_record", "absent")]);
    // RFC 8020 does not hold behind a CNAME: the alias itself exists.
    dataset.domain("aliased.example").assert(&[
        ("mx_dns", "NXDOMAIN"),
        ("mx_kind", "none"),
        ("sts_dns", "NXDOMAIN"),
    ]);
    dataset.domain("mailless.example").assert(&[("mx_dns", "NODATA"), ("mx_kind", "none")]);
    dataset.domain("implicit.example").assert(&[
        ("mx_dns", "NODATA"),
        ("mx_kind", "implicit"),
        ("mx", "[{0, \"implicit.example\", null, null}]"),
    ]);
    // RFC 8020: there is nothing below a name that does not exist, so nothing was asked there.
    dataset.domain("nowhere.example").assert(&[
        ("mx_dns", "NXDOMAIN"),
        ("mx_kind", "none"),
        ("sts_dns", "null"),
    ]);
}

#[test]
fn generate_asks_real_servers_for_the_mx() {
    let mut place = Place::new();
    place.records(
        "two MX 20 mx2.two\ntwo MX 10 mx1.two\nalone A 127.1.1.9\nnull MX 0 .\nbroken NS ns.gone\nspf TXT \"v=spf1 -all\"",
    );
    let authority = nsd(&place);
    let resolver = unbound(&place, authority.addr, &[]);
    let generate = |name: &str| {
        let resolver = resolver.addr.to_string();
        let line = ["generate", &format!("{name}.example"), "--resolver", &resolver];
        let output = Command::new(sts_scan()).args(line).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, told, _) = generate("two");
    assert_eq!(code, Some(0));
    assert!(
        told.contains("\nmode: testing\nmx: mx1.two.example\nmx: mx2.two.example\nmax_age: 604800\n"),
        "{told}"
    );
    let (code, told, _) = generate("alone");
    assert!(code == Some(0) && told.contains("\nmx: alone.example\n"), "{told}");
    for (name, why) in [
        ("null", "has a null MX (RFC 7505)"),
        ("spf", "neither an MX record nor an address"),
        ("nowhere", "does not exist"),
        ("broken", "could not be resolved (SERVFAIL)"),
    ] {
        let (code, told, said) = generate(name);
        assert_eq!((code, told.as_str()), (Some(1), ""), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_wildcards_answer_is_told_from_a_record_of_its_own() {
    let mut place = Place::new();
    place.signaller("own", HERE, &[("mx-own", "127.1.1.9")]);
    place.signaller("all", HERE, &[("mx-all", "127.1.1.9")]);
    // A random sibling label is asked for, at `_mta-sts` and where a policy was served.
    place.records(&format!("*.all TXT \"v=STSv1; id=20260101T000000;\"\n*.all A {HERE}"));
    let everything = Site { also: "*.all.example", ..Site::good("all") };
    let _nginx = nginx(&place, &[Site::good("own"), everything]);
    let nsd = nsd(&place);
    let dataset = place.scan(nsd.addr, &["own", "all"], &["scan.starttls = \"none\""]);
    dataset.domain("own.example").assert(&[("sts_wildcard", "false"), ("policy_wildcard", "false")]);
    dataset.domain("all.example").assert(&[("sts_wildcard", "true"), ("policy_wildcard", "true")]);
    assert_eq!(dataset.findings("all.example"), ["record_wildcard", "policy_wildcard"]);
}

#[test]
fn a_broken_delegation_is_never_absence() {
    let mut place = Place::new();
    // The name server's name is gone; and NSD, whom the resolver asks about `test`, is no server of that
    // zone.
    place.records(
        "broken NS ns.gone\n\
         half MX 10 mx-half\nmx-half A 127.1.1.9\n_mta-sts.half NS ns.gone",
    );
    place.signaller("hostless", "192.0.2.1", &[("mx-hostless", "127.1.1.9")]);
    place.zone = place.zone.replace("mta-sts.hostless A 192.0.2.1", "mta-sts.hostless NS ns.gone");
    let authority = nsd(&place);
    let resolver = unbound(&place, authority.addr, &[]);
    let dataset = place.scan(
        resolver.addr,
        &["broken", "half", "lame.test", "hostless"],
        &["scan.starttls = \"none\""],
    );
    for name in ["broken.example", "lame.test"] {
        dataset.domain(name).assert(&[
            ("mx_dns", "SERVFAIL"),
            ("mx_kind", "unknown"),
            ("mx", "null"),
            ("sts_dns", "SERVFAIL"),
            ("sts_signals", "null"),
            ("sts_record", "unknown"),
            ("attempts", "2"),
        ]);
    }
    dataset.domain("half.example").assert(&[
        ("mx_dns", "NOERROR"),
        ("sts_dns", "SERVFAIL"),
        ("sts_record", "unknown"),
        ("policy_outcome", "null"),
    ]);
    dataset.domain("hostless.example").assert(&[
        ("sts_record", "valid"),
        ("policy_host_dns", "SERVFAIL"),
        ("policy_outcome", "policy_host_dns_failure"),
        ("policy_attempts", "[\"policy_host_dns_failure\", \"policy_host_dns_failure\"]"),
        ("policy_usable", "false"),
    ]);
    let assessed = dataset.assessment("hostless.example");
    assert_eq!(assessed.texts("findings"), ["policy_host_dns_failure"]);
    assert_eq!(assessed.texts("lasting"), ["policy_host_dns_failure"]);
    assert_eq!(assessed.text("verdict_strict"), "no_policy");
}

#[test]
fn a_large_answer_comes_over_tcp_and_a_refusal_is_an_outcome() {
    let mut place = Place::new();
    place.signaller("large", "192.0.2.1", &[]);
    place.records("large MX 0 .");
    for number in 0..40 {
        place.records(&format!("_mta-sts.large TXT \"{number} {}\"", "x".repeat(200)));
    }
    place.zone = place.zone.replace("mta-sts.large A 192.0.2.1", "");
    let authority = nsd(&place);
    let dataset = place.scan(authority.addr, &["large", "elsewhere.test"], &["scan.starttls = \"none\""]);
    let large = dataset.domain("large.example");
    large.assert(&[("sts_dns", "NOERROR"), ("sts_record", "valid"), ("sts_id", "20260101T000000")]);
    assert_eq!(large.texts("sts_txt").len(), 41);
    assert_eq!(
        dataset.findings("large.example"),
        ["record_unrelated_txt", "policy_host_nxdomain", "mx_null"]
    );
}

/// Signs a zone's file with a key of its own; gives the signed file and the key's DS record.
fn signed(place: &Place, zone: &str, text: &str) -> (std::path::PathBuf, String) {
    let name = if zone == "." { "root" } else { zone };
    let file = place.file(&format!("zones/{name}"), text);
    let folder = file.parent().unwrap();
    let run = |tool: &str, arguments: &[&str]| {
        let output =
            Command::new(program(tool, "ldnsutils")).args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let key = run("ldns-keygen", &["-k", "-a", "ECDSAP256SHA256", "-r", "/dev/urandom", zone]);
    run("ldns-signzone", &["-f", &format!("{name}.signed"), name, &key]);
    let ds = std::fs::read_to_string(folder.join(format!("{key}.ds"))).unwrap();
    (folder.join(format!("{name}.signed")), ds.trim().to_owned())
}

fn signed_zone(name: &str) -> String {
    format!(
        "$ORIGIN {name}.\n$TTL 300\n@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60\n@ IN NS ns.example.\n\
         @ IN MX 10 mx\nmx IN A 127.1.1.9\n_mta-sts IN TXT \"v=STSv1; id=1;\"\n_smtp._tls IN TXT \"v=TLSRPTv1; rua=mailto:tls@{name}\"\n"
    )
}

#[test]
fn what_does_not_validate_is_a_failure_of_dns_and_no_answer() {
    let mut place = Place::new();
    place.records("secure NS ns\nbogus NS ns");
    place.signaller("plain", "192.0.2.1", &[]);
    place.records("plain MX 0 .");
    place.zone = place.zone.replace("mta-sts.plain A 192.0.2.1", "");
    let (secure, secure_ds) = signed(&place, "secure.example", &signed_zone("secure.example"));
    let (bogus, bogus_ds) = signed(&place, "bogus.example", &signed_zone("bogus.example"));
    // Somebody on the way writes another record: the signature is for the old one.
    let text = std::fs::read_to_string(&bogus).unwrap();
    let forged = text.replace("v=STSv1; id=1;", "v=STSv1; id=forged;");
    assert_ne!(text, forged);
    std::fs::write(&bogus, forged).unwrap();
    let zone = place.file("zones/example", &place.zone);
    let authority = nsd_with(
        &place,
        "nsd",
        &[("example", &zone), ("secure.example", &secure), ("bogus.example", &bogus)],
    );
    let resolver = unbound(&place, authority.addr, &[&secure_ds, &bogus_ds]);

    let names = ["secure", "bogus", "plain"];
    let validated = place.scan(resolver.addr, &names, &["scan.starttls = \"none\""]);
    validated.domain("secure.example").assert(&[
        ("mx_dns", "NOERROR"),
        ("mx_ad", "true"),
        ("sts_dns", "NOERROR"),
        ("sts_record", "valid"),
    ]);
    validated.domain("plain.example").assert(&[
        ("mx_dns", "NOERROR"),
        ("mx_ad", "false"),
        ("sts_record", "valid"),
    ]);
    // RFC 4035 section 5.5: a bogus answer is SERVFAIL. RFC 8914 section 4.7: 6 is DNSSEC Bogus.
    validated.domain("bogus.example").assert(&[
        ("mx_dns", "NOERROR"),
        ("mx_ad", "true"),
        ("sts_dns", "SERVFAIL"),
        ("sts_ede", "[6]"),
        ("sts_txt", "null"),
        ("sts_signals", "null"),
        ("sts_record", "unknown"),
    ]);

    assert_eq!(validated.manifest["vantage"]["resolver_validates"], true);

    // Who does not validate is told the forged record.
    let believed = place.scan(authority.addr, &names, &["scan.starttls = \"none\""]);
    believed.domain("bogus.example").assert(&[
        ("sts_dns", "NOERROR"),
        ("sts_id", "forged"),
        ("mx_ad", "false"),
    ]);
}
