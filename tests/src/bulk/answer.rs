//! What an address says to a question.

use super::Bulk;
use super::addresses::{self, Owner, SERVERS_OF_REGISTRY, TLDS, of_operator, of_registry, owner};
use super::domain::{Defect, Domain, Signal};
use super::operators::{self, Operators};
use std::net::Ipv4Addr;
use std::time::Duration;

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const MX: u16 = 15;
const TXT: u16 = 16;
const OPT: u16 = 41;
/// RFC 1035 section 4.1.1 and RFC 6891 section 6.1.3.
const SERVFAIL: u16 = 2;
const NXDOMAIN: u16 = 3;
const REFUSED: u16 = 5;
const BADVERS: u16 = 16;
/// TTL of what registries and operators say, and of what domains say, seconds.
const LONG: u32 = 172_800;
const SHORT: u32 = 300;
/// How long a slow server takes.
const SLOW: Duration = Duration::from_millis(1_500);
/// Where every host is, which nobody contacts.
const HOST: [u8; 4] = [127, 0, 0, 9];

/// What is said, and about what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Something of use.
    Useful,
    /// REFUSED, SERVFAIL, a referral to itself, or nothing: the server is broken.
    Broken,
}

/// A question, with whom it is for.
#[derive(Debug)]
pub(super) struct Asked<'q> {
    message: &'q [u8],
    /// Where the question ends.
    end: usize,
    /// Its name, in lower case.
    pub(super) name: String,
    kind: u16,
    has_edns: bool,
}

/// What to do with a question.
#[derive(Debug)]
pub(super) struct Reply {
    /// Whether there is an answer, or silence.
    pub(super) is_answered: bool,
    pub(super) said: Said,
    /// How long the server takes.
    pub(super) delay: Duration,
    /// Whether the question is about a domain that signals: such are asked for more than their records.
    pub(super) is_about_signaller: bool,
}

impl<'q> Asked<'q> {
    /// Reads a question; `None` where it is none.
    pub(super) fn read(message: &'q [u8]) -> Option<Self> {
        let mut name = String::with_capacity(64);
        let mut at = 12;
        loop {
            let len = usize::from(*message.get(at)?);
            at += 1;
            if len == 0 {
                break;
            }
            if !name.is_empty() {
                name.push('.');
            }
            name.extend(message.get(at..at + len)?.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
            at += len;
        }
        let kind = u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]);
        let end = at + 4;
        Some(Self { end, name, kind, has_edns: message.get(11).is_some_and(|n| *n > 0), message })
    }
}

/// A message that is being written.
struct Message<'o> {
    out: &'o mut Vec<u8>,
    counts: [u16; 3],
}

/// The sections of a message behind the question.
#[derive(Clone, Copy)]
enum Section {
    Answer,
    Authority,
    Additional,
}

impl<'o> Message<'o> {
    /// A message without records.
    fn new(asked: &Asked<'_>, code: u16, is_authoritative: bool, out: &'o mut Vec<u8>) -> Self {
        out.clear();
        out.extend_from_slice(asked.message.get(..asked.end).unwrap_or_default());
        let recursion = out[2] & 1;
        out[2] = 0x80 | recursion | if is_authoritative { 4 } else { 0 };
        out[3] = (code & 15) as u8;
        out[6..12].fill(0);
        Self { out, counts: [0; 3] }
    }

    /// Adds a record about a name, or about the name asked for where it is `None`.
    fn record(&mut self, section: Section, name: Option<&str>, (kind, ttl): (u16, u32), data: &[u8]) {
        match name {
            Some(name) => write_name(name, self.out),
            None => self.out.extend([0xc0, 12]),
        }
        self.out.extend(kind.to_be_bytes());
        self.out.extend(1_u16.to_be_bytes());
        self.out.extend(ttl.to_be_bytes());
        self.out.extend((data.len() as u16).to_be_bytes());
        self.out.extend_from_slice(data);
        self.counts[section as usize] += 1;
    }

    fn soa(&mut self, zone: &str) {
        let mut data = wire(&format!("ns.{zone}"));
        write_name(&format!("hostmaster.{zone}"), &mut data);
        data.extend([0, 0, 0, 1, 0, 0, 0x1c, 0x20, 0, 0, 3, 0x84, 0, 0x12, 0x75, 0, 0, 0, 1, 0x2c]);
        self.record(Section::Authority, Some(zone), (SOA, SHORT), &data);
    }

