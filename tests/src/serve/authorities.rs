//! The authoritative servers of a world: the root, registries and operators, each at addresses of its own,
//! all at one port.

use super::contacts::now;
use super::dns::{Reply, converse};
use super::forge::forge;
use super::load::Taken;
use super::message::{self, Question, Verdict};
use super::sign::{DS, Draft, NS, Signer};
use super::zones::Ask;
use super::{Shared, accept_all};
use crate::delegation::{Content, Delegations, NameServer, Zone};
use crate::dice::draw;
use crate::names::suffix_and_registrable;
use crate::situation::{FLOOD, Forgery, RecordType, Server};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Second octets of the addresses of servers.
const SERVERS: std::ops::RangeInclusive<u8> = 64..=67;
/// Questions a second that a server which limits answers without its cookie.
const LIMIT: u32 = 5;
/// What comes before each answer of servers that are forged (RFC 5452 section 9.1).
const FORGED: [Forgery; 5] =
    [Forgery::WrongId, Forgery::OtherName, Forgery::OtherType, Forgery::WrongPort, Forgery::WrongAddress];
/// Where answers come from that come from another address.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 68, 0, 1);
/// How long a server that is stale at first is not to be asked, to have the record.
const STALE: Duration = Duration::from_millis(500);
/// Room for a datagram: the receive offload of the kernel may put several of 1,500 bytes into one.
const ROOM: usize = 65_536;
/// Datagrams that are taken at once.
const AT_ONCE: usize = if BATCH_SIZE < 8 { BATCH_SIZE } else { 8 };

/// The authoritative servers.
#[derive(Debug)]
pub(crate) struct Authorities {
    delegations: Delegations,
    /// What the cookies of the servers are made with.
    secret: u64,
    /// Whether forged answers come before each of theirs.
    forges: bool,
    /// Who signs, where anybody does.
    signer: Option<Signer>,
    /// Questions without a cookie that servers which limit took in the second that began then.
    taken: Mutex<HashMap<Ipv4Addr, (Instant, u32)>>,
}

impl Authorities {
    pub(super) fn new(delegations: Delegations, seed: u64, forges: bool, signer: Option<Signer>) -> Self {
        Self { delegations, secret: seed ^ 0xc00c_1e5e, forges, signer, taken: Mutex::default() }
    }

    /// What becomes of a message to an address; `None` where nobody is there, or it is no question. It came
    /// as a datagram at this moment, microseconds since 1970, or by TCP.
    pub(super) fn answer(
        &self,
        shared: &Shared,
        asked: Ipv4Addr,
        message: &[u8],
        came: Option<i64>,
    ) -> Option<Reply> {
        let over_tcp = came.is_none();
        if !SERVERS.contains(&asked.octets()[1]) {
            return None;
        }
        let mut question = message::read(message)?;
        question.server = Some(asked);
        shared.contacts.question(&question.name, question.kind);
        // Validators ask for these at names that are no domains of the world.
        let kind = match question.kind {
            NS | DS if self.signer.is_some() => Some(RecordType::A),
            kind => RecordType::from_number(kind),
        };
        let chain = self.delegations.chain(&question.name, kind);
        // What a DS says is the word of the zone above (RFC 4035 section 3.1.4.1).
        let is_below = |zone: &Zone| question.kind == DS && zone.apex == question.name;
        let whole = chain.iter().enumerate().rev().filter(|(at, zone)| *at == 0 || !is_below(zone));
        let known = whole.into_iter().find_map(|(at, zone)| Some((at, zone.server_at(asked)?)));
        let taken = taken(asked, known.and_then(|(at, server)| Some((chain.get(at)?, server))), came);
        shared.contacts.taken(taken, &question.name, question.kind);
        let (own, is_known) = self.cookie(&question, asked);
        let (at, does) = known.map_or((0, Server::Refused), |(at, server)| (at, server.does));
        if matches!(does, Server::FormErrToEdns | Server::NotImpToEdns) && question.edns.take().is_some() {
            let ask = self.ask(shared, &question, Verdict::default(), (asked, over_tcp));
            return Some(ask.only(if does == Server::NotImpToEdns { 4 } else { 1 }));
        }
        let limits = matches!(does, Server::Limits | Server::LimitsSilently);
        let is_limited = limits && !over_tcp && !is_known && self.is_over(asked);
        let verdict = Verdict {
            truncate: does == Server::Truncates || is_limited,
            cookie: own.as_deref(),
            ..Verdict::default()
        };
        let ask = self.ask(shared, &question, verdict, (asked, over_tcp));
        let zone = chain.get(at)?;
        let code = |rcode| Some(ask.only(rcode));
        let has_edns = question.edns.is_some();
        let is_record = question.name.starts_with("_mta-sts.") && question.kind == RecordType::Txt.number();
        let reply = match does {
            Server::Silent => None,
            Server::SilentToEdns if has_edns => None,
            Server::LimitsSilently if is_limited => None,
            Server::Refused => code(5),
            Server::ServFail => code(2),
            Server::NotImp => code(4),
            Server::FormErr => code(1),
            Server::NotAuthoritative => code(0),
            Server::BadVersToEdns if has_edns => code(16),
            Server::Upward => chain.first().map(|root| ask.referral(root, "lab")),
            Server::ToItself => Some(ask.referral(zone, "")),
            Server::Stale | Server::StaleAtFirst | Server::StaleWithout if !is_record => code(2),
            Server::StaleAtFirst if !shared.dns.fails(&question, STALE) => {
                Some(ask.of_zone(zone, chain.get(at + 1)))
            }
            Server::Stale | Server::StaleAtFirst => Some(ask.text(zone, "v=STSv1; id=stale;")),
            Server::StaleWithout => Some(ask.denial(zone)),
            _ => Some(ask.of_zone(zone, chain.get(at + 1))),
        };
        let below = chain.get(at + 1);
        reply.map(|mut reply| {
            if question.wants_signatures
                && question.edns.is_some()
                && let (Some(signer), Some(message)) = (&self.signer, &mut reply.message)
            {
                let (delegations, question) = (&self.delegations, &question);
                let draft = Draft { delegations, question, zone, below, over_tcp };
                *message = signer.signed(&draft, std::mem::take(message));
            }
            if self.forges {
                reply.forged.extend(FORGED);
            }
            changed(reply, does, &question)
        })
    }

