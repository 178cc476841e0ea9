//! What an engine has done, in numbers.

use crate::evidence::DnsStatus;

/// What an engine has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Questions that were taken: the sum of the next three once nothing is in flight.
    pub asked: u64,
    /// Questions that an answer came for.
    pub answered: u64,
    /// Questions whose last attempt ended without an answer.
    pub timed_out: u64,
    /// Questions that the asker gave up, or that this machine failed to send.
    pub given_up: u64,
    /// Datagrams sent.
    pub sent: u64,
    /// Of those the repeated ones.
    pub retransmitted: u64,
    /// Attempts that ended without an answer.
    pub expired: u64,
    /// Answers with the truncation bit.
    pub truncated: u64,
    /// Dropped: no answer to a standard query at all.
    pub malformed: u64,
    /// Dropped: no question waits for this id on this socket (duplicates, late answers, forgeries).
    pub stray: u64,
    /// Dropped: not from the server that was asked.
    pub wrong_source: u64,
    /// Dropped: another question.
    pub wrong_question: u64,
    /// Dropped: the letters' case was not kept by a server that keeps it.
    pub wrong_case: u64,
    /// Times the network said that nobody listens there.
    pub unreachable: u64,
    /// Questions that were refused, or failed while the resolver had more of them than it bears.
    pub overloaded: u64,
    /// What came of the questions that scans asked, in the order of [`DnsStatus::ALL`].
    pub by_status: [u64; DnsStatus::ALL.len()],
}

impl Counts {
    /// Datagrams that came in and failed a check.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.malformed + self.stray + self.wrong_source + self.wrong_question + self.wrong_case
    }

    /// Questions of the scan that something came of, be it silence.
    #[must_use]
    pub fn concluded(&self) -> u64 {
        self.by_status.iter().sum()
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.timed_out += other.timed_out;
        self.given_up += other.given_up;
        self.sent += other.sent;
        self.retransmitted += other.retransmitted;
        self.expired += other.expired;
        self.truncated += other.truncated;
        self.malformed += other.malformed;
        self.stray += other.stray;
        self.wrong_source += other.wrong_source;
        self.wrong_question += other.wrong_question;
        self.wrong_case += other.wrong_case;
        self.unreachable += other.unreachable;
        self.overloaded += other.overloaded;
        for (sum, more) in self.by_status.iter_mut().zip(other.by_status) {
            *sum += more;
        }
    }
}
