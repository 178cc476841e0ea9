//! Behind resolvers as they are: one that lies, that bears few questions at once, or that is slow, never
//! makes a false world in silence.

use super::{assert_code, assert_rows_graded, dataset, lab, lab_with, list, mix, scan, text};
use super::{manifest, started_once, sts_scan};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;
use sts_lab::serve::Dns;
use sts_lab::serve::front::{Front, Lie, Manner, REFUSED, SERVFAIL};
use sts_lab::{Lab, grade};

const A_TENTH: Duration = Duration::from_millis(100);

fn front(lab: &Lab, manner: Manner) -> Front {
    Front::start(lab.ports.dns, manner).unwrap()
}

/// Gives questions the time that they have by default: the laboratory's is short, and where a busy machine
/// makes it shorter the questions that are sent again are more than a resolver takes.
fn with_usual_time(lab: &Lab) {
    let file = lab.dir.join("scan.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let longer = text.replace("\ndns = \"3s\"\n", "\ndns = \"12s\"\n");
    assert_ne!(longer, text);
    std::fs::write(file, longer).unwrap();
}

/// A scan of a laboratory behind this resolver.
fn behind(front: &Front, lab: &Lab, dir: &Path, more: &[&str]) -> Command {
    let mut command = scan(lab, &list(lab), dir);
    command.args(["--resolver", &front.addr.to_string()]).args(more);
    command
}

/// The first names of a laboratory's list, each as a control.
fn controls(lab: &Lab) -> Vec<String> {
    let list = std::fs::read_to_string(list(lab)).unwrap();
    let names = list.lines().skip(1).filter_map(|line| line.split_once(',')).take(6);
    names.flat_map(|(_, name)| ["--controls".to_owned(), name.to_owned()]).collect()
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// Asserts that a scan did not begin, and left nothing.
fn assert_refused(output: &Output, code: i32, why: &str, dir: &Path) {
    assert_code(output, code);
    assert!(said(output).contains(why), "{}", said(output));
    assert!(!dataset(dir).exists(), "nothing of it is left");
}

#[test]
fn a_resolver_that_refuses_beyond_150_questions_is_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(20, &mix(dir.path(), ["healthy"]), dir.path());
    let front = front(&lab, Manner { takes: A_TENTH, places: Some((150, REFUSED)), lie: None });
    let output = behind(&front, &lab, dir.path(), &[]).output().unwrap();
    assert_refused(&output, 2, "dns-forward-max=10000", dir.path());
    assert_eq!(lab.contacts().connections().len(), 0);
}

#[test]
fn a_resolver_that_comes_to_refuse_is_asked_less_and_again_and_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(3_000, &mix(dir.path(), ["healthy", "not-signalled", "not-signalled-no-mail"]), dir.path());
    let front = front(&lab, Manner { takes: A_TENTH, ..Manner::default() });
    let status = dir.path().join("status.jsonl");
    let to = status.to_str().unwrap();
    let mut command = behind(&front, &lab, dir.path(), &["--dns-rate", "2000", "--status-file", to]);
    command.stdout(std::fs::File::create(dir.path().join("summary")).unwrap());
    // From the first line on it has others to work for.
    let mut scan = command.spawn().unwrap();
    while !dataset(dir.path()).join("manifest.json").exists() {
        assert!(scan.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    front.be(Manner { takes: A_TENTH, places: Some((60, REFUSED)), lie: None });
    assert_eq!(scan.wait().unwrap().code(), Some(0));
    let told = std::fs::read_to_string(dir.path().join("summary")).unwrap();
    assert!(told.contains("the resolvers had more questions than they bear: "), "{told}");
    let overload = manifest(dir.path())["resolver_overload"].clone();
    let (failed, questions) = (overload["failed"].as_u64().unwrap(), overload["questions"].as_u64().unwrap());
    assert!(failed * 100 >= questions, "{overload}");
    let last = std::fs::read_to_string(&status).unwrap();
    let last: Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    assert!(last["resolver_overload_pct"].as_f64().unwrap() >= 1.0, "{last}");
    assert_nothing_false(&lab, dir.path());
}

/// Asserts that all is true but for how often it was asked.
fn assert_nothing_false(lab: &Lab, dir: &Path) {
    let grade = grade::grade(&dataset(dir), &lab.dir.join("truth.parquet")).unwrap();
    let is_how_often = |column: &str| matches!(column, "attempts" | "dns_retried");
    let false_ones: Vec<_> =
        grade.differences.iter().filter(|difference| !is_how_often(&difference.column)).collect();
    assert!(false_ones.is_empty() && grade.not_looked_at == 0, "{}: {false_ones:#?}", false_ones.len());
}

#[test]
fn a_resolver_that_fails_beyond_1000_questions_gets_fewer_and_nothing_is_false() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(3_000, &mix(dir.path(), ["healthy", "not-signalled", "mx-servfail"]), dir.path());
    with_usual_time(&lab);
    let front = front(&lab, Manner { takes: A_TENTH, places: Some((1_000, SERVFAIL)), lie: None });
    let output = behind(&front, &lab, dir.path(), &[]).output().unwrap();
    assert_code(&output, 0);
    assert!(
        said(&output).contains("questions at once and failed the others: it has had "),
        "{}",
        said(&output)
    );
    assert_eq!(manifest(dir.path())["resolver_overload"], Value::Null, "none of the scan's own failed so");
    drop(front);
    assert_rows_graded(lab, dir.path());
}

