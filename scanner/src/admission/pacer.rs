//! One rate by governor, for DNS questions.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long a domain or host has waited for slots and pace.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Waited(Duration);

impl Waited {
    /// Adds what another task of the same row waited.
    pub fn add(&mut self, other: Self) {
        self.0 += other.0;
    }

    /// In milliseconds, for the column.
    #[must_use]
    pub fn millis(self) -> i64 {
        crate::moment::millis(self.0)
    }

    pub(super) fn since(&mut self, began: Instant) {
        self.0 += began.elapsed();
    }
}

impl From<Waited> for Duration {
    fn from(waited: Waited) -> Self {
        waited.0
    }
}

impl From<Duration> for Waited {
    fn from(waited: Duration) -> Self {
        Self(waited)
    }
}

/// What may follow at once at a rate of DNS questions, or of all connections: what it grants in 4 ms, and
/// two. A timer wakes one to two milliseconds late; what that holds back is made up, or 500 per second would
/// be 340.
pub(crate) const fn burst(rate: u32) -> u32 {
    rate / 250 + 2
}

fn quota(rate: u32) -> Quota {
    let number = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(number(rate)).allow_burst(number(burst(rate)))
}

/// A rate. Waiters stand in a queue, so that a permit wakes one of them and not all.
pub(crate) struct Pacer {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
    queue: tokio::sync::Mutex<()>,
    /// How many are in the queue.
    waiting: AtomicUsize,
}

/// One in a queue.
struct InLine<'a>(&'a AtomicUsize);

impl<'a> InLine<'a> {
    fn of(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Relaxed);
        Self(waiting)
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Pacer {
    pub(crate) fn new(rate: u32) -> Self {
        let limiter = RateLimiter::direct(quota(rate));
        let (clock, queue) = (DefaultClock::default(), tokio::sync::Mutex::new(()));
        Self { limiter, clock, queue, waiting: AtomicUsize::new(0) }
    }

    /// Takes a permit where nobody is in the queue and one is free: the common case of a scan below its rate.
    pub(crate) fn take_free(&self) -> bool {
        self.waiting.load(Relaxed) == 0 && self.limiter.check().is_ok()
    }

    pub(crate) async fn wait(&self, waited: &mut Waited) {
        if self.take_free() {
            return;
        }
        let began = Instant::now();
        let _in_line = InLine::of(&self.waiting);
        let _turn = self.queue.lock().await;
        while let Err(early) = self.limiter.check() {
            tokio::time::sleep(early.wait_time_from(self.clock.now())).await;
        }
        waited.since(began);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    /// When permits are given in ten seconds of a clock of which a timer's wake-ups come up to 2 ms late.
    fn permits(rate: u32) -> Vec<Duration> {
        let clock = FakeRelativeClock::default();
        let limiter = RateLimiter::direct_with_clock(quota(rate), clock.clone());
        let (mut now, mut given) = (Duration::ZERO, Vec::new());
        while now < Duration::from_secs(10) {
            let Err(early) = limiter.check() else {
                given.push(now);
                continue;
            };
            let whole = early.wait_time_from(clock.now()).as_micros().div_ceil(1_000) * 1_000;
            let wait = Duration::from_micros(u64::try_from(whole).unwrap_or(u64::MAX) + 1_000);
            clock.advance(wait);
            now += wait;
        }
        given
    }

    #[test]
    fn a_rate_is_reached_although_timers_are_late_and_in_no_window_exceeded() {
        for rate in [1, 10, 90, 249, 250, 520, 999, 1_500, 5_000, 50_000] {
            let given = permits(rate);
            assert!(
                given.len() as f64 >= 9.95 * f64::from(rate),
                "{} permits at {rate} a second",
                given.len()
            );
            for window in [1, 10, 100, 1_000, 10_000].map(Duration::from_millis) {
                let most = (window.as_secs_f64() * f64::from(rate)).floor() + f64::from(burst(rate));
                let mut first = 0;
                for (last, at) in given.iter().enumerate() {
                    while *at - given[first] > window {
                        first += 1;
                    }
                    assert!((last + 1 - first) as f64 <= most, "more than {most} permits in {window:?}");
                }
            }
        }
    }
}
