//! Asking the authoritative servers: from the root, or the nearest zone that is known, down to the servers of
//! the name.
//!
//! ```text
//! a question ──> nearest zone known ──> a server of it ──referral──> the zone below ──> … ──> its own word
//!                     ^                      │
//!                     │              no address known: another walk, for the server's name
//!                     └── alias out of the zone: on with its target, 16 at most
//! ```

mod agreement;
mod cookie;
mod course;
mod delegation;
mod generations;
pub(in crate::dns) mod hints;
mod hosts;
mod message;
mod name;
mod preflight;
mod servers;
mod store;
mod top;
pub(in crate::dns) mod validation;
mod walk;

use super::engine::{Bound, Bounds, Engine, Scope};
use super::trace::{Noted, Trace};
use super::{Answer, Effort, RecordType};
use crate::admission::{Admission, Waited};
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;
use crate::moment;
use delegation::{Delegation, Failure};
use hints::Hint;
pub(in crate::dns) use name::Wire;
pub use preflight::Closed;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::Store;
use validation::Zones;
use validation::anchors::Anchors;
use walk::{Found, Walk};

/// Aliases that are followed in all.
const ALIASES: usize = 16;
/// Between two signs of life that are asked of the root.
const BETWEEN_SIGNS: Duration = Duration::from_secs(1);
/// RFC 8914 section 4.23: no server of the zone gave an answer of use.
const NO_REACHABLE_AUTHORITY: i32 = 22;
/// RFC 8914 section 4.24: they can only be reached by a family that this machine lacks.
const NETWORK_ERROR: i32 = 23;

/// Everything that all threads share.
pub(in crate::dns) struct Iterating {
    hints: Vec<Hint>,
    /// The port of authoritative servers, 53 on the Internet.
    port: u16,
    deadline: Duration,
    admission: Arc<Admission>,
    store: Store,
    /// What is known of the security of zones; `None` where nothing is validated.
    zones: Option<Zones>,
    walks: AtomicU64,
    /// Of cookies, which nobody is to tell from one another, and of levels.
    cookies: RandomState,
    hasher: ahash::RandomState,
    bounds: Bounds,
    /// Turn of the signs of life, and when the last one was asked for.
    turn: AtomicU64,
    last_sign: Mutex<Option<Instant>>,
    trace: Arc<Trace>,
}

/// How much authoritative servers may be asked, in all.
#[derive(Debug, Clone, Copy)]
pub struct AuthorityPace {
    /// Questions per second to one address, and under way.
    pub server: (u32, usize),
    /// Questions per second to one operator (registrable domain of the server's name, and its /24 or /48),
    /// and under way.
    pub operator: (u32, usize),
    /// Questions per second to all servers of one TLD, and under way.
    pub tld: (u32, usize),
}

/// Where an iterating client begins, and how it behaves.
#[derive(Debug, Clone)]
pub struct Iteration {
    /// Servers of the root.
    pub(in crate::dns) hints: Vec<Hint>,
    /// The root's keys that are trusted; `None` where nothing is validated.
    pub(in crate::dns) anchors: Option<Anchors>,
    /// The port of authoritative servers.
    pub port: u16,
    /// Bounds of all threads together.
    pub pace: AuthorityPace,
    /// Threads that ask.
    pub threads: usize,
}

/// Where the servers of a name were found: its next questions begin there. Empty before the first.
#[derive(Default)]
pub struct Near(Mutex<Option<Arc<Delegation>>>);

