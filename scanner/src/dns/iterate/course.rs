//! How far the questions to the servers of one zone are, and how long each is waited for.

use super::cookie::Cookie;
use super::delegation::Failure;
use super::servers::Candidate;
use crate::dns::Effort;
use crate::dns::engine::{Exchange, Patience};
use std::net::IpAddr;
use std::time::Duration;

/// How long the first, second … server is waited for before another is asked too, where it is not known to
/// take longer. Answers that come later still count.
const PATIENCE: [Duration; 4] = [
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
    Duration::from_millis(2_400),
];

/// How far the questions to one zone's servers are.
#[derive(Default)]
pub(super) struct Course {
    pub(super) exchange: Option<Exchange>,
    pub(super) exchange_is_plain: bool,
    /// Whether EDNS is left out whoever is asked, whether it was for once, and whether anybody was asked with
    /// it.
    pub(super) is_plain: bool,
    pub(super) was_plain: bool,
    pub(super) had_edns: bool,
    pub(super) sent: usize,
    pub(super) has_asked_dead: bool,
    /// Those that were silent, and may answer yet.
    pub(super) unheard: Vec<Candidate>,
    /// Whether whoever was asked last has not answered.
    pub(super) was_silent: bool,
    /// One that was asked before, whose answer came since and is of no use.
    pub(super) useless: Option<IpAddr>,
    pub(super) failure: Failure,
    /// The cookie that was shown last, and whether a server wanted another.
    pub(super) cookie: Option<Cookie>,
    pub(super) had_bad_cookie: bool,
    /// How long the last answer took, or was waited for, and whether it came by TCP.
    pub(super) took: Duration,
    pub(super) is_by_tcp: bool,
}

impl Course {
    /// Whether all were silent, at least so many, and were asked with EDNS alone.
    pub(super) fn needs_plain(&self, effort: Effort, least: usize) -> bool {
        let is_silent = self.failure.is_silence() && self.sent >= least;
        is_silent && effort == Effort::Full && self.had_edns && !self.was_plain
    }

    /// The next question goes without EDNS, beside those before: gives their exchange, for
    /// [`Course::end_plain`].
    pub(super) fn begin_plain(&mut self) -> Before {
        self.is_plain = true;
        Before { exchange: self.exchange.take(), is_plain: self.exchange_is_plain }
    }

    /// Those before go on.
    pub(super) fn end_plain(&mut self, before: Before) {
        self.is_plain = false;
        (self.exchange, self.exchange_is_plain) = (before.exchange, before.is_plain);
    }
}

/// The exchange of the questions before one that goes beside them.
pub(super) struct Before {
    exchange: Option<Exchange>,
    is_plain: bool,
}

impl Before {
    /// Whether one of them was answered meanwhile.
    pub(super) fn is_answered(&self) -> bool {
        self.exchange.as_ref().is_some_and(Exchange::is_answered)
    }
}

/// How long one server is waited for.
pub(super) fn patience(
    effort: Effort,
    deadline: Duration,
    left: Duration,
    sent: usize,
    is_dead: bool,
) -> Patience {
    if effort == Effort::Once || is_dead {
        // Longer where it answered before and took longer; nobody is asked after it who would need the time.
        return Patience::between((deadline / 4).min(left), left);
    }
    let least = PATIENCE[sent.min(PATIENCE.len() - 1)];
    // Where little time is left, the next one is to have some of it.
    let share = if sent < 2 { left } else { left / 2 };
    Patience::between(least.min(share), left / 4 * 3)
}
