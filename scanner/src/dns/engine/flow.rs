//! How much a server is asked at once: more while answers come, and at a rate once datagrams were lost.

use std::time::{Duration, Instant};

/// Questions in flight before anything is known about a server.
const FIRST: usize = 128;
/// Share of the datagrams of a period that were lost, above which the rate is cut. With three attempts a
/// question a loss of that size leaves less than 1 in 100,000 without an answer.
const LOSS: f64 = 0.02;
/// Share without an answer, above which the rate is cut whatever the cause.
const SILENCE: f64 = 0.5;
/// Cuts in a row that changed nothing, after which the loss counts as the path's own, which no rate helps
/// against.
const IN_VAIN: u32 = 3;
/// Outcomes that a period must have before it says anything.
const ENOUGH: u32 = 32;
/// Losses that a period must have before they are too many: of few questions one alone is more than [`LOSS`].
const CERTAIN: u32 = 4;
/// A cut goes to this share of what was answered: somewhat below, so that the server's queue can empty.
const CUT_TO: f64 = 0.9;
/// Growth a period while the rate is well below what was answered once.
const QUICK_GROWTH: f64 = 1.5;
/// Growth a period near it: twice as much is found out in 24 periods.
const SLOW_GROWTH: f64 = 1.03;
/// Late questions that may be waited for, for each place of the window's ceiling. With 5 % of names that
/// never answer, 10 s for their first question and 2.5 s for each of the two that follow, 40,000 domains a
/// second leave 30,000 of them; each costs the memory of a domain under way, some 6 KB.
pub const LATE_A_PLACE: usize = 32;
/// How late an answer is waited for: some deadline.
const LATEST: Duration = Duration::from_secs(12);
/// Slowest rate, questions a second.
const SLOWEST: f64 = 20.0;
/// The same for a server that refuses, or fails for want of places: questions a second of one engine, of
/// which a scan has two or more.
const SLOWEST_OVERLOADED: f64 = 100.0;
/// Between two cuts for that: what was asked before the first is not to be held against the server again.
const BETWEEN_CUTS: Duration = Duration::from_secs(1);
/// A rate above this is none.
const NO_LIMIT: f64 = 2_000_000.0;
/// What may be sent at once after a pause: as much as the rate gives in this time. The driver looks every 5
/// ms.
const BURST: Duration = Duration::from_millis(10);

/// The flow of questions to one server.
///
/// A name that never answers looks like a lost datagram until it was asked again. So an attempt without an
/// answer ends only the quick growth of the beginning; what says that a datagram was lost is an answer that
/// came to a *repeated* one, or a period in which most attempts had no answer at all. What a server bears is
/// then found as a rate and not as a number in flight, because where answers take 0.1 ms even four in flight
/// are 40,000 a second.
///
/// The window is for answers that come soon. Names that never answer would fill any window, so what is late
/// leaves it.
#[derive(Debug)]
pub(super) struct Flow {
    /// How many may be in flight that are not late.
    window: usize,
    ceiling: usize,
    /// How many may be in flight in all, late ones too.
    most: usize,
    in_flight: usize,
    /// How many are in flight that are late.
    late: usize,
    quick: bool,
    /// Questions a second, once a loss was seen.
    rate: Option<f64>,
    /// What was answered a second when the last loss was seen; not known before the second one.
    borne: f64,
    /// Share of loss that is the path's own.
    tolerated: f64,
    /// Share of loss at the last cut, and the rate before the first of a row of them.
    last_share: f64,
    uncut: Option<f64>,
    in_vain: u32,
    tokens: f64,
    filled: Instant,
    /// What was sent before says nothing about the present rate.
    since: Instant,
    began: Instant,
    ends: Option<Instant>,
    sent: u32,
    answered: u32,
    lost: u32,
    silent: u32,
    /// Answers that were SERVFAIL or REFUSED.
    failed: u32,
    /// The last cut, where it was for silence alone.
    mistaken: Option<Mistaken>,
    /// The last cut was for failures: they come at once, so a period need not wait for what is lost.
    is_soon_known: bool,
}

/// A cut that may have been a mistake, and what it changed.
#[derive(Debug, Clone, Copy)]
struct Mistaken {
    /// Answers to come.
    needs: u32,
    at: Instant,
    rate: Option<f64>,
    quick: bool,
}

