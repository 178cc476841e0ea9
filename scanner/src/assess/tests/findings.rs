//! The findings, one row each.

use super::{World, good, mx, word, words};
use crate::assess::catalogue::Severity;
use crate::assess::is_assessed;
use crate::evidence::{Code, DnsStatus, MismatchKind, MxKind, PolicyOutcome, RecordState, SmtpOutcome};

/// What a world shows beside nothing.
fn findings(world: &World) -> Vec<&'static str> {
    codes(world.assess().findings)
}

fn codes(codes: Vec<Code>) -> Vec<&'static str> {
    codes.into_iter().map(Code::as_str).collect()
}

fn lasting(world: &World) -> Vec<&'static str> {
    codes(world.assess().lasting)
}

#[test]
fn a_domain_in_good_order_has_no_finding() {
    let row = good().delivered().assess();
    assert_eq!(row.findings, []);
    assert_eq!((row.lasting.len(), row.mismatch_kind, row.dane), (0, None, None));
}

#[test]
fn each_failure_at_mta_sts_has_its_code() {
    let world = |status| {
        good().with(|row| {
            row.sts_dns = Some(status);
            row.sts_txt = None;
            row.sts_cname = None;
        })
    };
    assert_eq!(findings(&world(DnsStatus::ServFail)), ["record_dns_servfail"]);
    assert_eq!(findings(&world(DnsStatus::Timeout)), ["record_dns_timeout"]);
    assert_eq!(findings(&world(DnsStatus::Refused)), ["record_dns_refused"]);
    for status in [DnsStatus::FormErr, DnsStatus::NotImp, DnsStatus::Truncated, DnsStatus::BadAnswer] {
        assert_eq!(findings(&world(status)), ["record_dns_unusable"], "{status}");
    }
    let again = |status| lasting(&world(status).with(|row| row.attempts = 2));
    assert_eq!(again(DnsStatus::Timeout), ["record_dns_timeout"]);
    assert_eq!(again(DnsStatus::ServFail), [""; 0], "the catalogue does not mark it as one that may pass");
}

#[test]
fn findings_of_the_record_are_drawn_from_its_text() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["v=STSv1; id=1", "v=STSv1; id=2"], &["record_multiple"]),
        (&["v=STSv2; id=1"], &["record_version_invalid"]),
        (&["v=STSv1;"], &["record_id_missing"]),
        (&["v=STSv1; id=-"], &["record_id_invalid"]),
        (&["v=STSv1; id=123456789012345678901234567890123"], &["record_id_too_long"]),
        (&["v=STSv1; id=1;;"], &["record_field_invalid"]),
        (&["v=STSv1; id=1;\\010x=1"], &["record_field_invalid"]),
        (&["v=STSv1 ; id=1"], &["record_space_before_semicolon"]),
        (&["v=STSv1; id=1; id=2"], &["record_duplicate_field"]),
        (&["v=STSv1; id=1 "], &["record_trailing_space"]),
        (&["v=STSv1; id=1", "v=spf1 -all", "other"], &["record_unrelated_txt"]),
    ];
    for (txts, expected) in cases {
        assert_eq!(&findings(&good().txt(txts).delivered()), expected, "{txts:?}");
    }
}

#[test]
fn wildcard_and_delegation_are_told() {
    let world = good().delivered().with(|row| {
        row.sts_wildcard = Some(true);
        row.policy.wildcard = Some(true);
        row.sts_cname = Some(vec!["sts.provider.example".into()]);
    });
    assert_eq!(findings(&world), ["record_wildcard", "record_delegated", "policy_wildcard"]);
}

#[test]
fn only_a_difference_between_name_servers_is_told() {
    let of = |agree| findings(&good().delivered().with(|row| row.sts_ns_agree = agree));
    assert_eq!(of(Some(false)), ["record_ns_disagree"]);
    assert_eq!((of(Some(true)), of(None)), (vec![], vec![]));
}

#[test]
fn each_outcome_on_the_way_to_the_policy_is_its_finding() {
    for code in Code::ALL {
        let word = code.as_str();
        let host = word.starts_with("policy_host_") || word.starts_with("policy_connect_");
        let later = ["policy_tls_", "policy_http_malformed", "policy_timeout", "policy_too_large"];
        // A certificate that works, and a name that somebody could take, are no outcomes.
        let others =
            [Code::policy_tls_renewal_late, Code::policy_tls_weak_key, Code::policy_host_cname_claimable];
        let is_outcome = !others.contains(code);
        if is_outcome && (host || later.iter().any(|prefix| word.starts_with(prefix))) {
            assert_eq!(findings(&good().looks(&[word]).delivered()), [word]);
            let repeated = lasting(&good().looks(&["policy_host_dns_failure", word]).delivered());
            assert_eq!(repeated.contains(&word), code.may_pass(), "{word}");
        }
    }
}

