//! The task that moves datagrams between the engine's state and the kernel, in batches, and keeps the
//! deadlines.

use super::core::Core;
use super::port::{Owner, Port};
use super::socket::{Family, Inbox, Socket};
use super::{Engine, lock};
use crate::fault::LocalFault;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

/// Batches that are taken from a socket before those who wait for them have their turn.
const BATCHES: usize = 4;

/// How often questions that wait for a rate are looked at, where no deadline is nearer.
const PACE: Duration = Duration::from_millis(5);

/// Ends when the engine is closed. Whoever asks puts a query into an outbox and wakes this task, which the
/// runtime comes to after all tasks that could run before it: so what they asked together goes out together.
pub(in crate::dns) struct Driver {
    engine: Engine,
    inbox: Inbox,
    sleep: Pin<Box<Sleep>>,
    /// What the sleep is set to; `None` where it is over.
    wakes: Option<Instant>,
}

impl Driver {
    pub(super) fn new(engine: Engine) -> Result<Self, LocalFault> {
        let inbox = Inbox::new().map_err(|source| LocalFault::Os { doing: "open a DNS socket", source })?;
        Ok(Self { engine, inbox, sleep: Box::pin(tokio::time::sleep(Duration::ZERO)), wakes: None })
    }

    fn turn(&mut self, core: &mut Core, cx: &mut Context<'_>) -> bool {
        let now = Instant::now();
        open(core, now);
        send(core, cx);
        let more = receive(core, &mut self.inbox, now, cx);
        if core.wheel.next().is_some_and(|next| next <= now) {
            core.expire(now);
        }
        let waits = core.pump_all(now);
        // What waited for an answer of others may have found room.
        send(core, cx);
        look_for_refusals(core);
        self.set_alarm(core, waits, cx);
        more
    }

    fn set_alarm(&mut self, core: &mut Core, waits: bool, cx: &mut Context<'_>) {
        if self.wakes.is_some_and(|wakes| wakes <= Instant::now()) {
            self.wakes = None;
        }
        while self.wakes.is_none() {
            let soon = || waits.then(|| Instant::now() + PACE);
            let Some(next) = core.wheel.next().or_else(soon) else { return };
            self.wakes = Some(next);
            self.sleep.as_mut().reset(next.into());
            if self.sleep.as_mut().poll(cx).is_ready() {
                core.expire(Instant::now());
                self.wakes = None;
            }
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let engine = this.engine.clone();
        let mut core = lock(&engine);
        if core.closed {
            core.ports.close();
            return Poll::Ready(());
        }
        let more = this.turn(&mut core, cx);
        core.driver_sleeps(cx.waker());
        let mut woken = std::mem::take(&mut core.woken);
        drop(core);
        for waker in woken.drain(..) {
            waker.wake();
        }
        let mut core = lock(&engine);
        if core.woken.is_empty() {
            core.woken = woken;
        }
        drop(core);
        if more {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Without its driver nothing would ever end an exchange.
        self.engine.close();
    }
}

fn open(core: &mut Core, now: Instant) {
    let missing: Vec<_> = core.lanes_to_open().collect();
    for (lane, server) in missing {
        match Socket::open(server) {
            Ok(socket) => core.opened(lane, Port::new(Owner::Lane(lane), socket), now),
            Err(e) => core.not_opened(lane, || fault(&e)),
        }
    }
    for family in Family::ALL {
        for _ in 0..core.shared_to_open(family) {
            match Socket::open_to_all(family) {
                Ok(socket) => core.opened_shared(family, Port::new(Owner::All(family), socket), now),
                Err(e) => core.not_opened_shared(family, || fault(&e)),
            }
        }
    }
}

fn fault(error: &io::Error) -> LocalFault {
    let source = error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
    LocalFault::Os { doing: "ask the resolver", source }
}

fn send(core: &mut Core, cx: &mut Context<'_>) {
    for index in 0..core.ports.len() {
        let Some(port) = core.ports.port(index).filter(|port| !port.outbox.is_empty()) else { continue };
        match port.socket.poll_send(&mut port.outbox, cx) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => core.burst_is_out(index),
            Poll::Ready(Err(e)) => {
                let id = port.outbox.next_id();
                if e.kind() == io::ErrorKind::ConnectionRefused {
                    // Said about an earlier datagram; this one was not looked at.
                    core.unreachable(index);
                } else {
                    port.outbox.drop_next(1);
                    if let (Some(id), Some(fault)) = (id, LocalFault::of_io("ask the resolver", &e)) {
                        core.not_sent(index, id, fault);
                    }
                }
                cx.waker().wake_by_ref();
            }
        }
    }
}

/// Refusals of a port are no event that a socket is readable by, so they are asked for: only while there is a
/// server that never answered anything.
fn look_for_refusals(core: &mut Core) {
    let unheard: Vec<u32> = core.unheard_ports().collect();
    for index in unheard {
        let error = core.ports.port(index).and_then(|port| port.socket.error());
        if error.is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
            core.unreachable(index);
        }
    }
}

/// Takes what has come in, some batches of each socket; true where there may be more.
fn receive(core: &mut Core, inbox: &mut Inbox, now: Instant, cx: &mut Context<'_>) -> bool {
    let mut more = false;
    for index in 0..core.ports.len() {
        let mut batches = 0;
        // Until the socket is empty, or this task would not be told of the next datagram.
        while let Some(Poll::Ready(received)) =
            core.ports.port(index).map(|port| port.socket.poll_recv(inbox, cx))
        {
            match received {
                Ok(n) => inbox.datagrams(n).for_each(|(from, message)| core.hear(index, from, message, now)),
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => core.unreachable(index),
                Err(_) => {}
            }
            batches += 1;
            if batches == BATCHES {
                more = true;
                break;
            }
        }
    }
    more
}
