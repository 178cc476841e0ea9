//! How much a question is worth, and how long each of its attempts waits.

use super::engine::Patience;
use std::time::Duration;

/// How much a question is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Three attempts within the whole deadline.
    Full,
    /// The same, and what authoritative servers say is validated, where there are keys to begin at.
    Validated,
    /// One attempt: for a name of which nobody has answered the question before this one.
    Once,
}

impl Effort {
    /// What of the deadline each attempt gets.
    pub(super) const fn parts(self) -> &'static [u32] {
        match self {
            Self::Full | Self::Validated => &PARTS,
            Self::Once => &[4],
        }
    }
}

/// What of a deadline each of three attempts gets: an eighth, a quarter, and what is left.
pub(super) const PARTS: [u32; 3] = [8, 4, 1];

/// What an attempt gets of a deadline of which so much is left: its part; and where the resolver is known to
/// take longer up to three quarters of what is left, so that a lost datagram is still repeated.
pub(super) fn patience(deadline: Duration, part: u32, left: Duration) -> Patience {
    if part == 1 {
        return Patience::just(left);
    }
    Patience::between((deadline / part).min(left), left / 4 * 3)
}
