//! Words of the judgement.

use super::code::Code;
use super::vocabulary::vocabulary;

vocabulary! {
    /// What becomes of mail to a domain that signals.
    Verdict {
        /// Every observed MX host passes.
        Validated = "validated",
        /// Some MX hosts pass, some fail.
        Partial = "partial",
        /// No MX host passes: the mail is not delivered.
        Refused = "refused",
        /// Mode testing, and every observed MX host passes.
        TestingPassing = "testing_passing",
        /// Mode testing, and an MX host fails: the mail is delivered and the failure is reported.
        TestingFailing = "testing_failing",
        /// Mode none: the policy withdraws itself (RFC 8461 section 8.3).
        Withdrawn = "withdrawn",
        /// The domain takes no mail.
        NoMail = "no_mail",
        /// The sender gets no usable policy, and delivers as if there were no MTA-STS.
        NoPolicy = "no_policy",
        /// What was observed is not conclusive.
        Indeterminate = "indeterminate",
    }
}

vocabulary! {
    /// Of what kind a mismatch of policy and MX set is; the first that fits counts.
    MismatchKind {
        /// A label of the pattern is `mta-sts`: it names the policy host instead of the MX host.
        MtaStsLabel = "mta_sts_label",
        /// `*.x` against a host two or more labels below x.
        WildcardDepth = "wildcard_depth",
        /// The same registrable domain.
        ThirdLevel = "third_level",
        /// Registrable domains that differ in their public suffix only.
        TopLevelOnly = "top_level_only",
        /// Registrable domains whose labels before the suffix are at most three edits apart.
        Typo = "typo",
        /// The pattern is of the name under which a provider had its hosts, the host of the one that it has
        /// now.
        ProviderMoved = "provider_moved",
        /// None of these.
        DifferentDomain = "different_domain",
    }
}

vocabulary! {
    /// What DANE comes to at an MX host (RFC 7672).
    DaneOutcome {
        /// A TLSA record matches.
        Valid = "valid",
        /// There are usable TLSA records, but there is no TLS, or none of them matches.
        Invalid = "invalid",
        /// The addresses or the TLSA records are not secured by DNSSEC; in the former case nobody asks for
        /// the latter.
        Insecure = "insecure",
        /// Addresses and TLSA records are secured by DNSSEC, the MX set that leads there is not: a sender may
        /// use them.
        MxInsecure = "mx_insecure",
        /// The TLSA records are secure, but a mail sender can use none of them.
        Unusable = "unusable",
        /// The TLSA records could not be validated.
        Bogus = "bogus",
        /// There are no TLSA records.
        None = "none",
        /// What was observed is not conclusive.
        Unknown = "unknown",
    }
}

impl DaneOutcome {
    /// The finding that goes with it where there are TLSA records; `None` where there is nothing to find.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::Valid => Some(Code::dane_valid),
            Self::Invalid => Some(Code::dane_invalid),
            Self::Insecure => Some(Code::dane_insecure),
            Self::MxInsecure => Some(Code::dane_mx_insecure),
            Self::Unusable => Some(Code::dane_unusable),
            Self::Bogus => Some(Code::dane_bogus),
            Self::None | Self::Unknown => None,
        }
    }
}
