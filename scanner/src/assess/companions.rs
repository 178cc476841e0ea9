//! Findings beside MTA-STS: TLSRPT.

use super::catalogue::Code;
use super::{Evidence, Found, bytes};
use crate::dataset::words::RecordState;
use crate::mta_sts::tlsrpt;

pub(super) fn findings(evidence: &Evidence<'_>, found: &mut Found) {
    let Some(txts) = &evidence.row.tlsrpt_txt else { return };
    let judged = tlsrpt::judge(&bytes(txts));
    found.note_faults(&judged.faults);
    if judged.state == RecordState::Absent {
        found.note(Code::tlsrpt_absent);
    }
}