impl Flow {
    pub(super) fn new(ceiling: usize, now: Instant) -> Self {
        Self {
            window: FIRST.min(ceiling),
            ceiling,
            most: usize::MAX,
            in_flight: 0,
            late: 0,
            quick: true,
            rate: None,
            borne: f64::MAX,
            tolerated: LOSS,
            last_share: 0.0,
            uncut: None,
            in_vain: 0,
            tokens: 0.0,
            filled: now,
            since: now,
            began: now,
            ends: None,
            sent: 0,
            answered: 0,
            lost: 0,
            silent: 0,
            failed: 0,
            mistaken: None,
            is_soon_known: false,
        }
    }

    /// An answer came, only later than it was waited for: that its attempt, `sent` then, ended without one
    /// says nothing. Where that is so of half of those that a rate was cut for, the cut is undone.
    pub(super) fn came_late(&mut self, sent: Instant) {
        if sent >= self.since {
            self.silent = self.silent.saturating_sub(1);
        } else if let Some(cut) = &mut self.mistaken {
            cut.needs = cut.needs.saturating_sub(1);
            if cut.needs == 0 {
                (self.rate, self.quick, self.borne) = (cut.rate, cut.quick, f64::MAX);
                (self.in_vain, self.last_share, self.uncut) = (0, 0.0, None);
                self.mistaken = None;
            }
        }
    }

    /// What was lost while the network was away says nothing about the server.
    pub(super) fn forgive(&mut self, now: Instant) {
        let (in_flight, late, most) = (self.in_flight, self.late, self.most);
        *self = Self { in_flight, late, most, since: now, ..Self::new(self.ceiling, now) };
    }

    /// The server is known to bear so many questions at once, late ones too.
    pub(super) fn bound(&mut self, most: usize) {
        self.most = most.max(1);
    }

