//! What is known of the security of zones: each is validated once for as long as its keys hold, and one finds
//! out for all who wait.

use super::super::generations::Generations;
use super::super::name::Wire;
use super::anchors::Anchors;
use crate::dns::map::Map;
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::rr::Record;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Zones of one generation; two are kept, some 2 KiB each where they are signed.
const ZONES: usize = 20_000;
/// How long anything is known at most, whatever its TTL says.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Whether a zone's data can be validated.
#[derive(Clone)]
pub(super) enum Security {
    /// By these keys.
    Secure(Arc<Keys>),
    /// A zone at or above it has no DS that can be used (RFC 4035 section 5.2).
    Insecure,
}

/// The keys of a zone, all proven.
pub(super) struct Keys {
    pub(super) zone: Wire,
    /// Its DNSKEY records.
    pub(super) records: Vec<Record>,
    /// The same and those of the zones above it, for the validator to begin at.
    pub(super) anchors: Arc<TrustAnchors>,
    /// Those of the nearest zone above it that has keys.
    pub(super) above: Option<Arc<Keys>>,
}

impl Keys {
    /// Those of a zone at or above this one.
    pub(super) fn of(&self, zone: &Wire) -> Option<&[Record]> {
        let mut keys = Some(self);
        while let Some(here) = keys {
            if here.zone == *zone {
                return Some(&here.records);
            }
            keys = here.above.as_deref();
        }
        None
    }
}

/// Shared by all threads of a scan.
pub(in crate::dns::iterate) struct Zones {
    /// The root's keys that are trusted.
    pub(super) anchors: Arc<TrustAnchors>,
    known: Mutex<Generations<Wire, Security>>,
    /// Zones that are being validated: who has this does it.
    turns: Mutex<Map<Wire, Arc<tokio::sync::Mutex<()>>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Zones {
    /// Nothing is known but the root's keys.
    pub(in crate::dns::iterate) fn new(anchors: &Anchors) -> Self {
        Self {
            anchors: anchors.0.clone(),
            known: Mutex::new(Generations::new(ZONES)),
            turns: Mutex::default(),
        }
    }

    /// What is known of a zone.
    pub(super) fn known(&self, zone: &Wire) -> Option<Security> {
        lock(&self.known).get(zone.bytes(), Instant::now())
    }

    /// Remembers it for so many seconds.
    pub(super) fn keep(&self, zone: &Wire, security: &Security, ttl: u32) {
        let until = Instant::now() + Duration::from_secs(ttl.into()).min(LONGEST);
        lock(&self.known).insert(zone.clone(), security.clone(), until);
    }

    /// The right to validate a zone, which one has at a time.
    pub(super) fn turn_at(&self, zone: &Wire) -> Arc<tokio::sync::Mutex<()>> {
        lock(&self.turns).entry(zone.clone()).or_default().clone()
    }

    /// Nobody need wait for a turn any more.
    pub(super) fn end_turns_at(&self, zone: &Wire) {
        lock(&self.turns).remove(zone);
    }
}
