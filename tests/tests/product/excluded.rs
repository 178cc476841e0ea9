//! Exclusion, from the other side: what the laboratory's servers saw of those who are on the list.

use super::{
    assert_code, lab, lab_with, list, manifest, mix, scan, scan_into, started, steady_mix, text, texts,
};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use sts_lab::Lab;
use sts_lab::serve::{Asked, Dns, Service};

/// What a test excludes, and the same as a file.
#[derive(Default)]
struct List {
    names: BTreeSet<String>,
    addresses: BTreeSet<IpAddr>,
    file: String,
}

impl List {
    fn name(&mut self, name: &str) {
        self.names.insert(name.to_owned());
        let _ = writeln!(self.file, "{name} # asked by mail, 2026-11-27");
    }

    /// A block of IPv4 of which these are all that the laboratory has.
    fn block(&mut self, block: &str, addresses: impl Iterator<Item = IpAddr>) {
        self.addresses.extend(addresses);
        let _ = writeln!(self.file, "{block} # abuse desk, 2026-11-27");
    }

    /// Whether the name or one above it is on the list.
    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|one| name == one || name.ends_with(&format!(".{one}")))
    }
}

fn domains(lab: &Lab) -> Vec<String> {
    let listed = std::fs::read_to_string(list(lab)).unwrap();
    listed.lines().skip(1).map(|line| line.split_once(',').unwrap().1.to_owned()).collect()
}

/// Some of every kind, over a world of every situation.
fn mixed(lab: &Lab) -> List {
    let mut out = List::default();
    let all = domains(lab);
    let of = |situation: &str| {
        let world = &lab.oracle.world;
        all.iter().filter(|name| world.situation(name).name == situation).cloned().collect::<Vec<_>>()
    };
    // Domains of every situation, those that fail at first and are looked at again among them; and a suffix.
    all.iter().step_by(17).for_each(|name| out.name(name));
    out.name("co.uk");
    // MX hosts by their names, and by the name that they are aliases of.
    of("mismatch-some").iter().for_each(|name| out.name(&format!("mx2.{name}")));
    of("mx-is-cname").iter().for_each(|name| out.name(&format!("mx-real.{name}")));
    of("mx-cert-expired").iter().for_each(|name| out.name(&format!("mx1.{name}")));
    of("smtp-limited").iter().for_each(|name| out.name(&format!("mx1.{name}")));
    // Policy hosts, by name and by what they are aliases of; siblings for control go with the domain.
    of("policy-http-404").iter().for_each(|name| out.name(&format!("mta-sts.{name}")));
    out.name("bigpost.example");
    // Addresses: all MX hosts of one kind, and half of the policy hosts.
    let world = &lab.oracle.world;
    let greylisting =
        world.address(world.situation_named("smtp-rejected-4xx").unwrap(), "", "smtp:greylisting");
    let [_, second, ..] = greylisting.unwrap().octets();
    out.block(&format!("127.{second}.0.0/24"), (0..=255).map(|last| IpAddr::from([127, second, 0, last])));
    out.block("127.3.0.2", std::iter::once(IpAddr::from([127, 3, 0, 2])));
    out
}

#[test]
fn what_is_excluded_gets_no_question_and_no_connection_and_is_not_named() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(2_000, "uniform", dir.path());
    let excluded = mixed(&lab);
    let file = dir.path().join("exclude.txt");
    std::fs::write(&file, &excluded.file).unwrap();
    lab.contacts().keep_names_asked();
    let output = scan(&lab, &list(&lab), dir.path()).arg("--exclude").arg(&file).output().unwrap();
    assert_code(&output, 0);

    let asked = lab.contacts().names_asked();
    let wrongly: Vec<_> = asked.keys().filter(|name| excluded.has(name)).collect();
    assert_eq!(wrongly, Vec::<&String>::new(), "questions about excluded names");
    let connections = lab.contacts().connections();
    let wrongly: Vec<_> = connections
        .iter()
        .filter(|one| {
            let by_name =
                one.service == Service::Https && one.name.as_deref().is_some_and(|host| excluded.has(host));
            by_name || excluded.addresses.contains(&one.addr)
        })
        .collect();
    assert!(wrongly.is_empty(), "connections to what is excluded: {wrongly:?}");
    assert!(asked.len() > 2_000 && connections.len() > 500, "the rest of the world was scanned");

    // Nothing of it has a row that names it.
    let named =
        |table: &str, of: &str| texts(dir.path(), table, of).into_iter().flatten().collect::<Vec<_>>();
    assert!(named("domains", "domain").iter().all(|name| !excluded.has(name)));
    assert!(named("mx_hosts", "host").iter().all(|name| !excluded.has(name)));
    let hosts: BTreeSet<String> = named("mx_hosts", "host").into_iter().collect();
    let aliases = excluded.names.iter().filter_map(|name| name.strip_prefix("mx-real."));
    assert!(
        aliases.clone().count() > 0
            && aliases.into_iter().all(|name| !hosts.contains(&format!("mx1.{name}")))
    );
    let addresses = named("mx_hosts", "addr");
    assert!(addresses.iter().all(|addr| !excluded.addresses.contains(&addr.parse().unwrap())));
    for (table, outcome) in [("domains", "policy_outcome"), ("mx_hosts", "smtp_outcome")] {
        assert!(named(table, outcome).iter().all(|word| word != "excluded"));
    }

    let all = domains(&lab);
    let domains = all.iter().filter(|name| excluded.has(name)).count();
    let manifest = manifest(dir.path());
    assert_eq!(manifest["sum"]["excluded"], domains, "{}", manifest["sum"]);
    let counted = |what: &str| manifest["exclusions"][what].as_u64().unwrap();
    println!(
        "{} questions about {} names and {} connections; excluded: {domains} domains, {} policy hosts, {} MX hosts, {} addresses; \
         questions about them 0, connections 0",
        lab.contacts().questions(),
        asked.len(),
        connections.len(),
        counted("policy_hosts"),
        counted("mx_hosts"),
        counted("addresses"),
    );
    assert!(counted("policy_hosts") > 0 && counted("mx_hosts") > 0 && counted("addresses") >= 3);
    assert_eq!(manifest["exclusions"]["listed"][0]["names"], excluded.names.len());
    assert!(text(&output.stdout).contains("excluded: MX hosts"), "{}", text(&output.stdout));
}

