//! The way of domains and hosts through the stages.
//!
//! DNS workers (`lookers`) take names from the list. What signals goes on to the contact runtime (policy hosts and MX
//! hosts), whose waiting never holds a place of DNS. Final rows go to the writer.

use super::spool::{Spool, Waiting};
use super::tally::{Count, Tally};
use crate::dataset::writer::Evidence;
use crate::evidence::rows::DomainRow;
use crate::evidence::{MxKind, RecordState, SmtpOutcome, SmtpPhase};
use crate::fault::Unfinished;
use crate::probe::{Domain, HostLook, Probe};
use crate::runtime;
use crate::smtp::registry::Registry;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Domains that may wait for their policy host, and MX hosts for their turn, before the list reader stops.
const CONTACT_BACKLOG: usize = 20_000;

/// Faults of this machine after which a scan stops rather than leave out one name after another.
const LOCAL_FAULTS: u64 = 1_000;

/// SMTP connects after which their success is judged: a network that blocks port 25 answers none.
const SMTP_TRIAL: u64 = 500;

/// The least share of them that must succeed, percent.
const SMTP_TRIAL_PERCENT: u64 = 20;

/// How often exclusion files are looked at while a scan runs.
const EXCLUSIONS_LOOK: Duration = Duration::from_secs(2);

/// Something for the contact runtime.
pub(super) enum Contact {
    /// A domain that signals: its policy is next.
    Policy(Box<Domain>),
    /// An MX host that nobody has contacted.
    Host(HostLook),
}

/// What all tasks of a scan share.
pub(super) struct Pipeline {
    pub(super) probe: Probe,
    pub(super) registry: Registry,
    pub(super) tally: Arc<Tally>,
    pub(super) stop: CancellationToken,
    /// Why the scan stopped itself, where it did.
    pub(super) halted: Arc<OnceLock<String>>,
    writer: mpsc::Sender<Evidence>,
    deferred: Mutex<Spool>,
}

/// Counts what is under way for as long as it lives.
pub(super) struct Now<'a>(&'a Count);

impl<'a> Now<'a> {
    pub(super) fn count(count: &'a Count) -> Self {
        count.up();
        Self(count)
    }
}

impl Drop for Now<'_> {
    fn drop(&mut self) {
        self.0.down();
    }
}

impl Pipeline {
    pub(super) fn new(
        probe: Probe,
        registry: Registry,
        tally: Arc<Tally>,
        stop: CancellationToken,
        writer: mpsc::Sender<Evidence>,
        deferred: Spool,
    ) -> Self {
        let deferred = Mutex::new(deferred);
        Self { probe, registry, tally, stop, halted: Arc::default(), writer, deferred }
    }

    /// Stops the scan for a reason of our own; the first reason is the one that is told.
    pub(super) fn halt(&self, reason: String) {
        let _ = self.halted.set(reason);
        self.stop.cancel();
    }

    /// Runs policies and MX hosts until the DNS workers are done, then the further looks, and meanwhile looks at the exclusion files.
    pub(super) async fn contact_worker(self: Arc<Self>, contacts: mpsc::Receiver<Contact>) {
        tokio::select! {
            () = self.clone().contact(contacts) => {}
            never = self.keep_exclusions() => match never {},
        }
    }

    async fn keep_exclusions(&self) -> Infallible {
        loop {
            tokio::time::sleep(EXCLUSIONS_LOOK).await;
            let admission = self.probe.admission.clone();
            // A large file takes its time, which the connections must not wait for. One that panics is tried again.
            let _ = runtime::unblocked(move || admission.look_at_exclusions()).await;
        }
    }

