//! Deadlines of everything in flight, in one place: a wheel of buckets, and not a timer per question.

use std::time::{Duration, Instant};

/// How exact a deadline is. Coarse on purpose: a deadline of DNS is never shorter than tens of milliseconds,
/// and each turn of the wheel wakes the driver.
const TICK: Duration = Duration::from_millis(5);

/// Ticks in a second.
const TICKS: u64 = 1_000 / 5;

/// Buckets; a deadline further away than a round (2.56 s) goes round again.
const BUCKETS: u64 = 512;

/// Deadlines with what they are for. Nothing is taken out early: whoever gets an entry asks whether it still
/// matters, because finding it to remove it would cost more than skipping it.
pub(super) struct Wheel<T> {
    began: Instant,
    buckets: Vec<Vec<(u64, T)>>,
    /// Every tick up to this one has been given out.
    past: u64,
    len: usize,
}

impl<T: Copy> Wheel<T> {
    pub(super) fn new(began: Instant) -> Self {
        Self { began, buckets: (0..BUCKETS).map(|_| Vec::new()).collect(), past: 0, len: 0 }
    }

    /// The last tick that is over at `at`.
    fn tick(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.began);
        since.as_secs().saturating_mul(TICKS) + u64::from(since.subsec_nanos() / TICK.subsec_nanos())
    }

    fn bucket(tick: u64) -> usize {
        usize::try_from(tick % BUCKETS).unwrap_or(0)
    }

    /// Something to be given out at `due`, or up to one tick later.
    pub(super) fn add(&mut self, due: Instant, what: T) {
        let tick = self.tick(due).max(self.past) + 1;
        self.buckets[Self::bucket(tick)].push((tick, what));
        self.len += 1;
    }

    /// Gives out everything that is due.
    pub(super) fn advance(&mut self, now: Instant, due: &mut Vec<T>) {
        let now = self.tick(now);
        if self.len == 0 {
            self.past = self.past.max(now);
            return;
        }
        // After a long pause each bucket is looked at once, not once a round.
        let first = (self.past + 1).max((now + 1).saturating_sub(BUCKETS));
        for tick in first..=now {
            let bucket = &mut self.buckets[Self::bucket(tick)];
            let before = bucket.len();
            bucket.retain(|(at, what)| {
                let later = *at > now;
                if !later {
                    due.push(*what);
                }
                later
            });
            self.len -= before - bucket.len();
        }
        self.past = self.past.max(now);
    }

    /// When to call [`Wheel::advance`] next; `None` where nothing is waited for.
    pub(super) fn next(&self) -> Option<Instant> {
        let ticks = u32::try_from(self.past + 1).unwrap_or(u32::MAX);
        (self.len > 0).then(|| self.began + TICK * ticks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(began: Instant, millis: u64) -> Instant {
        began + Duration::from_millis(millis)
    }

    #[test]
    fn nothing_is_given_out_early_and_everything_a_tick_late_at_most() {
        let began = Instant::now();
        let mut wheel = Wheel::new(began);
        for (n, due) in [(1, 0), (2, 7), (3, 2_559), (4, 2_560), (5, 9_000), (6, 7)] {
            wheel.add(after(began, due), (n, due));
        }
        let mut out = Vec::new();
        for now in 0..9_010 {
            wheel.advance(after(began, now), &mut out);
            for (_, due) in out.drain(..) {
                assert!(now >= due && now <= due + 5, "due at {due}, given out at {now}");
            }
        }
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn a_long_pause_loses_nothing() {
        let began = Instant::now();
        let mut wheel = Wheel::new(began);
        for due in (0..20_000).step_by(3) {
            wheel.add(after(began, due), due);
        }
        let mut out = Vec::new();
        wheel.advance(after(began, 100), &mut out);
        wheel.advance(after(began, 60_000), &mut out);
        out.sort_unstable();
        assert_eq!(out, (0..20_000).step_by(3).collect::<Vec<_>>());
    }
}
