//! One DNS worker: as many tasks as domains may be under way, each looking at one name after the other.
//!
//! A task per domain would be simpler, and costs copies of its state and a large allocation each time:
//! docs/measurements.md says what leaving that out gave, together with what was changed beside it.

use super::pipeline::{Pipeline, Work};
use super::tally::Now;
use crate::dns::LATE_A_PLACE;
use crate::hook;
use crate::input::Entry;
use crate::probe::Domain;
use crate::probe::course::Step;
use crate::runtime;
use futures::FutureExt as _;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::vec;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The names of all workers, in batches.
pub(super) type Batches = Arc<tokio::sync::Mutex<mpsc::Receiver<Vec<Entry>>>>;

/// One worker's tasks, and what they share.
pub(super) struct Lookers {
    pipeline: Arc<Pipeline>,
    contacts: mpsc::Sender<Work>,
    batches: Batches,
    /// Held by the task that fetches the next batch for all of this worker.
    fetching: tokio::sync::Mutex<()>,
    batch: Mutex<vec::IntoIter<Entry>>,
    ended: AtomicBool,
    running: AtomicUsize,
    /// Domains that may be under way beside those that wait for a late answer.
    slots: usize,
}

impl Lookers {
    pub(super) fn new(
        pipeline: Arc<Pipeline>,
        contacts: mpsc::Sender<Work>,
        batches: Batches,
        slots: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            pipeline,
            contacts,
            batches,
            fetching: tokio::sync::Mutex::default(),
            batch: Mutex::default(),
            ended: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            slots,
        })
    }

    /// Looks at names until there are no more.
    pub(super) async fn work(self: Arc<Self>) {
        let mut tasks = JoinSet::new();
        loop {
            let more = poll_fn(|cx| {
                while let Poll::Ready(Some(ended)) = tasks.poll_join_next(cx) {
                    if ended.is_err() {
                        self.pipeline.halt(
                            "a part of the scanner broke off: please report the message above".to_owned(),
                        );
                    }
                }
                let ended = self.ended.load(Relaxed);
                let wanted = self.wanted(self.pipeline.probe.dns.late_and_tell(cx.waker()));
                match wanted.saturating_sub(tasks.len()) {
                    _ if ended && tasks.is_empty() => Poll::Ready(0),
                    more if more > 0 && !ended => Poll::Ready(more),
                    _ => Poll::Pending,
                }
            })
            .await;
            if more == 0 {
                return;
            }
            self.running.store(tasks.len() + more, Relaxed);
            for _ in 0..more {
                runtime::spawn(&mut tasks, self.clone().look_at_names());
            }
        }
    }

    /// How many tasks there should be. A domain that waits for a late answer holds none of the slots: names
    /// that never answer would take them all.
    fn wanted(&self, late: usize) -> usize {
        self.slots + late.min(LATE_A_PLACE * self.slots)
    }

    async fn look_at_names(self: Arc<Self>) {
        while let Some(entry) = self.next().await {
            let tally = &self.pipeline.tally;
            if self.pipeline.probe.admission.excludes(&entry.domain) {
                tally.excluded.up();
                tally.settled.up();
                continue;
            }
            // Made here, so that nothing under way holds the entry beside it.
            self.take(Box::new(Domain::new(entry))).await;
            let running = self.running.load(Relaxed);
            if running > self.slots && running > self.wanted(self.pipeline.probe.dns.late()) {
                break;
            }
        }
        self.running.fetch_sub(1, Relaxed);
    }

    async fn next(&self) -> Option<Entry> {
        if let Some(entry) = self.of_batch() {
            return Some(entry);
        }
        let _turn = self.fetching.lock().await;
        loop {
            if let Some(entry) = self.of_batch() {
                return Some(entry);
            }
            if self.ended.load(Relaxed) {
                return None;
            }
            match self.batches.lock().await.recv().await {
                Some(batch) => *self.batch.lock().unwrap_or_else(PoisonError::into_inner) = batch.into_iter(),
                None => self.ended.store(true, Relaxed),
            }
        }
    }

    fn of_batch(&self) -> Option<Entry> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    async fn take(&self, domain: Box<Domain>) {
        let looking = AssertUnwindSafe(self.first_look(domain)).catch_unwind();
        if looking.await.is_err() {
            self.pipeline.broke_off(&self.pipeline.tally.failed_here);
        }
    }

    async fn first_look(&self, mut domain: Box<Domain>) {
        hook::looking_at(&domain.row.domain);
        let pipeline = &self.pipeline;
        let looked = {
            let _now = Now::count(&pipeline.tally.dns_now);
            pipeline.probe.records(&mut domain).await
        };
        if let Err(why) = looked {
            return pipeline.unfinished(&why);
        }
        if pipeline.course.next(domain.standing()) == Step::Policy {
            if self.contacts.send(Work::Policy(domain)).await.is_err() {
                pipeline.tally.given_up.up();
            }
            return;
        }
        for host in pipeline.settle(domain).await {
            if self.contacts.send(Work::Host(host)).await.is_err() {
                pipeline.tally.hosts_left.up();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::rows::DomainRow;

    /// With names that never answer tens of thousands of these wait at once: the plan's memory is counted on
    /// it.
    const MOST: usize = 3 * 1_024;

    fn size<F: Future>(_: impl Fn(Arc<Lookers>) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_domain_under_way_holds_little_memory() {
        let held = size(Lookers::look_at_names) + size_of::<Domain>() + size_of::<DomainRow>();
        assert!(held <= MOST, "{held} bytes");
    }
}
