//! Where a scan is, at one moment.

use crate::dataset::manifest::Overloaded;
use crate::meters::Process;
use crate::moment;
use crate::scan::tally::Tally;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Where a scan is: a line of the status file. Keys are added, never renamed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// When, RFC 3339, UTC. For people: `elapsed_s` is what steps evenly.
    pub time: String,
    /// Since this run began, seconds, by a clock that does not jump.
    pub elapsed_s: f64,
    /// Entries of the lists; 0 where that is not known.
    pub total: u64,
    /// Entries read so far.
    pub read: u64,
    /// Entries with a final outcome: row, duplicate, excluded, invalid, other shard.
    pub settled: u64,
    /// Settled in a second, since the line before.
    pub rate: f64,
    /// Rows of domains, those of earlier runs included.
    pub rows: u64,
    /// Domains whose DNS questions are under way.
    pub dns_in_flight: u64,
    /// Connections to policy hosts.
    pub policy_in_flight: u64,
    /// Conversations with MX hosts.
    pub smtp_in_flight: u64,
    /// Domains and MX hosts that wait for their turn with a connection.
    pub queued: u64,
    /// Domains and MX hosts that wait for their second look.
    pub deferred: u64,
    /// Domains that signal, of this run.
    pub signallers: u64,
    /// Rows of MX hosts' addresses, of this run.
    pub mx_hosts: u64,
    /// Domains with a question that had no definite answer.
    pub failures: u64,
    /// Names and hosts for which this machine failed.
    pub failed_here: u64,
    /// Names that an exclusion file lists.
    pub excluded: u64,
    /// Whether the scan waits for this machine's network.
    pub paused: bool,
    /// How long it has done so in this run, seconds.
    pub paused_s: f64,
    /// Percent of the DNS questions that failed because the resolvers were asked too much; 0 below 1.
    pub resolver_overload_pct: f64,
    /// Live tasks of the runtimes, libraries' own included.
    pub tasks: u64,
    /// Memory and descriptors.
    #[serde(flatten)]
    pub process: Process,
    /// Whether nothing comes after this line: the run has ended.
    pub last: bool,
}

/// Takes snapshots of one run.
pub(super) struct Camera {
    began: Instant,
    before: (Instant, u64),
}

impl Camera {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { began: now, before: (now, 0) }
    }

    pub(super) fn take(&mut self, tally: &Tally, last: bool) -> Snapshot {
        let settled = tally.settled.value();
        let rate = per_second(settled.saturating_sub(self.before.1), self.before.0.elapsed());
        self.before = (Instant::now(), settled);
        let (policy, smtp) = tally.connections();
        let uplink = tally.uplink.get();
        Snapshot {
            time: moment::rfc3339(moment::now()),
            elapsed_s: rounded(self.began.elapsed().as_secs_f64()),
            total: tally.total.value(),
            read: tally.read.value(),
            settled,
            rate,
            rows: tally.rows_before.value() + tally.rows.value(),
            dns_in_flight: tally.dns_now.value(),
            policy_in_flight: policy as u64,
            smtp_in_flight: smtp as u64,
            queued: tally.queued(),
            deferred: tally.deferred.value(),
            signallers: tally.signallers.value(),
            mx_hosts: tally.host_rows.value(),
            failures: tally.failures.value(),
            failed_here: tally.failed_here.value(),
            excluded: tally.excluded.value(),
            paused: uplink.is_some_and(|uplink| uplink.is_cut()),
            paused_s: rounded(uplink.map_or(0.0, |uplink| uplink.paused().as_secs_f64())),
            resolver_overload_pct: rounded(tally.overload().map_or(0.0, Overloaded::percent)),
            tasks: tally.tasks(),
            process: Process::now(),
            last,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a rate is shown with one decimal")]
fn per_second(count: u64, within: Duration) -> f64 {
    rounded(count as f64 / within.as_secs_f64().max(0.001))
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}
