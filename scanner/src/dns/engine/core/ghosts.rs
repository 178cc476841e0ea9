//! Datagrams whose question was answered by a repeated one: lost, or only slower than that.
//!
//! A resolver that asks others for a name takes the repeated question for the same one and answers both
//! together, often the later first (unbound does); and of two resolvers one may be slow. So what was
//! overtaken is held against its server only where nothing comes to it.

use super::Core;
use crate::dns::engine::Ticket;
use crate::dns::engine::flow::LATE_A_PLACE;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// In place of a slot: nobody waits for the answer.
const NOBODY: u32 = u32::MAX;

/// How long after the answer to a later datagram to the same server that to an earlier one may come.
const TOGETHER: Duration = Duration::from_millis(100);

/// By their keys: when each was sent.
#[derive(Default)]
pub(super) struct Ghosts(HashMap<u32, Instant>);

impl Core {
    /// Whether nobody waits for what comes to this slot.
    pub(super) const fn is_ghost(slot: u32) -> bool {
        slot == NOBODY
    }

    /// The question of a datagram was answered by another one, which went by the lane `by`; this one had
    /// `patience`.
    pub(super) fn overtaken(&mut self, key: u32, sent: Instant, by: usize, patience: Duration, now: Instant) {
        let Some(lane) = self.ports.lane(key) else { return };
        if self.ghosts.0.len() >= LATE_A_PLACE * self.ceiling {
            self.ports.forget(key);
            self.lanes[lane].flow.lost(sent, now);
            return;
        }
        let grace = if lane == by { TOGETHER } else { patience };
        self.ports.give(key, NOBODY);
        self.ghosts.0.insert(key, sent);
        self.wheel.add(now + grace, Ticket { slot: NOBODY, turn: key });
    }

    /// Whether an answer came for a datagram that was overtaken: then it was not lost.
    pub(super) fn is_of_ghost(&mut self, slot: u32, key: u32, lane: usize, now: Instant) -> bool {
        if !Self::is_ghost(slot) {
            return false;
        }
        if let Some(sent) = self.ghosts.0.remove(&key) {
            self.ports.forget(key);
            let state = &mut self.lanes[lane];
            state.took.note(now.saturating_duration_since(sent));
            state.flow.came_late(sent);
            // Where that has undone a cut, nobody waits for the rate any more.
            self.pump(lane, now);
        }
        true
    }

    /// A deadline is over; true where it was that of a datagram that was overtaken: nothing came to it.
    pub(super) fn is_end_of_ghost(&mut self, ticket: Ticket, now: Instant) -> bool {
        if !Self::is_ghost(ticket.slot) {
            return false;
        }
        let key = ticket.turn;
        if let Some(sent) = self.ghosts.0.remove(&key) {
            let lane = self.ports.lane(key);
            self.ports.forget(key);
            if let Some(lane) = lane {
                self.lanes[lane].flow.lost(sent, now);
                self.pump(lane, now);
            }
        }
        true
    }
}
