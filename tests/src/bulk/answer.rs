//! What an address says to a question.

use super::Bulk;
use super::addresses::{self, Owner, SERVERS_OF_REGISTRY, TLDS, of_operator, of_registry, owner};
use super::domain::{Defect, Domain, Signal};
use super::operators::{self, Operators};
use crate::serve::message::{self, Named, Question, Section, Speaker, Verdict, Writer};
use std::net::Ipv4Addr;
use std::time::Duration;

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const MX: u16 = 15;
const TXT: u16 = 16;
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

/// The records of those who take part.
const STS: &str = "v=STSv1; id=20261101";
const TLSRPT: &str = "v=TLSRPTv1; rua=mailto:tls@example.com";

/// Servers of a zone, with the addresses that are known of them.
type Servers = Vec<(String, Option<Ipv4Addr>)>;

/// A question, and how it came.
#[derive(Debug)]
pub(super) struct Asked<'q> {
    question: Question<'q>,
    over_tcp: bool,
}

/// What becomes of a question.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// The answer; `None`: silence.
    pub(super) message: Option<Vec<u8>>,
    /// Whether the server is broken: REFUSED, SERVFAIL, a referral to itself, or silence.
    pub(super) is_broken: bool,
    /// How long the server takes.
    pub(super) delay: Duration,
    /// Whether the question is about a domain that signals: such are asked for more than their records.
    pub(super) is_about_signaller: bool,
}

impl Reply {
    /// An answer of use.
    fn useful(message: Vec<u8>) -> Self {
        Self { message: Some(message), ..Self::default() }
    }

    /// An answer of none.
    fn broken(message: Vec<u8>) -> Self {
        Self { message: Some(message), is_broken: true, ..Self::default() }
    }

    fn silence() -> Self {
        Self { is_broken: true, ..Self::default() }
    }
}

impl<'q> Asked<'q> {
    /// Reads a question; `None` where it is none.
    pub(super) fn read(message: &'q [u8], over_tcp: bool) -> Option<Self> {
        Some(Self { question: message::read(message)?, over_tcp })
    }

    /// An answer with what `write` writes.
    fn says(&self, rcode: u16, speaker: Speaker, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::new(&self.question);
        write(&mut writer);
        writer.finish(&self.question, Verdict { rcode, speaker, ..Verdict::default() }, self.over_tcp)
    }

    /// One that is a code and nothing else.
    fn code(&self, code: u16) -> Vec<u8> {
        self.says(code, Speaker::Referrer, |_| ())
    }

    /// NODATA, or with that code NXDOMAIN.
    fn denied(&self, zone: &str, code: u16) -> Vec<u8> {
        self.says(code, Speaker::Authority, |writer| self.soa(writer, zone))
    }

    /// A referral to a zone.
    fn referral(&self, zone: &str, servers: &Servers) -> Vec<u8> {
        self.says(0, Speaker::Referrer, |writer| self.servers(writer, Section::Authority, zone, servers))
    }

    fn soa(&self, writer: &mut Writer, zone: &str) {
        writer.section(Section::Authority);
        writer.soa(zone, &self.question);
    }

    fn servers(&self, writer: &mut Writer, section: Section, zone: &str, servers: &Servers) {
        writer.section(section);
        for (name, _) in servers {
            self.record(writer, zone, (NS, LONG), |data| data.name(name, &self.question));
        }
        writer.section(Section::Additional);
        for (name, addr) in servers {
            if let Some(addr) = addr {
                self.record(writer, name, (A, LONG), |data| data.bytes(&addr.octets()));
            }
        }
    }

    fn record(
        &self,
        writer: &mut Writer,
        name: &str,
        (kind, ttl): (u16, u32),
        data: impl FnOnce(&mut Writer),
    ) {
        writer.record(Named::Text(name), &self.question, kind, ttl, data);
    }

    /// A record about the name that was asked for.
    fn own(&self, writer: &mut Writer, kind: u16, ttl: u32, data: impl FnOnce(&mut Writer)) {
        self.record(writer, &self.question.name, (kind, ttl), data);
    }
}

/// Writes a character-string (RFC 1035 section 3.3).
fn text(data: &mut Writer, text: &str) {
    data.bytes(&[text.len() as u8]);
    data.bytes(text.as_bytes());
}

/// A name without its last label, and that label.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