    fn servers(&mut self, section: Section, zone: &str, servers: &[(String, Option<Ipv4Addr>)]) {
        for (name, _) in servers {
            self.record(section, Some(zone), (NS, LONG), &wire(name));
        }
        for (name, addr) in servers {
            if let Some(addr) = addr {
                self.record(Section::Additional, Some(name), (A, LONG), &addr.octets());
            }
        }
    }

    /// Ends it, with EDNS where the question had it.
    fn end(mut self, asked: &Asked<'_>, code: u16) {
        if asked.has_edns {
            self.out.push(0);
            self.out.extend(OPT.to_be_bytes());
            self.out.extend(1232_u16.to_be_bytes());
            self.out.extend([(code >> 4) as u8, 0, 0, 0, 0, 0]);
            self.counts[2] += 1;
        }
        for (n, count) in self.counts.into_iter().enumerate() {
            self.out[6 + 2 * n..8 + 2 * n].copy_from_slice(&count.to_be_bytes());
        }
    }
}

fn write_name(name: &str, out: &mut Vec<u8>) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
}

fn wire(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 2);
    write_name(name, &mut out);
    out
}

fn text(text: &str) -> Vec<u8> {
    let mut data = vec![text.len() as u8];
    data.extend_from_slice(text.as_bytes());
    data
}

/// A name without its last label, and that label.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

impl Bulk {
    /// Writes what an address says to a question.
    pub(super) fn answer(&self, asked_at: Ipv4Addr, asked: &Asked<'_>, out: &mut Vec<u8>) -> Reply {
        let mut reply =
            Reply { is_answered: true, said: Said::Useful, delay: Duration::ZERO, is_about_signaller: false };
        let (above, top) = split(&asked.name);
        let tld = TLDS.iter().position(|tld| *tld == top).map(|n| n as u8);
        let (below, label) = split(above);
        match (owner(asked_at), tld) {
            (Owner::Root, _) => root(asked, tld, out),
            (Owner::Registry(of), Some(tld)) if of == tld => self.registry(asked, tld, label, out),
            (Owner::Registry(_), _) => plain(asked, REFUSED, out),
            (Owner::Operator(operator, server), _) => {
                let has_no_edns = operators::NO_EDNS.contains(&operator);
                if Operators::is_silent(operator, server) || (has_no_edns && asked.has_edns) {
                    (reply.is_answered, reply.said) = (false, Said::Broken);
                } else if operators::BAD_VERSION.contains(&operator) && asked.has_edns {
                    plain(asked, BADVERS, out);
                } else {
                    if operators::SLOW.contains(&operator) {
                        reply.delay = SLOW;
                    }
                    self.operator(asked, (operator, server), (below, label, tld), &mut reply, out);
                }
            }
            (Owner::Own(number, server), Some(tld)) => {
                let domain =
                    self.of_label(label, tld).filter(|domain| domain.number == number && domain.is_own);
                match domain.and_then(|domain| domain.turn(server).map(|turn| (domain, turn))) {
                    Some((domain, turn)) if domain.defect != Defect::DeadServers => {
                        self.of_domain(asked, &domain, turn, below, &mut reply, out);
                    }
                    _ => (reply.is_answered, reply.said) = (false, Said::Broken),
                }
            }
            _ => (reply.is_answered, reply.said) = (false, Said::Broken),
        }
        reply
    }

    fn registry(&self, asked: &Asked<'_>, tld: u8, label: &str, out: &mut Vec<u8>) {
        let top = TLDS[usize::from(tld)];
        if label.is_empty() {
            return denied(asked, top, 0, out);
        }
        let (zone, servers) = if let Some(operator) =
            Operators::of_label(label).filter(|operator| self.operators.tld(*operator) == tld)
        {
            (self.operators.zone(operator), self.of_operators_zone(operator))
        } else {
            let domain = self.of_label(label, tld).filter(|domain| domain.defect != Defect::Unregistered);
            let Some(domain) = domain else { return denied(asked, top, NXDOMAIN, out) };
            (self.name(&domain), self.delegation(&domain))
        };
        let mut message = Message::new(asked, 0, false, out);
        message.servers(Section::Authority, &zone, &servers);
        message.end(asked, 0);
    }

    /// The servers of an operator's own zone, with the addresses that its registry has.
    pub(super) fn of_operators_zone(&self, operator: u16) -> Vec<(String, Option<Ipv4Addr>)> {
        let host = self.operators.host(operator);
        let has_glue = host == operator && Operators::has_glue(operator);
        let zone = self.operators.zone(host);
        (0..4).map(|n| (format!("ns{n}.{zone}"), has_glue.then(|| of_operator(host, n)))).collect()
    }

