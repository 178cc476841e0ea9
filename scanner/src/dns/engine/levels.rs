//! How much authoritative servers are asked: rates and bounds that hold for an address, for an operator and
//! for a TLD at the same time. No clock and no socket here.
//!
//! A server that may not be asked now stands in the queue of the level that forbids it, and nothing of it
//! sleeps. Each level gives its next turn to the servers in its queue, one after the other.

use crate::dns::map::Map;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far a level may be ahead of its rate. Deadlines are kept to 5 ms, and what that holds back is made up.
const SLACK: Duration = Duration::from_millis(15);
/// Troubles in a row (refusals, silence) after which an operator is asked half as much.
const TROUBLES: u32 = 16;
/// The slowest is one part in this many of the rate.
const SLOWEST: u32 = 16;
/// Longest time between two questions of a level.
const LONGEST: Duration = Duration::from_secs(60);

/// What a level is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::dns) enum Scope {
    /// One address; a hash of it.
    Server(u64),
    /// The name servers below one registrable domain; a hash of it.
    Operator(u64),
    /// One /24 of IPv4 or /48 of IPv6.
    Network(u64),
    /// All servers of one TLD, or of the root; a hash of its name.
    Tld(u64),
}

/// Questions per second, and under way at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::dns) struct Bound {
    /// Questions per second in any second.
    pub(in crate::dns) rate: f64,
    /// Questions under way.
    pub(in crate::dns) in_flight: u32,
}

impl Bound {
    /// The part of it that one of so many engines may use, so that all together stay below it in any second.
    #[must_use]
    pub(in crate::dns) fn share(rate: u32, in_flight: usize, engines: usize) -> Self {
        let part = f64::from(rate) / f64::from(u32::try_from(engines.max(1)).unwrap_or(u32::MAX));
        let ahead = 1.0 + SLACK.as_secs_f64();
        // A window of a second holds what the rate gives in it and in the slack, and one more.
        let rate = ((part - 1.0) / ahead).max(part / (2.0 * ahead));
        let in_flight = u32::try_from(in_flight / engines.max(1)).unwrap_or(u32::MAX).max(1);
        Self { rate, in_flight }
    }
}

/// The bounds of every kind of level.
#[derive(Debug, Clone, Copy)]
pub(in crate::dns) struct Bounds {
    /// Of one address.
    pub(in crate::dns) server: Bound,
    /// Of one operator: by name, and by network.
    pub(in crate::dns) operator: Bound,
    /// Of one TLD.
    pub(in crate::dns) tld: Bound,
}

impl Bounds {
    const fn of(&self, scope: Scope) -> Bound {
        match scope {
            Scope::Server(_) => self.server,
            Scope::Operator(_) | Scope::Network(_) => self.operator,
            Scope::Tld(_) => self.tld,
        }
    }
}

/// The levels of one question: its server's, and those that it shares with others.
pub(super) type Path = [Option<u32>; 3];

struct Level {
    scope: Scope,
    interval: Duration,
    bound: Bound,
    /// Earliest moment of the next question, were there no slack.
    next: Instant,
    under_way: u32,
    /// Questions that know of this level.
    users: u32,
    /// Servers whose next question this level holds back.
    queue: VecDeque<u32>,
    is_set: bool,
    troubles: u32,
    slower: u32,
}

/// Why a question may not be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// The level that holds it.
    pub(super) level: u32,
    /// When that level has its next turn; `None` where one under way must end first.
    pub(super) until: Option<Instant>,
}

/// All levels that are in use.
pub(super) struct Levels {
    bounds: Bounds,
    all: Vec<Level>,
    free: Vec<u32>,
    by_scope: Map<Scope, u32>,
    /// Levels that nobody used when they were put here.
    unused: VecDeque<u32>,
}

