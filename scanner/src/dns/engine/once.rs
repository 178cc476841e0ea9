//! A question that is answered at once, as nearly all are: it takes the engine's lock once to be sent and
//! once to be read, and no more.

use super::{Engine, Event, Exchange, Patience, lock};
use crate::dns::wire;
use crate::evidence::DnsStatus;
use hickory_resolver::proto::rr::RecordType;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// What is asked, and of whom.
#[derive(Clone, Copy)]
pub(in crate::dns) struct Asks<'a> {
    pub(in crate::dns) name: &'a str,
    pub(in crate::dns) kind: RecordType,
    pub(in crate::dns) server: SocketAddr,
    pub(in crate::dns) patience: Patience,
    /// Whether the answer counts as late from the start: see [`Exchange::doubt`].
    pub(in crate::dns) is_doubtful: bool,
}

/// What came of it; with how long it waited for room in the server's window.
pub(in crate::dns) enum Came<T> {
    /// An answer of use; the question is over.
    Read(T, Duration),
    /// Something else, after which the question goes on.
    Else(Exchange, Event, Duration),
    /// The text is no domain name.
    NoName,
}

/// The question; dropping it gives it up.
pub(in crate::dns) struct Once<'a, R> {
    engine: &'a Engine,
    asks: Asks<'a>,
    read: R,
    slot: Option<u32>,
}

impl Engine {
    /// Asks a server. `read` is given the query and the answer, and gives what is made of that with its
    /// status; `None` where the answer is of no use.
    pub(in crate::dns) const fn ask_once<'a, R>(&'a self, asks: Asks<'a>, read: R) -> Once<'a, R> {
        Once { engine: self, asks, read, slot: None }
    }
}

impl<T, R> Future for Once<'_, R>
where
    R: Fn(&[u8], &[u8]) -> Option<(T, DnsStatus)> + Unpin,
{
    type Output = Came<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Came<T>> {
        let this = self.get_mut();
        let mut core = lock(this.engine);
        let slot = match this.slot {
            Some(slot) => slot,
            None => {
                let asks = this.asks;
                let Some(slot) = core.open(|query| wire::write_query(asks.name, asks.kind, query)) else {
                    return Poll::Ready(Came::NoName);
                };
                this.slot = Some(slot);
                if asks.is_doubtful {
                    core.doubt(slot);
                }
                core.send(slot, asks.server, [None; 3], asks.patience, cx.waker().clone());
                slot
            }
        };
        let Some((event, queued)) = core.outcome(slot, cx.waker()) else { return Poll::Pending };
        this.slot = None;
        if matches!(event, Event::Answer) {
            let (query, reply) = core.query_and_reply(slot);
            if let Some((read, status)) = (this.read)(query, reply) {
                core.release(slot, Some(status));
                return Poll::Ready(Came::Read(read, queued));
            }
        }
        drop(core);
        Poll::Ready(Came::Else(Exchange { engine: this.engine.clone(), slot, status: None }, event, queued))
    }
}

impl<R> Drop for Once<'_, R> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            lock(self.engine).release(slot, None);
        }
    }
}
