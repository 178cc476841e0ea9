//! Findings on the way to the policy's text.

use super::catalogue::{Code, Stage};
use super::hosts::CertFaults;
use super::{Evidence, Found, Look};

/// The code of a `policy_outcome`; `None` for `ok`, `excluded` and what is no outcome.
pub(super) fn outcome_code(word: &str) -> Option<Code> {
    Code::from_word(word).filter(|code| {
        matches!(
            code.finding().stage,
            Stage::PolicyDns | Stage::PolicyTcp | Stage::PolicyTls | Stage::PolicyHttp
        )
    })
}

/// Whether the policy was looked at again.
pub(super) fn look(evidence: &Evidence<'_>) -> Look {
    Look::of_attempts(evidence.row.policy.attempts.as_deref().unwrap_or_default())
}

/// The outcome names the first thing that failed. What can be seen behind a bad certificate is told beside it: every
/// other fault of the certificate, the HTTP status, the text.
pub(super) fn findings(evidence: &Evidence<'_>, found: &mut Found) {
    let policy = &evidence.row.policy;
    if let Some(code) = policy.outcome.as_deref().and_then(outcome_code) {
        found.note_after(code, look(evidence));
    }
    if policy.attempts.iter().flatten().any(|outcome| outcome == Code::policy_tls_large_hello.as_str()) {
        found.note(Code::policy_tls_large_hello);
    }
    if let Some(faults) = &policy.tls.cert_faults {
        found.all.extend(CertFaults::from_words(faults).policy_codes());
    }
    match policy.http_status {
        None | Some(200) => {}
        Some(300..=399) if policy.redirect_to.is_some() => found.note(Code::policy_redirect),
        Some(_) => found.note(Code::policy_http_status),
    }
    // Without a whole answer its headers may not have been kept.
    let answered = policy.http_status == Some(200) && policy.body.is_some();
    if answered && !policy.content_type.as_deref().is_some_and(is_plain_text) {
        found.note(Code::policy_content_type);
    }
}

fn is_plain_text(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/plain")
}
