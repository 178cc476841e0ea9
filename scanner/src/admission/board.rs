//! Which contact may begin next: it needs room at every level at once, and a waiting one holds nothing that
//! another could use.
//!
//! Contacts with the same target stand in one queue. A queue that cannot go on is noted at the level that
//! stands in its way, the one that does so longest, and is looked at again when that level has room. Queues
//! take turns: one that was served goes behind the others. A contact with room at all levels of its target
//! takes a turn there and stands in one queue for the bound and the rate of all: nobody else could use its
//! target meanwhile without standing behind it, and the rates count when the contact begins.
//!
//! A waiting queue holds nothing, so there is no deadlock. Two levels that are both always wanted could
//! starve a queue that needs both; after [`MOVES`] moves between them nobody overtakes it any more.
//!
//! Without clock and sockets: the time is handed in.

mod heard;

use super::level::{Level, Limits, Obstacle};
use super::target::{Key, Target};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;
use tokio::sync::oneshot;

/// Targets whose answers are remembered; beyond that only what rates, bounds and complaints need is kept. 100
/// to 200 bytes each.
pub(super) const REMEMBERED_TARGETS: usize = 16_384;

/// Moves from level to level after which a queue is let through.
const MOVES: u32 = 16;
/// Levels between two prunings, at least.
const PRUNE_EVERY: usize = 1_024;

/// Rates and bounds of each level.
#[derive(Debug, Clone, Copy)]
pub(super) struct StageLimits {
    pub(super) all: Limits,
    pub(super) address: Limits,
    pub(super) network: Limits,
    pub(super) provider: Limits,
}

impl StageLimits {
    const fn of(&self, key: &Key) -> Limits {
        match key {
            Key::Address(_) => self.address,
            Key::Network(_) => self.network,
            Key::Provider(_) => self.provider,
        }
    }
}

/// Whether a waiting contact is put off where the address lets one contact after the other wait for
/// its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InQueue {
    /// It is: it will ask again another time.
    Leaves,
    /// It is not: it goes on with what it has begun.
    Stays,
}

/// One who waits.
pub(super) struct Waiter {
    /// Is told when the contact may begin; dropped where it is put off.
    pub(super) tell: oneshot::Sender<()>,
    pub(super) in_queue: InQueue,
    /// The look that it is for, from 1; `None` where an address does not rest between two.
    pub(super) look: Option<u8>,
}

/// Those that wait for the same target.
struct Queue {
    age: u64,
    moves: u32,
    waiters: VecDeque<Waiter>,
}

/// The state of a stage.
pub(super) struct Board {
    limits: StageLimits,
    all: Level,
    levels: HashMap<Key, Level>,
    queues: HashMap<Target, Queue>,
    /// Turns that wait for the bound and the rate of all.
    turns: VecDeque<(Target, Waiter)>,
    /// When somebody looks at which level; `None` is that of all.
    wakes: BTreeSet<(Instant, Option<Key>)>,
    /// Levels that may have room for who waits there.
    changed: Vec<Key>,
    queues_so_far: u64,
    /// A queue that nobody overtakes.
    first: Option<Target>,
    prune_at: usize,
}

impl Board {
    pub(super) fn new(limits: StageLimits, now: Instant) -> Self {
        Self {
            limits,
            all: Level::new(limits.all, now),
            levels: HashMap::new(),
            queues: HashMap::new(),
            turns: VecDeque::new(),
            wakes: BTreeSet::new(),
            changed: Vec::new(),
            queues_so_far: 0,
            first: None,
            prune_at: PRUNE_EVERY,
        }
    }

    /// Contacts that count against the bound of all.
    pub(super) fn in_flight(&self) -> usize {
        self.all.in_flight()
    }

