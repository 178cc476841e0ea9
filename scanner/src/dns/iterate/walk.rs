//! One walk: from a zone that is known to the servers of a name, and what they say.

use super::message::{self, Said};
use super::name::Wire;
use super::servers::{self, Candidate, Servers};
use super::store::{Delegation, Failure, Known, Zone};
use super::{Iterating, Near};
use crate::admission::Waited;
use crate::dns::asking::over_tcp;
use crate::dns::engine::{Engine, Event, Exchange, Patience};
use crate::dns::{Answer, Effort, RecordType, wire};
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;
use crate::moment;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Zones from the root to a name: names have 127 labels, but nobody delegates as many.
const CUTS: usize = 20;
/// Walks within walks, for the addresses of name servers.
const DEPTH: u8 = 6;
/// Questions that one question may cost in all, those for the addresses of name servers included.
const SENDS: u32 = 48;
/// Questions that one question may cost at one zone.
const SENDS_AT_A_ZONE: usize = 6;
/// How long the first, second … server is waited for before another is asked too, where it is not known to
/// take longer. Answers that come later still count.
const PATIENCE: [Duration; 4] = [
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
    Duration::from_millis(2_400),
];

/// How long nobody asks the root anew for what it did not answer: all others would wait for one another.
const AFRESH: Duration = Duration::from_secs(2);

/// What came of a walk.
pub(super) enum Found {
    /// The zone's own word.
    Answer {
        /// What it says.
        answer: Answer,
        /// The zone.
        from: Arc<Delegation>,
        /// Whether it is about everything in the zone: see [`Said::Answer`].
        has_soa: bool,
    },
    /// Nothing of use.
    Nothing(Failure),
}

/// What one zone's servers say.
enum Heard {
    Answer(Answer, bool),
    Referral(message::Referral),
    Nothing(Failure),
}

