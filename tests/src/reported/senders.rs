//! The forms of senders: each writes its JSON as it was seen to do, with its faults.

use super::seen::Seen;
use super::{Failing, Told};
use serde_json::{Map, Value, json};

/// The day that is reported: 2026-01-05, in seconds since 1970.
const DAY: i64 = 1_767_571_200;

/// A report, ready to be mailed.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) told: Told,
    pub(super) json: String,
    pub(super) from: &'static str,
    pub(super) submitter: &'static str,
    pub(super) subject_id: String,
    pub(super) filename: String,
    /// Seconds since 1970.
    pub(super) sent: i64,
    /// The domain of the mail, which the report itself may leave out.
    pub(super) domain: String,
}

/// A sender's way to write; `None` where it sends nothing.
type Form = fn(&Seen) -> Option<Written>;

/// All that are written.
pub(super) const FORMS: [Form; 6] = [google, microsoft, mail_ru, postfix, stalwart, mox];

/// What differs from sender to sender besides the JSON.
struct Sender {
    organization: &'static str,
    from: &'static str,
    submitter: &'static str,
    id: String,
    subject_id: String,
    /// Fifth part of the file's name.
    unique: &'static str,
    /// Seconds from the begin of the day to the mail.
    after: i64,
    faults: Vec<&'static str>,
}

impl Sender {
    fn write(mut self, seen: &Seen, json: String) -> Written {
        self.faults.sort_unstable();
        let sent = DAY + self.after;
        let Self { submitter, unique, .. } = self;
        let filename = format!("{submitter}!{}!{DAY}!{}{unique}.json.gz", seen.domain, DAY + 86_399);
        let told = Told {
            organization: self.organization.to_owned(),
            id: self.id,
            situation: seen.situation.clone(),
            domain: Some(seen.domain.clone()),
            policy_type: seen.policy_type.to_owned(),
            mode: seen.mode.clone(),
            successful: seen.successful,
            failed: failed(&seen.failures),
            failures: seen.failures.clone(),
            faults: self.faults.into_iter().map(str::to_owned).collect(),
            // Received five seconds after it was sent.
            received_at: (sent + 5) * 1_000_000,
        };
        let (from, subject_id) = (self.from, self.subject_id);
        Written { told, json, from, submitter, subject_id, filename, sent, domain: seen.domain.clone() }
    }
}

fn failed(failures: &[Failing]) -> i64 {
    failures.iter().map(|failing| failing.sessions).sum()
}

fn summary(seen: &Seen) -> Value {
    json!({"total-successful-session-count": seen.successful, "total-failure-session-count": failed(&seen.failures)})
}

/// The details, with what a form adds to one at a host.
fn details(failures: &[Failing], at_host: &Value) -> Vec<Value> {
    let detail = |failing: &Failing| {
        let mut detail = json!({"result-type": failing.result, "failed-session-count": failing.sessions});
        if let (Some(members), Some(mx)) = (detail.as_object_mut(), &failing.mx) {
            members.insert("receiving-mx-hostname".to_owned(), json!(mx));
            members.extend(at_host.as_object().cloned().unwrap_or_default());
        }
        detail
    };
    failures.iter().map(detail).collect()
}

/// The object `policy`, with type and domain, and where there is one the policy.
fn policy(seen: &Seen, lines: &[String]) -> Map<String, Value> {
    let mut policy = Map::new();
    policy.insert("policy-type".to_owned(), json!(seen.policy_type));
    if !lines.is_empty() {
        policy.insert("policy-string".to_owned(), json!(lines));
    }
    policy.insert("policy-domain".to_owned(), json!(seen.domain));
    policy
}

