#![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
//! Small worlds of authoritative servers, each at a loopback address of its own and all at one port.

use super::*;
use crate::admission::Exclusions;
use crate::dns::{Dns, Iteration};
use crate::plan::{Origin, ScanPlan, Typed};
use crate::uplink::Uplink;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::opt::{EdnsCode, EdnsOption, OPT};
use hickory_resolver::proto::rr::rdata::{A, CNAME, NS, SOA, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record};
use std::net::Ipv4Addr;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

mod agreement;
mod broken;
mod cut;
mod polite;

/// What a server says to a question for a name and a type.
pub(super) type Says = Box<dyn Fn(&str, RecordType) -> Reply + Send>;

/// One answer.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// The servers of a zone, each with its address where it comes along.
    Refer(&'static str, Vec<(&'static str, Option<Ipv4Addr>)>),
    /// A TXT record.
    Txt(&'static str),
    /// An address.
    A(Ipv4Addr),
    /// An alias, and nothing behind it.
    Alias(&'static str),
    /// NODATA with an SOA.
    NoData,
    /// NXDOMAIN with an SOA.
    NxDomain,
    /// An rcode.
    Code(ResponseCode),
    /// A TXT record, not authoritative.
    Hearsay(&'static str),
    /// What did not fit.
    Cut,
    /// Nothing.
    Silence,
    /// After so many milliseconds.
    Late(u64, Box<Self>),
    /// Only where the question has no OPT; else this rcode.
    Plain(Option<ResponseCode>, Box<Self>),
    /// Where the question bears the server's cookie; else BADCOOKIE, with it (RFC 7873 section 5.2.3).
    Cookie(Box<Self>),
    /// With the letters of the question in lower case.
    Lowered(Box<Self>),
    /// From another address.
    FromElsewhere(Box<Self>),
    /// This, whole.
    Whole(Box<Message>),
}

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).unwrap()
}

fn message(query: &Message, reply: &Reply) -> Option<Message> {
    let question = query.queries.first().unwrap().clone();
    let mut message = Message::response(query.metadata.id, query.metadata.op_code);
    message.add_query(question.clone());
    message.metadata.authoritative = true;
    let owner = question.name().clone();
    let soa = || {
        let data = SOA::new(name("ns.example"), name("admin.example"), 1, 2, 3, 4, 5);
        Record::from_rdata(name("."), 60, RData::SOA(data))
    };
    match reply {
        Reply::Refer(zone, servers) => {
            message.metadata.authoritative = false;
            for (server, addr) in servers {
                message.add_authority(Record::from_rdata(name(zone), 3_600, RData::NS(NS(name(server)))));
                if let Some(addr) = addr {
                    message.add_additional(Record::from_rdata(name(server), 3_600, RData::A(A(*addr))));
                }
            }
        }
        Reply::Txt(text) | Reply::Hearsay(text) => {
            message.metadata.authoritative = matches!(reply, Reply::Txt(_));
            let data = RData::TXT(TXT::new(vec![(*text).to_owned()]));
            message.add_answer(Record::from_rdata(owner, 60, data));
        }
        Reply::A(addr) => {
            message.add_answer(Record::from_rdata(owner, 60, RData::A(A(*addr))));
        }
        Reply::Alias(target) => {
            message.add_answer(Record::from_rdata(owner, 60, RData::CNAME(CNAME(name(target)))));
        }
        Reply::NoData => {
            message.add_authority(soa());
        }
        Reply::NxDomain => {
            message.metadata.response_code = ResponseCode::NXDomain;
            message.add_authority(soa());
        }
        Reply::Code(code) => {
            message.metadata.authoritative = false;
            message.metadata.response_code = *code;
            // The upper bits of an rcode stand in the OPT.
            message.edns.clone_from(&query.edns);
        }
        Reply::Cut => message.metadata.truncation = true,
        Reply::Silence => return None,
        Reply::Plain(code, then) => {
            return match (query.edns.is_some(), code) {
                (true, Some(code)) => self::message(query, &Reply::Code(*code)),
                (true, None) => None,
                (false, _) => self::message(query, then),
            };
        }
        Reply::Cookie(then) => return cookied(query, then),
        Reply::Whole(whole) => {
            let mut whole = (**whole).clone();
            whole.metadata.id = query.metadata.id;
            whole.queries = vec![question];
            return Some(whole);
        }
        Reply::Late(_, then) | Reply::FromElsewhere(then) => return self::message(query, then),
        Reply::Lowered(then) => {
            let mut lowered = query.clone();
            let question = &mut lowered.queries[0];
            question.set_name(question.name().to_lowercase());
            return self::message(&lowered, then);
        }
    }
    Some(message)
}

