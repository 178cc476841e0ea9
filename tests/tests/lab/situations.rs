//! Every situation can be read and played, and names only words that the contract and the catalogue of
//! findings have.

use std::collections::BTreeSet;
use std::sync::Arc;
use sts_lab::authority::Authority;
use sts_lab::contract::{self, Contract, Table};
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::situation::{Record, RecordType, Situation};
use sts_lab::truth::{self, Oracle, Reader};
use sts_lab::value::Value;
use sts_lab::world::World;

fn world(mix: Mix) -> (Arc<Contract>, World) {
    let contract = Arc::new(Contract::load().unwrap());
    let world = World::new(&contract, 1, 0, mix).unwrap();
    (contract, world)
}

/// Holds every cell of a row against the words of its column.
fn check_words(situation: &Situation, table: &Table, row: &[Value]) {
    for (column, value) in table.columns.iter().zip(row) {
        let strangers = column.strangers(value);
        assert!(
            strangers.is_empty(),
            "{}: {}.{} has no word {strangers:?}",
            situation.name,
            table.name,
            column.name
        );
    }
}

#[test]
fn every_situation_names_known_words_only() {
    let (contract, world) = world(Mix::load("demo").unwrap());
    assert!(world.situations().len() >= 120);
    for situation in world.situations() {
        check_words(situation, &contract.domains, &situation.expect.domain);
        for row in &situation.expect.hosts {
            check_words(situation, &contract.mx_hosts, row);
        }
        if let Some(row) = &situation.expect.assessment {
            check_words(situation, &contract.assessments, row);
        }
    }
}

#[test]
fn a_word_that_a_column_does_not_have_is_a_stranger_in_a_cell_a_list_and_a_field() {
    let contract = Contract::load().unwrap();
    let domains = &contract.domains;
    let strangers = |name: &str, value: Value| -> Vec<String> {
        let column = &domains.columns[domains.position(name).unwrap()];
        column.strangers(&value).into_iter().map(str::to_owned).collect()
    };
    assert_eq!(strangers("sts_dns", Value::text("NOERROR")), [""; 0]);
    assert_eq!(strangers("sts_dns", Value::Null), [""; 0]);
    assert_eq!(strangers("sts_dns", Value::text("valid")), ["valid"]);
    assert_eq!(strangers("policy_attempts", Value::texts(["ok", "nonsense"])), ["nonsense"]);
    // Each field has words of its own, or none.
    let asked = |question: &str, status: &str| {
        Value::List(vec![Value::Struct(vec![Value::text(question), Value::text(status)])])
    };
    assert_eq!(strangers("dns_retried", asked("mx", "TIMEOUT")), [""; 0]);
    assert_eq!(strangers("dns_retried", asked("TIMEOUT", "mx")), ["TIMEOUT", "mx"]);
    assert_eq!(strangers("policy_addrs", asked("192.0.2.1", "ok")), [""; 0]);
    assert_eq!(strangers("policy_addrs", asked("192.0.2.1", "192.0.2.1")), ["192.0.2.1"]);
    assert_eq!(strangers("sts_txt", Value::texts(["whatever"])), [""; 0]);
}

