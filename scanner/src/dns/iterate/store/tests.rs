#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
use super::*;

const DEADLINE: Duration = Duration::from_secs(5);

fn name(text: &str) -> Wire {
    Wire::of(text).unwrap()
}

#[test]
fn walks_that_would_wait_for_each_other_are_told() {
    let store = Store::new(DEADLINE);
    assert!(matches!(store.addresses(&name("a.example"), 1), Known::Unknown));
    assert!(matches!(store.addresses(&name("b.example"), 2), Known::Unknown));
    assert!(matches!(store.addresses(&name("c.example"), 3), Known::Unknown));
    assert!(matches!(store.addresses(&name("b.example"), 1), Known::Sought(_)));
    assert!(matches!(store.addresses(&name("c.example"), 2), Known::Sought(_)));
    assert!(matches!(store.addresses(&name("a.example"), 3), Known::Circle), "3 waits for 1 for 2 for 3");
    assert!(matches!(store.addresses(&name("a.example"), 1), Known::Circle), "for itself");
    assert!(matches!(store.addresses(&name("a.example"), 9), Known::Sought(_)));
}

#[test]
fn what_is_found_wakes_those_who_wait_and_what_is_not_is_looked_for_anew() {
    let store = Store::new(DEADLINE);
    assert!(matches!(store.addresses(&name("a.example"), 1), Known::Unknown));
    let Known::Sought(done) = store.addresses(&name("a.example"), 2) else { unreachable!() };
    store.found(&name("a.example"), Search::Found(vec![IpAddr::from([192, 0, 2, 1])], 300));
    assert!(done.has_changed().is_err() || done.has_changed().unwrap());
    assert!(matches!(store.addresses(&name("a.example"), 2), Known::Addresses(addrs) if addrs.len() == 1));
    assert!(matches!(store.addresses(&name("b.example"), 1), Known::Unknown));
    store.found(&name("b.example"), Search::GivenUp);
    assert!(matches!(store.addresses(&name("b.example"), 2), Known::Unknown));
}

#[test]
fn silence_about_a_server_is_remembered_but_not_that_of_an_outage() {
    let store = Store::new(DEADLINE);
    let server = name("a.example");
    assert!(matches!(store.addresses(&server, 1), Known::Unknown));
    store.found(&server, Search::Unheard);
    assert!(matches!(store.addresses(&server, 2), Known::Unheard));
    store.forgive();
    assert!(matches!(store.addresses(&server, 2), Known::Unknown));
    store.forgive();
    store.found(&server, Search::Unheard);
    assert!(
        matches!(store.addresses(&server, 3), Known::Unknown),
        "it was sought while the network was away"
    );
}

#[test]
fn the_nearest_zone_is_found() {
    let store = Store::new(DEADLINE);
    assert!(store.nearest(&name("a.example")).is_none());
    for zone in ["example", "b.example", "."] {
        store.keep(&Arc::new(Delegation::new(name(zone), Vec::new(), true)), 300);
    }
    let zone_of = |text: &str| match store.nearest(&name(text)) {
        Some(Zone::Delegated(found)) => found.zone.to_string(),
        _ => String::new(),
    };
    assert_eq!(
        (zone_of("a.example"), zone_of("x.b.example"), zone_of("org")),
        ("example".into(), "b.example".into(), ".".into())
    );
    store.keep_absent(name("nowhere"));
    assert!(matches!(store.nearest(&name("a.nowhere")), Some(Zone::Absent)));
}

#[test]
fn silences_in_a_row_that_last_make_an_address_dead_until_it_answers() {
    let store = Store::new(DEADLINE);
    let addr = IpAddr::from([192, 0, 2, 1]);
    let now = Instant::now();
    // Questions at the same time, as of a server that limits its answers.
    (0..3).for_each(|_| store.was_silent_at(addr, now));
    store.was_silent_at(addr, now + DEADLINE / 2);
    assert!(!store.dead().has(addr));
    store.was_silent_at(addr, now + DEADLINE);
    assert!(store.dead().has(addr));
    store.has_answered(addr);
    assert!(!store.dead().has(addr));
    store.was_silent_at(addr, now + 2 * DEADLINE);
    assert!(!store.dead().has(addr), "once since it answered");
}
