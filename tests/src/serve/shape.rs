//! The connection below a TLS server, which can cut the records that go out, or send them a byte at a time.

use crate::situation::{Records, Tls};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Content type of a handshake record, and of the change of ciphers behind which nothing can be cut (RFC 8446
/// section 5.1).
const HANDSHAKE: u8 = 22;
const CHANGE_CIPHER_SPEC: u8 = 20;
/// A record's type, version and length.
const HEADER: usize = 5;
/// Bytes that may wait for the connection.
const MOST: usize = 1 << 20;

/// A connection whose outgoing records are cut as a behaviour says.
#[derive(Debug)]
pub(super) struct Shaped {
    io: TcpStream,
    records: Records,
    pause: Duration,
    waits: Option<Pin<Box<Sleep>>>,
    /// What came from TLS and is no whole record yet.
    held: Vec<u8>,
    is_encrypted: bool,
    /// What goes out, and how much of it has.
    out: Vec<u8>,
    sent: usize,
}

impl Shaped {
    /// A connection that changes nothing yet.
    pub(super) fn new(io: TcpStream) -> Self {
        Self {
            io,
            records: Records::Whole,
            pause: Duration::ZERO,
            waits: None,
            held: Vec::new(),
            is_encrypted: false,
            out: Vec::new(),
            sent: 0,
        }
    }

    /// From here on it does as a behaviour says.
    pub(super) fn shape(&mut self, tls: &Tls) {
        self.records = tls.records;
        self.pause = Duration::from_millis(tls.trickle_ms);
    }

    /// The connection below.
    pub(super) fn into_inner(self) -> TcpStream {
        self.io
    }

    /// Cuts what is held, as far as it is whole records.
    fn cut(&mut self) {
        if self.records == Records::Whole {
            self.out.append(&mut self.held);
            return;
        }
        while let [kind, major, minor, high, low, rest @ ..] = self.held.as_slice() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some(body) = rest.get(..length) else { return };
            let version = [*major, *minor];
            self.is_encrypted |= *kind == CHANGE_CIPHER_SPEC;
            let is_plain = *kind == HANDSHAKE && !self.is_encrypted;
            match self.records {
                Records::OneByte if is_plain => {
                    for byte in body {
                        self.out.extend([HANDSHAKE, version[0], version[1], 0, 1, *byte]);
                    }
                }
                other => {
                    if other == Records::Empty && is_plain {
                        self.out.extend([HANDSHAKE, version[0], version[1], 0, 0].repeat(100));
                    }
                    self.out.extend_from_slice(self.held.get(..HEADER + length).unwrap_or_default());
                }
            }
            self.held.drain(..HEADER + length);
        }
    }

    /// Sends what there is to send.
    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.out.len() {
            if let Some(waits) = &mut self.waits {
                ready!(waits.as_mut().poll(context));
                self.waits = None;
            }
            let end = if self.pause.is_zero() { self.out.len() } else { self.sent + 1 };
            let piece = self.out.get(self.sent..end).unwrap_or_default();
            let count = ready!(Pin::new(&mut self.io).poll_write(context, piece))?;
            self.sent += count;
            if !self.pause.is_zero() {
                self.waits = Some(Box::pin(sleep(self.pause)));
            }
        }
        self.out.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Shaped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Shaped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Pending = self.poll_out(context)?
            && self.out.len() - self.sent > MOST
        {
            return Poll::Pending;
        }
        self.held.extend_from_slice(bytes);
        self.cut();
        // Bytes that do not go out now go with the next write or flush.
        let _ = self.poll_out(context)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_out(context))?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_out(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
