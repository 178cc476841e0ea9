//! Findings beside MTA-STS: TLSRPT and DMARC.

use super::facts::Look;
use super::{DomainCase, Found, SeenDomain, bytes};
use crate::evidence::{Code, DmarcPolicy, DnsStatus, RecordState, Word};
use crate::mta_sts::{dmarc, tlsrpt};

pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) {
    of_tlsrpt(case.row, found);
    of_dmarc(case.row, found);
}

fn of_tlsrpt(row: &SeenDomain, found: &mut Found) {
    note_failure(row.tlsrpt_dns.as_ref(), Code::tlsrpt_dns_failure, row.attempts, found);
    let Some(txts) = &row.tlsrpt_txt else { return };
    let judged = tlsrpt::judge(&bytes(txts));
    found.note_faults(&judged.faults);
    if judged.state == RecordState::Absent {
        found.note(Code::tlsrpt_absent);
    }
}

/// The records are read anew; which one applies the walk of the scan says, whose other records no column has.
fn of_dmarc(row: &SeenDomain, found: &mut Found) {
    note_failure(row.dmarc_dns.as_ref(), Code::dmarc_dns_failure, row.attempts, found);
    let Some(txts) = &row.dmarc_txt else { return };
    let judged = dmarc::judge(&bytes(txts));
    found.note_faults(&judged.faults);
    if judged.state == RecordState::Absent {
        found.note(Code::dmarc_absent);
    }
    if row.dmarc_policy.as_ref().is_some_and(|policy| *policy == DmarcPolicy::None) {
        found.note(Code::dmarc_policy_none);
    }
}

fn note_failure(status: Option<&Word<DnsStatus>>, code: Code, attempts: i32, found: &mut Found) {
    if let Some(status) = status.and_then(Word::known).filter(|status| !status.is_definite()) {
        // Only what may pass is asked again.
        let again = attempts > 1 && status.may_pass();
        found.note_after(code, if again { Look::Repeated } else { Look::Once });
    }
}
