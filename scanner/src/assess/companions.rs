//! Findings beside MTA-STS: TLSRPT.

use super::facts::Look;
use super::{DomainCase, Found, bytes};
use crate::evidence::{Code, RecordState, Word};
use crate::mta_sts::tlsrpt;

pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) {
    let row = case.row;
    if let Some(status) = row.tlsrpt_dns.as_ref().and_then(Word::known).filter(|status| !status.is_definite())
    {
        // Only what may pass is asked again.
        let again = row.attempts > 1 && status.may_pass();
        found.note_after(Code::tlsrpt_dns_failure, if again { Look::Repeated } else { Look::Once });
    }
    let Some(txts) = &row.tlsrpt_txt else { return };
    let judged = tlsrpt::judge(&bytes(txts));
    found.note_faults(&judged.faults);
    if judged.state == RecordState::Absent {
        found.note(Code::tlsrpt_absent);
    }
}
