//! Findings on the way to the policy's text.

use super::facts::{CertFaults, Look};
use super::{DomainCase, Found};
use crate::evidence::{CertFault, Code, PolicyOutcome, SenderDifference};

/// Whether the policy was looked at again.
pub(super) fn look(case: &DomainCase<'_>) -> Look {
    let row = case.row;
    Look::of_row(row.looks, row.policy_attempts.as_deref().unwrap_or_default())
}

/// The outcome names the first thing that failed. Whatever can be seen behind a bad certificate is told
/// beside it: every other fault of the certificate, the HTTP status, the text.
pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) {
    let row = case.row;
    if let Some(code) = case.outcome().and_then(PolicyOutcome::code) {
        found.note_after(code, look(case));
    }
    if row.policy_attempts.iter().flatten().any(|outcome| *outcome == PolicyOutcome::TlsLargeHello) {
        found.note(Code::policy_tls_large_hello);
    }
    if let Some(faults) = &row.policy_cert_faults {
        let outcomes = CertFaults::of(faults).each().map(CertFault::policy_outcome);
        found.all.extend(outcomes.filter_map(PolicyOutcome::code));
    }
    if row.policy_cert_differs.iter().flatten().any(|word| *word == SenderDifference::WeakKey) {
        found.note(Code::policy_tls_weak_key);
    }
    let is_valid = row.policy_cert_faults.as_ref().is_some_and(Vec::is_empty);
    if is_valid && case.hosts.lives.is_late(row.policy_certificate_sha256.as_deref(), row.policy_at) {
        found.note(Code::policy_tls_renewal_late);
    }
    match row.policy_http_status {
        None | Some(200) => {}
        Some(300..=399) if row.policy_redirect_to.is_some() => found.note(Code::policy_redirect),
        Some(_) => found.note(Code::policy_http_status),
    }
    // Without a whole answer its headers may not have been kept.
    let answered = row.policy_http_status == Some(200) && row.policy_body.is_some();
    if answered && !row.policy_content_type.as_deref().is_some_and(is_plain_text) {
        found.note(Code::policy_content_type);
    }
}

fn is_plain_text(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/plain")
}