    /// When [`Board::tick`] is to be called; `None` where nothing waits for time to pass.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Queues; the waiter is told when its contact may begin, at once where it may. Then it must call
    /// [`Board::begin`] and [`Board::leave`], or [`Board::give_back`].
    pub(super) fn enter(&mut self, target: &Target, waiter: Waiter, now: Instant) {
        if let Some(look) = waiter.look
            && self.level(target.address(), now).puts_off(look, now)
            && waiter.in_queue == InQueue::Leaves
        {
            return;
        }
        if let Some(queue) = self.queues.get_mut(target) {
            queue.waiters.push_back(waiter);
        } else {
            let queue = Queue { age: self.age(), moves: 0, waiters: VecDeque::from([waiter]) };
            self.queues.insert(target.clone(), queue);
            self.advance(target, now);
        }
        self.serve(now);
        self.prune(now);
    }

    /// The contact of one who was told has begun: from now the rates count it. Between the two lie a wake-up
    /// and the opening of a socket, which must not let two contacts come closer together.
    pub(super) fn begin(&mut self, target: &Target, now: Instant) {
        self.all.begin(now);
        for key in target.keys() {
            self.level(key.clone(), now).begin(now);
            self.changed.push(key);
        }
        self.serve(now);
    }

    /// One who was told does not begin.
    pub(super) fn give_back(&mut self, target: &Target, now: Instant) {
        self.all.unhold();
        self.unhold(target, now);
        self.serve(now);
    }

    fn unhold(&mut self, target: &Target, now: Instant) {
        for key in target.keys() {
            self.level(key.clone(), now).unhold();
            self.changed.push(key);
        }
    }

    /// A contact is over; its slot among all may have been given back before.
    pub(super) fn leave(&mut self, target: &Target, now: Instant) {
        for key in target.keys() {
            if let Some(level) = self.levels.get_mut(&key) {
                level.end();
                self.changed.push(key);
            }
        }
        self.serve(now);
    }

    /// A contact no longer counts against the bound of all.
    pub(super) fn leave_all(&mut self, now: Instant) {
        self.all.end();
        self.serve(now);
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Instant) {
        while let Some((at, _)) = self.wakes.first()
            && *at <= now
        {
            if let Some((_, Some(key))) = self.wakes.pop_first() {
                self.changed.push(key);
            }
        }
        self.serve(now);
    }

    fn level(&mut self, key: Key, now: Instant) -> &mut Level {
        let limits = self.limits.of(&key);
        let level = self.levels.entry(key).or_insert_with(|| Level::new(limits, now));
        level.recover(now);
        level
    }

    fn age(&mut self) -> u64 {
        self.queues_so_far += 1;
        self.queues_so_far
    }

    /// Takes turns for a queue as long as there is room; notes it where there is none.
    fn advance(&mut self, target: &Target, now: Instant) {
        while let Some(queue) = self.queues.get_mut(target) {
            let Some(waiter) = next_of(queue) else {
                self.queues.remove(target);
                self.no_longer_first(target);
                return;
            };
            let age = queue.age;
            if let Some((key, obstacle)) = self.obstacle(target, age, now) {
                if let Some(queue) = self.queues.get_mut(target) {
                    queue.waiters.push_front(waiter);
                }
                return self.park(target, key, obstacle, now);
            }
            let age = self.age();
            if let Some(queue) = self.queues.get_mut(target) {
                (queue.age, queue.moves) = (age, 0);
            }
            self.no_longer_first(target);
            for key in target.keys() {
                self.level(key, now).hold();
            }
            self.turns.push_back((target.clone(), waiter));
        }
    }

    fn no_longer_first(&mut self, target: &Target) {
        if self.first.as_ref() == Some(target) {
            self.first = None;
            self.changed.extend(target.keys());
        }
    }

