//! Findings in the policy's text.

use super::catalogue::Code;
use super::{Evidence, Found};
use crate::mta_sts::policy::Mode;

/// Draws from any text that came with status 200, be it behind a bad certificate: the page that goes with an error is no
/// policy, and what was cut at 64 KiB is not judged.
pub(super) fn findings(evidence: &Evidence<'_>, found: &mut Found) {
    let policy = &evidence.row.policy;
    if policy.wildcard == Some(true) {
        found.note(Code::policy_wildcard);
    }
    let whole = policy.http_status == Some(200) && policy.outcome.as_deref() != Some("policy_too_large");
    let Some(text) = evidence.text.as_ref().filter(|_| whole) else { return };
    found.note_faults(&text.faults);
    match text.mode {
        Some(Mode::Testing) => found.note(Code::policy_mode_testing),
        Some(Mode::None) => found.note(Code::policy_mode_none),
        Some(Mode::Enforce) | None => {}
    }
}
