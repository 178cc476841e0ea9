//! Many servers by few sockets: how authoritative servers are asked, and within which bounds.

use super::{Core, Event, Place, Ticket};
use crate::dns::engine::levels::{Bounds, Levels, Path, Scope};
use crate::dns::engine::port::Port;
use crate::dns::engine::slot::Stage;
use crate::dns::engine::socket::Family;
use crate::fault::LocalFault;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::task::Waker;
use std::time::{Duration, Instant};

/// Sockets of a family, each with a port that the kernel drew: a forger has to guess the port beside id and
/// case. As many cost no more than eight (measured).
pub(in crate::dns::engine) const SOCKETS: usize = 64;
/// Servers that are kept though nothing is asked of them now: about 400 bytes each.
const LANES_KEPT: usize = 50_000;
/// In place of a slot: the moment of a level, whose number is the turn.
const LEVEL: u32 = u32::MAX - 1;

/// The sockets that are open to all, and the bounds.
pub(super) struct Authorities {
    sockets: [Sockets; 2],
    levels: Levels,
    /// Questions that wait for their turn.
    held: usize,
    /// Lanes that had nothing to do when they were put here.
    idle: VecDeque<usize>,
}

#[derive(Default)]
struct Sockets {
    ports: Vec<u32>,
    /// The one that the present burst goes out by.
    current: usize,
    is_wanted: bool,
}

impl Authorities {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { sockets: Default::default(), levels: Levels::new(bounds), held: 0, idle: VecDeque::new() }
    }

    /// Questions that wait for their turn.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// The port by which a server is asked now; there must be one.
    pub(super) fn port(&self, server: SocketAddr) -> u32 {
        let sockets = &self.sockets[Family::of(server) as usize];
        sockets.ports[sockets.current % sockets.ports.len()]
    }
}

impl Core {
    /// Whether there is a socket by which a lane's server can be asked.
    pub(super) fn has_socket(&self, lane: usize) -> bool {
        let lane = &self.lanes[lane];
        match &self.authorities {
            Some(authorities) => !authorities.sockets[Family::of(lane.server) as usize].ports.is_empty(),
            None => !lane.ports.is_empty(),
        }
    }

    /// A question goes to a server: it counts there, and at no earlier one any more.
    pub(super) fn take_up(&mut self, index: u32, lane: usize, scopes: [Option<Scope>; 3], now: Instant) {
        // The new one first: a level that both have is not to be forgotten between the two.
        self.lanes[lane].users += 1;
        let path = scopes.map(|scope| {
            let authorities = self.authorities.as_mut()?;
            scope.map(|scope| authorities.levels.enter(scope, now))
        });
        self.put_down(index);
        let slot = &mut self.slots[index as usize];
        (slot.lane, slot.path, slot.has_lane) = (lane, path, true);
        if let Some(authorities) = &mut self.authorities {
            slot.is_held = true;
            authorities.held += 1;
            authorities.sockets[Family::of(self.lanes[lane].server) as usize].is_wanted = true;
        }
    }

    /// A question has no more to do with its server.
    pub(super) fn put_down(&mut self, index: u32) {
        self.has_had_its_turn(index);
        let slot = &mut self.slots[index as usize];
        if !std::mem::take(&mut slot.has_lane) {
            return;
        }
        let path = std::mem::take(&mut slot.path);
        let lane = slot.lane;
        self.lanes[lane].users -= 1;
        let Some(authorities) = &mut self.authorities else { return };
        authorities.levels.exit(path);
        if self.lanes[lane].users == 0 {
            authorities.idle.push_back(lane);
        }
    }

    /// A lane that may be another server's from now on; `None` where there are not too many yet.
    pub(super) fn idle_lane(&mut self) -> Option<usize> {
        let authorities = self.authorities.as_mut().filter(|_| self.lanes.len() >= LANES_KEPT)?;
        while let Some(lane) = authorities.idle.pop_front() {
            let state = &self.lanes[lane];
            if state.users == 0 && !state.is_held && state.waiting.is_empty() {
                return Some(lane);
            }
        }
        None
    }

