//! What is kept for one address, network or provider, and for all: a rate, a bound, and how much it was
//! slowed.
//!
//! Without clock and sockets: the time is handed in.

use super::pacer::burst;
use super::rest::Rest;
use super::target::Target;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A target that says "too much" again and again is contacted at this share of its rate, and no slower.
const SLOWEST_SHARE: u32 = 16;

/// Calm time after which a slowed target is slowed half as much: from the slowest share back to the whole in
/// four minutes. Knowledge of a target that was not slowed is kept as long.
const RECOVERY: Duration = Duration::from_secs(60);

/// Connections in a row that an address resets or closes, after it has answered, that say "too much"; and
/// complaints in a row of a provider's hosts that slow the provider.
const COMPLAINTS_IN_A_ROW: u32 = 3;

/// Contacts in a row that an address lets wait for their deadline, no answer between, after which who stands
/// in line for it is put off. One slow host of several behind an address is not enough, and two are under way
/// at once by default.
const SILENCES_IN_A_ROW: u32 = 3;

/// How fast and how much at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Contacts per second.
    pub(super) rate: u32,
    /// Contacts under way.
    pub(super) in_flight: usize,
    /// Contacts that may begin at once.
    pub(super) burst: u32,
}

impl Limits {
    /// Of a target: one contact after the other up to 1,000 per second, and a millisecond's worth above,
    /// since a timer cuts no finer.
    pub(super) fn of_target(rate: u32, in_flight: usize) -> Self {
        Self { rate, in_flight, burst: (rate / 1_000).max(1) }
    }

    /// Of all contacts, which do not burden one another: time lost to a late timer is made up.
    pub(super) fn of_all(rate: u32, in_flight: usize) -> Self {
        Self { rate, in_flight, burst: burst(rate) }
    }
}

/// Why nothing may begin now, and when that ends, where it ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Too soon after the last one.
    Until(Instant),
    /// Too many under way, or others come first.
    Busy,
}

/// One level.
///
/// The rate is the generic cell rate algorithm: in any window of t seconds at most rate·t + burst contacts
/// begin, whatever came before.
#[derive(Debug)]
pub(super) struct Level {
    limits: Limits,
    in_flight: usize,
    /// Turns that are taken and whose contact has not begun.
    held: u32,
    /// When the rate would be used up by nobody: the "theoretical arrival time".
    due: Instant,
    /// Its rate and bound are divided by this.
    slowed: u32,
    /// When it is slowed less; before it came to that, what was noted of it is kept.
    kept_until: Instant,
    /// When it answered as it should, last.
    answered_at: Option<Instant>,
    /// Since then: connections in a row that it reset or closed; of a provider, complaints in a row.
    ends: u32,
    /// Contacts in a row that ended with their deadline.
    silences: u32,
    rest: Rest,
    /// Queues that wait here, by age.
    pub(super) queue: BTreeMap<u64, Target>,
}

impl Level {
    pub(super) fn new(limits: Limits, now: Instant) -> Self {
        Self {
            limits,
            in_flight: 0,
            held: 0,
            due: now,
            slowed: 1,
            kept_until: now,
            answered_at: None,
            ends: 0,
            silences: 0,
            rest: Rest::default(),
            queue: BTreeMap::new(),
        }
    }

    fn rate(&self) -> f64 {
        f64::from(self.limits.rate.max(1)) / f64::from(self.slowed)
    }

    /// Rounded up, so that no number of contacts comes a rounding too soon.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is positive and fits")]
    fn interval(&self) -> Duration {
        Duration::from_nanos((1e9 / self.rate()).ceil() as u64)
    }

    fn burst(&self) -> u32 {
        (self.limits.burst / self.slowed).max(1)
    }

    fn bound(&self) -> usize {
        (self.limits.in_flight / self.slowed as usize).max(1)
    }

