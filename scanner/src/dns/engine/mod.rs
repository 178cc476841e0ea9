//! The DNS engine: questions to servers over UDP, many in flight, few system calls.
//!
//! One engine belongs to one current-thread runtime: with a runtime of several threads wake-ups cross threads
//! and leave two messages a batch (measured: half the throughput). It takes a server and a question, knows
//! nothing of resolvers, and gives back the bytes of an answer that was checked: it came to a socket that
//! asked, from the server that was asked, with the id and the question. What fails a check is dropped and
//! counted, never accepted.

mod core;
mod counts;
mod driver;
mod flow;
mod handle;
mod ids;
mod lane;
mod levels;
mod once;
mod port;
mod slot;
mod socket;
mod took;
mod wheel;

pub use counts::Counts;
pub use flow::LATE_A_PLACE;
pub use handle::{EngineConnections, EngineHandle};
pub(super) use levels::{Bound, Bounds, Scope};
pub(super) use once::{Asks, Came as CameAtOnce};

use self::core::Core;
use super::wire::{self, Edns};
use crate::evidence::DnsStatus;
use crate::fault::LocalFault;
use driver::Driver;
use hickory_resolver::proto::rr::RecordType;
use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// Descriptors that an engine may hold where it asks authoritative servers: both families, and the sockets
/// that give way to new ones.
pub const DESCRIPTORS_TO_ALL: usize = 4 * core::SOCKETS_TO_ALL;

/// Descriptors that an engine may hold for a server.
#[must_use]
pub fn descriptors_to(server: SocketAddr) -> usize {
    lane::descriptors_to(server)
}

/// A handle to an engine; clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Mutex<Core>>);

/// How long an attempt waits for an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// At least.
    least: Duration,
    /// At most, where the server is known to take long.
    most: Duration,
}

impl Patience {
    /// So long, whatever the server.
    pub(super) const fn just(patience: Duration) -> Self {
        Self { least: patience, most: patience }
    }

    /// As long as the server is known to take, between the two; `least` where it says nothing.
    pub(super) fn between(least: Duration, most: Duration) -> Self {
        Self { least, most: most.max(least) }
    }

    /// For a server that is worth waiting for so long.
    fn for_one_that_takes(self, takes: Duration) -> Duration {
        takes.clamp(self.least, self.most)
    }
}

/// What came of one attempt.
#[derive(Debug)]
pub(super) enum Event {
    /// An answer that passed all checks; [`Exchange::read`] gives it.
    Answer,
    /// None within the attempt's patience. A late one is still taken, by the next attempt.
    Expired,
    /// Nobody listens there, and nobody ever did.
    Unreachable,
    /// This machine could not send.
    Fault(LocalFault),
    /// The engine was closed.
    Closed,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("an answer"),
            Self::Expired => f.write_str("no answer"),
            Self::Unreachable => f.write_str("nobody listens there"),
            Self::Fault(fault) => write!(f, "not sent: {fault}"),
            Self::Closed => f.write_str("broken off"),
        }
    }
}

/// One attempt of one exchange.
#[derive(Debug, Clone, Copy)]
struct Ticket {
    slot: u32,
    turn: u32,
}

fn lock(engine: &Engine) -> MutexGuard<'_, Core> {
    engine.0.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// The engine of the runtime that runs on this thread.
    static HERE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

impl Engine {
    /// An engine that has at most `in_flight` questions in flight to each server, and the task that it lives
    /// by, which is to be spawned on the runtime that is to own the sockets.
    pub(super) fn new(in_flight: usize) -> Result<(Self, Driver), LocalFault> {
        Self::of(Core::new(in_flight, None, Instant::now())?)
    }

    /// An engine that asks authoritative servers, of which there are many, within these bounds.
    pub(super) fn for_authorities(bounds: Bounds) -> Result<(Self, Driver), LocalFault> {
        Self::of(Core::new(0, Some(bounds), Instant::now())?)
    }

    fn of(core: Core) -> Result<(Self, Driver), LocalFault> {
        let engine = Self(Arc::new(Mutex::new(core)));
        let driver = Driver::new(engine.clone())?;
        Ok((engine, driver))
    }

    /// The engine of this thread's runtime; `None` outside of [`super::Dns::attend`].
    #[must_use]
    pub fn here() -> Option<Self> {
        HERE.with_borrow(Clone::clone)
    }

    /// Makes it this thread's engine for as long as the result lives.
    pub(super) fn enter(&self) -> Entered {
        Entered(HERE.replace(Some(self.clone())))
    }

