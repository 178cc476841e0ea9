//! Words of the catalogue of findings.

use super::vocabulary::vocabulary;

vocabulary! {
    /// How much a finding matters.
    Severity {
        /// A strict sender gets no usable policy, or refuses a host.
        Error = "error",
        /// It works, but senders differ, or it is about to break.
        Warning = "warning",
        /// Counted, but not wrong.
        Info = "info",
        /// What was observed is not conclusive. Never part of an error count.
        Indeterminate = "indeterminate",
    }
}

vocabulary! {
    /// Where on a domain's way a finding belongs.
    Stage {
        /// TXT at `_mta-sts`.
        Record = "record",
        /// Addresses of the policy host.
        PolicyDns = "policy_dns",
        /// TCP connection to the policy host.
        PolicyTcp = "policy_tcp",
        /// TLS and certificate of the policy host.
        PolicyTls = "policy_tls",
        /// HTTP response of the policy host.
        PolicyHttp = "policy_http",
        /// The policy's text.
        PolicyText = "policy_text",
        /// The MX set and its names.
        Mx = "mx",
        /// SMTP with an MX host, up to STARTTLS.
        Smtp = "smtp",
        /// TLS and certificate of an MX host.
        MxTls = "mx_tls",
        /// The policy's patterns against the MX set.
        Mismatch = "mismatch",
        /// TLSRPT, DMARC and DANE.
        Companions = "companions",
        /// What two or more scans show together; found by the analysis.
        LifeCycle = "life_cycle",
    }
}
