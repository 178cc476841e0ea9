//! Every finding this project counts: its code, what it means, and what the domain's operator can do about it.
//!
//! The one place where a code is defined; the dictionary table `findings` is made from it. Codes are added, never renamed.

mod companions;
mod mx;
mod policy_host;
mod policy_text;
mod record;

use std::sync::LazyLock;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// A strict sender gets no usable policy, or refuses a host.
    Error,
    /// It works, but senders differ or it is about to break.
    Warning,
    /// Counted, not wrong.
    Info,
    /// What was observed does not decide. Never part of an error count.
    Indeterminate,
}

impl Severity {
    /// The word as the dictionary writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Indeterminate => "indeterminate",
        }
    }
}

/// Where on a domain's way a finding belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// TXT at `_mta-sts`.
    Record,
    /// Addresses of the policy host.
    PolicyDns,
    /// TCP connection to the policy host.
    PolicyTcp,
    /// TLS and certificate of the policy host.
    PolicyTls,
    /// HTTP answer of the policy host.
    PolicyHttp,
    /// The policy's text.
    PolicyText,
    /// The MX set and its names.
    Mx,
    /// SMTP with an MX host, up to STARTTLS.
    Smtp,
    /// TLS and certificate of an MX host.
    MxTls,
    /// The policy's patterns against the MX set.
    Mismatch,
    /// TLSRPT and DANE.
    Companions,
    /// What two or more scans show together; drawn by the analysis.
    LifeCycle,
}

impl Stage {
    /// The word as the dictionary writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::PolicyDns => "policy_dns",
            Self::PolicyTcp => "policy_tcp",
            Self::PolicyTls => "policy_tls",
            Self::PolicyHttp => "policy_http",
            Self::PolicyText => "policy_text",
            Self::Mx => "mx",
            Self::Smtp => "smtp",
            Self::MxTls => "mx_tls",
            Self::Mismatch => "mismatch",
            Self::Companions => "companions",
            Self::LifeCycle => "life_cycle",
        }
    }
}

/// Whether a second look may see something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duration {
    /// What was seen is what is published or configured.
    Settled,
    /// A timeout, a reset and the like: transient until the second look repeats it, then lasting.
    MayPass,
}

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Finding {
    /// The code, stage first.
    pub code: Code,
    /// Where it belongs.
    pub stage: Stage,
    /// How much it matters.
    pub severity: Severity,
    /// Whether it may pass.
    pub duration: Duration,
    /// A few words for a table's row.
    pub title: &'static str,
    /// One sentence for the domain's operator: what to do.
    pub advice: &'static str,
    /// The RFC's section, or the guidance where no RFC says it.
    pub source: &'static str,
    /// The columns it is drawn from, with their table.
    pub columns: &'static [&'static str],
    /// The result type of RFC 8460 section 4.3 that a sender's report would show; `None` where it would show none.
    pub result: Option<&'static str>,
}

/// Entries of one stage: code, severity, duration, source, columns, result type, title, advice.
macro_rules! table {
    ($stage:ident: $($code:ident, $severity:ident, $duration:ident, $source:literal, [$($column:literal),*], $result:expr,
        $title:literal, $advice:literal;)+) => {
        &[$($crate::assess::catalogue::Finding {
            code: $crate::assess::catalogue::Code::$code,
            stage: $crate::assess::catalogue::Stage::$stage,
            severity: $crate::assess::catalogue::Severity::$severity,
            duration: $crate::assess::catalogue::Duration::$duration,
            title: $title,
            advice: $advice,
            source: $source,
            columns: &[$($column),*],
            result: $result,
        },)+]
    };
}
use table;

macro_rules! codes {
    ($($code:ident)+) => {
        /// A finding's code. A variant is spelt as the code itself, so that searching for one finds both.
        #[allow(non_camel_case_types, missing_docs, reason = "the code is the name; the catalogue explains it")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($code,)+ }

        impl Code {
            /// All codes in the order of the catalogue.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// The code as the dataset writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)+ }
            }

            /// The code of a word; `None` where it is none.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $(stringify!($code) => Some(Self::$code),)+ _ => None }
            }
        }
    };
}

