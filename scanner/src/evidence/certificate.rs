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
    /// What is wrong with a certificate, in the order of the column `cert_faults`: chain, time, name.
    outcome CertFault {
        /// Issuer equals subject, and its own key verifies it, whether or not it is marked as an authority.
        SelfSigned = "self_signed",
        /// There is no path to a trusted root. Never together with self_signed.
        Untrusted = "untrusted",
        /// No path through the certificates that the server sent, but one through those that the scan saw
        /// elsewhere. Judged, never observed.
        ChainIncomplete = "chain_incomplete",
        /// It cannot be read, is not for a server, is marked as an authority, has an unknown critical
        /// extension, or the server did not prove that it holds the key.
        Other = "other",
        /// It has expired.
        Expired = "expired",
        /// It is not valid yet.
        NotYetValid = "not_yet_valid",
        /// None of its names is the host's.
        Name = "name",
    }
}

impl CertFault {
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
