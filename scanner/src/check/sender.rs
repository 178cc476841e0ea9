//! What a sender does with mail to the domain, in a sentence for each verdict.

use super::Checked;
use crate::evidence::rows::AssessmentRow;
use crate::evidence::{MxKind, Verdict};

/// The sentence for a verdict of this domain, `None` being that of a domain that does not signal or was not
/// asked.
pub(super) fn sentence(checked: &Checked, verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Validated) => "delivers, over TLS with a verified certificate",
        Some(Verdict::Partial) => {
            "delivers, but only to the MX hosts that pass; it skips the others (RFC 8461 section 5.1)"
        }
        Some(Verdict::Refused) => {
            "does not deliver: no MX host passes, so the mail waits in its queue and is finally returned (RFC 8461 section 5.1)"
        }
        Some(Verdict::TestingPassing) => "delivers, and would in mode enforce as well",
        Some(Verdict::TestingFailing) => {
            "delivers, as the mode is testing, and reports the failures (RFC 8460); in mode enforce it would not deliver to every host"
        }
        Some(Verdict::Withdrawn) => {
            "delivers as if there were no MTA-STS: the policy withdraws itself (RFC 8461 section 8.3)"
        }
        Some(Verdict::NoMail) => "has nowhere to deliver to",
        Some(Verdict::NoPolicy) => {
            "delivers as if there were no MTA-STS, with whatever TLS there is, unless it still holds an earlier policy (RFC 8461 section 5.1)"
        }
        Some(Verdict::Indeterminate) => "cannot be predicted from what was observed",
        None if checked.row.sts_signals.is_none() && checked.row.sts_dns.is_some() => {
            "cannot be predicted: there was no answer for _mta-sts"
        }
        None if matches!(checked.row.mx_kind, Some(MxKind::None | MxKind::Null)) => {
            "has nowhere to deliver to"
        }
        None => "delivers with whatever TLS there is: the domain has no MTA-STS",
    }
}

/// A sender that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Postfix that checks certificates against the policy's patterns.
    PostfixClassic,
    /// One that takes DANE before the policy.
    DaneFirst,
}

impl Named {
    pub(super) const ALL: [Self; 2] = [Self::PostfixClassic, Self::DaneFirst];

    /// Who it is.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PostfixClassic => "Postfix before 3.10.5, or without TLSRPT",
            Self::DaneFirst => "a sender that takes DANE first",
        }
    }

    /// Its key for programs.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::PostfixClassic => "postfix_classic",
            Self::DaneFirst => "dane_first",
        }
    }

    /// Its verdict of this domain.
    pub(super) const fn verdict(self, judged: &AssessmentRow) -> Option<Verdict> {
        match self {
            Self::PostfixClassic => judged.verdict_postfix_classic,
            Self::DaneFirst => judged.verdict_dane_first,
        }
    }

    /// The sentence for its verdict, where that is another one than of senders without a name.
    pub(super) fn sentence(self, checked: &Checked) -> &'static str {
        let verdict = self.verdict(&checked.judged);
        match (self, verdict) {
            (Self::PostfixClassic, Some(Verdict::Validated)) => {
                "delivers, over TLS with a certificate that has a name of the policy"
            }
            (Self::PostfixClassic, Some(Verdict::Partial)) => {
                "delivers, but only to the MX hosts with a valid certificate that has a name of the policy"
            }
            (Self::PostfixClassic, Some(Verdict::Refused)) => {
                "does not deliver: no MX host has a valid certificate with a name of the policy, so the mail waits in its queue, five days by default, and is then returned"
            }
            (Self::PostfixClassic, Some(Verdict::TestingPassing)) => {
                "delivers, and checks nothing in mode testing"
            }
            (Self::DaneFirst, Some(Verdict::Validated)) => {
                "delivers, over TLS with a certificate that a TLSA record or the policy answers for"
            }
            (Self::DaneFirst, Some(Verdict::Partial)) => "delivers, but only to the MX hosts that pass",
            (Self::DaneFirst, Some(Verdict::Refused)) => {
                "does not deliver: no MX host passes; Exchange Online keeps the mail for 24 hours and then drops it"
            }
            _ => sentence(checked, verdict),
        }
    }
}
