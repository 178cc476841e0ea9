//! A resolver in front of that of a world, as real ones are: it has few places, takes its time, or lies.

use super::message;
use super::ports::on_free_port;
use anyhow::Result;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// Types by number (RFC 1035 section 3.2.2).
const A: u16 = 1;
const TXT: u16 = 16;
/// How long a question without an answer holds its place.
const HOLDS: Duration = Duration::from_secs(10);
/// Bytes that may wait for it: a burst of thousands of questions.
const BUFFER: usize = 8 << 20;
/// Where its port is sought: elsewhere than those of the world behind it.
const OFFSET: u16 = 10_000;

/// The code of a refusal, and of a failure (RFC 1035 section 4.1.1).
pub const REFUSED: u8 = 5;
/// See [`REFUSED`].
pub const SERVFAIL: u8 = 2;

/// What it does to the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// No name has a TXT record.
    NoTexts,
    /// Every name has an address, as a captive network says.
    EveryName,
}

/// How it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// From question to answer.
    pub takes: Duration,
    /// How many questions it works at, and the code that it says at once to one more.
    pub places: Option<(usize, u8)>,
    /// What it says that is not so.
    pub lie: Option<Lie>,
}

/// A resolver in front of another one. Dropping it stops it.
#[derive(Debug)]
pub struct Front {
    /// Where it listens.
    pub addr: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Front {
    /// One that hands its questions to another resolver.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(behind: SocketAddr, manner: Manner) -> Result<Self> {
        let manner = Arc::new(Mutex::new(manner));
        let (stop, stopped) = watch::channel(false);
        let kept = Arc::clone(&manner);
        let (port, (at, by_tcp)) = on_free_port(OFFSET, |port| {
            let addr = (Ipv4Addr::LOCALHOST, port);
            Ok((std::net::UdpSocket::bind(addr)?, std::net::TcpListener::bind(addr)?))
        })?;
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if rustix::net::sockopt::set_socket_recv_buffer_size_force(&at, BUFFER).is_err() {
            rustix::net::sockopt::set_socket_recv_buffer_size(&at, BUFFER)?;
        }
        at.set_nonblocking(true)?;
        by_tcp.set_nonblocking(true)?;
        let thread = super::spawn("lab-front", move || {
            super::run(stopped, move || {
                tokio::spawn(async move {
                    // A front that ends answers nobody, which every scan shows.
                    drop(serve(at, behind, &kept).await);
                });
                tokio::spawn(async move { drop(hand_on(by_tcp, behind).await) });
            });
        })?;
        Ok(Self { addr, manner, stop, thread: Some(thread) })
    }

    /// Is another way from now on.
    pub fn be(&self, manner: Manner) {
        *lock(&self.manner) = manner;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // One that panicked has nothing more to stop.
            drop(thread.join());
        }
    }
}

fn lock(manner: &Mutex<Manner>) -> MutexGuard<'_, Manner> {
    manner.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A question that it works at.
struct Worked {
    query: Vec<u8>,
    from: SocketAddr,
    due: Instant,
}

/// Works at questions, each with an id of its own towards the resolver behind.
async fn serve(at: std::net::UdpSocket, behind: SocketAddr, manner: &Mutex<Manner>) -> io::Result<()> {
    let at = UdpSocket::from_std(at)?;
    let onward = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    onward.connect(behind).await?;
    let (later, mut due) = mpsc::unbounded_channel::<(u16, Option<Vec<u8>>)>();
    let mut worked: HashMap<u16, Worked> = HashMap::new();
    let (mut next, mut asked, mut answered) = (0_u16, [0; 4_096], [0; 65_535]);
    loop {
        tokio::select! {
            read = at.recv_from(&mut asked) => {
                let Ok((length, from)) = read else { continue };
                let query = asked.get(..length).unwrap_or_default();
                let now = *lock(manner);
                let full = now.places.filter(|(places, _)| worked.len() >= *places);
                if let Some((_, code)) = full {
                    drop(at.send_to(&code_alone(query, code), from).await);
                    continue;
                }
                while worked.contains_key(&next) {
                    next = next.wrapping_add(1);
                }
                let mut handed = query.to_vec();
                handed.splice(..2.min(handed.len()), next.to_be_bytes());
                worked.insert(next, Worked { query: query.to_vec(), from, due: Instant::now() + now.takes });
                drop(onward.send(&handed).await);
                let (id, later) = (next, later.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(HOLDS).await;
                    later.send((id, None))
                });
                next = next.wrapping_add(1);
            }
            read = onward.recv(&mut answered) => {
                let Ok(length) = read else { continue };
                let Some(id) = answered.first_chunk().map(|id| u16::from_be_bytes(*id)) else { continue };
                let Some(one) = worked.get(&id) else { continue };
                let answer = told(answered.get(..length).unwrap_or_default(), &one.query, lock(manner).lie);
                let (due, later) = (one.due, later.clone());
                tokio::spawn(async move {
                    tokio::time::sleep_until(due).await;
                    later.send((id, Some(answer)))
                });
            }
            Some((id, answer)) = due.recv() => match answer {
                Some(answer) => {
                    if let Some(one) = worked.remove(&id) {
                        drop(at.send_to(&answer, one.from).await);
                    }
                }
                // The id may be another question's by now.
                None => {
                    if worked.get(&id).is_some_and(|one| one.due + HOLDS / 2 < Instant::now()) {
                        worked.remove(&id);
                    }
                }
            },
        }
    }
}

/// The answer as it is handed back: with the id of the question, and what is made of the truth.
fn told(answer: &[u8], query: &[u8], lie: Option<Lie>) -> Vec<u8> {
    let kind = message::read(query).map(|question| question.kind);
    let is_denial = answer.get(3).is_some_and(|flags| flags & 0x0f == 3);
    match lie {
        Some(Lie::NoTexts) if kind == Some(TXT) => code_alone(query, 3),
        Some(Lie::EveryName) if is_denial && kind == Some(A) => with_address(query),
        Some(Lie::EveryName) if is_denial => code_alone(query, 0),
        _ => query.iter().take(2).chain(answer.iter().skip(2)).copied().collect(),
    }
}

/// An answer without records.
fn code_alone(query: &[u8], code: u8) -> Vec<u8> {
    let mut answer = query.to_vec();
    if let Some([flags, other]) = answer.get_mut(2..4) {
        *flags |= 0x80;
        *other = 0x80 | code;
    }
    answer
}

/// An answer with an address of the name that was asked for.
fn with_address(query: &[u8]) -> Vec<u8> {
    let question = message::read(query).map_or(0, |question| question.raw.len());
    let mut answer = code_alone(query.get(..12 + question).unwrap_or_default(), 0);
    if let Some(counts) = answer.get_mut(6..12) {
        counts.copy_from_slice(&[0, 1, 0, 0, 0, 0]);
    }
    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    answer
}

/// Hands connections on.
async fn hand_on(listener: std::net::TcpListener, behind: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut onward = TcpStream::connect(behind).await?;
            tokio::io::copy_bidirectional(&mut stream, &mut onward).await
        });
    }
}
