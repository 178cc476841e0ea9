//! From a judged report to the rows of the tables.

use super::cell::FaultSeen;
use crate::fault::Code;
use crate::input::Origin;
use crate::report::{Failure, Judged, Policy, Report};
use crate::visible::visible;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// A row of `reports`; the columns explain the fields.
#[derive(Debug)]
pub(super) struct ReportRow {
    pub(super) number: i64,
    pub(super) key: String,
    pub(super) sha256: String,
    pub(super) source: String,
    pub(super) form: &'static str,
    pub(super) received_at: Option<i64>,
    pub(super) received_from: Option<&'static str>,
    pub(super) late_seconds: Option<i64>,
    pub(super) organization: Option<String>,
    pub(super) contact: Option<String>,
    pub(super) report_id: Option<String>,
    pub(super) begin: Option<i64>,
    pub(super) end: Option<i64>,
    pub(super) policies: i32,
    pub(super) successful: Option<i64>,
    pub(super) failed: Option<i64>,
    pub(super) mail_domain: Option<String>,
    pub(super) mail_submitter: Option<String>,
    pub(super) mail_report_id: Option<String>,
    pub(super) valid: bool,
    pub(super) faults: Vec<FaultSeen>,
    pub(super) faults_unlisted: i64,
    pub(super) superseded: bool,
    pub(super) other: Option<String>,
}

/// A row of `policies`.
#[derive(Debug)]
pub(super) struct PolicyRow {
    pub(super) report: i64,
    pub(super) number: i32,
    pub(super) failures: Option<i32>,
    pub(super) failed_in_details: Option<i64>,
    /// Without its failures, which have rows of their own.
    pub(super) policy: Policy,
}

/// A row of `failures`.
#[derive(Debug)]
pub(super) struct FailureRow {
    pub(super) report: i64,
    pub(super) policy: i32,
    pub(super) number: i32,
    pub(super) failure: Failure,
}

/// What tells one report from another, or from another text of the same report.
pub(super) type Hash = [u8; 16];

/// The key of a report: organization, report-id, policy domains in their order, begin. One without report-id
/// is told from others by its text alone.
pub(super) fn key(report: &Report, sha256: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    add(&mut hash, report.organization.as_deref());
    add(&mut hash, report.id.as_deref());
    if report.id.is_none() {
        hash.update(sha256);
    }
    let mut domains: Vec<Option<String>> = report
        .policies
        .iter()
        .map(|policy| policy.domain.as_ref().map(|domain| domain.to_ascii_lowercase()))
        .collect();
    domains.sort_unstable();
    for domain in &domains {
        add(&mut hash, domain.as_deref());
    }
    hash.update(report.begin.unwrap_or(i64::MIN).to_be_bytes());
    let (hash, mut key) = (hash.finalize(), Hash::default());
    key.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    key
}

/// The length keeps two texts apart, and nothing from the empty text.
fn add(hash: &mut Sha256, text: Option<&str>) {
    hash.update(text.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
    hash.update(text.unwrap_or_default());
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What mail and time say beyond the text: adds the faults, and gives the lateness in seconds.
pub(super) fn beside(judged: &mut Judged, origin: &Origin) -> Option<i64> {
    const LATE: i64 = 86_400;
    let Some(report) = &judged.report else { return None };
    let mut found = Vec::new();
    let late =
        origin.received.zip(report.end).map(|(received, end)| (received.at - end).div_euclid(1_000_000));
    if late.is_some_and(|late| late > LATE) {
        found.push(Code::report_late);
    }
    if let Some(announced) = &origin.announced {
        let is_of = |domain: &String| {
            let mut domains = report.policies.iter().filter_map(|policy| policy.domain.as_ref()).peekable();
            domains.peek().is_none() || domains.any(|one| one.eq_ignore_ascii_case(domain))
        };
        if announced.domain.as_ref().is_some_and(|domain| !is_of(domain)) {
            found.push(Code::report_subject_domain);
        }
        // Without the brackets on either side.
        let id = report.id.as_deref().map(|id| id.trim_matches(['<', '>']));
        if announced.report_id.is_some() && announced.report_id.as_deref() != id {
            found.push(Code::report_subject_id);
        }
    }
    for code in found {
        judged.note(code, "$".to_owned());
    }
    late
}

/// The rows of a report whose text has this SHA-256; `None` where it is none.
pub(super) fn rows(
    number: i64,
    sha256: &[u8],
    key: Hash,
    judged: Judged,
    late_seconds: Option<i64>,
    origin: &Origin,
) -> Option<(ReportRow, Vec<PolicyRow>, Vec<FailureRow>)> {
    let valid = judged.is_valid();
    let faults = by_code(&judged);
    let report = judged.report?;
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let sum =
        |of: fn(&Policy) -> Option<i64>| report.policies.iter().filter_map(of).reduce(i64::saturating_add);
    let announced = origin.announced.clone().unwrap_or_default();
    let row = ReportRow {
        number,
        key: hex(&key),
        sha256: hex(sha256),
        source: visible(&origin.source),
        form: origin.form.as_str(),
        received_at: origin.received.map(|received| received.at),
        received_from: origin.received.map(|received| received.from.as_str()),
        late_seconds,
        successful: sum(|policy| policy.successful),
        failed: sum(|policy| policy.failed),
        policies: count(report.policies.len()),
        organization: report.organization,
        contact: report.contact,
        report_id: report.id,
        begin: report.begin,
        end: report.end,
        mail_domain: announced.domain,
        mail_submitter: announced.submitter,
        mail_report_id: announced.report_id,
        valid,
        faults,
        faults_unlisted: i64::try_from(judged.unlisted).unwrap_or(i64::MAX),
        superseded: false,
        other: report.other,
    };
    let (mut policies, mut failures) = (Vec::with_capacity(report.policies.len()), Vec::new());
    for (mut policy, at) in report.policies.into_iter().zip(0..) {
        let failed_in_details = policy.failed_in_details();
        let details = policy.failures.take();
        let of_details = details.as_ref().map(|details| count(details.len()));
        let of_policy = details.into_iter().flatten().zip(0..);
        failures.extend(of_policy.map(|(failure, of)| FailureRow {
            report: number,
            policy: at,
            number: of,
            failure,
        }));
        policies.push(PolicyRow {
            report: number,
            number: at,
            failures: of_details,
            failed_in_details,
            policy,
        });
    }
    Some((row, policies, failures))
}

fn by_code(judged: &Judged) -> Vec<FaultSeen> {
    let mut faults: Vec<FaultSeen> = Vec::new();
    for note in &judged.notes {
        let code = note.code.as_str();
        match faults.iter_mut().find(|fault| fault.code == code) {
            Some(fault) => fault.times += 1,
            None => faults.push(FaultSeen { code, path: note.path.clone(), times: 1 }),
        }
    }
    faults
}
