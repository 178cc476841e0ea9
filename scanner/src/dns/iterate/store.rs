//! What is remembered of the way to the scanned names: the zones of registries and of those that host name
//! servers, the addresses of name servers, and which servers are silent. Never a scanned name.

use super::cookie::Cookie;
use super::delegation::{Delegation, Failure};
use super::generations::Generations;
use super::name::Wire;
use crate::dns::map::{Map, Set};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Zones of one generation; two are kept, some 400 bytes each.
const ZONES: usize = 300_000;
/// Names of servers of one generation; two are kept, some 150 bytes each.
const NAMES: usize = 1_500_000;
/// Silent addresses, addresses without EDNS, and addresses with a cookie that are known at once.
const SERVERS: usize = 500_000;
/// Shortest and longest time that anything is remembered, whatever its TTL says (RFC 8767 section 4 allows a
/// bound).
const LEAST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(86_400);
/// How long a server's name that has no address is not looked for again (RFC 2308 section 7: at most five
/// minutes).
const FAILED: Duration = Duration::from_secs(300);
/// Questions without an answer in a row after which an address is taken to be dead, and for how long; the
/// silence must have lasted as long as one question may. Until then a slow server, or one that limits its
/// answers to whoever asks much (for a second at most), may still answer the first of them.
const SILENT: u32 = 2;
const DEAD: Duration = Duration::from_secs(60);
/// How long the root's word that there is no such TLD holds.
const ABSENT: Duration = Duration::from_secs(10_800);

/// The right to ask the root: whoever has it sees when it failed last.
pub(super) type Turn = Arc<tokio::sync::Mutex<Option<Failed>>>;

/// That the root did not answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed {
    /// When it was asked.
    pub(super) began: Instant,
    /// When that ended.
    pub(super) ended: Instant,
    pub(super) failure: Failure,
}

/// What is known of a zone.
#[derive(Clone)]
pub(super) enum Zone {
    /// Its servers.
    Delegated(Arc<Delegation>),
    /// The root says that there is none.
    Absent,
}

/// What is known of the addresses of a name server.
pub(super) enum Known {
    /// These; empty where it has none.
    Addresses(Arc<[IpAddr]>),
    /// Whoever could tell was silent not long ago.
    Unheard,
    /// Somebody looks for them.
    Sought(watch::Receiver<()>),
    /// Whoever looks for them waits for the asker, by whatever others.
    Circle,
    /// Nobody does: whoever asked is to.
    Unknown,
}

/// What came of the search for a name server's addresses.
pub(super) enum Search {
    /// These, for so many seconds; empty where it has none.
    Found(Vec<IpAddr>, u32),
    /// Whoever could tell was silent.
    Unheard,
    /// It was given up: whoever asks next is to look.
    GivenUp,
}

struct Names {
    found: Generations<Wire, Arc<[IpAddr]>>,
    /// Servers that nobody was heard about, and until when they are not looked for again.
    unheard: Map<Wire, Instant>,
    sought: Map<Wire, Seeking>,
    /// Which name each walk waits for.
    waits: Map<u64, Wire>,
    /// When the network came back last.
    forgiven: Option<Instant>,
}

struct Seeking {
    by: u64,
    began: Instant,
    done: watch::Sender<()>,
}

#[derive(Default)]
struct Servers {
    /// Those that did not answer the last question.
    silent: Map<IpAddr, Silence>,
    /// Those that are asked without EDNS.
    plain: Set<IpAddr>,
    /// What servers want to be shown (RFC 7873 section 5.4).
    cookies: Map<IpAddr, Cookie>,
}

/// Questions in a row that were not answered.
struct Silence {
    times: u32,
    /// When the first of them was given up.
    since: Instant,
    /// Until when the address is taken to be dead.
    dead: Option<Instant>,
}

/// Shared by all threads of a scan.
pub(super) struct Store {
    /// How long one question may take in all.
    deadline: Duration,
    zones: Mutex<Generations<Wire, Zone>>,
    names: Mutex<Names>,
    servers: Mutex<Servers>,
    /// For each TLD that is being asked for: who has this asks.
    tlds: Mutex<Map<Wire, Turn>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kept_for(ttl: u32) -> Duration {
    Duration::from_secs(ttl.into()).clamp(LEAST, LONGEST)
}

impl Store {
    /// For questions that may take so long in all.
    pub(super) fn new(deadline: Duration) -> Self {
        let found = Generations::new(NAMES);
        let (unheard, sought, waits) = (Map::default(), Map::default(), Map::default());
        let names = Names { found, unheard, sought, waits, forgiven: None };
        Self {
            deadline,
            zones: Mutex::new(Generations::new(ZONES)),
            names: Mutex::new(names),
            servers: Mutex::default(),
            tlds: Mutex::default(),
        }
    }

    /// The zone nearest above a name, or at it, that anything is known of; `None` where that is not even the
    /// root.
    pub(super) fn nearest(&self, name: &Wire) -> Option<Zone> {
        let now = Instant::now();
        let mut zones = lock(&self.zones);
        name.up().find_map(|above| zones.get(above, now))
    }

    /// Remembers a zone.
    pub(super) fn keep(&self, delegation: &Arc<Delegation>, ttl: u32) {
        let until = Instant::now() + kept_for(ttl);
        lock(&self.zones).insert(delegation.zone.clone(), Zone::Delegated(delegation.clone()), until);
    }

    /// Remembers that the root knows no such TLD.
    pub(super) fn keep_absent(&self, tld: Wire) {
        lock(&self.zones).insert(tld, Zone::Absent, Instant::now() + ABSENT);
    }

    /// The right to ask the root for a TLD, which one has at a time.
    pub(super) fn turn_at(&self, tld: &Wire) -> Turn {
        lock(&self.tlds).entry(tld.clone()).or_default().clone()
    }

