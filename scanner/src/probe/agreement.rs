//! Whether the name servers of a domain say the same at `_mta-sts`: senders that ask another of them would
//! see another policy, or none.
//!
//! Copies of a zone differ for a while after each change (RFC 1034 section 4.3.5). So a difference counts
//! only where two looks saw one.

use super::{Domain, Probe};
use crate::fault::Unfinished;
use serde::{Deserialize, Serialize};

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Agreement {
    /// Nobody was asked.
    #[default]
    Open,
    /// One look saw a difference.
    Differed,
    /// It is decided, or cannot be.
    Settled,
}

impl Agreement {
    /// Whether a difference was seen that may pass.
    pub(super) fn may_pass(self) -> bool {
        self == Self::Differed
    }

    /// What a look saw, and what that says.
    const fn after(self, seen: Option<bool>) -> (Self, Option<bool>) {
        match (self, seen) {
            (Self::Open, Some(false)) => (Self::Differed, None),
            (_, seen) => (Self::Settled, seen),
        }
    }
}

impl Probe {
    /// Asks each of the domain's name servers for `_mta-sts`, where that is not decided yet.
    pub(super) async fn agreement(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        if domain.agreement == Agreement::Settled {
            return Ok(());
        }
        let name = format!("_mta-sts.{}", domain.row.domain);
        // Boxed: few names signal, and each of their servers is asked by a future of its own.
        let asked = Box::pin(self.dns.servers_agree(&domain.near, &name, &mut domain.waited));
        let seen = asked.await?;
        (domain.agreement, domain.row.sts_ns_agree) = domain.agreement.after(seen);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_two_looks_saw_is_a_difference() {
        for (first, second, says) in [
            (Some(true), None, Some(true)),
            (None, None, None),
            (Some(false), Some(Some(true)), Some(true)),
            (Some(false), Some(Some(false)), Some(false)),
            (Some(false), Some(None), None),
        ] {
            let (mut far, mut said) = Agreement::Open.after(first);
            assert_eq!(far.may_pass(), second.is_some(), "{first:?}");
            if let Some(second) = second {
                (far, said) = far.after(second);
            }
            assert_eq!((far, said), (Agreement::Settled, says), "{first:?} {second:?}");
        }
        assert_eq!(Agreement::Open.after(Some(false)), (Agreement::Differed, None), "one look is not enough");
    }
}