    /// The servers of a domain, with the addresses that its registry has.
    pub(super) fn delegation(&self, domain: &Domain) -> Vec<(String, Option<Ipv4Addr>)> {
        if domain.is_vanity {
            let name = self.name(domain);
            return domain
                .numbers()
                .enumerate()
                .map(|(turn, number)| (format!("ns{turn}.{name}"), Some(domain.addr(number))))
                .collect();
        }
        let operator = domain.operator;
        let zone = self.operators.zone(operator);
        // com, net and org have one registry here, which knows the hosts of all three.
        let is_of_three = |tld: u8| matches!(TLDS[usize::from(tld)], "com" | "net" | "org");
        let has_glue = is_of_three(domain.tld)
            && is_of_three(self.operators.tld(operator))
            && self.operators.host(operator) == operator
            && Operators::has_glue(operator);
        let gone = Operators::has_gone_name(operator).then(|| (format!("gone.{zone}"), None));
        let sound =
            domain.numbers().map(|n| (format!("ns{n}.{zone}"), has_glue.then(|| of_operator(operator, n))));
        gone.into_iter().chain(sound).collect()
    }

    fn operator(
        &self,
        asked: &Asked<'_>,
        (operator, server): (u16, u8),
        (below, label, tld): (&str, &str, Option<u8>),
        reply: &mut Reply,
        out: &mut Vec<u8>,
    ) {
        let Some(tld) = tld else { return refused(asked, reply, out) };
        if let Some(of) = Operators::of_label(label) {
            if self.operators.tld(of) == tld && self.operators.host(of) == operator && server < 4 {
                return self.of_operator(asked, of, below, out);
            }
            return refused(asked, reply, out);
        }
        let domain = self.of_label(label, tld).filter(|domain| !domain.is_own && domain.operator == operator);
        match domain.and_then(|domain| domain.turn(server).map(|turn| (domain, turn))) {
            Some((domain, turn)) if domain.defect != Defect::Unregistered => {
                self.of_domain(asked, &domain, turn, below, reply, out);
            }
            _ => refused(asked, reply, out),
        }
    }

    /// What is in an operator's own zone.
    fn of_operator(&self, asked: &Asked<'_>, operator: u16, below: &str, out: &mut Vec<u8>) {
        let zone = self.operators.zone(operator);
        let number = below.strip_prefix("ns").and_then(|n| n.parse().ok());
        let message = match (below, number) {
            ("mta", _) if asked.kind == TXT => {
                let mut message = Message::new(asked, 0, true, out);
                message.record(Section::Answer, None, (TXT, SHORT), &text("v=STSv1; id=20261101"));
                message
            }
            (_, Some(number)) if number < Operators::servers(operator) && asked.kind == A => {
                let mut message = Message::new(asked, 0, true, out);
                message.record(Section::Answer, None, (A, LONG), &of_operator(operator, number).octets());
                message
            }
            ("" | "mta", _) => return denied(asked, &zone, 0, out),
            (_, Some(number)) if number < Operators::servers(operator) => {
                return denied(asked, &zone, 0, out);
            }
            _ => return denied(asked, &zone, NXDOMAIN, out),
        };
        message.end(asked, 0);
    }

