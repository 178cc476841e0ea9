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
            // One that has answered with EDNS too is only slow.
            Some(heard) => {
                if !is_slow {
                    self.iterating.store.ask_plainly(silent.addr);
                }
                Ok(Some(heard))
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
        if heard.is_none() && is_answered {
            let alive = Candidate { is_dead: false, ..dead.clone() };
            return Box::pin(self.ask_server(zone, &alive, name, kind, course)).await;
        }
        Ok(heard)
    }
}
