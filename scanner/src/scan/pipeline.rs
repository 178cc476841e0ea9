//! The way of domains and hosts through the stages.
//!
//! DNS workers (`lookers`) take names from the list. Domains that signal go on to the contact runtime (policy
//! hosts and MX hosts), whose waiting never holds a permit of the DNS. Final rows go to the writer.

use super::controls::Controls;
use super::masks::Masks;
use super::spool::{Spool, Waiting};
use super::tally::{Count, Now, Tally};
use crate::dataset::writer::FinalRow;
use crate::evidence::rows::HostRow;
use crate::fault::Unfinished;
use crate::hook;
use crate::probe::course::{Course, Step};
use crate::probe::{Domain, HostLook, Probe};
use crate::runtime;
use crate::smtp::registry::Registry;
use futures::FutureExt as _;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Domains that may wait for their policy host, and MX hosts for their turn, before the list reader stops.
const CONTACT_BACKLOG: usize = 20_000;

/// Faults of this machine after which a scan stops rather than leave out one name after another.
const LOCAL_FAULTS: u64 = 1_000;

/// How often exclusion files are looked at while a scan runs.
const EXCLUSIONS_LOOK: Duration = Duration::from_secs(2);

/// How often what waits for its next look is brought to the disk. A kill forgets what is younger; with the
/// time that this takes, a second.
const SYNC: Duration = Duration::from_millis(400);

/// Something for the contact runtime.
pub(super) enum Work {
    /// A domain that signals: its policy is next.
    Policy(Box<Domain>),
    /// An MX host that nobody has contacted.
    Host(HostLook),
}

/// What all tasks of a scan share.
pub(super) struct Pipeline {
    pub(super) probe: Probe,
    pub(super) course: Course,
    pub(super) registry: Registry,
    pub(super) tally: Arc<Tally>,
    pub(super) stop: CancellationToken,
    /// Why the scan stopped itself, where it did.
    pub(super) halted: Arc<OnceLock<String>>,
    writer: mpsc::Sender<FinalRow>,
    deferred: Mutex<Spool>,
    pub(super) masks: Mutex<Masks>,
    pub(super) controls: Arc<Controls>,
}

impl Pipeline {
    pub(super) fn new(
        probe: Probe,
        registry: Registry,
        tally: Arc<Tally>,
        stop: CancellationToken,
        writer: mpsc::Sender<FinalRow>,
        deferred: Spool,
        controls: Arc<Controls>,
    ) -> Self {
        tally.deferred.set(deferred.domains + deferred.hosts);
        let (course, deferred) = (Course::new(probe.plan.second_look), Mutex::new(deferred));
        Self {
            probe,
            course,
            registry,
            tally,
            stop,
            halted: Arc::default(),
            writer,
            deferred,
            masks: Mutex::default(),
            controls,
        }
    }

    /// Stops the scan for a reason of our own; the first reason is the one that is told.
    pub(super) fn halt(&self, reason: String) {
        let _ = self.halted.set(reason);
        self.stop.cancel();
    }

    /// Runs policies and MX hosts until the DNS workers are done, then the further looks; meanwhile looks at
    /// the exclusion files and keeps what waits.
    pub(super) async fn contact_worker(self: Arc<Self>, contacts: mpsc::Receiver<Work>) {
        tokio::select! {
            () = self.clone().contact_to_the_end(contacts) => self.sync().await,
            never = self.keep_exclusions() => match never {},
            never = self.keep_controls() => match never {},
            never = self.keep_looks() => match never {},
        }
    }

    async fn contact_to_the_end(self: Arc<Self>, contacts: mpsc::Receiver<Work>) {
        self.clone().contact(contacts).await;
        self.last_controls().await;
    }

    async fn keep_looks(&self) -> Infallible {
        loop {
            tokio::time::sleep(SYNC).await;
            self.sync().await;
        }
    }

    /// Brings what waits to the disk.
    async fn sync(&self) {
        let unsynced = self.spool().unsynced();
        let synced = match unsynced {
            Ok(None) => Ok(()),
            // A disk takes its time, which the connections must not wait for.
            Ok(Some(sync)) => runtime::unblocked(sync).await.unwrap_or(Ok(())),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = synced {
            self.halt(fault.to_string());
        }
    }

    pub(super) fn spool(&self) -> MutexGuard<'_, Spool> {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep_exclusions(&self) -> Infallible {
        loop {
            tokio::time::sleep(EXCLUSIONS_LOOK).await;
            let admission = self.probe.admission.clone();
            // A large file takes its time, which the connections must not wait for. One that panics is tried
            // again.
            let _ = runtime::unblocked(move || admission.look_at_exclusions()).await;
        }
    }

    async fn contact(self: Arc<Self>, mut contacts: mpsc::Receiver<Work>) {
        let backlog = Arc::new(Semaphore::new(CONTACT_BACKLOG));
        let tasks = TaskTracker::new();
        while let Some(contact) = contacts.recv().await {
            let Ok(permit) = backlog.clone().acquire_owned().await else { return };
            match contact {
                Work::Policy(domain) => {
                    runtime::track(&tasks, self.clone().walk(domain, tasks.clone(), permit));
                }
                Work::Host(host) => runtime::track(&tasks, self.clone().host(host, Some(permit))),
            }
        }
        loop {
            tasks.close();
            tasks.wait().await;
            tasks.reopen();
            if !self.second_looks(&tasks, &backlog).await {
                return;
            }
        }
    }