fn cookied(query: &Message, then: &Reply) -> Option<Message> {
    let own = b"servers!";
    let option = query.edns.as_ref().unwrap().option(EdnsCode::Cookie);
    let Some(EdnsOption::Unknown(10, shown)) = option else { unreachable!("every question has one") };
    let (client, server) = shown.split_at(8);
    let is_known = server == own;
    let mut message = message(query, if is_known { then } else { &Reply::Code(ResponseCode::BADCOOKIE) })?;
    let mut edns = query.edns.clone().unwrap();
    *edns.options_mut() = OPT::default();
    edns.options_mut().insert(EdnsOption::Unknown(10, [client, own].concat()));
    message.edns = Some(edns);
    Some(message)
}

/// When, which server, which name and type.
type Asked = (std::time::Instant, Ipv4Addr, String, RecordType);

/// Servers that run for as long as it lives.
pub(super) struct World {
    pub(super) port: u16,
    /// For each question: when, which server, which name and type.
    pub(super) asked: Arc<Mutex<Vec<Asked>>>,
    pub(super) tasks: JoinSet<()>,
}

/// An address of this world; each test has its own `net`, since all share a port only by chance.
pub(super) const fn at(net: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 77, net, host)
}

impl World {
    pub(super) async fn of(servers: Vec<(Ipv4Addr, Says)>) -> Self {
        let sockets = loop {
            let first = UdpSocket::bind((servers[0].0, 0)).await.unwrap();
            let port = first.local_addr().unwrap().port();
            let mut sockets = vec![first];
            for (addr, _) in &servers[1..] {
                match UdpSocket::bind((*addr, port)).await {
                    Ok(socket) => sockets.push(socket),
                    Err(_) => break,
                }
            }
            if sockets.len() == servers.len() {
                break sockets;
            }
        };
        let port = sockets[0].local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<_>>> = Arc::default();
        let mut tasks = JoinSet::new();
        for (socket, (addr, says)) in sockets.into_iter().zip(servers) {
            tasks.spawn(serve(Arc::new(socket), addr, says, asked.clone()));
        }
        Self { port, asked, tasks }
    }

    /// How often a server was asked for anything.
    pub(super) fn times(&self, addr: Ipv4Addr) -> usize {
        self.asked.lock().unwrap().iter().filter(|(_, of, ..)| *of == addr).count()
    }

    pub(super) fn client(&self, root: Ipv4Addr, deadline: Duration) -> Dns {
        self.client_with(root, deadline, &[], (1_000_000, 10_000))
    }

    pub(super) fn client_with(
        &self,
        root: Ipv4Addr,
        deadline: Duration,
        exclude: &[std::path::PathBuf],
        server: (u32, usize),
    ) -> Dns {
        self.client_of(root, deadline, exclude, server, None)
    }

    pub(super) fn validating_client(
        &self,
        root: Ipv4Addr,
        deadline: Duration,
        anchors: Option<Anchors>,
    ) -> Dns {
        self.client_of(root, deadline, &[], (1_000_000, 10_000), anchors)
    }

    fn client_of(
        &self,
        root: Ipv4Addr,
        deadline: Duration,
        exclude: &[std::path::PathBuf],
        server: (u32, usize),
        anchors: Option<Anchors>,
    ) -> Dns {
        let typed = |key: &str, value: &str| Typed {
            key: key.to_owned(),
            values: vec![value.to_owned()],
            origin: Origin::Flag,
        };
        let plan = vec![typed("pace.dns_rate", "10000000"), typed("targets.allow_private", "true")];
        let plan = ScanPlan::build(Vec::new(), None, plan).unwrap();
        let exclusions = Exclusions::read(exclude).unwrap();
        let admission = Admission::new(&plan, exclusions, false, CancellationToken::new());
        let line = Uplink::new(Duration::from_secs(60), CancellationToken::new());
        let many = (1_000_000, 100_000);
        let iteration = Iteration {
            anchors,
            hints: vec![(Wire::of("a.root").unwrap(), vec![root.into()])],
            port: self.port,
            pace: AuthorityPace { server, operator: many, tld: many },
            threads: 1,
        };
        Dns::iterating(&iteration, deadline, Arc::new(admission), Arc::new(line))
    }
}

