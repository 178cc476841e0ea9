//! Rates by governor, and bounds on what is under way: globally and for each address.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

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

    fn since(&mut self, began: Instant) {
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

/// A global rate. Waiters stand in a queue, so that a permit wakes one of them and not all.
pub(super) struct Pacer {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
    queue: tokio::sync::Mutex<()>,
}

impl Pacer {
    pub(super) fn new(rate: u32) -> Self {
        let limiter = RateLimiter::direct(quota(rate));
        Self { limiter, clock: DefaultClock::default(), queue: tokio::sync::Mutex::new(()) }
    }

    /// Takes a permit where nobody is in the queue and one is free: the common case of a scan below its rate.
    pub(super) fn take_free(&self) -> bool {
        self.queue.try_lock().is_ok_and(|_turn| self.limiter.check().is_ok())
    }

    pub(super) async fn wait(&self, waited: &mut Waited) {
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

/// The gate of one kind of connection: a bound on all, a rate for all, a rate and a bound for each address.
pub(super) struct Stage {
    slots: Semaphore,
    size: usize,
    rate: Pacer,
    targets: Targets,
}

/// A connection that may be made now; dropping it frees its place.
pub struct Slot<'a> {
    slot: Option<SemaphorePermit<'a>>,
    _target: TargetPlace<'a>,
}

/// Slots of their own for conversations whose server is slow to begin: such a server is one of few, but holds its slot a hundred times as long.
pub(super) struct SlowSlots {
    slots: Semaphore,
    size: usize,
    after: Duration,
}

impl SlowSlots {
    pub(super) fn new(in_flight: usize, after: Duration) -> Self {
        Self { slots: Semaphore::new(in_flight), size: in_flight, after }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.size - self.slots.available_permits()
    }

    /// Runs a conversation in its slot. Where it has not begun after a while (`has_begun` says so) it moves to one of these slots, as soon
    /// as one is free, and stays there; its own is for others then. Its target's place it keeps.
    pub(super) async fn hold<T>(
        &self,
        mut slot: Slot<'_>,
        has_begun: impl Fn() -> bool,
        conversation: impl Future<Output = T>,
    ) -> T {
        let mut conversation = std::pin::pin!(conversation);
        let slow = async {
            tokio::time::sleep(self.after).await;
            let slow = if has_begun() { None } else { self.slots.acquire().await.ok() };
            match slow.filter(|_| !has_begun()) {
                Some(slow) => slow,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = &mut conversation => done,
            _slow = slow => {
                slot.slot = None;
                conversation.await
            }
        }
    }
}

impl Stage {
    pub(super) fn new(rate: u32, in_flight: usize, target_rate: u32, target_in_flight: usize) -> Self {
        Self {
            slots: Semaphore::new(in_flight),
            size: in_flight,
            rate: Pacer::new(rate),
            targets: Targets::new(target_rate, target_in_flight),
        }
    }

    pub(super) async fn enter(&self, addr: IpAddr, waited: &mut Waited) -> Slot<'_> {
        // The target first: who waits for a busy target must not hold a place that others could use.
        let began = Instant::now();
        let target = self.targets.enter(addr).await;
        let slot = self.slots.acquire().await;
        waited.since(began);
        self.rate.wait(waited).await;
        match slot {
            Ok(slot) => Slot { slot: Some(slot), _target: target },
            Err(_closed) => unreachable!("the semaphore of a stage is never closed"),
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.size - self.slots.available_permits()
    }
}

/// State kept for each address that is, or was just now, contacted.
struct Targets {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
    in_flight: usize,
    places: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// Addresses between two prunings of the rate limiter's memory.
const PRUNE_EVERY: usize = 8_192;

impl Targets {
    fn new(rate: u32, in_flight: usize) -> Self {
        Self {
            limiter: RateLimiter::keyed(quota(rate)),
            clock: DefaultClock::default(),
            in_flight,
            places: Mutex::new(HashMap::new()),
        }
    }

    async fn enter(&self, addr: IpAddr) -> TargetPlace<'_> {
        let place = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            places.entry(addr).or_insert_with(|| Arc::new(Semaphore::new(self.in_flight))).clone()
        };
        let place = TargetPlace { targets: self, addr, permit: place.acquire_owned().await.ok() };
        while let Err(early) = self.limiter.check_key(&addr) {
            tokio::time::sleep(early.wait_time_from(self.clock.now())).await;
        }
        if self.limiter.len() > PRUNE_EVERY {
            self.limiter.retain_recent();
        }
        place
    }
}

struct TargetPlace<'a> {
    targets: &'a Targets,
    addr: IpAddr,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for TargetPlace<'_> {
    fn drop(&mut self) {
        let mut places = self.targets.places.lock().unwrap_or_else(PoisonError::into_inner);
        self.permit = None;
        // The map's own reference is the last one: nobody is there and nobody waits.
        if places.get(&self.addr).is_some_and(|place| Arc::strong_count(place) == 1) {
            places.remove(&self.addr);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use tokio::sync::oneshot;

    const ADDR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn in_any_window_there_are_at_most_rate_times_window_and_one() {
        let stage = Stage::new(1_000, 64, 200, 64);
        let mut at = Vec::new();
        for _ in 0..40 {
            let _slot = stage.enter(ADDR, &mut Waited::default()).await;
            at.push(Instant::now());
        }
        for (i, from) in at.iter().enumerate() {
            for (n, to) in at[i..].iter().enumerate() {
                let allowed = to.duration_since(*from).as_secs_f64() * 200.0 + 1.0;
                assert!(
                    n as f64 <= allowed + 0.5,
                    "{n} contacts after the first where {allowed:.1} are allowed"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_target_is_never_contacted_more_often_at_once_than_allowed() {
        let stage = Stage::new(1_000_000, 64, 1_000_000, 2);
        let first = stage.enter(ADDR, &mut Waited::default()).await;
        let _second = stage.enter(ADDR, &mut Waited::default()).await;
        assert!(futures_now(stage.enter(ADDR, &mut Waited::default())).is_none());
        drop(first);
        assert!(futures_now(stage.enter(ADDR, &mut Waited::default())).is_some());
    }

    #[tokio::test]
    async fn nothing_is_kept_of_targets_that_are_done() {
        let stage = Stage::new(1_000_000, 64, 1_000_000, 2);
        for i in 0..100u32 {
            drop(stage.enter(IpAddr::from(i.to_be_bytes()), &mut Waited::default()).await);
        }
        assert!(stage.targets.places.lock().unwrap().is_empty());
        assert_eq!(stage.in_flight(), 0);
    }

    #[tokio::test]
    async fn a_slow_conversation_gives_its_slot_to_others() {
        let stage = Stage::new(1_000_000, 1, 1_000_000, 8);
        let slow = SlowSlots::new(1, Duration::from_millis(5));
        let (end, ended) = oneshot::channel::<()>();
        let first = slow.hold(enter(&stage).await, || false, ended);
        let second = async {
            // There is one slot, so this is when the first has moved.
            let _slot = enter(&stage).await;
            assert_eq!((slow.in_flight(), stage.in_flight()), (1, 1));
            end.send(()).unwrap();
        };
        let both = tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(first, second) });
        let (first, ()) = both.await.unwrap();
        first.unwrap();
        assert_eq!((slow.in_flight(), stage.in_flight()), (0, 0));
    }

    #[tokio::test]
    async fn where_no_slow_slot_is_free_or_it_has_begun_a_conversation_keeps_its_own() {
        let stage = Stage::new(1_000_000, 3, 1_000_000, 8);
        let slow = SlowSlots::new(1, Duration::from_millis(5));
        let ends: Vec<_> = (0..3).map(|_| oneshot::channel::<()>()).collect();
        let (ends, ended): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
        let silent = async |begun: bool, slot, ended: oneshot::Receiver<()>| {
            slow.hold(slot, || begun, ended).await.unwrap();
        };
        let slots = [enter(&stage).await, enter(&stage).await, enter(&stage).await];
        let conversations = async {
            let began = [true, false, false].into_iter();
            let all = began.zip(slots).zip(ended).map(|((begun, slot), ended)| silent(begun, slot, ended));
            futures::future::join_all(all).await;
        };
        let rest = async {
            // The slot of the one that moved; the two others still have theirs.
            let _slot = enter(&stage).await;
            assert_eq!((slow.in_flight(), stage.in_flight()), (1, 3));
            assert!(futures_now(enter(&stage)).is_none());
            ends.into_iter().for_each(|end| end.send(()).unwrap());
        };
        let all = async { tokio::join!(conversations, rest) };
        tokio::time::timeout(Duration::from_secs(20), all).await.unwrap();
        assert_eq!((slow.in_flight(), stage.in_flight()), (0, 0));
    }

    async fn enter(stage: &Stage) -> Slot<'_> {
        stage.enter(ADDR, &mut Waited::default()).await
    }

    fn futures_now<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }
}
