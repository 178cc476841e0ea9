//! The resolver of a world: it answers as a recursive resolver would, with the whole CNAME chain.

use super::chase::Chase;
use super::forge::Forgers;
use super::message::{self, Verdict, Writer};
use super::{Contacts, Shared, accept_all, stall, trickle};
use crate::authority::Authority;
use crate::situation::{Answer, Forgery, Status, Tcp};
use crate::world::World;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Number of the type SOA (RFC 1035 section 3.2.2).
pub(super) const SOA: u16 = 6;
/// How long a TCP connection may be idle.
const IDLE: Duration = Duration::from_secs(10);
/// Pause before each byte of an answer that trickles.
const TRICKLE: Duration = Duration::from_millis(200);

/// What becomes of a message.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// What is sent before the answer, over UDP.
    pub(super) forged: Vec<Forgery>,
    /// The answer; `None` where there is none.
    pub(super) message: Option<Vec<u8>>,
    /// What TCP makes of it.
    pub(super) tcp: Tcp,
    /// How long the answer takes.
    pub(super) after: Duration,
    /// The address it comes from, over UDP; the one that was asked where it is `None`.
    pub(super) from: Option<Ipv4Addr>,
}

/// Answers questions.
#[derive(Debug)]
pub(crate) struct Responder {
    pub(super) world: Arc<World>,
    pub(super) authority: Arc<Authority>,
    pub(super) contacts: Arc<Contacts>,
    /// Who was asked for each answer that fails at first.
    failing: Mutex<HashMap<(String, u16), Failing>>,
    /// How many times as long what fails at first does so: where several servers are asked one after the
    /// other, the last of them is to fail too.
    longer: u32,
}

/// An answer that fails at first.
#[derive(Debug, Default)]
struct Failing {
    /// When anybody was last asked for it.
    last: Option<Instant>,
    /// Servers that have failed.
    servers: Vec<Option<Ipv4Addr>>,
    is_over: bool,
}

impl Failing {
    /// Whether it fails now: each server once, and all of them until nobody was asked for so long. One look
    /// asks server after server; its end is a silence, however long the look took.
    fn fails(&mut self, server: Option<Ipv4Addr>, quiet: Duration) -> bool {
        let is_new = !self.servers.contains(&server);
        let is_quiet = self.last.is_some_and(|last| last.elapsed() >= quiet);
        self.last = Some(Instant::now());
        self.is_over |= is_quiet && !is_new;
        if is_new {
            self.servers.push(server);
        }
        !self.is_over
    }
}

/// Answers over UDP until it is to stop.
pub(super) fn serve_udp(socket: &UdpSocket, forgers: &Forgers, responder: &Responder, stopping: &AtomicBool) {
    let mut buffer = [0; 4096];
    while !stopping.load(Ordering::Relaxed) {
        // A timeout is the chance to see that it is to stop; any other error is the next question's affair.
        let Ok((length, asker)) = socket.recv_from(&mut buffer) else { continue };
        let question = buffer.get(..length).unwrap_or_default();
        let Some(reply) = responder.answer(question, false) else { continue };
        for forgery in reply.forged {
            responder.contacts.forged(forgers.send(forgery, question, socket, asker));
        }
        if let Some(answer) = reply.message {
            // An answer that cannot be sent is one that was lost on the way.
            drop(socket.send_to(&answer, asker));
        }
    }
}

/// Answers over TCP in tasks of the current runtime.
pub(super) fn serve_tcp(listener: std::net::TcpListener, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    accept_all(listener, move |stream, _| {
        let shared = Arc::clone(&shared);
        converse(stream, move |question| shared.dns.answer(question, true))
    });
}

/// Answers one question after the other on a connection.
pub(super) async fn converse(
    mut stream: TcpStream,
    answer: impl Fn(&[u8]) -> Option<Reply> + Send,
) -> io::Result<()> {
    loop {
        let length =
            tokio::time::timeout(IDLE, stream.read_u16()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let mut question = vec![0; length.into()];
        stream.read_exact(&mut question).await?;
        let Some(Reply { message: Some(answer), tcp, after, .. }) = answer(&question) else {
            continue;
        };
        if !after.is_zero() {
            tokio::time::sleep(after).await;
        }
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        let mut framed = [&length.to_be_bytes(), answer.as_slice()].concat();
        match tcp {
            Tcp::Answers | Tcp::Truncates => stream.write_all(&framed).await?,
            Tcp::Closes => return Ok(()),
            Tcp::Stalls => return stall(stream).await,
            Tcp::Trickles => trickle(&mut stream, &framed, TRICKLE).await?,
            Tcp::Floods => {
                // The first byte of the id, behind the length.
                if let Some(id) = framed.get_mut(2) {
                    *id ^= 0x5a;
                }
                loop {
                    stream.write_all(&framed).await?;
                }
            }
        }
    }
}

impl Responder {
    pub(super) fn new(
        world: Arc<World>,
        authority: Arc<Authority>,
        contacts: Arc<Contacts>,
        longer: u32,
    ) -> Self {
        Self { world, authority, contacts, failing: Mutex::default(), longer }
    }

    /// What becomes of a message; `None` where it is none that could be answered.
    fn answer(&self, message: &[u8], over_tcp: bool) -> Option<Reply> {
        let question = message::read(message)?;
        self.contacts.question(&question.name, question.kind);
        if question.name.is_empty() && question.kind == SOA {
            // The root is signed: by this a scan knows that the resolver validates.
            let mut writer = Writer::new(&question);
            writer.soa("", &question);
            let verdict = Verdict { ad: true, ..Verdict::default() };
            let message = Some(writer.finish(&question, verdict, over_tcp));
            return Some(Reply { message, ..Reply::default() });
        }
        let mut chase = Chase::new(self, &question);
        chase.run(&|_, _| true);
        Some(chase.reply(Verdict::default(), over_tcp))
    }

    /// What becomes of a question now.
    pub(super) fn status(&self, answer: &Answer, question: &message::Question<'_>) -> Status {
        let Some((first, for_ms)) = answer.first else { return answer.status };
        let fails = self.fails(question, Duration::from_millis(for_ms));
        self.contacts.meet(&question.name, None, fails, false);
        if fails { first } else { answer.status }
    }

    /// Whether a question that fails until nobody has asked it for so long fails now.
    pub(super) fn fails(&self, question: &message::Question<'_>, quiet: Duration) -> bool {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let state = failing.entry((question.name.clone(), question.kind)).or_default();
        state.fails(question.server, self.longer * quiet)
    }
}
