#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
use super::*;
use crate::dataset::Completeness;
use serde_json::json;

/// The manifest of a scan as the scanner writes it, as far as it is compared.
fn manifest(scan: &str, started: &str) -> Value {
    json!({
        "schema_version": "1.3", "scan": scan, "complete": true, "started": started,
        "ended": started.replace("T00", "T10"), "shard": "1/1", "seed": 1,
        "versions": { "tool": "sts-scan 0.2.0", "trust_store_sha256": "aa" },
        "plan": { "scan.starttls": "\"adopters\"", "scan.sample": "\"1/1\"", "deadlines.dns": "\"10s\"" },
        "manners": { "pace.dns_rate": "5000" },
        "vantage": { "ehlo_name": "a.example", "resolver_validates": true, "resolution": "forwarding", "ipv6": true },
        "outages": [],
    })
}

fn changed(pointer: &str, value: Value) -> Value {
    let mut manifest = manifest("s", "2026-01-01T00:00:00Z");
    *manifest.pointer_mut(pointer).unwrap() = value;
    manifest
}

fn told(before: &Value, after: &Value) -> Vec<(bool, String)> {
    differences(before, after).iter().map(|found| (found.is_blocking(), found.told())).collect()
}

#[test]
fn each_aspect_of_an_instrument_blocks_or_warns() {
    let plain = manifest("s", "2026-01-01T00:00:00Z");
    assert!(told(&plain, &plain).is_empty());
    for (pointer, value, blocks, words) in [
        ("/schema_version", json!("2.0"), true, "layout 1 > 2"),
        ("/versions/trust_store_sha256", json!("bb"), true, "trust store aa > bb"),
        ("/plan/scan.starttls", json!("\"none\""), true, "starttls adopters > none"),
        ("/plan/scan.sample", json!("\"1/100\""), true, "sample 1/1 > 1/100"),
        ("/vantage/resolution", json!("iterating"), true, "resolution forwarding > iterating"),
        ("/vantage/resolver_validates", json!(false), true, "validation true > false"),
        ("/vantage/ipv6", json!(false), true, "family IPv4 and IPv6 > IPv4 alone"),
        ("/shard", json!("1/2"), true, "shard 1/1 > 1/2"),
        ("/vantage/ehlo_name", json!("b.example"), false, "vantage a.example > b.example"),
        ("/versions/tool", json!("sts-scan 0.3.0"), false, "tool sts-scan 0.2.0 > sts-scan 0.3.0"),
        ("/manners/pace.dns_rate", json!("10"), false, "pace"),
        ("/plan/deadlines.dns", json!("\"1s\""), false, "plan"),
        ("/outages", json!([{ "at": "", "seconds": 720.0, "why": "" }]), false, "outages 0.0 % > 2.0 %"),
    ] {
        let other = changed(pointer, value);
        assert_eq!(told(&plain, &other), [(blocks, words.to_owned())], "{pointer}");
        assert_eq!(may_be_compared(&plain, &other), !blocks, "{pointer}");
    }
    let little = changed("/outages", json!([{ "at": "", "seconds": 300.0, "why": "" }]));
    assert!(told(&plain, &little).is_empty());
}

#[test]
fn what_a_manifest_does_not_tell_is_unknown_and_warns() {
    let silent = json!({ "schema_version": "1.0", "scan": "s" });
    let found = differences(&silent, &manifest("t", "2026-01-01T00:00:00Z"));
    assert!(found.iter().all(Difference::is_unknown) && found.len() == 11, "{found:?}");
    assert!(may_be_compared(&silent, &manifest("t", "2026-01-01T00:00:00Z")));
    // A plan of a program that knew no samples took the whole list, and asked resolvers.
    let mut older = manifest("s", "2026-01-01T00:00:00Z");
    older["plan"].as_object_mut().unwrap().remove("scan.sample");
    older["vantage"].as_object_mut().unwrap().remove("resolution");
    older["vantage"]["resolvers"] = json!(["192.0.2.1"]);
    assert!(told(&older, &manifest("t", "2026-01-01T00:00:00Z")).is_empty());
}

fn dataset(manifest: &Value) -> Dataset {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("manifest.json"), manifest.to_string()).unwrap();
    Dataset::open(dir.path(), Completeness::Required).unwrap()
}

#[test]
fn the_nearest_comparable_scan_is_the_last_one_before_that_nothing_blocks() {
    let mut other = manifest("c", "2026-01-15T00:00:00Z");
    other["versions"]["trust_store_sha256"] = json!("bb");
    let all = [
        manifest("a", "2026-01-01T00:00:00Z"),
        manifest("b", "2026-01-08T00:00:00Z"),
        other,
        manifest("d", "2026-01-22T00:00:00Z"),
        manifest("e", "2026-01-29T00:00:00Z"),
    ]
    .each_ref()
    .map(dataset);
    let name = |of: usize| nearest(&all[of], &all).map(|found| found.scan.as_str());
    assert_eq!([0, 1, 2, 3, 4].map(name), [None, Some("a"), None, Some("b"), Some("d")]);
    let pairs = pairs(&all);
    let neighbours: Vec<bool> =
        pairs.iter().filter(|pair| pair.neighbours).map(Pair::may_be_compared).collect();
    assert_eq!((pairs.len(), neighbours), (10, vec![true, false, false, true]));
}