    /// Ends everything that is in flight, and the driver.
    pub(super) fn close(&self) {
        let woken = {
            let mut core = lock(self);
            core.close();
            std::mem::take(&mut core.woken)
        };
        for waker in woken {
            waker.wake();
        }
    }

    /// A number that nobody outside can foretell.
    pub(super) fn chance(&self) -> u64 {
        lock(self).chance()
    }

    /// Counts what came of a question that took several exchanges.
    pub(super) fn conclude(&self, status: DnsStatus) {
        lock(self).counts.by_status[status as usize] += 1;
    }

    /// What it has done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        lock(self).counts
    }

    /// Questions whose answer is late now, so that others may take their places.
    #[must_use]
    pub fn late(&self) -> usize {
        lock(self).late()
    }

    /// As [`Engine::late`]; `waker` is told, once, when one more is. There is one such listener an engine.
    pub(super) fn late_and_tell(&self, waker: &Waker) -> usize {
        let mut core = lock(self);
        core.listen(waker);
        core.late()
    }

    /// Counts a question as late for as long as the result lives.
    pub(super) fn step_aside(&self) -> Aside<'_> {
        let told = lock(self).step_aside();
        if let Some(waker) = told {
            waker.wake();
        }
        Aside(self)
    }

    /// When the last answer came, whoever asked; before the first, when the engine was made.
    pub(super) fn heard_at(&self) -> Instant {
        lock(self).heard_at
    }

    /// The longest time without any answer within the time between the two; those under half a second are not
    /// kept note of.
    pub(super) fn silence_within(&self, began: Instant, ended: Instant) -> Duration {
        lock(self).silence_within(began, ended)
    }

    /// How long the quickest of the servers takes to answer; zero where none has answered.
    pub(super) fn takes(&self) -> Duration {
        lock(self).takes()
    }

    /// How long a server takes to answer; `None` where it has not answered.
    pub(super) fn server_takes(&self, server: SocketAddr) -> Option<Duration> {
        lock(self).server_takes(server)
    }

    /// Takes note of how long a server took to answer elsewhere.
    pub(super) fn expect(&self, server: SocketAddr, takes: Duration) {
        lock(self).expect(server, takes);
    }

    /// What was lost while the network was away is not held against the servers.
    pub(super) fn forgive(&self) {
        lock(self).forgive(Instant::now());
    }

    /// Questions that wait for an answer now.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        lock(self).in_flight()
    }

    /// Questions per second that a server was found to bear; `None` where it never lost any.
    #[must_use]
    pub fn rate(&self, server: SocketAddr) -> Option<f64> {
        lock(self).rate(server)
    }

    /// Asks a server that refuses one question after the other half as much; answers of use raise that again.
    pub(super) fn slow_down(&self, server: SocketAddr) {
        lock(self).slow_down(server);
    }

    /// Asks a server less that fails because it is asked too much, as was `seen` last then; answers of use
    /// raise that again.
    pub(super) fn overloaded(&self, server: SocketAddr, seen: Instant) {
        lock(self).overloaded(server, seen);
    }

    /// Has a server asked no more than so many questions at once, late ones too.
    pub(super) fn bound(&self, server: SocketAddr, most: usize) {
        lock(self).bound(server, most);
    }

    /// Counts a question that failed because its resolver was asked too much.
    pub(super) fn count_overloaded(&self) {
        lock(self).counts.overloaded += 1;
    }

    /// Begins a question; `None` where the text is no domain name. Dropping the result gives the question up.
    pub(super) fn exchange(&self, name: &str, kind: RecordType) -> Option<Exchange> {
        self.exchange_by(|query| wire::write_query(name, kind, query))
    }

    /// As [`Engine::exchange`], for an authoritative server; the name is given as it stands in a message.
    pub(super) fn authority_exchange(&self, name: &[u8], kind: RecordType, edns: Edns) -> Option<Exchange> {
        self.exchange_by(|query| {
            wire::write_authority_query(name, kind, edns, query);
            Some(())
        })
    }

    /// As [`Engine::exchange`], with the query that `write` writes; `None` where it writes none.
    fn exchange_by(&self, write: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<Exchange> {
        let slot = lock(self).open(write)?;
        Some(Exchange { engine: self.clone(), slot, status: None })
    }

    /// As [`Engine::exchange`], with a query that is written already.
    fn exchange_written(&self, written: &[u8]) -> Option<Exchange> {
        self.exchange_by(|query| {
            query.clear();
            query.extend_from_slice(written);
            wire::question(written).map(|_| ())
        })
    }
}

