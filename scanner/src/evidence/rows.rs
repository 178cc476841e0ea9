//! One row of each table, as the stages fill it.
//!
//! The fields are the columns of `dataset/columns`, where each is explained; `None` is null.

use super::attempts;
use super::{
    AddressOutcome, CertCause, CertFault, CertOutcome, Code, DaneOutcome, DmarcPolicy, DnsStatus,
    HttpVersion, MismatchKind, Mode, MxKind, PolicyOutcome, Question, RecordState, SenderDifference,
    SmtpOutcome, SmtpPhase, Starttls, TlsVersion, Verdict,
};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::net::IpAddr;
use std::sync::Arc;

/// Microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;

/// A list that holds a name, and the name's rank there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Name of the list.
    pub list: Arc<str>,
    /// Rank from 1, where the list has ranks.
    pub rank: Option<i64>,
}

/// One member of an MX set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mx {
    /// Preference; lower is tried first.
    pub preference: u16,
    /// Host, lower case, no trailing dot; `.` for the root.
    pub host: String,
    /// Whether the policy matches it; `None` without a usable policy.
    pub matched: Option<bool>,
    /// The pattern that does.
    pub pattern: Option<String>,
}

/// One address of a policy host and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddrOutcome {
    /// The address.
    pub addr: IpAddr,
    /// What came of it.
    pub outcome: AddressOutcome,
}

/// What came of a question at the first look that was asked again at the second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retried {
    /// What was asked.
    pub question: Question,
    /// What came of it then.
    pub status: DnsStatus,
}

/// A domain that a pattern names, and what the DNS says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternDns {
    /// The registrable domain, lower case.
    pub domain: String,
    /// What came of asking for it.
    pub status: DnsStatus,
}

/// A host that reports go to, and what the DNS says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuaDns {
    /// The host, lower case.
    pub host: String,
    /// What came of asking for it.
    pub status: DnsStatus,
    /// Where its mail goes; `None` where reports do not come to it by mail.
    pub mx_kind: Option<MxKind>,
}

impl Retried {
    /// Notes that a question is asked again, if it was asked before.
    pub fn note(list: &mut Vec<Self>, question: Question, before: Option<DnsStatus>) {
        list.extend(before.map(|status| Self { question, status }));
    }
}

/// A row of `domains`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
pub struct DomainRow {
    pub domain: SmolStr,
    pub input: SmolStr,
    pub rank: Option<i64>,
    pub lists: Vec<Listed>,
    pub suffix: Option<SmolStr>,
    pub registrable: Option<SmolStr>,
    pub attempts: i32,
    pub waited_ms: i64,
    pub total_ms: i64,
    pub dns_retried: Vec<Retried>,
    pub mx_at: Option<Micros>,
    pub mx_dns: Option<DnsStatus>,
    pub mx_ede: Option<Vec<i32>>,
    pub mx_ad: Option<bool>,
    pub mx_ttl: Option<i64>,
    pub mx_kind: Option<MxKind>,
    pub mx: Option<Vec<Mx>>,
    pub delegated_to: Option<Vec<String>>,
    /// Whether the zone above has a DS for it; `None` where that is not known.
    pub ds: Option<bool>,
    pub ns: Option<Vec<String>>,
    pub sts_at: Option<Micros>,
    pub sts_dns: Option<DnsStatus>,
    pub sts_ede: Option<Vec<i32>>,
    pub sts_ttl: Option<i64>,
    pub sts_cname: Option<Vec<String>>,
    pub sts_txt: Option<Vec<String>>,
    pub sts_signals: Option<bool>,
    pub sts_record: Option<RecordState>,
    pub sts_id: Option<String>,
    pub sts_wildcard: Option<bool>,
    pub sts_ns_agree: Option<bool>,
    pub tlsrpt_dns: Option<DnsStatus>,
    pub tlsrpt_txt: Option<Vec<String>>,
    pub tlsrpt_record: Option<RecordState>,
    pub tlsrpt_rua: Option<Vec<String>>,
    pub tlsrpt_rua_dns: Option<Vec<RuaDns>>,
    pub dmarc: DmarcEvidence,
    pub pattern_dns: Option<Vec<PatternDns>>,
    pub policy: PolicyEvidence,
}

/// The columns `dmarc_*` of a row of `domains`: all `None` where the companion is off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
pub struct DmarcEvidence {
    pub dns: Option<DnsStatus>,
    pub txt: Option<Vec<String>>,
    pub record: Option<RecordState>,
    pub policy: Option<DmarcPolicy>,
    pub subdomain_policy: Option<DmarcPolicy>,
    pub testing: Option<bool>,
    pub at: Option<String>,
}

/// The columns `policy_*` of a row of `domains`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
pub struct PolicyEvidence {
    pub at: Option<Micros>,
    pub host_dns: Option<DnsStatus>,
    pub cname: Option<Vec<String>>,
    pub addrs: Option<Vec<AddrOutcome>>,
    pub outcome: Option<PolicyOutcome>,
    pub tls: TlsEvidence,
    /// The alert of TLS that ended it.
    pub alert: Option<i32>,
    pub http_status: Option<i32>,
    pub http_version: Option<HttpVersion>,
    pub redirect_to: Option<String>,
    pub content_type: Option<String>,
    pub sha256: Option<String>,
    pub body: Option<Vec<u8>>,
    pub fetch_ms: Option<i64>,
    pub attempts: Option<Vec<PolicyOutcome>>,
    pub wildcard: Option<bool>,
    pub valid: Option<bool>,
    pub usable: Option<bool>,
    pub mode: Option<Mode>,
    pub max_age_s: Option<i64>,
    pub mx: Option<Vec<String>>,
}

