//! What is said of an untrusted certificate once it is known why: title and advice by the cause, in place of
//! those of `policy_tls_untrusted` and `mx_cert_untrusted`.

use crate::evidence::CertCause;

/// Title and advice of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// A few words.
    pub title: &'static str,
    /// One sentence for the domain's operator: what to do.
    pub advice: &'static str,
}

impl CertCause {
    /// What is said of it.
    #[must_use]
    pub const fn told(self) -> Told {
        let (title, advice) = match self {
            Self::SignatureAlgorithm => (
                "The path to a trusted root has a signature with MD5, SHA-1 or DSA",
                "Get a certificate whose path is signed with SHA-256 or better: nobody accepts such a signature any longer.",
            ),
            Self::KeySize => (
                "An issuer's RSA key has less than 2048 bits",
                "Get a certificate from an authority whose keys have 2048 bits or more.",
            ),
            Self::NameConstraint => (
                "The certificate has a name that its issuer may not certify",
                "Get a certificate whose every name lies within the name constraints of its issuer, or one from another authority.",
            ),
            Self::Policy => (
                "An issuer demands a certificate policy that the path does not have",
                "Get a certificate with a policy that its issuers have too.",
            ),
            Self::IssuerExpired => (
                "An issuer's certificate has expired, or is not valid yet",
                "Send the issuer's renewed certificate in place of the one that is sent now.",
            ),
            Self::IssuerUsage => (
                "An issuer may not issue certificates of servers",
                "Get a certificate from an authority for TLS servers: what signed it is not marked as one.",
            ),
            Self::PathLength => (
                "There are more issuers than one of them allows below itself",
                "Get a certificate from an authority that may issue: the one above it allows no further one.",
            ),
            Self::NoPath => (
                "No path to a trusted root",
                "Use a certificate from a public certificate authority, and send its intermediate certificates.",
            ),
        };
        Told { title, advice }
    }
}

#[cfg(test)]
mod tests {
    use crate::evidence::{CertCause, Code};

    #[test]
    fn every_cause_is_told_and_none_like_another() {
        let titles: std::collections::BTreeSet<_> =
            CertCause::ALL.iter().map(|cause| cause.told().title).collect();
        assert_eq!(titles.len(), CertCause::ALL.len());
        assert!(CertCause::ALL.iter().all(|cause| cause.told().advice.ends_with('.')));
        assert_eq!(CertCause::NoPath.told().title, Code::mx_cert_untrusted.finding().title);
    }
}
