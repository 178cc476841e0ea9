//! The engine's state: exchanges, servers, ids and deadlines. No socket is touched here and nothing waits.

mod authorities;
mod facts;
mod ghosts;
mod outcomes;

use super::ids::Ids;
use super::lane::Lane;
use super::levels::{Bounds, Scope};
use super::port::{Letter, Owner, Port, Ports};
use super::slot::{ATTEMPTS, Place, Slot, Stage};
use super::wheel::Wheel;
use super::{Counts, Event, Patience, Ticket};
use crate::dns::map::Map;
use crate::dns::wire;
use crate::evidence::DnsStatus;
use crate::fault::LocalFault;
use authorities::Authorities;
pub(super) use authorities::SOCKETS as SOCKETS_TO_ALL;
use ghosts::Ghosts;
use std::net::SocketAddr;
use std::task::Waker;
use std::time::{Duration, Instant};

/// An answer that took longer is late. Most answers of a recursive resolver that does not know a name yet
/// come sooner; one that takes longer is still waited for, but its place in the window is another's.
const LATE: Duration = Duration::from_millis(250);

/// Silence between two answers that is kept note of: whoever asked within it cannot tell its own name's
/// silence from that.
const LONG_SILENCE: Duration = Duration::from_millis(500);

/// Everything that the engine knows.
pub(super) struct Core {
    slots: Vec<Slot>,
    free: Vec<u32>,
    pub(super) ports: Ports,
    lanes: Vec<Lane>,
    by_server: Map<SocketAddr, usize>,
    pub(super) wheel: Wheel<Ticket>,
    due: Vec<Ticket>,
    ghosts: Ghosts,
    ids: Ids,
    pub(super) counts: Counts,
    /// Whom to wake once the lock is given back.
    pub(super) woken: Vec<Waker>,
    driver: Option<Waker>,
    /// Who is to be told of the next question that turns late.
    listener: Option<Waker>,
    /// Questions that go on by TCP.
    pub(super) aside: usize,
    /// Questions whose answer is late.
    late: usize,
    /// Where authoritative servers are asked and not resolvers.
    authorities: Option<Box<Authorities>>,
    /// Whether the driver will not look again unless it is woken.
    driver_sleeps: bool,
    pub(super) closed: bool,
    ceiling: usize,
    /// When an answer came that passed all checks, whoever asked.
    pub(super) heard_at: Instant,
    /// The last long time without one.
    silence: (Instant, Instant),
}

impl Core {
    /// With bounds it asks authoritative servers by sockets that are open to all; without, resolvers by
    /// sockets of their own, with at most `ceiling` questions in flight to each.
    pub(super) fn new(ceiling: usize, bounds: Option<Bounds>, now: Instant) -> Result<Self, LocalFault> {
        Ok(Self {
            late: 0,
            authorities: bounds.map(|bounds| Box::new(Authorities::new(bounds))),
            slots: Vec::new(),
            free: Vec::new(),
            ports: Ports::default(),
            lanes: Vec::new(),
            by_server: Map::default(),
            wheel: Wheel::new(now),
            due: Vec::new(),
            ghosts: Ghosts::default(),
            ids: Ids::new()?,
            counts: Counts::default(),
            woken: Vec::new(),
            driver: None,
            listener: None,
            aside: 0,
            driver_sleeps: false,
            closed: false,
            ceiling,
            heard_at: now,
            silence: (now, now),
        })
    }

