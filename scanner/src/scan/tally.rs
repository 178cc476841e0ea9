//! What a scan has done so far: counters that all stages add to and that progress and summary read.

use crate::admission::Admission;
use crate::dataset::manifest::Overloaded;
use crate::dns::Questions;
use crate::evidence::rows::DomainRow;
use crate::evidence::{MxKind, RecordState};
use crate::meters::Meters;
use crate::uplink::Uplink;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::runtime::Handle;

/// One number, added to from any thread.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn up(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// One less, for what is under way.
    pub fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Its value now.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
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

/// The counters of a scan.
#[derive(Default)]
#[allow(missing_docs, reason = "each line says it")]
pub struct Tally {
    /// Entries of the lists; 0 where the total is not known.
    pub total: Count,
    /// Entries that were read.
    pub read: Count,
    /// Entries with a final outcome: row, duplicate, excluded, invalid, other shard.
    pub settled: Count,
    /// Rows of domains handed to the writer in this run.
    pub rows: Count,
    /// Rows that an earlier run committed.
    pub rows_before: Count,
    pub excluded: Count,
    /// Names and hosts for which this machine failed.
    pub failed_here: Count,
    /// Looks that broke off in a panic; each is among those that failed, or the hosts that are left.
    pub broke_off: Count,
    /// MX hosts for which this machine failed or whose turn did not come.
    pub hosts_left: Count,
    /// Names taken from the list and given up because the scan was stopped.
    pub given_up: Count,
    pub mx_domains: Count,
    pub signallers: Count,
    pub adopters: Count,
    /// Domains with a question that had no definite answer.
    pub failures: Count,
    /// Domains and hosts that wait for their second look.
    pub deferred: Count,
    /// Rows of MX hosts handed to the writer.
    pub host_rows: Count,
    /// How each list is read, from when that is known on; a line each.
    pub lists: OnceLock<Vec<String>>,
    /// The gate of the scan, once it is there: it knows the connections that are open.
    pub gate: OnceLock<Arc<Admission>>,
    /// The network of the scan, once it is looked at.
    pub uplink: OnceLock<Arc<Uplink>>,
    /// The meters of its connections, once there may be any.
    pub meters: OnceLock<Arc<Meters>>,
    /// The counters of its questions, once there may be any.
    pub questions: OnceLock<Questions>,
    /// Under way now, by stage; for policies and MX hosts those that wait for their turn too.
    pub dns_now: Count,
    pub policy_now: Count,
    pub smtp_now: Count,
    /// SMTP connects tried, and those that succeeded.
    pub smtp_tried: Count,
    pub smtp_reached: Count,
    /// The runtimes of the scan, once they are there: they know their tasks.
    runtimes: Mutex<Vec<Handle>>,
}

impl Tally {
    pub(super) fn watch(&self, runtime: &Handle) {
        self.runtimes.lock().unwrap_or_else(PoisonError::into_inner).push(runtime.clone());
    }

    /// Counts a domain's row.
    pub(super) fn count(&self, row: &DomainRow) {
        self.rows.up();
        self.settled.up();
        if row.mx_kind == Some(MxKind::Explicit) {
            self.mx_domains.up();
        }
        if row.sts_signals == Some(true) {
            self.signallers.up();
        }
        if row.sts_record == Some(RecordState::Valid) {
            self.adopters.up();
        }
        let statuses = [row.mx_dns, row.sts_dns, row.tlsrpt_dns, row.dmarc.dns];
        if statuses.into_iter().flatten().any(|status| !status.is_definite()) {
            self.failures.up();
        }
    }

    /// Tasks alive on the runtimes of the scan; 0 before they are there and after they are gone.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        let runtimes = self.runtimes.lock().unwrap_or_else(PoisonError::into_inner);
        runtimes.iter().map(|runtime| runtime.metrics().num_alive_tasks() as u64).sum()
    }

    /// Domains and MX hosts that wait for their turn with a connection.
    #[must_use]
    pub fn queued(&self) -> u64 {
        let (policy, smtp) = self.connections();
        (self.policy_now.value() + self.smtp_now.value()).saturating_sub((policy + smtp) as u64)
    }

    /// Where so many questions failed because the resolvers were asked too much that it has to be told.
    #[must_use]
    pub fn overload(&self) -> Option<Overloaded> {
        let counts = self.questions.get()?.counts();
        Overloaded::of(counts.overloaded, counts.concluded())
    }

    /// Connections open now: to policy hosts, to MX hosts.
    #[must_use]
    pub fn connections(&self) -> (usize, usize) {
        self.gate.get().map_or((0, 0), |gate| gate.in_flight())
    }
}
