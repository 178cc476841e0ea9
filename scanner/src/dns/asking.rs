//! One question from its first attempt to its answer: other resolvers, TCP after truncation, and whether the
//! silence is ours.

use super::effort::patience;
use super::engine::{Engine, Event, Exchange};
use super::iterate::{Iterating, Near};
use super::overload::{QUICK, Suspect};
use super::resolvers::{Chosen, Resolvers};
use super::tcp::over_tcp;
use super::trace::{self, Asked};
use super::{Answer, Dns, Doubt, Effort, RecordType, engine_here, wire};
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

/// What the attempts of a question came to.
struct Came {
    answer: Answer,
    /// Why none could be sent, where the network seems to be away.
    fault: Option<LocalFault>,
    /// Where it is a failure of which nobody knows whose it is.
    suspect: Option<Suspect>,
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
    /// The answer to one question; dropping the future gives the question up.
    ///
    /// # Errors
    /// Only where this machine failed (no sockets, no memory, no engine on this thread), the scan was
    /// stopped, or an exclusion file has the name: then nothing was sent. Everything a resolver does is an
    /// [`Answer`].
    pub async fn ask(&self, name: &str, kind: RecordType, waited: &mut Waited) -> Result<Answer, Unfinished> {
        self.ask_with(Effort::Full, name, kind, waited).await
    }

    /// As [`Dns::ask`], with as much effort as the question is worth.
    ///
    /// # Errors
    /// As [`Dns::ask`].
    pub async fn ask_with(
        &self,
        effort: Effort,
        name: &str,
        kind: RecordType,
        waited: &mut Waited,
    ) -> Result<Answer, Unfinished> {
        self.ask_near(effort, None, name, kind, waited).await
    }

    /// As [`Dns::ask_with`]; where authoritative servers are asked, beginning at those that `near` knows.
    ///
    /// # Errors
    /// As [`Dns::ask`].
    pub async fn ask_near(
        &self,
        effort: Effort,
        near: Option<&Near>,
        name: &str,
        kind: RecordType,
        waited: &mut Waited,
    ) -> Result<Answer, Unfinished> {
        let engine = engine_here()?;
        if let Some(iterating) = &self.iterating {
            // Boxed: it is not to make the state larger of those who ask resolvers.
            return Box::pin(self.walk(iterating, &engine, (effort, near), (name, kind), waited)).await;
        }
        self.trace.question(name, kind);
        let (mut asked, mut again) = (0, 0);
        loop {
            self.line.until_up(waited).await?;
            let Some(mut exchange) = engine.exchange(name, kind) else {
                return Ok(Answer::without(DnsStatus::BadAnswer, moment::now()));
            };
            if effort == Effort::Once {
                exchange.doubt();
            }
            let began = Instant::now();
            let Some(Came { answer, fault, suspect }) =
                self.attempts(effort, &engine, &mut exchange, name, waited).await?
            else {
                continue;
            };
            if let Some(suspect) = suspect
                && Box::pin(self.is_worth_asking_again(&engine, suspect, again, waited)).await?
            {
                again += 1;
                continue;
            }
            asked += 1;
            let is_doubtful = matches!(answer.status, DnsStatus::Timeout | DnsStatus::Truncated);
            // Boxed, as its like below: it is not to make every question's state larger.
            if is_doubtful && !Box::pin(self.believes(Doubt::Question(asked), began, waited)).await? {
                continue;
            }
            if let Some(fault) = fault {
                return Err(fault.into());
            }
            exchange.conclude(answer.status);
            if self.trace.is_on() {
                self.trace.answered(self.trace.last(name, &kind.to_string()), &answer);
            }
            return Ok(answer);
        }
    }