    /// Takes a domain along its course until it waits or its row is final.
    async fn walk_on(
        self: Arc<Self>,
        mut domain: Box<Domain>,
        tasks: TaskTracker,
        _place: OwnedSemaphorePermit,
    ) {
        loop {
            let looked = match self.course.next(domain.standing()) {
                Step::Records if self.probe.admission.excludes(&domain.row.domain) => {
                    Err(Unfinished::Excluded)
                }
                Step::Records => {
                    let _now = Now::count(&self.tally.dns_now);
                    self.probe.records(&mut domain).await
                }
                Step::Policy => {
                    let _now = Now::count(&self.tally.policy_now);
                    self.probe.policy(&mut domain).await
                }
                Step::Hosts | Step::Wait(_) | Step::Done => {
                    for host in self.settle(domain).await {
                        runtime::track(&tasks, self.clone().host(host, None));
                    }
                    return;
                }
            };
            if let Err(why) = looked {
                return self.unfinished(&why);
            }
        }
    }

    /// The end of a look at a domain: writes its row, or has it wait; gives those of its MX hosts that nobody
    /// has contacted.
    pub(super) async fn settle(&self, mut domain: Box<Domain>) -> Vec<HostLook> {
        let hosts = domain.send_off_hosts(self.probe.plan.starttls, |host| self.registry.offer(host));
        if let Step::Wait(wait) = self.course.next(domain.standing()) {
            self.defer(wait, &Waiting::Domain(domain));
            return hosts;
        }
        let position = domain.position;
        let row = domain.into_row();
        self.tally.count(&row);
        self.write(FinalRow::Domain(position, row)).await;
        hosts
    }

    fn defer(&self, wait: Duration, waiting: &Waiting) {
        self.tally.deferred.up();
        let kept = self.spool().push(Instant::now() + wait, waiting);
        if let Err(fault) = kept {
            self.give_up(waiting);
            self.halt(fault.to_string());
        }
    }

    /// A look that broke off in a panic, of a library or of ours: its domain or host has no evidence, and is
    /// looked at again on resume.
    pub(super) fn broke_off(&self, counted: &Count) {
        counted.up();
        self.tally.broke_off.up();
        if self.tally.broke_off.value() >= LOCAL_FAULTS {
            self.halt("this program breaks off again and again: please report the messages above".to_owned());
        }
    }

    pub(super) async fn walk(
        self: Arc<Self>,
        domain: Box<Domain>,
        tasks: TaskTracker,
        permit: OwnedSemaphorePermit,
    ) {
        let walking = AssertUnwindSafe(self.clone().walk_on(domain, tasks, permit)).catch_unwind();
        if walking.await.is_err() {
            self.broke_off(&self.tally.failed_here);
        }
    }

    pub(super) async fn host(self: Arc<Self>, look: HostLook, permit: Option<OwnedSemaphorePermit>) {
        let looking = AssertUnwindSafe(self.clone().look_at_host(look, permit)).catch_unwind();
        if looking.await.is_err() {
            self.broke_off(&self.tally.hosts_left);
        }
    }

    async fn look_at_host(self: Arc<Self>, mut look: HostLook, _place: Option<OwnedSemaphorePermit>) {
        hook::looking_at(&look.host);
        let looked = {
            let _now = Now::count(&self.tally.smtp_now);
            let registry = &self.registry;
            let host = look.host.clone();
            self.probe.host(&mut look, |addr| registry.is_committed(&host, addr)).await
        };
        if let Err(Unfinished::Excluded) = looked {
            // One of its names was excluded while it was asked about.
            look.rows.retain(|row| !row.attempts.is_empty());
        } else if let Err(why) = looked {
            self.tally.hosts_left.up();
            if let Unfinished::Fault(_) = why {
                self.note_fault(&why);
            }
            return;
        }
        self.judge_reach(&look);
        let (done, wait) = look.take_final(self.course);
        let Some(wait) = wait else {
            return self.write_rows(done).await;
        };
        let waiting = Waiting::Host(look, done);
        self.defer(wait, &waiting);
        if let Waiting::Host(_, done) = waiting {
            self.write_rows(done).await;
        }
    }

    async fn write_rows(&self, rows: Vec<HostRow>) {
        for row in rows {
            self.tally.host_rows.up();
            self.write(FinalRow::Host(Box::new(row))).await;
        }
    }

    /// Rows that were final before a kill, and that may not have come into a part.
    pub(super) async fn write_uncommitted(&self, mut rows: Vec<HostRow>) {
        rows.retain(|row| !self.is_committed(row));
        self.write_rows(rows).await;
    }

    pub(super) fn is_committed(&self, row: &HostRow) -> bool {
        self.registry.is_committed(&row.host, row.addr)
    }

    async fn write(&self, row: FinalRow) {
        // The writer ends early only where the disk failed; then the row is done again on resume.
        let sent = match self.writer.try_send(row) {
            Err(TrySendError::Full(row)) => self.writer.send(row).await.is_ok(),
            sent => sent.is_ok(),
        };
        if !sent {
            self.stop.cancel();
        }
    }

    pub(super) fn unfinished(&self, why: &Unfinished) {
        match why {
            Unfinished::Stopped => self.tally.given_up.up(),
            Unfinished::Excluded => {
                self.tally.excluded.up();
                self.tally.settled.up();
            }
            Unfinished::Fault(_) => {
                self.tally.failed_here.up();
                self.note_fault(why);
            }
        }
    }

    fn note_fault(&self, why: &Unfinished) {
        tracing::debug!("{why}");
        if self.tally.failed_here.value() + self.tally.hosts_left.value() >= LOCAL_FAULTS {
            self.halt(format!("this machine fails again and again, most recently with: {why}"));
        }
    }
}