    /// Whether one more may be sent now.
    pub(super) fn has_room(&mut self, now: Instant) -> bool {
        let is_full = self.in_flight + self.late >= self.most;
        if is_full || self.in_flight >= self.window || self.late >= LATE_A_PLACE * self.ceiling {
            return false;
        }
        let Some(rate) = self.rate else { return true };
        let most = (rate * BURST.as_secs_f64()).max(1.0);
        let more = rate * now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + more).min(most);
        self.filled = now;
        self.tokens >= 1.0
    }

    /// Whether an answer is waited for.
    pub(super) fn is_waited_for(&self) -> bool {
        self.in_flight + self.late > 0
    }

    /// Questions a second that it bears; `None` where no loss was seen.
    pub(super) fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// A datagram goes out; `patience` is how long its answer is waited for.
    pub(super) fn enter(&mut self, now: Instant, patience: Duration) {
        self.in_flight += 1;
        self.sent += 1;
        self.tokens -= 1.0;
        if self.ends.is_none() {
            // A period lasts as long as a lost datagram needs to be noticed.
            self.began = now;
            let lasts = if self.is_soon_known { patience.min(BETWEEN_CUTS) } else { patience };
            self.ends = Some(now + lasts);
        }
    }

    /// A datagram in the window is no longer waited for.
    pub(super) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The answer to a datagram is late: it gives its place in the window to another question.
    pub(super) fn turn_late(&mut self) {
        self.leave();
        self.late += 1;
    }

    /// A late datagram is no longer waited for.
    pub(super) fn leave_late(&mut self) {
        self.late = self.late.saturating_sub(1);
    }

    /// A datagram was answered.
    pub(super) fn answered(&mut self, now: Instant) {
        self.answered += 1;
        if self.quick && self.window < self.ceiling && self.in_flight * 2 >= self.window {
            self.window += 1;
        }
        self.judge(now);
    }

    /// The answer that is told of next is SERVFAIL or REFUSED.
    pub(super) fn failed(&mut self) {
        self.failed += 1;
    }

    /// The server fails because it is asked too much, as was `seen` last then: it gets somewhat less than
    /// what it had an answer of use for, down to [`SLOWEST_OVERLOADED`].
    ///
    /// One sighting is one cut at most: names that fail anyway would else lower the rate as long as the
    /// server counts as overloaded.
    pub(super) fn overloaded(&mut self, seen: Instant, now: Instant) {
        if seen < self.since || now.saturating_duration_since(self.since) < BETWEEN_CUTS {
            return;
        }
        let seconds = now.saturating_duration_since(self.began).as_secs_f64();
        let useful = f64::from(self.answered.saturating_sub(self.failed));
        if self.answered < ENOUGH || seconds < BURST.as_secs_f64() {
            return self.refused(now);
        }
        let before = self.rate.unwrap_or(NO_LIMIT);
        self.borne = useful / seconds;
        self.lower_to((self.borne * CUT_TO).min(before), now);
    }

    /// The answer came to a repeated datagram: the first one, `sent` here, was lost.
    pub(super) fn lost(&mut self, sent: Instant, now: Instant) {
        self.lost += u32::from(sent >= self.since);
        self.judge(now);
    }

    /// An attempt that was `sent` then ended without an answer.
    pub(super) fn silent(&mut self, sent: Instant, now: Instant) {
        self.silent += u32::from(sent >= self.since);
        self.judge(now);
    }

    /// The server refuses one question after the other: half of what it was asked, down to
    /// [`SLOWEST_OVERLOADED`]. Answers of use raise it again.
    pub(super) fn refused(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.began).as_secs_f64().max(0.001);
        let asked = self.rate.unwrap_or_else(|| f64::from(self.sent.max(1)) / seconds);
        // What it bears is not known: it may be found quickly.
        self.borne = f64::MAX;
        self.lower_to(asked / 2.0, now);
    }

    fn lower_to(&mut self, rate: f64, now: Instant) {
        self.rate = Some(rate.max(SLOWEST_OVERLOADED));
        self.quick = false;
        self.is_soon_known = true;
        self.tokens = 0.0;
        self.forget();
        self.since = now;
    }

    /// A period is over.
    fn forget(&mut self) {
        (self.sent, self.answered, self.lost, self.silent, self.failed) = (0, 0, 0, 0, 0);
        self.ends = None;
    }

    fn judge(&mut self, now: Instant) {
        let seen = self.answered + self.silent;
        if seen < ENOUGH || self.ends.is_none_or(|ends| now < ends) {
            return;
        }
        let seconds = now.saturating_duration_since(self.began).as_secs_f64();
        let of_seen = |n: u32| f64::from(n) / f64::from(seen);
        let (lost, silent) = (of_seen(self.lost), of_seen(self.silent));
        let (is_lossy, is_silent) = (lost > self.tolerated, silent > self.tolerated.max(SILENCE));
        if is_lossy && !is_silent && self.lost < CERTAIN {
            // The period goes on until there are more losses, or enough other outcomes.
            return;
        }
        if is_lossy || is_silent {
            self.mistaken = if is_lossy { None } else { Some(self.may_be_mistaken(now)) };
            self.cut(lost.max(silent), f64::from(self.answered) / seconds);
            self.since = now;
        } else {
            self.in_vain = 0;
            if self.quick {
                self.quick = silent <= LOSS;
            } else if self.rate.is_none_or(|rate| f64::from(self.sent) > 0.8 * rate * seconds) {
                self.grow();
            }
        }
        self.forget();
    }

    /// A cut for silence that is to be made now. Several in a row, while answers to the first may still come,
    /// are one.
    fn may_be_mistaken(&self, now: Instant) -> Mistaken {
        let cut = Mistaken { needs: self.silent.div_ceil(2), at: now, rate: self.rate, quick: self.quick };
        let before = self.mistaken.filter(|before| now.saturating_duration_since(before.at) < LATEST);
        before.map_or(cut, |before| Mistaken { needs: before.needs + cut.needs, ..before })
    }

    fn cut(&mut self, share: f64, answered_per_second: f64) {
        if self.in_vain == 0 {
            self.uncut = self.rate;
        }
        self.in_vain = if share > 0.75 * self.last_share { self.in_vain + 1 } else { 1 };
        self.last_share = share;
        self.quick = false;
        self.is_soon_known = false;
        self.tokens = 0.0;
        if self.in_vain > IN_VAIN {
            self.tolerated = (share * 1.5).min(0.9);
            self.rate = self.uncut;
            self.in_vain = 0;
            return;
        }
        // Without a rate most of the period went by waiting for what was lost: it says little about what is
        // borne.
        self.borne = if self.rate.is_some() { answered_per_second } else { f64::MAX };
        let before = self.rate.unwrap_or(NO_LIMIT);
        self.rate = Some((answered_per_second.min(before) * CUT_TO).max(SLOWEST));
    }

    fn grow(&mut self) {
        self.tolerated = (self.tolerated * 0.99).max(LOSS);
        self.window = (self.window + self.window.div_ceil(20)).min(self.ceiling);
        self.rate = self.rate.and_then(|rate| {
            let is_near = rate >= self.borne * CUT_TO;
            let rate = rate * if is_near { SLOW_GROWTH } else { QUICK_GROWTH };
            (rate < NO_LIMIT).then_some(rate)
        });
    }
}

#[cfg(test)]
#[path = "flow_tests.rs"]
mod tests;