#[test]
fn findings_stand_in_the_order_of_the_catalogue() {
    let (contract, world) = world(Mix::load("demo").unwrap());
    let at = contract.assessments.position("findings").unwrap();
    let order = contract::findings().unwrap();
    for situation in world.situations() {
        let Some(row) = &situation.expect.assessment else { continue };
        let codes = row[at].items().iter().filter_map(Value::as_text);
        let places: Vec<_> = codes.map(|code| order.iter().position(|known| known == code)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{}", situation.name);
    }
}

/// Further tries are no looks: there may be fewer looks than attempts, and never more.
#[test]
fn every_situation_has_a_look_where_something_was_attempted_and_none_elsewhere() {
    let (contract, world) = world(Mix::load("demo").unwrap());
    let (mut once, mut again) = (0, 0);
    for situation in world.situations() {
        let domain = (&contract.domains, "policy_attempts", &situation.expect.domain);
        let hosts = situation.expect.hosts.iter().map(|row| (&contract.mx_hosts, "attempts", row));
        for (table, attempts, row) in hosts.chain([domain]) {
            let cell = |name: &str| &row[table.position(name).unwrap()];
            let made = i64::try_from(cell(attempts).items().len()).unwrap();
            let of = format!("{}: {} of {}", situation.name, cell("looks"), cell(attempts));
            match cell("looks").as_int() {
                None => assert!(cell(attempts).is_null(), "{of}"),
                Some(looks) => assert!((made.min(1)..=made).contains(&looks), "{of}"),
            }
            once += i32::from(cell("looks").as_int() == Some(1));
            again += i32::from(cell("looks").as_int() > Some(1));
        }
    }
    assert!(once > again && again > 30, "{once} and {again}");
}

#[test]
fn every_situation_can_be_played() {
    let (_, world) = world(Mix::load("demo").unwrap());
    for situation in world.situations() {
        for https in std::iter::once(&situation.https).chain(&situation.elsewhere) {
            sts_lab::serve::check_tls(&https.tls).unwrap();
        }
        for smtp in situation.smtp.values() {
            sts_lab::serve::check_tls(&smtp.tls).unwrap();
        }
        for (kind, answer) in situation.zone.values().flatten() {
            for record in answer.records.iter().filter(|_| *kind == RecordType::A) {
                let Record::One(word) = record else { panic!("{}: an address in pieces", situation.name) };
                world.address(situation, "example.org", word).expect(&situation.name);
            }
        }
    }
}

/// A cell that may not be null is filled, and one that is filled fits its column.
#[test]
fn every_situation_fills_the_columns_that_may_not_be_null() {
    for situation in situations() {
        let (contract, world) = world(Mix::only(&situation));
        let authority = Arc::new(Authority::new(1).unwrap());
        let oracle =
            Oracle { contract: Arc::clone(&contract), world: Arc::new(world), authority, delegations: None };
        let expected = oracle.expected(1, "example.co.uk").unwrap();
        let rows = [
            (&contract.domains, vec![expected.domain]),
            (&contract.mx_hosts, expected.hosts),
            (&contract.certificates, expected.certificates),
            (&contract.assessments, expected.assessment.into_iter().collect()),
        ];
        for (table, rows) in rows {
            for row in rows {
                for (column, value) in table.columns.iter().zip(&row).filter(|(column, _)| column.graded) {
                    assert!(value.fits(&column.kind), "{situation}: {}.{} {value}", table.name, column.name);
                    assert!(
                        column.nullable || !value.is_null(),
                        "{situation}: {}.{}",
                        table.name,
                        column.name
                    );
                    assert!(
                        !value.to_string().contains('{') || !value.to_string().contains("domain}"),
                        "{value}"
                    );
                }
            }
        }
    }
}

fn situations() -> Vec<String> {
    let (_, world) = world(Mix::load("demo").unwrap());
    world.situations().iter().map(|situation| situation.name.clone()).collect()
}

#[test]
fn the_demo_mix_has_every_situation_but_those_of_delegations_and_enough_signallers() {
    let demo = Mix::load("demo").unwrap();
    let (contract, world) = world(demo.clone());
    let all: BTreeSet<_> = world.situations().iter().map(|situation| situation.name.clone()).collect();
    let (signed, others): (BTreeSet<_>, BTreeSet<_>) =
        all.into_iter().partition(|name| name.starts_with("dnssec-"));
    let (delegated, others) = others.into_iter().partition(|name| name.starts_with("delegation-"));
    let names = |mix: &Mix| -> BTreeSet<String> { mix.weights.keys().cloned().collect() };
    assert_eq!(names(&demo), others);
    assert_eq!(names(&Mix::load("delegated").unwrap()), delegated, "what is about servers of zones");
    let played = names(&Mix::load("signed").unwrap());
    assert!(played.is_superset(&signed), "what is about signatures");
    assert!(played.difference(&signed).all(|name| name.starts_with("dane-")), "{played:?}");
    assert!(["demo", "delegated", "signed"].iter().all(|mix| Mix::load(mix).unwrap().every_situation));
    let at = contract.domains.position("sts_signals").unwrap();
    let signals = world.situations().iter().filter(|s| s.expect.domain[at] == Value::Bool(true));
    let signals = signals.filter(|situation| demo.weights.contains_key(&situation.name));
    let weight: u64 = signals.map(|situation| demo.weights[&situation.name]).sum();
    assert!(weight * 5 >= demo.total(), "{weight} of {}", demo.total());
}

#[test]
fn the_imc2025_mix_has_the_published_totals() {
    let mix = Mix::load("imc2025").unwrap();
    let signallers: u64 = mix
        .weights
        .iter()
        .filter(|(name, _)| !name.starts_with("not-signalled"))
        .map(|(_, weight)| weight)
        .sum();
    assert_eq!((mix.total(), signallers), (86_791_845, 68_030));
    world(mix);
}

#[test]
fn the_truth_is_the_same_for_the_same_seed() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, seed| {
        let (contract, _) = world(Mix::load("demo").unwrap());
        let world = World::new(&contract, seed, 0, Mix::load("demo").unwrap()).unwrap();
        let authority = Arc::new(Authority::new(seed).unwrap());
        let oracle = Oracle { contract, world: Arc::new(world), authority, delegations: None };
        let path = dir.path().join(name);
        let names = Names::Generated(300).iter(seed).unwrap();
        truth::write(&oracle, names, &path, |_, _| Ok(())).unwrap();
        std::fs::read(path).unwrap()
    };
    assert!(write("a", 5) == write("b", 5));
    assert!(write("a", 5) != write("c", 6));
}

#[test]
fn what_is_written_as_truth_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let lab = super::demo(dir.path(), 500);
    let read = Reader::open(Arc::clone(&lab.oracle.contract), &lab.path(sts_lab::TRUTH)).unwrap();
    let mut rows = 0;
    for (rank, row) in (1..).zip(read) {
        let row = row.unwrap();
        let Some(Value::Text(domain)) = row.domain.get(1).cloned() else { panic!("a row without a domain") };
        assert_eq!(row, lab.oracle.expected(rank, &domain).unwrap());
        rows += 1;
    }
    assert_eq!(rows, 500);
}

#[test]
fn few_domains_change_from_one_epoch_to_the_next() {
    let (contract, before) = world(Mix::load("demo").unwrap());
    let after = World::new(&contract, 1, 1, Mix::load("demo").unwrap()).unwrap();
    let names: Vec<String> = Names::Generated(20_000).iter(1).unwrap().map(Result::unwrap).collect();
    let changed =
        names.iter().filter(|name| before.situation(name).name != after.situation(name).name).count();
    // 2 % draw anew, and four in five of those draw another situation than before.
    assert!((200..450).contains(&changed), "{changed}");
}

#[test]
fn names_that_look_like_hosts_have_no_hosts_of_their_own() {
    let (_, world) = world(Mix::load("demo").unwrap());
    for name in ["mta-sts.example.org", "mx1.example.org", "a.mta-sts.bigpost.example", "mx2.bigpost.example"]
    {
        assert_eq!(world.situation(name).name, "not-signalled", "{name}");
    }
}
