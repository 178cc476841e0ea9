//! The verdicts, rule by rule.

use super::{World, good};
use crate::assess::{SeenDomain, SeenHost, domain};
use crate::evidence::rows::DomainRow;
use crate::evidence::{DnsStatus, MxKind, PolicyOutcome, SmtpOutcome, Verdict, Word};

const TESTING: &str = "version: STSv1\nmode: testing\nmx: mx.example.com\nmax_age: 86400\n";
const NONE: &str = "version: STSv1\nmode: none\nmax_age: 86400\n";

/// Strict, lenient and primary verdict.
fn verdicts(world: &World) -> [&'static str; 3] {
    let row = world.assess();
    [row.verdict_strict, row.verdict_lenient, row.verdict_primary].map(|verdict| verdict.unwrap().as_str())
}

fn all(world: &World, expected: &'static str) {
    assert_eq!(verdicts(world), [expected; 3]);
}

#[test]
fn enforce_with_every_host_passing_is_validated() {
    all(&good().delivered(), "validated");
    all(&good().delivered().delivered(), "validated");
}

#[test]
fn what_never_exists_is_no_host() {
    let set = [(0, "mx.example.com"), (32767, "ms1.msv1.invalid")];
    all(&good().mx(&set).delivered(), "validated");
    all(
        &good().mx(&[(0, "a.invalid"), (10, "mx.example.com")]).cert("mx.example.com", &["expired"]),
        "refused",
    );
    // Datasets in which it was asked for have a row of it.
    all(&good().mx(&set).delivered().host("ms1.msv1.invalid", &["no_address"]), "validated");
    all(&good().mx(&[(0, "."), (0, "invalid")]), "no_mail");
}

#[test]
fn testing_with_every_host_passing_is_testing_passing() {
    all(&good().body(TESTING).delivered(), "testing_passing");
}

