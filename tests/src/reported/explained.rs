//! Which findings of a scan explain a failure, written by hand from RFC 8460 section 4.3 and the meaning of
//! the columns; and the grade of what `sts-tlsrpt explain` says.

use super::grade::ReportGrade;
use super::{Failing, Told};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What a right scan holds about a domain, as far as senders can meet it.
#[derive(Debug)]
pub(super) struct Evidence {
    /// The codes of its findings.
    pub(super) found: Vec<String>,
    pub(super) policy_outcome: String,
    pub(super) policy_cert_faults: Vec<String>,
    /// The hosts of the MX set that the policy does not match.
    pub(super) unmatched: Vec<String>,
    /// Host, outcome and faults of the certificate of each address.
    pub(super) hosts: Vec<(String, String, Vec<String>)>,
}

/// Faults of a text that make it no policy to a sender by the letter (RFC 8461 section 3.2).
const INVALID_POLICY: [&str; 17] = [
    "policy_empty",
    "policy_html",
    "policy_version_missing",
    "policy_version_invalid",
    "policy_mode_missing",
    "policy_mode_invalid",
    "policy_max_age_missing",
    "policy_max_age_invalid",
    "policy_max_age_too_large",
    "policy_mx_missing",
    "policy_mx_invalid",
    "policy_mx_u_label",
    "policy_line_invalid",
    "policy_blank_line",
    "policy_leading_space",
    "policy_bom",
    "policy_escaped",
];

/// The codes that a fault of a certificate may have. Which of the two a path that is not there is, the
/// situation says.
fn of_certificate(stage: &str, fault: &str) -> Vec<String> {
    match (stage, fault) {
        (_, "untrusted") => vec![format!("{stage}_untrusted"), format!("{stage}_chain_incomplete")],
        ("policy_tls", "other") => vec!["policy_tls_certificate_other".to_owned()],
        ("policy_tls", "client_limit") => vec!["policy_tls_cert_limit".to_owned()],
        _ => vec![format!("{stage}_{fault}")],
    }
}

impl Evidence {
    /// RFC 8460 section 4.3.2.2.
    fn of_policy(&self, result: &str) -> Vec<String> {
        match result {
            "sts-webpki-invalid" => {
                self.policy_cert_faults.iter().flat_map(|fault| of_certificate("policy_tls", fault)).collect()
            }
            "sts-policy-invalid" => INVALID_POLICY.map(str::to_owned).to_vec(),
            _ => vec![self.policy_outcome.clone()],
        }
    }

    /// RFC 8460 sections 4.3.1 and 4.3.2.
    fn at_host(&self, result: &str, mx: &str) -> Vec<String> {
        let mut codes = Vec::new();
        if result == "validation-failure" && self.unmatched.iter().any(|host| host == mx) {
            codes.extend(["mx_mismatch_all", "mx_mismatch_some", "mx_is_address"].map(str::to_owned));
        }
        for (_, outcome, faults) in self.hosts.iter().filter(|(host, _, _)| host == mx) {
            let of_outcome = match outcome.as_str() {
                one if one.starts_with("starttls_") => "starttls-not-supported",
                one if one.starts_with("mx_tls_") || one == "smtp_answer_injection" => "validation-failure",
                _ => "",
            };
            if of_outcome == result {
                codes.push(outcome.clone());
            }
            let of_fault = |fault: &&String| match fault.as_str() {
                "expired" => result == "certificate-expired",
                "name" => result == "certificate-host-mismatch",
                "self_signed" | "untrusted" | "client_limit" => result == "certificate-not-trusted",
                _ => result == "validation-failure",
            };
            codes.extend(faults.iter().filter(of_fault).flat_map(|fault| of_certificate("mx_cert", fault)));
        }
        codes
    }
}

/// Says of each failure which of the scan's findings explain it.
pub(super) fn explaining(failures: &mut [Failing], evidence: &Evidence) {
    for failing in failures {
        let codes = match &failing.mx {
            None => evidence.of_policy(&failing.result),
            Some(mx) => evidence.at_host(&failing.result, mx),
        };
        let found: BTreeSet<String> =
            codes.into_iter().filter(|code| evidence.found.contains(code)).collect();
        failing.findings = found.into_iter().collect();
    }
}

/// What `sts-tlsrpt explain --format json` prints.
#[derive(Deserialize)]
struct Printed {
    tables: Vec<PrintedTable>,
}

#[derive(Deserialize)]
struct PrintedTable {
    name: String,
    rows: Vec<Row>,
}

/// A row of its table `report-explained`.
#[derive(Deserialize)]
struct Row {
    domain: String,
    receiving_mx: String,
    result_type: String,
    failed: i64,
    seen: String,
    finding: Option<String>,
    matched: Option<String>,
}

/// Domain, MX host and result type.
type Case = (String, String, String);

/// Sessions and findings of a case.
type Wanted = (i64, BTreeSet<String>);

/// Holds the table `report-explained`, as JSON, against what the world's situations say: each failure that
/// was written is explained by its findings and no others, and no other failure is.
///
/// # Errors
/// Where a file cannot be read.
pub fn grade_explained(explained: &Path, truth: &Path) -> Result<ReportGrade> {
    let read =
        |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let mut wanted: BTreeMap<Case, Wanted> = BTreeMap::new();
    let mut situations: BTreeMap<String, String> = BTreeMap::new();
    for line in read(truth)?.lines() {
        let told: Told = serde_json::from_str(line)?;
        let Some(domain) = told.domain else { continue };
        situations.insert(domain.clone(), told.situation);
        for failing in told.failures {
            let mx = failing.mx.unwrap_or_else(|| "(not told)".to_owned());
            let (sessions, findings) = wanted.entry((domain.clone(), mx, failing.result)).or_default();
            *sessions += failing.sessions;
            findings.extend(failing.findings);
        }
    }
    let printed: Printed = serde_json::from_str(&read(explained)?)?;
    let table = printed.tables.into_iter().find(|table| table.name == "report-explained");
    let mut grade = ReportGrade { expected: wanted.len(), ..ReportGrade::default() };
    for row in table.context("no table report-explained")?.rows {
        // What no sender told has no sessions; the failures are held against it all the same.
        if row.seen == "scan only" {
            continue;
        }
        grade.found += 1;
        let situation = situations.get(&row.domain).cloned().unwrap_or_default();
        let found: BTreeSet<String> =
            row.finding.iter().flat_map(|codes| codes.split(' ')).map(str::to_owned).collect();
        let case = (row.domain, row.receiving_mx, row.result_type);
        match wanted.remove(&case) {
            Some(wanted) if wanted.1.is_empty() => {
                grade.differences.push(format!("{situation}: {case:?} has no finding in the world itself"));
            }
            Some((sessions, findings)) => {
                let right = row.seen == "explained" && row.matched.as_deref() == Some("same type");
                if !right || findings != found || sessions != row.failed {
                    grade.differences.push(format!(
                        "{situation}: {case:?}: expected {sessions} by {findings:?}, found {} by {found:?}, {}",
                        row.failed, row.seen
                    ));
                }
            }
            None => grade.differences.push(format!("{situation}: {case:?} was never told")),
        }
    }
    let left = wanted.into_keys();
    grade.differences.extend(left.map(|case| format!("{}: {case:?} is not there", situations[&case.0])));
    Ok(grade)
}