    /// Whether all name servers of a name say the same of its TXT records (RFC 1034 section 4.3.5: copies of
    /// a zone may differ for a while); `None` where fewer than two answer, and where resolvers are asked.
    ///
    /// # Errors
    /// As [`Dns::ask`].
    pub async fn servers_agree(
        &self,
        near: &Near,
        name: &str,
        waited: &mut Waited,
    ) -> Result<Option<bool>, Unfinished> {
        let Some(iterating) = &self.iterating else { return Ok(None) };
        let engine = engine_here()?;
        let noted = self.trace.question(name, RecordType::TXT);
        let mut asked = 0;
        loop {
            self.still_admits(name)?;
            let began = Instant::now();
            let (agree, rests_on_silence) = iterating.agree(&engine, noted, name, near, waited).await?;
            asked += 1;
            if rests_on_silence && !self.believes(Doubt::Question(asked), began, waited).await? {
                continue;
            }
            self.trace.ended(noted, agreement(agree));
            return Ok(agree);
        }
    }

    /// As [`Dns::ask_near`], by authoritative servers.
    async fn walk(
        &self,
        iterating: &Iterating,
        engine: &Engine,
        (effort, near): (Effort, Option<&Near>),
        (name, kind): (&str, RecordType),
        waited: &mut Waited,
    ) -> Result<Answer, Unfinished> {
        let noted = self.trace.question(name, kind);
        let mut asked = 0;
        loop {
            self.line.until_up(waited).await?;
            self.still_admits(name)?;
            let began = Instant::now();
            let question = (name, kind);
            let (answer, rests_on_silence) = match effort {
                // Boxed: few questions are validated, and every other's state would be larger.
                Effort::Validated => {
                    Box::pin(iterating.ask_securely(engine, noted, question, near, waited)).await?
                }
                _ => iterating.ask(engine, (effort, noted), question, near, waited).await?,
            };
            asked += 1;
            if rests_on_silence && !self.believes(Doubt::Question(asked), began, waited).await? {
                continue;
            }
            engine.conclude(answer.status);
            self.trace.answered(noted, &answer);
            return Ok(answer);
        }
    }

    /// What the attempts of one question came to; `None` where the network was away, and nothing of it
    /// counts.
    async fn attempts(
        &self,
        effort: Effort,
        engine: &Engine,
        exchange: &mut Exchange,
        name: &str,
        waited: &mut Waited,
    ) -> Result<Option<Came>, Unfinished> {
        let mut left = self.deadline;
        let began = Instant::now();
        let mut last: Option<Chosen> = None;
        // An answer that is none, kept for the case that no resolver has a better one.
        let mut useless = None;
        for &part in effort.parts() {
            self.admission.dns(waited).await?;
            let chosen = self.resolvers.choose(last);
            last = Some(chosen);
            let resolver = self.resolvers.addr(chosen);
            if let Some(pace) = self.resolvers.pace(chosen) {
                self.admission.paced(pace, waited).await?;
            }
            self.still_admits(name)?;
            let began = Instant::now();
            let (event, queued) = exchange.send(resolver, patience(self.deadline, part, left)).await;
            waited.add(Waited::from(queued));
            let took = began.elapsed().saturating_sub(queued);
            left = left.saturating_sub(took);
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

    /// Whether a name may still be asked about: said last of all, since the wait for pace may have been long
    /// and an exclusion file may have grown meanwhile.
    fn still_admits(&self, name: &str) -> Result<(), Unfinished> {
        if self.admission.excludes(name) { Err(Unfinished::Excluded) } else { Ok(()) }
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

/// What is noted of whether servers agree.
const fn agreement(agree: Option<bool>) -> &'static str {
    match agree {
        Some(true) => "the name servers agree",
        Some(false) => "the name servers differ",
        None => "fewer than two name servers answered",
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

pub(super) fn read(exchange: &Exchange) -> Reading {
    exchange.read(|query, reply| {
        if wire::Head::of_answer(reply).is_some_and(wire::Head::is_truncated) {
            return Reading::Truncated;
        }
        Answer::of_wire(query, reply, moment::now()).map_or(Reading::Unreadable, Reading::Says)
    })
}
