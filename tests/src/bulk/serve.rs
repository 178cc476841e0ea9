//! Answering: one thread, one socket for all addresses; and another for TCP, by which hardly anything comes.

use super::Bulk;
use super::answer::Asked;
use super::tally::Tally;
use super::way::Way;
use anyhow::{Context, Result};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, BufRead, IoSliceMut, Read as _, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// Room for a question.
const DATAGRAM: usize = 1_500;
/// Room for all addresses' questions together.
const RECEIVE_BUFFER: usize = 64 << 20;
/// How long to wait for a question before looking at anything else.
const WAIT: Duration = Duration::from_millis(1);

/// How long one who connects is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// An answer on its way.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Late {
    due: Instant,
    to: SocketAddr,
    from: Option<IpAddr>,
    message: Vec<u8>,
}

/// Serves the world at port 53 of every address of 127.0.0.0/8, until the standard input ends. A line there
/// that says `counts` is answered with a line of JSON, and begins the counts anew.
///
/// # Errors
/// Where the port cannot be had.
pub fn serve(bulk: &Bulk, way: Way, port: u16) -> Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))
        .with_context(|| format!("cannot serve at port {port}: run it in a network namespace of its own"))?;
    let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
    // In a namespace of its own this process may have more than the system's bound.
    if rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER).is_err() {
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER)?;
    }
    // Only now, since the library wants a socket that does not block.
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(WAIT))?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
    std::thread::scope(|threads| {
        threads.spawn(|| serve_tcp(bulk, &listener));
        println_line("ready")?;
        let server =
            Server { bulk, way, socket, state, late: BinaryHeap::new(), tally: Tally::default(), drawn: 0 };
        server.run(&orders())?;
        // The other thread waits for connections for ever.
        std::process::exit(0)
    })
}

/// One question per connection, one connection after the other.
fn serve_tcp(bulk: &Bulk, listener: &TcpListener) {
    for stream in listener.incoming().map_while(Result::ok) {
        // Whoever breaks off is not answered.
        let _ = answer_by_tcp(bulk, stream);
    }
}

fn answer_by_tcp(bulk: &Bulk, mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let IpAddr::V4(asked_at) = stream.local_addr()?.ip() else { return Ok(()) };
    let mut len = [0; 2];
    stream.read_exact(&mut len)?;
    let mut question = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut question)?;
    let answer = Asked::read(&question, true).and_then(|asked| bulk.answer(asked_at, &asked).message);
    if let Some(mut answer) = answer {
        let len = u16::try_from(answer.len()).unwrap_or(u16::MAX);
        answer.splice(0..0, len.to_be_bytes());
        stream.write_all(&answer)?;
    }
    Ok(())
}

/// Lines of the standard input; the channel ends with it.
fn orders() -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

fn println_line(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

struct Server<'b> {
    bulk: &'b Bulk,
    way: Way,
    socket: UdpSocket,
    state: UdpSocketState,
    late: BinaryHeap<Reverse<Late>>,
    tally: Tally,
    /// Answers so far: each has a number to draw by.
    drawn: u64,
}

impl Server<'_> {
    fn run(mut self, orders: &Receiver<String>) -> Result<()> {
        let mut bytes = vec![0; DATAGRAM * BATCH_SIZE];
        let mut about = [RecvMeta::default(); BATCH_SIZE];
        loop {
            match orders.try_recv() {
                Ok(_) => println_line(&serde_json::to_string(&std::mem::take(&mut self.tally))?)?,
                Err(mpsc::TryRecvError::Disconnected) => return Ok(()),
                Err(mpsc::TryRecvError::Empty) => {}
            }
            let received = {
                let mut chunks = bytes.chunks_exact_mut(DATAGRAM);
                let mut buffers: [IoSliceMut<'_>; BATCH_SIZE] =
                    std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
                self.state.recv(UdpSockRef::from(&self.socket), &mut buffers, &mut about)
            };
            match received {
                Ok(received) => {
                    for (about, chunk) in about.iter().zip(bytes.chunks_exact(DATAGRAM)).take(received) {
                        // Several from one sender may come as one.
                        let stride = about.stride.clamp(1, DATAGRAM);
                        for question in chunk[..about.len.min(DATAGRAM)].chunks(stride) {
                            self.one(question, about);
                        }
                    }
                }
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(e) => return Err(e).context("receiving"),
            }
            let now = Instant::now();
            while self.late.peek().is_some_and(|Reverse(late)| late.due <= now) {
                if let Some(Reverse(late)) = self.late.pop() {
                    self.send(&late.message, late.to, late.from);
                }
            }
        }
    }

    fn one(&mut self, question: &[u8], about: &RecvMeta) {
        let Some(IpAddr::V4(asked_at)) = about.dst_ip else { return };
        let Some(asked) = Asked::read(question, false) else { return };
        let reply = self.bulk.answer(asked_at, &asked);
        self.tally.count(asked_at, &reply);
        let Some(message) = reply.message else { return };
        self.drawn += 1;
        if self.way.loses(self.drawn) {
            return;
        }
        let delay = reply.delay + self.way.takes(about.dst_ip, self.drawn);
        if delay.is_zero() {
            self.send(&message, about.addr, about.dst_ip);
        } else {
            let due = Instant::now() + delay;
            self.late.push(Reverse(Late { due, to: about.addr, from: about.dst_ip, message }));
        }
    }

    fn send(&self, message: &[u8], to: SocketAddr, from: Option<IpAddr>) {
        let transmit =
            Transmit { destination: to, ecn: None, contents: message, segment_size: None, src_ip: from };
        // Whoever has gone does not want it any more.
        let _ = self.state.try_send(UdpSockRef::from(&self.socket), &transmit);
    }
}
