//! The resolver of a world: it answers as a recursive resolver would, with the whole CNAME chain.

use super::forge::Forgers;
use super::message::{self, Named, Question, Verdict, Writer};
use super::{Contacts, Shared, accept_all, stall, trickle};
use crate::authority::Authority;
use crate::situation::{Answer, Fill, Forgery, Record, RecordType, Situation, Status, Tcp};
use crate::world::{Names, World};
use std::collections::HashMap;
use std::io;
use std::net::{Ipv6Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest chain of CNAMEs that is followed: longer than what a scanner should take.
const CHAIN: usize = 24;
/// Number of the type SOA (RFC 1035 section 3.2.2).
const SOA: u16 = 6;
/// How long a TCP connection may be idle.
const IDLE: Duration = Duration::from_secs(10);
/// Pause before each byte of an answer that trickles.
const TRICKLE: Duration = Duration::from_millis(200);

/// What becomes of a message.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// What is sent before the answer, over UDP.
    forged: Vec<Forgery>,
    /// The answer; `None` where there is none.
    message: Option<Vec<u8>>,
    /// What TCP makes of it.
    tcp: Tcp,
}

/// Answers questions.
#[derive(Debug)]
pub(crate) struct Responder {
    world: Arc<World>,
    authority: Arc<Authority>,
    contacts: Arc<Contacts>,
    /// When each answer that fails at first was first asked for.
    first_asked: Mutex<HashMap<(String, u16), Instant>>,
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
    accept_all(listener, move |stream, _| connection(stream, Arc::clone(&shared)));
}

