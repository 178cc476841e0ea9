//! What an authoritative server's message says about a question, held against the zone that the server was
//! asked for. Nothing outside of that zone is believed.

use super::name::{self, Passing, Wire};
use crate::dns::Answer;
use crate::dns::trace;
use crate::dns::wire::{self, HEADER, Head, TYPE_OPT};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const TYPE_A: u16 = 1;
const TYPE_NS: u16 = 2;
const TYPE_SOA: u16 = 6;
const TYPE_AAAA: u16 = 28;
const TYPE_DS: u16 = 43;
/// BADVERS (RFC 6891 section 9).
const BADVERS: u16 = 16;
/// BADCOOKIE (RFC 7873 section 8).
const BADCOOKIE: u16 = 23;
/// Servers of a zone that are known; what is beyond is left out, so that no message costs much.
const SERVERS: usize = 13;
/// Addresses of a server that are taken from glue.
const ADDRESSES: usize = 8;

/// What a message is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The zone's own word: records, an alias, NODATA or NXDOMAIN.
    Answer {
        /// Whether the names of the zone beyond an alias are answered too: there is an SOA (RFC 2308 section
        /// 2).
        has_soa: bool,
    },
    /// Servers of a zone further below, on the way to the name.
    Referral(Referral),
    /// What does not fit into a datagram.
    Truncated,
    /// The server does not know EDNS, by what it says (RFC 6891 section 7), or not our version.
    NoEdns,
    /// The server wants its own cookie, which this message bears.
    BadCookie,
    /// Nothing of use: the server does not serve the zone, or cannot.
    Lame(Lame),
}

impl Said {
    /// In a few words, with the answer that it is where it is one.
    pub(super) fn text(&self, answer: Option<&Answer>) -> String {
        match self {
            Self::Answer { .. } => answer.map_or_else(|| "unreadable".to_owned(), trace::said),
            Self::Referral(referral) => {
                let servers: Vec<String> =
                    referral.servers.iter().map(|(name, _)| name.to_string()).collect();
                format!("referral to {}: {}", referral.zone, servers.join(" "))
            }
            Self::Truncated => "truncated".to_owned(),
            Self::NoEdns => "FORMERR, NOTIMP or BADVERS".to_owned(),
            Self::BadCookie => "BADCOOKIE".to_owned(),
            Self::Lame(Lame::Code(2)) => "SERVFAIL".to_owned(),
            Self::Lame(Lame::Code(5)) => "REFUSED".to_owned(),
            Self::Lame(Lame::Code(code)) => format!("rcode {code}"),
            Self::Lame(Lame::NoAuthority) => "not authoritative".to_owned(),
            Self::Lame(Lame::Circle) => "a referral upward or to itself".to_owned(),
            Self::Lame(Lame::Unreadable) => "unreadable".to_owned(),
        }
    }
}

/// Why an answer is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lame {
    /// An rcode other than NOERROR and NXDOMAIN.
    Code(u16),
    /// It does not say to be authoritative.
    NoAuthority,
    /// It sends upward or to itself.
    Circle,
    /// It cannot be read.
    Unreadable,
}

/// A referral (RFC 1034 section 4.3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Referral {
    /// The zone.
    pub(super) zone: Wire,
    /// TTL of its NS, seconds.
    pub(super) ttl: u32,
    /// Its servers with the addresses that the message has, as far as they lie in the zone that was asked
    /// for.
    pub(super) servers: Vec<(Wire, Vec<IpAddr>)>,
    /// Whether a DS of the zone came along (RFC 4035 section 3.1.4); `None` where signatures were not asked
    /// for.
    pub(super) ds: Option<bool>,
}

/// One record of a message, but for its owner.
struct Record<'a> {
    kind: u16,
    class_is_in: bool,
    ttl: u32,
    /// Where its data begin.
    at: usize,
    data: &'a [u8],
}

/// The record that begins at `at`, and the offset behind it; its owner goes into `owner`.
fn record<'a>(message: &'a [u8], at: usize, owner: &mut Passing) -> Option<(Record<'a>, usize)> {
    let at = owner.read(message, at)?;
    let fixed: &[u8; 10] = message.get(at..)?.first_chunk()?;
    let [k0, k1, c0, c1, t0, t1, t2, t3, l0, l1] = *fixed;
    let end = at + 10 + usize::from(u16::from_be_bytes([l0, l1]));
    let record = Record {
        kind: u16::from_be_bytes([k0, k1]),
        class_is_in: [c0, c1] == [0, 1],
        // A TTL with the highest bit is none (RFC 2181 section 8).
        ttl: i32::from_be_bytes([t0, t1, t2, t3]).try_into().unwrap_or(0),
        at: at + 10,
        data: message.get(at + 10..end)?,
    };
    Some((record, end))
}

