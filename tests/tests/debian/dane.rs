//! DANE for real: NSD serves a root zone that is signed with ldns, and unbound validates it from that root's
//! own key. Policies and MX hosts are the laboratory's.

use crate::{program, sts_scan};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use sts_lab::contract::{Contract, Table};
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::value::{Value, from_arrow};
use sts_lab::{Lab, Options};

/// How long a server may take to answer: far more than any takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// A digest of nothing that is in use.
const WRONG: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// A server of ours, ended with the test.
struct Server {
    child: Child,
    log: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}

/// Starts a server that stays in the foreground, and waits until it answers questions.
fn serve(name: &str, config: String, at: SocketAddr, dir: &Path) -> Server {
    let path = dir.join(format!("{name}.conf"));
    std::fs::write(&path, config).unwrap();
    let log = dir.join(format!("{name}.said"));
    let said = File::create(&log).unwrap();
    let child = Command::new(program(name, name))
        .args(["-d", "-c"])
        .arg(path)
        .stdin(Stdio::null())
        .stdout(said.try_clone().unwrap())
        .stderr(said)
        .spawn()
        .unwrap();
    let mut server = Server { child, log };
    let deadline = Instant::now() + PATIENCE;
    while !answers(at) {
        assert!(server.child.try_wait().unwrap().is_none(), "{name} ended");
        assert!(Instant::now() < deadline, "{name} does not answer");
    }
    server
}

/// Whether anything comes back for the question for the root's SOA.
fn answers(at: SocketAddr) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    socket.send_to(&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1], at).unwrap();
    socket.recv(&mut [0; 2048]).is_ok()
}

