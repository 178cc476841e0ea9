//! Findings in the policy's text.

use super::{DomainCase, Found};
use crate::evidence::{Code, Mode, PolicyOutcome};

/// Draws from any text that came with status 200, be it behind a bad certificate: the page that goes with an
/// error is no policy, and what was cut, or may have been, is not judged.
pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) {
    let row = case.row;
    if row.policy_wildcard == Some(true) {
        found.note(Code::policy_wildcard);
    }
    let is_cut = matches!(case.outcome(), Some(PolicyOutcome::TooLarge | PolicyOutcome::HttpIncomplete));
    let whole = row.policy_http_status == Some(200) && !is_cut;
    let Some(text) = case.text.as_ref().filter(|_| whole) else { return };
    found.note_faults(&text.faults);
    match text.mode {
        Some(Mode::Testing) => found.note(Code::policy_mode_testing),
        Some(Mode::None) => found.note(Code::policy_mode_none),
        Some(Mode::Enforce) | None => {}
    }
}
