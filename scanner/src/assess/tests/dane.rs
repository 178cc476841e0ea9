//! DANE, the rules beside the matching itself.

use super::{World, good, word};
use crate::evidence::rows::HostRow;
use crate::evidence::{Code, DaneOutcome, DnsStatus, SmtpOutcome};

const USABLE: &str = "3 1 1 0000000000000000000000000000000000000000000000000000000000000000";

/// The outcome at the one host, and the codes of it.
fn dane(world: &World) -> (Option<&'static str>, Vec<&'static str>) {
    let row = world.assess();
    let outcome = row.dane.as_deref().map(|hosts| {
        assert_eq!(hosts.len(), 1);
        hosts[0].1
    });
    let codes = row.findings.into_iter().map(Code::as_str).filter(|code| code.starts_with("dane_"));
    (outcome.map(DaneOutcome::as_str), codes.collect())
}

/// A domain whose names are all secure, with these TLSA records, seen by a resolver that validates.
fn secure(tlsa: &[&str], change: impl FnOnce(&mut HostRow)) -> World {
    let mut world = good().with(|row| row.mx_ad = Some(true));
    world.hosts.validates = true;
    world.host_with("mx.example.com", |row| {
        row.smtp.outcome = Some(SmtpOutcome::Ok);
        row.attempts = vec![SmtpOutcome::Ok];
        row.host_dns = Some(DnsStatus::NoError);
        row.host_ad = Some(true);
        row.tlsa_dns = Some(DnsStatus::NoError);
        row.tlsa_ad = Some(true);
        row.tlsa = Some(tlsa.iter().map(|&text| text.into()).collect());
        row.smtp.tls.certificate_sha256 = Some("aa".into());
        row.smtp.tls.cert_faults = Some(vec![]);
        row.smtp.tls.chain = vec![b"no certificate".to_vec()];
        change(row);
    })
}

#[test]
fn nothing_is_said_where_nothing_was_asked() {
    assert_eq!(dane(&good().delivered()), (None, vec![]));
}

#[test]
fn without_a_validating_resolver_nothing_is_known() {
    let mut world = secure(&[USABLE], |_| {});
    world.hosts.validates = false;
    assert_eq!(dane(&world), (Some("unknown"), vec![]));
}

#[test]
fn a_record_that_matches_nothing_is_invalid_and_one_that_nobody_can_use_unusable() {
    assert_eq!(dane(&secure(&[USABLE], |_| {})), (Some("invalid"), vec!["dane_invalid"]));
    assert_eq!(dane(&secure(&["1 1 1 00"], |_| {})), (Some("unusable"), vec!["dane_unusable"]));
}

#[test]
fn each_answer_must_be_secure() {
    let insecure = (Some("insecure"), vec!["dane_insecure"]);
    assert_eq!(dane(&secure(&[USABLE], |row| row.host_ad = Some(false))), insecure);
    assert_eq!(dane(&secure(&[USABLE], |row| row.tlsa_ad = Some(false))), insecure);
    // Of the MX set alone: a sender may use them, whatever they come to.
    let of_mx = |tlsa: &str| dane(&secure(&[tlsa], |_| {}).with(|row| row.mx_ad = Some(false)));
    assert_eq!(of_mx(USABLE), (Some("mx_insecure"), vec!["dane_mx_insecure"]));
    assert_eq!(of_mx("1 1 1 00"), (Some("mx_insecure"), vec!["dane_mx_insecure"]));
}

#[test]
fn what_could_not_be_had_is_never_none() {
    let failed = |status| {
        dane(&secure(&[], |row| {
            row.tlsa_dns = Some(status);
            row.tlsa = None;
        }))
    };
    assert_eq!(failed(DnsStatus::ServFail), (Some("bogus"), vec!["dane_bogus"]));
    // Whoever answered says why (RFC 8914).
    let because = |codes: &[i32]| {
        dane(&secure(&[], |row| {
            row.tlsa_dns = Some(DnsStatus::ServFail);
            (row.tlsa_ede, row.tlsa) = (Some(codes.to_vec()), None);
        }))
    };
    for codes in [&[][..], &[6], &[9, 22], &[0]] {
        assert_eq!(because(codes), (Some("bogus"), vec!["dane_bogus"]), "{codes:?}");
    }
    for codes in [&[22][..], &[23], &[22, 23]] {
        assert_eq!(because(codes), (Some("unknown"), vec![]), "{codes:?}");
    }
    assert_eq!(failed(DnsStatus::Timeout), (Some("unknown"), vec![]));
    assert_eq!(failed(DnsStatus::NxDomain), (Some("none"), vec![]));
}

