//! What was seen, for a person: stage by stage, what is wrong and what to do about it, and what senders do.

use super::{Checked, sender};
use crate::assess::catalogue::Severity;
use crate::evidence::rows::{HostRow, Mx, TlsEvidence};
use crate::evidence::{
    Code, DmarcPolicy, DnsStatus, HttpVersion, MxKind, PolicyOutcome, RecordState, SmtpOutcome, TlsVersion,
    Verdict, Vocabulary as _,
};
use std::fmt::{Display, Write as _};

/// Whether the text is for a terminal that shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With the escape sequences of ECMA-48.
    Colours,
}

#[derive(Clone, Copy)]
pub(super) enum Ink {
    Bold,
    Red,
    Yellow,
    Green,
    Cyan,
    Dim,
}

impl Style {
    pub(super) fn ink(self, ink: Ink, text: impl Display) -> String {
        let code = match ink {
            Ink::Bold => 1,
            Ink::Dim => 2,
            Ink::Red => 31,
            Ink::Green => 32,
            Ink::Yellow => 33,
            Ink::Cyan => 36,
        };
        match self {
            Self::Plain => text.to_string(),
            Self::Colours => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// One domain, with a line end at the end. Text from the network is escaped already, so nothing in it can
/// move a terminal's cursor.
#[must_use]
pub fn text(checked: &Checked, style: Style) -> String {
    let mut out = format!("{}\n", style.ink(Ink::Bold, &checked.row.domain));
    stage(&mut out, "record", record(checked));
    stage(&mut out, "policy", policy(checked));
    stage(&mut out, "mx", mail(checked));
    stage(&mut out, "tlsrpt", tlsrpt(checked));
    stage(&mut out, "dmarc", dmarc(checked));
    if let Some(dane) = checked.judged.dane.as_ref().filter(|dane| !dane.is_empty()) {
        stage(&mut out, "dane", dane.iter().map(|(host, outcome)| format!("{host} {outcome}")).collect());
    }
    out.push('\n');
    findings(&mut out, checked, style);
    let judged = &checked.judged;
    for (who, verdict) in [("strict", judged.verdict_strict), ("lenient", judged.verdict_lenient)] {
        let word =
            verdict.map(|word| format!(" ({})", style.ink(verdict_ink(word), word))).unwrap_or_default();
        let _ = writeln!(out, "  a {who} sender{word} {}", sender::sentence(checked, verdict));
    }
    for named in sender::Named::ALL {
        if let Some(verdict) = named.verdict(judged) {
            let word = style.ink(verdict_ink(verdict), verdict);
            let _ = writeln!(out, "  {} ({word}) {}", named.name(), named.sentence(checked));
        }
    }
    if let Some(planned) = &checked.planned {
        out.push_str(&planned.text(style, planned.sentence(checked)));
    }
    out
}

fn stage(out: &mut String, name: &str, lines: Vec<String>) {
    for (at, line) in lines.into_iter().enumerate() {
        let _ = writeln!(out, "  {:<8} {line}", if at == 0 { name } else { "" });
    }
}

fn dns(status: Option<DnsStatus>) -> &'static str {
    status.map_or("not asked", DnsStatus::as_str)
}

fn state(state: Option<RecordState>) -> &'static str {
    state.map_or("not asked", RecordState::as_str)
}

fn record(checked: &Checked) -> Vec<String> {
    let row = &checked.row;
    let mut lines = vec![match (row.sts_record, &row.sts_id) {
        (Some(RecordState::Unknown), _) => format!("unknown: {}", dns(row.sts_dns)),
        (_, Some(id)) => format!("{}, id {id}", state(row.sts_record)),
        (_, None) => state(row.sts_record).to_owned(),
    }];
    lines.extend(row.sts_cname.iter().flatten().map(|target| format!("CNAME {target}")));
    lines.extend(row.sts_txt.iter().flatten().map(|txt| format!("TXT {txt}")));
    lines
}

fn policy(checked: &Checked) -> Vec<String> {
    let policy = &checked.row.policy;
    if checked.row.sts_signals != Some(true) {
        return vec!["not asked for: there is no MTA-STS record".to_owned()];
    }
    let url = format!("https://mta-sts.{}/.well-known/mta-sts.txt", checked.row.domain);
    let outcome = policy.outcome.map_or("not attempted", PolicyOutcome::as_str);
    let mut lines = vec![format!("{outcome}: {url}")];
    if policy.host_dns != Some(DnsStatus::NoError) {
        lines.push(format!("addresses of mta-sts: {}", dns(policy.host_dns)));
    }
    lines.extend(policy.cname.iter().flatten().map(|target| format!("CNAME {target}")));
    lines.extend(policy.addrs.iter().flatten().map(|one| format!("{} {}", one.addr, one.outcome.word())));
    lines.extend(handshake(&policy.tls));
    let kind = policy.content_type.as_deref().unwrap_or("no Content-Type");
    let version = policy.http_version.map_or("HTTP", HttpVersion::as_str);
    lines.extend(policy.http_status.map(|status| format!("{version} {status}, {kind}")));
    lines.extend(policy.redirect_to.iter().map(|to| format!("redirect to {to}")));
    if let Some(body) = &policy.body {
        let validity = match policy.valid {
            Some(true) => "valid",
            Some(false) => "not valid",
            None => "cut",
        };
        lines.push(format!("text of {} bytes, {validity}", body.len()));
        let mode = policy.mode.as_ref().map(|mode| format!("mode {mode}"));
        let age = policy.max_age_s.map(|s| format!("max_age {s} s ({:.1} days)", s as f64 / 86_400.0));
        let mx = policy.mx.iter().flatten().map(|mx| format!("mx {mx}"));
        let said: Vec<String> = mode.into_iter().chain(age).chain(mx).collect();
        lines.extend((!said.is_empty()).then(|| said.join(", ")));
    }
    let leads = checked.row.pattern_dns.iter().flatten();
    lines.extend(leads.map(|one| format!("domain of a pattern: {} {}", one.domain, one.status)));
    lines
}

/// What a handshake agreed on and its certificate; nothing where none was reached.
fn handshake(tls: &TlsEvidence) -> Option<String> {
    let agreed = [tls.version.map(TlsVersion::as_str), tls.cipher.as_deref(), tls.group.as_deref()];
    let mut parts: Vec<String> = agreed.into_iter().flatten().map(str::to_owned).collect();
    if let Some(faults) = &tls.cert_faults {
        parts.push(if faults.is_empty() {
            "certificate valid".to_owned()
        } else {
            let words: Vec<&str> = faults.iter().map(|fault| fault.as_str()).collect();
            format!("certificate {}", words.join(", "))
        });
    }
    if let Some(differs) = tls.cert_differs.as_ref().filter(|differs| !differs.is_empty()) {
        let words: Vec<&str> = differs.iter().map(|one| one.as_str()).collect();
        parts.push(format!("senders differ by {}", words.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn mail(checked: &Checked) -> Vec<String> {
    let row = &checked.row;
    let mut lines = match row.mx_kind {
        Some(MxKind::Explicit) => Vec::new(),
        Some(MxKind::Implicit) => vec!["no MX: mail goes to the domain's own address".to_owned()],
        Some(MxKind::Null) => vec!["a null MX: the domain accepts no mail".to_owned()],
        Some(MxKind::None) => vec![format!("no MX and no address ({})", dns(row.mx_dns))],
        Some(MxKind::Unknown) | None => vec![format!("unknown: {}", dns(row.mx_dns))],
    };
    for mx in row.mx.iter().flatten() {
        lines.push(member(mx));
        let seen = checked.hosts.iter().filter(|seen| seen.host == mx.host);
        lines.extend(seen.map(|seen| format!("  {}", address(seen))));
    }
    lines
}

fn member(mx: &Mx) -> String {
    let matched = match (mx.matched, &mx.pattern) {
        (Some(true), Some(pattern)) => format!(", matched by {pattern}"),
        (Some(false), _) => ", which the policy does not match".to_owned(),
        _ => String::new(),
    };
    format!("{} {}{matched}", mx.preference, mx.host)
}

fn address(row: &HostRow) -> String {
    let whence = match row.addr {
        Some(addr) => addr.to_string(),
        None => format!("addresses: {}", dns(row.host_dns)),
    };
    let said = match (row.smtp.outcome, row.smtp.code, &row.smtp.text) {
        (Some(SmtpOutcome::Ok), ..) | (_, None, _) => None,
        (_, Some(code), text) => Some(format!("{code} {}", text.as_deref().unwrap_or_default())),
    };
    let parts = [
        Some(format!("{whence} {}", row.smtp.outcome.map_or("not looked at", SmtpOutcome::as_str))),
        said,
        handshake(&row.smtp.tls),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn tlsrpt(checked: &Checked) -> Vec<String> {
    let row = &checked.row;
    let rua = row.tlsrpt_rua.as_deref().filter(|rua| !rua.is_empty());
    let to = rua.map(|rua| format!(", reports to {}", rua.join(", "))).unwrap_or_default();
    let mut lines = vec![match row.tlsrpt_record {
        Some(RecordState::Unknown) => format!("unknown: {}", dns(row.tlsrpt_dns)),
        known => format!("{}{to}", state(known)),
    }];
    lines.extend(row.tlsrpt_txt.iter().flatten().map(|txt| format!("TXT {txt}")));
    for one in row.tlsrpt_rua_dns.iter().flatten() {
        let mail = one.mx_kind.map(|kind| format!(", mail {kind}")).unwrap_or_default();
        lines.push(format!("host of reports: {} {}{mail}", one.host, one.status));
    }
    lines
}

/// Nothing where it was not asked for.
fn dmarc(checked: &Checked) -> Vec<String> {
    let (row, dmarc) = (&checked.row, &checked.row.dmarc);
    let Some(record) = dmarc.record else { return Vec::new() };
    let mut said = match record {
        RecordState::Unknown => format!("unknown: {}", dns(dmarc.dns)),
        known => known.to_string(),
    };
    if let Some(at) = &dmarc.at {
        let policy = dmarc.policy.map_or("no DMARC", DmarcPolicy::as_str);
        let testing = if dmarc.testing == Some(true) { ", testing" } else { "" };
        let whence = if *at == row.domain { String::new() } else { format!(", of {at}") };
        let _ = write!(said, ", policy {policy}{testing}{whence}");
    }
    let txts = dmarc.txt.iter().flatten().map(|txt| format!("TXT {txt}"));
    std::iter::once(said).chain(txts).collect()
}

/// Errors first, then warnings, what is not decided, and what is only said.
fn findings(out: &mut String, checked: &Checked, style: Style) {
    let mut all: Vec<Code> = checked.findings().collect();
    all.sort_by_key(|code| match code.finding().severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Indeterminate => 2,
        Severity::Info => 3,
    });
    if all.is_empty() {
        let _ = writeln!(out, "  {}\n", style.ink(Ink::Green, "no findings"));
        return;
    }
    for code in all {
        let finding = code.finding();
        let (ink, word) = match finding.severity {
            Severity::Error => (Ink::Red, "error"),
            Severity::Warning => (Ink::Yellow, "warning"),
            Severity::Indeterminate => (Ink::Cyan, "undecided"),
            Severity::Info => (Ink::Dim, "info"),
        };
        let lasting = checked.judged.lasting.contains(&code);
        let once = match (code.may_pass(), lasting) {
            (true, true) => ", seen twice",
            (true, false) => ", seen once: it may pass (--second-look 30s tries again)",
            (false, _) => "",
        };
        let (word, code) = (style.ink(ink, word), style.ink(ink, code.as_str()));
        for told in checked.told(finding.code) {
            let _ = writeln!(out, "  {word} {code}: {}{once}", told.title);
            let _ = writeln!(out, "      {}", told.advice);
        }
        let _ = writeln!(out, "      {}", style.ink(Ink::Dim, finding.source));
    }
    out.push('\n');
}

pub(super) fn verdict_ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Validated | Verdict::TestingPassing | Verdict::Withdrawn | Verdict::NoMail => Ink::Green,
        Verdict::Indeterminate => Ink::Cyan,
        Verdict::Partial | Verdict::TestingFailing => Ink::Yellow,
        Verdict::Refused | Verdict::NoPolicy => Ink::Red,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what must be there")]
    use super::{Style, text};
    use crate::assess::{HostsOf, SeenDomain, domain};
    use crate::check::{Checked, object};
    use crate::evidence::rows::DomainRow;
    use crate::evidence::{DnsStatus, MxKind, RecordState};

    fn checked() -> Checked {
        let row = DomainRow {
            domain: "example.org".into(),
            attempts: 1,
            mx_dns: Some(DnsStatus::NoError),
            mx_kind: Some(MxKind::Null),
            sts_dns: Some(DnsStatus::NoError),
            sts_txt: Some(vec!["v=STSv1;\\027[31m id=1;".into()]),
            sts_signals: Some(true),
            sts_record: Some(RecordState::Invalid),
            ..DomainRow::default()
        };
        Checked {
            judged: domain(&SeenDomain::from(&row), &HostsOf::default()),
            hosts: Vec::new(),
            planned: None,
            row,
        }
    }

    #[test]
    fn colours_are_only_where_they_are_wanted_and_none_comes_from_the_network() {
        let checked = checked();
        let plain = text(&checked, Style::Plain);
        let coloured = text(&checked, Style::Colours);
        assert!(!plain.contains('\x1b'), "{plain}");
        assert!(coloured.contains("\x1b[31mrecord_field_invalid\x1b[0m"), "{coloured}");
        // Without its colours it is the same text.
        let mut bare = coloured;
        for code in [0, 1, 2, 31, 32, 33, 36] {
            bare = bare.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(bare, plain);
    }

    #[test]
    fn each_verdict_has_its_sentence_and_no_domain_is_without_one() {
        let checked = checked();
        let said = text(&checked, Style::Plain);
        assert!(said.contains("a strict sender (no_policy) delivers as if there were no MTA-STS"), "{said}");
        assert_eq!(object(&checked)["strict"]["verdict"], "no_policy");
        assert!(
            said.contains("Postfix before 3.10.5, or without TLSRPT (no_policy) delivers as if"),
            "{said}"
        );
        assert_eq!(object(&checked)["dane_first"]["verdict"], "no_policy");
        let unasked = Checked {
            row: DomainRow { sts_dns: Some(DnsStatus::Timeout), ..DomainRow::default() },
            hosts: Vec::new(),
            judged: crate::evidence::rows::AssessmentRow::default(),
            planned: None,
        };
        assert!(text(&unasked, Style::Plain).contains("a strict sender cannot be predicted"), "{said}");
    }
}