fn free_port() -> SocketAddr {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The laboratory, and the zones that point to it.
struct Place {
    dir: tempfile::TempDir,
    lab: Lab,
    root: String,
    unsigned: String,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mix = Mix::only("healthy");
        let world = dir.path().join("world");
        let lab = Lab::start(Options {
            names: Names::Generated(1),
            seed: 1,
            epoch: 0,
            mix,
            dns: sts_lab::serve::Dns::Resolver,
            dir: world,
        })
        .unwrap();
        let soa = "IN SOA ns.lab. hostmaster.lab. 1 7200 3600 1209600 300";
        let root = format!("$TTL 300\n. {soa}\n. IN NS ns.lab.\nns.lab. IN A 127.0.0.1\n");
        let unsigned = format!("$TTL 300\nunsigned.example. {soa}\nunsigned.example. IN NS ns.lab.\n");
        Self { dir, lab, root, unsigned }
    }

    /// The records of a domain with MTA-STS whose MX host is the laboratory's.
    fn domain(&self, domain: &str) -> String {
        let world = &self.lab.oracle.world;
        let address = |word| world.address(world.situation(domain), domain, word).unwrap();
        format!(
            "{domain}. IN MX 10 mx1.{domain}.\nmx1.{domain}. IN A {}\nmta-sts.{domain}. IN A {}\n\
             _mta-sts.{domain}. IN TXT \"v=STSv1; id=1;\"\n\
             _smtp._tls.{domain}. IN TXT \"v=TLSRPTv1; rua=mailto:a@{domain}\"\n",
            address("smtp:good"),
            address("https"),
        )
    }

    /// The TLSA record of a domain's MX host, with these numbers and data.
    fn tlsa(domain: &str, numbers: &str, data: &str) -> String {
        format!("_25._tcp.mx1.{domain}. IN TLSA {numbers} {data}\n")
    }

    /// The data of a TLSA record for a certificate of the MX host's chain, 0 being its own.
    fn digest(&self, domain: &str, depth: usize, selector: &str) -> String {
        let situation = self.lab.oracle.world.situation(domain);
        let wanted = &situation.smtp["good"].tls.certificate;
        let issued = self.lab.oracle.authority.issue(wanted, &format!("mx1.{domain}")).unwrap();
        issued.chain[depth].tlsa(selector, "1").unwrap()
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Signs the root zone and serves all zones; gives where, and the file of the root's key.
    fn authority(&self) -> (Server, SocketAddr, PathBuf) {
        let dir = self.dir.path();
        self.write("root.zone", &self.root);
        self.write("unsigned.zone", &self.unsigned);
        let torn = "$TTL 300\n_tcp.mx1.broken.example. IN SOA ns.lab. hostmaster.lab. 1 7200 3600 1209600 300\n\
                    _tcp.mx1.broken.example. IN NS ns.lab.\n";
        self.write("torn.zone", &format!("{torn}{}", Self::tlsa("broken.example", "3 1 1", WRONG)));
        let key = run(Command::new(program("ldns-keygen", "ldnsutils"))
            .args(["-a", "ECDSAP256SHA256", "-k", "."])
            .current_dir(dir));
        let key = key.trim();
        run(Command::new(program("ldns-signzone", "ldnsutils"))
            .args(["-o", ".", "-f", "root.signed", "root.zone", key])
            .current_dir(dir));
        let at = free_port();
        let folder = dir.display();
        let mut config = format!(
            "server:\n ip-address: {}@{}\n username: \"\"\n chroot: \"\"\n zonesdir: \"{folder}\"\n pidfile: \"\"\n \
             xfrdfile: \"\"\n xfrdir: \"{folder}\"\n zonelistfile: \"{folder}/zone.list\"\n server-count: 1\n\
             remote-control:\n control-enable: no\n",
            at.ip(),
            at.port()
        );
        let zones = [
            (".", "root.signed"),
            ("unsigned.example", "unsigned.zone"),
            ("_tcp.mx1.broken.example", "torn.zone"),
        ];
        for (zone, file) in zones {
            config.push_str(&format!("zone:\n name: \"{zone}\"\n zonefile: \"{file}\"\n"));
        }
        (serve("nsd", config, at, dir), at, dir.join(format!("{key}.key")))
    }

    /// A resolver of those zones; `modules` are those of unbound.
    fn resolver(&self, authority: SocketAddr, modules: &str) -> (Server, SocketAddr) {
        let at = free_port();
        let mut config = format!(
            "server:\n interface: {}@{}\n access-control: 127.0.0.0/8 allow\n username: \"\"\n chroot: \"\"\n \
             directory: \"{}\"\n pidfile: \"\"\n use-syslog: no\n logfile: \"\"\n do-daemonize: no\n \
             do-not-query-localhost: no\n do-ip6: no\n num-threads: 1\n {modules}\nremote-control:\n control-enable: no\n",
            at.ip(),
            at.port(),
            self.dir.path().display()
        );
        for zone in [".", "unsigned.example", "_tcp.mx1.broken.example"] {
            let (ip, port) = (authority.ip(), authority.port());
            config.push_str(&format!("stub-zone:\n name: \"{zone}\"\n stub-addr: {ip}@{port}\n"));
        }
        (serve("unbound", config, at, self.dir.path()), at)
    }

    /// Scans domains through a resolver; gives what the dataset says of each: whether the answers were
    /// secure, the DANE outcome and the strict verdict.
    fn scan(&self, resolver: SocketAddr, domains: &[&str], name: &str) -> BTreeMap<String, [String; 4]> {
        let list = self.write("list.txt", &domains.join("\n"));
        let dataset = self.dir.path().join(name);
        run(Command::new(sts_scan())
            .arg("scan")
            .arg(list)
            .arg("--config")
            .arg(self.lab.path(sts_lab::SETTINGS))
            .args(["--resolver", &resolver.to_string(), "--quiet", "-o"])
            .arg(&dataset));
        let contract = Contract::load().unwrap();
        let hosts = rows(&contract.mx_hosts, &dataset, ["host", "host_ad", "tlsa_ad"]);
        let secure: BTreeMap<Value, String> =
            hosts.into_iter().map(|[host, address, tlsa]| (host, format!("{address} {tlsa}"))).collect();
        let mx = rows(&contract.domains, &dataset, ["domain", "mx_ad", "policy_outcome"]);
        let mx: BTreeMap<Value, Value> = mx.into_iter().map(|[domain, ad, _]| (domain, ad)).collect();
        let judged = rows(&contract.assessments, &dataset, ["domain", "dane", "verdict_strict"]);
        let text = |value: &Value| value.as_text().unwrap_or("null").to_owned();
        let one = |[domain, dane, verdict]: [Value; 3]| {
            let host = Value::text(format!("mx1.{}", text(&domain)));
            let outcome = dane.items().first().map_or(&Value::Null, |host| &host.items()[1]);
            let said = [mx[&domain].to_string(), secure[&host].clone(), text(outcome), text(&verdict)];
            (text(&domain), said)
        };
        judged.into_iter().map(one).collect()
    }
}

/// Three columns of a table's rows.
fn rows(table: &Table, dataset: &Path, columns: [&str; 3]) -> Vec<[Value; 3]> {
    let part = dataset.join(&table.name).join("part-00000.parquet");
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(part).unwrap()).unwrap().build().unwrap();
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            rows.push(columns.map(|name| {
                let kind = &table.columns[table.position(name).unwrap()].kind;
                from_arrow(kind, batch.column_by_name(name).unwrap(), row).unwrap()
            }));
        }
    }
    rows
}

