//! Answers that come when the next server was asked already, or nobody is left to ask.

use super::{Candidate, Course, Delegation, Heard, Walk};
use crate::dns::engine::Event;
use crate::dns::iterate::name::Wire;
use crate::dns::{Effort, RecordType};
use crate::fault::Unfinished;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

impl Walk<'_> {
    /// Waits as long as the question may take for those who were all silent, where they are not known to be
    /// dead: what they say late is their answer. Only for the name itself, since after a name server's
    /// others may be asked yet.
    pub(super) async fn wait_for_late(
        &mut self,
        zone: &Arc<Delegation>,
        name: &Wire,
        kind: RecordType,
        course: &mut Course,
    ) -> Result<Option<Heard>, Unfinished> {
        let is_of_use = self.effort == Effort::Full && self.sought.is_empty() && !self.left.is_zero();
        let (Some(last), Some(exchange)) = (course.unheard.last().cloned(), &mut course.exchange) else {
            return Ok(None);
        };
        if !is_of_use || last.is_dead || !course.failure.is_silence() {
            return Ok(None);
        }
        let began = Instant::now();
        let event = {
            let _aside = self.engine.step_aside();
            exchange.outcome_within(self.left).await
        };
        let by = exchange.answered_by();
        course.took = began.elapsed();
        self.left = self.left.saturating_sub(course.took);
        if !matches!(event, Some(Event::Answer)) {
            return Ok(None);
        }
        self.hear(zone, &last, by.map_or(last.addr, |by| by.ip()), (name, kind), course).await
    }

    /// Takes the answer of one of those who were asked, `next` last; `None` where it is of no use.
    pub(super) async fn hear(
        &mut self,
        zone: &Arc<Delegation>,
        next: &Candidate,
        by: IpAddr,
        asked: (&Wire, RecordType),
        course: &mut Course,
    ) -> Result<Option<Heard>, Unfinished> {
        self.iterating.store.has_answered(by);
        course.failure.answered = true;
        if by == next.addr {
            return self.read(zone, next, asked, course).await;
        }
        // One that was asked before was slow: where it is of no use, this one still has its chance.
        let slow = course.unheard.iter().find(|one| one.addr == by).unwrap_or(next).clone();
        let heard = self.read(zone, &slow, asked, course).await?;
        (course.useless, course.was_silent) = (Some(by), heard.is_none());
        Ok(heard)
    }
}