#[test]
fn what_is_excluded_while_a_scan_runs_is_not_asked_about_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(600, &steady_mix(dir.path()), dir.path());
    let file = dir.path().join("exclude.txt");
    std::fs::write(&file, "nobody.example # 2026-11-27\n").unwrap();
    lab.contacts().keep_names_asked();
    let mut command = scan(&lab, &list(&lab), dir.path());
    command.args(["--dns-rate", "150", "--exclude"]).arg(&file);
    let mut scanning = started(command);
    // The operator adds a suffix that two in five of the names are below, in two writes.
    let mut grown = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    grown.write_all(b"com # asked by ").unwrap();
    grown.write_all(b"phone, 2026-11-28\n").unwrap();
    drop(grown);
    assert!(scanning.wait().unwrap().success());

    let manifest = manifest(dir.path());
    let listed = manifest["exclusions"]["listed"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let in_force = micros(listed[1]["at"].as_str().unwrap());
    let asked = lab.contacts().names_asked();
    let (com, others): (Vec<_>, Vec<_>) = asked.iter().partition(|(name, _)| name.ends_with(".com"));
    // The manifest's times are whole seconds, cut: the change was in force before the next one began.
    let late: Vec<_> = com.iter().filter(|(_, at)| **at >= in_force + 1_000_000).collect();
    let excluded = manifest["sum"]["excluded"].as_u64().unwrap();
    let after = others.iter().filter(|(_, at)| **at >= in_force + 1_000_000).count();
    println!(
        "{} names below com were asked about before, {} after; {after} others after; {excluded} domains excluded",
        com.len(),
        late.len()
    );
    assert!(late.is_empty(), "asked about after they were excluded: {late:?}");
    assert!(!com.is_empty() && after > 0 && excluded > 0);
    let rows = texts(dir.path(), "domains", "domain").len() as u64;
    assert_eq!(rows + excluded, 600);
}

#[test]
fn no_question_goes_to_a_name_server_an_operator_and_a_block_that_are_excluded() {
    let dir = tempfile::tempdir().unwrap();
    let world = mix(dir.path(), ["not-signalled", "not-signalled-no-mail"]);
    let lab = lab_with(Dns::Delegated, 600, &world, dir.path());
    assert_code(&scan_into(&lab, &list(&lab), &dir.path().join("before")).output().unwrap(), 0);
    let before = lab.contacts().loads();
    // Of each kind whoever was asked most; those of a registry are another kind.
    let most = |is_of: &dyn Fn(&Asked) -> bool| {
        let of_kind = before.of().iter().filter(|(asked, _)| is_of(asked));
        of_kind.max_by_key(|(_, load)| load.questions).unwrap().0.clone()
    };
    let operator = most(&|asked| matches!(asked, Asked::Operator(_)));
    let network = most(&|asked| matches!(asked, Asked::Network(_)));
    let Asked::Network(block) = network else { unreachable!("it was chosen as one") };
    let is_in_block = |addr: &std::net::Ipv4Addr| addr.octets()[..3] == block.octets()[..3];
    let of_networks = |addr: &std::net::Ipv4Addr| {
        before.of().contains_key(&Asked::Network(std::net::Ipv4Addr::from_bits(addr.to_bits() & 0xffff_ff00)))
    };
    let server =
        most(&|asked| matches!(asked, Asked::Server(addr) if !is_in_block(addr) && of_networks(addr)));
    let listed = [&server, &operator, &network].map(|asked| match asked {
        Asked::Server(addr) => addr.to_string(),
        Asked::Network(addr) => format!("{addr}/24"),
        Asked::Operator(name) | Asked::Tld(name) => name.clone(),
    });
    let file = dir.path().join("exclude.txt");
    std::fs::write(&file, listed.map(|entry| format!("{entry} # 2026-11-29\n")).concat()).unwrap();
    let output = scan(&lab, &list(&lab), dir.path()).arg("--exclude").arg(&file).output().unwrap();
    assert_code(&output, 0);

    let after = lab.contacts().loads();
    let asked = |asked: &Asked| (before.of()[asked].questions, after.of()[asked].questions);
    println!(
        "{server:?} {:?}, {operator:?} {:?}, {network:?} {:?}",
        asked(&server),
        asked(&operator),
        asked(&network)
    );
    for excluded in [&server, &operator, &network] {
        let (before, after) = asked(excluded);
        assert!(before > 0 && after == before, "{excluded:?}: {before} questions, then {after}");
    }
    let manifest = manifest(dir.path());
    let excluded = manifest["sum"]["excluded"].as_u64().unwrap();
    let rows = texts(dir.path(), "domains", "domain").len() as u64;
    assert!(excluded > 0 && rows > 0 && rows + excluded == 600, "{rows} rows, {excluded} excluded");
}

/// Microseconds since 1970 of `2026-11-27T12:00:00Z`.
fn micros(rfc3339: &str) -> i64 {
    let time = humantime::parse_rfc3339(rfc3339).unwrap();
    i64::try_from(time.duration_since(std::time::UNIX_EPOCH).unwrap().as_micros()).unwrap()
}
