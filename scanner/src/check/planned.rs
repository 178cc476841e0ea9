//! Before an MX change: what the published policy does with the planned hosts, until when senders may hold
//! it, and in which order to change what.

use super::sender;
use super::text::{Style, verdict_ink};
use crate::assess::catalogue::Severity;
use crate::assess::{self, HostsOf, SeenDomain};
use crate::dataset::columns::domains::SeenMx;
use crate::evidence::rows::DomainRow;
use crate::evidence::{Code, Mode, MxKind, Stage, Verdict, Word};
use crate::moment;
use crate::mta_sts::mx_pattern;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A planned MX set before the policy that is published.
#[derive(Debug)]
pub struct Planned {
    /// Its hosts, each once, as given.
    pub hosts: Vec<PlannedHost>,
    /// What a strict sender that holds the policy does once they are the MX set.
    pub verdict: Option<Verdict>,
    /// How long senders may keep the policy, seconds; `None` where there is none that they can use.
    pub max_age_s: Option<u64>,
    /// The moment at which the last copy that is fetched now runs out, as RFC 3339 writes it.
    pub copies_until: Option<String>,
    /// What to do, in order.
    pub steps: Vec<String>,
}

/// One of its hosts.
#[derive(Debug)]
pub struct PlannedHost {
    /// Its name.
    pub host: String,
    /// The first pattern of the policy that matches it; `None` where none does, or there is no policy.
    pub pattern: Option<String>,
    /// What a strict sender does with mail to this host alone.
    pub verdict: Option<Verdict>,
    /// What is wrong with the host itself.
    pub faults: Vec<Code>,
}

impl Planned {
    /// Holds hosts, about which `known` says what was seen, against the policy of a domain.
    #[must_use]
    pub(super) fn of(row: &DomainRow, hosts: &[String], known: &HostsOf) -> Self {
        let judged = |set: &[String]| assess::domain(&with_mx(row, set), known);
        let patterns = row.policy.mx.as_deref().filter(|_| row.policy.usable == Some(true));
        let hosts: Vec<PlannedHost> = hosts
            .iter()
            .map(|host| {
                let judged = judged(std::slice::from_ref(host));
                PlannedHost {
                    host: host.clone(),
                    pattern: patterns.and_then(|all| mx_pattern::first_match(host, all)).map(str::to_owned),
                    verdict: judged.verdict_strict,
                    faults: judged.findings.into_iter().filter(|code| is_of_host(*code)).collect(),
                }
            })
            .collect();
        let names: Vec<String> = hosts.iter().map(|one| one.host.clone()).collect();
        let max_age_s = row.policy.max_age_s.filter(|_| patterns.is_some());
        let max_age_s = max_age_s.and_then(|seconds| u64::try_from(seconds).ok());
        let mut planned = Self {
            verdict: judged(&names).verdict_strict,
            copies_until: max_age_s.map(moment::rfc3339_in),
            max_age_s,
            hosts,
            steps: Vec::new(),
        };
        planned.steps = planned.order(row);
        planned
    }

