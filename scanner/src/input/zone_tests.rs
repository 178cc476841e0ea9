#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]
use super::*;

fn names(text: &str) -> Vec<(u64, String, Option<BadEntry>)> {
    let mut zone = Zone::new(text.as_bytes(), 0, false);
    let (mut entry, mut got) = (RawEntry::default(), Vec::new());
    while zone.read(&mut entry).unwrap() {
        assert_eq!(entry.rank, None);
        got.push((entry.line, String::from_utf8_lossy(&entry.text).into_owned(), entry.refusal));
    }
    got
}

fn good(text: &str) -> Vec<String> {
    names(text)
        .into_iter()
        .map(|(line, name, refusal)| {
            assert_eq!(refusal, None, "line {line}");
            name
        })
        .collect()
}

#[test]
fn a_registry_file_gives_each_delegation_once() {
    let text = "example.\t900\tin\tsoa\ta.nic.test. b.nic.test. 1 2 3 4 5\n\
        example.\t900\tin\trrsig\tSOA 8 1 900 20260101 20250101 1 example. AbC=\n\
        example.\t900\tin\tns\ta.nic.test.\n\
        0.example.\t900\tin\tns\tns1.test.\n\
        0.example.\t900\tin\tns\tns2.test.\n\
        0.example.\t900\tin\tds\t1 8 2 00\n\
        0.example.\t900\tin\trrsig\tDS 8 2 900 20260101 20250101 1 example. AbC=\n\
        one.example.\t900\tin\tns\tns1.one.example.\n\
        ns1.one.example.\t900\tin\ta\t192.0.2.1\n\
        abc.example.\t900\tin\tnsec3\t1 1 0 - DEF NS SOA RRSIG\n\
        other.test.\t900\tin\tns\tns.test.\n";
    assert_eq!(good(text), ["0.example", "one.example"]);
}

#[test]
fn relative_names_and_any_order_of_ttl_and_class_are_read() {
    let text = "$TTL 1d ; a day\n$ORIGIN EXAMPLE.\n@ IN SOA a.test. b.test. ( 1 ; serial (not \"one\n 2 3\n 4 5 )\n\
        \tNS a.test.\nONE NS NS.ONE\n NS ns2.one\nTWO 3600 IN NS x.test.\nthree IN 1h30m NS x.test.\n\
        IN IN NS x.test.\nfour\tTXT \"a ; ( b\" (\n NS )\nfive NS (\n x.test. )\n\
        $ORIGIN sub.example.\nsix NS x.test.\n";
    let want =
        ["ONE.EXAMPLE", "TWO.EXAMPLE", "three.EXAMPLE", "IN.EXAMPLE", "five.EXAMPLE", "six.sub.example"];
    assert_eq!(good(text), want);
}

#[test]
fn the_root_delegates_top_level_domains() {
    let text = ".\t86400\tIN\tSOA\ta.test. b.test. 1 2 3 4 5\n.\t86400\tIN\tNS\ta.test.\ncom.\t172800\tIN\tNS\ta.test.\n";
    assert_eq!(good(text), ["com"]);
}

#[test]
fn what_cannot_be_followed_is_a_bad_entry() {
    let text = "one NS x.test.\n$INCLUDE other.zone\n$GENERATE 1-9 h$ NS x.test.\ntwo.example. NS x.test.\n";
    let want = [
        (1, "one", Some(BadEntry::NoOrigin)),
        (2, "$INCLUDE", Some(BadEntry::Directive)),
        (3, "$GENERATE", Some(BadEntry::Directive)),
        (4, "two.example", None),
    ];
    assert_eq!(names(text), want.map(|(line, name, refusal)| (line, name.to_owned(), refusal)));
}

