//! Every situation can be read and played, and names only words that the contract and the catalogue of findings have.

use std::collections::BTreeSet;
use std::sync::Arc;
use sts_lab::authority::Authority;
use sts_lab::contract::Contract;
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::situation::{Record, RecordType, Situation};
use sts_lab::truth::{self, Oracle, Reader};
use sts_lab::value::Value;
use sts_lab::world::World;

/// The codes of the catalogue of findings, in its order.
const FINDINGS: &str = "
record_dns_servfail record_dns_timeout record_dns_refused record_dns_unusable record_multiple record_version_invalid record_id_missing
record_id_invalid record_id_too_long record_field_invalid record_space_before_semicolon record_duplicate_field
record_trailing_space record_unrelated_txt record_wildcard record_delegated
policy_host_name_invalid policy_host_nxdomain policy_host_dangling_cname policy_host_no_address policy_host_dns_failure
policy_host_forbidden_address policy_connect_refused policy_connect_timeout policy_connect_unreachable
policy_connect_reset policy_tls_name policy_tls_expired policy_tls_not_yet_valid policy_tls_self_signed
policy_tls_untrusted policy_tls_chain_incomplete policy_tls_certificate_other policy_tls_alert policy_tls_protocol
policy_tls_client_limit policy_tls_large_hello policy_tls_timeout policy_tls_closed
policy_http_status policy_redirect policy_http_malformed policy_timeout policy_too_large policy_content_type
policy_empty policy_html policy_version_missing policy_version_invalid policy_mode_missing policy_mode_invalid
policy_max_age_missing policy_max_age_invalid policy_max_age_too_large policy_max_age_zero policy_max_age_short
policy_mx_missing policy_mx_invalid policy_mx_u_label policy_line_invalid policy_duplicate_field policy_blank_line
policy_leading_space policy_bom policy_unknown_field policy_wildcard policy_mode_testing policy_mode_none
mx_none mx_null mx_null_beside_others mx_implicit mx_dns_failure mx_unresolvable mx_is_address mx_name_invalid mx_is_cname
mx_forbidden_address
smtp_connect_refused smtp_connect_timeout smtp_connect_unreachable smtp_connect_reset smtp_banner_timeout
smtp_rejected_4xx smtp_rejected_5xx smtp_closed smtp_protocol smtp_answer_injection smtp_limited starttls_not_offered
starttls_refused
mx_tls_protocol mx_tls_client_limit mx_tls_large_hello mx_tls_alert mx_tls_timeout mx_tls_closed mx_cert_name
mx_cert_expired mx_cert_not_yet_valid mx_cert_self_signed mx_cert_untrusted mx_cert_chain_incomplete mx_cert_other
mx_cert_all_invalid mx_cert_some_invalid
mx_mismatch_all mx_mismatch_some pattern_unused
tlsrpt_dns_failure tlsrpt_absent tlsrpt_multiple tlsrpt_invalid tlsrpt_rua_missing tlsrpt_rua_invalid dane_valid dane_invalid
dane_insecure dane_unusable dane_bogus";

const DNS: &str = "NOERROR NODATA NXDOMAIN SERVFAIL REFUSED FORMERR NOTIMP TIMEOUT TRUNCATED BADANSWER";
const RECORD: &str = "valid invalid multiple absent unknown";
const VERDICTS: &str =
    "validated partial refused testing_passing testing_failing withdrawn no_mail no_policy indeterminate";
const CERTIFICATE: &str = "valid name expired not_yet_valid self_signed untrusted other";

