#![allow(clippy::unwrap_used, reason = "a test may fail so")]
use super::*;
use crate::contract::Contract;
use crate::mix::Mix;
use crate::names::generate;

fn delegations(mix: Mix) -> Delegations {
    let contract = Contract::load().unwrap();
    Delegations::new(Arc::new(World::new(&contract, 7, 0, mix).unwrap()))
}

fn apexes(chain: &[Zone]) -> Vec<&str> {
    chain.iter().map(|zone| zone.apex.as_str()).collect()
}

#[test]
fn the_way_to_a_name_leads_over_its_suffixes_to_the_zone_of_its_domain() {
    let all = delegations(Mix::only("healthy"));
    let way = |name: &str, kind| {
        let chain = all.chain(name, Some(kind));
        apexes(&chain).join(" > ")
    };
    assert_eq!(way("", RecordType::Ns), "");
    assert_eq!(way("_mta-sts.abc.com", RecordType::Txt), " > com > abc.com");
    assert_eq!(way("mx1.abc.com", RecordType::A), " > com > abc.com");
    assert_eq!(way("ns1.nic.com", RecordType::A), " > com");
    assert_eq!(way("abc-com.gone.invalid", RecordType::Mx), "");
    assert_eq!(way("mx1.bigpost.example", RecordType::A), " > example > bigpost.example");
    assert_eq!(way("a-com.mta-sts.bigpost.example", RecordType::A), " > example > bigpost.example");
    assert_eq!(way("_25._tcp.mx1.bigpost.example", RecordType::Tlsa), " > example > bigpost.example");
    let cut = ["co.uk", "com.au", "com.br", "co.jp", "co.za"].map(|suffix| {
        let chain = all.chain(&format!("abc.{suffix}"), Some(RecordType::Mx));
        assert!(matches!(chain.len(), 3 | 4), "{chain:?}");
        chain.len() == 4
    });
    assert!(cut.contains(&true) && cut.contains(&false), "{cut:?}");
}

#[test]
fn a_domain_is_denied_by_its_parent_where_it_does_not_exist() {
    let all = delegations(Mix::only("nxdomain"));
    assert_eq!(apexes(&all.chain("abc.com", Some(RecordType::Mx))), ["", "com"]);
    assert!(all.of("abc.com").is_empty());
    // A provider's names are there whatever becomes of the domains.
    assert_eq!(
        apexes(&all.chain("mx1.bigpost.example", Some(RecordType::A))),
        ["", "example", "bigpost.example"]
    );
}

#[test]
fn domains_are_at_operators_and_some_under_names_of_their_own() {
    let all = delegations(Mix::only("healthy"));
    let (mut own, mut glueless) = (0, 0);
    for index in 0..2_000 {
        let domain = generate(7, index);
        let zone = all.chain(&domain, Some(RecordType::Mx)).pop().unwrap();
        assert!(zone.apex == domain && (2..=4).contains(&zone.servers.len()), "{zone:?}");
        let first = &zone.servers[0];
        if first.name.ends_with(&domain) {
            own += 1;
            let chain = all.chain(&first.name, Some(RecordType::A));
            assert_eq!(chain.last().unwrap(), &zone);
        } else {
            let operator = all.chain(&first.name, Some(RecordType::A)).pop().unwrap();
            glueless +=
                u32::from(operator.servers.iter().all(|server| !server.name.ends_with(&operator.apex)));
        }
    }
    assert!((200..400).contains(&own), "{own}");
    assert!(glueless > 20, "{glueless}");
}
