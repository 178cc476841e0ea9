//! The attempts of one question: other resolvers, TCP after truncation, and what each answer says of who sent
//! it.

use super::effort::patience;
use super::engine::{Engine, Event, Exchange, Patience};
use super::overload::{QUICK, Suspect};
use super::resolvers::{Chosen, Resolvers};
use super::tcp::over_tcp;
use super::trace::{self, Asked};
use super::{Answer, Dns, Effort, wire};
use crate::admission::Waited;
use crate::evidence::DnsStatus;
use crate::fault::{LocalFault, Unfinished};
use crate::moment;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What one answer is worth.
pub(super) enum Reading {
    /// It does not fit into a datagram.
    Truncated,
    /// Its bytes make no sense.
    Unreadable,
    /// This.
    Says(Answer),
}

/// One attempt: whom it asked, what came of it, and how long that took beside what it waited for.
pub(super) struct Attempt {
    pub(super) chosen: Chosen,
    pub(super) event: Event,
    pub(super) took: Duration,
}

/// What the attempts of a question came to.
pub(super) struct Came {
    pub(super) answer: Answer,
    /// Why none could be sent, where the network seems to be away.
    pub(super) fault: Option<LocalFault>,
    /// Where it is a failure of which nobody knows whose it is.
    pub(super) suspect: Option<Suspect>,
}

impl Came {
    /// An answer, or none in time.
    fn of(answer: Option<Answer>) -> Self {
        let answer = answer.unwrap_or_else(|| Answer::without(DnsStatus::Timeout, moment::now()));
        Self { answer, fault: None, suspect: None }
    }

    /// An answer that took so long from one of the resolvers.
    fn from(answer: Answer, resolvers: &Resolvers, chosen: Chosen, took: Duration) -> Self {
        let is_refusal = answer.status == DnsStatus::Refused;
        let is_quick_failure = || answer.status == DnsStatus::ServFail && took < QUICK;
        let is_suspect = is_refusal || is_quick_failure() && !resolvers.only_fails(chosen);
        let suspect = is_suspect.then(|| Suspect { resolver: resolvers.addr(chosen), is_refusal });
        Self { suspect, ..Self::of(Some(answer)) }
    }
}

/// What is done about an answer.
enum Heeded {
    /// It is the answer.
    Final(Answer),
    /// Another resolver may have a better one.
    Useless(Answer),
    /// It is asked for by TCP.
    Truncated,
    /// It is a failure, as all have been for long.
    Failing(Answer),
}

impl Dns {
    /// What the attempts of one question came to, which `began` then, and of which one may have been made
    /// `before`; `None` where the network was away, and nothing of it counts.
    pub(super) async fn attempts(
        &self,
        (effort, began): (Effort, Instant),
        engine: &Engine,
        exchange: &mut Exchange,
        mut before: Option<Attempt>,
        name: &str,
        waited: &mut Waited,
    ) -> Result<Option<Came>, Unfinished> {
        let mut left = self.deadline;
        let mut last: Option<Chosen> = None;
        // An answer that is none, kept for the case that no resolver has a better one.
        let mut useless = None;
        for &part in effort.parts() {
            let patience = patience(self.deadline, part, left);
            let Attempt { chosen, event, took } = match before.take() {
                Some(before) => before,
                None => self.attempt(exchange, last, patience, name, waited).await?,
            };
            last = Some(chosen);
            left = left.saturating_sub(took);
            let resolver = self.resolvers.addr(chosen);
            self.trace.asked_of_resolver(|| of_resolver(exchange, &event, resolver, took));
            match event {
                Event::Fault(ours) if ours.is_of_network() => {
                    return Ok(Some(Came { fault: Some(ours), ..Came::of(useless) }));
                }
                Event::Fault(ours) => return Err(ours.into()),
                Event::Closed => return Err(Unfinished::Stopped),
                Event::Expired | Event::Unreachable => self.resolvers.silent(chosen),
                Event::Answer => match self.heed(engine, chosen, read(exchange)) {
                    Heeded::Final(answer) => {
                        return Ok(Some(Came::from(answer, &self.resolvers, chosen, took)));
                    }
                    Heeded::Useless(answer) => useless = Some(answer),
                    Heeded::Truncated => {
                        let _aside = engine.step_aside();
                        // Boxed: it is rare, and its state would be as large as all the rest.
                        let reply = Box::pin(self.by_tcp(exchange, chosen, left, name, waited)).await?;
                        let read = |reply: &Vec<u8>| {
                            exchange.read(|query, _| Answer::of_wire(query, reply, moment::now()))
                        };
                        let answer = reply.as_ref().and_then(read);
                        let cut = || Answer::without(DnsStatus::Truncated, moment::now());
                        return Ok(Some(Came::of(Some(answer.unwrap_or_else(cut)))));
                    }
                    Heeded::Failing(answer) => {
                        let is_believed = Box::pin(self.believes_failures(waited)).await?;
                        return Ok(is_believed.then(|| Came::from(answer, &self.resolvers, chosen, took)));
                    }
                },
            }
            if left.is_zero() {
                break;
            }
        }
        Ok(Some(match (useless, last) {
            (Some(answer), Some(last)) => Came::from(answer, &self.resolvers, last, began.elapsed()),
            (useless, _) => Came::of(useless),
        }))
    }