impl Bulk {
    /// What an address says to a question.
    pub(super) fn answer(&self, asked_at: Ipv4Addr, asked: &Asked<'_>) -> Reply {
        let (above, top) = split(&asked.question.name);
        let tld = TLDS.iter().position(|tld| *tld == top).map(|n| n as u8);
        let (below, label) = split(above);
        match (owner(asked_at), tld) {
            (Owner::Root, _) => Reply::useful(root(asked, tld)),
            (Owner::Registry(of), Some(tld)) if of == tld => Reply::useful(self.registry(asked, tld, label)),
            (Owner::Registry(_), _) => Reply::useful(asked.code(REFUSED)),
            (Owner::Operator(operator, server), _) => {
                let has_edns = asked.question.edns.is_some();
                if Operators::is_silent(operator, server)
                    || (operators::NO_EDNS.contains(&operator) && has_edns)
                {
                    return Reply::silence();
                }
                if operators::BAD_VERSION.contains(&operator) && has_edns {
                    return Reply::useful(asked.code(BADVERS));
                }
                let delay = if operators::SLOW.contains(&operator) { SLOW } else { Duration::ZERO };
                Reply { delay, ..self.operator(asked, (operator, server), (below, label, tld)) }
            }
            (Owner::Own(number, server), Some(tld)) => {
                let domain =
                    self.of_label(label, tld).filter(|domain| domain.number == number && domain.is_own);
                match domain.and_then(|domain| domain.turn(server).map(|turn| (domain, turn))) {
                    Some((domain, turn)) if domain.defect != Defect::DeadServers => {
                        self.of_domain(asked, &domain, turn, below)
                    }
                    _ => Reply::silence(),
                }
            }
            _ => Reply::silence(),
        }
    }

    fn registry(&self, asked: &Asked<'_>, tld: u8, label: &str) -> Vec<u8> {
        let top = TLDS[usize::from(tld)];
        if label.is_empty() {
            return asked.denied(top, 0);
        }
        let operator = Operators::of_label(label).filter(|operator| self.operators.tld(*operator) == tld);
        if let Some(operator) = operator {
            return asked.referral(&self.operators.zone(operator), &self.of_operators_zone(operator));
        }
        let domain = self.of_label(label, tld).filter(|domain| domain.defect != Defect::Unregistered);
        match domain {
            Some(domain) => asked.referral(&self.name(&domain), &self.delegation(&domain)),
            None => asked.denied(top, NXDOMAIN),
        }
    }

    /// The servers of an operator's own zone, with the addresses that its registry has.
    pub(super) fn of_operators_zone(&self, operator: u16) -> Servers {
        let host = self.operators.host(operator);
        let has_glue = host == operator && Operators::has_glue(operator);
        let zone = self.operators.zone(host);
        (0..4).map(|n| (format!("ns{n}.{zone}"), has_glue.then(|| of_operator(host, n)))).collect()
    }

    /// The servers of a domain, with the addresses that its registry has.
    pub(super) fn delegation(&self, domain: &Domain) -> Servers {
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
    ) -> Reply {
        let refused = || Reply::broken(asked.code(REFUSED));
        let Some(tld) = tld else { return refused() };
        if let Some(of) = Operators::of_label(label) {
            if self.operators.tld(of) == tld && self.operators.host(of) == operator && server < 4 {
                return Reply::useful(self.of_operator(asked, of, below));
            }
            return refused();
        }
        let domain = self.of_label(label, tld).filter(|domain| !domain.is_own && domain.operator == operator);
        match domain.and_then(|domain| domain.turn(server).map(|turn| (domain, turn))) {
            Some((domain, turn)) if domain.defect != Defect::Unregistered => {
                self.of_domain(asked, &domain, turn, below)
            }
            _ => refused(),
        }
    }

    /// What is in an operator's own zone.
    fn of_operator(&self, asked: &Asked<'_>, operator: u16, below: &str) -> Vec<u8> {
        let zone = self.operators.zone(operator);
        let number = below.strip_prefix("ns").and_then(|n| n.parse().ok());
        let number = number.filter(|number| *number < Operators::servers(operator));
        let says = |write: &dyn Fn(&mut Writer)| asked.says(0, Speaker::Authority, |writer| write(writer));
        match (below, number, asked.question.kind) {
            ("mta", _, TXT) => says(&|writer| asked.own(writer, TXT, SHORT, |data| text(data, STS))),
            (_, Some(number), A) => {
                let addr = of_operator(operator, number).octets();
                says(&|writer| asked.own(writer, A, LONG, |data| data.bytes(&addr)))
            }
            ("" | "mta", _, _) | (_, Some(_), _) => asked.denied(&zone, 0),
            _ => asked.denied(&zone, NXDOMAIN),
        }
    }

