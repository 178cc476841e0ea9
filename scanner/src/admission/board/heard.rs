//! What contacts tell of their targets, and who is put off because of it.

use super::{Board, InQueue, Waiter};
use crate::admission::level::Level;
use crate::admission::target::Target;
use crate::evidence::PaceHint;
use std::time::Instant;

impl Board {
    /// A contact with a target, which `began` then, ended with its deadline. After several in a row those who
    /// queue for its address are put off: each would hold its slot for as long, and slots are what they wait
    /// for. Contacts that have their turn keep it, and later ones wait for the next end, so that the address
    /// is tried now and then.
    pub(in crate::admission) fn was_silent(&mut self, target: &Target, began: Instant, now: Instant) {
        let is_silent = self.level(target.address(), now).was_silent(began, now);
        if !is_silent || !target.keys().any(|key| self.levels.get(&key).is_some_and(Level::is_full)) {
            return;
        }
        self.put_off(target, |_| true, now);
    }

    /// Those of these who queue for an address, and are put off at all, ask again another time.
    fn put_off(&mut self, target: &Target, is_meant: impl Fn(&Waiter) -> bool, now: Instant) {
        // Queues of an address have their owner's name beside it, so there may be several; there are as many
        // as wait, and no more.
        for queue in self.queues.iter_mut().filter(|(of, _)| of.address() == target.address()) {
            queue.1.waiters.retain(|waiter| waiter.in_queue == InQueue::Stays || !is_meant(waiter));
        }
        self.changed.push(target.address());
        self.serve(now);
    }

    /// Whether an address rests until the next look.
    pub(in crate::admission) fn rests(&self, target: &Target) -> bool {
        self.levels.get(&target.address()).is_some_and(Level::rests)
    }

    /// Notes what a target gave to understand in a contact of this look; true where that is "too much".
    pub(in crate::admission) fn note(
        &mut self,
        target: &Target,
        hint: PaceHint,
        look: Option<u8>,
        now: Instant,
    ) -> bool {
        let address = self.level(target.address(), now);
        let too_much = match hint {
            PaceHint::Nothing => return false,
            PaceHint::TooMuch => true,
            PaceHint::End => address.broke_off(now),
            PaceHint::Answer => {
                address.answered(now);
                false
            }
        };
        // Only one that says so in words rests: who breaks off may be out of order.
        let rests_after = look.filter(|look| hint == PaceHint::TooMuch && address.limited(*look));
        if too_much {
            address.slow_down(now);
        }
        if let Some(look) = rests_after {
            self.put_off(target, |waiter| waiter.look.is_some_and(|theirs| theirs <= look), now);
        }
        if let Some(provider) = target.provider() {
            let provider = self.level(provider, now);
            match hint {
                PaceHint::Answer => provider.answered(now),
                _ if too_much => provider.grumbled(now),
                _ => {}
            }
        }
        too_much
    }
}
