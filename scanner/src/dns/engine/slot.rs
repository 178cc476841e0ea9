//! One question in the engine: what was asked and sent, and how far it is.

use super::levels::Path;
use super::{Event, Patience};
use std::net::SocketAddr;
use std::task::Waker;
use std::time::{Duration, Instant};

/// Datagrams that one question may cost at most.
pub(super) const ATTEMPTS: usize = 6;

/// One exchange. Slots are used again with their buffers.
pub(super) struct Slot {
    /// Counts attempts and uses, so that a ticket of an earlier one is worth nothing.
    pub(super) turn: u32,
    pub(super) stage: Stage,
    pub(super) waker: Option<Waker>,
    pub(super) query: Vec<u8>,
    pub(super) reply: Vec<u8>,
    /// Keys under which an answer is accepted: those of all attempts, because a late answer is an answer.
    pub(super) keys: [u32; ATTEMPTS],
    pub(super) attempts: usize,
    pub(super) lane: usize,
    /// Whether it waits for its turn at a level.
    pub(super) is_held: bool,
    /// Whether it is with the server of that lane.
    pub(super) has_lane: bool,
    /// Levels that it counts at, where authoritative servers are asked.
    pub(super) path: Path,
    pub(super) place: Place,
    /// Whether it is late from its first attempt on.
    pub(super) is_doubtful: bool,
    /// Whether it is asked by TCP, since the answer did not fit into a datagram.
    pub(super) is_by_tcp: bool,
    /// Whether it waits neither for a place nor for the rate.
    pub(super) is_urgent: bool,
    pub(super) asks_for: Patience,
    /// What the last attempt got.
    pub(super) patience: Duration,
    pub(super) queued: Duration,
    pub(super) asked: Instant,
    /// When each attempt was sent.
    pub(super) sent: [Instant; ATTEMPTS],
    pub(super) answered: bool,
    /// Who sent the last answer: not always whoever was asked last.
    pub(super) answered_by: Option<SocketAddr>,
    pub(super) timed_out: bool,
}

/// Where a question counts in its server's flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    /// Nowhere: nothing of it is in flight.
    #[default]
    None,
    /// In the window.
    Window,
    /// Among those whose answer is late.
    Late,
    /// At the levels alone: it goes by TCP.
    Levels,
}

/// How far an exchange is.
pub(super) enum Stage {
    /// Nothing is waited for.
    Idle,
    /// Until the server may be asked.
    Waiting,
    /// For an answer.
    Sent,
    /// For nothing more: the server may be asked by TCP.
    Turn,
    /// The outcome is there to be fetched.
    Done(Event),
}

impl Slot {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            turn: 0,
            stage: Stage::Idle,
            waker: None,
            query: Vec::new(),
            reply: Vec::new(),
            keys: [0; ATTEMPTS],
            attempts: 0,
            lane: 0,
            is_held: false,
            has_lane: false,
            path: [None; 3],
            place: Place::None,
            is_doubtful: false,
            is_by_tcp: false,
            is_urgent: false,
            asks_for: Patience::just(Duration::ZERO),
            patience: Duration::ZERO,
            queued: Duration::ZERO,
            asked: now,
            sent: [now; ATTEMPTS],
            answered: false,
            answered_by: None,
            timed_out: false,
        }
    }

    /// Ready for the next exchange; the buffers stay.
    pub(super) fn reset(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        self.stage = Stage::Idle;
        self.waker = None;
        self.reply.clear();
        self.attempts = 0;
        self.is_doubtful = false;
        self.is_by_tcp = false;
        self.is_urgent = false;
        self.queued = Duration::ZERO;
        self.answered = false;
        self.answered_by = None;
        self.timed_out = false;
    }
}