    /// What a server of a domain says of it.
    fn of_domain(&self, asked: &Asked<'_>, domain: &Domain, turn: usize, below: &str) -> Reply {
        let reply = match domain.defect {
            Defect::Refused => Reply::broken(asked.code(REFUSED)),
            Defect::OneRefused if turn == 0 => Reply::broken(asked.code(REFUSED)),
            Defect::ServerFailure => Reply::broken(asked.code(SERVFAIL)),
            Defect::SelfReferring if turn == 0 => {
                Reply::broken(asked.referral(&self.name(domain), &self.delegation(domain)))
            }
            _ => Reply::useful(self.in_domain(asked, domain, below)),
        };
        Reply { is_about_signaller: domain.signals != Signal::No, ..reply }
    }

    /// What is in the zone of a domain.
    fn in_domain(&self, asked: &Asked<'_>, domain: &Domain, below: &str) -> Vec<u8> {
        let name = self.name(domain);
        let own_server = below.strip_prefix("ns").and_then(|n| n.parse::<usize>().ok());
        let own_server = own_server.filter(|_| domain.is_vanity).and_then(|turn| domain.numbers().nth(turn));
        let is_there = match below {
            "" | "mx1" => true,
            "_mta-sts" => domain.signals != Signal::No,
            "_smtp._tls" | "_tls" => domain.has_tlsrpt,
            "www" => domain.is_wildcard,
            _ => own_server.is_some(),
        };
        if !is_there && !domain.is_wildcard {
            return asked.denied(&name, NXDOMAIN);
        }
        let question = &asked.question;
        asked.says(0, Speaker::Authority, |writer| match (below, question.kind) {
            ("", MX) if domain.has_mx => asked.own(writer, MX, SHORT, |data| {
                data.number(10);
                data.name(&format!("mx1.{name}"), question);
            }),
            ("", NS) => {
                for (server, _) in self.delegation(domain) {
                    asked.own(writer, NS, SHORT, |data| data.name(&server, question));
                }
            }
            ("" | "mx1" | "www", A) if is_there => asked.own(writer, A, SHORT, |data| data.bytes(&HOST)),
            (_, A) if let Some(number) = own_server => {
                asked.own(writer, A, SHORT, |data| data.bytes(&domain.addr(number).octets()));
            }
            ("_mta-sts", _) if domain.signals == Signal::ByAlias => {
                let target = format!("mta.{}", self.operators.zone(domain.operator));
                asked.own(writer, CNAME, SHORT, |data| data.name(&target, question));
            }
            ("_mta-sts", TXT) if is_there => asked.own(writer, TXT, SHORT, |data| text(data, STS)),
            ("_smtp._tls", TXT) if is_there => asked.own(writer, TXT, SHORT, |data| text(data, TLSRPT)),
            _ if is_there => asked.soa(writer, &name),
            (_, kind) => {
                let target = format!("www.{name}");
                asked.own(writer, CNAME, SHORT, |data| data.name(&target, question));
                if kind == A {
                    asked.record(writer, &target, (A, SHORT), |data| data.bytes(&HOST));
                } else {
                    asked.soa(writer, &name);
                }
            }
        })
    }
}

/// What a server of the root says.
fn root(asked: &Asked<'_>, tld: Option<u8>) -> Vec<u8> {
    let servers = |tld: Option<u8>| -> Servers {
        let letters = (0..SERVERS_OF_REGISTRY).map(|n| (n, char::from(b'a' + n)));
        letters.map(|(n, letter)| (registry_server(tld, letter), Some(of_registry(tld, n)))).collect()
    };
    let Question { name, kind, .. } = &asked.question;
    if let Some(tld) = tld {
        return asked.referral(TLDS[usize::from(tld)], &servers(Some(tld)));
    }
    if name.is_empty() && *kind == NS {
        let own = |writer: &mut Writer| asked.servers(writer, Section::Answer, "", &servers(None));
        return asked.says(0, Speaker::Authority, own);
    }
    // The names of its own servers and of the registries'.
    match registry_address(name) {
        Some(addr) if *kind == A => asked.says(0, Speaker::Authority, |writer| {
            asked.own(writer, A, LONG, |data| data.bytes(&addr.octets()));
        }),
        Some(_) => asked.denied("", 0),
        None => asked.denied("", NXDOMAIN),
    }
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
