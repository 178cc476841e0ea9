//! Findings about the MX set and the names in it.

use super::facts::Look;
use super::{DomainCase, Found};
use crate::evidence::{Code, DnsStatus, MxKind, SmtpOutcome, Word};
use crate::mta_sts::mx_pattern;
use std::net::IpAddr;

pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) {
    match case.mx_kind() {
        Some(MxKind::None) => found.note(Code::mx_none),
        Some(MxKind::Null) => found.note(Code::mx_null),
        Some(MxKind::Implicit) => found.note(Code::mx_implicit),
        Some(MxKind::Unknown) => unknown(case, found),
        Some(MxKind::Explicit) | None => {}
    }
    let set = case.mx();
    if set.len() > 1 && set.iter().any(|mx| mx.host == ".") {
        found.note(Code::mx_null_beside_others);
    }
    for mx in set {
        if mx.host.parse::<IpAddr>().is_ok() {
            found.note(Code::mx_is_address);
            continue;
        }
        if mx_pattern::is_below_invalid(&mx.host) {
            found.note(Code::mx_below_invalid);
            continue;
        }
        if mx.host != "." && !mx_pattern::is_domain(mx.host.as_bytes()) {
            found.note(Code::mx_name_invalid);
        }
        if case.signals() && mx.host != "." {
            host(case, &mx.host, found);
        }
    }
}

/// The set could not be resolved; or the addresses of an implicit MX could not, or were not asked for.
fn unknown(case: &DomainCase<'_>, found: &mut Found) {
    let row = case.row;
    let again = if row.attempts > 1 { Look::Repeated } else { Look::Once };
    match row.mx_dns.as_ref().and_then(Word::known) {
        // Only what may pass is asked again.
        Some(status) if !status.is_definite() => {
            found.note_after(Code::mx_dns_failure, if status.may_pass() { again } else { Look::Once });
        }
        // Of a domain that signals the addresses are always asked for.
        Some(DnsStatus::NoData | DnsStatus::NxDomain) if case.signals() => {
            found.note_after(Code::mx_dns_failure, again);
        }
        _ => {}
    }
}

fn host(case: &DomainCase<'_>, host: &str, found: &mut Found) {
    for facts in case.hosts.of(host) {
        if facts.is_alias {
            found.note(Code::mx_is_cname);
        }
        match (facts.outcome, facts.dns) {
            (Some(SmtpOutcome::ForbiddenAddress), _) => found.note(Code::mx_forbidden_address),
            (Some(SmtpOutcome::NoAddress), Some(DnsStatus::NoData | DnsStatus::NxDomain)) => {
                found.note(Code::mx_unresolvable);
            }
            (Some(SmtpOutcome::NoAddress), Some(status)) if !status.is_definite() => {
                found.note_after(Code::mx_dns_failure, facts.look);
            }
            _ => {}
        }
    }
}
