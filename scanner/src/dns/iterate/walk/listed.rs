//! A walk that begins at servers which a list has for a name. Lists age: where these have nothing of use, the
//! zone above is asked after all.

use super::{Delegation, Found, Walk};
use crate::dns::RecordType;
use crate::dns::iterate::delegation::Failure;
use crate::dns::iterate::message::Referral;
use crate::dns::iterate::name::Wire;
use crate::fault::Unfinished;
use std::sync::Arc;

/// What a list said, and what came of that.
pub(super) struct Gone {
    listed: Arc<Delegation>,
    failure: Failure,
}

impl Gone {
    /// What came of servers that the zone above names, where the list named them too: they need not be asked
    /// again.
    pub(super) fn of(&self, referral: &Referral) -> Option<Failure> {
        let is_same = self.listed.zone == referral.zone && self.listed.knows_all(&referral.servers);
        is_same.then_some(self.failure)
    }
}

impl Walk<'_> {
    /// As [`Walk::find`], from the servers that a list has.
    pub(in crate::dns::iterate) async fn find_by_list(
        &mut self,
        listed: &Arc<Delegation>,
        name: &Wire,
        kind: RecordType,
    ) -> Result<Found, Unfinished> {
        match self.find(Some(listed.clone()), name, kind).await? {
            Found::Nothing(failure) if !failure.is_exclusion() => {
                if let Some(near) = self.near {
                    near.forget_list();
                }
                // Those who were silent took the time of those who came.
                self.left = self.deadline;
                self.gone = Some(Gone { listed: listed.clone(), failure });
                let found = self.find(None, name, kind).await;
                self.gone = None;
                found
            }
            found => Ok(found),
        }
    }
}
