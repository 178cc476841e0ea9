//! The codes of findings. What each means, and what to do about it, is said in the catalogue
//! (`assess::catalogue`).

use super::vocabulary::{Vocabulary, WordEntry};

macro_rules! codes {
    ($($code:ident $(: $duration:ident)?,)+) => {
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

            /// Whether a second look may see something else: transient until that repeats it, then lasting.
            #[must_use]
            pub const fn may_pass(self) -> bool {
                match self { $(Self::$code => codes!(@ $($duration)?),)+ }
            }
        }
    };
    (@ may_pass) => { true };
    (@) => { false };
}

// Codes are added, never renamed. `may_pass`: a timeout, a reset and the like.
codes! {
    record_dns_servfail, record_dns_timeout: may_pass, record_dns_refused, record_dns_unusable,
    record_multiple, record_version_invalid, record_id_missing, record_id_invalid, record_id_too_long,
    record_field_invalid, record_space_before_semicolon, record_duplicate_field, record_trailing_space,
    record_escaped, record_unrelated_txt, record_wildcard, record_delegated, record_ns_disagree,

    policy_host_name_invalid, policy_host_nxdomain, policy_host_dangling_cname, policy_host_no_address,
    policy_host_dns_failure: may_pass, policy_host_forbidden_address, policy_host_cname_claimable,

    policy_connect_refused, policy_connect_timeout: may_pass, policy_connect_unreachable: may_pass,
    policy_connect_reset: may_pass,

    policy_tls_name, policy_tls_expired, policy_tls_not_yet_valid, policy_tls_self_signed,
    policy_tls_untrusted, policy_tls_chain_incomplete, policy_tls_certificate_other, policy_tls_cert_limit,
    policy_tls_weak_key, policy_tls_alert,
    policy_tls_protocol, policy_tls_client_limit, policy_tls_no_protocol, policy_tls_large_hello, policy_tls_renewal_late,
    policy_tls_timeout: may_pass, policy_tls_closed: may_pass,

    policy_http_status, policy_redirect, policy_http_malformed, policy_http_incomplete, policy_timeout: may_pass,
    policy_too_large, policy_content_type,

    policy_empty, policy_html, policy_version_missing, policy_version_invalid, policy_mode_missing,
    policy_mode_invalid, policy_max_age_missing, policy_max_age_invalid, policy_max_age_too_large,
    policy_max_age_zero, policy_max_age_short, policy_mx_missing, policy_mx_invalid, policy_mx_u_label,
    policy_line_invalid, policy_duplicate_field, policy_blank_line, policy_leading_space, policy_bom,
    policy_escaped, policy_unknown_field, policy_wildcard, policy_mode_testing, policy_mode_none,

    mx_none, mx_null, mx_null_beside_others, mx_implicit, mx_dns_failure: may_pass, mx_unresolvable,
    mx_is_address, mx_below_invalid, mx_name_invalid, mx_is_cname, mx_forbidden_address,

    smtp_connect_refused, smtp_connect_timeout: may_pass, smtp_connect_unreachable: may_pass,
    smtp_connect_reset: may_pass, smtp_banner_timeout: may_pass, smtp_rejected_4xx, smtp_rejected_5xx,
    smtp_closed: may_pass, smtp_protocol, smtp_answer_injection, smtp_limited, starttls_not_offered: may_pass,
    starttls_masked,
    starttls_refused: may_pass,

    mx_tls_protocol, mx_tls_client_limit, mx_tls_large_hello, mx_tls_alert, mx_tls_timeout: may_pass,
    mx_tls_closed: may_pass, mx_client_certificate, mx_requiretls, mx_cert_name, mx_cert_expired, mx_cert_not_yet_valid, mx_cert_self_signed,
    mx_cert_untrusted, mx_cert_chain_incomplete, mx_cert_other, mx_cert_client_limit, mx_cert_all_invalid,
    mx_cert_some_invalid, mx_cert_weak_key, mx_cert_senders_differ, mx_cert_renewal_late,

    mx_mismatch_all, mx_mismatch_some, pattern_unused, policy_pattern_domain_missing,

    tlsrpt_dns_failure: may_pass, tlsrpt_absent, tlsrpt_multiple, tlsrpt_invalid, tlsrpt_rua_missing,
    tlsrpt_rua_invalid, tlsrpt_escaped, tlsrpt_rua_domain_missing, tlsrpt_rua_no_mx, dmarc_dns_failure: may_pass,
    dmarc_absent, dmarc_multiple, dmarc_invalid, dmarc_policy_none, dane_valid, dane_invalid, dane_insecure,
    dane_mx_insecure, dane_unusable, dane_bogus, dane_ta_public_ca,

    id_changed_policy_same, policy_changed_id_same, removed_without_none, removal_not_observed,
    enforce_withdrawn, broke, repaired, first_seen_broken,
}

impl Vocabulary for Code {
    fn all() -> Vec<Self> {
        Self::ALL.to_vec()
    }

    fn word(self) -> &'static str {
        self.as_str()
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::from_word(word)
    }

    fn entry(self) -> WordEntry {
        WordEntry { word: self.as_str(), meaning: None, may_pass: Some(self.may_pass()) }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