/// Offset behind the record that begins at `at`.
fn behind_record(message: &[u8], at: usize) -> Option<usize> {
    let at = wire::behind_name(message, at)?;
    let [l0, l1] = *message.get(at + 8..)?.first_chunk()?;
    let end = at + 10 + usize::from(u16::from_be_bytes([l0, l1]));
    (end <= message.len()).then_some(end)
}

fn address(record: &Record<'_>) -> Option<IpAddr> {
    match record.kind {
        TYPE_A => <[u8; 4]>::try_from(record.data).ok().map(|a| Ipv4Addr::from(a).into()),
        TYPE_AAAA => <[u8; 16]>::try_from(record.data).ok().map(|a| Ipv6Addr::from(a).into()),
        _ => None,
    }
}

/// What a message says, and the cookie that it bears.
type Read<'m> = (Said, Option<&'m [u8]>);

/// What a message says about `name`, which was asked of a server of `zone`, with the cookie that it bears.
pub(super) fn read<'m>(message: &'m [u8], zone: &Wire, name: &Wire) -> Read<'m> {
    let unreadable = (Said::Lame(Lame::Unreadable), None);
    let Some(head) = Head::of_answer(message) else { return unreadable };
    let (said, cookie) = read_whole(message, head, zone, name).unwrap_or(unreadable);
    // Records that were cut off make it unreadable, and the bit stands all the same.
    if head.is_truncated() { (Said::Truncated, cookie) } else { (said, cookie) }
}

fn read_whole<'m>(message: &'m [u8], head: Head, zone: &Wire, name: &Wire) -> Option<Read<'m>> {
    let [questions, answers, authorities, additionals] = wire::counts(message);
    if questions != 1 {
        return None;
    }
    let mut at = HEADER + wire::question(message)?.len();
    for _ in 0..answers {
        at = behind_record(message, at)?;
    }
    let mut has_soa = false;
    let mut cut: Option<(Wire, u32)> = None;
    let mut servers: Vec<(Wire, Vec<IpAddr>)> = Vec::new();
    let mut circles = false;
    let mut signed: Option<Wire> = None;
    let (mut owner, mut server) = (Passing::new(), Passing::new());
    for _ in 0..authorities {
        let (record, next) = record(message, at, &mut owner)?;
        at = next;
        has_soa |= record.kind == TYPE_SOA;
        if record.kind == TYPE_DS && record.class_is_in && signed.is_none() {
            signed = Some(owner.kept());
        }
        if record.kind != TYPE_NS || !record.class_is_in {
            continue;
        }
        let of = owner.bytes();
        if !(name::is_below(of, zone.bytes()) && name::is_within(name.bytes(), of)) {
            circles = true;
            continue;
        }
        let (of, ttl) = cut.get_or_insert_with(|| (owner.kept(), record.ttl));
        if of.bytes() != owner.bytes() {
            continue;
        }
        *ttl = record.ttl.min(*ttl);
        server.read(message, record.at)?;
        if servers.len() < SERVERS && servers.iter().all(|(known, _)| known.bytes() != server.bytes()) {
            servers.push((server.kept(), Vec::new()));
        }
    }
    let mut code = u16::from(head.code());
    let mut cookie = None;
    for _ in 0..additionals {
        let (record, next) = record(message, at, &mut owner)?;
        at = next;
        if record.kind == TYPE_OPT {
            code |= u16::try_from(record.ttl >> 24).unwrap_or(0) << 4;
            cookie = wire::cookie_of(record.data);
        } else if let Some(addr) = address(&record).filter(|_| record.class_is_in)
            && name::is_within(owner.bytes(), zone.bytes())
            && let Some((_, addrs)) = servers.iter_mut().find(|(server, _)| server.bytes() == owner.bytes())
            && addrs.len() < ADDRESSES
            && !addrs.contains(&addr)
        {
            addrs.push(addr);
        }
    }
    let cut = cut.map(|(zone, ttl)| {
        let ds = Some(signed.as_ref() == Some(&zone));
        Referral { zone, ttl, servers, ds }
    });
    Some((judge(head, code, answers > 0, has_soa, cut, circles), cookie))
}

fn judge(
    head: Head,
    code: u16,
    has_answers: bool,
    has_soa: bool,
    cut: Option<Referral>,
    circles: bool,
) -> Said {
    match code {
        0 | 3 => {}
        1 | 4 | BADVERS => return Said::NoEdns,
        BADCOOKIE => return Said::BadCookie,
        code => return Said::Lame(Lame::Code(code)),
    }
    if let Some(referral) = cut.filter(|_| code == 0 && !has_answers && !has_soa) {
        return Said::Referral(referral);
    }
    match head.is_authoritative() {
        true => Said::Answer { has_soa },
        false if circles && !has_answers => Said::Lame(Lame::Circle),
        false => Said::Lame(Lame::NoAuthority),
    }
}
