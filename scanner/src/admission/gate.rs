//! The gate of one kind of connection: the board of those that wait, with a clock.

use super::board::{Board, InQueue, StageLimits, Waiter};
use super::pacer::Waited;
use super::target::Target;
use crate::evidence::PaceHint;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Instant;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Notify, oneshot};

/// A stage: bounds and rates for all, and for each target.
pub(super) struct Gate {
    board: Mutex<Board>,
    /// Held by the one of those that wait who looks at the clock for all.
    clock: tokio::sync::Mutex<()>,
    /// Something is due sooner than the holder of the clock knows.
    sooner: Notify,
}

/// A connection that may be made now; dropping it frees the slot.
pub struct Slot<'a> {
    gate: &'a Gate,
    target: Target,
    /// The look that it is of, where the address may rest between two.
    look: Option<u8>,
    has_begun: bool,
    counts: bool,
}

impl Gate {
    pub(super) fn new(limits: StageLimits) -> Self {
        Self {
            board: Mutex::new(Board::new(limits, now())),
            clock: tokio::sync::Mutex::new(()),
            sooner: Notify::new(),
        }
    }

    /// Waits for a turn; `None` where it was put off. Dropping the future gives it up.
    pub(super) async fn enter(
        &self,
        target: Target,
        (in_queue, look): (InQueue, Option<u8>),
        waited: &mut Waited,
    ) -> Option<Slot<'_>> {
        let began = Instant::now();
        let (tell, told) = oneshot::channel();
        let mut pending = PendingTurn { gate: self, target: &target, told };
        self.with(|board| board.enter(&target, Waiter { tell, in_queue, look }, now()));
        match pending.told.try_recv() {
            Ok(()) => {}
            // Put off at once; a receiver that said so must not be asked again.
            Err(TryRecvError::Closed) => return None,
            Err(TryRecvError::Empty) => {
                let told = tokio::select! {
                    biased;
                    told = &mut pending.told => told,
                    never = self.keep_time() => match never {},
                };
                waited.since(began);
                told.ok()?;
            }
        }
        // It was told, and has nothing more to give up: from here on the slot answers for it.
        drop(pending);
        Some(Slot { gate: self, target, look, has_begun: false, counts: true })
    }

    /// A contact with a target, which `began` then, ended with its deadline.
    pub(super) fn was_silent(&self, target: &Target, began: Instant) {
        self.with(|board| board.was_silent(target, began, now()));
    }

    /// Whether an address rests.
    pub(super) fn rests(&self, target: &Target) -> bool {
        self.with(|board| board.rests(target))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.with(|board| board.in_flight())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Board) -> T) -> T {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let before = board.next_wake();
        let result = change(&mut board);
        if let Some(at) = board.next_wake()
            && before.is_none_or(|before| at < before)
        {
            self.sooner.notify_one();
        }
        result
    }

    /// Lets the time pass for all who wait; one of them does so at a time.
    async fn keep_time(&self) -> Infallible {
        let _turn = self.clock.lock().await;
        loop {
            let due = self.with(|board| board.next_wake());
            let passed = async {
                match due {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = passed => self.with(|board| board.tick(now())),
                () = self.sooner.notified() => {}
            }
        }
    }
}

/// The runtime's clock, which tests may stop.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// One who waits; dropped before it was told it gives its turn up.
struct PendingTurn<'a> {
    gate: &'a Gate,
    target: &'a Target,
    told: oneshot::Receiver<()>,
}

impl Drop for PendingTurn<'_> {
    fn drop(&mut self) {
        self.told.close();
        if self.told.try_recv().is_ok() {
            self.gate.with(|board| board.give_back(self.target, now()));
        }
    }
}

impl Slot<'_> {
    /// Runs the contact.
    pub async fn run<T>(&mut self, contact: impl Future<Output = T>) -> T {
        let mut contact = pin!(contact);
        match self.begin(contact.as_mut()).await {
            Poll::Ready(done) => done,
            Poll::Pending => contact.await,
        }
    }

    /// Lets the contact take its first step, in which it opens its socket, and only then has the rates count
    /// it: so the next one comes later by the whole interval, however long the machine lets the step wait.
    pub(super) async fn begin<T>(&mut self, mut contact: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        let step = poll_fn(|cx| Poll::Ready(contact.as_mut().poll(cx))).await;
        self.has_begun = true;
        self.gate.with(|board| board.begin(&self.target, now()));
        step
    }

    /// Notes what the target gave to understand; true where that is "too much": then it is slowed.
    pub fn note(&self, hint: PaceHint) -> bool {
        self.gate.with(|board| board.note(&self.target, hint, self.look, now()))
    }

    /// Frees the slot among all of a contact that has begun, but keeps the slot at its target.
    pub(super) fn leave_all(&mut self) {
        if std::mem::take(&mut self.counts) {
            self.gate.with(|board| board.leave_all(now()));
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if !self.has_begun {
            return self.gate.with(|board| board.give_back(&self.target, now()));
        }
        self.leave_all();
        self.gate.with(|board| board.leave(&self.target, now()));
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