impl PolicyEvidence {
    /// Bytes of the body that were kept; `None` where there was none.
    #[must_use]
    pub fn bytes(&self) -> Option<i64> {
        self.body.as_ref().map(|body| i64::try_from(body.len()).unwrap_or(i64::MAX))
    }

    /// How many looks the attempts are of, further tries not counted; `None` where there was none.
    #[must_use]
    pub fn looks(&self) -> Option<i32> {
        self.attempts.as_deref().map(count_looks)
    }
}

fn count_looks<A: attempts::Attempt>(outcomes: &[A]) -> i32 {
    i32::try_from(attempts::looks(outcomes)).unwrap_or(i32::MAX)
}

/// What one TLS handshake showed, at a policy host or an MX host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
pub struct TlsEvidence {
    pub version: Option<TlsVersion>,
    pub cipher: Option<String>,
    pub group: Option<String>,
    pub certificate_sha256: Option<String>,
    pub chain_sha256: Option<Vec<String>>,
    pub cert_outcome: Option<CertOutcome>,
    pub cert_faults: Option<Vec<CertFault>>,
    pub cert_cause: Option<CertCause>,
    pub cert_differs: Option<Vec<SenderDifference>>,
    pub stapled: Option<bool>,
    /// The certificates themselves, leaf first, for the table `certificates`.
    pub chain: Vec<Vec<u8>>,
}

/// A row of `mx_hosts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
pub struct HostRow {
    pub host: String,
    pub addr: Option<IpAddr>,
    pub host_dns: Option<DnsStatus>,
    pub host_ede: Option<Vec<i32>>,
    pub host_cname: Option<Vec<String>>,
    pub host_ad: Option<bool>,
    pub cname_ad: Option<bool>,
    pub smtp: SmtpEvidence,
    pub tlsa_dns: Option<DnsStatus>,
    pub tlsa_ede: Option<Vec<i32>>,
    pub tlsa_ad: Option<bool>,
    pub tlsa: Option<Vec<String>>,
    pub waited_ms: i64,
    pub attempts: Vec<SmtpOutcome>,
    pub dns_retried: Vec<Retried>,
}

impl HostRow {
    /// How many looks the attempts are of, further tries not counted; 0 where no connection was made.
    #[must_use]
    pub fn looks(&self) -> i32 {
        count_looks(&self.attempts)
    }
}

/// What one SMTP conversation showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
pub struct SmtpEvidence {
    /// `None` only until the address is looked at: a row is written with its outcome.
    pub outcome: Option<SmtpOutcome>,
    pub phase: Option<SmtpPhase>,
    pub code: Option<i32>,
    pub text: Option<String>,
    pub banner: Option<String>,
    pub ehlo: Option<Vec<String>>,
    pub starttls: Option<Starttls>,
    pub tls: TlsEvidence,
    /// The alert of TLS that ended it.
    pub tls_alert: Option<i32>,
    pub ehlo_tls: Option<Vec<String>>,
    pub requiretls: Option<bool>,
    pub quit_code: Option<i32>,
    pub quit_text: Option<String>,
    pub probed_at: Option<Micros>,
    pub connect_ms: Option<i64>,
    pub banner_ms: Option<i64>,
    pub handshake_ms: Option<i64>,
}

/// A row of `certificates`: everything but the hash and the DER is `None` where the DER does not parse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
pub struct CertificateRow {
    pub sha256: String,
    pub subject: Option<String>,
    pub issuer: Option<String>,
    pub sans: Option<Vec<String>>,
    pub not_before: Option<Micros>,
    pub not_after: Option<Micros>,
    pub key_type: Option<String>,
    pub key_bits: Option<i32>,
    pub signature: Option<String>,
    pub is_ca: Option<bool>,
    pub aia: Option<Vec<String>>,
    pub spki_sha256: Option<String>,
    pub issuer_org: Option<String>,
    pub has_scts: Option<bool>,
    pub key_usage: Option<Vec<String>>,
    pub eku: Option<Vec<String>>,
    pub policies: Option<Vec<String>>,
    pub must_staple: Option<bool>,
    pub der: Vec<u8>,
}

/// A row of `assessments`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
pub struct AssessmentRow {
    pub domain: String,
    pub findings: Vec<Code>,
    pub lasting: Vec<Code>,
    pub mismatch_kind: Option<MismatchKind>,
    pub verdict_strict: Option<Verdict>,
    pub verdict_lenient: Option<Verdict>,
    pub verdict_primary: Option<Verdict>,
    pub verdict_postfix_classic: Option<Verdict>,
    pub verdict_dane_first: Option<Verdict>,
    pub dane: Option<Vec<(String, DaneOutcome)>>,
}
