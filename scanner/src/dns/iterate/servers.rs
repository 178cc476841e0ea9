//! Which of a zone's servers to ask next.

use super::delegation::Delegation;
use super::name::Wire;
use super::store::{Dead, Store};
use std::net::IpAddr;

/// Addresses of one zone that are asked at most.
const MOST: usize = 26;

/// An address of one of a zone's servers.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Which of the zone's servers.
    pub(super) server: usize,
    pub(super) addr: IpAddr,
    /// Whether nothing came from it lately.
    pub(super) is_dead: bool,
}

/// The servers of a zone in the order in which they are asked: first who answered before, then those that are
/// alive, in an order of chance so that none is asked more than others, then those whose address must be
/// looked for, then the dead.
pub(super) struct Servers {
    /// The next one last.
    ready: Vec<Candidate>,
    dead: Vec<Candidate>,
    /// Servers without an address, the next one last.
    nameless: Vec<usize>,
}

impl Servers {
    /// `chance` decides the order.
    pub(super) fn of(zone: &Delegation, store: &Store, mut chance: u64) -> Self {
        let mut servers = Self { ready: Vec::new(), dead: Vec::new(), nameless: Vec::new() };
        let dead = store.dead();
        for (number, (_, addrs)) in zone.servers.iter().enumerate() {
            if addrs.is_empty() {
                servers.nameless.push(number);
            }
            servers.take(&dead, number, addrs);
        }
        drop(dead);
        for list in [&mut servers.ready, &mut servers.dead] {
            for at in (1..list.len()).rev() {
                list.swap(at, usize::try_from(chance % (at as u64 + 1)).unwrap_or(0));
                chance = chance.rotate_right(5) ^ at as u64;
            }
        }
        let known = zone.answered.get();
        if let Some(at) = servers.ready.iter().position(|one| Some(&one.addr) == known) {
            let one = servers.ready.remove(at);
            servers.ready.push(one);
        }
        servers
    }

    /// Takes in the addresses of one server.
    pub(super) fn add(&mut self, store: &Store, server: usize, addrs: &[IpAddr]) {
        self.take(&store.dead(), server, addrs);
    }

    fn take(&mut self, dead: &Dead<'_>, server: usize, addrs: &[IpAddr]) {
        for addr in addrs {
            let is_known = self.ready.iter().chain(&self.dead).any(|one| one.addr == *addr);
            if is_known || self.ready.len() + self.dead.len() >= MOST {
                continue;
            }
            let is_dead = dead.has(*addr);
            let list = if is_dead { &mut self.dead } else { &mut self.ready };
            list.push(Candidate { server, addr: *addr, is_dead });
        }
    }

    /// The next address to ask; `None` where none is left whose address is known and that is not dead.
    pub(super) fn next_alive(&mut self) -> Option<Candidate> {
        self.ready.pop()
    }

    /// The next server whose address must be looked for.
    pub(super) fn next_nameless(&mut self) -> Option<usize> {
        self.nameless.pop()
    }

    /// The next of the dead.
    pub(super) fn next_dead(&mut self) -> Option<Candidate> {
        self.dead.pop()
    }

    /// How many addresses are known.
    pub(super) fn len(&self) -> usize {
        self.ready.len() + self.dead.len()
    }
}

/// The name of a server by its number.
pub(super) fn name(zone: &Delegation, server: usize) -> &Wire {
    &zone.servers[server].0
}
