//! Who came: every connection, and how many questions.

use crate::contract::Kind;
use crate::value::{Value, to_arrow};
use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::IpAddr;
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
pub struct Contact {
    /// When it was taken, microseconds since 1970.
    pub at: i64,
    /// What it was made with.
    pub service: Service,
    /// The address it was made to.
    pub addr: IpAddr,
    /// The name asked for in TLS (HTTPS) or said in EHLO or HELO (SMTP); `None` where it did not come to that.
    pub name: Option<String>,
    /// Whether the peer closed while an SMTP session stood, without QUIT (RFC 5321 section 4.1.1.10).
    pub left: bool,
}

/// Which connection a name is to be added to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket(usize);

/// Every contact since the servers started.
#[derive(Debug, Default)]
pub struct Contacts {
    connections: Mutex<Vec<Contact>>,
    questions: Mutex<BTreeMap<u16, u64>>,
    all_questions: AtomicU64,
    forged: AtomicU64,
    largest_flood: AtomicU64,
}

impl Contacts {
    /// Every connection, in the order they were taken.
    #[must_use]
    pub fn connections(&self) -> Vec<Contact> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

    pub(super) fn question(&self, kind: u16) {
        self.all_questions.fetch_add(1, Ordering::Relaxed);
        *self.questions.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
    }

    #[allow(clippy::disallowed_methods, reason = "dates what is seen")]
    pub(super) fn connection(&self, service: Service, addr: IpAddr) -> Ticket {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.push(Contact { at, service, addr, name: None, left: false });
        Ticket(connections.len() - 1)
    }

    pub(super) fn left_without_quit(&self, ticket: Ticket) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contact) = connections.get_mut(ticket.0) {
            contact.left = true;
        }
    }

    pub(super) fn name(&self, ticket: Ticket, name: &str) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(contact) = connections.get_mut(ticket.0) {
            contact.name = Some(name.to_owned());
        }
    }
}

/// The columns of `contacts.parquet`: for each connection when, what, where, the name, 1, and whether QUIT was left out; for the questions of each
/// type one row without time and address, the type's number as the name, and how many they were.
pub(crate) const LAYOUT: [(&str, Kind); 6] = [
    ("at", Kind::Time),
    ("service", Kind::Text),
    ("addr", Kind::Text),
    ("name", Kind::Text),
    ("contacts", Kind::Int64),
    ("left", Kind::Bool),
];

/// Writes who came as `contacts.parquet`.
///
/// # Errors
/// Where the file cannot be written.
pub fn write_contacts(contacts: &Contacts, path: &Path) -> Result<()> {
    let mut rows: Vec<[Value; 6]> = Vec::new();
    for contact in contacts.connections() {
        rows.push([
            Value::Int(contact.at),
            Value::text(contact.service.as_str()),
            Value::text(contact.addr.to_string()),
            contact.name.map_or(Value::Null, Value::text),
            Value::Int(1),
            Value::Bool(contact.left),
        ]);
    }
    for (kind, count) in contacts.questions_by_type() {
        let count = Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
        let service = Value::text(Service::Dns.as_str());
        rows.push([Value::Null, service, Value::Null, Value::text(kind.to_string()), count, Value::Null]);
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
