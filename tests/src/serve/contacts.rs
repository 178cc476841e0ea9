//! Who came: every connection, and how many questions.

use super::load::{Asked, Loads, Taken};
use crate::contract::Kind;
use crate::value::{Value, to_arrow};
use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// What a contact was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// A question over UDP or TCP.
    Dns,
    /// A connection to a policy host.
    Https,
    /// A connection to an MX host.
    Smtp,
}

impl Service {
    /// Its word in `contacts.parquet`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Https => "https",
            Self::Smtp => "smtp",
        }
    }
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// When it was taken, microseconds since 1970.
    pub at: i64,
    /// What it was made with.
    pub service: Service,
    /// The address it was made to.
    pub addr: IpAddr,
    /// The name asked for in TLS (HTTPS) or said in EHLO or HELO (SMTP); `None` where it did not come to
    /// that.
    pub name: Option<String>,
    /// When it was over for the server, microseconds since 1970: QUIT was read, or the connection ended;
    /// `None` while it stands. The peer's own measure of a connection is longer, so these overlap only
    /// where the peer's do.
    pub ended: Option<i64>,
    /// Whether the peer closed while an SMTP session stood, without QUIT (RFC 5321 section 4.1.1.10).
    pub left: bool,
}

/// What a TLS server did with a hello, or a server that fails at first with whoever came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// When, microseconds since 1970.
    pub at: i64,
    /// The name that was asked about, lower case; of an MX host that limits its connections the address.
    pub name: String,
    /// The address it was met at; `None` for a question.
    pub addr: Option<IpAddr>,
    /// Whether it failed because it does so at first.
    pub failed: bool,
    /// Whether it was a hello of one packet.
    pub small: bool,
}

/// Which connection something is to be added to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    place: usize,
    /// The how manieth it is of its service and address, from 1.
    pub(super) turn: u64,
}

/// Every contact since the servers started.
#[derive(Debug, Default)]
pub struct Contacts {
    connections: Mutex<Vec<Connection>>,
    turns: Mutex<BTreeMap<(Service, IpAddr), u64>>,
    met: Mutex<Vec<Met>>,
    /// Names that were asked about, lower case, and when last; `None` where nobody wants to know, since a
    /// world may have many.
    names_asked: Mutex<Option<BTreeMap<String, i64>>>,
    questions: Mutex<BTreeMap<u16, u64>>,
    loads: Mutex<Loads>,
    all_questions: AtomicU64,
    forged: AtomicU64,
    largest_flood: AtomicU64,
}

impl Contacts {
    /// Every connection, in the order they were taken.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What TLS servers did with each hello, and servers that fail at first with whoever came, in the order
    /// of time.
    #[must_use]
    pub fn met(&self) -> Vec<Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn meet(&self, name: &str, addr: Option<IpAddr>, failed: bool, small: bool) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.push(Met { at: now(), name: name.to_ascii_lowercase(), addr, failed, small });
    }

    /// How many questions were asked, over UDP and TCP.
    #[must_use]
    pub fn questions(&self) -> u64 {
        self.all_questions.load(Ordering::Relaxed)
    }

    /// How many questions were asked of each type, by its number (RFC 1035 section 3.2.2).
    #[must_use]
    pub fn questions_by_type(&self) -> BTreeMap<u16, u64> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many datagrams were sent that are no answer to the question they came after.
    #[must_use]
    pub fn forgeries(&self) -> u64 {
        self.forged.load(Ordering::Relaxed)
    }

    /// The most bytes of a flood that one connection took, or let the system take, before its end.
    #[must_use]
    pub fn largest_flood(&self) -> u64 {
        self.largest_flood.load(Ordering::Relaxed)
    }

    pub(super) fn forged(&self, datagrams: u64) {
        self.forged.fetch_add(datagrams, Ordering::Relaxed);
    }

    pub(super) fn flooded(&self, bytes: u64) {
        self.largest_flood.fetch_max(bytes, Ordering::Relaxed);
    }

    /// From now on keeps every name that is asked about.
    pub fn keep_names_asked(&self) {
        self.names_asked.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
    }

    /// The names that were asked about since [`Contacts::keep_names_asked`], lower case, and when last:
    /// microseconds since 1970.
    #[must_use]
    pub fn names_asked(&self) -> BTreeMap<String, i64> {
        self.names_asked.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    pub(super) fn question(&self, name: &str, kind: u16) {
        if let Some(names) = self.names_asked.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            names.insert(name.to_ascii_lowercase(), now());
        }
        self.all_questions.fetch_add(1, Ordering::Relaxed);
        *self.questions.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
    }

    /// How much authoritative servers were asked.
    #[must_use]
    pub fn loads(&self) -> Loads {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn taken(&self, taken: Taken<'_>, name: &str, kind: u16) {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner).take(taken, name, kind);
    }

    pub(super) fn connection(&self, service: Service, addr: IpAddr) -> Ticket {
        let at = now();
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = turns.entry((service, addr)).or_default();
            *turn += 1;
            *turn
        };
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.push(Connection { at, service, addr, name: None, ended: None, left: false });
        Ticket { place: connections.len() - 1, turn }
    }

    /// Notes that a connection is over, where that is not noted yet.
    pub(super) fn over(&self, ticket: Ticket) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contact) = connections.get_mut(ticket.place) {
            contact.ended.get_or_insert_with(now);
        }
    }

    pub(super) fn left_without_quit(&self, ticket: Ticket) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contact) = connections.get_mut(ticket.place) {
            contact.left = true;
        }
    }

    pub(super) fn name(&self, ticket: Ticket, name: &str) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contact) = connections.get_mut(ticket.place) {
            contact.name = Some(name.to_owned());
        }
    }
}

