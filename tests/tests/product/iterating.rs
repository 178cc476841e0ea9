//! A scan that asks the authoritative servers itself, from the root down.

use super::{assert_code, assert_graded, dataset, lab_with, list, mix, scan, sts_scan, text};
use serde_json::Value;
use sts_lab::Lab;
use sts_lab::serve::Dns;

fn manifest(folder: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

fn assert_scanned(lab: Lab, dir: &std::path::Path) {
    assert_scanned_with(lab, dir, &[]);
}

fn assert_scanned_with(lab: Lab, dir: &std::path::Path, more: &[&str]) {
    let output = scan(&lab, &list(&lab), dir).args(more).output().unwrap();
    assert_code(&output, 0);
    let manifest = manifest(&dataset(dir));
    assert_eq!(manifest["vantage"]["resolution"], "iterating");
    assert_eq!(manifest["vantage"]["resolvers"], serde_json::json!([]));
    assert_graded(lab, dir);
}

#[test]
fn a_scan_without_a_resolver_has_no_difference_to_the_truth() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Delegated, 4_000, "uniform", dir.path());
    assert_scanned(lab, dir.path());
}

#[test]
fn whatever_is_wrong_with_the_servers_of_a_zone_a_scan_without_a_resolver_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Delegated, 1_200, "delegated", dir.path());
    assert_scanned(lab, dir.path());
}

#[test]
fn signed_zones_right_and_wrong_are_told_apart_from_unsigned_ones() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Signed, 700, "signed", dir.path());
    let output = scan(&lab, &list(&lab), dir.path()).output().unwrap();
    assert_code(&output, 0);
    assert_eq!(manifest(&dataset(dir.path()))["vantage"]["resolver_validates"], true);
    assert_graded(lab, dir.path());
}

#[test]
fn servers_operators_and_registries_are_asked_no_more_than_the_plan_says() {
    let dir = tempfile::tempdir().unwrap();
    let world = mix(dir.path(), ["not-signalled", "not-signalled-no-mail"]);
    let lab = lab_with(Dns::Delegated, 1_000, &world, dir.path());
    let output = scan(&lab, &list(&lab), dir.path())
        .args(["--per-server-rate", "60", "--per-operator-rate", "150", "--per-tld-rate", "200"])
        .output()
        .unwrap();
    assert_code(&output, 0);
    let loads = lab.contacts().loads();
    let most = |word: &str| {
        let of_kind = loads.of().iter().filter(|(asked, _)| asked.as_str() == word);
        of_kind.map(|(_, load)| load.peak).max().unwrap()
    };
    let peaks = ["dns_server", "dns_operator", "dns_network", "dns_tld"].map(most);
    println!("peaks of a server, an operator, a network and a registry: {peaks:?}");
    // A scan that asks hardly anybody proves nothing.
    assert!(peaks.iter().zip([20, 20, 50, 30]).all(|(peak, least)| *peak >= least), "{peaks:?}");
    assert_graded(lab, dir.path());
}

#[test]
fn the_same_worlds_behind_a_resolver_are_told_by_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Resolver, 1_200, "delegated", dir.path());
    let output = scan(&lab, &list(&lab), dir.path()).output().unwrap();
    assert_code(&output, 0);
    assert_eq!(manifest(&dataset(dir.path()))["vantage"]["resolution"], "forwarding");
    assert_graded(lab, dir.path());
}

#[test]
fn forged_answers_before_those_of_every_server_change_no_cell() {
    let dir = tempfile::tempdir().unwrap();
    // What fails but for a time may be over when a server among thousands of forged answers is asked again.
    let demo = include_str!("../../mixes/demo.toml").lines().filter(|line| !line.contains("-flaky"));
    let situations = demo.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    let known = |name: &&str| !matches!(*name, "about" | "every_situation");
    let steady = mix(dir.path(), situations.filter(known));
    let lab = lab_with(Dns::Forged, 3_500, &steady, dir.path());
    // Each answer comes behind thousands: with many questions under way what goes by TCP would wait too long.
    assert_scanned_with(lab, dir.path(), &["--dns-in-flight", "50"]);
}

#[test]
fn the_same_laboratory_behind_its_resolver_is_told_as_another_scan() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Delegated, 200, "demo", dir.path());
    let resolver = lab.ports.dns.to_string();
    let output = scan(&lab, &list(&lab), dir.path()).args(["--resolver", &resolver]).output().unwrap();
    assert_code(&output, 0);
    let folder = dataset(dir.path());
    let mut manifest = manifest(&folder);
    assert_eq!(manifest["vantage"]["resolution"], "forwarding");
    // As if it had been broken off: it may not go on by another way.
    manifest["complete"] = Value::Bool(false);
    // What is complete names no folder of this machine.
    manifest["lists"][0]["path"] = list(&lab).display().to_string().into();
    for (part, key, file) in [("plan", "tls.trust", "ca.pem"), ("manners", "dns.root_hints", "root.hints")] {
        assert!(manifest[part][key].is_string(), "{part} has no {key}");
        manifest[part][key] = format!("\"{}\"", dir.path().join("world").join(file).display()).into();
    }
    manifest.as_object_mut().unwrap().retain(|key, _| key != "parts" && key != "digest");
    std::fs::write(folder.join("manifest.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();
    let resumed = sts_scan().arg("resume").arg(&folder).args(["--resolver", "none"]).output().unwrap();
    assert_code(&resumed, 2);
    let said = text(&resumed.stderr);
    assert!(said.contains("it was forwarding, is iterating"), "{said}");
}

#[test]
fn what_is_for_resolvers_is_refused_where_none_is_asked_and_a_port_for_laboratories_elsewhere() {
    for (flags, why) in [
        (["--per-resolver-rate", "100"], "none is asked: give --resolver"),
        (["--per-resolver-in-flight", "100"], "none is asked: give --resolver"),
        (["--authority-port", "5300"], "must be 53"),
    ] {
        let output = sts_scan().arg("plan").args(flags).output().unwrap();
        assert_code(&output, 2);
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
}