    fn ask<'q>(
        &'q self,
        shared: &'q Shared,
        question: &'q Question<'q>,
        verdict: Verdict<'q>,
        (asked, over_tcp): (Ipv4Addr, bool),
    ) -> Ask<'q> {
        let (responder, delegations) = (&shared.dns, &self.delegations);
        Ask { responder, delegations, question, asked, verdict, over_tcp }
    }

    /// The cookies that an answer repeats, the asker's and the server's, and whether the asker showed the
    /// server's.
    fn cookie(&self, question: &Question<'_>, asked: Ipv4Addr) -> (Option<Vec<u8>>, bool) {
        let Some((client, server)) = question.cookie.and_then(|cookie| cookie.split_first_chunk::<8>())
        else {
            return (None, false);
        };
        let own = draw(self.secret ^ u64::from(asked.to_bits()), client).to_be_bytes();
        (Some([client.as_slice(), &own].concat()), server == own)
    }

    /// Counts a question to a server that limits, and whether it was one too many.
    fn is_over(&self, asked: Ipv4Addr) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = taken.entry(asked).or_insert_with(|| (Instant::now(), 0));
        if since.elapsed() >= Duration::from_secs(1) {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count > LIMIT
    }
}

/// Whom a question counts for: the registry of a top-level domain, or the operator of the server.
fn taken<'z>(addr: Ipv4Addr, by: Option<(&'z Zone, &'z NameServer)>, at: Option<i64>) -> Taken<'z> {
    let mut taken = Taken { addr, operator: None, tld: None, at, now: now() };
    match by {
        Some((zone, _)) if zone.content == Content::Registry => taken.tld = zone.apex.rsplit('.').next(),
        Some((_, server)) => taken.operator = suffix_and_registrable(&server.name).1,
        None => {}
    }
    taken
}

/// The answer as a server of this kind sends it.
fn changed(mut reply: Reply, does: Server, question: &Question<'_>) -> Reply {
    match does {
        Server::Slow => reply.after = Duration::from_millis(400),
        Server::Slower => reply.after = Duration::from_secs(1),
        Server::Slowest => reply.after = Duration::from_secs(3),
        Server::OtherAddress => reply.from = Some(ELSEWHERE),
        Server::LowerCase => {
            // The name of the question: what follows is its type and class.
            let end = 12 + question.raw.len().saturating_sub(4);
            if let Some(name) = reply.message.as_mut().and_then(|message| message.get_mut(12..end)) {
                name.make_ascii_lowercase();
            }
        }
        _ => {}
    }
    reply
}

