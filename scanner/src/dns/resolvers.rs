//! Which resolver to ask: in turn, but for those that stopped answering or refuse everything.

use crate::admission::Pacer;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Attempts in a row without an answer after which a resolver is rested: one that answers 9 of 10 would have
/// to have bad luck of 1 in 10^32.
const SILENT: u32 = 32;
/// Refusals in a row after which a resolver is rested. One for a name is about the name.
const REFUSALS: u32 = 32;
/// Failures (SERVFAIL) in a row after which it is looked whether a resolver reaches anybody at all.
const FAILURES: u32 = 64;
/// Failures in a row that are no want of places: a resolver that is overloaded answers between them.
const FEW_FAILURES: u32 = 16;
/// First rest; each one that follows without an answer between is twice as long.
const REST: Duration = Duration::from_secs(5);
/// Longest rest.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The resolvers of a scan, shared by all threads.
pub(super) struct Resolvers {
    all: Arc<[Resolver]>,
    turn: AtomicUsize,
    began: Instant,
}

struct Resolver {
    addr: SocketAddr,
    /// Its own rate, where it has one.
    pace: Option<Pacer>,
    silent: AtomicU32,
    refusals: AtomicU32,
    failures: AtomicU32,
    /// Milliseconds of `began` until which it rests.
    rests_until: AtomicU64,
    /// Rests in a row without an answer between.
    rests_in_a_row: AtomicU32,
    rests: AtomicU64,
    rested_for_refusals: AtomicU64,
    /// Times it was asked half as much.
    slowed: AtomicU64,
}

/// One of the resolvers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chosen(usize);

