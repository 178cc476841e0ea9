//! DANE of MX hosts (RFC 7672): what their TLSA records say about the certificates that were seen.
//!
//! The outcome of a host's records is drawn once per row of `mx_hosts` ([`super::facts`]); the domain adds
//! whether its MX set is secure, and its own name, which a certificate under usage 2 may have in place of the
//! host's.

use super::facts::HostDane;
use super::{DomainCase, Found};
use crate::evidence::{Code, DaneOutcome};
use crate::tls::tlsa;

/// The outcome of each MX host that was asked about, in the order of the set; `None` where none was. Findings
/// are drawn for domains that signal.
pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) -> Option<Vec<(String, DaneOutcome)>> {
    let mut outcomes: Vec<(String, DaneOutcome)> = Vec::new();
    for mx in case.mail_hosts() {
        if outcomes.iter().any(|(host, _)| *host == mx.host) {
            continue;
        }
        let states = states(case, &mx.host);
        let Some(outcome) = outcome(case, &states) else { continue };
        // Where nobody asks for TLSA records there is nothing to say about them.
        let has_records = !states.contains(&HostDane::Unsigned);
        if case.signals()
            && has_records
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

/// What the records of a host come to at each of its addresses, in the eyes of who sends to the domain.
fn states(case: &DomainCase<'_>, host: &str) -> Vec<HostDane> {
    let all = case.hosts.dane_of(host).map(|(state, names)| match state {
        // RFC 7672 section 3.2.2: the next-hop domain is one of the names a sender looks for.
        HostDane::MatchesOthers if tlsa::covers(names, &case.row.domain) => HostDane::Matches,
        HostDane::MatchesOthers => HostDane::Fails,
        state => state,
    });
    all.filter(|state| *state != HostDane::NotAsked).collect()
}

fn outcome(case: &DomainCase<'_>, states: &[HostDane]) -> Option<DaneOutcome> {
    let any = |wanted: HostDane| states.contains(&wanted);
    if states.is_empty() {
        return None;
    }
    Some(if !case.hosts.validates {
        DaneOutcome::Unknown
    } else if any(HostDane::Bogus) {
        DaneOutcome::Bogus
    } else if any(HostDane::Unknown) {
        DaneOutcome::Unknown
    } else if any(HostDane::Unsigned) {
        DaneOutcome::Insecure
    } else if any(HostDane::Absent) {
        DaneOutcome::None
    } else if any(HostDane::Insecure) {
        DaneOutcome::Insecure
    } else if case.row.mx_ad == Some(false) {
        // Section 2.2.1: a sender may use them, and need not.
        DaneOutcome::MxInsecure
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
