//! Questions without EDNS, where all servers of a zone were silent to those with it, or one seems dead.

use super::{Candidate, Course, Delegation, Heard, Walk};
use crate::dns::RecordType;
use crate::dns::iterate::name::Wire;
use crate::fault::Unfinished;
use std::sync::Arc;

/// Questions at one zone that are met with silence before one is asked without EDNS: there are servers, and
/// boxes before them, that drop what they do not know (RFC 6891 section 7).
pub(super) const BEFORE_PLAIN: usize = 3;

impl Walk<'_> {
    /// Asks one that was silent, as were all, without EDNS; `None` where it says nothing of use. What the
    /// others say meanwhile is not lost.
    pub(super) async fn ask_plainly(
        &mut self,
        zone: &Arc<Delegation>,
        silent: &Candidate,
        name: &Wire,
        kind: RecordType,
        course: &mut Course,
    ) -> Result<Option<Heard>, Unfinished> {
        course.was_plain = true;
        let before = course.begin_plain();
        let heard = Box::pin(self.ask_server(zone, silent, name, kind, course)).await?;
        let is_slow = before.is_answered();
        course.end_plain(before);
        match heard {
            Some(heard) => {
                let again = self.ask_registry_again(zone, silent, name, kind, course).await?;
                // One that has answered with EDNS too is only slow.
                if again.is_none() && !is_slow {
                    self.iterating.store.ask_plainly(silent.addr);
                }
                Ok(Some(again.unwrap_or(heard)))
            }
            None if is_slow => Box::pin(self.ask_server(zone, silent, name, kind, course)).await,
            None => Ok(None),
        }
    }

    /// Asks one that seems dead, without EDNS: it may be a server that drops what it does not know. What the
    /// others say meanwhile is not lost.
    pub(super) async fn ask_dead(
        &mut self,
        zone: &Arc<Delegation>,
        dead: &Candidate,
        name: &Wire,
        kind: RecordType,
        course: &mut Course,
    ) -> Result<Option<Heard>, Unfinished> {
        let before = course.begin_plain();
        let heard = Box::pin(self.ask_server(zone, dead, name, kind, course)).await?;
        let is_answered = before.is_answered();
        course.end_plain(before);
        let alive = Candidate { is_dead: false, ..dead.clone() };
        match heard {
            Some(heard) => {
                let again = self.ask_registry_again(zone, &alive, name, kind, course).await?;
                Ok(Some(again.unwrap_or(heard)))
            }
            None if is_answered => Box::pin(self.ask_server(zone, &alive, name, kind, course)).await,
            None => Ok(None),
        }
    }

    /// Asks a registry's server that was silent, and has just answered without EDNS, once more with it: it or
    /// the network may have been away, and without EDNS it does not say whether a zone has a DS. `None` where
    /// it is known to take none, or says nothing of use.
    async fn ask_registry_again(
        &mut self,
        zone: &Arc<Delegation>,
        server: &Candidate,
        name: &Wire,
        kind: RecordType,
        course: &mut Course,
    ) -> Result<Option<Heard>, Unfinished> {
        if !zone.is_registry || self.iterating.store.manner(server.addr).0 {
            return Ok(None);
        }
        Box::pin(self.ask_server(zone, server, name, kind, course)).await
    }
}