codes! {
    record_dns_servfail record_dns_timeout record_dns_refused record_dns_unusable record_multiple
    record_version_invalid record_id_missing record_id_invalid record_id_too_long record_field_invalid record_space_before_semicolon
    record_duplicate_field record_trailing_space record_unrelated_txt record_wildcard record_delegated

    policy_host_name_invalid policy_host_nxdomain policy_host_dangling_cname policy_host_no_address policy_host_dns_failure
    policy_host_forbidden_address
    policy_connect_refused policy_connect_timeout policy_connect_unreachable policy_connect_reset
    policy_tls_name policy_tls_expired policy_tls_not_yet_valid policy_tls_self_signed policy_tls_untrusted
    policy_tls_chain_incomplete policy_tls_certificate_other policy_tls_alert policy_tls_protocol
    policy_tls_client_limit policy_tls_large_hello policy_tls_timeout policy_tls_closed
    policy_http_status policy_redirect policy_http_malformed policy_timeout policy_too_large policy_content_type

    policy_empty policy_html policy_version_missing policy_version_invalid policy_mode_missing policy_mode_invalid
    policy_max_age_missing policy_max_age_invalid policy_max_age_too_large policy_max_age_zero policy_max_age_short
    policy_mx_missing policy_mx_invalid policy_mx_u_label policy_line_invalid policy_duplicate_field
    policy_blank_line policy_leading_space policy_bom policy_unknown_field policy_wildcard policy_mode_testing
    policy_mode_none

    mx_none mx_null mx_null_beside_others mx_implicit mx_dns_failure mx_unresolvable mx_is_address mx_name_invalid mx_is_cname
    mx_forbidden_address

    smtp_connect_refused smtp_connect_timeout smtp_connect_unreachable smtp_connect_reset smtp_banner_timeout
    smtp_rejected_4xx smtp_rejected_5xx smtp_closed smtp_protocol smtp_answer_injection smtp_limited
    starttls_not_offered starttls_refused

    mx_tls_protocol mx_tls_client_limit mx_tls_large_hello mx_tls_alert mx_tls_timeout mx_tls_closed
    mx_cert_name mx_cert_expired mx_cert_not_yet_valid mx_cert_self_signed mx_cert_untrusted
    mx_cert_chain_incomplete mx_cert_other mx_cert_all_invalid mx_cert_some_invalid

    mx_mismatch_all mx_mismatch_some pattern_unused

    tlsrpt_dns_failure tlsrpt_absent tlsrpt_multiple tlsrpt_invalid tlsrpt_rua_missing tlsrpt_rua_invalid
    dane_valid dane_invalid dane_insecure dane_unusable dane_bogus

    id_changed_policy_same policy_changed_id_same removed_without_none removal_not_observed enforce_withdrawn
    broke repaired first_seen_broken
}

impl Code {
    /// Its entry.
    #[must_use]
    pub fn finding(self) -> &'static Finding {
        static ENTRIES: LazyLock<Vec<&Finding>> = LazyLock::new(|| all().collect());
        // A test holds the tables to the order of the codes.
        ENTRIES[self as usize]
    }

    /// Whether a second look may see something else.
    #[must_use]
    pub fn may_pass(self) -> bool {
        self.finding().duration == Duration::MayPass
    }
}

/// The whole catalogue in its order.
pub fn all() -> impl Iterator<Item = &'static Finding> {
    [
        record::RECORD,
        policy_host::DNS,
        policy_host::TCP,
        policy_host::TLS,
        policy_host::HTTP,
        policy_text::TEXT,
        mx::MX,
        mx::SMTP,
        mx::TLS,
        mx::MISMATCH,
        companions::COMPANIONS,
        companions::LIFE_CYCLE,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::dataset::columns::TABLES;

    #[test]
    fn every_code_has_its_entry_in_the_order_of_the_catalogue() {
        let entries: Vec<Code> = all().map(|finding| finding.code).collect();
        assert_eq!(entries, Code::ALL);
        for &code in Code::ALL {
            assert_eq!(Code::from_word(code.as_str()), Some(code));
            assert_eq!(code.finding().code, code);
        }
        assert_eq!(Code::from_word("ok"), None);
    }

    #[test]
    fn every_column_a_finding_is_drawn_from_exists() {
        for finding in all() {
            assert!(!finding.columns.is_empty(), "{:?}", finding.code);
            for column in finding.columns {
                let (table, column) = column.split_once('.').unwrap();
                let table = TABLES.iter().find(|t| t.name == table).unwrap();
                assert!(table.columns.iter().any(|c| c.name == column), "{:?}: {column}", finding.code);
            }
        }
    }

    #[test]
    fn every_entry_is_a_whole_sentence_with_a_source() {
        for finding in all() {
            let code = finding.code;
            assert!(finding.advice.ends_with('.') && finding.advice.len() > 20, "{code:?}");
            assert!(!finding.title.is_empty() && !finding.title.ends_with('.'), "{code:?}");
            assert!(finding.source.starts_with("RFC ") || finding.source.starts_with("guidance"), "{code:?}");
        }
    }

    #[test]
    fn result_types_are_those_of_rfc_8460() {
        const TYPES: [&str; 11] = [
            "starttls-not-supported",
            "certificate-host-mismatch",
            "certificate-expired",
            "certificate-not-trusted",
            "validation-failure",
            "tlsa-invalid",
            "dnssec-invalid",
            "dane-required",
            "sts-policy-fetch-error",
            "sts-policy-invalid",
            "sts-webpki-invalid",
        ];
        assert!(all().filter_map(|finding| finding.result).all(|result| TYPES.contains(&result)));
    }
}