#[test]
fn the_apex_of_a_sorted_file_is_no_delegation() {
    let soa = "example.\t900\tIN\tSOA\ta.test. b.test. 1 2 3 4 5\n";
    let sorted = format!(
        "a.example.\t900\tIN\tNS\tns.test.\nexample.\t900\tIN\tA\t192.0.2.1\nexample.\t900\tIN\tNS\ta.test.\n\
         example.\t900\tIN\tNS\tb.test.\n{soa}one.example.\t900\tIN\tNS\tns.test.\n"
    );
    assert_eq!(good(&sorted), ["a.example", "one.example"]);
    // Without any SOA the last one is given too.
    assert_eq!(
        good("a.example. NS x.test.\na.example. NS y.test.\nb.example. NS x.test.\n"),
        ["a.example", "b.example"]
    );
}

#[test]
fn types_and_classes_may_be_numbers() {
    let text = "example. 900 CLASS1 TYPE6 \\# 0\nexample. CLASS1 TYPE2 \\# 0\n\
        one.example. 900 IN TYPE2 \\# 3 016100\ntwo.example. CLASS1 NS x.test.\nthree.example. IN TYPE28 \\# 0\n";
    assert_eq!(good(text), ["one.example", "two.example"]);
}

#[test]
fn any_record_may_stand_first() {
    for line in [
        "abc.test. 3600 IN ZONEMD 1 1 1 00",
        "abc.test. 3600 IN CDS 1 8 2 00",
        "abc.test.\t60\tIN\tSRV\t1 1 1 a.",
        "a CLASS1 TYPE2 \\# 0",
        "abc.test. PTR x.",
        "abc.test ZONEMD 1 1 1 00",
    ] {
        assert!(begins(line.as_bytes()), "{line}");
    }
    for line in ["site\thttps\tyes", "domain\tloc\tlang", "name url", "example.com", "I TYPE2 x"] {
        assert!(!begins(line.as_bytes()), "{line}");
    }
}

#[test]
fn an_open_parenthesis_at_the_end_is_an_error() {
    let mut zone = Zone::new(&b"example. SOA a. b. ( 1 2\none.example. NS x.\n"[..], 0, false);
    let error = zone.read(&mut RawEntry::default()).unwrap_err();
    assert_eq!(error.to_string(), "a parenthesis opened on line 1 is never closed");
}

/// Name, servers and DS of each delegation.
fn with_servers(text: &str, hosts: &mut Option<Hosts>) -> Vec<(String, String, bool)> {
    let mut zone = Zone::new(text.as_bytes(), 0, true);
    std::mem::swap(zone.hosts().unwrap(), hosts);
    let (mut entry, mut got) = (RawEntry::default(), Vec::new());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    while zone.read(&mut entry).unwrap() {
        got.push((text(&entry.text), text(&entry.servers), entry.ds == Some(true)));
    }
    std::mem::swap(zone.hosts().unwrap(), hosts);
    got
}

#[test]
fn delegations_bring_their_servers_and_the_zone_their_addresses() {
    let text = "$ORIGIN example.\n@ SOA a.test. b.test. 1 2 3 4 5\n@ NS a.test.\nTWO NS NS1.Two\n NS ns.Test.\n\
        two 300 DS 1 8 2 00\nns1.two A 192.0.2.1\nns1.two AAAA 2001:db8::1\na.test. A 192.0.2.9\n\
        one NS @\nsix TYPE2 \\# 3 016100\nlast NS ns1.two\n";
    let mut hosts = Some(Hosts::default());
    let want = [
        ("TWO.example", "ns1.two.example ns.test", true),
        ("one.example", "example", false),
        // What is not written out is not read: its servers are asked for.
        ("six.example", "", false),
        ("last.example", "ns1.two.example", false),
    ];
    let want = want.map(|(name, servers, ds)| (name.to_owned(), servers.to_owned(), ds));
    assert_eq!(with_servers(text, &mut hosts), want);
    let mut hosts = hosts.unwrap();
    hosts.seal();
    let of = |name: &str| {
        let packed = crate::input::delegated::Packed::of(name.as_bytes(), None).unwrap();
        packed.unpacked(&hosts).servers.remove(0).1.len()
    };
    assert_eq!(
        (of("ns1.two.example"), of("a.test"), of("ns.test")),
        (2, 0, 0),
        "only what is below the apex"
    );
}
