#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
//! Small signed worlds: a root, the registry `example`, and zones below it.

mod zone;

use super::super::tests::{LONG, Reply, Says, World, at};
use super::anchors::Anchors;
use super::*;
use crate::dns::Dns;
use hickory_resolver::proto::dnssec::Algorithm;
use std::time::Duration;
use zone::{Fault, Key, OVER, TO_COME, Zone};

/// Zones by the host of their servers, each of which serves one.
struct Signed {
    net: u8,
    zones: Vec<(u8, Zone)>,
    anchors: Anchors,
}

fn key() -> Option<Key> {
    Some(Key::of(Algorithm::ED25519))
}

impl Signed {
    /// Those zones below `example`, each with the DS that its parent has.
    fn of(net: u8, zones: Vec<(u8, Zone, Vec<hickory_resolver::proto::dnssec::rdata::DS>)>) -> Self {
        let mut tld = Zone::new("example", key());
        for (host, zone, ds) in &zones {
            tld = tld.cut(&zone.apex.to_ascii(), at(net, *host), ds);
        }
        Self::with_tld(net, tld, zones.into_iter().map(|(host, zone, _)| (host, zone)).collect())
    }

    fn with_tld(net: u8, tld: Zone, mut zones: Vec<(u8, Zone)>) -> Self {
        let root_key = Key::of(Algorithm::RSASHA256);
        let mut anchors = TrustAnchors::empty();
        anchors.insert(root_key.record().public_key());
        let root = Zone::new(".", Some(root_key)).cut("example", at(net, 2), &[tld.ds()]);
        zones.extend([(1, root), (2, tld)]);
        Self { net, zones, anchors: Anchors(Arc::new(anchors)) }
    }

    async fn serve(self) -> (World, Dns) {
        let servers = self.zones.into_iter().map(|(host, zone)| {
            let says: Says =
                Box::new(move |text, kind| Reply::Whole(Box::new(zone.says(&zone::name(text), kind))));
            (at(self.net, host), says)
        });
        let mut servers: Vec<_> = servers.collect();
        servers.sort_by_key(|(addr, _)| *addr);
        let world = World::of(servers).await;
        let dns = world.validating_client(at(self.net, 1), LONG, Some(self.anchors));
        (world, dns)
    }
}

async fn ask(dns: &Dns, name: &str, kind: RecordType) -> Answer {
    dns.ask_with(Effort::Validated, name, kind, &mut Waited::default()).await.unwrap()
}

/// Status, security and reasons of an answer.
fn told(answer: &Answer) -> (DnsStatus, Option<bool>, Vec<i32>) {
    (answer.status, answer.ad, answer.ede.clone().unwrap_or_default())
}

const SECURE: Option<bool> = Some(true);
const INSECURE: Option<bool> = Some(false);

