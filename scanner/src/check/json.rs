//! What was seen, for programs.

use super::{Checked, sender};
use crate::evidence::rows::{DomainRow, HostRow, TlsEvidence};
use crate::evidence::text::escape;
use crate::evidence::{Code, DnsStatus, MxKind, RecordState, Verdict, Vocabulary as _};
use serde_json::{Value, json};

/// One domain as an object. Keys are the dataset's columns, grouped by stage; null is what it is there: not
/// asked or not seen.
#[must_use]
pub fn object(checked: &Checked) -> Value {
    let Checked { row, judged, .. } = checked;
    let each = |code: Code| checked.told(code).into_iter().map(move |told| (code, told));
    let findings = checked.findings().flat_map(each).map(|(code, told)| {
        let finding = code.finding();
        json!({
            "code": code.as_str(),
            "stage": finding.stage.as_str(),
            "severity": finding.severity.as_str(),
            "lasting": judged.lasting.contains(&code),
            "title": told.title,
            "advice": told.advice,
            "source": finding.source,
            "result": finding.result,
        })
    });
    let sender =
        |verdict: Option<Verdict>| json!({ "verdict": verdict, "does": sender::sentence(checked, verdict) });
    let mut object = json!({
        "domain": row.domain,
        "record": {
            "dns": row.sts_dns.map(DnsStatus::as_str),
            "cname": row.sts_cname,
            "txt": row.sts_txt,
            "state": row.sts_record.map(RecordState::as_str),
            "id": row.sts_id,
            "wildcard": row.sts_wildcard,
            "ns_agree": row.sts_ns_agree,
        },
        "policy": policy(row),
        "ds": row.ds,
        "mx": { "dns": row.mx_dns.map(DnsStatus::as_str), "ad": row.mx_ad, "ede": row.mx_ede, "kind": row.mx_kind.map(MxKind::as_str), "hosts": hosts(checked) },
        "tlsrpt": {
            "dns": row.tlsrpt_dns.map(DnsStatus::as_str),
            "txt": row.tlsrpt_txt,
            "state": row.tlsrpt_record.map(RecordState::as_str),
            "rua": row.tlsrpt_rua,
            "rua_dns": row.tlsrpt_rua_dns,
        },
        "dmarc": dmarc(row),
        "dane": judged.dane.as_ref().map(|hosts| {
            hosts.iter().map(|(host, outcome)| json!({ "host": host, "outcome": outcome })).collect::<Value>()
        }),
        "findings": findings.collect::<Value>(),
        "mismatch_kind": judged.mismatch_kind,
        "strict": sender(judged.verdict_strict),
        "lenient": sender(judged.verdict_lenient),
        "primary": judged.verdict_primary,
    });
    for named in sender::Named::ALL {
        let verdict = named.verdict(judged);
        let does = verdict.map(|_| named.sentence(checked));
        object[named.key()] = json!({ "verdict": verdict, "does": does });
    }
    if let Some(planned) = &checked.planned {
        object["planned"] = planned.json();
    }
    object
}

/// Null where it was not asked for.
fn dmarc(row: &DomainRow) -> Value {
    let dmarc = &row.dmarc;
    if dmarc.dns.is_none() {
        return Value::Null;
    }
    json!({
        "dns": dmarc.dns.map(DnsStatus::as_str),
        "txt": dmarc.txt,
        "state": dmarc.record.map(RecordState::as_str),
        "policy": dmarc.policy,
        "subdomain_policy": dmarc.subdomain_policy,
        "testing": dmarc.testing,
        "at": dmarc.at,
    })
}

fn policy(row: &DomainRow) -> Value {
    let policy = &row.policy;
    let addrs = policy.addrs.as_ref().map(|addrs| {
        addrs
            .iter()
            .map(|one| json!({ "addr": one.addr.to_string(), "outcome": one.outcome.word() }))
            .collect::<Value>()
    });
    json!({
        "dns": policy.host_dns.map(DnsStatus::as_str),
        "cname": policy.cname,
        "addrs": addrs,
        "outcome": policy.outcome,
        "attempts": policy.attempts,
        "tls": tls(&policy.tls),
        "alert": policy.alert,
        "http_status": policy.http_status,
        "http_version": policy.http_version,
        "redirect_to": policy.redirect_to,
        "content_type": policy.content_type,
        "body": policy.body.as_deref().map(escape),
        "wildcard": policy.wildcard,
        "valid": policy.valid,
        "usable": policy.usable,
        "mode": policy.mode,
        "max_age_s": policy.max_age_s,
        "mx": policy.mx,
        "pattern_dns": row.pattern_dns,
    })
}

fn hosts(checked: &Checked) -> Value {
    let set = checked.row.mx.iter().flatten();
    let one = |mx: &crate::evidence::rows::Mx| {
        let addresses = checked.hosts.iter().filter(|row| row.host == mx.host).map(address);
        json!({
            "preference": mx.preference,
            "host": mx.host,
            "matched": mx.matched,
            "pattern": mx.pattern,
            "addresses": addresses.collect::<Value>(),
        })
    };
    set.map(one).collect()
}

fn address(row: &HostRow) -> Value {
    json!({
        "addr": row.addr.map(|addr| addr.to_string()),
        "dns": row.host_dns.map(DnsStatus::as_str),
        "cname": row.host_cname,
        "ede": row.host_ede,
        "ad": row.host_ad,
        "cname_ad": row.cname_ad,
        "tlsa_dns": row.tlsa_dns.map(DnsStatus::as_str),
        "tlsa_ede": row.tlsa_ede,
        "tlsa_ad": row.tlsa_ad,
        "outcome": row.smtp.outcome,
        "attempts": row.attempts,
        "code": row.smtp.code,
        "text": row.smtp.text,
        "banner": row.smtp.banner,
        "ehlo": row.smtp.ehlo,
        "starttls": row.smtp.starttls,
        "tls_alert": row.smtp.tls_alert,
        "ehlo_tls": row.smtp.ehlo_tls,
        "requiretls": row.smtp.requiretls,
        "quit_code": row.smtp.quit_code,
        "quit_text": row.smtp.quit_text,
        "tls": tls(&row.smtp.tls),
    })
}

fn tls(tls: &TlsEvidence) -> Value {
    json!({
        "version": tls.version,
        "cipher": tls.cipher,
        "group": tls.group,
        "certificate_sha256": tls.certificate_sha256,
        "cert_faults": tls.cert_faults,
        "cert_cause": tls.cert_cause,
        "cert_differs": tls.cert_differs,
        "stapled": tls.stapled,
    })
}
