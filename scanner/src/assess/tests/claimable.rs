//! What somebody else could take.

use super::{World, good};
use crate::evidence::rows::{PatternDns, RuaDns};
use crate::evidence::{Code, DnsStatus, MxKind, PolicyOutcome};

fn codes(world: World) -> Vec<&'static str> {
    world.delivered().assess().findings.into_iter().map(Code::as_str).collect()
}

#[test]
fn only_a_domain_that_does_not_exist_is_missing() {
    let pattern = |status| {
        let domain = "gone.example".to_owned();
        codes(good().with(|row| row.pattern_dns = Some(vec![PatternDns { domain, status }])))
    };
    assert_eq!(pattern(DnsStatus::NxDomain), ["policy_pattern_domain_missing"]);
    for status in DnsStatus::ALL.iter().copied().filter(|status| *status != DnsStatus::NxDomain) {
        assert_eq!(pattern(status), [""; 0], "{status}");
    }
    assert_eq!(codes(good().with(|row| row.pattern_dns = Some(Vec::new()))), [""; 0]);
}

#[test]
fn a_report_host_is_missing_or_takes_no_mail_or_is_not_known_to() {
    let rua = |status, mx_kind| {
        let host = "reports.example".to_owned();
        codes(good().with(|row| row.tlsrpt_rua_dns = Some(vec![RuaDns { host, status, mx_kind }])))
    };
    let (gone, here, bare) = (DnsStatus::NxDomain, DnsStatus::NoError, DnsStatus::NoData);
    assert_eq!(rua(gone, Some(MxKind::None)), ["tlsrpt_rua_domain_missing"]);
    assert_eq!(rua(gone, None), ["tlsrpt_rua_domain_missing"]);
    assert_eq!(rua(bare, Some(MxKind::None)), ["tlsrpt_rua_no_mx"]);
    assert_eq!(rua(here, Some(MxKind::Null)), ["tlsrpt_rua_no_mx"]);
    for (status, kind) in [
        (here, Some(MxKind::Explicit)),
        (bare, Some(MxKind::Implicit)),
        (bare, Some(MxKind::Unknown)),
        (bare, None),
        (DnsStatus::ServFail, Some(MxKind::Unknown)),
    ] {
        assert_eq!(rua(status, kind), [""; 0], "{status} {kind:?}");
    }
}

/// A policy host that is an alias, and what came of it.
fn alias(target: &str, outcome: PolicyOutcome, answer: Option<(i32, &str)>) -> bool {
    let world = good().with(|row| {
        row.policy.cname = Some(vec![target.to_owned()]);
        row.policy.outcome = Some(outcome);
        row.policy.attempts = Some(vec![outcome]);
        row.policy.http_status = answer.map(|(status, _)| status);
        row.policy.body = answer.map(|(_, body)| body.into());
    });
    codes(world).contains(&"policy_host_cname_claimable")
}

#[test]
fn an_alias_of_a_missing_name_is_free_only_where_the_service_has_a_name_for_each() {
    let dangling = |target| alias(target, PolicyOutcome::DanglingCname, None);
    assert!(dangling("d.azurewebsites.net") && dangling("d.eastus.cloudapp.azure.com"));
    for target in
        ["d.policies.example", "d.github.io", "d-b1.eastus-01.azurewebsites.net", "azurewebsites.net"]
    {
        assert!(!dangling(target), "{target}");
    }
    assert!(!alias("d.azurewebsites.net", PolicyOutcome::DnsFailure, None));
    assert!(!alias("d.azurewebsites.net", PolicyOutcome::NoAddress, None));
}

#[test]
fn a_host_that_answers_is_free_only_by_its_services_own_page() {
    const PAGE: &str = "<p>There isn't a GitHub Pages site here.</p>";
    let (name, status) = (PolicyOutcome::TlsName, PolicyOutcome::HttpStatus);
    assert!(alias("d.github.io", name, Some((404, PAGE))));
    assert!(alias("d.github.io", status, Some((404, PAGE))));
    assert!(!alias("d.github.io", status, Some((404, "<p>File not found</p>"))));
    assert!(!alias("d.github.io", status, Some((503, PAGE))));
    assert!(!alias("d.policies.example", status, Some((404, PAGE))));
    assert!(!alias("d.azurewebsites.net", status, Some((404, PAGE))));
    // Somebody has the name, and a certificate for the policy host.
    assert!(!alias("d.herokudns.com", PolicyOutcome::Ok, Some((200, "No such app"))));
    assert!(!alias("d.github.io", PolicyOutcome::TlsAlert, None));
}