/// A socket that answers from whatever address it was asked at.
#[derive(Debug)]
struct Outlet {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl Outlet {
    fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket: UdpSocket::from_std(socket)?, state })
    }

    /// Sends a datagram from an address; what cannot be sent is lost on the way.
    fn send(&self, from: Ipv4Addr, to: SocketAddr, contents: &[u8]) {
        let datagram =
            Transmit { destination: to, ecn: None, contents, segment_size: None, src_ip: Some(from.into()) };
        drop(self.state.try_send(UdpSockRef::from(&self.socket), &datagram));
    }
}

/// The sockets of the authoritative servers.
pub(super) struct Sockets {
    pub(super) udp: std::net::UdpSocket,
    pub(super) other_port: std::net::UdpSocket,
    pub(super) tcp: std::net::TcpListener,
}

/// Answers over UDP and TCP in tasks of the current runtime.
pub(super) fn serve(sockets: Sockets, authorities: Arc<Authorities>, shared: &Arc<Shared>) -> io::Result<()> {
    let (outlet, other_port) = (Arc::new(Outlet::new(sockets.udp)?), Outlet::new(sockets.other_port)?);
    let (of_tcp, shared_of_tcp) = (Arc::clone(&authorities), Arc::clone(shared));
    accept_all(sockets.tcp, move |stream, _| {
        let (authorities, shared) = (Arc::clone(&of_tcp), Arc::clone(&shared_of_tcp));
        let asked = stream.local_addr().map_or(Ipv4Addr::UNSPECIFIED, |at| v4(at.ip()));
        converse(stream, move |question| authorities.answer(&shared, asked, question, None))
    });
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let mut room = vec![vec![0; ROOM]; AT_ONCE];
        let mut about = [RecvMeta::default(); AT_ONCE];
        loop {
            let Ok(count) = receive(&outlet, &mut room, &mut about).await else { continue };
            for (meta, bytes) in about.iter().zip(&room).take(count) {
                let Some(asked) = meta.dst_ip.map(v4) else { continue };
                let stamp = meta.timestamp.and_then(|since| i64::try_from(since.as_micros()).ok());
                let came = Some(stamp.unwrap_or_else(now));
                let datagrams = bytes.get(..meta.len).unwrap_or_default().chunks(meta.stride.max(1));
                for question in datagrams {
                    let Some(reply) = authorities.answer(&shared, asked, question, came) else { continue };
                    let count = forged(&reply.forged, question, &outlet, &other_port, (asked, meta.addr));
                    shared.contacts.forged(count);
                    send(reply, &outlet, asked, meta.addr);
                }
            }
        }
    });
    Ok(())
}

async fn receive(outlet: &Outlet, room: &mut [Vec<u8>], about: &mut [RecvMeta]) -> io::Result<usize> {
    loop {
        outlet.socket.readable().await?;
        let took = outlet.socket.try_io(Interest::READABLE, || {
            let mut slices: Vec<IoSliceMut<'_>> =
                room.iter_mut().map(|bytes| IoSliceMut::new(bytes)).collect();
            outlet.state.recv(UdpSockRef::from(&outlet.socket), &mut slices, about)
        });
        match took {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

fn send(reply: Reply, outlet: &Arc<Outlet>, asked: Ipv4Addr, asker: SocketAddr) {
    let Some(message) = reply.message else { return };
    let from = reply.from.unwrap_or(asked);
    if reply.after.is_zero() {
        outlet.send(from, asker, &message);
        return;
    }
    let outlet = Arc::clone(outlet);
    tokio::spawn(async move {
        tokio::time::sleep(reply.after).await;
        outlet.send(from, asker, &message);
    });
}

/// Sends what is no answer to a question; gives the number of datagrams.
fn forged(
    forgeries: &[Forgery],
    question: &[u8],
    outlet: &Outlet,
    other_port: &Outlet,
    (asked, asker): (Ipv4Addr, SocketAddr),
) -> u64 {
    let mut sent = 0;
    for forgery in forgeries {
        let (by, from) = match forgery {
            Forgery::WrongPort => (other_port, asked),
            Forgery::WrongAddress => (outlet, ELSEWHERE),
            _ => (outlet, asked),
        };
        for number in 1..=if *forgery == Forgery::Flood { FLOOD } else { 1 } {
            by.send(from, asker, &forge(*forgery, number, question));
            sent += 1;
        }
    }
    sent
}

const fn v4(addr: IpAddr) -> Ipv4Addr {
    match addr {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}
