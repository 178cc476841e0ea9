//! Findings beside MTA-STS: DMARC.

use super::good;
use crate::evidence::rows::DmarcEvidence;
use crate::evidence::{Code, DmarcPolicy, DnsStatus};

/// Findings, and those that last, of a domain in good order with this about DMARC.
fn found(dmarc: DmarcEvidence, attempts: i32) -> (Vec<Code>, Vec<Code>) {
    let judged = good()
        .delivered()
        .with(|row| {
            row.dmarc = dmarc;
            row.attempts = attempts;
        })
        .assess();
    (judged.findings, judged.lasting)
}

fn of(txts: &[&str], policy: Option<DmarcPolicy>) -> Vec<Code> {
    let txt = Some(txts.iter().map(|&txt| txt.into()).collect());
    found(DmarcEvidence { dns: Some(DnsStatus::NoError), txt, policy, ..DmarcEvidence::default() }, 1).0
}

#[test]
fn dmarc_has_its_codes() {
    let reject = "v=DMARC1; p=reject";
    assert_eq!(of(&[reject], Some(DmarcPolicy::Reject)), []);
    assert_eq!(of(&[], None), [Code::dmarc_absent]);
    assert_eq!(of(&["v=spf1 -all"], None), [Code::dmarc_absent]);
    assert_eq!(of(&[reject, reject], None), [Code::dmarc_multiple]);
    assert_eq!(of(&["v=DMARC1; p=block"], None), [Code::dmarc_invalid]);
    assert_eq!(
        of(&["v=DMARC1; p=none; x"], Some(DmarcPolicy::None)),
        [Code::dmarc_invalid, Code::dmarc_policy_none]
    );
    // Two of its own, and one above it that asks for nothing of subdomains.
    assert_eq!(
        of(&[reject, reject], Some(DmarcPolicy::None)),
        [Code::dmarc_multiple, Code::dmarc_policy_none]
    );
}

#[test]
fn dmarc_that_was_not_asked_for_is_no_finding_and_a_failure_lasts_when_it_is_repeated() {
    assert_eq!(found(DmarcEvidence::default(), 2), (Vec::new(), Vec::new()));
    let failed = |status| DmarcEvidence { dns: Some(status), ..DmarcEvidence::default() };
    let failure = vec![Code::dmarc_dns_failure];
    assert_eq!(found(failed(DnsStatus::Timeout), 1), (failure.clone(), Vec::new()));
    assert_eq!(found(failed(DnsStatus::Timeout), 2), (failure.clone(), failure.clone()));
    assert_eq!(found(failed(DnsStatus::NotImp), 2), (failure, Vec::new()));
}