impl Near {
    fn get(&self, name: &Wire) -> Option<Arc<Delegation>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| name.is_within(&known.zone)).cloned()
    }

    /// A name whose list brings its servers, with those of their addresses that it has. Nothing where one of
    /// the names is none.
    #[must_use]
    pub fn of_list(name: &str, servers: &[(String, Vec<IpAddr>)]) -> Self {
        let servers = servers.iter().map(|(server, addrs)| Some((Wire::of(server)?, addrs.clone())));
        let known = Wire::of(name).zip(servers.collect());
        Self(Mutex::new(known.map(|(zone, servers)| Arc::new(Delegation::of_list(zone, servers)))))
    }

    fn set(&self, found: &Arc<Delegation>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !found.is_registry && known.as_ref().is_none_or(|known| known.is_of_list) {
            *known = Some(found.clone());
        }
    }

    /// What a list said of it is not so any more.
    fn forget_list(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_some_and(|known| known.is_of_list) {
            *known = None;
        }
    }

    /// Whether the zone above has a DS for that zone; `None` where no walk has come to it.
    #[must_use]
    pub fn ds(&self) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().and_then(|known| known.ds)
    }

    /// The servers that the zone above names, or a list that brings them, sorted; `None` where no walk has
    /// come to them.
    #[must_use]
    pub fn delegated_to(&self) -> Option<Vec<String>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|known| {
            let mut names: Vec<String> = known.servers.iter().map(|(name, _)| name.text()).collect();
            names.sort();
            names
        })
    }
}

impl fmt::Debug for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Near").field(&self.delegated_to()).finish()
    }
}

impl Iterating {
    pub(in crate::dns) fn new(
        iteration: &Iteration,
        deadline: Duration,
        admission: Arc<Admission>,
        trace: Arc<Trace>,
    ) -> Self {
        let share = |(rate, in_flight)| Bound::share(rate, in_flight, iteration.threads);
        let pace = iteration.pace;
        let bounds =
            Bounds { server: share(pace.server), operator: share(pace.operator), tld: share(pace.tld) };
        Self {
            hints: iteration.hints.clone(),
            port: iteration.port,
            deadline,
            admission,
            store: Store::new(deadline),
            zones: iteration.anchors.as_ref().map(Zones::new),
            walks: AtomicU64::new(0),
            cookies: RandomState::new(),
            hasher: ahash::RandomState::new(),
            bounds,
            turn: AtomicU64::new(0),
            last_sign: Mutex::default(),
            trace,
        }
    }

    /// What an engine may ask.
    pub(in crate::dns) const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Whatever was silent while the network was away is asked as if nothing were known.
    pub(in crate::dns) fn forgive(&self) {
        self.store.forgive();
    }