    /// Sends what waits for a server as far as all its levels have room.
    pub(super) fn pump_within(&mut self, lane: usize, now: Instant) {
        while !self.lanes[lane].is_held {
            let Some(ticket) = self.lanes[lane].waiting.front().copied() else { return };
            let slot = &self.slots[ticket.slot as usize];
            if slot.turn != ticket.turn || !matches!(slot.stage, Stage::Waiting) {
                self.lanes[lane].waiting.pop_front();
                continue;
            }
            let path = slot.path;
            if !self.has_socket(lane) {
                return self.rouse_driver();
            }
            let Some(authorities) = &mut self.authorities else { return };
            match authorities.levels.admit(path, now) {
                Ok(()) => {
                    self.lanes[lane].waiting.pop_front();
                    if self.slots[ticket.slot as usize].is_by_tcp {
                        self.give_turn(ticket.slot, now);
                    } else if !self.transmit(ticket, now) {
                        self.leave_path(path, now);
                        return;
                    }
                }
                Err(held) => {
                    self.lanes[lane].is_held = true;
                    let number = u32::try_from(lane).unwrap_or(u32::MAX);
                    if let Some(until) = authorities.levels.wait(held, number) {
                        self.wheel.add(until, Ticket { slot: LEVEL, turn: held.level });
                        self.rouse_driver();
                    }
                }
            }
        }
    }

    /// Has a question whose answer was cut wait for one more turn at a server, to be asked by TCP.
    pub(in crate::dns::engine) fn queue_for_tcp(
        &mut self,
        index: u32,
        server: SocketAddr,
        scopes: [Option<Scope>; 3],
        waker: Waker,
    ) {
        let (now, closed) = (Instant::now(), self.closed);
        let slot = &mut self.slots[index as usize];
        slot.turn = slot.turn.wrapping_add(1);
        if closed {
            slot.stage = Stage::Done(Event::Closed);
            return;
        }
        (slot.stage, slot.waker, slot.asked, slot.is_by_tcp) = (Stage::Waiting, Some(waker), now, true);
        let ticket = Ticket { slot: index, turn: slot.turn };
        let lane = self.lane_of(server);
        self.take_up(index, lane, scopes, now);
        self.lanes[lane].waiting.push_front(ticket);
        self.pump_within(lane, now);
    }

    /// A server may be asked by TCP now; the question counts at its levels until [`Core::is_back`].
    fn give_turn(&mut self, index: u32, now: Instant) {
        self.has_had_its_turn(index);
        let slot = &mut self.slots[index as usize];
        slot.queued = now.saturating_duration_since(slot.asked);
        (slot.place, slot.stage) = (Place::Levels, Stage::Turn);
        self.woken.extend(slot.waker.take());
        self.rouse_driver();
    }

    /// How long a question waited for its turn by TCP, once it has it; until then `waker` is told.
    ///
    /// # Errors
    /// There will be none.
    pub(in crate::dns::engine) fn turn(
        &mut self,
        index: u32,
        waker: &Waker,
    ) -> Option<Result<Duration, Event>> {
        let slot = &mut self.slots[index as usize];
        if matches!(slot.stage, Stage::Turn) {
            slot.stage = Stage::Idle;
            return Some(Ok(slot.queued));
        }
        self.outcome(index, waker).map(|(event, _)| Err(event))
    }

    /// A question that went by TCP is no longer under way.
    pub(in crate::dns::engine) fn is_back(&mut self, index: u32) {
        self.leave_flow(index);
    }

    /// A question is no longer under way at its levels: who waits there may have its turn.
    pub(super) fn leave_levels(&mut self, index: u32) {
        if self.authorities.is_some() {
            self.leave_path(self.slots[index as usize].path, Instant::now());
        }
    }