#[test]
fn a_resolver_that_is_slow_costs_time_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let some =
        ["healthy", "not-signalled", "not-signalled-no-mail", "mx-servfail", "sts-timeout", "sts-servfail"];
    let lab = lab(400, &mix(dir.path(), some), dir.path());
    let front = front(&lab, Manner { takes: Duration::from_millis(700), ..Manner::default() });
    let output = behind(&front, &lab, dir.path(), &[]).output().unwrap();
    assert_code(&output, 0);
    drop(front);
    assert_nothing_false(&lab, dir.path());
}

#[test]
fn behind_a_resolver_that_lies_a_scan_does_not_begin() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(20, &mix(dir.path(), ["healthy"]), dir.path());
    let controls = controls(&lab);
    for (lie, why) in [
        (Lie::NoTexts, "0 of 6 names that are known to signal MTA-STS do ("),
        (Lie::EveryName, "a name that cannot exist does: sts-census-"),
    ] {
        let front = front(&lab, Manner { lie: Some(lie), ..Manner::default() });
        let output = behind(&front, &lab, dir.path(), &words(&controls)).output().unwrap();
        assert_refused(&output, 4, why, dir.path());
    }
    assert_eq!(lab.contacts().connections().len(), 0);
}

#[test]
fn controls_are_in_the_manifest_and_excluded_names_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(20, &mix(dir.path(), ["healthy"]), dir.path());
    let front = front(&lab, Manner::default());
    let controls = controls(&lab);
    let exclude = dir.path().join("exclude.txt");
    std::fs::write(&exclude, format!("{} # 2026-11-30\n", controls[1])).unwrap();
    let more = [words(&controls), vec!["--exclude", exclude.to_str().unwrap()]].concat();
    assert_code(&behind(&front, &lab, dir.path(), &more).output().unwrap(), 0);
    let manifest = manifest(dir.path());
    let seen = manifest["controls"].as_array().unwrap();
    let with = |outcome: &str| seen.iter().filter(|seen| seen["outcome"] == outcome).count();
    // At the beginning and at the end: five that signal, and one that cannot exist.
    assert_eq!((seen.len(), with("signals"), with("NXDOMAIN")), (12, 10, 2), "{seen:#?}");
    assert!(seen.iter().all(|seen| seen["name"] != controls[1].as_str() && seen["at"].is_string()));
}

#[test]
fn a_resolver_that_comes_to_lie_pauses_the_scan_until_it_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(200, &mix(dir.path(), ["healthy"]), dir.path());
    let front = front(&lab, Manner { takes: A_TENTH, ..Manner::default() });
    let controls = controls(&lab);
    let command = behind(&front, &lab, dir.path(), &[&words(&controls)[..], &["--dns-rate", "100"]].concat());
    // From the first line of progress on.
    let mut scan = started_once(command, |line| {
        front.be(Manner { takes: A_TENTH, lie: Some(Lie::NoTexts), places: None });
        line.contains("paused for ")
    });
    front.be(Manner::default());
    assert_eq!(scan.wait().unwrap().code(), Some(0));
    let manifest = manifest(dir.path());
    let outages = manifest["outages"].as_array().unwrap();
    let why = outages[0]["why"].as_str().unwrap();
    assert!(outages.len() == 1 && why.starts_with("0 of 6 names") && why.contains("; rows since "), "{why}");
    assert_eq!(manifest["complete"], true);
}

#[test]
fn a_resolver_that_goes_on_lying_stops_the_scan_which_can_be_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(200, &mix(dir.path(), ["healthy"]), dir.path());
    let front = front(&lab, Manner { takes: A_TENTH, ..Manner::default() });
    let controls = controls(&lab);
    let more = [&words(&controls)[..], &["--dns-rate", "100", "--pause-limit", "1s"]].concat();
    let mut scan = started_once(behind(&front, &lab, dir.path(), &more), |_| {
        front.be(Manner { takes: A_TENTH, lie: Some(Lie::NoTexts), places: None });
        true
    });
    assert_eq!(scan.wait().unwrap().code(), Some(3));
    assert_eq!(manifest(dir.path())["complete"], false);
    let resume = || sts_scan().arg("resume").arg(dataset(dir.path())).output().unwrap();
    assert_code(&resume(), 4);
    front.be(Manner::default());
    assert_code(&resume(), 0);
    assert_eq!(manifest(dir.path())["complete"], true);
}

#[test]
fn without_a_resolver_there_are_controls_too() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Delegated, 40, &mix(dir.path(), ["healthy"]), dir.path());
    let none =
        scan(&lab, &list(&lab), dir.path()).args(["--controls", "sts-census-nobody.com"]).output().unwrap();
    assert_refused(
        &none,
        4,
        "0 of 1 names that are known to signal MTA-STS do (sts-census-nobody.com NXDOMAIN)",
        dir.path(),
    );
    let output = scan(&lab, &list(&lab), dir.path()).args(controls(&lab)).output().unwrap();
    assert_code(&output, 0);
    let manifest = manifest(dir.path());
    let seen = manifest["controls"].as_array().unwrap();
    assert_eq!(seen.iter().filter(|seen| seen["outcome"] == "signals").count(), 12, "{seen:#?}");
    // Both scans asked the servers.
    assert_rows_graded(lab, dir.path());
}
