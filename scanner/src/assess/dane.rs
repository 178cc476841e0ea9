//! DANE of MX hosts (RFC 7672): what their TLSA records say about the certificates that were seen.
//!
//! The outcome of a host's records is drawn once per row of `mx_hosts` ([`super::facts`]); the domain adds
//! whether its MX set is secure, and its own name, which a certificate under usage 2 may have in place of the
//! host's.

use super::facts::HostDane;
use super::{DomainCase, Found};
use crate::evidence::{Code, DaneOutcome};
use crate::tls::tlsa;

/// The outcome of each MX host whose TLSA records were asked for, in the order of the set; `None` where those
/// of none were. Findings are drawn for domains that signal.
pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) -> Option<Vec<(String, DaneOutcome)>> {
    let mut outcomes: Vec<(String, DaneOutcome)> = Vec::new();
    for mx in case.mail_hosts() {
        if outcomes.iter().any(|(host, _)| *host == mx.host) {
            continue;
        }
        let Some(outcome) = outcome(case, &mx.host) else { continue };
        if case.signals()
            && let Some(code) = outcome.code()
        {
            found.note(code);
        }
        let pins_public_ca = || case.hosts.of(&mx.host).any(|facts| facts.pins_public_ca);
        if case.signals() && outcome == DaneOutcome::Valid && pins_public_ca() {
            found.note(Code::dane_ta_public_ca);
        }
        outcomes.push((mx.host.clone(), outcome));
    }
    (!outcomes.is_empty()).then_some(outcomes)
}

fn outcome(case: &DomainCase<'_>, host: &str) -> Option<DaneOutcome> {
    let hosts = case.hosts;
    let states: Vec<HostDane> = hosts
        .dane_of(host)
        .map(|(state, names)| match state {
            // RFC 7672 section 3.2.3: the next-hop domain is one of the names a sender looks for.
            HostDane::MatchesOthers if tlsa::covers(names, &case.row.domain) => HostDane::Matches,
            HostDane::MatchesOthers => HostDane::Fails,
            state => state,
        })
        .filter(|state| *state != HostDane::NotAsked)
        .collect();
    let any = |wanted: HostDane| states.contains(&wanted);
    if states.is_empty() {
        return None;
    }
    Some(if !hosts.validates {
        DaneOutcome::Unknown
    } else if any(HostDane::Bogus) {
        DaneOutcome::Bogus
    } else if any(HostDane::Unknown) {
        DaneOutcome::Unknown
    } else if any(HostDane::Absent) {
        DaneOutcome::None
    } else if any(HostDane::Insecure) || case.row.mx_ad == Some(false) {
        // Section 2.2.1: without a secure MX set a secure host does not help.
        DaneOutcome::Insecure
    } else if case.row.mx_ad.is_none() {
        DaneOutcome::Unknown
    } else if any(HostDane::Unusable) {
        DaneOutcome::Unusable
    } else if any(HostDane::Fails) {
        // Which address a sender takes is chance: one that fails is enough.
        DaneOutcome::Invalid
    } else if any(HostDane::Matches) {
        DaneOutcome::Valid
    } else {
        DaneOutcome::Unknown
    })
}
