//! The open sockets with what goes out by them, and which id on which of them belongs to whom.

use super::ids::Ids;
use super::socket::{Family, Outbox, Socket};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::SocketAddr;

/// Queries after which a socket beyond loopback gives way to one with a new port.
const WORN: u32 = 16_384;
/// Ids that are drawn before a port counts as full.
const DRAWS: usize = 64;

/// Whom a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The server of this lane.
    Lane(usize),
    /// All servers of this family.
    All(Family),
}

/// An open socket.
pub(super) struct Port {
    owner: Owner,
    pub(super) socket: Socket,
    pub(super) outbox: Outbox,
    sent: u32,
    keys: u32,
    retired: bool,
}

impl Port {
    pub(super) fn new(owner: Owner, socket: Socket) -> Self {
        Self { owner, socket, outbox: Outbox::default(), sent: 0, keys: 0, retired: false }
    }
}

/// All open sockets.
#[derive(Default)]
pub(super) struct Ports {
    open: Vec<Option<Port>>,
    /// By key: the slot, and the lane of the server that was asked.
    keys: HashMap<u32, (u32, u32), BuildHasherDefault<Spread>>,
}

/// A query on its way into an outbox.
pub(super) struct Letter<'a> {
    pub(super) query: &'a [u8],
    pub(super) slot: u32,
    pub(super) lane: usize,
    pub(super) to: SocketAddr,
}

impl Ports {
    /// What stands for an id on a port.
    pub(super) const fn key(port: u32, id: u16) -> u32 {
        port << 16 | id as u32
    }

    /// Takes a socket in; `None` where there are more than anyone needs.
    pub(super) fn add(&mut self, port: Port) -> Option<u32> {
        let vacant = self.open.iter().position(Option::is_none);
        let index = vacant.unwrap_or(self.open.len());
        if vacant.is_none() {
            self.open.push(None);
        }
        self.open[index] = Some(port);
        u16::try_from(index).ok().map(u32::from)
    }

    /// How many there are, holes included.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.open.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn port(&mut self, port: u32) -> Option<&mut Port> {
        self.open.get_mut(port as usize)?.as_mut()
    }

    /// Puts a query into a port's outbox under an id that nobody can foretell; `None` where none was found to
    /// be free.
    pub(super) fn push(&mut self, port: u32, letter: &Letter<'_>, ids: &mut Ids) -> Option<u32> {
        let open = self.open.get_mut(port as usize)?.as_mut()?;
        let lane = u32::try_from(letter.lane).unwrap_or(u32::MAX);
        for _ in 0..DRAWS {
            let id = ids.id();
            let key = Self::key(port, id);
            let Entry::Vacant(free) = self.keys.entry(key) else { continue };
            free.insert((letter.slot, lane));
            let to = matches!(open.owner, Owner::All(_)).then_some(letter.to);
            open.outbox.push(id, letter.query, to);
            open.sent += 1;
            open.keys += 1;
            return Some(key);
        }
        None
    }

    /// The slot that an id on a port belongs to, and the server's lane.
    pub(super) fn find(&self, port: u32, id: u16) -> Option<(u32, usize)> {
        let (slot, lane) = *self.keys.get(&Self::key(port, id))?;
        Some((slot, lane as usize))
    }

    /// Has what comes under a key belong to another slot.
    pub(super) fn give(&mut self, key: u32, slot: u32) {
        if let Some((of, _)) = self.keys.get_mut(&key) {
            *of = slot;
        }
    }

    /// The lane of the server that was asked under a key.
    pub(super) fn lane(&self, key: u32) -> Option<usize> {
        self.keys.get(&key).map(|(_, lane)| *lane as usize)
    }

    /// Whom a port is for.
    pub(super) fn owner(&self, port: u32) -> Option<Owner> {
        self.open.get(port as usize)?.as_ref().map(|port| port.owner)
    }

    /// No answer is accepted under this key any more; does nothing where none was.
    pub(super) fn forget(&mut self, key: u32) {
        if self.keys.remove(&key).is_none() {
            return;
        }
        let Some(open) = self.open.get_mut((key >> 16) as usize) else { return };
        let is_done = open.as_mut().is_some_and(|port| {
            port.keys -= 1;
            port.retired && port.keys == 0
        });
        if is_done {
            *open = None;
        }
    }

    /// Whether it was used so often that a new one should take its place.
    pub(super) fn is_worn(&self, port: u32) -> bool {
        self.open.get(port as usize).and_then(Option::as_ref).is_some_and(|port| port.sent >= WORN)
    }

    /// Sends no more by it; it is closed with the last question that waits for an answer there.
    pub(super) fn retire(&mut self, port: u32) {
        let Some(open) = self.open.get_mut(port as usize) else { return };
        match open {
            Some(port) if port.keys > 0 => port.retired = true,
            _ => *open = None,
        }
    }

    pub(super) fn close(&mut self) {
        self.open.clear();
        self.keys.clear();
    }
}

/// Spreads a key over the table. Keys are our own random numbers: nobody can choose them to collide.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, key: u32) {
        self.0 = (self.0 ^ u64::from(key)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
    }
}