#[test]
fn a_hello_that_was_answered_only_when_small_is_told_beside_the_outcome() {
    let policy = good().looks(&["policy_tls_large_hello", "ok"]).delivered();
    assert_eq!(findings(&policy), ["policy_tls_large_hello"]);
    let mut host = good().host_with("mx.example.com", |row| {
        row.smtp.outcome = Some(SmtpOutcome::Ok);
        row.smtp.tls.cert_faults = Some(vec![]);
        row.attempts = vec![SmtpOutcome::TlsLargeHello, SmtpOutcome::Ok];
    });
    assert_eq!(findings(&host), ["mx_tls_large_hello"]);
    host = good().host("mx.example.com", &["mx_tls_large_hello", "mx_tls_client_limit", "mx_tls_protocol"]);
    assert_eq!(findings(&host), ["mx_tls_protocol", "mx_tls_large_hello"]);
}

#[test]
fn a_first_policy_look_that_came_late_is_not_repeated() {
    let world = good().looks(&["policy_connect_timeout"]).with(|row| row.attempts = 2);
    assert_eq!(lasting(&world), [""; 0]);
}

#[test]
fn what_stands_behind_a_bad_certificate_is_told_too() {
    let world = good().delivered().body("version: STSv1\nmode: testing\nmx: a.b\n").with(|row| {
        row.policy.outcome = Some(PolicyOutcome::TlsSelfSigned);
        row.policy.tls.cert_faults = Some(words(&["self_signed", "expired", "name"]));
    });
    assert_eq!(
        findings(&world),
        [
            "policy_tls_name",
            "policy_tls_expired",
            "policy_tls_self_signed",
            "policy_max_age_missing",
            "policy_mode_testing"
        ]
    );
}

#[test]
fn an_error_page_is_not_judged_as_a_policy() {
    let page = |status: i32, outcome: &'static str, to: Option<&str>| {
        let world = good().delivered().body("<html>").with(|row| {
            row.policy.outcome = Some(word(outcome));
            row.policy.http_status = Some(status);
            row.policy.redirect_to = to.map(Into::into);
            row.policy.content_type = Some("text/html".into());
        });
        findings(&world)
    };
    assert_eq!(page(404, "policy_http_status", None), ["policy_http_status"]);
    assert_eq!(page(304, "policy_http_status", None), ["policy_http_status"]);
    assert_eq!(page(301, "policy_redirect", Some("https://example.com/")), ["policy_redirect"]);
    assert_eq!(page(404, "policy_tls_name", None), ["policy_tls_name", "policy_http_status"]);
    assert_eq!(page(200, "policy_too_large", None), ["policy_too_large", "policy_content_type"]);
    assert_eq!(page(200, "ok", None), ["policy_content_type", "policy_html"]);
}

#[test]
fn content_type_is_looked_at_without_its_parameters() {
    let typed = |content_type: Option<&str>| {
        findings(&good().delivered().with(|row| row.policy.content_type = content_type.map(Into::into)))
    };
    assert_eq!(typed(Some("Text/Plain")), [""; 0]);
    assert_eq!(typed(Some("text/plain ;charset=x")), [""; 0]);
    assert_eq!(typed(Some("application/octet-stream")), ["policy_content_type"]);
    assert_eq!(typed(None), ["policy_content_type"]);
}