/// Microseconds since 1970.
#[allow(clippy::disallowed_methods, reason = "dates what is seen")]
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The columns of `contacts.parquet`: for each connection when, what, where, the name, 1, and whether QUIT
/// was left out; for the questions of each type one row without time and address, the type's number as the
/// name, and how many they were.
///
/// Where the DNS is delegated also one row for each server (`dns_server`, its address), operator
/// (`dns_operator`, its registrable domain), network of 256 addresses (`dns_network`, the first of them) and
/// top-level domain (`dns_tld`, empty for the root) that was asked: how many questions, and the most
/// datagrams in any second; and one for each name and type that the root was asked (`dns_root`, as `com 2`).
pub(crate) const LAYOUT: [(&str, Kind); 7] = [
    ("at", Kind::Time),
    ("service", Kind::Text),
    ("addr", Kind::Text),
    ("name", Kind::Text),
    ("contacts", Kind::Int64),
    ("left", Kind::Bool),
    ("peak", Kind::Int64),
];

/// Writes who came as `contacts.parquet`.
///
/// # Errors
/// Where the file cannot be written.
pub fn write_contacts(contacts: &Contacts, path: &Path) -> Result<()> {
    let mut rows: Vec<[Value; 7]> = Vec::new();
    for contact in contacts.connections() {
        rows.push([
            Value::Int(contact.at),
            Value::text(contact.service.as_str()),
            Value::text(contact.addr.to_string()),
            contact.name.map_or(Value::Null, Value::text),
            Value::Int(1),
            Value::Bool(contact.left),
            Value::Null,
        ]);
    }
    let mut counted =
        |service: &str, addr: Option<Ipv4Addr>, name: Option<String>, count, peak: Option<u64>| {
            let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
            let addr = addr.map_or(Value::Null, |addr| Value::text(addr.to_string()));
            let (name, peak) = (name.map_or(Value::Null, Value::text), peak.map_or(Value::Null, number));
            rows.push([Value::Null, Value::text(service), addr, name, number(count), Value::Null, peak]);
        };
    for (kind, count) in contacts.questions_by_type() {
        counted(Service::Dns.as_str(), None, Some(kind.to_string()), count, None);
    }
    let loads = contacts.loads();
    for (asked, load) in loads.of() {
        let (addr, name) = match asked {
            Asked::Server(addr) | Asked::Network(addr) => (Some(*addr), None),
            Asked::Operator(name) | Asked::Tld(name) => (None, Some(name.clone())),
        };
        counted(asked.as_str(), addr, name, load.questions, Some(load.peak));
    }
    for (name, kind, load) in loads.of_root() {
        counted("dns_root", None, Some(format!("{name} {kind}")), load.questions, Some(load.peak));
    }
    let schema = Arc::new(Schema::new(
        LAYOUT.iter().map(|(n, k)| Field::new(*n, k.arrow(), true)).collect::<Vec<_>>(),
    ));
    let mut arrays = Vec::new();
    for (at, (_, kind)) in LAYOUT.iter().enumerate() {
        let cells: Vec<&Value> = rows.iter().map(|row| row.get(at).unwrap_or(&Value::Null)).collect();
        arrays.push(to_arrow(kind, &cells)?);
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), None)?;
    writer.write(&RecordBatch::try_new(schema, arrays)?)?;
    writer.close()?;
    Ok(())
}
