//! The order of the stages, once: `scan` takes the steps on its queues, `check` one after the other.
//!
//! ```text
//! a domain    Records ──signals──> Policy ──> Hosts ──may pass, first look──> Wait ──> Records …
//!                └────── else ──────────────────┘└──────────── else ────────> Done
//! an MX host  a look ──rows that may pass, or that were asked for less──> wait ──> a look …
//!                └──── rows that are final ────> done
//! ```

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a look left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing: it is final.
    Nothing,
    /// Something that may pass.
    MayPass,
    /// The host asked for less.
    Limited,
}

/// How far the look at a domain is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Far {
    /// It begins.
    #[default]
    Nowhere,
    /// Its records are known.
    Records,
    /// Its policy is known.
    Policy,
    /// Its MX hosts are on their own course.
    Hosts,
}

/// Where a domain stands on its course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How far this look is.
    pub far: Far,
    /// The how manieth look it is, from 1; 0 before the first.
    pub look: u8,
    /// Whether the domain signals MTA-STS.
    pub signals: bool,
    /// What is open by now.
    pub left: Left,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its records.
    Records,
    /// Its policy.
    Policy,
    /// Those of its MX hosts that nobody has contacted begin their course.
    Hosts,
    /// The next look, after so long.
    Wait(Duration),
    /// Its row is final.
    Done,
}

/// The course of a scan's domains and MX hosts.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// How long what may pass waits for the next look; `None` where there is one look only.
    wait: Option<Duration>,
}

impl Course {
    /// With so long between two looks; with one look where that is `None`.
    #[must_use]
    pub const fn new(wait: Option<Duration>) -> Self {
        Self { wait }
    }

    /// What comes next for a domain.
    #[must_use]
    pub const fn next(self, standing: Standing) -> Step {
        match standing.far {
            Far::Nowhere => Step::Records,
            Far::Records if standing.signals => Step::Policy,
            Far::Records | Far::Policy => Step::Hosts,
            Far::Hosts => match self.wait(standing.look, standing.left) {
                Some(wait) => Step::Wait(wait),
                None => Step::Done,
            },
        }
    }

    /// How long something waits for its next look when this one left so much open; `None` where it is final.
    /// Whoever asked for less twice is asked a third time.
    #[must_use]
    pub const fn wait(self, look: u8, left: Left) -> Option<Duration> {
        match (look, left) {
            (1, Left::MayPass | Left::Limited) | (2, Left::Limited) => self.wait,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(900);

    #[test]
    fn a_domain_takes_the_steps_in_their_order() {
        let (yes, no) = (true, false);
        for (far, look, signals, left, once, twice) in [
            (Far::Nowhere, 0, no, Left::Nothing, Step::Records, Step::Records),
            (Far::Nowhere, 1, yes, Left::MayPass, Step::Records, Step::Records),
            (Far::Records, 1, no, Left::Nothing, Step::Hosts, Step::Hosts),
            (Far::Records, 1, no, Left::MayPass, Step::Hosts, Step::Hosts),
            (Far::Records, 1, yes, Left::MayPass, Step::Policy, Step::Policy),
            (Far::Records, 2, yes, Left::Nothing, Step::Policy, Step::Policy),
            (Far::Policy, 1, yes, Left::MayPass, Step::Hosts, Step::Hosts),
            (Far::Hosts, 1, yes, Left::Nothing, Step::Done, Step::Done),
            (Far::Hosts, 1, yes, Left::MayPass, Step::Done, Step::Wait(WAIT)),
            (Far::Hosts, 1, no, Left::MayPass, Step::Done, Step::Wait(WAIT)),
            (Far::Hosts, 2, no, Left::MayPass, Step::Done, Step::Done),
        ] {
            let standing = Standing { far, look, signals, left };
            assert_eq!(Course::new(None).next(standing), once, "{standing:?}");
            assert_eq!(Course::new(Some(WAIT)).next(standing), twice, "{standing:?}");
        }
    }

    #[test]
    fn what_may_pass_is_looked_at_twice_and_who_asks_for_less_three_times() {
        for (look, left, waits) in [
            (1, Left::Nothing, false),
            (1, Left::MayPass, true),
            (1, Left::Limited, true),
            (2, Left::MayPass, false),
            (2, Left::Limited, true),
            (3, Left::MayPass, false),
            (3, Left::Limited, false),
        ] {
            assert_eq!(Course::new(Some(WAIT)).wait(look, left), waits.then_some(WAIT), "{look} {left:?}");
            assert_eq!(Course::new(None).wait(look, left), None);
        }
    }
}