#[test]
fn findings_of_the_text_are_drawn_from_the_body() {
    let head = "version: STSv1\nmode: enforce\nmx: mx.example.com\n";
    let cases: &[(String, &[&str])] = &[
        (String::new(), &["policy_empty"]),
        ("<!doctype html>".into(), &["policy_html"]),
        (format!("{head}max_age: 0"), &["policy_max_age_zero"]),
        (format!("{head}max_age: 600"), &["policy_max_age_short"]),
        (format!("{head}max_age: 31557601"), &["policy_max_age_too_large"]),
        (format!("{head}max_age: x"), &["policy_max_age_invalid"]),
        (format!("{head}\nmax_age: 1209600"), &["policy_blank_line"]),
        (format!("{head} max_age: 1209600"), &["policy_leading_space"]),
        (format!("\u{feff}{head}max_age: 1209600"), &["policy_bom"]),
        (format!("{head}max_age: 1209600\nx: y"), &["policy_unknown_field"]),
        (format!("{head}max_age: 1209600\nx"), &["policy_line_invalid"]),
        (format!("{head}max_age: 1209600\nmode: enforce"), &["policy_duplicate_field"]),
        (format!("{head}max_age: 1209600\nmx: a.b."), &["policy_mx_invalid"]),
        (format!("{head}max_age: 1209600\nmx: ñ.b"), &["policy_mx_u_label"]),
        (format!("{head}max_age: 1209600").replace("STSv1", "1"), &["policy_version_invalid"]),
        (format!("{head}max_age: 1209600").replace("enforce", "on"), &["policy_mode_invalid"]),
        (head.to_owned(), &["policy_max_age_missing"]),
        ("mode: enforce\nmx: mx.example.com\nmax_age: 1209600".into(), &["policy_version_missing"]),
        ("version: STSv1\nmx: mx.example.com\nmax_age: 1209600".into(), &["policy_mode_missing"]),
        ("version: STSv1\nmode: enforce\nmax_age: 1209600".into(), &["policy_mx_missing"]),
        (format!("{head}max_age: 86400").replace("enforce", "testing"), &["policy_mode_testing"]),
        (format!("{head}max_age: 86400").replace("enforce", "none"), &["policy_mode_none"]),
    ];
    for (body, expected) in cases {
        assert_eq!(&findings(&good().body(body).delivered()), expected, "{body:?}");
    }
}

#[test]
fn each_kind_of_mx_set_has_its_code() {
    let kind = |kind| {
        findings(&good().with(|row| {
            row.mx_kind = Some(kind);
            row.mx = Some(vec![]);
        }))
    };
    assert_eq!(kind(MxKind::None), ["mx_none"]);
    assert_eq!(kind(MxKind::Null), ["mx_null"]);
    let implicit = good().with(|row| row.mx_kind = Some(MxKind::Implicit)).delivered();
    assert_eq!(findings(&implicit), ["mx_implicit"]);
    let beside = good().mx(&[(0, "."), (10, "mx.example.com")]).delivered();
    assert_eq!(findings(&beside), ["mx_null_beside_others"]);
    let left_over = good().mx(&[(0, "mx.example.com"), (32767, "ms1.msv1.invalid")]).delivered();
    assert_eq!(findings(&left_over), ["mx_below_invalid"]);
    let name_alike = good().mx(&[(10, "mx.example.com"), (20, "xinvalid")]).delivered();
    assert_eq!(findings(&name_alike), ["mx_mismatch_some"]);
    for name in ["_dc-mx.example.com", "a\\032b.example.com", "-a.example.com"] {
        assert_eq!(findings(&good().mx(&[(10, name)]))[0], "mx_name_invalid", "{name}");
    }
}

#[test]
fn an_mx_set_that_could_not_be_had_is_a_failure_and_lasts_once_repeated() {
    let unknown = |status, attempts| {
        good()
            .with(|row| {
                row.mx_dns = Some(status);
                row.mx_kind = Some(MxKind::Unknown);
                row.mx = None;
                row.attempts = attempts;
            })
            .assess()
    };
    for (status, attempts, lasts) in [
        (DnsStatus::ServFail, 1, false),
        (DnsStatus::ServFail, 2, true),
        (DnsStatus::Timeout, 2, true),
        (DnsStatus::Refused, 2, true),
        // Not asked again, whatever else was.
        (DnsStatus::FormErr, 2, false),
        // The addresses of an implicit MX.
        (DnsStatus::NoData, 1, false),
        (DnsStatus::NoData, 2, true),
    ] {
        let row = unknown(status, attempts);
        assert_eq!(row.findings, [Code::mx_dns_failure], "{status}");
        assert_eq!(row.lasting.len(), usize::from(lasts), "{status} {attempts}");
    }
}

#[test]
fn addresses_that_were_not_asked_for_are_no_failure() {
    let world = good().txt(&[]).with(|row| {
        row.mx_dns = Some(DnsStatus::NoData);
        row.mx_kind = Some(MxKind::Unknown);
        row.mx = None;
    });
    assert_eq!(findings(&world), [""; 0]);
}

