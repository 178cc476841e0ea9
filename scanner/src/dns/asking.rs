//! One question from its first attempt to its answer, and whether a silence is ours.

use super::attempts::{Attempt, Came};
use super::effort::patience;
use super::engine::{Asks, CameAtOnce, Engine, Exchange};
use super::iterate::{Iterating, Near};
use super::wire::Head;
use super::{Answer, Dns, Doubt, Effort, RecordType, engine_here};
use crate::admission::Waited;
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;
use crate::moment;
use std::time::Instant;

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
        let mut first = None;
        if self.waits_for_nothing(name) {
            let chosen = self.resolvers.choose(None);
            let part = effort.parts().first().copied().unwrap_or(1);
            let asks = Asks {
                name,
                kind,
                server: self.resolvers.addr(chosen),
                patience: patience(self.deadline, part, self.deadline),
                is_doubtful: effort == Effort::Once,
            };
            match engine.ask_once(asks, plain).await {
                CameAtOnce::Read(answer, queued) => {
                    waited.add(Waited::from(queued));
                    self.resolvers.answered(chosen);
                    return Ok(answer);
                }
                CameAtOnce::NoName => return Ok(Answer::without(DnsStatus::BadAnswer, moment::now())),
                CameAtOnce::Else(exchange, event, queued) => {
                    waited.add(Waited::from(queued));
                    let took = exchange.began().elapsed().saturating_sub(queued);
                    first = Some((exchange, Attempt { chosen, event, took }));
                }
            }
        }
        // Boxed, as it is rare: every question under way would hold room for it.
        Box::pin(self.ask_on(&engine, effort, first, (name, kind), waited)).await
    }

    /// Whether a question can be asked at once, for which a permit is taken then. Where notes are taken it
    /// goes the long way, which takes them.
    fn waits_for_nothing(&self, name: &str) -> bool {
        let is_plain = self.rate.is_none() && !self.trace.is_on() && !self.line.is_cut();
        is_plain && !self.admission.excludes(name) && self.admission.has_dns_to_spare()
    }

    /// As [`Dns::ask_near`], from the beginning or after a first attempt that did not do.
    async fn ask_on(
        &self,
        engine: &Engine,
        effort: Effort,
        mut first: Option<(Exchange, Attempt)>,
        (name, kind): (&str, RecordType),
        waited: &mut Waited,
    ) -> Result<Answer, Unfinished> {
        self.trace.question(name, kind);
        let (mut asked, mut again) = (0, 0);
        loop {
            let (mut exchange, began, before) = match first.take() {
                Some((exchange, attempt)) => {
                    let began = exchange.began();
                    (exchange, began, Some(attempt))
                }
                None => {
                    self.line.until_up(waited).await?;
                    let Some(exchange) = engine.exchange(name, kind) else {
                        return Ok(Answer::without(DnsStatus::BadAnswer, moment::now()));
                    };
                    if effort == Effort::Once {
                        exchange.doubt();
                    }
                    (exchange, Instant::now(), None)
                }
            };
            let Some(Came { answer, fault, suspect }) =
                self.attempts((effort, began), engine, &mut exchange, before, name, waited).await?
            else {
                continue;
            };
            if let Some(suspect) = suspect
                && Box::pin(self.is_worth_asking_again(engine, suspect, again, waited)).await?
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

    /// Whether a name may still be asked about: said last of all, since the wait for pace may have been long
    /// and an exclusion file may have grown meanwhile.
    pub(super) fn still_admits(&self, name: &str) -> Result<(), Unfinished> {
        if self.admission.excludes(name) { Err(Unfinished::Excluded) } else { Ok(()) }
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

/// An answer that says something of the name, with its status; `None` for one that is asked for again, or
/// that says something of the resolver.
fn plain(query: &[u8], reply: &[u8]) -> Option<(Answer, DnsStatus)> {
    if Head::of_answer(reply).is_none_or(|head| head.is_truncated() || head.is_failure()) {
        return None;
    }
    let answer = Answer::of_wire(query, reply, moment::now())?;
    let status = answer.status;
    (!matches!(status, DnsStatus::Refused | DnsStatus::ServFail)).then_some((answer, status))
}
