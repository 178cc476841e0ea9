//! Renewals that are late.

use super::{World, good, words};
use crate::evidence::{Code, DnsStatus, SmtpOutcome};

fn codes(world: &World) -> Vec<&'static str> {
    world.assess().findings.into_iter().map(Code::as_str).collect()
}

#[test]
fn a_valid_certificate_whose_renewal_is_late_is_a_warning() {
    const DAY: i64 = 86_400 * 1_000_000;
    let (policy, host) = ("aa".repeat(32), "bb".repeat(32));
    let world = |policy_at: i64, host_at: i64, faults: &[&str]| {
        let mut world = good().with(|row| {
            row.policy.at = Some(policy_at * DAY);
            row.policy.tls.certificate_sha256 = Some(policy.clone());
        });
        world.hosts.lives.note(&policy, 0, 90 * DAY);
        world.hosts.lives.note(&host, 0, 60 * DAY);
        let faults = words(faults);
        codes(&world.host_with("mx.example.com", |row| {
            row.host_dns = Some(DnsStatus::NoError);
            row.smtp.outcome = Some(SmtpOutcome::Ok);
            row.smtp.probed_at = Some(host_at * DAY);
            row.smtp.tls.certificate_sha256 = Some(host.clone());
            row.smtp.tls.cert_faults = Some(faults);
        }))
    };
    assert!(world(75, 50, &[]).is_empty());
    assert_eq!(world(76, 50, &[]), ["policy_tls_renewal_late"]);
    assert_eq!(world(75, 51, &[]), ["mx_cert_renewal_late"]);
    assert_eq!(world(75, 61, &["expired"]), ["mx_cert_expired", "mx_cert_all_invalid"]);
}