async fn serve(socket: Arc<UdpSocket>, addr: Ipv4Addr, says: Says, asked: Arc<Mutex<Vec<Asked>>>) {
    let mut buffer = [0; 4_096];
    let mut late = JoinSet::new();
    let elsewhere = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
    loop {
        let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
        let query = Message::from_vec(&buffer[..len]).unwrap();
        assert!(!query.metadata.recursion_desired, "no recursion is wanted of an authority");
        let question = query.queries.first().unwrap();
        let text = question.name().to_lowercase().to_ascii();
        let text = text.trim_end_matches('.').to_owned();
        asked.lock().unwrap().push((std::time::Instant::now(), addr, text.clone(), question.query_type()));
        let reply = says(&text, question.query_type());
        let Some(message) = message(&query, &reply) else { continue };
        let bytes = message.to_vec().unwrap();
        let by = if matches!(reply, Reply::FromElsewhere(_)) { &elsewhere } else { &socket };
        if let Reply::Late(ms, _) = reply {
            let socket = socket.clone();
            let due = tokio::time::Instant::now() + Duration::from_millis(ms);
            late.spawn(async move {
                tokio::time::sleep_until(due).await;
                socket.send_to(&bytes, from).await.unwrap();
            });
        } else {
            by.send_to(&bytes, from).await.unwrap();
        }
    }
}

/// Root at host 1, the TLD `example` at host 2, and servers of the test from host 3 on; `below` says what the
/// TLD says.
pub(super) fn registry(net: u8, below: impl Fn(&str) -> Reply + Send + 'static) -> Vec<(Ipv4Addr, Says)> {
    let root = move |name: &str, _| match name {
        "" => Reply::NoData,
        name if name.ends_with("example") => {
            Reply::Refer("example", vec![("ns.nic.example", Some(at(net, 2)))])
        }
        _ => Reply::NxDomain,
    };
    let tld = move |name: &str, _| below(name);
    vec![(at(net, 1), Box::new(root)), (at(net, 2), Box::new(tld))]
}

pub(super) async fn ask(dns: &Dns, name: &str, kind: RecordType) -> Answer {
    dns.ask(name, kind, &mut Waited::default()).await.unwrap()
}

pub(super) const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_name_is_found_by_way_of_root_and_tld_and_the_next_one_from_the_tld() {
    let mut servers = registry(1, |name| match name {
        name if name.ends_with("a.example") => {
            Reply::Refer("a.example", vec![("ns.a.example", Some(at(1, 3)))])
        }
        _ => Reply::NxDomain,
    });
    servers.push((at(1, 3), Box::new(|_, _| Reply::Txt("v=1"))));
    let world = World::of(servers).await;
    let dns = world.client(at(1, 1), LONG);
    let near = Near::default();
    dns.attend(async {
        let waited = &mut Waited::default();
        let found =
            dns.ask_near(Effort::Full, Some(&near), "a.example", RecordType::TXT, waited).await.unwrap();
        assert_eq!((found.status, found.txt()), (DnsStatus::NoError, vec![b"v=1".to_vec()]));
        assert_eq!((found.ad, found.ede), (None, Some(Vec::new())));
        dns.ask_near(Effort::Full, Some(&near), "_mta-sts.a.example", RecordType::TXT, waited).await.unwrap();
        let gone = ask(&dns, "b.example", RecordType::TXT).await;
        assert_eq!((gone.status, gone.chain), (DnsStatus::NxDomain, Some(Vec::new())));
        assert_eq!(ask(&dns, "a.nowhere", RecordType::TXT).await.status, DnsStatus::NxDomain);
        assert_eq!(ask(&dns, "b.nowhere", RecordType::TXT).await.status, DnsStatus::NxDomain);
    })
    .await
    .unwrap();
    assert_eq!(near.delegated_to(), Some(vec!["ns.a.example".to_owned()]));
    // Priming, `example` and `nowhere` once each.
    assert_eq!((world.times(at(1, 1)), world.times(at(1, 2)), world.times(at(1, 3))), (3, 2, 2));
}

