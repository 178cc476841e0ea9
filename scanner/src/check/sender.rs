//! What a sender does with mail to the domain, in a sentence for each verdict.

use super::Checked;
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
