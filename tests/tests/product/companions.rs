//! DMARC beside MTA-STS: asked for where the plan says so, and nowhere else.

use super::{assert_code, assert_graded, dataset, lab, lab_with, list, mix, scan, sts_scan, text, texts};
use std::path::Path;
use sts_lab::grade::codes;
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::serve::Dns;
use sts_lab::{Lab, Options, TRUTH};

/// The situations about DMARC, with DMARC asked for.
fn of_dmarc(dir: &Path) -> String {
    let demo = include_str!("../../mixes/demo.toml").lines().filter(|line| line.starts_with("dmarc-"));
    let path = mix(dir, demo.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("companions = [\"dmarc\"]\n{text}")).unwrap();
    path
}

#[test]
fn a_scan_that_asks_for_dmarc_has_no_difference_to_the_truth_and_every_code() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(4_000, "companions", dir.path());
    let output = scan(&lab, &list(&lab), dir.path()).output().unwrap();
    assert_code(&output, 0);
    assert!(text(&output.stdout).contains("DMARC record"), "{}", text(&output.stdout));
    let codes = codes(&dataset(dir.path()), &lab.path(TRUTH)).unwrap();
    assert_eq!((codes.uncovered().collect::<Vec<_>>(), codes.unknown.len()), (Vec::new(), 0), "{codes}");
    assert!(codes.rows.iter().any(|(code, _)| code == "dmarc_multiple"));
    assert_graded(lab, dir.path());
}

#[test]
fn authoritative_servers_say_the_same_of_dmarc() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Delegated, 600, &of_dmarc(dir.path()), dir.path());
    let output = scan(&lab, &list(&lab), dir.path()).output().unwrap();
    assert_code(&output, 0);
    assert_graded(lab, dir.path());
}

/// How many questions for names `_dmarc` came, and how many in all.
fn asked(lab: &Lab) -> (usize, u64) {
    let names = lab.contacts().names_asked();
    (names.keys().filter(|name| name.starts_with("_dmarc.")).count(), lab.contacts().questions())
}

#[test]
fn each_name_costs_one_question_more_and_each_name_above_one_in_all() {
    let dir = tempfile::tempdir().unwrap();
    let world = mix(dir.path(), ["not-signalled", "dmarc-absent"]);
    let lab = lab(600, &world, dir.path());
    lab.contacts().keep_names_asked();
    let counts = ["none", "dmarc"].map(|companions| {
        let before = asked(&lab);
        let folder = dir.path().join(companions);
        std::fs::create_dir(&folder).unwrap();
        let output = scan(&lab, &list(&lab), &folder)
            .args(["--companions", companions, "--second-look", "none", "--starttls", "none"])
            .output()
            .unwrap();
        assert_code(&output, 0);
        let after = asked(&lab);
        let statuses = texts(&folder, "domains", "dmarc_dns");
        assert_eq!(statuses.len(), 600);
        assert!(statuses.iter().all(|status| status.is_some() == (companions == "dmarc")));
        (after.0 - before.0, after.1 - before.1)
    });
    let [(none, without), (names, with)] = counts;
    println!("{without} questions about 600 names without DMARC, {with} with it, for {names} names _dmarc");
    assert_eq!(none, 0);
    // Those of the list, and the suffixes of the ones without a record: no name twice.
    let above = names - 600;
    assert!((15..=48).contains(&above), "{above}");
    // What is asked again for want of an answer in time is counted too.
    assert!((names as u64 - 20..=names as u64 + 60).contains(&(with - without)), "{}", with - without);
}

/// A list of names at several depths, of which each is a domain of the world by itself.
#[test]
fn the_record_above_a_name_applies_where_it_has_none_and_of_nine_labels_one_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let below = ["", "a.", "b.a.", "c.b.a.", "i.h.g.f.e.d.c.b.a.", "m.l.k.j.i.h.g.f.e.d.c.b.a."];
    let names: Vec<String> = (0..60)
        .flat_map(|number| below.map(|labels| format!("{labels}{}", sts_lab::names::generate(7, number))))
        .collect();
    let path = dir.path().join("names.csv");
    std::fs::write(&path, names.join("\n")).unwrap();
    let mix = Mix::load(&of_dmarc(dir.path())).unwrap();
    // What fails, or is not valid, above a name is not what this is about.
    let steady = |name: &String| {
        !matches!(
            name.as_str(),
            "dmarc-flaky"
                | "dmarc-servfail"
                | "dmarc-p-invalid"
                | "dmarc-p-missing"
                | "dmarc-tag-invalid"
                | "dmarc-pct-zero"
        )
    };
    let weights = mix.weights.into_iter().filter(|(name, _)| steady(name)).collect();
    let lab = Lab::start(Options {
        names: Names::List { path, limit: 1_000 },
        seed: 7,
        epoch: 0,
        mix: Mix { weights, ..mix },
        dns: Dns::Resolver,
        dir: dir.path().join("world"),
    })
    .unwrap();
    let output = scan(&lab, &list(&lab), dir.path()).output().unwrap();
    assert_code(&output, 0);
    let found = ["domain", "dmarc_at"].map(|column| texts(dir.path(), "domains", column));
    let pairs = found[0].iter().zip(&found[1]);
    let above = pairs.filter(|(domain, at)| at.is_some() && domain != at).count();
    assert!(above > 40, "{above} of {}", found[0].len());
    assert_graded(lab, dir.path());
}

#[test]
fn a_check_shows_dmarc_where_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(3, &mix(dir.path(), ["dmarc-testing"]), dir.path());
    let name = std::fs::read_to_string(list(&lab)).unwrap();
    let name = name.lines().nth(1).unwrap().rsplit(',').next().unwrap().to_owned();
    let checked = |more: &[&str]| {
        let config = lab.dir.join("scan.toml");
        let output = sts_scan().args(["check", &name, "--config"]).arg(config).args(more).output().unwrap();
        assert_code(&output, 0);
        text(&output.stdout)
    };
    let shown = checked(&["--companions", "dmarc"]);
    assert!(shown.contains("dmarc    valid, policy quarantine, testing\n"), "{shown}");
    assert!(shown.contains("TXT v=DMARC1; p=quarantine; sp=none; t=y"), "{shown}");
    assert!(!checked(&[]).contains("dmarc"));
    let json: serde_json::Value =
        serde_json::from_str(&checked(&["--companions", "dmarc", "--format", "json"])).unwrap();
    assert_eq!(json["dmarc"]["subdomain_policy"], "none");
    assert!(
        serde_json::from_str::<serde_json::Value>(&checked(&["--format", "json"])).unwrap()["dmarc"]
            .is_null()
    );
}
