//! Whether a resolver fails because it is asked too much: it says SERVFAIL or REFUSED, at once, of what it
//! would have an answer to if it had a place. Such a question is asked again after a pause, and the resolver
//! is asked less (`engine/flow.rs`).
//!
//! A failure does not show whose it is. So where there are many a name below `com` that nobody has is asked
//! for: the failure of that is the resolver's.

use super::engine::{Engine, Event, Patience};
use super::watch::{LATEST_SIGN, fresh_name};
use super::{Dns, RecordType, wire};
use crate::admission::Waited;
use crate::fault::Unfinished;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// SERVFAIL that takes longer is not for want of a place: servers were asked.
pub(super) const QUICK: Duration = Duration::from_millis(250);
/// Failures after which it is looked whose they are.
const MANY: u32 = 16;
/// Between two such looks: a small part of what is asked below `com` by any scan with so many failures.
const LOOKS_APART: Duration = Duration::from_millis(250);
/// How long a resolver counts as overloaded since that was last seen.
const HOLDS: Duration = Duration::from_secs(10);
/// How often a question is asked again of a resolver that is overloaded.
const AGAIN: u32 = 3;
/// The pause before that, the first time; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(500);

/// A failure that may be the resolver's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect {
    pub(super) resolver: SocketAddr,
    /// REFUSED, which is no server's: resolvers do not hand that on.
    pub(super) is_refusal: bool,
}

/// What is known of overload, shared by all threads.
pub(super) struct Overload {
    began: Instant,
    /// Milliseconds of `began` until which the resolvers count as overloaded.
    until: AtomicU64,
    /// Milliseconds of `began` from which on it may be looked again.
    next: AtomicU64,
    /// Failures since the last look.
    failures: AtomicU32,
}

impl Overload {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            until: AtomicU64::new(0),
            next: AtomicU64::new(0),
            failures: AtomicU32::new(0),
        }
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }

    /// When the resolvers were last seen overloaded, while they count as such.
    fn seen(&self, now: Instant) -> Option<Instant> {
        let until = self.until.load(Relaxed);
        (self.millis(now) < until).then(|| self.began + Duration::from_millis(until) - HOLDS)
    }

    fn was_seen(&self, now: Instant) {
        self.until.fetch_max(self.millis(now + HOLDS), Relaxed);
    }

    /// Notes a failure; whether it is to be looked whose it is, by the one who is told so.
    fn is_due(&self, now: Instant) -> bool {
        let many = self.failures.fetch_add(1, Relaxed) + 1 >= MANY;
        let (now, next) = (self.millis(now), self.millis(now + LOOKS_APART));
        let due = self.next.load(Relaxed);
        let is_due = many && due <= now && self.next.compare_exchange(due, next, Relaxed, Relaxed).is_ok();
        if is_due {
            self.failures.store(0, Relaxed);
        }
        is_due
    }
}

impl Dns {
    /// Whether a question that failed is to be asked again, after the pause that this makes; `times` is how
    /// often that was so already.
    ///
    /// # Errors
    /// The scan was stopped.
    pub(super) async fn is_worth_asking_again(
        &self,
        engine: &Engine,
        suspect: Suspect,
        times: u32,
        waited: &mut Waited,
    ) -> Result<bool, Unfinished> {
        if self.overload.is_due(Instant::now()) && has_no_place(engine, suspect.resolver).await {
            self.overload.was_seen(Instant::now());
        }
        let seen = self.overload.seen(Instant::now());
        if let Some(seen) = seen {
            engine.overloaded(suspect.resolver, seen);
        }
        let is_on = seen.is_some();
        if times == 0 && (is_on || suspect.is_refusal) {
            engine.count_overloaded();
        }
        if times >= if is_on { AGAIN } else { u32::from(suspect.is_refusal) } {
            return Ok(false);
        }
        // Not all at once again: up to half as long more.
        let pause = PAUSE * 2_u32.pow(times);
        let pause = pause + pause * u32::try_from(engine.chance() % 512).unwrap_or(0) / 1_024;
        self.line.rest(pause).await?;
        waited.add(Waited::from(pause));
        Ok(true)
    }
}

/// Whether a resolver fails at once to find out that a name does not exist.
async fn has_no_place(engine: &Engine, resolver: SocketAddr) -> bool {
    let Some(mut exchange) = fresh_name().and_then(|name| engine.exchange(&name, RecordType::A)) else {
        return false;
    };
    exchange.hurry();
    let began = Instant::now();
    let (event, _) = exchange.send(resolver, Patience::just(LATEST_SIGN)).await;
    let head = exchange.read(|_, reply| wire::Head::of_answer(reply));
    let is_failure = matches!(event, Event::Answer) && head.is_some_and(wire::Head::is_failure);
    is_failure && (head.is_some_and(wire::Head::is_refusal) || began.elapsed() < QUICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_after_many_failures_by_one_and_not_too_often() {
        let overload = Overload::new();
        let now = Instant::now();
        let due = |at: Instant, failures: u32| (0..failures).filter(|_| overload.is_due(at)).count();
        assert_eq!(due(now, MANY - 1), 0);
        assert_eq!(due(now, 10 * MANY), 1);
        assert_eq!(due(now + LOOKS_APART + Duration::from_millis(1), 1), 1);
    }

    #[test]
    fn an_overload_is_over_some_time_after_it_was_last_seen() {
        let overload = Overload::new();
        let now = Instant::now();
        assert_eq!(overload.seen(now), None);
        overload.was_seen(now);
        let seen = overload.seen(now + HOLDS / 2);
        assert!(seen.is_some_and(|seen| now.saturating_duration_since(seen) < Duration::from_millis(2)));
        assert_eq!(overload.seen(now + HOLDS + Duration::from_millis(1)), None);
    }
}
