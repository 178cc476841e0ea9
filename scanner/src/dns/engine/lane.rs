//! One server as the engine sees it: its sockets, its flow, who waits, and whether it keeps case.

use super::Ticket;
use super::flow::Flow;
use super::took::Took;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

/// Sockets to a server beyond loopback: with a random one for each burst, who wants to forge an answer has to
/// guess one of so many ports beside the id and the case.
const SOCKETS: usize = 16;
/// Sockets to a server on loopback, where nobody can forge; several for the number of ids.
const LOOPBACK_SOCKETS: usize = 4;
/// Descriptors that an engine may hold for a server, those of sockets that give way to new ones included.
pub(super) fn descriptors_to(server: SocketAddr) -> usize {
    if server.ip().is_loopback() { LOOPBACK_SOCKETS } else { 2 * SOCKETS }
}

/// Exact answers after which a server counts as one that keeps the case of the question.
const KEEPS: u32 = 32;
/// Answers in a row with other case after which it no longer does: not one forger's luck.
const LOSES: u32 = 8;

/// One server.
pub(super) struct Lane {
    pub(super) server: SocketAddr,
    /// Indices of its open ports; empty before the driver has opened them.
    pub(super) ports: Vec<u32>,
    /// The port that the present burst goes out by.
    pub(super) port: usize,
    pub(super) flow: Flow,
    pub(super) took: Took,
    pub(super) waiting: VecDeque<Ticket>,
    pub(super) case: Case,
    /// Whether it ever answered.
    pub(super) heard: bool,
    /// Whether it stands in the queue of a level.
    pub(super) is_held: bool,
    /// Questions that are with it.
    pub(super) users: u32,
}

impl Lane {
    /// `is_one_of_many`: it is asked by sockets that others are asked by too.
    pub(super) fn new(server: SocketAddr, ceiling: usize, is_one_of_many: bool, now: Instant) -> Self {
        let case = if server.ip().is_loopback() && !is_one_of_many { Case::Plain } else { Case::Learning(0) };
        let (ports, waiting) = (Vec::new(), VecDeque::new());
        let (flow, took) = (Flow::new(ceiling, now), Took::default());
        Self { server, ports, port: 0, flow, took, waiting, case, heard: false, is_held: false, users: 0 }
    }

    /// How many sockets it should have.
    pub(super) fn sockets(&self) -> usize {
        if self.server.ip().is_loopback() { LOOPBACK_SOCKETS } else { SOCKETS }
    }
}

/// What is known about a server and the case of letters in the question (draft-vixie-dnsext-dns0x20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Questions are sent mixed; so many answers in a row kept it.
    Learning(u32),
    /// Questions are sent mixed, and an answer must have the same case; so many in a row had not.
    Kept(u32),
    /// Questions are sent in lower case.
    Plain,
}

impl Case {
    pub(super) fn is_mixed(self) -> bool {
        self != Self::Plain
    }

    /// Takes note of an answer; whether it may be accepted.
    pub(super) fn accepts(&mut self, is_exact: bool) -> bool {
        let (next, accepted) = match *self {
            Self::Learning(run) if is_exact => {
                (if run + 1 == KEEPS { Self::Kept(0) } else { Self::Learning(run + 1) }, true)
            }
            Self::Kept(_) if is_exact => (Self::Kept(0), true),
            Self::Kept(run) if run + 1 < LOSES => (Self::Kept(run + 1), false),
            Self::Learning(_) | Self::Kept(_) | Self::Plain => (Self::Plain, true),
        };
        *self = next;
        accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_keeps_case_must_go_on_keeping_it() {
        let mut case = Case::Learning(0);
        assert!((0..KEEPS).all(|_| case.accepts(true)));
        assert_eq!(case, Case::Kept(0));
        assert!(!case.accepts(false));
        assert!(case.accepts(true));
        assert_eq!(case, Case::Kept(0));
    }

    #[test]
    fn a_server_that_lowers_case_is_asked_in_lower_case() {
        let mut case = Case::Learning(0);
        assert!(case.accepts(false));
        assert_eq!(case, Case::Plain);
        let mut changed = Case::Kept(0);
        assert_eq!((0..LOSES).filter(|_| changed.accepts(false)).count(), 1);
        assert_eq!(changed, Case::Plain);
    }
}