#[test]
fn names_and_addresses_of_mx_hosts_have_their_codes() {
    let host = |status| {
        findings(&good().host_with("mx.example.com", |row| {
            row.host_dns = Some(status);
        }))
    };
    assert_eq!(host(DnsStatus::NxDomain), ["mx_unresolvable"]);
    assert_eq!(host(DnsStatus::NoData), ["mx_unresolvable"]);
    assert_eq!(host(DnsStatus::ServFail), ["mx_dns_failure"]);
    let alias = good().host_with("mx.example.com", |row| {
        row.smtp.outcome = Some(SmtpOutcome::NotAttempted);
        row.host_cname = Some(vec!["real.example.com".into()]);
    });
    assert_eq!(findings(&alias), ["mx_is_cname"]);
    assert_eq!(findings(&good().host("mx.example.com", &["forbidden_address"])), ["mx_forbidden_address"]);
    let address = good().mx(&[(10, "192.0.2.1")]);
    assert_eq!(findings(&address), ["mx_is_address", "mx_mismatch_all", "pattern_unused"]);
}

#[test]
fn each_outcome_of_smtp_is_its_finding_and_lasts_once_repeated_if_it_may_pass() {
    for code in Code::ALL {
        let word = match code.as_str() {
            "smtp_limited" => "limited",
            word if word.starts_with("smtp_") || word.starts_with("starttls_") => word,
            word if word.starts_with("mx_tls_") => word,
            _ => continue,
        };
        let once = good().host("mx.example.com", &[word]).assess();
        assert_eq!((once.findings, once.lasting.len()), (vec![*code], 0));
        let twice = good().host("mx.example.com", &["smtp_closed", word]).assess();
        assert_eq!(twice.lasting.contains(code), code.may_pass(), "{word}");
    }
}

#[test]
fn every_fault_of_an_mx_certificate_is_told() {
    for (fault, code) in [
        ("self_signed", "mx_cert_self_signed"),
        ("untrusted", "mx_cert_untrusted"),
        ("chain_incomplete", "mx_cert_chain_incomplete"),
        ("other", "mx_cert_other"),
        ("expired", "mx_cert_expired"),
        ("not_yet_valid", "mx_cert_not_yet_valid"),
        ("name", "mx_cert_name"),
    ] {
        let world = good().cert("mx.example.com", &[fault]);
        assert_eq!(findings(&world), [code, "mx_cert_all_invalid"]);
    }
    let two = good().cert("mx.example.com", &["untrusted", "name"]);
    assert_eq!(findings(&two), ["mx_cert_name", "mx_cert_untrusted", "mx_cert_all_invalid"]);
    // What could not be checked is not called invalid.
    let limited = good().cert("mx.example.com", &["client_limit"]);
    assert_eq!(findings(&limited), ["mx_cert_client_limit"]);
}

#[test]
fn what_senders_judge_differently_is_told_where_some_of_them_take_it() {
    let shown = |faults: &'static [&'static str], differs: &'static [&'static str]| {
        good().host_with("mx.example.com", |row| {
            row.smtp.outcome = Some(SmtpOutcome::Ok);
            row.smtp.tls.cert_faults = Some(words(faults));
            row.smtp.tls.cert_differs = Some(words(differs));
        })
    };
    assert_eq!(findings(&shown(&[], &["no_staple"])), ["mx_cert_senders_differ"]);
    assert_eq!(findings(&shown(&[], &["weak_key"])), ["mx_cert_weak_key", "mx_cert_senders_differ"]);
    let self_signed = findings(&shown(&["self_signed"], &["weak_key"]));
    assert_eq!(self_signed, ["mx_cert_self_signed", "mx_cert_all_invalid", "mx_cert_weak_key"]);
    let named = findings(&shown(&["name"], &["cn_only"]));
    assert_eq!(named, ["mx_cert_name", "mx_cert_all_invalid", "mx_cert_senders_differ"]);
    let policy = good().delivered().with(|row| row.policy.tls.cert_differs = Some(words(&["weak_key"])));
    assert_eq!(findings(&policy), ["policy_tls_weak_key"]);
}

#[test]
fn all_certificates_are_invalid_only_where_no_observed_address_has_a_good_one() {
    let two = || {
        let body = super::ENFORCE.replace("mx.example.com", "*.example.com");
        good().body(&body).mx(&[(10, "a.example.com"), (20, "b.example.com")])
    };
    let bad = |world: World| findings(&world.cert("a.example.com", &["expired"]));
    assert_eq!(bad(two()), ["mx_cert_expired", "mx_cert_all_invalid"]);
    assert_eq!(
        bad(two().host("b.example.com", &["smtp_rejected_5xx"])),
        ["smtp_rejected_5xx", "mx_cert_expired", "mx_cert_all_invalid"]
    );
    assert_eq!(bad(two().cert("b.example.com", &[])), ["mx_cert_expired", "mx_cert_some_invalid"]);
    assert_eq!(bad(two().cert("a.example.com", &[])), ["mx_cert_expired", "mx_cert_some_invalid"]);
}

