//! How a zone is signed, right or wrong (RFC 4034): the table `[delegation.dnssec]` of a situation.

use serde::Deserialize;

/// How a zone is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signing {
    /// With what.
    pub algorithm: Algorithm,
    /// How it is proven that there is nothing.
    pub denial: Denial,
    /// What is wrong.
    pub fault: Option<Flaw>,
}

impl Default for Signing {
    fn default() -> Self {
        Self { algorithm: Algorithm::EcdsaP256Sha256, denial: Denial::Nsec, fault: None }
    }
}

/// An algorithm of a key (RFC 8624 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// Number 8.
    RsaSha256,
    /// Number 13.
    EcdsaP256Sha256,
    /// Number 14.
    EcdsaP384Sha384,
    /// Number 15.
    Ed25519,
}

impl Algorithm {
    /// Its number.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::RsaSha256 => 8,
            Self::EcdsaP256Sha256 => 13,
            Self::EcdsaP384Sha384 => 14,
            Self::Ed25519 => 15,
        }
    }
}

/// How a zone proves that there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    /// By NSEC, each made for the question (RFC 4470).
    Nsec,
    /// By NSEC3 (RFC 5155), each made for the question.
    Nsec3,
    /// The same, with opt-out (section 6).
    OptOut,
}

/// What is wrong with a signed zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// Its signatures are over.
    Expired,
    /// They begin in years.
    NotYetValid,
    /// Its parent's DS is about another key.
    WrongDs,
    /// It has no DNSKEY.
    NoKeys,
    /// It has no signatures but those of its keys.
    NoSignatures,
    /// It proves nothing.
    NoProofs,
    /// Its signatures are about something else.
    Altered,
    /// It is not signed at all.
    Unsigned,
    /// Its parent's DS says that the key is of an algorithm that is not assigned (number 99).
    UnknownAlgorithm,
}
