//! What becomes of questions that were sent: an answer, none in time, or a fault of this machine.

use super::{Core, LONG_SILENCE, Owner, Ports, Stage};
use crate::dns::engine::Event;
use crate::dns::wire::{self, Head, Likeness};
use crate::fault::LocalFault;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

impl Core {
    /// Takes a datagram that came in by a port.
    pub(in crate::dns::engine) fn hear(&mut self, port: u32, from: SocketAddr, message: &[u8], now: Instant) {
        let Some(head) = Head::of_answer(message) else {
            self.counts.malformed += 1;
            return;
        };
        let id = u16::from_be_bytes([message[0], message[1]]);
        let Some((index, lane)) = self.ports.find(port, id) else {
            self.counts.stray += 1;
            return;
        };
        let key = Ports::key(port, id);
        let state = &mut self.lanes[lane];
        if state.server != from {
            self.counts.wrong_source += 1;
            return;
        }
        if self.is_of_ghost(index, key, lane, now) {
            return;
        }
        let state = &mut self.lanes[lane];
        let slot = &mut self.slots[index as usize];
        let likeness = wire::compare(&slot.query, message);
        if likeness == Likeness::Other {
            self.counts.wrong_question += 1;
            return;
        }
        if state.case.is_mixed() && !state.case.accepts(likeness == Likeness::Exact) {
            self.counts.wrong_case += 1;
            return;
        }
        state.heard = true;
        // Those of a batch come at one moment.
        if now != self.heard_at {
            if now.saturating_duration_since(self.heard_at) > LONG_SILENCE {
                self.silence = (self.heard_at, now);
            }
            self.heard_at = now;
        }
        if self.authorities.is_none() && head.is_failure() {
            state.flow.failed();
        }
        state.flow.answered(now);
        if let Some(attempt) = slot.keys[..slot.attempts].iter().position(|sent| *sent == key) {
            state.took.note(now.saturating_duration_since(slot.sent[attempt]));
            let was_given_up = attempt + 1 < slot.attempts || !matches!(slot.stage, Stage::Sent);
            if was_given_up {
                state.flow.came_late(slot.sent[attempt]);
            }
        }
        // One that is asked again after an answer of no use lost nothing.
        let is_elsewhere = self.authorities.is_some();
        let overtaken = slot.keys[..slot.attempts]
            .first()
            .filter(|first| **first != key && !slot.answered && !is_elsewhere);
        if let Some(first) = overtaken.copied() {
            let (sent, patience) = (slot.sent[0], slot.patience);
            slot.keys[0] = key;
            self.overtaken(first, sent, lane, patience, now);
        }
        self.counts.truncated += u64::from(head.is_truncated());
        let slot = &mut self.slots[index as usize];
        slot.reply.clear();
        slot.reply.extend_from_slice(message);
        (slot.answered, slot.answered_by) = (true, Some(from));
        let sent_by = slot.lane;
        self.forget_keys(index);
        self.settle(index, Event::Answer);
        self.pump(sent_by, now);
        if sent_by != lane {
            self.pump(lane, now);
        }
    }

    /// The longest time without any answer, as far as that is kept note of, within the time between the two.
    pub(in crate::dns::engine) fn silence_within(&self, began: Instant, ended: Instant) -> Duration {
        let within =
            |(from, to): (Instant, Instant)| to.min(ended).saturating_duration_since(from.max(began));
        within(self.silence).max(within((self.heard_at, ended)))
    }

    /// What was lost while the network was away says nothing about the servers.
    pub(in crate::dns::engine) fn forgive(&mut self, now: Instant) {
        for lane in 0..self.lanes.len() {
            self.lanes[lane].flow.forgive(now);
            self.pump(lane, now);
        }
    }

    fn settle(&mut self, index: u32, event: Event) {
        self.leave_flow(index);
        self.has_had_its_turn(index);
        let slot = &mut self.slots[index as usize];
        slot.stage = Stage::Done(event);
        self.woken.extend(slot.waker.take());
    }

    /// Ends the attempts that are over.
    pub(in crate::dns::engine) fn expire(&mut self, now: Instant) {
        let mut due = std::mem::take(&mut self.due);
        self.wheel.advance(now, &mut due);
        for ticket in due.drain(..) {
            if self.is_end_of_ghost(ticket, now) || self.is_turn_of_level(ticket, now) {
                continue;
            }
            let slot = &mut self.slots[ticket.slot as usize];
            if slot.turn != ticket.turn || !matches!(slot.stage, Stage::Sent) {
                continue;
            }
            let sent = slot.sent[slot.attempts.saturating_sub(1)];
            let (lane, ends) = (slot.lane, sent + slot.patience);
            if now < ends {
                self.turn_late(ticket.slot);
                self.wheel.add(ends, ticket);
                self.woken.extend(self.listener.take());
            } else {
                self.counts.expired += 1;
                self.judge(ticket.slot, false);
                self.settle(ticket.slot, Event::Expired);
                self.lanes[lane].flow.silent(sent, now);
            }
            self.pump(lane, now);
        }
        self.due = due;
    }

    /// No socket to a server could be opened: only where it has none at all, this is the end of who waits for
    /// it.
    pub(in crate::dns::engine) fn not_opened(&mut self, lane: usize, fault: impl Fn() -> LocalFault) {
        if self.lanes[lane].ports.is_empty() {
            self.end_waiting(lane, &fault);
        }
    }

    /// Ends everything that waits for a server, because of this machine.
    pub(super) fn end_waiting(&mut self, lane: usize, fault: &impl Fn() -> LocalFault) {
        for ticket in std::mem::take(&mut self.lanes[lane].waiting) {
            let slot = &self.slots[ticket.slot as usize];
            if slot.turn == ticket.turn && matches!(slot.stage, Stage::Waiting) {
                self.settle(ticket.slot, Event::Fault(fault()));
            }
        }
    }

    /// The next datagram of a port cannot be sent because of this machine.
    pub(in crate::dns::engine) fn not_sent(&mut self, port: u32, id: u16, fault: LocalFault) {
        if let Some((index, _)) = self.ports.find(port, id).filter(|(index, _)| !Self::is_ghost(*index)) {
            self.settle(index, Event::Fault(fault));
        }
    }

    /// The kernel was told that nobody listens at a port's server. One that answered before is being
    /// restarted; of one that never did there is nothing to be waited for.
    pub(in crate::dns::engine) fn unreachable(&mut self, port: u32) {
        // By a socket that is open to all it says nothing about any of them.
        let Some(Owner::Lane(lane)) = self.ports.owner(port) else { return };
        self.counts.unreachable += 1;
        if self.lanes[lane].heard {
            return;
        }
        for index in 0..self.slots.len() {
            let slot = &self.slots[index];
            if slot.lane == lane && matches!(slot.stage, Stage::Sent) {
                self.settle(u32::try_from(index).unwrap_or(u32::MAX), Event::Unreachable);
            }
        }
    }

    /// Ends everything.
    pub(in crate::dns::engine) fn close(&mut self) {
        self.closed = true;
        for index in 0..self.slots.len() {
            if matches!(self.slots[index].stage, Stage::Waiting | Stage::Sent) {
                self.settle(u32::try_from(index).unwrap_or(u32::MAX), Event::Closed);
            }
        }
        self.rouse_driver();
    }
}