#[test]
fn mismatches_are_told_with_their_kind() {
    let set = |set: &[(u16, &str)]| {
        let row = good().mx(set).assess();
        (codes(row.findings), row.mismatch_kind.map(MismatchKind::as_str))
    };
    assert_eq!(
        set(&[(10, "mx2.example.com")]),
        (vec!["mx_mismatch_all", "pattern_unused"], Some("third_level"))
    );
    assert_eq!(
        set(&[(10, "mx.example.com"), (20, "mx.example.org"), (30, "far.provider.net")]),
        (vec!["mx_mismatch_some"], Some("top_level_only")),
        "the first kind that fits any pair"
    );
    assert_eq!(set(&[(10, "MX.example.COM")]), (vec![], None));
    let more = good().body(&super::ENFORCE.replace("max_age", "mx: *.example.net\nmax_age")).delivered();
    assert_eq!((findings(&more), more.assess().mismatch_kind), (vec!["pattern_unused"], None));
}

#[test]
fn nothing_is_matched_without_a_usable_policy_or_with_mode_none() {
    let none = good().body("version: STSv1\nmode: none\nmx: a.b\nmax_age: 1").delivered();
    assert_eq!(findings(&none), ["policy_mode_none"]);
    let unusable = good().mx(&[(10, "other.example.net")]).looks(&["policy_tls_name"]);
    assert_eq!((findings(&unusable), unusable.assess().mismatch_kind), (vec!["policy_tls_name"], None));
}

#[test]
fn tlsrpt_has_its_codes() {
    let tlsrpt = |txts: &[&str]| {
        let txts = txts.iter().map(|&txt| txt.into()).collect();
        findings(&good().delivered().with(|row| row.tlsrpt_txt = Some(txts)))
    };
    assert_eq!(tlsrpt(&[]), ["tlsrpt_absent"]);
    assert_eq!(tlsrpt(&["v=spf1 -all"]), ["tlsrpt_absent"]);
    let one = "v=TLSRPTv1; rua=mailto:a@b.example";
    assert_eq!(tlsrpt(&[one, one]), ["tlsrpt_multiple"]);
    assert_eq!(tlsrpt(&["v=TLSRPTv1; rua=mailto:a@b.example "]), ["tlsrpt_invalid"]);
    assert_eq!(tlsrpt(&["v=TLSRPTv1; x=1"]), ["tlsrpt_rua_missing"]);
    assert_eq!(tlsrpt(&["v=TLSRPTv1; rua=http://a.example"]), ["tlsrpt_rua_invalid"]);
    let unknown = good().delivered().with(|row| row.tlsrpt_txt = None);
    assert_eq!(findings(&unknown), [""; 0]);
}

#[test]
fn hosts_of_a_domain_that_does_not_signal_are_left_alone() {
    let world = good().txt(&[]).cert("mx.example.com", &["expired"]);
    assert_eq!(findings(&world), [""; 0]);
}

#[test]
fn a_row_is_due_to_signal_or_tlsrpt() {
    assert!(is_assessed(Some(true), Some(RecordState::Absent)));
    assert!(is_assessed(Some(false), Some(RecordState::Invalid)));
    assert!(is_assessed(None, Some(RecordState::Multiple)));
    assert!(!is_assessed(Some(false), Some(RecordState::Unknown)));
    assert!(!is_assessed(None, None));
}

#[test]
fn findings_stand_in_the_order_of_the_catalogue_each_once() {
    let mut world = good().mx(&[(10, "192.0.2.1")]).txt(&["v=STSv1; id=-; x; y"]);
    world.row.mx.as_mut().unwrap().push(mx(20, "192.0.2.2"));
    let found = findings(&world);
    let codes: Vec<Code> = found.iter().map(|word| Code::from_word(word).unwrap()).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "{found:?}");
}

#[test]
fn what_does_not_decide_is_never_an_error() {
    for word in ["record_dns_timeout", "smtp_rejected_4xx", "mx_tls_client_limit", "policy_host_dns_failure"]
    {
        assert_eq!(Code::from_word(word).unwrap().finding().severity, Severity::Indeterminate);
    }
}
