//! `sts-scan check`: the judgement of a scan, shown to a person.

use super::{assert_code, lab, lab_with, sts_scan, text};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use sts_lab::Lab;
use sts_lab::serve::Dns;
use sts_lab::value::Value;

/// One domain of each situation that occurs.
fn one_of_each(lab: &Lab) -> BTreeMap<String, (u64, String)> {
    let list = std::fs::read_to_string(lab.dir.join("list.csv")).unwrap();
    let mut found = BTreeMap::new();
    for line in list.lines().skip(1) {
        let (rank, domain) = line.split_once(',').unwrap();
        let situation = lab.oracle.world.situation(domain).name.clone();
        found.entry(situation).or_insert_with(|| (rank.parse().unwrap(), domain.to_owned()));
    }
    found
}

fn check(lab: &Lab, domains: &[&str], more: &[&str]) -> Output {
    let mut command = sts_scan();
    command.arg("check").args(domains).arg("--config").arg(lab.dir.join("scan.toml")).args(more);
    command.output().unwrap()
}

fn domain_of(lab: &Lab, situation: &str) -> String {
    one_of_each(lab).remove(situation).unwrap().1
}

fn small(dir: &Path) -> Lab {
    lab(4_000, "demo", dir)
}

#[test]
fn a_check_of_every_situation_finds_what_a_right_scan_finds() {
    let dir = tempfile::tempdir().unwrap();
    let lab = small(dir.path());
    let wanted = one_of_each(&lab);
    assert!(wanted.len() > 130, "{}", wanted.len());
    let domains: Vec<&str> = wanted.values().map(|(_, domain)| domain.as_str()).collect();
    let output = check(&lab, &domains, &["--format", "json"]);
    assert_code(&output, 1);
    let said = text(&output.stdout);
    assert_eq!(said.lines().count(), wanted.len());
    let table = &lab.oracle.contract.assessments;
    let mut judged = 0;
    for (line, (situation, (rank, domain))) in said.lines().zip(&wanted) {
        let seen: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(seen["domain"], **domain);
        let Some(row) = lab.oracle.expected(*rank, domain).unwrap().assessment else { continue };
        judged += 1;
        let cell = |name: &str| &row[table.position(name).unwrap()];
        let texts = |value: &Value| -> Vec<String> {
            value.items().iter().filter_map(Value::as_text).map(str::to_owned).collect()
        };
        let found = seen["findings"].as_array().unwrap();
        let codes = |all: bool| -> Vec<&str> {
            let wanted = found.iter().filter(|one| all || one["lasting"] == true);
            wanted.map(|one| one["code"].as_str().unwrap()).collect()
        };
        assert_eq!(codes(true), texts(cell("findings")), "{situation}");
        assert_eq!(codes(false), texts(cell("lasting")), "{situation}");
        assert_eq!(seen["strict"]["verdict"].as_str(), cell("verdict_strict").as_text(), "{situation}");
        assert_eq!(seen["lenient"]["verdict"].as_str(), cell("verdict_lenient").as_text(), "{situation}");
    }
    assert!(judged > 120, "{judged}");
}

#[test]
fn the_exit_code_says_whether_there_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let lab = small(dir.path());
    let healthy = domain_of(&lab, "healthy");
    assert_code(&check(&lab, &[&healthy], &[]), 0);
    // A warning is none.
    assert_code(&check(&lab, &[&domain_of(&lab, "policy-content-type")], &[]), 0);
    let broken = domain_of(&lab, "policy-tls-name");
    assert_code(&check(&lab, &[&healthy, &broken], &[]), 1);
    let misspelt = check(&lab, &["no domain"], &[]);
    assert_code(&misspelt, 2);
    assert!(text(&misspelt.stderr).contains("`no domain`"), "{}", text(&misspelt.stderr));
    assert_code(&check(&lab, &[&healthy], &["--format", "xml"]), 2);
    let excluded = dir.path().join("excluded.txt");
    std::fs::write(&excluded, &healthy).unwrap();
    let refused = check(&lab, &[&healthy], &["--exclude", excluded.to_str().unwrap()]);
    assert_code(&refused, 2);
    assert!(text(&refused.stderr).contains("exclusion file"), "{}", text(&refused.stderr));
}

#[test]
fn the_text_says_what_is_wrong_what_to_do_and_what_senders_do() {
    let dir = tempfile::tempdir().unwrap();
    let lab = small(dir.path());
    let broken = domain_of(&lab, "mx-cert-expired");
    let output = check(&lab, &[&broken], &[]);
    let said = text(&output.stdout);
    for part in [
        format!("{broken}\n"),
        format!("https://mta-sts.{broken}/.well-known/mta-sts.txt"),
        format!("10 mx1.{broken}, matched by mx1.{broken}"),
        "certificate expired".to_owned(),
        "error mx_cert_expired: The certificate has expired".to_owned(),
        "Renew the certificate of the MX host".to_owned(),
        "a strict sender (refused) does not deliver".to_owned(),
        "a lenient sender (refused) does not deliver".to_owned(),
    ] {
        assert!(said.contains(&part), "`{part}` is not in:\n{said}");
    }
    // No terminal, no colours.
    assert!(!said.contains('\x1b'));
}

