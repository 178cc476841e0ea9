//! Words about TLS and its certificates.

use super::code::Code;
use super::policy::PolicyOutcome;
use super::vocabulary::{Vocabulary, WordEntry, vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The version that a handshake agreed on.
    TlsVersion {
        /// TLS 1.2 (RFC 5246).
        Tls12 = "TLSv1.2",
        /// TLS 1.3 (RFC 8446).
        Tls13 = "TLSv1.3",
    }
}

vocabulary! {
    /// What is wrong with a certificate, in the order of the column `cert_faults`: chain, time, name, our
    /// limit.
    outcome CertFault {
        /// Issuer equals subject, and its own key verifies it, whether or not it is marked as an authority.
        SelfSigned = "self_signed",
        /// There is no path to a trusted root. Never together with self_signed.
        Untrusted = "untrusted",
        /// No path through the certificates that the server sent, but one through those that the scan saw
        /// elsewhere. Judged, never observed.
        ChainIncomplete = "chain_incomplete",
        /// It cannot be read, is not for a server by its key usage or extended key usage, has an unknown
        /// critical extension, or the server did not prove that it holds the key.
        Other = "other",
        /// It has expired.
        Expired = "expired",
        /// It is not valid yet.
        NotYetValid = "not_yet_valid",
        /// None of its names is the host's.
        Name = "name",
        /// Its path holds what the scanner cannot check: a limit of ours, which says nothing of the server.
        /// Never together with self_signed or untrusted.
        ClientLimit = "client_limit",
    }
}

vocabulary! {
    /// Why there is no path to a trusted root: what is wrong with the path that has the fewest faults.
    CertCause {
        /// A certificate of the path is signed with an algorithm that nobody accepts any longer (MD5, SHA-1,
        /// DSA).
        SignatureAlgorithm = "signature_algorithm",
        /// An issuer's RSA key has less than 2048 bits.
        KeySize = "key_size",
        /// A name lies outside the names that an issuer may certify (RFC 5280 section 4.2.1.10).
        NameConstraint = "name_constraint",
        /// An issuer demands a certificate policy, and none holds along the path (RFC 5280 section 6.1.5).
        Policy = "policy",
        /// An issuer's certificate has expired, or is not valid yet.
        IssuerExpired = "issuer_expired",
        /// An issuer may not issue certificates of servers: it is not marked as an authority, its key usage
        /// or extended key usage is another, or it has an unknown critical extension.
        IssuerUsage = "issuer_usage",
        /// There are more issuers below one than it allows (RFC 5280 section 4.2.1.9).
        PathLength = "path_length",
        /// The certificates lead to no trusted root.
        NoPath = "no_path",
    }
}

vocabulary! {
    /// What about a certificate, and the list that it came in, senders are known to judge differently
    /// (docs/senders.md).
    SenderDifference {
        /// More than ten certificates were sent.
        LongList10 = "long_list_10",
        /// More than sixteen certificates were sent.
        LongList16 = "long_list_16",
        /// The host's name has an underscore, and the certificate covers it.
        Underscore = "underscore",
        /// It demands a stapled answer of OCSP (RFC 7633), and none was stapled.
        NoStaple = "no_staple",
        /// An issuer was sent twice, an expired certificate of it first.
        ExpiredFirst = "expired_first",
        /// It has a key usage, without digitalSignature.
        NoDigitalSignature = "no_digital_signature",
        /// It has no DNS name, and its common name is the host's.
        CnOnly = "cn_only",
        /// Its RSA key has less than 2048 bits.
        WeakKey = "weak_key",
    }
}

impl CertFault {
    /// Whether every sender is sure to refuse a certificate that has it.
    #[must_use]
    pub const fn decides(self) -> bool {
        !matches!(self, Self::ClientLimit)
    }

    /// Faults that are judged over the whole scan, and never stand in the evidence.
    pub const JUDGED: &[Self] = &[Self::ChainIncomplete];

    /// Whether a second look may see something else: the certificate that was shown is the one that is
    /// configured.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        false
    }

    /// The outcome of a policy host whose certificate has it first.
    #[must_use]
    pub const fn policy_outcome(self) -> PolicyOutcome {
        match self {
            Self::SelfSigned => PolicyOutcome::TlsSelfSigned,
            Self::Untrusted => PolicyOutcome::TlsUntrusted,
            Self::ChainIncomplete => PolicyOutcome::TlsChainIncomplete,
            Self::Other => PolicyOutcome::TlsCertificateOther,
            Self::Expired => PolicyOutcome::TlsExpired,
            Self::NotYetValid => PolicyOutcome::TlsNotYetValid,
            Self::Name => PolicyOutcome::TlsName,
            Self::ClientLimit => PolicyOutcome::TlsCertLimit,
        }
    }

    /// Its finding at an MX host.
    #[must_use]
    pub const fn mx_code(self) -> Code {
        match self {
            Self::SelfSigned => Code::mx_cert_self_signed,
            Self::Untrusted => Code::mx_cert_untrusted,
            Self::ChainIncomplete => Code::mx_cert_chain_incomplete,
            Self::Other => Code::mx_cert_other,
            Self::Expired => Code::mx_cert_expired,
            Self::NotYetValid => Code::mx_cert_not_yet_valid,
            Self::Name => Code::mx_cert_name,
            Self::ClientLimit => Code::mx_cert_client_limit,
        }
    }
}

/// What a certificate is worth: valid, or its first fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CertOutcome {
    /// It has no fault.
    Valid,
    /// The first of its faults.
    Fault(CertFault),
}

impl CertOutcome {
    /// That of a certificate with these faults.
    #[must_use]
    pub fn of(faults: &[CertFault]) -> Self {
        faults.first().map_or(Self::Valid, |first| Self::Fault(*first))
    }
}

impl Vocabulary for CertOutcome {
    fn all() -> Vec<Self> {
        [Self::Valid].into_iter().chain(CertFault::ALL.iter().copied().map(Self::Fault)).collect()
    }

    fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Fault(fault) => fault.as_str(),
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        if word == "valid" { Some(Self::Valid) } else { CertFault::from_word(word).map(Self::Fault) }
    }

    fn entry(self) -> WordEntry {
        match self {
            Self::Valid => {
                WordEntry { word: "valid", meaning: Some("It has no fault."), may_pass: Some(false) }
            }
            Self::Fault(fault) => fault.entry(),
        }
    }
}