    /// Whether a sender that holds the policy refuses one of the hosts.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.hosts.iter().any(|one| one.verdict == Some(Verdict::Refused))
    }

    fn order(&self, row: &DomainRow) -> Vec<String> {
        let mode = row.policy.mode.filter(|_| self.max_age_s.is_some());
        let (Some(Mode::Enforce | Mode::Testing), Some(max_age_s)) = (mode, self.max_age_s) else {
            return vec![match mode {
                Some(_) => "Change the MX records: the policy withdraws itself and turns no host away.",
                None => "Change the MX records: no usable policy was seen, so none turns a host away. Senders that still hold an earlier one keep to it for as long as its max_age.",
            }
            .to_owned()];
        };
        let mut steps = Vec::new();
        for one in self.hosts.iter().filter(|one| !one.faults.is_empty()) {
            let codes: Vec<&str> = one.faults.iter().map(|code| code.as_str()).collect();
            steps.push(format!("Mend {}: {}.", one.host, codes.join(", ")));
        }
        let missing: Vec<String> = self
            .hosts
            .iter()
            .filter(|one| one.pattern.is_none() && mx_pattern::is_host(&one.host))
            .map(|one| format!("`mx: {}`", one.host))
            .collect();
        if !missing.is_empty() {
            steps.push(format!("Add {} to the policy, and keep its other lines.", missing.join(", ")));
            steps.push(format!(
                "Give the record at _mta-sts.{} a new id, so that senders fetch the policy anew.",
                row.domain
            ));
            steps.push(format!(
                "Wait {max_age_s} s ({}), until every copy of the policy of today has run out: {} if it is replaced now.",
                days(max_age_s),
                self.copies_until.as_deref().unwrap_or_default()
            ));
        }
        steps.push("Change the MX records.".to_owned());
        let is_left_over =
            |pattern: &&String| self.hosts.iter().all(|one| !mx_pattern::matches(&one.host, pattern));
        let left_over: Vec<String> = row
            .policy
            .mx
            .iter()
            .flatten()
            .filter(is_left_over)
            .map(|pattern| format!("`{pattern}`"))
            .collect();
        if !left_over.is_empty() {
            let ttl = row.mx_ttl.map(|ttl| format!(" ({ttl} s were left of them)")).unwrap_or_default();
            steps.push(format!(
                "When the TTL of the old MX records has passed{ttl}, take {} out of the policy, and give the record a new id once more.",
                left_over.join(", ")
            ));
        }
        steps
    }

    /// As keys of the domain's object.
    pub(super) fn json(&self) -> Value {
        let hosts = self.hosts.iter().map(|one| {
            json!({
                "host": one.host,
                "pattern": one.pattern,
                "verdict": one.verdict,
                "findings": one.faults.iter().map(|code| code.as_str()).collect::<Value>(),
            })
        });
        json!({
            "hosts": hosts.collect::<Value>(),
            "verdict": self.verdict,
            "max_age_s": self.max_age_s,
            "copies_until": self.copies_until,
            "steps": self.steps,
        })
    }

    /// For a person, below what was seen of the domain.
    pub(super) fn text(&self, style: Style, does: &'static str) -> String {
        let mut out = "\n  planned MX\n".to_owned();
        for one in &self.hosts {
            let matched = match &one.pattern {
                Some(pattern) => format!("matched by {pattern}"),
                None if self.max_age_s.is_some() => "which the policy does not match".to_owned(),
                None => "no policy to match".to_owned(),
            };
            let verdict = one.verdict.map(|word| style.ink(verdict_ink(word), word));
            let verdict = verdict.map(|word| format!(": {word}")).unwrap_or_default();
            let _ = writeln!(out, "    {}, {matched}{verdict}", one.host);
        }
        let _ = writeln!(out, "    with them as the MX set a strict sender {does}");
        if let (Some(age), Some(until)) = (self.max_age_s, &self.copies_until) {
            let _ = writeln!(
                out,
                "    senders that fetch the policy now may hold it until {until} ({})",
                days(age)
            );
        }
        let _ = writeln!(out, "  in this order");
        for (at, step) in self.steps.iter().enumerate() {
            let _ = writeln!(out, "    {}. {step}", at + 1);
        }
        out
    }

    /// What a strict sender does with them as the MX set.
    pub(super) fn sentence(&self, checked: &super::Checked) -> &'static str {
        sender::sentence(checked, self.verdict)
    }
}

fn days(seconds: u64) -> String {
    format!("{:.1} days", seconds as f64 / 86_400.0)
}

/// Whether a finding is an error of an MX host itself, and not of how the policy and the set fit.
fn is_of_host(code: Code) -> bool {
    let finding = code.finding();
    let is_sum = matches!(code, Code::mx_cert_all_invalid | Code::mx_cert_some_invalid);
    let is_host = matches!(finding.stage, Stage::Mx | Stage::Smtp | Stage::MxTls);
    is_host && !is_sum && (finding.severity == Severity::Error || code == Code::mx_below_invalid)
}

/// The evidence of the domain with another MX set: its own preference, one after the other.
fn with_mx(row: &DomainRow, hosts: &[String]) -> SeenDomain {
    let member = |host: &String| SeenMx { preference: 10, host: host.clone(), matched: None, pattern: None };
    SeenDomain {
        mx_kind: Some(Word::Known(MxKind::Explicit)),
        mx: Some(hosts.iter().map(member).collect()),
        ..SeenDomain::from(row)
    }
}
