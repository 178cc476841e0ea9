//! Whether the machine's limit of open files bears what the plan may have open at once, and what it is
//! lowered to where not.

use super::{Pace, PlanError, ScanPlan};
/// Files beside sockets and lists: parts under way, log, manifest, spool, dictionary, status file, scrapers,
/// runtimes.
const FILES: u64 = 48;
/// Descriptors of a runtime: epoll, event, timer.
const OF_RUNTIME: u64 = 4;
/// Of so many domains at the DNS one is taken to ask again by TCP.
const TCP_SHARE: u64 = 8;

/// A budget that was lowered: the setting, what the plan says, and what holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// `section.key`.
    pub setting: &'static str,
    /// As the plan says.
    pub planned: u64,
    /// As it is.
    pub now: u64,
}

/// What the machine has.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Files that may be open at once (`ulimit -n`).
    pub open_files: u64,
    /// Threads that ask the DNS.
    pub workers: u64,
    /// Files that are open before the scan begins.
    pub open_now: u64,
    /// Sockets that each thread with an engine of its own may hold to the resolvers.
    pub of_engine: u64,
}

/// A budget: its setting, the least that is of use, and its value in a plan.
struct Budget {
    setting: &'static str,
    least: usize,
    value: fn(&mut Pace) -> &mut usize,
}

const BUDGETS: [Budget; 4] = [
    Budget { setting: "pace.https_in_flight", least: 4, value: |pace| &mut pace.https_in_flight },
    Budget { setting: "pace.smtp_in_flight", least: 8, value: |pace| &mut pace.smtp_in_flight },
    Budget { setting: "pace.smtp_slow_in_flight", least: 8, value: |pace| &mut pace.smtp_slow_in_flight },
    Budget { setting: "pace.dns_in_flight", least: 16, value: |pace| &mut pace.dns_in_flight },
];

/// Connections that the budgets stand for.
fn connections(pace: &Pace) -> u64 {
    let https_and_smtp = pace.https_in_flight + pace.smtp_in_flight + pace.smtp_slow_in_flight;
    https_and_smtp as u64 + (pace.dns_in_flight as u64).div_ceil(TCP_SHARE)
}

/// Descriptors that are needed whatever the budgets.
fn fixed(machine: Machine) -> u64 {
    let engines = machine.workers + 1;
    machine.open_now + FILES + engines * (OF_RUNTIME + machine.of_engine)
}

impl ScanPlan {
    /// Lowers the budgets, all in the same proportion, to what the machine's limit of open files bears; gives
    /// those that were.
    ///
    /// # Errors
    /// The limit does not bear even the least that is of use.
    pub fn fit_open_files(&mut self, machine: Machine) -> Result<Vec<Lowered>, PlanError> {
        let fixed = fixed(machine);
        let wanted = fixed + connections(&self.pace);
        if wanted <= machine.open_files {
            return Ok(Vec::new());
        }
        let planned = self.pace.clone();
        let with = |share: f64| {
            let mut pace = planned.clone();
            for budget in &BUDGETS {
                let value = (budget.value)(&mut pace);
                *value = scaled(*value, share).max(budget.least.min(*value));
            }
            pace
        };
        let room = machine.open_files.saturating_sub(fixed);
        let least = connections(&with(0.0));
        if least > room {
            return Err(PlanError(format!(
                "this machine allows {} open files (`ulimit -n`), but a scan with this plan needs at least {} and wants {wanted}: \
                 raise the limit",
                machine.open_files,
                fixed + least
            )));
        }
        // The minima take more than their share: the largest share that fits is found by halves.
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..32 {
            let middle = f64::midpoint(low, high);
            if connections(&with(middle)) <= room { low = middle } else { high = middle }
        }
        self.pace = with(low);
        let lowered = BUDGETS.iter().map(|budget| Lowered {
            setting: budget.setting,
            planned: *(budget.value)(&mut planned.clone()) as u64,
            now: *(budget.value)(&mut self.pace) as u64,
        });
        Ok(lowered.filter(|one| one.now < one.planned).collect())
    }
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "budgets are small, and the share is between 0 and 1"
)]
fn scaled(budget: usize, share: f64) -> usize {
    (budget as f64 * share) as usize
}

/// The message about budgets that were lowered; empty where none was.
#[must_use]
pub fn told(lowered: &[Lowered], open_files: u64) -> String {
    if lowered.is_empty() {
        return String::new();
    }
    let each = lowered.iter().map(|l| format!("{} {} → {}", l.setting, l.planned, l.now));
    format!(
        "lowered because this machine allows {open_files} open files (`ulimit -n`): {}",
        each.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    /// As many sockets as an engine has for a resolver on loopback.
    const OF_ENGINE: u64 = 4;

    fn fitted(open_files: u64) -> Result<(ScanPlan, Vec<Lowered>), PlanError> {
        let mut plan = ScanPlan::defaults();
        let machine = Machine { open_files, workers: 2, open_now: 10, of_engine: OF_ENGINE };
        let lowered = plan.fit_open_files(machine)?;
        Ok((plan, lowered))
    }

    #[test]
    fn a_limit_that_is_large_enough_changes_nothing() {
        let (plan, lowered) = fitted(4_096).unwrap();
        assert_eq!((plan.pace.https_in_flight, lowered), (200, Vec::new()));
    }

    #[test]
    fn budgets_are_lowered_in_proportion_and_fit() {
        for limit in [160, 256, 512, 1_024, 2_048] {
            let (plan, lowered) = fitted(limit).unwrap();
            let machine = Machine { open_files: limit, workers: 2, open_now: 10, of_engine: OF_ENGINE };
            let all = fixed(machine) + connections(&plan.pace);
            assert!(all <= limit && all + 12 >= limit, "{all} of {limit}");
            assert!(plan.pace.https_in_flight >= 4 && plan.pace.smtp_in_flight >= 8, "{:?}", plan.pace);
            assert_eq!(lowered.len(), 4, "{lowered:?}");
            assert!(told(&lowered, limit).contains("pace.https_in_flight 200 → "));
        }
    }

    #[test]
    fn a_limit_below_the_least_is_refused_with_what_is_needed() {
        let refused = fitted(64).unwrap_err().to_string();
        assert!(refused.contains("allows 64 open files") && refused.contains("at least"), "{refused}");
    }
}