#[test]
fn what_fails_an_address_refuses_in_enforce_and_is_reported_in_testing() {
    let cases: [&[&'static str]; 7] = [
        &["starttls_not_offered", "starttls_not_offered"],
        &["starttls_refused", "starttls_refused"],
        &["mx_tls_protocol"],
        &["mx_tls_alert"],
        &["smtp_answer_injection"],
        &["smtp_connect_timeout", "starttls_not_offered"],
        &["smtp_connect_timeout", "mx_tls_alert"],
    ];
    for outcomes in cases {
        all(&good().host("mx.example.com", outcomes), "refused");
        all(&good().body(TESTING).host("mx.example.com", outcomes), "testing_failing");
    }
}

#[test]
fn a_certificate_with_any_fault_fails_its_address() {
    for fault in ["self_signed", "untrusted", "chain_incomplete", "other", "expired", "not_yet_valid", "name"]
    {
        all(&good().cert("mx.example.com", &[fault]), "refused");
    }
}

#[test]
fn a_certificate_that_could_not_be_checked_decides_nothing() {
    all(&good().cert("mx.example.com", &["client_limit"]), "indeterminate");
    all(&good().cert("mx.example.com", &["expired", "client_limit"]), "refused");
    all(&good().delivered().cert("mx.example.com", &["client_limit"]), "validated");
    all(&good().delivered().looks(&["policy_tls_cert_limit"]), "indeterminate");
}

#[test]
fn what_could_not_be_observed_is_left_out() {
    let cases: &[&[&'static str]] = &[
        &["smtp_connect_refused"],
        &["smtp_connect_timeout", "smtp_connect_timeout"],
        &["smtp_connect_unreachable"],
        &["smtp_connect_reset"],
        &["smtp_banner_timeout"],
        &["smtp_rejected_4xx"],
        &["smtp_rejected_5xx"],
        &["smtp_closed"],
        &["smtp_protocol"],
        &["limited"],
        &["starttls_not_offered"],
        &["starttls_refused"],
        &["mx_tls_client_limit"],
        &["mx_tls_timeout", "mx_tls_timeout"],
        &["mx_tls_closed"],
        &["not_sampled"],
        &["not_attempted"],
        &["no_address"],
        &["forbidden_address"],
    ];
    for outcomes in cases {
        all(&good().host("mx.example.com", outcomes), "indeterminate");
        all(&good().delivered().host("mx.example.com", outcomes), "validated");
        let two = good().mx(&[(10, "mx.example.com"), (10, "b.example.com")]);
        let two = two.body(&TESTING.replace("mx.example.com", "*.example.com"));
        all(&two.delivered().host("b.example.com", outcomes), "testing_passing");
    }
    all(&good(), "indeterminate");
}

#[test]
fn a_host_with_good_and_bad_addresses_is_mixed_and_makes_the_domain_partial() {
    let mixed = || good().delivered().cert("mx.example.com", &["expired"]);
    all(&mixed(), "partial");
    all(&mixed().body(TESTING), "testing_failing");
}

#[test]
fn a_host_that_the_policy_does_not_match_fails_whatever_was_observed() {
    let other = || good().mx(&[(10, "mx.example.org")]);
    all(&other(), "refused");
    all(&other().cert("mx.example.org", &[]), "refused");
    all(&other().host("mx.example.org", &["smtp_connect_timeout"]), "refused");
    all(&other().body(TESTING), "testing_failing");
}

#[test]
fn a_host_that_is_an_address_does_not_match() {
    all(&good().mx(&[(10, "192.0.2.1")]), "refused");
}

#[test]
fn the_primary_verdict_looks_at_the_lowest_preference_only() {
    let world = good().mx(&[(10, "mx.example.com"), (20, "backup.example.net")]).delivered();
    assert_eq!(verdicts(&world), ["partial", "partial", "validated"]);
    let world = good().mx(&[(10, "first.example.net"), (20, "mx.example.com")]).delivered();
    assert_eq!(verdicts(&world), ["partial", "partial", "refused"]);
    let world = good().mx(&[(10, "mx.example.com"), (20, "backup.example.net")]);
    assert_eq!(verdicts(&world), ["refused", "refused", "indeterminate"]);
}

#[test]
fn mode_none_is_withdrawn_whatever_the_mx() {
    all(&good().body(NONE), "withdrawn");
    all(&good().body(NONE).with(|row| row.mx_kind = Some(MxKind::Unknown)), "withdrawn");
    all(&good().body(NONE).with(|row| row.mx_kind = Some(MxKind::Null)), "withdrawn");
}

#[test]
fn a_usable_policy_without_mail_is_no_mail() {
    for kind in [MxKind::Null, MxKind::None] {
        all(
            &good().with(|row| {
                row.mx_kind = Some(kind);
                row.mx = Some(vec![]);
            }),
            "no_mail",
        );
    }
}

#[test]
fn an_mx_set_that_is_not_known_is_indeterminate() {
    all(
        &good().with(|row| {
            row.mx_kind = Some(MxKind::Unknown);
            row.mx = None;
            row.mx_dns = Some(DnsStatus::ServFail);
        }),
        "indeterminate",
    );
}

#[test]
fn the_domain_itself_is_the_host_of_an_implicit_mx() {
    let world = || good().with(|row| row.mx_kind = Some(MxKind::Implicit)).mx(&[(0, "example.com")]);
    all(&world().cert("example.com", &[]), "refused");
    let body = "version: STSv1\nmode: enforce\nmx: example.com\nmax_age: 1209600\n";
    all(&world().body(body).cert("example.com", &[]), "validated");
}

#[test]
fn a_domain_that_does_not_signal_has_no_verdict() {
    let silent = |change: fn(&mut DomainRow)| good().with(change).assess().verdict_strict;
    assert_eq!(silent(|row| row.sts_txt = Some(vec![])), None);
    assert_eq!(silent(|row| row.sts_txt = None), None);
    assert_eq!(silent(|row| row.sts_txt = Some(vec!["v=spf1 -all".into()])), None);
}

#[test]
fn an_invalid_record_is_no_policy() {
    for txts in
        [&["v=STSv2; id=1"][..], &["v=STSv1;"], &["v=STSv1; id=1", "v=STSv1; id=2"], &["v=STSv1; id="]]
    {
        all(&good().txt(txts).delivered(), "no_policy");
    }
}

#[test]
fn a_record_only_the_lenient_sender_takes_gives_two_verdicts() {
    let world = good().txt(&["v=STSv1; id=2024-01-01"]).delivered();
    assert_eq!(verdicts(&world), ["no_policy", "validated", "no_policy"]);
}

#[test]
fn a_text_only_the_lenient_sender_takes_gives_two_verdicts() {
    let blank = ENFORCE_WITH_BLANK_LINE;
    assert_eq!(verdicts(&good().body(blank).delivered()), ["no_policy", "validated", "no_policy"]);
    let other = good().body(blank).mx(&[(10, "mx.example.net")]);
    assert_eq!(verdicts(&other), ["no_policy", "refused", "no_policy"]);
    let dotted =
        good().body("version: STSv1\nmode: enforce\nmx: mx.example.com.\nmax_age: 1209600").delivered();
    assert_eq!(verdicts(&dotted), ["no_policy", "refused", "no_policy"]);
}

const ENFORCE_WITH_BLANK_LINE: &str =
    "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 1209600\n\n";

#[test]
fn a_text_that_nobody_takes_is_no_policy() {
    all(&good().body("").delivered(), "no_policy");
    all(&good().body("<html>").delivered(), "no_policy");
}

#[test]
fn a_settled_fault_on_the_way_to_the_policy_is_no_policy() {
    for outcome in [
        "policy_host_nxdomain",
        "policy_host_dangling_cname",
        "policy_host_no_address",
        "policy_host_forbidden_address",
        "policy_connect_refused",
        "policy_tls_name",
        "policy_tls_expired",
        "policy_tls_not_yet_valid",
        "policy_tls_self_signed",
        "policy_tls_untrusted",
        "policy_tls_certificate_other",
        "policy_tls_alert",
        "policy_tls_protocol",
        "policy_http_status",
        "policy_redirect",
        "policy_http_malformed",
        "policy_too_large",
    ] {
        all(&good().looks(&[outcome]).delivered(), "no_policy");
    }
}

#[test]
fn a_fault_that_may_pass_is_indeterminate_until_it_is_repeated() {
    for outcome in [
        "policy_host_dns_failure",
        "policy_connect_timeout",
        "policy_connect_unreachable",
        "policy_connect_reset",
        "policy_tls_timeout",
        "policy_tls_closed",
        "policy_timeout",
    ] {
        all(&good().looks(&[outcome]).delivered(), "indeterminate");
        all(&good().looks(&["policy_host_dns_failure", outcome]).delivered(), "no_policy");
        all(&good().looks(&[outcome, "ok"]).delivered(), "validated");
    }
}

#[test]
fn a_further_try_in_the_same_look_repeats_nothing() {
    for outcome in ["policy_tls_timeout", "policy_tls_closed"] {
        all(&good().looks(&[outcome; 2]).delivered(), "indeterminate");
        all(&good().looks(&[outcome; 3]).delivered(), "no_policy");
    }
}

#[test]
fn our_own_limits_are_never_their_fault() {
    all(&good().looks(&["policy_tls_client_limit"]).delivered(), "indeterminate");
    all(&good().looks(&[]).delivered(), "indeterminate");
}

#[test]
fn words_of_a_newer_program_decide_nothing() {
    let seen = |change: fn(&mut SeenDomain)| {
        let world = good().delivered();
        let mut row = SeenDomain::from(&world.row);
        change(&mut row);
        let judged = domain(&row, &world.hosts);
        (judged.verdict_strict, judged.findings)
    };
    let open = (Some(Verdict::Indeterminate), vec![]);
    assert_eq!(seen(|row| row.policy_outcome = Some(Word::read("policy_from_the_future"))), open);
    assert_eq!(seen(|row| row.mx_kind = Some(Word::read("kind_from_the_future"))), open);

    let mut world = good();
    let outcome = Some(Word::read("smtp_from_the_future"));
    let host = SeenHost { host: "mx.example.com".into(), smtp_outcome: outcome, ..SeenHost::default() };
    world.hosts.add(&host);
    all(&world, "indeterminate");
    all(&world.delivered(), "validated");
}

#[test]
fn content_type_does_not_change_the_verdict() {
    all(&good().with(|row| row.policy.content_type = Some("text/html".into())).delivered(), "validated");
}

#[test]
fn a_text_that_may_have_been_cut_is_a_policy_to_the_lenient_sender_alone() {
    let cut = |body: &str| {
        good().delivered().body(body).with(|row| {
            row.policy.outcome = Some(PolicyOutcome::HttpIncomplete);
            row.policy.attempts = Some(vec![PolicyOutcome::HttpIncomplete]);
        })
    };
    assert_eq!(verdicts(&cut(super::ENFORCE)), ["no_policy", "validated", "no_policy"]);
    assert_eq!(verdicts(&cut("version: STSv1\nmode: enf")), ["no_policy"; 3]);
    let found: Vec<_> = cut(TESTING).assess().findings.iter().map(|code| code.as_str()).collect();
    assert_eq!(found, ["policy_http_incomplete"]);
}

#[test]
fn a_host_that_demands_a_client_certificate_is_refused_however_good_its_own_is() {
    let world = good().host_with("mx.example.com", |row| {
        row.addr = Some(std::net::Ipv4Addr::LOCALHOST.into());
        row.smtp.outcome = Some(SmtpOutcome::Ok);
        row.attempts = vec![SmtpOutcome::Ok];
        row.smtp.tls.cert_faults = Some(Vec::new());
        row.smtp.quit_code = Some(421);
        row.smtp.quit_text = Some("4.7.1 mx Error: No client certificate presented".to_owned());
        row.smtp.requiretls = Some(true);
    });
    all(&world, "refused");
    let found: Vec<_> = world.assess().findings.iter().map(|code| code.as_str()).collect();
    assert_eq!(found, ["mx_client_certificate", "mx_requiretls"]);
}