#[tokio::test]
async fn aliases_are_followed_across_zones_and_what_others_say_of_them_is_not_believed() {
    let mut servers = registry(2, |name| match name {
        name if name.ends_with("a.example") => {
            Reply::Refer("a.example", vec![("ns.a.example", Some(at(2, 3)))])
        }
        _ => Reply::Refer("b.example", vec![("ns.b.example", Some(at(2, 4)))]),
    });
    servers.push((
        at(2, 3),
        Box::new(|name, _| match name {
            "a.example" => Reply::Alias("x.b.example"),
            "l1.a.example" => Reply::Alias("l2.a.example"),
            "l2.a.example" => Reply::Alias("l1.a.example"),
            _ => Reply::Alias("gone.b.example"),
        }),
    ));
    servers.push((
        at(2, 4),
        Box::new(|name, _| match name {
            "x.b.example" => Reply::Txt("v=1"),
            _ => Reply::NxDomain,
        }),
    ));
    let world = World::of(servers).await;
    let dns = world.client(at(2, 1), LONG);
    dns.attend(async {
        let found = ask(&dns, "a.example", RecordType::TXT).await;
        assert_eq!((found.status, found.chain), (DnsStatus::NoError, Some(vec!["x.b.example".to_owned()])));
        let gone = ask(&dns, "c.a.example", RecordType::TXT).await;
        assert_eq!((gone.status, gone.chain), (DnsStatus::NxDomain, Some(vec!["gone.b.example".to_owned()])));
        let round = ask(&dns, "l1.a.example", RecordType::TXT).await;
        assert_eq!((round.status, round.ede), (DnsStatus::BadAnswer, Some(Vec::new())));
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn servers_without_an_address_are_looked_for_and_operators_that_need_each_other_hang_nobody() {
    let mut servers = registry(3, |name| match name {
        name if name.ends_with("op.example") => {
            Reply::Refer("op.example", vec![("ns.op.example", Some(at(3, 3)))])
        }
        name if name.ends_with("x.example") => Reply::Refer("x.example", vec![("ns.y.example", None)]),
        name if name.ends_with("y.example") => Reply::Refer("y.example", vec![("ns.x.example", None)]),
        name if name.ends_with("in.example") => Reply::Refer("in.example", vec![("ns.in.example", None)]),
        _ => Reply::Refer("c.example", vec![("ns1.op.example", None), ("gone.op.example", None)]),
    });
    servers.push((
        at(3, 3),
        Box::new(|name, kind| match (name, kind) {
            ("ns1.op.example", RecordType::A) => Reply::A(at(3, 4)),
            _ => Reply::NxDomain,
        }),
    ));
    servers.push((at(3, 4), Box::new(|_, _| Reply::Txt("v=1"))));
    let world = World::of(servers).await;
    let dns = Arc::new(world.client(at(3, 1), LONG));
    dns.attend(async {
        assert_eq!(ask(&dns, "c.example", RecordType::TXT).await.status, DnsStatus::NoError);
        let mut both = JoinSet::new();
        for n in 0..20 {
            let (dns, name) = (dns.clone(), if n % 2 == 0 { "x.example" } else { "y.example" });
            both.spawn(async move { ask(&dns, name, RecordType::TXT).await });
        }
        while let Some(found) = both.join_next().await {
            let found = found.unwrap();
            assert_eq!((found.status, found.ede), (DnsStatus::ServFail, Some(vec![22])));
        }
        assert_eq!(ask(&dns, "in.example", RecordType::TXT).await.status, DnsStatus::ServFail);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_cut_below_the_name_is_followed() {
    let mut servers = registry(4, |_| Reply::Refer("a.example", vec![("ns.a.example", Some(at(4, 3)))]));
    servers.push((
        at(4, 3),
        Box::new(|name, _| match name {
            "_smtp._tls.a.example" => {
                Reply::Refer("_tls.a.example", vec![("ns._tls.a.example", Some(at(4, 4)))])
            }
            _ => Reply::NoData,
        }),
    ));
    servers.push((at(4, 4), Box::new(|_, _| Reply::Txt("v=TLSRPTv1"))));
    let world = World::of(servers).await;
    let dns = world.client(at(4, 1), LONG);
    dns.attend(async {
        assert_eq!(ask(&dns, "a.example", RecordType::MX).await.status, DnsStatus::NoData);
        assert_eq!(ask(&dns, "_smtp._tls.a.example", RecordType::TXT).await.status, DnsStatus::NoError);
    })
    .await
    .unwrap();
}