    fn leave_path(&mut self, path: Path, now: Instant) {
        let Some(authorities) = &mut self.authorities else { return };
        let open: Vec<u32> = authorities.levels.leave(path).collect();
        open.into_iter().for_each(|level| self.serve_level(level, now));
    }

    /// A question that waited was sent, or is not to be sent any more.
    pub(super) fn has_had_its_turn(&mut self, index: u32) {
        if std::mem::take(&mut self.slots[index as usize].is_held)
            && let Some(authorities) = &mut self.authorities
        {
            authorities.held -= 1;
        }
    }

    /// Whether a ticket is that of a level: then its queue has been served.
    pub(super) fn is_turn_of_level(&mut self, ticket: Ticket, now: Instant) -> bool {
        if ticket.slot != LEVEL {
            return false;
        }
        if let Some(authorities) = &mut self.authorities {
            authorities.levels.has_come(ticket.turn);
        }
        self.serve_level(ticket.turn, now);
        true
    }

    /// Gives the servers in a level's queue their turn, until the level holds one back again.
    fn serve_level(&mut self, level: u32, now: Instant) {
        let waiting = self.authorities.as_ref().map_or(0, |authorities| authorities.levels.waiting(level));
        for _ in 0..waiting {
            let Some(authorities) = &mut self.authorities else { return };
            let before = authorities.levels.waiting(level);
            let Some(lane) = authorities.levels.next(level) else { return };
            self.lanes[lane as usize].is_held = false;
            self.pump_within(lane as usize, now);
            let after = self.authorities.as_ref().map_or(0, |authorities| authorities.levels.waiting(level));
            if after == before {
                return;
            }
        }
    }

    /// Says whether the last answer to a question was of use.
    pub(in crate::dns::engine) fn judge(&mut self, index: u32, was_of_use: bool) {
        let path = self.slots[index as usize].path;
        let Some(authorities) = &mut self.authorities else { return };
        if was_of_use {
            authorities.levels.answered(path);
        } else {
            authorities.levels.troubled(path);
        }
    }

    /// Sockets of a family that are missing.
    pub(in crate::dns::engine) fn shared_to_open(&self, family: Family) -> usize {
        let sockets = self.authorities.as_ref().map(|authorities| &authorities.sockets[family as usize]);
        sockets.filter(|of| of.is_wanted).map_or(0, |of| SOCKETS.saturating_sub(of.ports.len()))
    }

    /// A socket that is open to all servers of a family was opened.
    pub(in crate::dns::engine) fn opened_shared(&mut self, family: Family, port: Port, now: Instant) {
        let Some(index) = self.ports.add(port) else { return };
        let Some(authorities) = &mut self.authorities else { return };
        let sockets = &mut authorities.sockets[family as usize];
        sockets.ports.push(index);
        if sockets.ports.len() == 1 {
            (0..self.lanes.len()).for_each(|lane| self.pump_within(lane, now));
        }
    }

    /// No socket could be opened: only where there is none at all, this is the end of who waits for it.
    pub(in crate::dns::engine) fn not_opened_shared(
        &mut self,
        family: Family,
        fault: impl Fn() -> LocalFault,
    ) {
        let Some(authorities) = &mut self.authorities else { return };
        let sockets = &mut authorities.sockets[family as usize];
        sockets.is_wanted = false;
        if sockets.ports.is_empty() {
            let of_family: Vec<usize> =
                (0..self.lanes.len()).filter(|lane| Family::of(self.lanes[*lane].server) == family).collect();
            of_family.into_iter().for_each(|lane| self.end_waiting(lane, &fault));
        }
    }

    /// After a burst: the next one goes out by another port, and a port that was used enough by none.
    pub(super) fn shared_burst_is_out(&mut self, port: u32, family: Family) {
        let is_worn = self.ports.is_worn(port);
        let Some(authorities) = &mut self.authorities else { return };
        let sockets = &mut authorities.sockets[family as usize];
        if is_worn {
            sockets.ports.retain(|open| *open != port);
            self.ports.retire(port);
        }
        sockets.current = self.ids.below(sockets.ports.len());
    }
}