/// One line, details only where there are some, and a report-id in the subject that is not the report's.
fn google(seen: &Seen) -> Option<Written> {
    let id = format!("2026-01-05T00:00:00Z_{}", seen.domain);
    let mut policy = policy(seen, &seen.lines);
    if !seen.patterns.is_empty() {
        policy.insert("mx-host".to_owned(), json!(seen.patterns));
    }
    let mut entry = json!({"policy": policy, "summary": summary(seen)});
    if let (Some(entry), false) = (entry.as_object_mut(), seen.failures.is_empty()) {
        let at_host = json!({"sending-mta-ip": "2001:db8:1::25", "receiving-ip": "192.0.2.25"});
        entry.insert("failure-details".to_owned(), json!(details(&seen.failures, &at_host)));
    }
    let text = json!({
        "organization-name": "Alpha Inc.", "date-range": range("2026-01-05T00:00:00Z", "2026-01-05T23:59:59Z"),
        "contact-info": "smtp-tls-reporting@alpha.example", "report-id": id, "policies": [entry],
    });
    let sender = Sender {
        organization: "Alpha Inc.",
        from: "noreply-smtp-tls-reporting@alpha.example",
        submitter: "alpha.example",
        subject_id: format!("<2026.01.05T00.00.00Z+{}@alpha.example>", seen.domain),
        id,
        unique: "!001",
        after: 100_000,
        faults: vec!["report_subject_id"],
    };
    Some(sender.write(seen, text.to_string()))
}

fn range(begin: &str, end: &str) -> Value {
    json!({"start-datetime": begin, "end-datetime": end})
}

/// Times without zone, never an MX host, no brackets in the subject, 24 days late.
fn microsoft(seen: &Seen) -> Option<Written> {
    let id = format!("{}+{}", seen.dice, seen.domain);
    let entry = json!({
        "policy": policy(seen, &seen.lines), "summary": summary(seen),
        "failure-details": details(&seen.failures, &json!({"sending-mta-ip": "192.0.2.77"})),
    });
    let text = json!({
        "organization-name": "Beta Corporation", "date-range": range("2026-01-05T00:00:00", "2026-01-05T23:59:59"),
        "contact-info": "tlsrpt-noreply@beta.example", "report-id": id, "policies": [entry],
    });
    let sender = Sender {
        organization: "Beta Corporation",
        from: "tlsrpt-noreply@beta.example",
        submitter: "beta.example",
        subject_id: id.clone(),
        id,
        unique: "!7",
        after: 25 * 86_400,
        faults: vec!["report_late", "report_time_no_zone"],
    };
    Some(sender.write(seen, text.to_string()))
}

/// Sorted keys, indented by three, an end at the next midnight, and details that add up to twice the summary.
fn mail_ru(seen: &Seen) -> Option<Written> {
    let id = format!("{:016x}@gamma.example", seen.dice);
    let mut doubled = seen.failures.clone();
    doubled.iter_mut().for_each(|failing| failing.sessions *= 2);
    let mut policy = policy(seen, &seen.lines);
    policy.insert("mx-host".to_owned(), json!(seen.patterns));
    let entry = json!({
        "failure-details": details(&doubled, &json!({"failure-reason-code": "bad answer: 404"})),
        "policy": policy, "summary": summary(seen),
    });
    let text = json!({
        "contact-info": "postmaster@gamma.example", "date-range": range("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"),
        "organization-name": "Gamma", "policies": [entry], "report-id": id,
    });
    let mut pretty = Vec::new();
    let by_three = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    serde::Serialize::serialize(&text, &mut serde_json::Serializer::with_formatter(&mut pretty, by_three))
        .ok()?;
    let faults = if doubled.is_empty() { Vec::new() } else { vec!["report_details_sum"] };
    let sender = Sender {
        organization: "Gamma",
        from: "postmaster@gamma.example",
        submitter: "gamma.example",
        subject_id: format!("<{id}>"),
        id,
        unique: "",
        after: 90_000,
        faults,
    };
    let mut written = sender.write(seen, String::from_utf8(pretty).ok()?);
    written.told.failures = doubled;
    Some(written)
}