    /// Contacts under way, and those whose turn is taken.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether the contacts under way are what stands against one more, and neither the rate nor others who
    /// wait.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight >= self.bound()
    }

    /// What stands against one more.
    pub(super) fn obstacle(&self, now: Instant) -> Option<Obstacle> {
        if self.in_flight >= self.bound() || self.held >= self.burst() {
            return Some(Obstacle::Busy);
        }
        let early =
            (self.due + self.interval() * self.held).checked_sub(self.interval() * (self.burst() - 1));
        early.filter(|at| *at > now).map(Obstacle::Until)
    }

    /// Takes a turn: nobody else gets it, and it does not count against the rate before the contact begins.
    pub(super) fn hold(&mut self) {
        self.in_flight += 1;
        self.held += 1;
    }

    /// Gives a turn back unused.
    pub(super) fn unhold(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.held = self.held.saturating_sub(1);
    }

    /// The contact of a turn begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.held = self.held.saturating_sub(1);
        self.due = self.due.max(now) + self.interval();
    }

    /// A contact is over.
    pub(super) fn end(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The target says that it is too much: half of the rate, and half at once.
    pub(super) fn slow_down(&mut self, now: Instant) {
        self.slowed = (self.slowed * 2).min(SLOWEST_SHARE);
        self.ends = 0;
        self.kept_until = now + RECOVERY;
    }

    /// The target asked for less in a contact of this look; true where it rests from now on.
    pub(super) fn limited(&mut self, look: u8) -> bool {
        self.rest.limited(look, self.slowed == SLOWEST_SHARE)
    }

    /// Whether contacts of this look are put off until the next one, because the target rests. One of a later
    /// look ends the rest, and begins at the slowest pace.
    pub(super) fn puts_off(&mut self, look: u8, now: Instant) -> bool {
        if self.rest.wake(look) {
            self.slowed = SLOWEST_SHARE;
            self.kept_until = now + RECOVERY;
        }
        self.rest.puts_off(look)
    }

    /// Whether it rests.
    pub(super) const fn rests(&self) -> bool {
        self.rest.is_on()
    }

    /// The target answered as it should.
    pub(super) fn answered(&mut self, now: Instant) {
        self.answered_at = Some(now);
        (self.ends, self.silences) = (0, 0);
        self.rest.answered();
        self.kept_until = self.kept_until.max(now + RECOVERY);
    }

    /// The target reset or closed a connection without a word; true where that says "too much": it has
    /// answered before and now does so again and again, or it is slowed already.
    pub(super) fn broke_off(&mut self, now: Instant) -> bool {
        self.silences = 0;
        if self.answered_at.is_some() {
            self.ends += 1;
            self.kept_until = self.kept_until.max(now + RECOVERY);
        }
        self.ends >= COMPLAINTS_IN_A_ROW || self.slowed > 1
    }

    /// A contact with the address that `began` then ended with its deadline; true where so many in a row did.
    /// Where the address answered somebody meanwhile, it is the name that is silent.
    pub(super) fn was_silent(&mut self, began: Instant, now: Instant) -> bool {
        if self.answered_at.is_some_and(|at| at >= began) {
            return false;
        }
        self.silences = self.silences.saturating_add(1);
        self.kept_until = self.kept_until.max(now + RECOVERY);
        self.silences >= SILENCES_IN_A_ROW
    }

    /// One of a provider's hosts says that it is too much. One may be out of order: so many without an answer
    /// between speak for all.
    pub(super) fn grumbled(&mut self, now: Instant) {
        self.ends += 1;
        self.kept_until = self.kept_until.max(now + RECOVERY);
        if self.ends >= COMPLAINTS_IN_A_ROW {
            self.slow_down(now);
        }
    }

    /// Lets calm time pass: after each [`RECOVERY`] without a complaint it is slowed half as much.
    pub(super) fn recover(&mut self, now: Instant) {
        while self.slowed > 1 && self.kept_until <= now {
            self.slowed /= 2;
            self.kept_until += RECOVERY;
        }
    }

    #[cfg(test)]
    pub(super) fn slowed(&self) -> u32 {
        self.slowed
    }

    /// Whether nothing of it has to be kept.
    pub(super) fn is_forgotten(&self, now: Instant) -> bool {
        self.is_unused() && self.slowed == 1 && self.due <= now && self.kept_until <= now
    }

    /// Whether nothing of it has to be kept where memory is short: the answers of a calm target are only good
    /// to know.
    pub(super) fn is_calm(&self, now: Instant) -> bool {
        self.is_unused() && self.slowed == 1 && self.due <= now
    }

    fn is_unused(&self) -> bool {
        self.in_flight == 0 && self.queue.is_empty() && !self.rests()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { rate: 8, in_flight: 8, burst: 1 };

    /// Contacts in a second of a level that is always wanted.
    fn in_a_second(level: &mut Level, from: Instant) -> usize {
        let mut count = 0;
        for ms in 0..1_000 {
            let now = from + Duration::from_millis(ms);
            level.recover(now);
            while level.obstacle(now).is_none() {
                level.hold();
                level.begin(now);
                level.end();
                count += 1;
            }
        }
        count
    }

    #[test]
    fn each_complaint_halves_the_rate_down_to_a_bound_and_calm_brings_it_back() {
        let mut now = Instant::now();
        let mut level = Level::new(LIMITS, now);
        assert_eq!(in_a_second(&mut level, now), 8);
        for (slowed, bound) in [(2, 4), (4, 2), (8, 1), (16, 1), (16, 1)] {
            level.slow_down(now);
            assert_eq!((level.slowed(), level.bound()), (slowed, bound));
        }
        now += Duration::from_secs(5);
        assert_eq!(in_a_second(&mut level, now), 1);
        for slowed in [8, 4, 2, 1] {
            now += RECOVERY;
            level.recover(now);
            assert_eq!(level.slowed(), slowed);
        }
        assert_eq!(in_a_second(&mut level, now), 8);
    }

    #[test]
    fn the_rate_of_all_is_reached_although_every_turn_begins_late() {
        let began = Instant::now();
        let mut level = Level::new(Limits::of_all(800, 100), began);
        let (mut now, mut count) = (began, 0);
        while now < began + Duration::from_secs(10) {
            match level.obstacle(now) {
                Some(Obstacle::Until(at)) => now = at + Duration::from_millis(2),
                _ => {
                    level.hold();
                    level.begin(now);
                    level.end();
                    count += 1;
                }
            }
        }
        assert!((7_990..=8_006).contains(&count), "{count}");
    }

    #[test]
    fn ends_in_a_row_say_too_much_only_of_one_that_has_answered() {
        let now = Instant::now();
        let mut silent = Level::new(LIMITS, now);
        assert!((0..20).all(|_| !silent.broke_off(now)));
        let mut level = Level::new(LIMITS, now);
        level.answered(now);
        assert!((1..COMPLAINTS_IN_A_ROW).all(|_| !level.broke_off(now)));
        level.answered(now);
        assert!((1..COMPLAINTS_IN_A_ROW).all(|_| !level.broke_off(now)));
        assert!(level.broke_off(now));
    }

    #[test]
    fn a_turn_that_is_held_counts_when_its_contact_begins() {
        let now = Instant::now();
        let mut level = Level::new(LIMITS, now);
        level.hold();
        let later = now + Duration::from_secs(10);
        assert_eq!(level.obstacle(later), Some(Obstacle::Busy));
        level.begin(later);
        assert_eq!(level.obstacle(later), Some(Obstacle::Until(later + Duration::from_millis(125))));
    }
}
