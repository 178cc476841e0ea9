//! What the judge may see: the columns of the evidence that findings and verdicts are drawn from, and no
//! others.
//!
//! `scan`, `check` and `assess` judge by these types alone, so a finding over a column that is not listed
//! here does not compile.

use crate::dataset::view::view;

view! {
    /// What the judge sees of a row of `domains`. A column of the view is a field:
    ///
    /// ```
    /// fn rule(row: &sts_scanner::assess::SeenDomain) -> bool { row.sts_wildcard.is_some() }
    /// ```
    ///
    /// One that the judge does not read is none, though the table has it:
    ///
    /// ```compile_fail
    /// fn rule(row: &sts_scanner::assess::SeenDomain) -> bool { row.mx_ttl.is_some() }
    /// ```
    pub SeenDomain of domains {
        domain,
        attempts,
        mx_dns,
        mx_ad,
        mx_kind,
        mx,
        sts_dns,
        sts_cname,
        sts_txt,
        sts_signals,
        sts_wildcard,
        sts_ns_agree,
        tlsrpt_dns,
        tlsrpt_txt,
        tlsrpt_record,
        dmarc_dns,
        dmarc_txt,
        dmarc_policy,
        tlsrpt_rua_dns,
        policy_at,
        policy_cname,
        policy_outcome,
        policy_cert_faults,
        policy_cert_differs,
        policy_certificate_sha256,
        policy_http_status,
        policy_redirect_to,
        policy_content_type,
        policy_body,
        policy_attempts,
        looks,
        policy_wildcard,
        pattern_dns,
    }
}

view! {
    /// What the judge sees of a row of `mx_hosts`, as `SeenDomain` does of `domains`.
    ///
    /// ```
    /// fn rule(row: &sts_scanner::assess::SeenHost) -> bool { row.smtp_outcome.is_some() }
    /// ```
    ///
    /// ```compile_fail
    /// fn rule(row: &sts_scanner::assess::SeenHost) -> bool { row.banner_ms.is_some() }
    /// ```
    pub SeenHost of mx_hosts {
        host,
        addr,
        host_dns,
        host_cname,
        host_ad,
        cname_ad,
        smtp_outcome,
        tls_alert,
        requiretls,
        quit_code,
        quit_text,
        certificate_sha256,
        chain_sha256,
        cert_faults,
        cert_differs,
        tlsa_dns,
        tlsa_ede,
        tlsa_ad,
        tlsa,
        probed_at,
        attempts,
        looks,
        dns_retried,
    }
}

view! {
    /// An earlier judgement, as far as the new one is compared with it.
    pub(super) SeenJudgement of assessments {
        domain,
        findings,
        verdict_strict,
        verdict_lenient,
        verdict_primary,
        verdict_postfix_classic,
        verdict_dane_first,
    }
}