/// No domain where it found no policy, and the whole reply to EHLO as the name of the host.
fn postfix(seen: &Seen) -> Option<Written> {
    let id = format!("2026-01-05T00:00:00Z_idx1_{}", seen.domain);
    let (mut policy, mut faults) = (policy(seen, &seen.lines), Vec::new());
    let without = seen.policy_type == "no-policy-found";
    if without {
        policy.remove("policy-domain");
        faults.push("report_policy_domain_missing");
    }
    let reply = "250-mx1.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n";
    if seen.failures.iter().any(|failing| failing.mx.is_some()) {
        faults.push("report_helo_reply");
    }
    let entry = json!({
        "summary": summary(seen), "policy": policy,
        "failure-details": details(&seen.failures, &json!({"receiving-mx-helo": reply, "sending-mta-ip": "192.0.2.3"})),
    });
    let text = json!({
        "organization-name": "delta.example", "date-range": range("2026-01-05T00:00:00Z", "2026-01-05T23:59:59Z"),
        "contact-info": "tlsrpt@delta.example", "policies": [entry], "report-id": id,
    });
    let sender = Sender {
        organization: "delta.example",
        from: "tlsrpt@delta.example",
        submitter: "delta.example",
        subject_id: format!("<{id}>"),
        id,
        unique: "!1",
        after: 89_000,
        faults,
    };
    let mut written = sender.write(seen, text.to_string());
    if without {
        written.told.domain = None;
    }
    Some(written)
}

/// A null contact, every array there though empty, and the policy's lines in an order of its own.
fn stalwart(seen: &Seen) -> Option<Written> {
    let id = format!("{DAY}_{:x}", seen.dice);
    let place = |line: &String| {
        ["version", "mode", "max_age", "mx"].iter().position(|field| line.trim_start().starts_with(field))
    };
    let mut lines = seen.lines.clone();
    lines.sort_by_key(|line| place(line).unwrap_or(usize::MAX));
    let mut policy = policy(seen, &lines);
    policy.entry("policy-string").or_insert_with(|| json!([]));
    policy.insert("mx-host".to_owned(), json!(seen.patterns));
    let entry = json!({
        "policy": policy, "summary": summary(seen),
        "failure-details": details(&seen.failures, &json!({"sending-mta-ip": "192.0.2.9", "receiving-ip": "192.0.2.25"})),
    });
    let text = json!({
        "organization-name": "epsilon.example", "date-range": range("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"),
        "contact-info": null, "report-id": id, "policies": [entry],
    });
    let sender = Sender {
        organization: "epsilon.example",
        from: "noreply-tls@epsilon.example",
        submitter: "epsilon.example",
        subject_id: format!("<{id}>"),
        id,
        unique: "",
        after: 86_500,
        faults: vec!["report_contact_null"],
    };
    Some(sender.write(seen, text.to_string()))
}

/// Nothing where all succeeded.
fn mox(seen: &Seen) -> Option<Written> {
    if seen.failures.is_empty() {
        return None;
    }
    let id = format!("20260105.{}@zeta.example", seen.domain);
    let mut policy = policy(seen, &seen.lines);
    policy.insert("mx-host".to_owned(), json!(seen.patterns));
    let entry = json!({
        "policy": policy, "summary": summary(seen), "failure-details": details(&seen.failures, &json!({})),
    });
    let text = json!({
        "organization-name": "zeta.example", "date-range": range("2026-01-05T00:00:00Z", "2026-01-05T23:59:59Z"),
        "contact-info": "postmaster@zeta.example", "report-id": id, "policies": [entry],
    });
    let sender = Sender {
        organization: "zeta.example",
        from: "postmaster@zeta.example",
        submitter: "zeta.example",
        subject_id: format!("<{id}>"),
        id,
        unique: "!20260105",
        after: 95_000,
        faults: Vec::new(),
    };
    Some(sender.write(seen, serde_json::to_string_pretty(&text).ok()?))
}
