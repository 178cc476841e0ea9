//! Findings at `_mta-sts`.

use super::facts::Look;
use super::{DomainCase, Found};
use crate::evidence::{Code, DnsStatus, Word};

pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) {
    let row = case.row;
    // Only what failed is asked again: a timeout in a row of two looks was one in both.
    let look = if row.attempts > 1 { Look::Repeated } else { Look::Once };
    match row.sts_dns.as_ref().and_then(Word::known) {
        Some(DnsStatus::ServFail) => found.note_after(Code::record_dns_servfail, look),
        Some(DnsStatus::Timeout) => found.note_after(Code::record_dns_timeout, look),
        Some(DnsStatus::Refused) => found.note_after(Code::record_dns_refused, look),
        Some(status) if !status.is_definite() => found.note_after(Code::record_dns_unusable, look),
        _ => {}
    }
    match &case.record {
        Some(record) if record.signals && !case.signals() => found.note(Code::record_unrelated_txt),
        Some(record) => found.note_faults(&record.faults),
        None => {}
    }
    if row.sts_wildcard == Some(true) {
        found.note(Code::record_wildcard);
    }
    if row.sts_ns_agree == Some(false) {
        found.note(Code::record_ns_disagree);
    }
    if row.sts_cname.as_ref().is_some_and(|chain| !chain.is_empty()) {
        found.note(Code::record_delegated);
    }
}
