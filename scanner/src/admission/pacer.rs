//! One rate by governor, for DNS questions.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
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

/// Burst 1, or a millisecond's worth where the rate is above 1,000 a second: a timer cuts no finer.
fn quota(rate: u32) -> Quota {
    let rate = NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
    let burst = NonZeroU32::new(rate.get() / 1_000).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(rate).allow_burst(burst)
}

/// A rate. Waiters stand in a queue, so that a permit wakes one of them and not all.
pub(crate) struct Pacer {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
    queue: tokio::sync::Mutex<()>,
}

impl Pacer {
    pub(crate) fn new(rate: u32) -> Self {
        let limiter = RateLimiter::direct(quota(rate));
        Self { limiter, clock: DefaultClock::default(), queue: tokio::sync::Mutex::new(()) }
    }

    /// Takes a permit where nobody is in the queue and one is free: the common case of a scan below its rate.
    pub(crate) fn take_free(&self) -> bool {
        self.queue.try_lock().is_ok_and(|_turn| self.limiter.check().is_ok())
    }

    pub(crate) async fn wait(&self, waited: &mut Waited) {
        if self.take_free() {
            return;
        }
        let began = Instant::now();
        let _turn = self.queue.lock().await;
        while let Err(early) = self.limiter.check() {
            tokio::time::sleep(early.wait_time_from(self.clock.now())).await;
        }
        waited.since(began);
    }
}
