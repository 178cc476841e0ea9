//! One walk: from a zone that is known to the servers of a name, and what they say.

mod late;
mod listed;
mod plain;
mod signed;
mod tcp;

use super::cookie::Cookie;
use super::course::{Course, patience};
use super::delegation::{Delegation, Failure};
use super::message::{self, Referral, Said};
use super::name::Wire;
use super::servers::{self, Candidate, Servers};
use super::{Iterating, Near};
use crate::admission::Waited;
use crate::dns::engine::{Engine, Event};
use crate::dns::trace::{Asked, Noted};
use crate::dns::wire::Edns;
use crate::dns::{Answer, Effort, RecordType};
use crate::fault::Unfinished;
use crate::moment;
use listed::Gone;
use plain::BEFORE_PLAIN;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Zones from the root to a name: names have 127 labels, but nobody delegates as many.
const CUTS: usize = 20;
/// Questions that one question may cost in all, those for the addresses of name servers included.
const SENDS: u32 = 48;
/// Questions that one question may cost at one zone.
const SENDS_AT_A_ZONE: usize = 6;
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
pub(super) enum Heard {
    Answer(Answer, bool),
    Referral(Referral),
    Nothing(Failure),
}

/// A question on its way, with those about name servers that it needs.
pub(super) struct Walk<'a> {
    pub(super) iterating: &'a Iterating,
    engine: &'a Engine,
    effort: Effort,
    noted: Option<Noted>,
    /// Time that may be waited for answers.
    pub(super) left: Duration,
    deadline: Duration,
    sends: u32,
    /// Questions that nobody answered, those for the addresses of name servers included.
    pub(super) silences: u32,
    /// Name servers whose addresses it looks for, each for the sake of the one before.
    pub(super) sought: Vec<Wire>,
    /// The first of those that something was not found for, because it was sought already; as many as can be
    /// where there is none.
    pub(super) rests_on: usize,
    /// Its number.
    pub(super) number: u64,
    pub(super) waited: &'a mut Waited,
    /// Who is told of the servers of the name's zone, whether they answer or not.
    near: Option<&'a Near>,
    /// Servers that a list had, and that had nothing of use.
    gone: Option<Gone>,
    /// Whether signatures of the name are wanted, and the last message about a name that was sought with
    /// them.
    is_signed: bool,
    message: Option<signed::Message>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        iterating: &'a Iterating,
        engine: &'a Engine,
        (effort, noted): (Effort, Option<Noted>),
        deadline: Duration,
        number: u64,
        waited: &'a mut Waited,
    ) -> Self {
        Self {
            iterating,
            engine,
            effort,
            noted,
            left: deadline,
            deadline,
            sends: SENDS,
            silences: 0,
            sought: Vec::new(),
            rests_on: usize::MAX,
            number,
            waited,
            near: None,
            gone: None,
            is_signed: false,
            message: None,
        }
    }

    /// Whether it may ask nobody any more.
    pub(super) fn is_spent(&self) -> bool {
        self.sends == 0 || self.left.is_zero()
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
        for _ in 0..CUTS {
            match self.ask_zone(&zone, name, kind).await? {
                Heard::Answer(answer, has_soa) => return Ok(Found::Answer { answer, from: zone, has_soa }),
                Heard::Nothing(failure) => return Ok(Found::Nothing(failure)),
                Heard::Referral(referral) => {
                    let gone = self.gone.as_ref().and_then(|gone| gone.of(&referral));
                    let is_registry = zone.is_registry && referral.zone.labels() <= name.suffix_labels();
                    let below = Delegation::new(referral.zone, referral.servers, is_registry);
                    zone = Arc::new(below.below(&zone, referral.ds));
                    if self.sought.is_empty()
                        && let Some(near) = self.near
                    {
                        near.set(&zone);
                    }
                    if let Some(failure) = gone {
                        return Ok(Found::Nothing(failure));
                    }
                    // Zones of scanned names are used once; those of name servers again and again.
                    if is_registry || !self.sought.is_empty() {
                        self.iterating.store.keep(&zone, referral.ttl);
                    }
                }
            }
        }
        Ok(Found::Nothing(Failure { answered: true, ..Failure::default() }))
    }

    /// Asks the servers of a zone, one after the other, until one says something of use.
    pub(super) async fn ask_zone(
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
        while course.sent < most && !self.is_spent() {
            if course.needs_plain(self.effort, BEFORE_PLAIN)
                && let Some(first) = again.last().cloned()
            {
                if let Some(heard) = self.ask_plainly(zone, &first, name, kind, &mut course).await? {
                    return Ok(heard);
                }
                continue;
            }
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
                    // One of the dead is asked, once, where nobody else said anything of use.
                    None => again.pop().or_else(|| {
                        let had_its_turn = std::mem::replace(&mut course.has_asked_dead, true);
                        if had_its_turn { None } else { servers.next_dead() }
                    }),
                },
            };
            let Some(next) = next else { break };
            let heard = match next.is_dead {
                true => self.ask_dead(zone, &next, name, kind, &mut course).await?,
                false => self.ask_server(zone, &next, name, kind, &mut course).await?,
            };
            if let Some(heard) = heard {
                return Ok(heard);
            }
            if let Some(useless) = course.useless.take() {
                again.retain(|one| one.addr != useless);
            }
            if course.was_silent && !next.is_dead {
                again.insert(0, next);
            }
        }
        if course.needs_plain(self.effort, 0)
            && let Some(first) = again.pop()
            && let Some(heard) = self.ask_plainly(zone, &first, name, kind, &mut course).await?
        {
            return Ok(heard);
        }
        match self.wait_for_late(zone, name, kind, &mut course).await? {
            Some(heard) => Ok(heard),
            None => Ok(Heard::Nothing(course.failure)),
        }
    }

    /// What the servers of a zone are told beside the question. Those of registries are asked for signatures
    /// always, since with them they say whether a zone below has a DS.
    const fn edns(&self, zone: &Delegation) -> Edns {
        let is_wanted = self.is_signed && self.sought.is_empty();
        if zone.is_registry || is_wanted { Edns::Signatures } else { Edns::Plain }
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
        (course.was_silent, course.is_by_tcp) = (false, false);
        let server = servers::name(zone, next.server);
        let admission = &self.iterating.admission;
        if let Err(why) = admission.name_server(next.addr, || server.to_string()) {
            course.took = Duration::ZERO;
            self.note((zone, next), (name, kind), course, || format!("not asked: {why}"));
            course.failure.refused(why);
            return Ok(None);
        }
        admission.dns(self.waited).await?;
        let (takes_no_edns, cookie) = self.iterating.store.manner(next.addr);
        let is_plain = course.is_plain || takes_no_edns;
        if is_plain != course.exchange_is_plain {
            course.exchange = None;
        }
        course.exchange_is_plain = is_plain;
        let edns = if is_plain { Edns::None } else { self.edns(zone) };
        course.had_edns |= !is_plain;
        let exchange = match &mut course.exchange {
            Some(exchange) => exchange,
            none => {
                let begun = self.engine.authority_exchange(name.bytes(), kind, edns);
                let Some(begun) = begun else { return Ok(None) };
                none.insert(begun)
            }
        };
        // Checked again, since the wait for pace may have been long and an exclusion file may have grown.
        if let Err(why) = admission.name_server(next.addr, || server.to_string()) {
            course.failure.refused(why);
            return Ok(None);
        }
        if !is_plain {
            course.cookie = cookie;
            match &cookie {
                Some(cookie) => exchange.show_cookie(cookie.bytes()),
                None => exchange.show_cookie(&self.iterating.own_cookie(next.addr)),
            }
        }
        let patience = patience(self.effort, self.deadline, self.left, course.sent, next.is_dead);
        (course.sent, self.sends) = (course.sent + 1, self.sends - 1);
        let to = SocketAddr::new(next.addr, self.iterating.port);
        let began = Instant::now();
        let scopes = self.iterating.scopes(zone, next.server, next.addr);
        let (event, queued) = exchange.send_within(to, scopes, patience).await;
        let by = exchange.answered_by();
        self.waited.add(Waited::from(queued));
        course.took = began.elapsed().saturating_sub(queued);
        self.left = self.left.saturating_sub(course.took);
        if !matches!(event, Event::Answer) {
            self.note((zone, next), (name, kind), course, || event.to_string());
        }
        match event {
            Event::Answer => {}
            Event::Fault(ours) if !ours.is_of_network() => return Err(ours.into()),
            Event::Closed => return Err(Unfinished::Stopped),
            Event::Expired | Event::Unreachable | Event::Fault(_) => {
                self.iterating.store.was_silent(next.addr);
                course.failure.silent = true;
                course.was_silent = true;
                course.unheard.push(next.clone());
                self.silences += 1;
                return Ok(None);
            }
        }
        let by = by.map_or(next.addr, |by| by.ip());
        self.hear(zone, next, by, (name, kind), course).await
    }

    /// Keeps the cookie that a server gave, where it is to us and another than was shown.
    fn take_cookie(&self, next: &Candidate, cookie: Option<Cookie>, course: &Course) {
        let is_ours = |cookie: &Cookie| cookie.bytes().starts_with(&self.iterating.own_cookie(next.addr));
        if let Some(cookie) = cookie.filter(|given| Some(*given) != course.cookie).filter(is_ours) {
            self.iterating.store.keep_cookie(next.addr, cookie);
        }
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
            let (said, cookie) = message::read(reply, &zone.zone, name);
            let answer = match said {
                Said::Answer { .. } => Answer::of_wire(query, reply, moment::now()),
                _ => None,
            };
            (said, answer, cookie.and_then(Cookie::of))
        };
        let (mut said, mut answer, cookie) = exchange.read(taken);
        let mut by_tcp = None;
        self.take_cookie(next, cookie, course);
        if said == Said::Truncated {
            self.note((zone, next), (name, kind), course, || "truncated".to_owned());
            // Boxed: it is rare, and its state would be as large as all the rest.
            by_tcp = Box::pin(self.ask_by_tcp(zone, next, course)).await?;
            if let (Some(reply), Some(exchange)) = (&by_tcp, &course.exchange) {
                (said, answer, _) = exchange.read(|query, _| taken(query, reply));
            }
        }
        if self.is_signed
            && self.sought.is_empty()
            && matches!(said, Said::Answer { .. })
            && let Some(exchange) = &course.exchange
        {
            let bytes = by_tcp.unwrap_or_else(|| exchange.read(|_, reply| reply.to_vec()));
            self.message = Some(signed::Message { name: name.clone(), kind, bytes });
        }
        self.note((zone, next), (name, kind), course, || said.text(answer.as_ref()));
        let wants_another = match said {
            Said::NoEdns if !course.exchange_is_plain => {
                self.iterating.store.ask_plainly(next.addr);
                true
            }
            // One that wants another cookie each time is none to talk to.
            Said::BadCookie => !std::mem::replace(&mut course.had_bad_cookie, true),
            _ => false,
        };
        if wants_another {
            course.exchange = None;
            return Box::pin(self.ask_server(zone, next, name, kind, course)).await;
        }
        let heard = match (said, answer) {
            (Said::Answer { has_soa }, Some(mut answer)) => {
                // Nothing was validated.
                answer.ad = None;
                Some(Heard::Answer(answer, has_soa))
            }
            (Said::Referral(referral), _) => {
                let tells = !course.exchange_is_plain && self.edns(zone) == Edns::Signatures;
                Some(Heard::Referral(Referral { ds: referral.ds.filter(|_| tells), ..referral }))
            }
            _ => None,
        };
        if let Some(exchange) = &course.exchange {
            exchange.judge(heard.is_some());
        }
        if heard.is_some() && !zone.is_registry {
            // Somebody else may have set it.
            let _ = zone.answered.set(next.addr);
        }
        Ok(heard)
    }
}

impl Walk<'_> {
    /// Notes what came of a question to a server.
    fn note(
        &self,
        (zone, next): (&Delegation, &Candidate),
        (name, kind): (&Wire, RecordType),
        course: &Course,
        came: impl FnOnce() -> String,
    ) {
        self.iterating.trace.asked(self.noted, || Asked {
            depth: self.sought.len(),
            name: name.to_string(),
            kind: kind.to_string(),
            zone: Some(zone.zone.to_string()),
            server: Some(servers::name(zone, next.server).to_string()),
            addr: next.addr,
            by: match (course.is_by_tcp, course.exchange_is_plain) {
                (true, _) => "TCP",
                (false, true) => "UDP without EDNS",
                (false, false) => "UDP",
            },
            came: came(),
            took: course.took,
        });
    }
}