    /// The next of the root's servers to be asked for a sign of life, of which there is one per second for
    /// all threads; `None` where it is not time yet.
    pub(in crate::dns) fn sign_of_life(&self) -> Option<SocketAddr> {
        let mut last = self.last_sign.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < BETWEEN_SIGNS) {
            return None;
        }
        *last = Some(Instant::now());
        drop(last);
        let may = |addr: &&IpAddr| self.admission.address(**addr).is_ok();
        let addrs: Vec<&IpAddr> = self.hints.iter().flat_map(|(_, addrs)| addrs).filter(may).collect();
        let turn = usize::try_from(self.turn.fetch_add(1, Relaxed)).unwrap_or(0);
        addrs.get(turn % addrs.len().max(1)).map(|addr| SocketAddr::new(**addr, self.port))
    }

    /// The answer to one question, and whether it rests on anybody's silence: then it is worth something only
    /// where the network was there.
    ///
    /// # Errors
    /// As [`super::Dns::ask`]; also that all servers of the name are excluded.
    pub(in crate::dns) async fn ask(
        &self,
        engine: &Engine,
        (effort, noted): (Effort, Option<Noted>),
        (name, kind): (&str, RecordType),
        near: Option<&Near>,
        waited: &mut Waited,
    ) -> Result<(Answer, bool), Unfinished> {
        let Some(name) = Wire::of(name) else {
            return Ok((Answer::without(DnsStatus::BadAnswer, moment::now()), false));
        };
        let mut walk = self.walk(engine, (effort, noted), waited);
        let answer = self.follow(&mut walk, name, kind, near).await?;
        let rests_on_silence = walk.silences > 0 && !answer.status.is_definite();
        Ok((answer, rests_on_silence))
    }

    /// A new walk.
    fn walk<'a>(
        &'a self,
        engine: &'a Engine,
        how: (Effort, Option<Noted>),
        waited: &'a mut Waited,
    ) -> Walk<'a> {
        let number = self.walks.fetch_add(1, Relaxed);
        Walk::new(self, engine, how, self.deadline, number, waited)
    }

    /// Walks to the servers of a name, and of each name that it is an alias of.
    async fn follow<'a>(
        &self,
        walk: &mut Walk<'a>,
        mut name: Wire,
        kind: RecordType,
        near: Option<&'a Near>,
    ) -> Result<Answer, Unfinished> {
        let mut begins = near.and_then(|near| near.get(&name));
        walk.tell(near);
        let mut aliases: Vec<Wire> = Vec::new();
        loop {
            let found = match begins.take() {
                // Boxed: few lists say so much, and every question's state would be larger.
                Some(zone) if zone.is_of_list => Box::pin(walk.find_by_list(&zone, &name, kind)).await?,
                begins => walk.find(begins, &name, kind).await?,
            };
            let (answer, from, has_soa) = match found {
                Found::Answer { answer, from, has_soa } => (answer, from, has_soa),
                Found::Nothing(failure) if failure.is_exclusion() => return Err(Unfinished::Excluded),
                Found::Nothing(failure) => return Ok(failed(failure)),
            };
            let last = answer.chain.as_ref().and_then(|chain| chain.last()).and_then(|last| Wire::of(last));
            let Some(last) = last else { return Ok(answer.behind(aliases.iter().map(Wire::to_string))) };
            let is_its_own = last.is_within(&from.zone);
            if is_its_own && (answer.status == DnsStatus::NoError || has_soa) {
                return Ok(answer.behind(aliases.iter().map(Wire::to_string)));
            }
            // What the zone says of names that are others' is not believed.
            let chain = answer.chain.iter().flatten().filter_map(|alias| Wire::of(alias));
            for alias in chain {
                let is_known = alias == name || aliases.contains(&alias);
                aliases.push(alias);
                if is_known || aliases.len() > ALIASES {
                    // There were answers, of which no one is the one that was asked for.
                    let mut lost = Answer::without(DnsStatus::BadAnswer, moment::now());
                    lost.ede = Some(Vec::new());
                    return Ok(lost);
                }
            }
            // The servers of an alias are not those of the name.
            walk.tell(None);
            name = last;
            begins = is_its_own.then_some(from);
        }
    }

    /// Our part of the cookie for a server: another for each, so that servers cannot tell by it who asks (RFC
    /// 7873 section 4.1).
    fn own_cookie(&self, server: IpAddr) -> [u8; 8] {
        self.cookies.hash_one(server).to_be_bytes()
    }

    /// The levels at which a question to a server of a zone counts.
    fn scopes(&self, zone: &Delegation, server: usize, addr: IpAddr) -> [Option<Scope>; 3] {
        let own = Some(Scope::Server(self.hasher.hash_one(addr)));
        if zone.is_registry {
            return [own, Some(Scope::Tld(self.hasher.hash_one(zone.zone.end(1)))), None];
        }
        let operator_of = || {
            let name = servers::name(zone, server);
            self.hasher.hash_one(name.end(name.suffix_labels() + 1))
        };
        let (known, operator) = *zone.operator.get_or_init(|| (server, operator_of()));
        let operator = if known == server { operator } else { operator_of() };
        let network = match addr {
            IpAddr::V4(v4) => u64::from(v4.to_bits() >> 8),
            IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 80).unwrap_or(0) | 1 << 63,
        };
        [own, Some(Scope::Operator(operator)), Some(Scope::Network(network))]
    }
}

/// There is no answer of use.
fn failed(failure: Failure) -> Answer {
    if failure.is_cut {
        return Answer::without(DnsStatus::Truncated, moment::now());
    }
    let status = if failure.is_silence() { DnsStatus::Timeout } else { DnsStatus::ServFail };
    let lacks_family = failure.lacks_family && !failure.silent && !failure.answered;
    let code = if lacks_family { NETWORK_ERROR } else { NO_REACHABLE_AUTHORITY };
    let mut answer = Answer::without(status, moment::now());
    answer.ede = Some(vec![code]);
    answer
}

#[cfg(test)]
mod tests;