#[test]
fn a_planned_mx_is_held_against_the_policy_and_an_order_given() {
    let dir = tempfile::tempdir().unwrap();
    let lab = small(dir.path());
    let (domain, other) = (domain_of(&lab, "healthy"), domain_of(&lab, "healthy-testing"));
    let planned = |domain: &str, hosts: &[&str], code: i32| {
        let more: Vec<&str> = ["--format", "json", "--planned-mx"].iter().chain(hosts).copied().collect();
        let output = check(&lab, &[domain], &more);
        assert_code(&output, code);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["planned"].clone()
    };
    let own = format!("mx1.{domain}");
    let fits = planned(&domain, &[&own], 0);
    assert_eq!((&fits["hosts"][0]["pattern"], &fits["verdict"]), (&own.as_str().into(), &"validated".into()));
    assert_eq!(fits["steps"], serde_json::json!(["Change the MX records."]));
    // A host in good order that the policy does not name, and one whose certificate has expired.
    let good = format!("mx1.{other}");
    let expired = format!("mx1.{}", domain_of(&lab, "mx-cert-expired"));
    let moves = planned(&domain, &[&good, &expired], 1);
    assert_eq!(moves["hosts"][0]["verdict"], "refused");
    assert_eq!(moves["hosts"][1]["findings"], serde_json::json!(["mx_cert_expired"]));
    let steps: Vec<&str> =
        moves["steps"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let until = moves["copies_until"].as_str().unwrap();
    for (step, parts) in steps.iter().zip([
        vec![format!("Mend {expired}: mx_cert_expired.")],
        vec![format!("Add `mx: {good}`, `mx: {expired}` to the policy")],
        vec![format!("_mta-sts.{domain} a new id")],
        vec!["Wait 2419200 s (28.0 days)".to_owned(), until.to_owned()],
        vec!["Change the MX records.".to_owned()],
        vec![format!("take `{own}` out of the policy")],
    ]) {
        assert!(parts.iter().all(|part| step.contains(part)), "{steps:?}");
    }
    assert_eq!(steps.len(), 6);
    // In testing nothing is refused, and without a policy nothing is held against anything.
    assert_eq!(planned(&other, &[&own], 0)["hosts"][0]["verdict"], "testing_failing");
    let none = planned(&domain_of(&lab, "not-signalled"), &[&own], 0);
    assert_eq!(
        (&none["verdict"], &none["copies_until"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    let text = text(&check(&lab, &[&domain], &["--planned-mx", &good]).stdout);
    assert!(text.contains(&format!("    {good}, which the policy does not match: refused\n")), "{text}");
    assert_code(&check(&lab, &[&domain, &other], &["--planned-mx", &good]), 2);
    assert_code(&check(&lab, &[&domain], &["--planned-mx", "192.0.2.1"]), 2);
}

#[test]
fn without_a_second_look_what_may_pass_is_told_as_seen_once() {
    let dir = tempfile::tempdir().unwrap();
    let lab = small(dir.path());
    let domain = domain_of(&lab, "policy-connect-unreachable");
    let once = check(&lab, &[&domain], &["--second-look", "none"]);
    assert_code(&once, 1);
    assert!(text(&once.stdout).contains("seen once"), "{}", text(&once.stdout));
    assert!(text(&once.stdout).contains("(indeterminate)"));
    let twice = check(&lab, &[&domain], &["--second-look", "1s"]);
    assert_code(&twice, 1);
    assert!(text(&twice.stdout).contains("seen twice"), "{}", text(&twice.stdout));
    assert!(text(&twice.stdout).contains("(no_policy)"));
}

#[test]
fn the_walk_of_a_name_is_shown_from_the_root_down() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab_with(Dns::Delegated, 60, "demo", dir.path());
    let domain = one_of_each(&lab).pop_first().unwrap().1.1;
    let said = text(&check(&lab, &[&domain], &["--trace"]).stdout);
    let walk = said.split_once(&format!("\nMX {domain}: ")).unwrap().1;
    // The servers of the root themselves are known since before the first name.
    let root = walk.lines().find(|line| line.contains(" of .")).unwrap();
    assert!(root.contains(" ms  NS ") && root.contains(".root.lab 127.64.0."), "{said}");
    assert!(walk.contains("UDP: referral to "), "{said}");
    let json = check(&lab, &[&domain], &["--trace", "--format", "json"]).stdout;
    let object: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let [first, ..] = object["trace"].as_array().unwrap().as_slice() else { unreachable!("{object}") };
    assert_eq!((&first["type"], &first["name"]), (&"MX".into(), &domain.as_str().into()));
    let asked = first["asked"].as_array().unwrap();
    assert_eq!((&asked[0]["zone"], &asked[0]["by"]), (&".".into(), &"UDP".into()), "{first}");
    assert!(asked.iter().all(|one| one["took_ms"].as_f64().unwrap() >= 0.0), "{first}");
    assert_code(&check(&lab, &[&domain, "another.example"], &["--trace"]), 2);
    let resolver = lab.ports.dns.to_string();
    let said = text(&check(&lab, &[&domain], &["--trace", "--resolver", &resolver]).stdout);
    assert!(said.contains(&format!(" ms  MX {domain} -> 127.0.0.1, a resolver, UDP: ")), "{said}");
}
