//! What a sender meets at a domain, in the words of RFC 8460 section 4.3.

use super::Failing;
use super::explained::{Evidence, explaining};
use crate::contract::{Contract, Kind, Table};
use crate::truth::Expected;
use crate::value::Value;

/// What any sender meets at a domain on the day that is reported.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) domain: String,
    pub(super) situation: String,
    /// `sts` or `no-policy-found`.
    pub(super) policy_type: &'static str,
    /// The policy's lines; empty where it could not be had.
    pub(super) lines: Vec<String>,
    pub(super) mode: Option<String>,
    /// The policy's patterns.
    pub(super) patterns: Vec<String>,
    pub(super) successful: i64,
    pub(super) failures: Vec<Failing>,
    /// For what a sender makes up.
    pub(super) dice: u64,
}

/// A cell by the name of its column; null where there is none such.
fn cell<'a>(table: &Table, row: &'a [Value], name: &str) -> &'a Value {
    table.position(name).and_then(|at| row.get(at)).unwrap_or(&Value::Null)
}

fn text<'a>(table: &Table, row: &'a [Value], name: &str) -> Option<&'a str> {
    cell(table, row, name).as_text()
}

/// A field of a member of the MX set, by its name.
fn field<'a>(domains: &Table, one: &'a Value, name: &str) -> Option<&'a Value> {
    let column = domains.columns.get(domains.position("mx")?)?;
    let Kind::List(group) = &column.kind else { return None };
    let Kind::Struct(fields) = &**group else { return None };
    one.items().get(fields.iter().position(|(field, _)| field == name)?)
}

impl Seen {
    /// `None` where the domain asks for no reports by mail (RFC 8460 section 3).
    pub(super) fn of(contract: &Contract, expected: &Expected, domain: &str, dice: u64) -> Option<Self> {
        let (table, row) = (&contract.domains, &expected.domain);
        let by_mail = |rua: &Value| rua.as_text().is_some_and(|uri| uri.starts_with("mailto:"));
        let asked = text(table, row, "tlsrpt_record") == Some("valid");
        if !asked || !cell(table, row, "tlsrpt_rua").items().iter().any(by_mail) {
            return None;
        }
        let mut seen = Self {
            domain: domain.to_owned(),
            situation: expected.situation.clone(),
            policy_type: "no-policy-found",
            lines: Vec::new(),
            mode: None,
            patterns: Vec::new(),
            successful: i64::try_from(dice % 500).unwrap_or(0),
            failures: Vec::new(),
            dice,
        };
        if text(table, row, "sts_record") == Some("valid") {
            seen.policy(table, row);
            if seen.policy_type == "sts" && seen.mode.is_some() {
                seen.hosts(contract, expected);
            }
        }
        explaining(&mut seen.failures, &evidence(contract, expected));
        Some(seen)
    }

    /// RFC 8460 section 4.3.2.2: what is wrong with the policy.
    fn policy(&mut self, table: &Table, row: &[Value]) {
        let outcome = text(table, row, "policy_outcome").unwrap_or_default();
        if cell(table, row, "policy_usable") == &Value::Bool(true) {
            let mode = text(table, row, "policy_mode").unwrap_or_default();
            // RFC 8461 section 5: mode none is as if there were no policy.
            if mode == "none" {
                return;
            }
            self.policy_type = "sts";
            self.mode = Some(mode.to_owned());
            if let Value::Bytes(body) = cell(table, row, "policy_body") {
                let body = String::from_utf8_lossy(body);
                self.lines = body.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
            }
            let patterns = cell(table, row, "policy_mx").items();
            self.patterns = patterns.iter().filter_map(Value::as_text).map(str::to_owned).collect();
            return;
        }
        let of_pkix = [
            "policy_tls_name",
            "policy_tls_expired",
            "policy_tls_not_yet_valid",
            "policy_tls_self_signed",
            "policy_tls_untrusted",
            "policy_tls_certificate_other",
            "policy_tls_cert_limit",
        ];
        let result = match outcome {
            "" => return,
            "ok" => "sts-policy-invalid",
            outcome if of_pkix.contains(&outcome) => "sts-webpki-invalid",
            _ => "sts-policy-fetch-error",
        };
        self.policy_type = "sts";
        self.fails(result, None);
    }

