//! What the judge may see: the columns of the evidence that findings and verdicts are drawn from, and no others.
//!
//! `scan`, `check` and `assess` judge by these types alone, so a finding over a column that is not listed here does not compile.

use crate::dataset::cell::{Bytes, SeenRetried};
use crate::dataset::view::view;
use crate::evidence::rows::{AssessmentRow, DomainRow, HostRow, Micros, Mx};
use crate::evidence::{
    CertFault, Code, DnsStatus, MxKind, PolicyOutcome, RecordState, SmtpOutcome, Verdict, Word,
};
use std::net::IpAddr;

view! {
    /// What the judge sees of a row of `domains`.
    pub SeenDomain of DOMAINS, from row: &DomainRow {
        domain: String = row.domain,
        attempts: i32 = row.attempts,
        mx_dns: Option<Word<DnsStatus>> = row.mx_dns,
        mx_ad: Option<bool> = row.mx_ad,
        mx_kind: Option<Word<MxKind>> = row.mx_kind,
        mx: Option<Vec<Mx>> = row.mx,
        sts_dns: Option<Word<DnsStatus>> = row.sts_dns,
        sts_cname: Option<Vec<String>> = row.sts_cname,
        sts_txt: Option<Vec<String>> = row.sts_txt,
        sts_signals: Option<bool> = row.sts_signals,
        sts_wildcard: Option<bool> = row.sts_wildcard,
        tlsrpt_dns: Option<Word<DnsStatus>> = row.tlsrpt_dns,
        tlsrpt_txt: Option<Vec<String>> = row.tlsrpt_txt,
        tlsrpt_record: Option<Word<RecordState>> = row.tlsrpt_record,
        policy_outcome: Option<Word<PolicyOutcome>> = row.policy.outcome,
        policy_cert_faults: Option<Vec<Word<CertFault>>> = row.policy.tls.cert_faults,
        policy_certificate_sha256: Option<String> = row.policy.tls.certificate_sha256,
        policy_http_status: Option<i32> = row.policy.http_status,
        policy_redirect_to: Option<String> = row.policy.redirect_to,
        policy_content_type: Option<String> = row.policy.content_type,
        policy_body: Option<Bytes> = row.policy.body,
        policy_attempts: Option<Vec<Word<PolicyOutcome>>> = row.policy.attempts,
        looks: Option<i32> = row.policy.looks(),
        policy_wildcard: Option<bool> = row.policy.wildcard,
    }
}

view! {
    /// What the judge sees of a row of `mx_hosts`.
    pub SeenHost of MX_HOSTS, from row: &HostRow {
        host: String = row.host,
        addr: Option<IpAddr> = row.addr,
        host_dns: Option<Word<DnsStatus>> = row.host_dns,
        host_cname: Option<Vec<String>> = row.host_cname,
        host_ad: Option<bool> = row.host_ad,
        smtp_outcome: Option<Word<SmtpOutcome>> = row.smtp.outcome,
        certificate_sha256: Option<String> = row.smtp.tls.certificate_sha256,
        chain_sha256: Option<Vec<String>> = row.smtp.tls.chain_sha256,
        cert_faults: Option<Vec<Word<CertFault>>> = row.smtp.tls.cert_faults,
        tlsa_dns: Option<Word<DnsStatus>> = row.tlsa_dns,
        tlsa_ad: Option<bool> = row.tlsa_ad,
        tlsa: Option<Vec<String>> = row.tlsa,
        probed_at: Option<Micros> = row.smtp.probed_at,
        attempts: Vec<Word<SmtpOutcome>> = row.attempts,
        looks: Option<i32> = Some(row.looks()),
        dns_retried: Vec<SeenRetried> = row.dns_retried,
    }
}

view! {
    /// An earlier judgement, as far as the new one is compared with it.
    pub(super) SeenJudgement of ASSESSMENTS, from row: &AssessmentRow {
        domain: String = row.domain,
        findings: Vec<Word<Code>> = row.findings,
        verdict_strict: Option<Word<Verdict>> = row.verdict_strict,
        verdict_lenient: Option<Word<Verdict>> = row.verdict_lenient,
        verdict_primary: Option<Word<Verdict>> = row.verdict_primary,
    }
}
