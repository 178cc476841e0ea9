//! Words about a domain: where its mail goes, what its records are, what its policy asks for.

use super::vocabulary::vocabulary;

vocabulary! {
    /// Where the mail of a domain goes.
    MxKind {
        /// MX records.
        Explicit = "explicit",
        /// No MX record, but an address (RFC 5321 section 5.1).
        Implicit = "implicit",
        /// A null MX (RFC 7505).
        Null = "null",
        /// Neither MX nor address, or no such name.
        None = "none",
        /// Could not be resolved, or was not asked for.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// State of the TXT records at `_mta-sts`, `_smtp._tls` or `_dmarc`.
    RecordState {
        /// Exactly one record, and it is valid.
        Valid = "valid",
        /// Exactly one record, and it is not valid.
        Invalid = "invalid",
        /// More than one record: a sender acts as if there were none.
        Multiple = "multiple",
        /// No record.
        Absent = "absent",
        /// There was no answer.
        Unknown = "unknown",
    }
}

impl RecordState {
    /// Whether anything is published there, valid or not.
    #[must_use]
    pub const fn is_published(self) -> bool {
        match self {
            Self::Valid | Self::Invalid | Self::Multiple => true,
            Self::Absent | Self::Unknown => false,
        }
    }
}

vocabulary! {
    /// What a policy asks of senders (RFC 8461 section 5).
    Mode {
        /// Do not deliver to a host that fails.
        Enforce = "enforce",
        /// Deliver and report.
        Testing = "testing",
        /// There is no policy any more.
        None = "none",
    }
}

vocabulary! {
    /// What a domain's owner asks of receivers of mail that fails DMARC (RFC 9989 section 4.7).
    DmarcPolicy {
        /// Nothing.
        None = "none",
        /// To treat it as suspicious.
        Quarantine = "quarantine",
        /// To reject it.
        Reject = "reject",
    }
}