    /// A slot for a new exchange, whose query `write` writes; `None` where it cannot be written.
    pub(super) fn open(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<u32> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.slots.len()).ok()?;
                self.slots.push(Slot::new(Instant::now()));
                index
            }
        };
        let slot = &mut self.slots[index as usize];
        if write(&mut slot.query).is_none() {
            self.free.push(index);
            return None;
        }
        self.counts.asked += 1;
        Some(index)
    }

    /// The query and the answer of a slot; empty where there is none.
    pub(super) fn query_and_reply(&self, slot: u32) -> (&[u8], &[u8]) {
        self.slots.get(slot as usize).map_or((&[], &[]), |slot| (&slot.query, &slot.reply))
    }

    /// Whether a slot has an answer that nobody has fetched.
    pub(super) fn is_answered(&self, slot: u32) -> bool {
        self.slots.get(slot as usize).is_some_and(|slot| matches!(slot.stage, Stage::Done(Event::Answer)))
    }

    /// Who sent the answer of a slot.
    pub(super) fn answered_by(&self, slot: u32) -> Option<SocketAddr> {
        self.slots.get(slot as usize).and_then(|slot| slot.answered_by)
    }

    /// Asks a server, now or when its flow and these levels have room.
    pub(super) fn send(
        &mut self,
        index: u32,
        server: SocketAddr,
        scopes: [Option<Scope>; 3],
        patience: Patience,
        waker: Waker,
    ) {
        let closed = self.closed;
        let slot = &mut self.slots[index as usize];
        slot.turn = slot.turn.wrapping_add(1);
        if matches!(slot.stage, Stage::Done(Event::Answer)) {
            // It came after all, while nobody waited.
            return;
        }
        if closed || slot.attempts == ATTEMPTS {
            slot.stage = Stage::Done(if closed { Event::Closed } else { Event::Expired });
            return;
        }
        (slot.stage, slot.is_by_tcp) = (Stage::Waiting, false);
        slot.waker = Some(waker);
        slot.asks_for = patience;
        slot.asked = Instant::now();
        let (now, first) = (slot.asked, slot.is_urgent || slot.attempts > 0);
        let lane = self.lane_of(server);
        self.take_up(index, lane, scopes, now);
        let slot = &mut self.slots[index as usize];
        let ticket = Ticket { slot: index, turn: slot.turn };
        if slot.is_urgent && self.has_socket(lane) {
            self.transmit(ticket, now);
            return;
        }
        let waiting = &mut self.lanes[lane].waiting;
        if first {
            waiting.push_front(ticket);
        } else {
            waiting.push_back(ticket);
        }
        self.pump(lane, now);
    }

    /// What came of the last [`Core::send`], once; until then `waker` is told when there is something.
    pub(super) fn outcome(&mut self, index: u32, waker: &Waker) -> Option<(Event, Duration)> {
        let slot = &mut self.slots[index as usize];
        match std::mem::replace(&mut slot.stage, Stage::Idle) {
            Stage::Done(event) => {
                slot.timed_out = matches!(event, Event::Expired | Event::Unreachable);
                Some((event, slot.queued))
            }
            stage => {
                slot.stage = stage;
                match &mut slot.waker {
                    Some(known) if known.will_wake(waker) => {}
                    other => *other = Some(waker.clone()),
                }
                None
            }
        }
    }

    /// Puts a cookie into a query.
    pub(super) fn show_cookie(&mut self, index: u32, cookie: &[u8]) {
        wire::put_cookie(&mut self.slots[index as usize].query, cookie);
    }

    /// Takes the answer to be late from the first attempt on, since the server had none to a question like
    /// it.
    pub(super) fn doubt(&mut self, index: u32) {
        self.slots[index as usize].is_doubtful = true;
    }

    /// Sends the question before all others and whatever the flow says. For the few that ask whether the
    /// server is there at all.
    pub(super) fn hurry(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        (slot.is_urgent, slot.is_doubtful) = (true, true);
    }

    /// Ends an exchange: nothing that comes for it any more is accepted.
    ///
    /// `status` is what came of the question.
    pub(super) fn release(&mut self, index: u32, status: Option<DnsStatus>) {
        if let Some(status) = status {
            self.counts.by_status[status as usize] += 1;
        }
        self.forget_keys(index);
        self.leave_flow(index);
        self.put_down(index);
        let slot = &mut self.slots[index as usize];
        let count = match (slot.answered, slot.timed_out) {
            (true, _) => &mut self.counts.answered,
            (false, true) => &mut self.counts.timed_out,
            (false, false) => &mut self.counts.given_up,
        };
        *count += 1;
        let lane = slot.lane;
        let was_queued_or_sent = matches!(slot.stage, Stage::Waiting | Stage::Sent);
        slot.reset();
        self.free.push(index);
        if was_queued_or_sent {
            self.pump(lane, Instant::now());
        }
    }

    fn forget_keys(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        for key in &slot.keys[..slot.attempts] {
            self.ports.forget(*key);
        }
        slot.keys = [0; ATTEMPTS];
    }

    fn leave_flow(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        // One that was never sent has no lane: there may be none at all.
        let Some(lane) = self.lanes.get_mut(slot.lane) else { return };
        let place = std::mem::take(&mut slot.place);
        match place {
            Place::None => return,
            Place::Window => lane.flow.leave(),
            Place::Late => lane.flow.leave_late(),
            Place::Levels => {}
        }
        self.late -= usize::from(place == Place::Late);
        self.leave_levels(index);
    }

    /// The answer to a question is late: another may have its place.
    fn turn_late(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.place = Place::Late;
        self.lanes[slot.lane].flow.turn_late();
        self.late += 1;
    }

    fn lane_of(&mut self, server: SocketAddr) -> usize {
        match self.lanes.first() {
            Some(lane) if lane.server == server => return 0,
            _ => {}
        }
        if let Some(lane) = self.by_server.get(&server) {
            return *lane;
        }
        let lane = Lane::new(server, self.ceiling, self.authorities.is_some(), Instant::now());
        let index = self.idle_lane().unwrap_or(self.lanes.len());
        if index == self.lanes.len() {
            self.lanes.push(lane);
        } else {
            self.by_server.remove(&self.lanes[index].server);
            self.lanes[index] = lane;
        }
        self.by_server.insert(server, index);
        index
    }

    /// Sends what waits for a server as far as its flow has room.
    fn pump(&mut self, lane: usize, now: Instant) {
        if self.authorities.is_some() {
            return self.pump_within(lane, now);
        }
        loop {
            let state = &mut self.lanes[lane];
            if state.ports.is_empty() {
                return self.rouse_driver();
            }
            if !state.flow.has_room(now) {
                return;
            }
            let Some(ticket) = state.waiting.pop_front() else { return };
            let slot = &self.slots[ticket.slot as usize];
            if slot.turn == ticket.turn && matches!(slot.stage, Stage::Waiting) && !self.transmit(ticket, now)
            {
                return;
            }
        }
    }

    /// Puts a query into an outbox; false where no id is free.
    fn transmit(&mut self, ticket: Ticket, now: Instant) -> bool {
        let slot = &mut self.slots[ticket.slot as usize];
        let lane = &mut self.lanes[slot.lane];
        if slot.attempts == 0 && lane.case.is_mixed() {
            wire::mix_case(&mut slot.query, self.ids.bits());
        }
        let port = match &self.authorities {
            Some(authorities) => authorities.port(lane.server),
            None => lane.ports[lane.port % lane.ports.len()],
        };
        let letter = Letter { query: &slot.query, slot: ticket.slot, lane: slot.lane, to: lane.server };
        let Some(key) = self.ports.push(port, &letter, &mut self.ids) else {
            lane.waiting.push_front(ticket);
            return false;
        };
        self.has_had_its_turn(ticket.slot);
        let slot = &mut self.slots[ticket.slot as usize];
        let lane = &mut self.lanes[slot.lane];
        slot.keys[slot.attempts] = key;
        slot.sent[slot.attempts] = now;
        slot.patience = slot.asks_for.for_one_that_takes(lane.took.patience());
        self.counts.retransmitted += u64::from(slot.attempts > 0);
        self.counts.sent += 1;
        slot.attempts += 1;
        // Most go out at once.
        slot.queued =
            if now == slot.asked { Duration::ZERO } else { now.saturating_duration_since(slot.asked) };
        slot.stage = Stage::Sent;
        slot.place = Place::Window;
        lane.flow.enter(now, slot.patience);
        let mut alarm = slot.patience.min(LATE);
        if slot.attempts > 1 || slot.is_doubtful {
            // It was late once, or one like it was: it is taken to be so again.
            alarm = slot.patience;
            self.turn_late(ticket.slot);
        }
        self.wheel.add(now + alarm, ticket);
        self.rouse_driver();
        true
    }

    /// Servers that have fewer sockets than they should have.
    pub(super) fn lanes_to_open(&self) -> impl Iterator<Item = (usize, SocketAddr)> {
        let lanes = self.resolvers().iter().enumerate();
        lanes.flat_map(|(n, lane)| {
            std::iter::repeat_n((n, lane.server), lane.sockets().saturating_sub(lane.ports.len()))
        })
    }

    /// A socket to a server was opened.
    pub(super) fn opened(&mut self, lane: usize, port: Port, now: Instant) {
        if let Some(port) = self.ports.add(port) {
            self.lanes[lane].ports.push(port);
        }
        self.pump(lane, now);
    }

    /// After a burst: the next one goes out by another port, and a port that was used enough by none.
    pub(super) fn burst_is_out(&mut self, port: u32) {
        let lane = match self.ports.owner(port) {
            Some(Owner::Lane(lane)) => lane,
            Some(Owner::All(family)) => return self.shared_burst_is_out(port, family),
            None => return,
        };
        let state = &mut self.lanes[lane];
        if self.ports.is_worn(port) && !state.server.ip().is_loopback() {
            state.ports.retain(|open| *open != port);
            self.ports.retire(port);
        }
        state.port = self.ids.below(state.ports.len());
    }

    fn rouse_driver(&mut self) {
        if let Some(driver) = self.driver.as_ref().filter(|_| self.driver_sleeps) {
            self.driver_sleeps = false;
            driver.wake_by_ref();
        }
    }

    pub(super) fn driver_sleeps(&mut self, waker: &Waker) {
        self.driver_sleeps = true;
        if !self.driver.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.driver = Some(waker.clone());
        }
    }

    /// Whether questions wait for a rate, so that somebody has to come back soon; sends what may be sent.
    pub(super) fn pump_all(&mut self, now: Instant) -> bool {
        if self.authorities.is_some() {
            return false;
        }
        let mut waits = false;
        for lane in 0..self.lanes.len() {
            if !self.lanes[lane].waiting.is_empty() && self.lanes[lane].flow.rate().is_some() {
                self.pump(lane, now);
                waits |= !self.lanes[lane].waiting.is_empty();
            }
        }
        waits
    }

    /// Ports to servers that never answered: what the network says about them is asked for.
    pub(super) fn unheard_ports(&self) -> impl Iterator<Item = u32> {
        let unheard = self.resolvers().iter().filter(|lane| !lane.heard && lane.flow.is_waited_for());
        unheard.flat_map(|lane| lane.ports.clone())
    }
}
