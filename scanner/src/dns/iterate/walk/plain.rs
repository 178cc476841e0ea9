//! Questions without EDNS, where all servers of a zone were silent to those with it.

use super::{Candidate, Course, Delegation, Heard, Walk};
use crate::dns::RecordType;
use crate::dns::engine::Exchange;
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
        let before = course.begin_plain();
        let heard = Box::pin(self.ask_server(zone, silent, name, kind, course)).await?;
        if heard.is_some() {
            self.iterating.store.ask_plainly(silent.addr);
        }
        course.end_plain(before);
        if heard.is_none() && course.exchange.as_ref().is_some_and(Exchange::is_answered) {
            return Box::pin(self.ask_server(zone, silent, name, kind, course)).await;
        }
        Ok(heard)
    }
}