impl Resolvers {
    /// `rate` is in questions per second to each; `None` leaves it to the rate of all.
    pub(super) fn new(addrs: &[SocketAddr], rate: Option<u32>) -> Self {
        let all = addrs.iter().map(|addr| Resolver {
            addr: *addr,
            pace: rate.map(Pacer::new),
            silent: AtomicU32::new(0),
            refusals: AtomicU32::new(0),
            failures: AtomicU32::new(0),
            rests_until: AtomicU64::new(0),
            rests_in_a_row: AtomicU32::new(0),
            rests: AtomicU64::new(0),
            rested_for_refusals: AtomicU64::new(0),
            slowed: AtomicU64::new(0),
        });
        Self { all: all.collect(), turn: AtomicUsize::new(0), began: Instant::now() }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn addr(&self, chosen: Chosen) -> SocketAddr {
        self.all[chosen.0].addr
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The next in turn that does not rest, another one than `last` where there is one. If all rest, the one
    /// whose rest is over first: a question is always asked.
    pub(super) fn choose(&self, last: Option<Chosen>) -> Chosen {
        let len = self.all.len();
        if len == 1 {
            return Chosen(0);
        }
        let turn = self.turn.fetch_add(1, Relaxed);
        let now = self.now();
        let in_turn = || (0..len).map(|n| Chosen((turn + n) % len));
        let awake = || in_turn().filter(|one| self.all[one.0].rests_until.load(Relaxed) <= now);
        let chosen = awake()
            .find(|one| Some(*one) != last)
            .or_else(|| awake().next())
            .or_else(|| in_turn().min_by_key(|one| self.all[one.0].rests_until.load(Relaxed)))
            .unwrap_or(Chosen(0));
        self.try_again(chosen, now);
        chosen
    }

    /// One whose rest is over gets a single question at first: it rests on until that is answered.
    fn try_again(&self, chosen: Chosen, now: u64) {
        let one = &self.all[chosen.0];
        if one.rests_in_a_row.load(Relaxed) > 0 {
            one.rests_until.fetch_max(now + millis(REST), Relaxed);
        }
    }

    /// It answered something of use.
    pub(super) fn answered(&self, chosen: Chosen) {
        let one = &self.all[chosen.0];
        // Read before written: in the common case nothing is to be written, and other threads keep their
        // copy.
        for run in [&one.silent, &one.refusals, &one.failures] {
            if run.load(Relaxed) != 0 {
                run.store(0, Relaxed);
            }
        }
        if one.rests_in_a_row.load(Relaxed) != 0 {
            one.rests_in_a_row.store(0, Relaxed);
            one.rests_until.store(0, Relaxed);
        }
    }

    /// It could not answer a question; whether all of them have said so for long.
    pub(super) fn failed(&self, chosen: Chosen) -> bool {
        let before = self.all[chosen.0].failures.load(Relaxed);
        self.answered(chosen);
        self.all[chosen.0].failures.store(before.saturating_add(1), Relaxed);
        before >= FAILURES && self.all_fail()
    }

    /// Whether every resolver has answered nothing but failures for long.
    pub(super) fn all_fail(&self) -> bool {
        self.all.iter().all(|one| one.failures.load(Relaxed) >= FAILURES)
    }

    /// Whether it has answered nothing but failures for a while: then it reaches nobody, rather than lacks
    /// places.
    pub(super) fn only_fails(&self, chosen: Chosen) -> bool {
        self.all[chosen.0].failures.load(Relaxed) >= FEW_FAILURES
    }

    /// It is known to be about the names.
    pub(super) fn forget_failures(&self) {
        self.all.iter().for_each(|one| one.failures.store(0, Relaxed));
    }

    /// Its own rate, where it has one.
    pub(super) fn pace(&self, chosen: Chosen) -> Option<&Pacer> {
        self.all[chosen.0].pace.as_ref()
    }

    /// It refused a question; true where it has done so many times in a row: then it is to be asked less.
    pub(super) fn refused(&self, chosen: Chosen) -> bool {
        let one = &self.all[chosen.0];
        one.silent.store(0, Relaxed);
        if one.refusals.fetch_add(1, Relaxed) + 1 < REFUSALS {
            return false;
        }
        one.refusals.store(0, Relaxed);
        if self.rest(one, &one.refusals) {
            one.rested_for_refusals.fetch_add(1, Relaxed);
        }
        one.slowed.fetch_add(1, Relaxed);
        true
    }

    /// An attempt ended without an answer.
    pub(super) fn silent(&self, chosen: Chosen) {
        let one = &self.all[chosen.0];
        if one.silent.fetch_add(1, Relaxed) + 1 >= SILENT {
            self.rest(one, &one.silent);
        }
    }

    /// Puts a resolver to rest, where there is another; true where it was awake.
    fn rest(&self, one: &Resolver, run: &AtomicU32) -> bool {
        let now = self.now();
        if self.all.len() == 1 || one.rests_until.load(Relaxed) > now && one.rests_in_a_row.load(Relaxed) > 0
        {
            return false;
        }
        run.store(0, Relaxed);
        let before = one.rests_in_a_row.fetch_add(1, Relaxed);
        let rest = (REST * 2u32.saturating_pow(before.min(8))).min(LONGEST_REST);
        one.rests_until.store(now + millis(rest), Relaxed);
        one.rests.fetch_add(1, Relaxed);
        true
    }

    /// A line for each resolver that was rested, or that refused everything and was asked less.
    pub(super) fn warnings(&self) -> Vec<String> {
        let slowed = |one: &&Resolver| one.rests.load(Relaxed) == 0 && one.slowed.load(Relaxed) > 0;
        let slowed = self.all.iter().filter(slowed).map(|one| {
            let times = one.slowed.load(Relaxed);
            let refusals = u64::from(REFUSALS) * times;
            format!("resolver {} refused {refusals} queries or more in runs; it was asked less", one.addr)
        });
        let rested = self.all.iter().filter(|one| one.rests.load(Relaxed) > 0);
        let line = |one: &Resolver| {
            let (rests, refusals) = (one.rests.load(Relaxed), one.rested_for_refusals.load(Relaxed));
            let times = |n: u64| if n == 1 { "once".to_owned() } else { format!("{n} times") };
            let why = match (rests - refusals, refusals) {
                (silent, 0) => format!("stopped answering {}", times(silent)),
                (0, refusals) => format!("refused everything {}", times(refusals)),
                (silent, refusals) => {
                    format!("stopped answering {} and refused everything {}", times(silent), times(refusals))
                }
            };
            format!("resolver {} {why}; meanwhile the others were asked", one.addr)
        };
        rested.map(line).chain(slowed).collect()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn two() -> Resolvers {
        Resolvers::new(&["192.0.2.1:53".parse().unwrap(), "192.0.2.2:53".parse().unwrap()], None)
    }

    #[test]
    fn resolvers_are_asked_in_turn_and_a_repetition_goes_elsewhere() {
        let resolvers = two();
        let first = resolvers.choose(None);
        assert_ne!(resolvers.choose(None), first);
        for _ in 0..10 {
            assert_ne!(resolvers.choose(Some(first)), first);
        }
    }

    #[test]
    fn a_silent_resolver_is_rested_and_told() {
        let resolvers = two();
        (0..SILENT).for_each(|_| resolvers.silent(Chosen(0)));
        assert!((0..10).all(|_| resolvers.choose(None) == Chosen(1)));
        assert_eq!(
            resolvers.warnings(),
            ["resolver 192.0.2.1:53 stopped answering once; meanwhile the others were asked"]
        );
    }

    #[test]
    fn one_refusal_is_about_the_name_and_many_about_the_resolver() {
        let resolvers = two();
        resolvers.refused(Chosen(0));
        assert!(resolvers.warnings().is_empty());
        assert!((1..REFUSALS).any(|_| resolvers.refused(Chosen(0))));
        assert!(resolvers.warnings()[0].contains("refused everything once"));
    }

    #[test]
    fn failures_of_all_and_nothing_else_are_noticed() {
        let resolvers = two();
        (0..=FAILURES).for_each(|_| assert!(!resolvers.failed(Chosen(0))));
        (0..FAILURES).for_each(|_| assert!(!resolvers.failed(Chosen(1))));
        assert!(resolvers.failed(Chosen(1)));
        resolvers.answered(Chosen(0));
        assert!(!resolvers.failed(Chosen(1)), "one of them reaches somebody");
    }

    #[test]
    fn where_all_rest_a_question_is_asked_all_the_same() {
        let resolvers = two();
        for one in [Chosen(0), Chosen(1)] {
            (0..SILENT).for_each(|_| resolvers.silent(one));
        }
        resolvers.choose(None);
        resolvers.answered(Chosen(1));
        assert_eq!(resolvers.choose(None), Chosen(1));
    }

    #[test]
    fn a_single_resolver_is_never_rested() {
        let resolvers = Resolvers::new(&["192.0.2.1:53".parse().unwrap()], None);
        (0..1_000).for_each(|_| resolvers.silent(Chosen(0)));
        assert_eq!(resolvers.choose(None), Chosen(0));
        assert!(resolvers.warnings().is_empty());
        let slower = (0..2 * REFUSALS).filter(|_| resolvers.refused(Chosen(0))).count();
        assert_eq!((slower, resolvers.choose(None)), (2, Chosen(0)));
        assert_eq!(
            resolvers.warnings(),
            ["resolver 192.0.2.1:53 refused 64 queries or more in runs; it was asked less"]
        );
    }
}