#[test]
fn dane_is_what_a_validating_resolver_lets_see() {
    let mut place = Place::new();
    let (signed, authority) =
        (place.digest("signed.example", 0, "1"), place.digest("authority.example", 1, "0"));
    let unsigned = place.digest("unsigned.example", 0, "1");
    for (domain, tlsa) in [
        ("signed.example", Place::tlsa("signed.example", "3 1 1", &signed)),
        ("authority.example", Place::tlsa("authority.example", "2 0 1", &authority)),
        ("wrong.example", Place::tlsa("wrong.example", "3 1 1", WRONG)),
        ("unusable.example", Place::tlsa("unusable.example", "1 1 1", WRONG)),
        ("plain.example", String::new()),
        // The zone of its TLSA records has a key that is not the one its parent names.
        (
            "broken.example",
            format!(
                "_tcp.mx1.broken.example. IN NS ns.lab.\n_tcp.mx1.broken.example. IN DS 1 13 2 {WRONG}\n"
            ),
        ),
    ] {
        let records = place.domain(domain);
        place.root.push_str(&records);
        place.root.push_str(&tlsa);
    }
    // A delegation without DS: the zone below is not signed (RFC 4035 section 5.2).
    place.root.push_str("unsigned.example. IN NS ns.lab.\n");
    let records = place.domain("unsigned.example");
    place.unsigned.push_str(&records);
    place.unsigned.push_str(&Place::tlsa("unsigned.example", "3 1 1", &unsigned));

    let (_nsd, nsd, key) = place.authority();
    let domains = [
        "signed.example",
        "authority.example",
        "wrong.example",
        "unusable.example",
        "plain.example",
        "broken.example",
        "unsigned.example",
    ];
    {
        let modules =
            format!("module-config: \"validator iterator\"\n trust-anchor-file: \"{}\"", key.display());
        let (_unbound, resolver) = place.resolver(nsd, &modules);
        let seen = place.scan(resolver, &domains, "validating");
        for (domain, secure, tlsa, outcome) in [
            ("signed.example", "true", "true true", "valid"),
            ("authority.example", "true", "true true", "valid"),
            ("wrong.example", "true", "true true", "invalid"),
            ("unusable.example", "true", "true true", "unusable"),
            // A signed zone proves that there is nothing (RFC 4035 section 5.4).
            ("plain.example", "true", "true true", "none"),
            ("broken.example", "true", "true false", "bogus"),
            // Nobody asks for the TLSA records of a host whose addresses are insecure.
            ("unsigned.example", "false", "false null", "insecure"),
        ] {
            assert_eq!(seen[domain], [secure, tlsa, outcome, "validated"].map(str::to_owned), "{domain}");
        }
    }
    let (_unbound, resolver) = place.resolver(nsd, "module-config: \"iterator\"");
    let seen = place.scan(resolver, &domains, "believing");
    for (domain, said) in &seen {
        assert_eq!(*said, ["false", "false false", "unknown", "validated"].map(str::to_owned), "{domain}");
    }
    assert_eq!(seen.len(), domains.len());
}