    /// The level that stands in a queue's way longest.
    fn obstacle(&mut self, target: &Target, age: u64, now: Instant) -> Option<(Key, Obstacle)> {
        let mut worst: Option<(Key, Obstacle)> = None;
        let others_first = self.first.clone().filter(|first| first != target);
        let is_first = self.first.as_ref() == Some(target);
        for key in target.keys() {
            let is_kept = others_first.as_ref().is_some_and(|first| first.keys().any(|theirs| theirs == key));
            let level = self.level(key.clone(), now);
            let has_older = level.queue.first_key_value().is_some_and(|(oldest, _)| *oldest < age);
            let obstacle =
                if is_kept || has_older && !is_first { Some(Obstacle::Busy) } else { level.obstacle(now) };
            let lasts_longer = match (&worst, obstacle) {
                (Some((_, Obstacle::Busy)), _) | (_, None) => false,
                (Some((_, Obstacle::Until(known))), Some(Obstacle::Until(at))) => at > *known,
                _ => true,
            };
            if let Some(obstacle) = obstacle.filter(|_| lasts_longer) {
                worst = Some((key, obstacle));
            }
        }
        worst
    }

    /// Notes a queue at the level that stands in its way.
    fn park(&mut self, target: &Target, key: Key, obstacle: Obstacle, now: Instant) {
        let Some(queue) = self.queues.get_mut(target) else { return };
        queue.moves += 1;
        let age = queue.age;
        if queue.moves > MOVES && self.first.is_none() {
            self.first = Some(target.clone());
        }
        self.level(key.clone(), now).queue.insert(age, target.clone());
        if let Obstacle::Until(at) = obstacle {
            self.wakes.insert((at, Some(key)));
        }
    }

    /// Looks at those that wait at a level, the oldest first and each once, as long as it has room. What it
    /// costs does not depend on how many wait.
    fn look(&mut self, key: &Key, now: Instant) {
        let mut from = 0;
        loop {
            let level = self.level(key.clone(), now);
            let Some((&age, _)) = level.queue.range(from..).next() else { return };
            match level.obstacle(now) {
                None => {}
                Some(Obstacle::Busy) => return,
                Some(Obstacle::Until(at)) => {
                    self.wakes.insert((at, Some(key.clone())));
                    return;
                }
            }
            from = age + 1;
            if let Some(target) = level.queue.remove(&age) {
                self.advance(&target, now);
            }
        }
    }

    /// Tells those who may begin, as long as the bound and the rate of all have room.
    fn serve(&mut self, now: Instant) {
        loop {
            while let Some(key) = self.changed.pop() {
                self.look(&key, now);
            }
            if self.turns.front().is_none() {
                return;
            }
            match self.all.obstacle(now) {
                None => {}
                Some(Obstacle::Busy) => return,
                Some(Obstacle::Until(at)) => {
                    self.wakes.insert((at, None));
                    return;
                }
            }
            let Some((target, waiter)) = self.turns.pop_front() else { return };
            if waiter.tell.send(()).is_ok() {
                self.all.hold();
            } else {
                self.unhold(&target, now);
            }
        }
    }

    /// Forgets entries that no longer say anything; the cost is in proportion to the entries added since the
    /// last time.
    fn prune(&mut self, now: Instant) {
        if self.levels.len() < self.prune_at {
            return;
        }
        self.levels.retain(|_, level| {
            level.recover(now);
            !level.is_forgotten(now)
        });
        if self.levels.len() > REMEMBERED_TARGETS {
            self.levels.retain(|_, level| !level.is_calm(now));
        }
        self.prune_at = PRUNE_EVERY.max(2 * self.levels.len());
    }

    /// How many levels and queues there are.
    #[cfg(test)]
    pub(super) fn kept(&self) -> (usize, usize) {
        (self.levels.len(), self.queues.len())
    }

    /// By what the rate of a level is divided.
    #[cfg(test)]
    pub(super) fn slowed(&self, key: &Key) -> u32 {
        self.levels.get(key).map_or(1, Level::slowed)
    }
}

/// The next of a queue that still waits.
fn next_of(queue: &mut Queue) -> Option<Waiter> {
    loop {
        let waiter = queue.waiters.pop_front()?;
        if !waiter.tell.is_closed() {
            return Some(waiter);
        }
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