    /// RFC 8460 section 4.3.1 and 4.3.2: what is wrong at each MX host. A host that the policy does not name
    /// has no type of its own.
    fn hosts(&mut self, contract: &Contract, expected: &Expected) {
        let named = |one: &Value, name: &str| field(&contract.domains, one, name).cloned();
        for one in cell(&contract.domains, &expected.domain, "mx").items() {
            if named(one, "matched") == Some(Value::Bool(false)) {
                self.fails("validation-failure", named(one, "host").as_ref().and_then(Value::as_text));
            }
        }
        for host in &expected.hosts {
            let table = &contract.mx_hosts;
            let by_certificate = match text(table, host, "cert_outcome") {
                Some("expired") => Some("certificate-expired"),
                Some("name") => Some("certificate-host-mismatch"),
                Some("self_signed" | "untrusted" | "client_limit") => Some("certificate-not-trusted"),
                Some("not_yet_valid" | "other") => Some("validation-failure"),
                _ => None,
            };
            let result = match text(table, host, "smtp_outcome").unwrap_or_default() {
                "starttls_not_offered" | "starttls_masked" | "starttls_refused" => {
                    Some("starttls-not-supported")
                }
                outcome if outcome.starts_with("mx_tls_") => Some("validation-failure"),
                "smtp_answer_injection" => Some("validation-failure"),
                _ => by_certificate,
            };
            if let Some(result) = result {
                self.fails(result, text(table, host, "host"));
            }
        }
    }

    /// Adds a failure, unless there is the same.
    fn fails(&mut self, result: &str, mx: Option<&str>) {
        let sessions =
            1 + i64::try_from(self.dice % 7).unwrap_or(0) + i64::try_from(self.failures.len()).unwrap_or(0);
        let (result, mx) = (result.to_owned(), mx.map(str::to_owned));
        let failing = Failing { result, mx, sessions, findings: Vec::new() };
        if !self.failures.iter().any(|other| (&other.result, &other.mx) == (&failing.result, &failing.mx)) {
            self.failures.push(failing);
        }
    }
}

/// What a scan of the world has to explain failures by: the rows of a right scan.
fn evidence(contract: &Contract, expected: &Expected) -> Evidence {
    let texts = |value: &Value| {
        let texts = value.items().iter().filter_map(Value::as_text);
        texts.map(str::to_owned).collect::<Vec<String>>()
    };
    let (domains, hosts, judged) = (&contract.domains, &contract.mx_hosts, &contract.assessments);
    let row = &expected.domain;
    let found = expected.assessment.as_ref().map(|found| texts(cell(judged, found, "findings")));
    let unmatched = cell(domains, row, "mx").items().iter().filter_map(|one| {
        let unmatched = field(domains, one, "matched") == Some(&Value::Bool(false));
        unmatched.then(|| field(domains, one, "host").and_then(Value::as_text)).flatten()
    });
    let each = |host: &Vec<Value>| {
        let outcome = text(hosts, host, "smtp_outcome").unwrap_or_default().to_owned();
        let name = text(hosts, host, "host").unwrap_or_default().to_owned();
        (name, outcome, texts(cell(hosts, host, "cert_faults")))
    };
    Evidence {
        found: found.unwrap_or_default(),
        policy_outcome: text(domains, row, "policy_outcome").unwrap_or_default().to_owned(),
        policy_cert_faults: texts(cell(domains, row, "policy_cert_faults")),
        unmatched: unmatched.map(str::to_owned).collect(),
        hosts: expected.hosts.iter().map(each).collect(),
    }
}
