//! The verdicts of named senders, rule by rule.

use super::{World, good};
use crate::evidence::rows::HostRow;
use crate::evidence::{CertFault, DnsStatus, MxKind, PolicyOutcome, SmtpOutcome, Verdict};
use rcgen::{CertificateParams, DnType, KeyPair};

const ENFORCE: &str = "version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 1209600\n";
const TESTING: &str = "version: STSv1\nmode: testing\nmx: *.example.com\nmax_age: 86400\n";
const WRONG: &str = "3 1 1 0000000000000000000000000000000000000000000000000000000000000000";

fn classic(world: &World) -> &'static str {
    world.assess().verdict_postfix_classic.unwrap().as_str()
}

fn dane_first(world: &World) -> &'static str {
    world.assess().verdict_dane_first.unwrap().as_str()
}

fn certificate(common: &str, names: &[&str]) -> Vec<u8> {
    let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

/// A row of a host that showed a certificate with these faults.
fn shows(row: &mut HostRow, der: Vec<u8>, faults: &[CertFault]) {
    row.smtp.outcome = Some(SmtpOutcome::Ok);
    row.attempts = vec![SmtpOutcome::Ok];
    row.host_dns = Some(DnsStatus::NoError);
    row.smtp.tls.cert_faults = Some(faults.to_vec());
    row.smtp.tls.certificate_sha256 = Some(crate::tls::certificate::sha256_hex(&der));
    row.smtp.tls.chain = vec![der];
}

/// A domain whose one host shows a certificate with these names.
fn named(host: &str, common: &str, names: &[&str], faults: &[CertFault]) -> World {
    let der = certificate(common, names);
    good().body(ENFORCE).mx(&[(10, host)]).host_with(host, |row| shows(row, der, faults))
}

/// The domain that the host passes DANE at, fails, or whatever its row says.
fn signed(world: World, host: &str, change: impl FnOnce(&mut HostRow)) -> World {
    let mut world = world.with(|row| row.mx_ad = Some(true));
    world.hosts.validates = true;
    world.host_with(host, |row| {
        shows(row, certificate("ignored", &[]), &[]);
        row.host_ad = Some(true);
        (row.tlsa_dns, row.tlsa_ad) = (Some(DnsStatus::NoError), Some(true));
        change(row);
    })
}

fn fails(row: &mut HostRow) {
    row.tlsa = Some(vec![WRONG.into()]);
}

fn holds(row: &mut HostRow) {
    let digest = row.smtp.tls.certificate_sha256.clone().unwrap();
    row.tlsa = Some(vec![format!("3 0 1 {digest}")]);
}

#[test]
fn classic_postfix_holds_names_against_patterns_and_no_hosts() {
    let name = [CertFault::Name];
    for (host, common, names, faults, verdict) in [
        ("mx.example.com", "ignored", &["mx.example.com"][..], &[][..], "validated"),
        // Whatever host it is, and whatever its own name.
        ("mx.example.org", "ignored", &["other.example.com"], &name, "validated"),
        ("a.b.example.com", "ignored", &["a.b.example.com"], &[], "validated"),
        ("mx.example.org", "ignored", &["mx.example.org"], &[], "refused"),
        ("mx.example.com", "mx.example.com", &[], &name, "validated"),
        ("mx.example.com", "mx.example.com", &["mx.example.net"], &name, "refused"),
        ("mx.example.com", "ignored", &["mx.example.com"], &[CertFault::Expired], "refused"),
        ("mx.example.com", "ignored", &["mx.example.com"], &[CertFault::Untrusted], "refused"),
    ] {
        assert_eq!(classic(&named(host, common, names, faults)), verdict, "{host} {names:?} {faults:?}");
    }
}

#[test]
fn classic_postfix_checks_nothing_in_mode_testing() {
    assert_eq!(classic(&good().body(TESTING)), "testing_passing");
    let failing = || good().body(TESTING).cert("mx.example.com", &["expired"]);
    assert_eq!(classic(&failing()), "testing_passing");
    assert_eq!(classic(&failing().with(|row| row.mx_kind = Some(MxKind::Unknown))), "indeterminate");
}

#[test]
fn what_is_not_known_of_a_certificate_decides_nothing() {
    assert_eq!(classic(&good().delivered()), "indeterminate");
    assert_eq!(classic(&good().host("mx.example.com", &["smtp_connect_timeout"])), "indeterminate");
    assert_eq!(classic(&good().host("mx.example.com", &["mx_tls_alert"])), "refused");
}

#[test]
fn dane_that_holds_passes_whatever_the_policy_says_and_one_that_fails_fails() {
    let elsewhere = || good().mx(&[(10, "mx.example.org")]);
    let gone = || good().with(|row| row.policy.outcome = Some(PolicyOutcome::ConnectRefused));
    let open = || good().with(|row| row.policy.outcome = None);
    for (world, host) in [
        (good(), "mx.example.com"),
        (elsewhere(), "mx.example.org"),
        (good().body(TESTING), "mx.example.com"),
        (gone(), "mx.example.com"),
        (open(), "mx.example.com"),
    ] {
        assert_eq!(dane_first(&signed(world, host, holds)), "validated");
    }
    for world in [good(), good().body(TESTING), gone()] {
        assert_eq!(dane_first(&signed(world, "mx.example.com", fails)), "refused");
    }
}

#[test]
fn where_dane_is_bogus_or_unknown_the_mail_waits() {
    let failed =
        |status| signed(good(), "mx.example.com", |row| (row.tlsa_dns, row.tlsa) = (Some(status), None));
    assert_eq!(dane_first(&failed(DnsStatus::ServFail)), "indeterminate");
    assert_eq!(dane_first(&failed(DnsStatus::Timeout)), "indeterminate");
    // Nobody knows what DANE is at a host that was not looked up; at an address it is nothing.
    assert_eq!(dane_first(&good().mx(&[(10, "mx.example.org")])), "indeterminate");
    assert_eq!(dane_first(&good().mx(&[(10, "192.0.2.1")])), "refused");
}

#[test]
fn records_that_cannot_be_used_want_tls_and_no_more() {
    let unusable = |outcome: SmtpOutcome| {
        signed(good(), "mx.example.com", |row| {
            row.tlsa = Some(vec!["1 1 1 00".into()]);
            row.smtp.tls.cert_faults = Some(vec![CertFault::SelfSigned]);
            row.smtp.outcome = Some(outcome);
        })
    };
    assert_eq!(dane_first(&unusable(SmtpOutcome::Ok)), "validated");
    assert_eq!(dane_first(&unusable(SmtpOutcome::Masked)), "refused");
    assert_eq!(dane_first(&unusable(SmtpOutcome::ConnectTimeout)), "indeterminate");
}

#[test]
fn hosts_without_dane_go_by_the_policy() {
    let absent = |row: &mut HostRow| (row.tlsa_dns, row.tlsa) = (Some(DnsStatus::NoData), Some(vec![]));
    let unsigned = |row: &mut HostRow| {
        row.host_ad = Some(false);
        (row.tlsa_dns, row.tlsa_ad) = (None, None);
    };
    for change in [absent as fn(&mut HostRow), unsigned] {
        assert_eq!(dane_first(&signed(good(), "mx.example.com", change)), "validated");
        let other = good().mx(&[(10, "mx.example.org")]);
        assert_eq!(dane_first(&signed(other, "mx.example.org", change)), "refused");
        let testing = good().body(TESTING).mx(&[(10, "mx.example.org")]);
        assert_eq!(dane_first(&signed(testing, "mx.example.org", change)), "testing_failing");
    }
    // RFC 7672 section 2.2.1: these senders want the MX set to be secure.
    let mx = signed(good(), "mx.example.com", fails).with(|row| row.mx_ad = Some(false));
    assert_eq!(dane_first(&mx), "validated");
}

#[test]
fn one_host_by_dane_and_another_by_the_policy() {
    let set = [(10, "mx.example.com"), (20, "b.example.com")];
    let unsigned = |row: &mut HostRow| (row.host_ad, row.tlsa_dns, row.tlsa_ad) = (Some(false), None, None);
    let both = |body: &str, change: fn(&mut HostRow)| {
        let world = signed(good().body(body).mx(&set), "mx.example.com", change);
        signed(world, "b.example.com", unsigned)
    };
    assert_eq!(dane_first(&both(ENFORCE, fails)), "partial");
    assert_eq!(dane_first(&both(ENFORCE, holds)), "validated");
    assert_eq!(dane_first(&both(TESTING, fails)), "partial");
    assert_eq!(dane_first(&both(TESTING, holds)), "testing_passing");
    let gone =
        |change| both(ENFORCE, change).with(|row| row.policy.outcome = Some(PolicyOutcome::ConnectRefused));
    assert_eq!(dane_first(&gone(fails)), "partial");
    assert_eq!(dane_first(&gone(holds)), "no_policy");
    let open = both(ENFORCE, fails).with(|row| row.policy.outcome = None);
    assert_eq!(dane_first(&open), "indeterminate");
}

#[test]
fn who_does_not_signal_has_none_of_these_verdicts() {
    let row = good().txt(&[]).delivered().assess();
    assert_eq!((row.verdict_postfix_classic, row.verdict_dane_first), (None::<Verdict>, None));
}