impl Levels {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, all: Vec::new(), free: Vec::new(), by_scope: Map::default(), unused: VecDeque::new() }
    }

    /// How many are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_scope.len()
    }

    /// The level of a scope, for one more question.
    pub(super) fn enter(&mut self, scope: Scope, now: Instant) -> u32 {
        self.forget_unused(now);
        if let Some(known) = self.by_scope.get(&scope) {
            self.all[*known as usize].users += 1;
            return *known;
        }
        let bound = self.bounds.of(scope);
        let interval = Duration::try_from_secs_f64(1.0 / bound.rate).unwrap_or(LONGEST).min(LONGEST);
        let level = Level {
            scope,
            interval,
            bound,
            next: now,
            under_way: 0,
            users: 1,
            queue: VecDeque::new(),
            is_set: false,
            troubles: 0,
            slower: 1,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.all[index as usize] = level;
                index
            }
            None => {
                self.all.push(level);
                u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.by_scope.insert(scope, index);
        index
    }

    /// A question has no more use for its levels.
    pub(super) fn exit(&mut self, path: Path) {
        for index in path.into_iter().flatten() {
            let level = &mut self.all[index as usize];
            level.users -= 1;
            if level.users == 0 {
                self.unused.push_back(index);
            }
        }
    }

    /// Leaves out levels whose rate is past remembering; a few at a time, so that no question pays for many.
    fn forget_unused(&mut self, now: Instant) {
        for _ in 0..2 {
            let Some(index) = self.unused.pop_front() else { return };
            let level = &self.all[index as usize];
            if level.users > 0 {
                continue;
            }
            if !level.queue.is_empty()
                || level.is_set
                || level.next > now
                || level.slower > 1 && now.duration_since(level.next) < LONGEST
            {
                self.unused.push_back(index);
                continue;
            }
            if self.by_scope.get(&level.scope) == Some(&index) {
                self.by_scope.remove(&level.scope);
                self.free.push(index);
            }
        }
    }

    /// Whether a question may be sent now; then it counts at all its levels.
    ///
    /// # Errors
    /// The level that holds it back longest.
    pub(super) fn admit(&mut self, path: Path, now: Instant) -> Result<(), Held> {
        let mut held: Option<Held> = None;
        for index in path.into_iter().flatten() {
            let level = &self.all[index as usize];
            if level.under_way >= level.bound.in_flight {
                return Err(Held { level: index, until: None });
            }
            let opens = level.next.checked_sub(SLACK).unwrap_or(level.next);
            if opens > now && held.is_none_or(|held| held.until < Some(opens)) {
                held = Some(Held { level: index, until: Some(opens) });
            }
        }
        if let Some(held) = held {
            return Err(held);
        }
        for index in path.into_iter().flatten() {
            let level = &mut self.all[index as usize];
            level.under_way += 1;
            level.next = level.next.max(now) + level.interval * level.slower;
        }
        Ok(())
    }

    /// A question is no longer under way; gives the levels that have room now for who waits there.
    pub(super) fn leave(&mut self, path: Path) -> impl Iterator<Item = u32> {
        for index in path.into_iter().flatten() {
            let level = &mut self.all[index as usize];
            level.under_way = level.under_way.saturating_sub(1);
        }
        let waiting = path.map(|index| {
            index.filter(|index| {
                let level = &self.all[*index as usize];
                !level.is_set && !level.queue.is_empty()
            })
        });
        waiting.into_iter().flatten()
    }

    /// Puts a server into the queue of a level; gives when that level is to be looked at, where nobody will
    /// do so anyway.
    pub(super) fn wait(&mut self, held: Held, lane: u32) -> Option<Instant> {
        let level = &mut self.all[held.level as usize];
        level.queue.push_back(lane);
        let until = held.until.filter(|_| !level.is_set)?;
        level.is_set = true;
        Some(until)
    }

    /// The moment of a level has come.
    pub(super) fn has_come(&mut self, level: u32) {
        if let Some(level) = self.all.get_mut(level as usize) {
            level.is_set = false;
        }
    }

    /// Servers that wait at a level.
    pub(super) fn waiting(&self, level: u32) -> usize {
        self.all.get(level as usize).map_or(0, |level| level.queue.len())
    }

    /// The next server in a level's queue.
    pub(super) fn next(&mut self, level: u32) -> Option<u32> {
        self.all.get_mut(level as usize)?.queue.pop_front()
    }

    /// A server answered something of use.
    pub(super) fn answered(&mut self, path: Path) {
        for level in path.into_iter().flatten() {
            let level = &mut self.all[level as usize];
            level.troubles = 0;
            if level.slower > 1 {
                level.slower /= 2;
            }
        }
    }

    /// A server refused or did not answer: an operator of which that is the rule is asked less. A TLD is not
    /// held answerable for what is asked of it.
    pub(super) fn troubled(&mut self, path: Path) {
        for level in path.into_iter().flatten() {
            let level = &mut self.all[level as usize];
            if !matches!(level.scope, Scope::Operator(_)) {
                continue;
            }
            level.troubles += 1;
            if level.troubles >= TROUBLES {
                level.troubles = 0;
                level.slower = (level.slower * 2).min(SLOWEST);
            }
        }
    }
}

#[cfg(test)]
#[path = "levels_tests.rs"]
mod tests;