/// The words of a column; `None` where it has none of its own.
fn words(column: &str) -> Option<&'static str> {
    Some(match column {
        "mx_dns" | "sts_dns" | "tlsrpt_dns" | "policy_host_dns" | "host_dns" | "tlsa_dns" => DNS,
        "mx_kind" => "explicit implicit null none unknown",
        "sts_record" | "tlsrpt_record" => RECORD,
        "policy_cert_outcome" | "cert_outcome" => CERTIFICATE,
        "policy_tls_version" | "tls_version" => "TLSv1.2 TLSv1.3",
        "policy_mode" => "enforce testing none",
        "smtp_phase" => "connect banner ehlo starttls tls",
        "starttls" => "offered not_offered refused unknown",
        "mismatch_kind" => "mta_sts_label wildcard_depth third_level top_level_only typo different_domain",
        "verdict_strict" | "verdict_lenient" | "verdict_primary" => VERDICTS,
        "findings" | "lasting" => FINDINGS,
        _ => return None,
    })
}

/// Whether a word is an outcome of a policy host or of an MX host.
fn is_outcome(column: &str, word: &str) -> bool {
    const OTHERS: &str = "ok limited not_sampled not_attempted not_probed no_address forbidden_address";
    let stage = |prefixes: &[&str]| prefixes.iter().any(|prefix| word.starts_with(prefix));
    let is_finding = FINDINGS.split_whitespace().any(|code| code == word);
    match column {
        "policy_outcome" | "policy_attempts" => word == "ok" || is_finding && stage(&["policy_"]),
        "smtp_outcome" | "attempts" => {
            OTHERS.split(' ').any(|other| other == word)
                || is_finding && stage(&["smtp_", "starttls_", "mx_tls_"])
        }
        _ => true,
    }
}

fn world(mix: Mix) -> (Arc<Contract>, World) {
    let contract = Arc::new(Contract::load().unwrap());
    let world = World::new(&contract, 1, 0, mix).unwrap();
    (contract, world)
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_text().into_iter().chain(value.items().iter().filter_map(Value::as_text)).collect()
}

fn check_words(situation: &Situation, column: &str, value: &Value) {
    for word in texts(value) {
        let known = words(column).is_none_or(|words| words.split_whitespace().any(|known| known == word));
        assert!(known && is_outcome(column, word), "{}: `{word}` is no word of {column}", situation.name);
    }
}

#[test]
fn every_situation_names_known_words_only() {
    let (contract, world) = world(Mix::load("demo").unwrap());
    assert!(world.situations().len() >= 120);
    for situation in world.situations() {
        for (column, value) in contract.domains.columns.iter().zip(&situation.expect.domain) {
            check_words(situation, &column.name, value);
        }
        for row in &situation.expect.hosts {
            for (column, value) in contract.mx_hosts.columns.iter().zip(row) {
                check_words(situation, &column.name, value);
            }
        }
        for (column, value) in
            contract.assessments.columns.iter().zip(situation.expect.assessment.iter().flatten())
        {
            check_words(situation, &column.name, value);
        }
    }
}

#[test]
fn findings_stand_in_the_order_of_the_catalogue() {
    let (contract, world) = world(Mix::load("demo").unwrap());
    let at = contract.assessments.position("findings").unwrap();
    let order: Vec<&str> = FINDINGS.split_whitespace().collect();
    for situation in world.situations() {
        let Some(row) = &situation.expect.assessment else { continue };
        let places: Vec<_> =
            texts(&row[at]).iter().map(|code| order.iter().position(|known| known == code)).collect();
        assert!(places.is_sorted(), "{}", situation.name);
    }
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
        let oracle = Oracle { contract: Arc::clone(&contract), world: Arc::new(world), authority };
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
fn the_demo_mix_has_every_situation_and_enough_signallers() {
    let demo = Mix::load("demo").unwrap();
    let (contract, world) = world(demo.clone());
    let all: BTreeSet<_> = world.situations().iter().map(|situation| situation.name.clone()).collect();
    assert_eq!(all, demo.weights.keys().cloned().collect());
    assert!(demo.every_situation);
    let at = contract.domains.position("sts_signals").unwrap();
    let signals = world.situations().iter().filter(|s| s.expect.domain[at] == Value::Bool(true));
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
        let oracle = Oracle { contract, world: Arc::new(world), authority };
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