    /// What a server of a domain says of it.
    fn of_domain(
        &self,
        asked: &Asked<'_>,
        domain: &Domain,
        turn: usize,
        below: &str,
        reply: &mut Reply,
        out: &mut Vec<u8>,
    ) {
        reply.is_about_signaller = domain.signals != Signal::No;
        match domain.defect {
            Defect::Refused => return refused(asked, reply, out),
            Defect::OneRefused if turn == 0 => return refused(asked, reply, out),
            Defect::ServerFailure => {
                reply.said = Said::Broken;
                return plain(asked, SERVFAIL, out);
            }
            Defect::SelfReferring if turn == 0 => {
                reply.said = Said::Broken;
                let mut message = Message::new(asked, 0, false, out);
                message.servers(Section::Authority, &self.name(domain), &self.delegation(domain));
                return message.end(asked, 0);
            }
            _ => {}
        }
        let name = self.name(domain);
        let mut message = Message::new(asked, 0, true, out);
        let own_server = below.strip_prefix("ns").and_then(|n| n.parse::<usize>().ok());
        let own_server = own_server.filter(|_| domain.is_vanity).and_then(|turn| domain.numbers().nth(turn));
        let is_there = match below {
            "" | "mx1" => true,
            "_mta-sts" => domain.signals != Signal::No,
            "_smtp._tls" | "_tls" => domain.has_tlsrpt,
            "www" => domain.is_wildcard,
            _ => own_server.is_some(),
        };
        let says = |message: &mut Message<'_>, kind: u16, data: &[u8]| {
            message.record(Section::Answer, None, (kind, SHORT), data);
        };
        let mut code = 0;
        match (below, asked.kind) {
            ("", MX) if domain.has_mx => {
                let mut data = vec![0, 10];
                write_name(&format!("mx1.{name}"), &mut data);
                says(&mut message, MX, &data);
            }
            ("", NS) => {
                for (server, _) in self.delegation(domain) {
                    says(&mut message, NS, &wire(&server));
                }
            }
            ("" | "mx1" | "www", A) if is_there => says(&mut message, A, &HOST),
            (_, A) if let Some(number) = own_server => says(&mut message, A, &domain.addr(number).octets()),
            ("_mta-sts", _) if domain.signals == Signal::ByAlias => {
                let target = format!("mta.{}", self.operators.zone(domain.operator));
                says(&mut message, CNAME, &wire(&target));
            }
            ("_mta-sts", TXT) if is_there => says(&mut message, TXT, &text("v=STSv1; id=20261101")),
            ("_smtp._tls", TXT) if is_there => {
                says(&mut message, TXT, &text("v=TLSRPTv1; rua=mailto:tls@example.com"));
            }
            _ if is_there => message.soa(&name),
            _ if domain.is_wildcard => {
                let target = format!("www.{name}");
                says(&mut message, CNAME, &wire(&target));
                if asked.kind == A {
                    message.record(Section::Answer, Some(&target), (A, SHORT), &HOST);
                } else {
                    message.soa(&name);
                }
            }
            _ => {
                code = NXDOMAIN;
                message.out[3] |= NXDOMAIN as u8;
                message.soa(&name);
            }
        }
        message.end(asked, code);
    }
}

/// What a server of the root says.
fn root(asked: &Asked<'_>, tld: Option<u8>, out: &mut Vec<u8>) {
    let servers = |tld: Option<u8>| -> Vec<(String, Option<Ipv4Addr>)> {
        let letters = (0..SERVERS_OF_REGISTRY).map(|n| (n, char::from(b'a' + n)));
        letters.map(|(n, letter)| (registry_server(tld, letter), Some(of_registry(tld, n)))).collect()
    };
    match tld {
        Some(tld) => {
            let mut message = Message::new(asked, 0, false, out);
            message.servers(Section::Authority, TLDS[usize::from(tld)], &servers(Some(tld)));
            message.end(asked, 0);
        }
        None if asked.name.is_empty() && asked.kind == NS => {
            let mut message = Message::new(asked, 0, true, out);
            message.servers(Section::Answer, "", &servers(None));
            message.end(asked, 0);
        }
        // The names of its own servers and of the registries'.
        None => match registry_address(&asked.name) {
            Some(addr) => {
                let mut message = Message::new(asked, 0, true, out);
                if asked.kind == A {
                    message.record(Section::Answer, None, (A, LONG), &addr.octets());
                } else {
                    message.soa("");
                }
                message.end(asked, 0);
            }
            None => denied(asked, "", NXDOMAIN, out),
        },
    }
}

fn plain(asked: &Asked<'_>, code: u16, out: &mut Vec<u8>) {
    Message::new(asked, code, false, out).end(asked, code);
}

fn refused(asked: &Asked<'_>, reply: &mut Reply, out: &mut Vec<u8>) {
    reply.said = Said::Broken;
    plain(asked, REFUSED, out);
}

fn denied(asked: &Asked<'_>, zone: &str, code: u16, out: &mut Vec<u8>) {
    let mut message = Message::new(asked, code, true, out);
    message.soa(zone);
    message.end(asked, code);
}

/// The name of a server of the root or of a registry, all of which the root has the addresses of.
pub(super) fn registry_server(tld: Option<u8>, letter: char) -> String {
    match tld {
        None => format!("{letter}.root-servers"),
        Some(tld) => format!("{letter}.nic-{}", TLDS[usize::from(tld)]),
    }
}

fn registry_address(name: &str) -> Option<Ipv4Addr> {
    let (letter, of) = name.split_once('.')?;
    let server = letter.bytes().next().filter(|_| letter.len() == 1)?.checked_sub(b'a')?;
    let tld = match of.strip_prefix("nic-") {
        Some(tld) => Some(TLDS.iter().position(|one| *one == tld)? as u8),
        None if of == "root-servers" => None,
        None => return None,
    };
    (server < SERVERS_OF_REGISTRY).then(|| addresses::of_registry(tld, server))
}