    /// One attempt, at the pace of every question, with another resolver than the last where there is one.
    async fn attempt(
        &self,
        exchange: &mut Exchange,
        last: Option<Chosen>,
        patience: Patience,
        name: &str,
        waited: &mut Waited,
    ) -> Result<Attempt, Unfinished> {
        self.admission.dns(waited).await?;
        let chosen = self.resolvers.choose(last);
        if let Some(pace) = self.resolvers.pace(chosen) {
            self.admission.paced(pace, waited).await?;
        }
        self.still_admits(name)?;
        let began = Instant::now();
        let (event, queued) = exchange.send(self.resolvers.addr(chosen), patience).await;
        waited.add(Waited::from(queued));
        Ok(Attempt { chosen, event, took: began.elapsed().saturating_sub(queued) })
    }

    /// Asks a resolver again by TCP what did not fit into a datagram, at the pace of every question.
    async fn by_tcp(
        &self,
        exchange: &Exchange,
        chosen: Chosen,
        left: Duration,
        name: &str,
        waited: &mut Waited,
    ) -> Result<Option<Vec<u8>>, Unfinished> {
        self.admission.dns(waited).await?;
        if let Some(pace) = self.resolvers.pace(chosen) {
            self.admission.paced(pace, waited).await?;
        }
        self.still_admits(name)?;
        Ok(over_tcp(exchange, self.resolvers.addr(chosen), left, true).await?)
    }

    /// Notes what an answer says about its resolver.
    fn heed(&self, engine: &Engine, chosen: Chosen, reading: Reading) -> Heeded {
        match reading {
            Reading::Truncated => Heeded::Truncated,
            Reading::Unreadable => Heeded::Useless(Answer::without(DnsStatus::BadAnswer, moment::now())),
            Reading::Says(answer) if answer.status == DnsStatus::Refused => {
                if self.resolvers.refused(chosen) {
                    engine.slow_down(self.resolvers.addr(chosen));
                }
                if self.resolvers.len() == 1 { Heeded::Final(answer) } else { Heeded::Useless(answer) }
            }
            Reading::Says(answer) if answer.status == DnsStatus::ServFail => {
                if self.resolvers.failed(chosen) { Heeded::Failing(answer) } else { Heeded::Final(answer) }
            }
            Reading::Says(answer) => {
                self.resolvers.answered(chosen);
                Heeded::Final(answer)
            }
        }
    }
}

/// What is noted of one attempt.
fn of_resolver(exchange: &Exchange, event: &Event, resolver: SocketAddr, took: Duration) -> Asked {
    let asked = exchange.read(|query, _| wire::asked(query));
    let (name, kind) =
        asked.map(|(name, kind)| (wire::name_text(&name), kind.to_string())).unwrap_or_default();
    let came = match event {
        Event::Answer => match read(exchange) {
            Reading::Truncated => "truncated".to_owned(),
            Reading::Unreadable => "unreadable".to_owned(),
            Reading::Says(answer) => trace::said(&answer),
        },
        other => other.to_string(),
    };
    Asked { depth: 0, name, kind, zone: None, server: None, addr: resolver.ip(), by: "UDP", came, took }
}

/// What the answer to a question is worth.
pub(super) fn read(exchange: &Exchange) -> Reading {
    exchange.read(|query, reply| {
        if wire::Head::of_answer(reply).is_some_and(wire::Head::is_truncated) {
            return Reading::Truncated;
        }
        Answer::of_wire(query, reply, moment::now()).map_or(Reading::Unreadable, Reading::Says)
    })
}