#[tokio::test]
async fn answers_of_every_algorithm_are_secure_and_so_is_what_is_not_there() {
    for (net, algorithm) in [
        (20, Algorithm::RSASHA256),
        (21, Algorithm::ECDSAP256SHA256),
        (22, Algorithm::ECDSAP384SHA384),
        (23, Algorithm::ED25519),
    ] {
        let zone = Zone::new("a.example", Some(Key::of(algorithm)))
            .mx("a.example", "mx.a.example")
            .a("mx.a.example")
            .txt("*.wild.a.example");
        let ds = vec![zone.ds()];
        let (_world, dns) = Signed::of(net, vec![(3, zone, ds)]).serve().await;
        dns.attend(async {
            for (name, kind, status) in [
                ("a.example", RecordType::MX, DnsStatus::NoError),
                ("mx.a.example", RecordType::A, DnsStatus::NoError),
                ("mx.a.example", RecordType::AAAA, DnsStatus::NoData),
                ("_25._tcp.mx.a.example", RecordType::TLSA, DnsStatus::NxDomain),
                ("x.y.wild.a.example", RecordType::TXT, DnsStatus::NoError),
                ("x.wild.a.example", RecordType::A, DnsStatus::NoData),
                ("nobody.example", RecordType::MX, DnsStatus::NxDomain),
                ("a.nowhere", RecordType::MX, DnsStatus::NxDomain),
                ("b.nowhere", RecordType::MX, DnsStatus::NxDomain),
            ] {
                let answer = ask(&dns, name, kind).await;
                assert_eq!(told(&answer), (status, SECURE, Vec::new()), "{algorithm:?} {name} {kind}");
            }
            // hickory errs, and nobody knows.
            let wild = ask(&dns, "x.wild.a.example", RecordType::TXT).await;
            assert_eq!(told(&wild), (DnsStatus::NoError, None, Vec::new()));
        })
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn a_zone_without_a_ds_or_with_one_of_an_unknown_algorithm_is_insecure() {
    let plain = Zone::new("plain.example", None).mx("plain.example", "mx.plain.example");
    // It is signed, and nobody can follow.
    let island = Zone::new("island.example", key()).mx("island.example", "mx.island.example");
    let exotic = Zone::new("exotic.example", key()).mx("exotic.example", "mx.exotic.example");
    let ed448 = vec![exotic.ds_as(Algorithm::Unknown(16))];
    let zones = vec![(3, plain, Vec::new()), (4, island, Vec::new()), (5, exotic, ed448)];
    let (_world, dns) = Signed::of(24, zones).serve().await;
    dns.attend(async {
        for zone in ["plain.example", "island.example", "exotic.example"] {
            let found = ask(&dns, zone, RecordType::MX).await;
            assert_eq!(told(&found), (DnsStatus::NoError, INSECURE, Vec::new()), "{zone}");
            let gone = ask(&dns, &format!("gone.{zone}"), RecordType::A).await;
            assert_eq!(told(&gone), (DnsStatus::NxDomain, INSECURE, Vec::new()), "{zone}");
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_is_bogus_is_no_answer_and_the_reason_is_told() {
    let made = |host: u8, label: &str, change: &dyn Fn(&mut Zone)| {
        let apex = format!("{label}.example");
        let mut zone = Zone::new(&apex, key()).a(&apex);
        change(&mut zone);
        let ds = vec![zone.ds()];
        (host, zone, ds)
    };
    let (other_ds, gone) = (Zone::new("wrong.example", key()).ds(), "x.proofs.example");
    let mut zones = vec![
        made(3, "over", &|zone| zone.validity = OVER),
        made(4, "early", &|zone| zone.validity = TO_COME),
        made(5, "keyless", &|zone| zone.fault = Fault::NoKey),
        made(6, "bare", &|zone| zone.fault = Fault::NoSignatures),
        made(7, "proofs", &|zone| zone.fault = Fault::NoProofs),
        made(8, "altered", &|zone| zone.fault = Fault::Altered),
        made(9, "wrong", &|_| {}),
    ];
    zones[6].2 = vec![other_ds];
    let (_world, dns) = Signed::of(25, zones).serve().await;
    dns.attend(async {
        for (name, code) in [
            ("over.example", 7),
            ("early.example", 8),
            ("keyless.example", 9),
            ("bare.example", 10),
            (gone, 12),
            ("altered.example", 6),
            ("wrong.example", 9),
        ] {
            let answer = ask(&dns, name, RecordType::A).await;
            assert_eq!(told(&answer), (DnsStatus::ServFail, INSECURE, vec![code]), "{name}");
        }
        // Not validated, it is an answer.
        let plain = dns.ask("altered.example", RecordType::A, &mut Waited::default()).await.unwrap();
        assert_eq!(told(&plain), (DnsStatus::NoError, None, Vec::new()));
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_alias_is_as_secure_as_the_last_of_its_targets_and_by_itself_it_may_be_more() {
    let signed = Zone::new("a.example", key())
        .alias("mx.a.example", "host.plain.example")
        .alias("own.a.example", "there.a.example")
        .a("there.a.example")
        .alias("lost.a.example", "nothing.a.example")
        .alias("*.any.a.example", "there.a.example");
    let plain = Zone::new("plain.example", None)
        .a("host.plain.example")
        .alias("back.plain.example", "there.a.example");
    let mut bad = Zone::new("bad.example", key()).a("bad.example");
    bad.fault = Fault::Altered;
    let signed = signed.alias("led.a.example", "bad.example");
    let (ds, bad_ds) = (vec![signed.ds()], vec![bad.ds()]);
    let zones = vec![(3, signed, ds), (4, plain, Vec::new()), (5, bad, bad_ds)];
    let (_world, dns) = Signed::of(26, zones).serve().await;
    dns.attend(async {
        for (name, kind, status, ad, ede) in [
            ("mx.a.example", RecordType::A, DnsStatus::NoError, INSECURE, vec![]),
            ("mx.a.example", RecordType::CNAME, DnsStatus::NoData, SECURE, vec![]),
            ("own.a.example", RecordType::A, DnsStatus::NoError, SECURE, vec![]),
            ("lost.a.example", RecordType::A, DnsStatus::NxDomain, SECURE, vec![]),
            ("x.any.a.example", RecordType::A, DnsStatus::NoError, None, vec![]),
            ("x.y.any.a.example", RecordType::A, DnsStatus::NoError, SECURE, vec![]),
            ("back.plain.example", RecordType::A, DnsStatus::NoError, INSECURE, vec![]),
            ("led.a.example", RecordType::A, DnsStatus::ServFail, INSECURE, vec![6]),
        ] {
            let answer = ask(&dns, name, kind).await;
            assert_eq!(told(&answer), (status, ad, ede), "{name} {kind}");
        }
        let chain = ask(&dns, "mx.a.example", RecordType::A).await.chain;
        assert_eq!(chain, Some(vec!["host.plain.example".to_owned()]));
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn whether_an_alias_that_a_dname_makes_is_secure_nobody_knows() {
    let zone = Zone::new("a.example", key()).renamed("old.a.example", "new.a.example").a("mx.new.a.example");
    let ds = vec![zone.ds()];
    let (_world, dns) = Signed::of(34, vec![(3, zone, ds)]).serve().await;
    dns.attend(async {
        let answer = ask(&dns, "mx.old.a.example", RecordType::A).await;
        assert_eq!(told(&answer), (DnsStatus::NoError, None, Vec::new()));
        assert_eq!(answer.chain, Some(vec!["mx.new.a.example".to_owned()]));
        assert_eq!(ask(&dns, "mx.new.a.example", RecordType::A).await.ad, SECURE);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_delegation_whose_proof_takes_more_than_a_hundred_rounds_is_neither_secure_nor_insecure() {
    for (net, rounds, ad) in [(30, 0, INSECURE), (31, 100, INSECURE), (32, 101, None), (33, 600, None)] {
        let signed = Zone::new("a.example", key()).a("a.example");
        let plain = Zone::new("plain.example", None).a("plain.example");
        let mut tld = Zone::new("example", key()).cut("a.example", at(net, 3), &[signed.ds()]).cut(
            "plain.example",
            at(net, 4),
            &[],
        );
        tld.rounds = Some(rounds);
        let (_world, dns) = Signed::with_tld(net, tld, vec![(3, signed), (4, plain)]).serve().await;
        dns.attend(async {
            for (zone, ad) in [("a.example", SECURE), ("plain.example", ad)] {
                let answer = ask(&dns, zone, RecordType::A).await;
                assert_eq!(told(&answer), (DnsStatus::NoError, ad, Vec::new()), "{zone}, {rounds} rounds");
            }
        })
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn a_zone_is_validated_once_and_a_bogus_one_each_time() {
    let zone = Zone::new("a.example", key()).mx("a.example", "mx.a.example").a("mx.a.example");
    let mut bad = Zone::new("bad.example", key()).a("bad.example");
    bad.fault = Fault::NoKey;
    let (ds, bad_ds) = (vec![zone.ds()], vec![bad.ds()]);
    let (world, dns) = Signed::of(27, vec![(3, zone, ds), (4, bad, bad_ds)]).serve().await;
    let dns = Arc::new(dns);
    let of = |host: u8, kind: RecordType| {
        let asked = world.asked.lock().unwrap();
        asked.iter().filter(|(_, addr, _, as_kind)| *addr == at(27, host) && *as_kind == kind).count()
    };
    dns.attend(async {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let dns = dns.clone();
            all.spawn(async move { ask(&dns, "a.example", RecordType::MX).await.ad });
        }
        while let Some(ad) = all.join_next().await {
            assert_eq!(ad.unwrap(), SECURE);
        }
        assert_eq!(ask(&dns, "mx.a.example", RecordType::A).await.ad, SECURE);
        for times in 1..=2 {
            assert_eq!(told(&ask(&dns, "bad.example", RecordType::A).await).2, [9]);
            assert_eq!(of(4, RecordType::DNSKEY), times, "a second look validates again");
        }
    })
    .await
    .unwrap();
    // The keys of the root, of the registry and of the zone; a DS at the root and one at the registry, where
    // the other zone's is asked for twice.
    let keys = [1, 2, 3].map(|host| of(host, RecordType::DNSKEY));
    assert_eq!((keys, of(1, RecordType::DS), of(2, RecordType::DS)), ([1, 1, 1], 1, 3));
}

#[tokio::test]
async fn silence_is_not_taken_for_a_bogus_zone() {
    let zone = Zone::new("a.example", key()).a("a.example");
    let tld = Zone::new("example", key()).cut("a.example", at(28, 3), &[zone.ds()]);
    let Signed { net, zones, anchors } = Signed::with_tld(28, tld, vec![(3, zone)]);
    let mut servers: Vec<(_, Says)> = Vec::new();
    for (host, zone) in zones {
        let says: Says = Box::new(move |text, kind| match kind {
            RecordType::DNSKEY if host == 3 => Reply::Silence,
            _ => Reply::Whole(Box::new(zone.says(&zone::name(text), kind))),
        });
        servers.push((at(net, host), says));
    }
    let world = World::of(servers).await;
    let dns = world.validating_client(at(net, 1), Duration::from_millis(600), Some(anchors));
    dns.attend(async {
        let answer = ask(&dns, "a.example", RecordType::A).await;
        assert_eq!(told(&answer), (DnsStatus::Timeout, None, vec![22]));
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_scan_does_not_begin_with_keys_that_are_not_the_roots() {
    let zone = Zone::new("a.example", None).a("a.example");
    let mut signed = Signed::of(29, vec![(3, zone, Vec::new())]);
    let mut strange = TrustAnchors::empty();
    strange.insert(Key::of(Algorithm::ED25519).record().public_key());
    let right = std::mem::replace(&mut signed.anchors, Anchors(Arc::new(strange)));
    let (world, mut dns) = signed.serve().await;
    assert!(dns.preflight().await.unwrap_err().to_string().contains("--trust-anchor"));
    let mut dns = world.validating_client(at(29, 1), LONG, Some(right));
    assert!(dns.preflight().await.unwrap().validates);
    let mut dns = world.client(at(29, 1), LONG);
    assert!(!dns.preflight().await.unwrap().validates);
}
