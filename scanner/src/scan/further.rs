//! The further looks: what waits is begun when it is due, hosts that nobody has seen first.

use super::pipeline::Pipeline;
use super::spool::{Taken, Waiting};
use crate::evidence::SmtpOutcome;
use crate::runtime;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Hosts that asked for less and are held back for those not yet seen, at most: some kilobytes each.
const HELD: usize = 4_096;

/// What is due so much later than those held back is of another look.
const SAME_LOOK: Duration = Duration::from_secs(60);

/// An entry, and when it is due.
type Due = (Instant, Waiting);

impl Pipeline {
    /// Begins what waits for its next look, each when it is due; false where nothing waits.
    ///
    /// An address that counts its connections takes few at each look: those go to the hosts behind it that
    /// nobody has seen, before those that were told "too much".
    pub(super) async fn second_looks(
        self: &Arc<Self>,
        tasks: &TaskTracker,
        backlog: &Arc<Semaphore>,
    ) -> bool {
        let mut any = false;
        let mut held: VecDeque<Due> = VecDeque::new();
        loop {
            let next = match self.next_waiting() {
                Some(Taken::Rows(rows)) => {
                    any = true;
                    self.write_uncommitted(rows).await;
                    continue;
                }
                Some(Taken::Due(due, waiting)) => Some((due, waiting)),
                None if held.is_empty() => return any,
                None => None,
            };
            any = true;
            if next.as_ref().is_none_or(|next| ends_look(next, &held)) {
                for (due, waiting) in held.drain(..) {
                    self.begin(due, waiting, tasks, backlog).await;
                }
            }
            match next {
                Some(next) if is_repeat(&next.1) && held.len() < HELD => held.push_back(next),
                Some((due, waiting)) => self.begin(due, waiting, tasks, backlog).await,
                None => {}
            }
        }
    }

    /// Begins one when it is due, or gives it up where the scan is stopped before.
    async fn begin(
        self: &Arc<Self>,
        due: Instant,
        waiting: Waiting,
        tasks: &TaskTracker,
        backlog: &Arc<Semaphore>,
    ) {
        let stopped = self.stop.run_until_cancelled(tokio::time::sleep_until(due.into())).await.is_none();
        let permit = if stopped { None } else { backlog.clone().acquire_owned().await.ok() };
        let Some(permit) = permit else { return self.give_up(&waiting) };
        self.tally.deferred.down();
        match waiting {
            Waiting::Domain(mut domain) => {
                domain.begin_look();
                runtime::track(tasks, self.clone().walk(domain, tasks.clone(), permit));
            }
            Waiting::Host(mut host, rows) => {
                self.write_uncommitted(rows).await;
                host.rows.retain(|row| !self.is_committed(row));
                if !host.rows.is_empty() {
                    runtime::track(tasks, self.clone().host(host, Some(permit)));
                }
            }
        }
    }

    /// The entry that waited longest; `None` where nothing waits, or it cannot be read: then the scan stops.
    fn next_waiting(&self) -> Option<Taken> {
        let mut spool = self.spool();
        let longest = self.probe.plan.second_look.unwrap_or_default();
        spool.pop(longest).unwrap_or_else(|fault| {
            self.tally.given_up.add(std::mem::take(&mut spool.domains));
            self.tally.hosts_left.add(std::mem::take(&mut spool.hosts));
            self.halt(fault.to_string());
            None
        })
    }

    pub(super) fn give_up(&self, waiting: &Waiting) {
        self.tally.deferred.down();
        match waiting {
            Waiting::Domain(_) => self.tally.given_up.up(),
            Waiting::Host(..) => self.tally.hosts_left.up(),
        }
    }
}

/// Whether it is a host that was contacted and asked for less.
fn is_repeat(waiting: &Waiting) -> bool {
    let Waiting::Host(look, _) = waiting else { return false };
    let is_told = |outcome| outcome == Some(SmtpOutcome::Limited);
    look.rows.iter().any(|row| is_told(row.smtp.outcome) && !row.attempts.is_empty())
}

/// Whether those held back have waited for all of their look: this one is of a later look, or is due later
/// and not yet.
fn ends_look((due, waiting): &Due, held: &VecDeque<Due>) -> bool {
    let looks = |waiting: &Waiting| match waiting {
        Waiting::Domain(_) => 1,
        Waiting::Host(look, _) => look.looks,
    };
    let is_later = |(theirs, one): &Due| {
        looks(waiting) > looks(one) || *due > *theirs + SAME_LOOK && *due > Instant::now()
    };
    held.back().is_some_and(is_later)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::rows::{HostRow, SmtpEvidence};
    use crate::probe::HostLook;

    fn host(looks: u8, attempts: usize) -> Waiting {
        let limited = SmtpOutcome::Limited;
        let smtp = SmtpEvidence { outcome: Some(limited), ..SmtpEvidence::default() };
        let row = HostRow { smtp, attempts: vec![limited; attempts], ..HostRow::default() };
        Waiting::Host(
            HostLook { looks, rows: vec![row], ..HostLook::new("mx.example".to_owned()) },
            Vec::new(),
        )
    }

    #[test]
    fn who_was_told_too_much_goes_behind_who_was_not_seen() {
        assert!(is_repeat(&host(1, 1)));
        assert!(!is_repeat(&host(1, 0)));
    }

    #[test]
    fn nobody_is_held_back_beyond_the_look() {
        let now = Instant::now();
        let held = VecDeque::from([(now, host(1, 1))]);
        let soon = now + Duration::from_secs(30);
        let later = now + Duration::from_secs(900);
        assert!(!ends_look(&(soon, host(1, 0)), &held));
        assert!(ends_look(&(soon, host(2, 0)), &held));
        assert!(ends_look(&(later, host(1, 0)), &held));
        assert!(!ends_look(&(later, host(1, 0)), &VecDeque::new()));
    }
}