/// A question on its way, with those about name servers that it needs.
pub(super) struct Walk<'a> {
    iterating: &'a Iterating,
    engine: &'a Engine,
    effort: Effort,
    /// Time that may be waited for answers.
    left: Duration,
    deadline: Duration,
    sends: u32,
    depth: u8,
    /// Its number.
    number: u64,
    waited: &'a mut Waited,
    /// Who is told of the servers of the name's zone, whether they answer or not.
    near: Option<&'a Near>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        iterating: &'a Iterating,
        engine: &'a Engine,
        effort: Effort,
        deadline: Duration,
        number: u64,
        waited: &'a mut Waited,
    ) -> Self {
        let left = deadline;
        Self { iterating, engine, effort, left, deadline, sends: SENDS, depth: 0, number, waited, near: None }
    }

    /// Who is told of the servers of the name's zone.
    pub(super) const fn tell(&mut self, near: Option<&'a Near>) {
        self.near = near;
    }

    /// Walks to the servers of a name, from a zone above it or the nearest that is known.
    pub(super) async fn find(
        &mut self,
        begins: Option<Arc<Delegation>>,
        name: &Wire,
        kind: RecordType,
    ) -> Result<Found, Unfinished> {
        let mut zone = match begins {
            Some(zone) => zone,
            None => match self.top(name).await? {
                Ok(zone) => zone,
                Err(found) => return Ok(found),
            },
        };
        let suffix = name.suffix_labels();
        for _ in 0..CUTS {
            match self.ask_zone(&zone, name, kind).await? {
                Heard::Answer(answer, has_soa) => return Ok(Found::Answer { answer, from: zone, has_soa }),
                Heard::Nothing(failure) => return Ok(Found::Nothing(failure)),
                Heard::Referral(referral) => {
                    let is_registry = referral.zone.labels() <= suffix && zone.is_registry;
                    let below = Delegation::new(referral.zone, referral.servers, is_registry);
                    zone = Arc::new(below);
                    if self.depth == 0
                        && let Some(near) = self.near
                    {
                        near.set(&zone);
                    }
                    // Zones of scanned names are used once; those of name servers again and again.
                    if is_registry || self.depth > 0 {
                        self.iterating.store.keep(&zone, referral.ttl);
                    }
                }
            }
        }
        Ok(Found::Nothing(Failure { answered: true, ..Failure::default() }))
    }

    /// The nearest zone above the name that is known, from its TLD down; the outcome where the TLD cannot be
    /// had.
    async fn top(&mut self, name: &Wire) -> Result<Result<Arc<Delegation>, Found>, Unfinished> {
        let tld = name.last(1);
        let store = &self.iterating.store;
        loop {
            match store.nearest(name) {
                Some(Zone::Delegated(zone)) if zone.zone.labels() > 0 || tld == Wire::root() => {
                    return Ok(Ok(zone));
                }
                Some(Zone::Absent) => return Ok(Err(self.absent().await?)),
                _ => {}
            }
            // One asks the root; the others wait for what it finds.
            let turn = store.turn_at(&tld);
            let began = Instant::now();
            let mut turn = turn.lock().await;
            self.waited.add(Waited::from(began.elapsed()));
            if let Some((_, failure)) = turn.filter(|(at, _)| at.elapsed() < AFRESH) {
                return Ok(Err(Found::Nothing(failure)));
            }
            let known = store.nearest(name);
            if known.is_some_and(|known| !matches!(known, Zone::Delegated(zone) if zone.zone.labels() == 0)) {
                continue;
            }
            let root = self.root().await?;
            let root = match root {
                Ok(root) => root,
                Err(failure) => return Ok(Err(Found::Nothing(failure))),
            };
            if tld == Wire::root() {
                return Ok(Ok(root));
            }
            match self.ask_zone(&root, &tld, RecordType::NS).await? {
                Heard::Referral(referral) => {
                    let zone = Arc::new(Delegation::new(referral.zone, referral.servers, true));
                    store.keep(&zone, referral.ttl);
                    store.end_turns_at(&tld);
                    return Ok(Ok(zone));
                }
                Heard::Answer(answer, _) if answer.status == DnsStatus::NxDomain => {
                    store.keep_absent(tld.clone());
                    store.end_turns_at(&tld);
                    return Ok(Err(Found::Answer { answer, from: root, has_soa: true }));
                }
                // A root that serves the TLD itself, as some laboratories have it.
                Heard::Answer(..) => return Ok(Ok(root)),
                Heard::Nothing(failure) => {
                    *turn = Some((Instant::now(), failure));
                    return Ok(Err(Found::Nothing(failure)));
                }
            }
        }
    }

    /// The root said before that there is no such TLD.
    async fn absent(&mut self) -> Result<Found, Unfinished> {
        let from = match self.root().await? {
            Ok(root) => root,
            Err(failure) => return Ok(Found::Nothing(failure)),
        };
        let mut answer = Answer::without(DnsStatus::NxDomain, moment::now());
        (answer.chain, answer.ede) = (Some(Vec::new()), Some(Vec::new()));
        Ok(Found::Answer { answer, from, has_soa: true })
    }

    /// The root, primed once (RFC 9609).
    async fn root(&mut self) -> Result<Result<Arc<Delegation>, Failure>, Unfinished> {
        let store = &self.iterating.store;
        let root = Wire::root();
        loop {
            if let Some(Zone::Delegated(zone)) = store.nearest(&root) {
                return Ok(Ok(zone));
            }
            let turn = store.turn_at(&root);
            let mut turn = turn.lock().await;
            if store.nearest(&root).is_some() {
                continue;
            }
            if let Some((_, failure)) = turn.filter(|(at, _)| at.elapsed() < AFRESH) {
                return Ok(Err(failure));
            }
            let hints = Delegation::new(root.clone(), self.iterating.hints.clone(), true);
            let hints = Arc::new(hints);
            let primed = match self.ask_zone(&hints, &root, RecordType::NS).await? {
                Heard::Answer(answer, _) => answer,
                Heard::Referral(_) => return Ok(Err(Failure { answered: true, ..Failure::default() })),
                Heard::Nothing(failure) => {
                    *turn = Some((Instant::now(), failure));
                    return Ok(Err(failure));
                }
            };
            let ttl = primed.ttl.and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(0);
            let addrs_of = |server: &Wire| {
                let hint = self.iterating.hints.iter().find(|(known, _)| known == server);
                hint.map(|(_, addrs)| addrs.clone()).unwrap_or_default()
            };
            let named = primed.ns().iter().filter_map(|name| Wire::of(name)).collect::<Vec<_>>();
            let mut servers: Vec<(Wire, Vec<IpAddr>)> =
                named.into_iter().map(|name| (name.clone(), addrs_of(&name))).collect();
            // Names that the hints do not have would have to be looked for by way of the root itself.
            servers.retain(|(_, addrs)| !addrs.is_empty());
            if servers.is_empty() {
                servers.clone_from(&self.iterating.hints);
            }
            let zone = Arc::new(Delegation::new(root.clone(), servers, true));
            store.keep(&zone, ttl.max(3_600));
            return Ok(Ok(zone));
        }
    }

    /// Asks the servers of a zone, one after the other, until one says something of use.
    async fn ask_zone(
        &mut self,
        zone: &Arc<Delegation>,
        name: &Wire,
        kind: RecordType,
    ) -> Result<Heard, Unfinished> {
        let mut servers = Servers::of(zone, &self.iterating.store, self.engine.chance());
        let mut course = Course::default();
        let mut again: Vec<Candidate> = Vec::new();
        let most =
            if self.effort == Effort::Once { 1 } else { SENDS_AT_A_ZONE.min(2 * servers.len().max(2)) };
        while course.sent < most && self.sends > 0 && !self.left.is_zero() {
            let next = match servers.next_alive() {
                Some(next) => Some(next),
                None => match servers.next_nameless() {
                    Some(server) => {
                        // By its name alone it may be one that nobody is to ask.
                        if self
                            .iterating
                            .admission
                            .excludes_name_server(|| servers::name(zone, server).to_string())
                        {
                            course.failure.excluded = true;
                            continue;
                        }
                        let addrs = self.addresses_of(servers::name(zone, server), &zone.zone).await?;
                        servers.add(&self.iterating.store, server, &addrs);
                        continue;
                    }
                    // A dead one is asked once, and only where nobody else answered.
                    None if course.sent == 0 => servers.next_dead(),
                    None => again.pop(),
                },
            };
            let Some(next) = next else { break };
            if let Some(heard) = self.ask_server(zone, &next, name, kind, &mut course).await? {
                return Ok(heard);
            }
            if course.was_silent && !next.is_dead {
                again.insert(0, next);
            }
        }
        if course.failure.is_silence()
            && self.effort == Effort::Full
            && let Some(last) = again.pop()
        {
            // There are servers, and boxes before them, that drop what they do not know (RFC 6891 section 7).
            course.is_plain = true;
            course.exchange = None;
            if let Some(heard) = self.ask_server(zone, &last, name, kind, &mut course).await? {
                self.iterating.store.ask_plainly(last.addr);
                return Ok(heard);
            }
        }
        Ok(Heard::Nothing(course.failure))
    }

    /// Asks one server; `None` where it says nothing of use.
    async fn ask_server(
        &mut self,
        zone: &Arc<Delegation>,
        next: &Candidate,
        name: &Wire,
        kind: RecordType,
        course: &mut Course,
    ) -> Result<Option<Heard>, Unfinished> {
        course.was_silent = false;
        let server = servers::name(zone, next.server);
        let admission = &self.iterating.admission;
        match admission.name_server(next.addr, || server.to_string()) {
            Ok(()) => {}
            Err(why) => {
                course.failure.refused(why);
                return Ok(None);
            }
        }
        admission.dns(self.waited).await?;
        let is_plain = course.is_plain || self.iterating.store.is_plain(next.addr);
        if is_plain != course.exchange_is_plain {
            course.exchange = None;
        }
        course.exchange_is_plain = is_plain;
        let exchange = match &mut course.exchange {
            Some(exchange) => exchange,
            none => {
                let begun = self.engine.exchange_by(|query| {
                    wire::write_authority_query(name.bytes(), kind, !is_plain, query);
                    Some(())
                });
                let Some(begun) = begun else { return Ok(None) };
                none.insert(begun)
            }
        };
        // Checked again, since the wait for pace may have been long and an exclusion file may have grown.
        if let Err(why) = admission.name_server(next.addr, || server.to_string()) {
            course.failure.refused(why);
            return Ok(None);
        }
        let patience = patience(self.effort, self.deadline, self.left, course.sent, next.is_dead);
        (course.sent, self.sends) = (course.sent + 1, self.sends - 1);
        let to = SocketAddr::new(next.addr, self.iterating.port);
        let began = Instant::now();
        let scopes = self.iterating.scopes(zone, server, next.addr);
        let (event, queued) = exchange.send_within(to, scopes, patience).await;
        self.waited.add(Waited::from(queued));
        self.left = self.left.saturating_sub(began.elapsed().saturating_sub(queued));
        match event {
            Event::Answer => {}
            Event::Fault(ours) if !ours.is_of_network() => return Err(ours.into()),
            Event::Closed => return Err(Unfinished::Stopped),
            Event::Expired | Event::Unreachable | Event::Fault(_) => {
                self.iterating.store.was_silent(next.addr);
                course.failure.silent = true;
                course.was_silent = true;
                return Ok(None);
            }
        }
        self.iterating.store.has_answered(next.addr);
        course.failure.answered = true;
        self.read(zone, next, (name, kind), course).await
    }

    /// What a server's answer is worth.
    async fn read(
        &mut self,
        zone: &Arc<Delegation>,
        next: &Candidate,
        (name, kind): (&Wire, RecordType),
        course: &mut Course,
    ) -> Result<Option<Heard>, Unfinished> {
        let Some(exchange) = &course.exchange else { return Ok(None) };
        let taken = |query: &[u8], reply: &[u8]| {
            let said = message::read(reply, &zone.zone, name);
            let answer = match said {
                Said::Answer { .. } => Answer::of_wire(query, reply, moment::now()),
                _ => None,
            };
            (said, answer)
        };
        let (mut said, mut answer) = exchange.read(taken);
        if said == Said::Truncated {
            let _aside = self.engine.step_aside();
            let to = SocketAddr::new(next.addr, self.iterating.port);
            let began = Instant::now();
            let reply = Box::pin(over_tcp(exchange, to, self.left, false)).await?;
            self.left = self.left.saturating_sub(began.elapsed());
            match reply {
                Some(reply) => (said, answer) = exchange.read(|query, _| taken(query, &reply)),
                None => course.failure.is_cut = true,
            }
        }
        let exchange_is_plain = course.exchange_is_plain;
        let heard = match (said, answer) {
            (Said::Answer { has_soa }, Some(mut answer)) => {
                // Nothing was validated.
                answer.ad = None;
                Some(Heard::Answer(answer, has_soa))
            }
            (Said::Referral(referral), _) => Some(Heard::Referral(referral)),
            (Said::NoEdns, _) if !exchange_is_plain => {
                self.iterating.store.ask_plainly(next.addr);
                course.exchange = None;
                return Box::pin(self.ask_server(zone, next, name, kind, course)).await;
            }
            _ => None,
        };
        exchange.judge(heard.is_some());
        if heard.is_some() && !zone.is_registry {
            // Somebody else may have set it.
            let _ = zone.answered.set(next.addr);
        }
        Ok(heard)
    }

    /// The addresses of a server of `zone` whose name came without; none where it has none, or where they
    /// cannot be looked for.
    async fn addresses_of(&mut self, server: &Wire, zone: &Wire) -> Result<Arc<[IpAddr]>, Unfinished> {
        let none = || Arc::from([]);
        // A server within the zone that it serves can only be found by way of itself.
        if server.is_within(zone) && *zone != Wire::root() || self.depth >= DEPTH {
            return Ok(none());
        }
        let store = &self.iterating.store;
        loop {
            let mut done = match store.addresses(server, self.number) {
                Known::Addresses(addrs) => return Ok(addrs),
                Known::Sought(None) => return Ok(none()),
                Known::Sought(Some(done)) => done,
                Known::Unknown => break,
            };
            let began = Instant::now();
            // It ends with an error where the other walk was given up: then this one looks.
            let _ = done.changed().await;
            store.waits_no_more(self.number);
            self.waited.add(Waited::from(began.elapsed()));
        }
        let mut seeking = Seeking { iterating: self.iterating, server, found: None };
        // A name server that cannot be found leaves time for the others.
        let kept = self.left / 2;
        (self.depth, self.left) = (self.depth + 1, self.left - kept);
        let found = Box::pin(self.look_up(server)).await;
        (self.depth, self.left) = (self.depth - 1, self.left + kept);
        let (addrs, ttl) = found?;
        seeking.found = Some((addrs.clone(), ttl));
        Ok(addrs.into())
    }

    /// Looks for the addresses of a name server: of both families where this machine has both.
    async fn look_up(&mut self, server: &Wire) -> Result<(Vec<IpAddr>, u32), Unfinished> {
        let (mut addrs, mut ttl) = (Vec::new(), u32::MAX);
        for kind in [RecordType::A, RecordType::AAAA] {
            if kind == RecordType::AAAA && !self.iterating.admission.has_ipv6() {
                continue;
            }
            let mut name = server.clone();
            let mut begins = None;
            // An alias is no name for a server (RFC 2181 section 10.3), but resolvers follow it.
            for _ in 0..4 {
                let Found::Answer { answer, from, .. } = self.find(begins.take(), &name, kind).await? else {
                    break;
                };
                addrs.extend(answer.addresses());
                ttl = answer
                    .ttl
                    .and_then(|found| u32::try_from(found).ok())
                    .map_or(ttl, |found| ttl.min(found));
                let last = answer.chain.as_ref().and_then(|chain| chain.last());
                match last.and_then(|last| Wire::of(last)) {
                    Some(last) if addrs.is_empty() => {
                        begins = last.is_within(&from.zone).then_some(from);
                        name = last;
                    }
                    _ => break,
                }
            }
        }
        Ok((addrs, ttl))
    }
}

/// How far the questions to one zone's servers are.
#[derive(Default)]
struct Course {
    exchange: Option<Exchange>,
    exchange_is_plain: bool,
    /// Whether EDNS is left out whoever is asked.
    is_plain: bool,
    sent: usize,
    was_silent: bool,
    failure: Failure,
}

/// Ends the search for a server's addresses, also where the walk is given up.
struct Seeking<'a> {
    iterating: &'a Iterating,
    server: &'a Wire,
    found: Option<(Vec<IpAddr>, u32)>,
}

impl Drop for Seeking<'_> {
    fn drop(&mut self) {
        self.iterating.store.found(self.server, self.found.take());
    }
}

/// How long one server is waited for.
fn patience(effort: Effort, deadline: Duration, left: Duration, sent: usize, is_dead: bool) -> Patience {
    if effort == Effort::Once || is_dead {
        return Patience::just((deadline / 4).min(left));
    }
    let least = PATIENCE[sent.min(PATIENCE.len() - 1)];
    Patience::between(least.min(left), left / 4 * 3)
}
