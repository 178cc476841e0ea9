//! What a right scan holds that contacts no MX host (`--starttls none`): no rows of hosts, none of their
//! certificates, and findings and verdicts without them.

use super::Starttls;
use crate::contract::{Contract, Table};
use crate::truth::Expected;
use crate::value::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Findings that only contact with an MX host or its address question can show.
const OBSERVED: [&str; 10] = [
    "smtp_",
    "starttls_",
    "mx_tls_",
    "mx_cert_",
    "mx_client_certificate",
    "mx_requiretls",
    "mx_unresolvable",
    "mx_is_cname",
    "mx_forbidden_address",
    "dane_",
];

/// The expectation for what the scan probed.
pub(super) fn adapt(contract: &Contract, mut expected: Expected, starttls: Starttls) -> Expected {
    if starttls == Starttls::Adopters {
        return expected;
    }
    expected.hosts.clear();
    let domains = &contract.domains;
    let cell = |row: &[Value], table: &Table, name: &str| {
        table.position(name).and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null)
    };
    let mut policy_chain: BTreeSet<Value> =
        cell(&expected.domain, domains, "policy_chain_sha256").items().iter().cloned().collect();
    policy_chain.insert(cell(&expected.domain, domains, "policy_certificate_sha256"));
    expected.certificates.retain(|row| policy_chain.contains(&cell(row, &contract.certificates, "sha256")));
    let mx = cell(&expected.domain, domains, "mx");
    // Where the set is known, only the addresses of its hosts can be what failed.
    let is_observed = |word: &str| {
        OBSERVED.iter().any(|prefix| word.starts_with(prefix)) || word == "mx_dns_failure" && !mx.is_null()
    };
    // Whoever takes DANE first knows of no host what it comes to, but of an address that there is none.
    let is_address = |host: &Value| {
        host.items().get(1).and_then(Value::as_text).is_some_and(|name| name.parse::<IpAddr>().is_ok())
    };
    let literal: Vec<Value> = mx.items().iter().filter(|host| is_address(host)).cloned().collect();
    if let Some(row) = &mut expected.assessment {
        let strict = cell(row, &contract.assessments, "verdict_strict");
        for (column, value) in contract.assessments.columns.iter().zip(row) {
            match (column.name.as_str(), value) {
                ("findings" | "lasting", Value::List(findings)) => {
                    findings.retain(|finding| finding.as_text().is_some_and(|word| !is_observed(word)));
                }
                ("dane", dane) => *dane = Value::Null,
                ("verdict_primary", Value::Text(verdict)) => *verdict = unseen(verdict, primary(&mx)),
                ("verdict_strict" | "verdict_lenient", Value::Text(verdict)) => {
                    *verdict = unseen(verdict, mx.items());
                }
                // It asks for certificates, and in mode testing for none.
                ("verdict_postfix_classic", Value::Text(verdict)) if !verdict.starts_with("testing") => {
                    *verdict = unseen(verdict, &[]);
                }
                ("verdict_dane_first", Value::Text(verdict)) => {
                    *verdict = unseen(strict.as_text().unwrap_or_default(), &literal);
                }
                _ => {}
            }
        }
    }
    expected
}

/// The hosts of lowest preference.
fn primary(mx: &Value) -> &[Value] {
    let preference = |host: &Value| host.items().first().and_then(Value::as_int);
    let hosts = mx.items();
    let lowest = hosts.first().and_then(preference);
    // The set is ordered by preference.
    let end = hosts.iter().position(|host| preference(host) != lowest).unwrap_or(hosts.len());
    hosts.get(..end).unwrap_or(hosts)
}

/// A verdict over hosts of which nothing is known but whether the policy matches them: one that it does not
/// match fails, the others are left out.
fn unseen(verdict: &str, hosts: &[Value]) -> String {
    let fails = hosts.iter().any(|host| host.items().get(2) == Some(&Value::Bool(false)));
    match verdict {
        "validated" | "partial" | "refused" if fails => "refused",
        "testing_passing" | "testing_failing" if fails => "testing_failing",
        "validated" | "partial" | "refused" | "testing_passing" | "testing_failing" => "indeterminate",
        other => other,
    }
    .to_owned()
}