/// While it lives a question counts as late though the engine waits for nothing: it goes on by another way.
pub(super) struct Aside<'a>(&'a Engine);

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        lock(self.0).aside -= 1;
    }
}

/// While it lives an engine is its thread's.
pub(super) struct Entered(Option<Engine>);

impl Drop for Entered {
    fn drop(&mut self) {
        HERE.set(self.0.take());
    }
}

/// A question on its way: up to three attempts, each to a server of the asker's choice.
pub(super) struct Exchange {
    engine: Engine,
    slot: u32,
    status: Option<DnsStatus>,
}

impl Exchange {
    /// What came of the question, for the counters.
    pub(super) const fn conclude(&mut self, status: DnsStatus) {
        self.status = Some(status);
    }

    /// Sends the question to a server, once there is room in its window, and waits for an answer to this or
    /// an earlier attempt. Gives what came of it, and how long it waited for room; the patience begins after
    /// that.
    pub(super) async fn send(&mut self, server: SocketAddr, patience: Patience) -> (Event, Duration) {
        self.send_within(server, [None; 3], patience).await
    }

    /// As [`Exchange::send`], within the bounds of these levels.
    pub(super) async fn send_within(
        &mut self,
        server: SocketAddr,
        scopes: [Option<Scope>; 3],
        patience: Patience,
    ) -> (Event, Duration) {
        let mut is_sent = false;
        poll_fn(|cx| {
            let mut core = lock(&self.engine);
            if !is_sent {
                is_sent = true;
                core.send(self.slot, server, scopes, patience, cx.waker().clone());
            }
            core.outcome(self.slot, cx.waker()).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Waits for an answer to what was sent before, and sends nothing; `None` where none comes in time.
    pub(super) async fn outcome_within(&mut self, patience: Duration) -> Option<Event> {
        let came = poll_fn(|cx| {
            lock(&self.engine).outcome(self.slot, cx.waker()).map_or(Poll::Pending, Poll::Ready)
        });
        tokio::time::timeout(patience, came).await.ok().map(|(event, _)| event)
    }

    /// When the last attempt began: it was sent, or put where it waits for room.
    pub(super) fn began(&self) -> Instant {
        lock(&self.engine).began(self.slot)
    }

    /// Waits until the server may be asked by TCP what did not fit into a datagram, within the bounds of
    /// these levels; until [`Exchange::is_back`] it counts there. Gives how long it waited.
    ///
    /// # Errors
    /// What came instead.
    pub(super) async fn turn_by_tcp(
        &mut self,
        server: SocketAddr,
        scopes: [Option<Scope>; 3],
    ) -> Result<Duration, Event> {
        let mut is_queued = false;
        poll_fn(|cx| {
            let mut core = lock(&self.engine);
            if !is_queued {
                is_queued = true;
                core.queue_for_tcp(self.slot, server, scopes, cx.waker().clone());
            }
            core.turn(self.slot, cx.waker()).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// The question that went by TCP is no longer under way.
    pub(super) fn is_back(&self) {
        lock(&self.engine).is_back(self.slot);
    }

    /// Puts a cookie into the query, for the server that is asked next.
    pub(super) fn show_cookie(&self, cookie: &[u8]) {
        lock(&self.engine).show_cookie(self.slot, cookie);
    }

    /// Whether an answer came while nobody waited for it: the next attempt gives it, and sends nothing.
    pub(super) fn is_answered(&self) -> bool {
        lock(&self.engine).is_answered(self.slot)
    }

    /// Who sent the answer: whoever was asked before may have been slow.
    pub(super) fn answered_by(&self) -> Option<SocketAddr> {
        lock(&self.engine).answered_by(self.slot)
    }

    /// Says whether the last answer was of use: a server whose answers are of none is asked less.
    pub(super) fn judge(&self, was_of_use: bool) {
        lock(&self.engine).judge(self.slot, was_of_use);
    }

    /// Has the answer taken to be late from the first attempt on: it holds no place in the server's window.
    pub(super) fn doubt(&self) {
        lock(&self.engine).doubt(self.slot);
    }

    /// Has the question sent before all others, whatever the flow says.
    pub(super) fn hurry(&self) {
        lock(&self.engine).hurry(self.slot);
    }

    /// Gives the query and the answer that came to it.
    pub(super) fn read<T>(&self, read: impl FnOnce(&[u8], &[u8]) -> T) -> T {
        let core = lock(&self.engine);
        let (query, reply) = core.query_and_reply(self.slot);
        read(query, reply)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        lock(&self.engine).release(self.slot, self.status);
    }
}