#[test]
fn where_the_addresses_are_insecure_it_is_insecure_asked_or_not_and_whatever_came_of_it() {
    let unsigned = |status: Option<DnsStatus>| {
        dane(&secure(&[], |row| {
            row.host_ad = Some(false);
            row.tlsa_dns = status;
            row.tlsa_ad = status.map(|_| false);
            row.tlsa = None;
        }))
    };
    assert_eq!(unsigned(None), (Some("insecure"), vec![]));
    // Layouts before 1.3 hold what came of the question.
    for status in [DnsStatus::ServFail, DnsStatus::NotImp, DnsStatus::Timeout, DnsStatus::NoData] {
        assert_eq!(unsigned(Some(status)), (Some("insecure"), vec![]), "{status:?}");
    }
}

#[test]
fn a_secure_alias_of_an_insecure_host_has_records_of_its_own() {
    let alias = |cname_ad, asked: bool| {
        dane(&secure(&[USABLE], |row| {
            row.host_ad = Some(false);
            row.host_cname = Some(vec!["mx.example.net".into()]);
            row.cname_ad = cname_ad;
            if !asked {
                (row.tlsa_dns, row.tlsa_ad, row.tlsa) = (None, None, None);
            }
        }))
    };
    assert_eq!(alias(Some(true), true), (Some("invalid"), vec!["dane_invalid"]));
    assert_eq!(alias(Some(false), false), (Some("insecure"), vec![]));
    // The question for the alias failed.
    assert_eq!(alias(None, false), (Some("unknown"), vec![]));
    // Nobody asked it before layout 1.3.
    assert_eq!(alias(None, true), (Some("insecure"), vec!["dane_insecure"]));
}

#[test]
fn a_question_that_fails_below_a_secure_alias_is_bogus() {
    let world = secure(&[], |row| {
        row.host_ad = Some(false);
        row.host_cname = Some(vec!["mx.example.net".into()]);
        row.cname_ad = Some(true);
        (row.tlsa_dns, row.tlsa) = (Some(DnsStatus::ServFail), None);
    });
    assert_eq!(dane(&world), (Some("bogus"), vec!["dane_bogus"]));
}

#[test]
fn without_tls_a_usable_record_is_not_met_and_without_a_connection_nothing_is_known() {
    let ended = |outcome: &'static str| {
        dane(&secure(&[USABLE], |row| {
            row.smtp.outcome = Some(word(outcome));
            row.smtp.tls = crate::evidence::rows::TlsEvidence::default();
        }))
        .0
    };
    assert_eq!(ended("starttls_masked"), Some("invalid"));
    // One look at it decides nothing.
    assert_eq!(ended("starttls_not_offered"), Some("unknown"));
    assert_eq!(ended("mx_tls_protocol"), Some("invalid"));
    for outcome in ["smtp_connect_refused", "smtp_banner_timeout", "limited", "not_sampled", "mx_tls_timeout"]
    {
        assert_eq!(ended(outcome), Some("unknown"), "{outcome}");
    }
}

#[test]
fn a_certificate_that_the_table_lacks_decides_nothing() {
    let mut world = secure(&[USABLE], |row| row.smtp.tls.chain = vec![]);
    assert!(world.hosts.wants_any() && world.hosts.wants("aa") && !world.hosts.wants("bb"));
    world.hosts.settle();
    assert_eq!(dane(&world).0, Some("unknown"));
}

#[test]
fn a_certificate_of_the_table_is_held_against_the_records() {
    let mut world = secure(&[USABLE], |row| row.smtp.tls.chain = vec![]);
    world.hosts.show("aa", b"another one");
    assert!(!world.hosts.wants_any());
    assert_eq!(dane(&world).0, Some("invalid"));
}
