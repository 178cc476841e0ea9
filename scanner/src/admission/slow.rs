//! Slots of their own for conversations whose server is slow to begin.

use super::gate::Slot;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Such a server is one of few, but holds its slot a hundred times as long.
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

    /// Runs a conversation in its slot. Where it has not begun after a while (`has_begun` says so) it moves
    /// to one of these slots, as soon as one is free, and stays there; its own is for others then. Its
    /// target's slot it keeps.
    pub(super) async fn hold<T>(
        &self,
        slot: &mut Slot<'_>,
        has_begun: impl Fn() -> bool,
        conversation: impl Future<Output = T>,
    ) -> T {
        let mut conversation = std::pin::pin!(conversation);
        if let Poll::Ready(done) = slot.begin(conversation.as_mut()).await {
            return done;
        }
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
                slot.leave_all();
                conversation.await
            }
        }
    }
}
