//! UDP sockets that send and receive in batches: connected to one server, or open to all.

use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSockRef, UdpSocketState};
use rustix::net::addr::SocketAddrArg as _;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Room for one datagram: more than the 1232 bytes offered, for servers that do not heed it.
const DATAGRAM: usize = 4_096;
/// Receive buffer that is asked for: room for some thousand answers while this process does not run.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Where datagrams are received to; one a driver.
pub(super) struct Inbox {
    /// Only a way to `recvmmsg`: the library's own socket options (time stamps, TOS, packet info, GRO) cost a
    /// control message a datagram, so they are set on a socket of no use and ours has none.
    receiver: UdpSocketState,
    bytes: Vec<u8>,
    about: [RecvMeta; BATCH_SIZE],
}

impl Inbox {
    pub(super) fn new() -> io::Result<Self> {
        let unused = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Self {
            receiver: UdpSocketState::new(UdpSockRef::from(&unused))?,
            bytes: vec![0; DATAGRAM * BATCH_SIZE],
            about: [RecvMeta::default(); BATCH_SIZE],
        })
    }

    /// The first `n` datagrams of the last batch, with where each came from.
    pub(super) fn datagrams(&self, n: usize) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let bytes = self.bytes.chunks_exact(DATAGRAM);
        self.about
            .iter()
            .zip(bytes)
            .take(n)
            .map(|(about, bytes)| (about.addr, &bytes[..about.len.min(DATAGRAM)]))
    }
}

/// Datagrams on their way out, one behind the other.
#[derive(Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Where each goes; empty where the socket is connected.
    to: Vec<SocketAddrAny>,
    sent: usize,
}

impl Outbox {
    /// Adds a query under an id, to a server where the socket is open to all.
    pub(super) fn push(&mut self, id: u16, query: &[u8], to: Option<SocketAddr>) {
        self.bytes.extend(id.to_be_bytes());
        self.bytes.extend(query.get(2..).unwrap_or_default());
        self.ends.push(self.bytes.len());
        self.to.extend(to.map(|to| to.as_any()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.ends.len()
    }

    /// The id of the next datagram to be sent.
    pub(super) fn next_id(&self) -> Option<u16> {
        let bytes = self.bytes.get(self.begin(self.sent)..)?.first_chunk()?;
        Some(u16::from_be_bytes(*bytes))
    }

    /// The next one was sent, or never will be.
    pub(super) fn drop_next(&mut self, n: usize) {
        self.sent = (self.sent + n).min(self.ends.len());
        if self.is_empty() {
            self.bytes.clear();
            self.ends.clear();
            self.to.clear();
            self.sent = 0;
        }
    }

    fn begin(&self, n: usize) -> usize {
        n.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0)
    }

    fn slice(&self, n: usize) -> IoSlice<'_> {
        let end = self.ends.get(n).copied().unwrap_or(0);
        IoSlice::new(self.bytes.get(self.begin(n)..end).unwrap_or_default())
    }
}

/// A socket.
pub(super) struct Socket(UdpSocket);

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) const ALL: [Self; 2] = [Self::V4, Self::V6];

    pub(super) const fn of(server: SocketAddr) -> Self {
        if server.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl Socket {
    /// A socket to one server, with a port that the kernel draws: the kernel drops what comes from anywhere
    /// else, and knows the way without looking.
    pub(super) fn open(server: SocketAddr) -> io::Result<Self> {
        let socket = bind(Family::of(server))?;
        socket.connect(server)?;
        Self::of(socket)
    }

    /// A socket to every server of a family: who is heard is held against who was asked.
    pub(super) fn open_to_all(family: Family) -> io::Result<Self> {
        Self::of(bind(family)?)
    }

    fn of(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        // The kernel gives what it may; too little shows as lost answers, which the window then heeds.
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER)?;
        Ok(Self(UdpSocket::from_std(socket)?))
    }

    /// Sends what there is; `Pending` where the socket takes no more for now.
    ///
    /// # Errors
    /// What the kernel says about the next datagram of the outbox, or about one that was sent before.
    pub(super) fn poll_send(&self, outbox: &mut Outbox, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !outbox.is_empty() {
            std::task::ready!(self.0.poll_send_ready(cx))?;
            match self.0.try_io(Interest::WRITABLE, || send_batch(&self.0, outbox)) {
                Ok(sent) => outbox.drop_next(sent),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Poll::Ready(Err(e)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// What the network said about a datagram that was sent before, once.
    pub(super) fn error(&self) -> Option<io::Error> {
        self.0.take_error().ok().flatten()
    }

    /// Receives a batch; `Pending` where there is nothing.
    ///
    /// # Errors
    /// What the kernel says about a datagram that was sent before.
    pub(super) fn poll_recv(&self, inbox: &mut Inbox, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            std::task::ready!(self.0.poll_recv_ready(cx))?;
            let mut received = 0;
            let result = self.0.try_io(Interest::READABLE, || {
                received = recv_batch(&self.0, inbox)?;
                // Fewer than there was room for: the socket is empty. Unless that is said as WouldBlock, the
                // runtime takes it for readable and never asks the kernel again.
                if received < BATCH_SIZE { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match result {
                Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(e)),
                _ if received > 0 => return Poll::Ready(Ok(received)),
                _ => {}
            }
        }
    }
}

fn bind(family: Family) -> io::Result<std::net::UdpSocket> {
    let any: SocketAddr = match family {
        Family::V4 => (Ipv4Addr::UNSPECIFIED, 0).into(),
        Family::V6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    std::net::UdpSocket::bind(any)
}

fn recv_batch(socket: &UdpSocket, inbox: &mut Inbox) -> io::Result<usize> {
    let mut chunks = inbox.bytes.chunks_exact_mut(DATAGRAM);
    let mut buffers: [IoSliceMut<'_>; BATCH_SIZE] =
        std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
    inbox.receiver.recv(UdpSockRef::from(socket), &mut buffers, &mut inbox.about)
}

fn send_batch(socket: &UdpSocket, outbox: &Outbox) -> io::Result<usize> {
    let n = (outbox.ends.len() - outbox.sent).min(BATCH_SIZE);
    let slices: [[IoSlice<'_>; 1]; BATCH_SIZE] = std::array::from_fn(|i| [outbox.slice(outbox.sent + i)]);
    let mut controls: [SendAncillaryBuffer<'_, '_, '_>; BATCH_SIZE] =
        std::array::from_fn(|_| SendAncillaryBuffer::default());
    let mut messages: Vec<MMsgHdr<'_>> = slices
        .iter()
        .zip(&mut controls)
        .take(n)
        .enumerate()
        .map(|(i, (slice, control))| match outbox.to.get(outbox.sent + i) {
            Some(to) => MMsgHdr::new_with_addr(to, slice, control),
            None => MMsgHdr::new(slice, control),
        })
        .collect();
    Ok(rustix::net::sendmmsg(socket, &mut messages, SendFlags::NOSIGNAL)?)
}
