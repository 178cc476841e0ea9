//! What the engine is asked about itself and its servers, and told of them.

use super::{Core, Stage};
use crate::dns::engine::lane::Lane;
use std::net::SocketAddr;
use std::task::Waker;
use std::time::{Duration, Instant};

impl Core {
    /// The resolvers; none where authoritative servers are asked, of which nothing is asked by way of all.
    pub(super) fn resolvers(&self) -> &[Lane] {
        if self.authorities.is_none() { &self.lanes } else { &[] }
    }

    /// When the last attempt of a slot began.
    pub(in crate::dns::engine) fn began(&self, slot: u32) -> Instant {
        self.slots.get(slot as usize).map_or_else(Instant::now, |slot| slot.asked)
    }

    /// Questions whose answer is late now.
    pub(in crate::dns::engine) fn late(&self) -> usize {
        self.aside + self.late + self.authorities.as_ref().map_or(0, |authorities| authorities.held())
    }

    /// Whom to tell of the next question that turns late: one listener, once.
    pub(in crate::dns::engine) fn listen(&mut self, waker: &Waker) {
        self.listener = Some(waker.clone());
    }

    /// One more question goes on outside of the engine; gives who is to be told.
    pub(in crate::dns::engine) fn step_aside(&mut self) -> Option<Waker> {
        self.aside += 1;
        self.listener.take()
    }

    pub(in crate::dns::engine) fn chance(&mut self) -> u64 {
        self.ids.bits()
    }

    /// Questions that wait for an answer now.
    pub(in crate::dns::engine) fn in_flight(&self) -> usize {
        self.slots.iter().filter(|slot| matches!(slot.stage, Stage::Sent)).count()
    }

    /// What a server was found to bear, questions per second.
    pub(in crate::dns::engine) fn rate(&self, server: SocketAddr) -> Option<f64> {
        self.by_server.get(&server).and_then(|lane| self.lanes[*lane].flow.rate())
    }

    /// How long the quickest of the servers takes to answer.
    pub(in crate::dns::engine) fn takes(&self) -> Duration {
        self.resolvers()
            .iter()
            .map(|lane| lane.took.mean())
            .filter(|mean| !mean.is_zero())
            .min()
            .unwrap_or_default()
    }

    /// How long a server takes to answer.
    pub(in crate::dns::engine) fn server_takes(&self, server: SocketAddr) -> Option<Duration> {
        let lane = self.lanes.get(*self.by_server.get(&server)?)?;
        lane.heard.then(|| lane.took.mean())
    }

    /// How long a server took to answer elsewhere.
    pub(in crate::dns::engine) fn expect(&mut self, server: SocketAddr, takes: Duration) {
        let lane = self.lane_of(server);
        self.lanes[lane].took.note(takes);
    }

    /// A server fails because it is asked too much, as was `seen` last then.
    pub(in crate::dns::engine) fn overloaded(&mut self, server: SocketAddr, seen: Instant) {
        if let Some(lane) = self.by_server.get(&server) {
            self.lanes[*lane].flow.overloaded(seen, Instant::now());
        }
    }

    /// A server bears so many questions at once.
    pub(in crate::dns::engine) fn bound(&mut self, server: SocketAddr, most: usize) {
        let lane = self.lane_of(server);
        self.lanes[lane].flow.bound(most);
    }

    /// A server refuses one question after the other: it is asked less.
    pub(in crate::dns::engine) fn slow_down(&mut self, server: SocketAddr) {
        if let Some(lane) = self.by_server.get(&server) {
            self.lanes[*lane].flow.refused(Instant::now());
        }
    }
}