    async fn contact(self: Arc<Self>, mut contacts: mpsc::Receiver<Contact>) {
        let backlog = Arc::new(Semaphore::new(CONTACT_BACKLOG));
        let tasks = TaskTracker::new();
        while let Some(contact) = contacts.recv().await {
            let Ok(place) = backlog.clone().acquire_owned().await else { return };
            match contact {
                Contact::Policy(domain) => {
                    runtime::track(&tasks, self.clone().policy(domain, tasks.clone(), place));
                }
                Contact::Host(host) => runtime::track(&tasks, self.clone().host(host, Some(place))),
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

    /// Begins what waits for its second look, each when it is due; false where nothing waits.
    async fn second_looks(self: &Arc<Self>, tasks: &TaskTracker, backlog: &Arc<Semaphore>) -> bool {
        let mut any = false;
        while let Some((due, waiting)) = self.next_waiting() {
            any = true;
            let stopped = self.stop.run_until_cancelled(tokio::time::sleep_until(due.into())).await.is_none();
            if stopped {
                self.give_up(&waiting);
                continue;
            }
            let Ok(place) = backlog.clone().acquire_owned().await else { return false };
            self.tally.deferred.down();
            match waiting {
                Waiting::Domain(domain) => {
                    runtime::track(tasks, self.clone().again(domain, tasks.clone(), place));
                }
                Waiting::Host(host) => runtime::track(tasks, self.clone().host(host, Some(place))),
            }
        }
        any
    }

    /// What waited longest; `None` where nothing waits, or what waits cannot be had: then the scan stops.
    fn next_waiting(&self) -> Option<(Instant, Waiting)> {
        let mut deferred = self.deferred.lock().unwrap_or_else(PoisonError::into_inner);
        deferred.pop().unwrap_or_else(|fault| {
            self.tally.given_up.add(std::mem::take(&mut deferred.domains));
            self.tally.hosts_left.add(std::mem::take(&mut deferred.hosts));
            self.halt(fault.to_string());
            None
        })
    }

    fn give_up(&self, waiting: &Waiting) {
        self.tally.deferred.down();
        match waiting {
            Waiting::Domain(_) => self.tally.given_up.up(),
            Waiting::Host(_) => self.tally.hosts_left.up(),
        }
    }

    async fn again(
        self: Arc<Self>,
        mut domain: Box<Domain>,
        tasks: TaskTracker,
        place: OwnedSemaphorePermit,
    ) {
        let looked = {
            let _now = Now::count(&self.tally.dns_now);
            self.probe.records(&mut domain).await
        };
        match looked {
            Err(why) => self.unfinished(&why),
            Ok(()) if domain.signals() => self.policy(domain, tasks, place).await,
            Ok(()) => self.settle_here(domain, &tasks).await,
        }
    }

    async fn policy(
        self: Arc<Self>,
        mut domain: Box<Domain>,
        tasks: TaskTracker,
        _place: OwnedSemaphorePermit,
    ) {
        let looked = {
            let _now = Now::count(&self.tally.policy_now);
            self.probe.policy(&mut domain).await
        };
        match looked {
            Ok(()) => self.settle_here(domain, &tasks).await,
            Err(why) => self.unfinished(&why),
        }
    }

    async fn settle_here(self: Arc<Self>, domain: Box<Domain>, tasks: &TaskTracker) {
        for host in self.settle(domain).await {
            runtime::track(tasks, self.clone().host(host, None));
        }
    }

    /// Writes a domain's row, or defers it; gives those of its MX hosts that nobody has contacted.
    pub(super) async fn settle(&self, domain: Box<Domain>) -> Vec<HostLook> {
        let scope = self.probe.plan.starttls;
        let new = domain.targets(scope).filter(|host| self.registry.offer(host));
        let hosts = new.map(|host| HostLook::new(host.to_owned())).collect();
        let position = domain.position;
        if domain.row.attempts == 1
            && domain.deserves_second_look()
            && let Some(wait) = self.probe.plan.second_look
        {
            self.defer(wait, &Waiting::Domain(domain));
            self.write(Evidence::Deferred(position)).await;
            return hosts;
        }
        let row = domain.into_row();
        count(&self.tally, &row);
        self.write(Evidence::Domain(position, row)).await;
        hosts
    }

    fn defer(&self, wait: Duration, waiting: &Waiting) {
        self.tally.deferred.up();
        let due = Instant::now() + wait;
        let kept = self.deferred.lock().unwrap_or_else(PoisonError::into_inner).push(due, waiting);
        if let Err(fault) = kept {
            self.give_up(waiting);
            self.halt(fault.to_string());
        }
    }

    async fn host(self: Arc<Self>, mut look: HostLook, _place: Option<OwnedSemaphorePermit>) {
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
        let wait = self.probe.plan.second_look;
        let done = if wait.is_some() { look.take_final() } else { std::mem::take(&mut look.rows) };
        for row in done {
            self.tally.host_rows.up();
            self.write(Evidence::Host(Box::new(row))).await;
        }
        if let Some(wait) = wait.filter(|_| !look.rows.is_empty()) {
            self.defer(wait, &Waiting::Host(look));
        }
    }

    /// A network that blocks port 25 must not become half a million misconfigured hosts.
    fn judge_reach(&self, look: &HostLook) {
        for row in look.rows.iter().filter(|row| row.smtp.phase.is_some()) {
            self.tally.smtp_tried.up();
            if row.smtp.phase != Some(SmtpPhase::Connect)
                || row.smtp.outcome == Some(SmtpOutcome::ConnectRefused)
            {
                self.tally.smtp_reached.up();
            }
        }
        let (tried, reached) = (self.tally.smtp_tried.value(), self.tally.smtp_reached.value());
        if (SMTP_TRIAL..2 * SMTP_TRIAL).contains(&tried) && reached * 100 < tried * SMTP_TRIAL_PERCENT {
            self.halt(format!(
                "only {reached} of {tried} MX hosts could be reached: this network seems to block port {}. \
                 Resume from one that does not, or leave MX hosts out with --starttls none in a new scan",
                self.probe.plan.smtp_port
            ));
        }
    }

    async fn write(&self, evidence: Evidence) {
        // The writer ends early only where the disk failed; then the row is done again on resume.
        if self.writer.send(evidence).await.is_err() {
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
            self.halt(format!("this machine fails again and again, last with: {why}"));
        }
    }
}

fn count(tally: &Tally, row: &DomainRow) {
    tally.rows.up();
    tally.settled.up();
    if row.mx_kind == Some(MxKind::Explicit) {
        tally.mx_domains.up();
    }
    if row.sts_signals == Some(true) {
        tally.signallers.up();
    }
    if row.sts_record == Some(RecordState::Valid) {
        tally.adopters.up();
    }
    let statuses = [row.mx_dns, row.sts_dns, row.tlsrpt_dns];
    if statuses.into_iter().flatten().any(|status| !status.is_definite()) {
        tally.failures.up();
    }
}