    /// The root knows the TLD now, or that it is none: nobody need wait for a turn any more.
    pub(super) fn end_turns_at(&self, tld: &Wire) {
        lock(&self.tlds).remove(tld);
    }

    /// The addresses of a name server, for the walk with this number. Whoever gets [`Known::Unknown`] must
    /// look for them and end that with [`Store::found`].
    pub(super) fn addresses(&self, server: &Wire, walk: u64) -> Known {
        let mut names = lock(&self.names);
        let now = Instant::now();
        if let Some(addrs) = names.found.get(server, now) {
            return Known::Addresses(addrs);
        }
        if names.unheard.get(server).is_some_and(|until| *until > now) {
            return Known::Unheard;
        }
        let Some(sought) = names.sought.get(server) else {
            let seeking = Seeking { by: walk, began: now, done: watch::Sender::new(()) };
            names.sought.insert(server.clone(), seeking);
            return Known::Unknown;
        };
        let done = sought.done.subscribe();
        if names.would_wait_for(server, walk) {
            return Known::Circle;
        }
        names.waits.insert(walk, server.clone());
        Known::Sought(done)
    }

    /// When the network came back last; `None` where it was never away.
    pub(super) fn forgiven(&self) -> Option<Instant> {
        lock(&self.names).forgiven
    }

    /// A walk no longer waits.
    pub(super) fn waits_no_more(&self, walk: u64) {
        lock(&self.names).waits.remove(&walk);
    }

    /// The search for a name server's addresses ended.
    pub(super) fn found(&self, server: &Wire, search: Search) {
        let mut names = lock(&self.names);
        let seeking = names.sought.remove(server);
        match search {
            Search::Found(addrs, ttl) => {
                let kept = if addrs.is_empty() { FAILED } else { kept_for(ttl) };
                names.found.insert(server.clone(), addrs.into(), Instant::now() + kept);
            }
            Search::Unheard => {
                // Silence while the network was away is no word about anybody.
                let was_cut = seeking.as_ref().is_some_and(|seeking| names.forgiven >= Some(seeking.began));
                if !was_cut {
                    if names.unheard.len() >= SERVERS {
                        names.unheard.clear();
                    }
                    names.unheard.insert(server.clone(), Instant::now() + DEAD);
                }
            }
            Search::GivenUp => {}
        }
        if let Some(seeking) = seeking {
            seeking.done.send_replace(());
        }
    }

    /// An address let a question go without an answer.
    pub(super) fn was_silent(&self, addr: IpAddr) {
        self.was_silent_at(addr, Instant::now());
    }

    fn was_silent_at(&self, addr: IpAddr, now: Instant) {
        let mut servers = lock(&self.servers);
        if servers.silent.len() >= SERVERS {
            servers.silent.clear();
        }
        let silence = servers.silent.entry(addr).or_insert(Silence { times: 0, since: now, dead: None });
        silence.times += 1;
        if silence.times >= SILENT && now >= silence.since + self.deadline {
            silence.dead = Some(now + DEAD);
        }
    }

    /// An address answered.
    pub(super) fn has_answered(&self, addr: IpAddr) {
        let mut servers = lock(&self.servers);
        if !servers.silent.is_empty() {
            servers.silent.remove(&addr);
        }
    }

    /// Who is taken to be dead now.
    pub(super) fn dead(&self) -> Dead<'_> {
        Dead(lock(&self.servers), Instant::now())
    }

    /// What was silent while the network was away may not be, nor need what was silent to EDNS alone drop it.
    pub(super) fn forgive(&self) {
        let mut servers = lock(&self.servers);
        servers.silent.clear();
        servers.plain.clear();
        drop(servers);
        let mut names = lock(&self.names);
        names.unheard.clear();
        names.forgiven = Some(Instant::now());
    }

    /// A server gave its cookie.
    pub(super) fn keep_cookie(&self, addr: IpAddr, cookie: Cookie) {
        let mut servers = lock(&self.servers);
        if servers.cookies.len() >= SERVERS {
            servers.cookies.clear();
        }
        servers.cookies.insert(addr, cookie);
    }

    /// An address is to be asked without EDNS from now on.
    pub(super) fn ask_plainly(&self, addr: IpAddr) {
        let mut servers = lock(&self.servers);
        if servers.plain.len() < SERVERS {
            servers.plain.insert(addr);
        }
    }

    /// Whether an address is asked without EDNS, and the cookie that it gave.
    pub(super) fn manner(&self, addr: IpAddr) -> (bool, Option<Cookie>) {
        let servers = lock(&self.servers);
        (!servers.plain.is_empty() && servers.plain.contains(&addr), servers.cookies.get(&addr).copied())
    }
}

/// Those that are taken to be dead; while it lives nothing changes.
pub(super) struct Dead<'s>(MutexGuard<'s, Servers>, Instant);

impl Dead<'_> {
    /// Whether an address is among them.
    pub(super) fn has(&self, addr: IpAddr) -> bool {
        let Self(servers, now) = self;
        servers.silent.get(&addr).and_then(|silence| silence.dead).is_some_and(|until| until > *now)
    }
}

impl Names {
    /// Whether the walk that looks for `server` waits, by whatever others, for the walk `me`.
    fn would_wait_for(&self, server: &Wire, me: u64) -> bool {
        let mut name = server;
        // Each walk waits for one name, so the chain ends or comes back; no chain has more links than there
        // are walks.
        for _ in 0..=self.waits.len() {
            let Some(seeking) = self.sought.get(name) else { return false };
            if seeking.by == me {
                return true;
            }
            let Some(next) = self.waits.get(&seeking.by) else { return false };
            name = next;
        }
        true
    }
}

#[cfg(test)]
mod tests;