async fn connection(mut stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    loop {
        let length =
            tokio::time::timeout(IDLE, stream.read_u16()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let mut question = vec![0; length.into()];
        stream.read_exact(&mut question).await?;
        let Some(Reply { message: Some(answer), tcp, .. }) = shared.dns.answer(&question, true) else {
            continue;
        };
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
    pub(super) fn new(world: Arc<World>, authority: Arc<Authority>, contacts: Arc<Contacts>) -> Self {
        Self { world, authority, contacts, first_asked: Mutex::default() }
    }

    /// What becomes of a message; `None` where it is none that could be answered.
    fn answer(&self, message: &[u8], over_tcp: bool) -> Option<Reply> {
        let question = message::read(message)?;
        self.contacts.question(&question.name, question.kind);
        let kind = RecordType::from_number(question.kind);
        let mut writer = Writer::new(&question);
        let mut verdict = Verdict { ad: true, ..Verdict::default() };
        let mut name = question.name.clone();
        let mut ede: Vec<u16> = Vec::new();
        if name.is_empty() && question.kind == SOA {
            // The root is signed: by this a scan knows that the resolver validates.
            writer.soa("", &question);
            let message = Some(writer.finish(&question, verdict, over_tcp));
            return Some(Reply { message, ..Reply::default() });
        }
        let mut reply = Reply::default();
        for hop in 0..CHAIN {
            let owner = self.world.owner(&name, if hop == 0 { kind } else { None });
            let answers = owner.as_ref().and_then(super::super::world::Owner::answers);
            let (Some(owner), Some(answers)) = (owner.as_ref(), answers) else {
                (verdict.rcode, verdict.negative, verdict.ad) = (3, true, false);
                break;
            };
            let of_type = |wanted: RecordType| answers.iter().find(|(kind, _)| *kind == wanted);
            let alias = of_type(RecordType::Cname).filter(|_| kind != Some(RecordType::Cname));
            let Some((kind, answer)) = alias.or_else(|| of_type(kind?)) else {
                // A name that does not exist does not for any type (RFC 8020 section 2).
                let is_gone = answers.iter().any(|(_, answer)| answer.status == Status::NxDomain);
                (verdict.rcode, verdict.negative, verdict.ad) = (if is_gone { 3 } else { 0 }, true, false);
                break;
            };
            verdict.ad &= answer.ad;
            verdict.truncate |= answer.truncate;
            ede.extend(&answer.ede);
            reply.forged.extend(&answer.forged);
            if answer.tcp != Tcp::Answers {
                reply.tcp = answer.tcp;
            }
            match self.status(answer, &question) {
                Status::NoError => {}
                Status::Drop => return Some(reply),
                Status::NxDomain => (verdict.rcode, verdict.negative) = (3, true),
                Status::ServFail => verdict.rcode = 2,
                Status::Refused => verdict.rcode = 5,
                Status::NotImp => verdict.rcode = 4,
            }
            if verdict.rcode != 0 {
                break;
            }
            let names = Names {
                world: &self.world,
                authority: &self.authority,
                situation: owner.situation,
                domain: &owner.domain,
            };
            writer.stuff(answer.stuffing, &question);
            let named = answer.owner.as_ref().map(|owner| names.text(owner));
            let owner = match named.as_deref() {
                _ if answer.pointers_loop => Named::ByItself,
                other => Named::Text(other.unwrap_or(&name)),
            };
            for record in &answer.records {
                self.write(&mut writer, owner, &question, (*kind, answer.ttl), record, &names);
            }
            verdict.negative = answer.records.is_empty();
            if alias.is_none() {
                break;
            }
            name = match answer.records.first() {
                Some(Record::One(target)) => names.text(target),
                _ => break,
            };
        }
        verdict.ede = &ede;
        verdict.always_cut = reply.tcp == Tcp::Truncates;
        reply.message = Some(writer.finish(&question, verdict, over_tcp));
        Some(reply)
    }

    /// What becomes of a question now.
    fn status(&self, answer: &Answer, question: &Question<'_>) -> Status {
        let Some((first, for_ms)) = answer.first else { return answer.status };
        let mut asked = self.first_asked.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *asked.entry((question.name.clone(), question.kind)).or_insert_with(Instant::now);
        let fails = since.elapsed() < Duration::from_millis(for_ms);
        self.contacts.meet(&question.name, None, fails, false);
        if fails { first } else { answer.status }
    }

    fn write(
        &self,
        writer: &mut Writer,
        owner: Named<'_>,
        question: &Question<'_>,
        (kind, ttl): (RecordType, u32),
        record: &Record,
        names: &Names<'_>,
    ) {
        let texts: Vec<String> = match record {
            Record::One(text) => vec![names.text(text)],
            Record::Strings(texts) => texts.iter().map(|text| names.text(text)).collect(),
        };
        let text = texts.first().map_or("", String::as_str);
        writer.record(owner, question, kind.number(), ttl, |data| match kind {
            RecordType::A => data.bytes(&self.address(names.situation, names.domain, text)),
            RecordType::Aaaa => {
                data.bytes(&text.parse::<Ipv6Addr>().unwrap_or(Ipv6Addr::UNSPECIFIED).octets());
            }
            RecordType::Ns | RecordType::Cname => data.name(text, question),
            RecordType::Mx => {
                let (preference, host) = text.split_once(' ').unwrap_or(("0", text));
                data.number(preference.parse().unwrap_or_default());
                data.name(host, question);
            }
            RecordType::Tlsa => data.bytes(&tlsa(text)),
            RecordType::Txt => {
                for part in texts.iter().flat_map(|text| text.as_bytes().chunks(255)) {
                    data.bytes(&[u8::try_from(part.len()).unwrap_or(u8::MAX)]);
                    data.bytes(part);
                }
            }
        });
    }

    fn address(&self, situation: &Situation, domain: &str, word: &str) -> [u8; 4] {
        // Every address of every situation is resolved when the world is checked, so there is one.
        self.world.address(situation, domain, word).map(|address| address.octets()).unwrap_or_default()
    }
}

/// A TLSA record on the wire (RFC 6698 section 2.1): three numbers, and the data in hexadecimal.
fn tlsa(text: &str) -> Vec<u8> {
    let mut parts = text.split(' ');
    let mut bytes: Vec<u8> = parts.by_ref().take(3).filter_map(|number| number.parse().ok()).collect();
    let digits: Vec<u32> = parts.flat_map(str::chars).filter_map(|digit| digit.to_digit(16)).collect();
    bytes.extend(digits.chunks(2).filter_map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    }));
    bytes
}
