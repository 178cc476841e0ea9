//! Finds out whether the network is there: by what the resolvers say, and where they are quiet by asking for
//! a sign of life. Nothing of this is on the way of a question that is answered.

use super::engine::{Engine, Event, Patience};
use super::iterate::Iterating;
use super::{Answer, Dns, Reading, RecordType, engine_here, read};
use crate::admission::Waited;
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;
use crate::uplink::{Lost, Uplink};
use futures::FutureExt as _;
use futures::stream::{FuturesUnordered, StreamExt as _};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often is looked.
const TICK: Duration = Duration::from_millis(250);
/// Silence after which a sign of life is asked for, while anything is under way.
const QUIET: Duration = Duration::from_millis(500);
/// The same where authoritative servers are asked: the root is not to be asked more than once per second.
const QUIET_AUTHORITIES: Duration = Duration::from_secs(1);
/// How long a resolver has for it.
const SIGN: Duration = Duration::from_secs(1);
/// How long a sign of life may come after its round: a resolver that became slow gives one too.
pub(super) const LATEST_SIGN: Duration = Duration::from_secs(10);
/// Rounds whose signs are waited for at once.
const ROUNDS: usize = 10;
/// Silence of all resolvers, longer than they take to answer, signs of life asked for and not given, that is
/// an outage. A resolver on a busy machine may be quiet for some seconds; nothing false is recorded
/// meanwhile, as failures wait to be believed.
const DEAF: Duration = Duration::from_secs(5);
/// Silence within a question's time, longer than they take to answer, that makes its end worth nothing:
/// healthy resolvers give a sign of life before that.
const GAP: Duration = Duration::from_secs(1);
/// The same where authoritative servers are asked: a sign of life is asked for once per second, and looked
/// for four times.
const GAP_OF_ALL: Duration = Duration::from_secs(3);
/// How often a question is asked anew for a silence that was no outage.
const ANEW: u32 = 3;
/// Between two looks of one that waits for a sign.
const LOOK: Duration = Duration::from_millis(20);

/// The zone that a sign of life is asked of: every resolver has it.
const ROOT: &str = ".";
/// Under this a name that nobody has is asked for, to see whether the resolvers reach anybody: one question
/// to servers that a scan asks thousands of times.
pub(super) const UPSTREAM: &str = "com";

/// What is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// That there is no answer to a question, asked this often.
    Question(u32),
    /// That the way to an address fails, by what the operating system says.
    Way(IpAddr),
    /// That an address does not answer, or not to the end.
    Peer(IpAddr),
}

/// Looks at the network for as long as it is polled.
pub(super) async fn watch(engine: Engine, line: Arc<Uplink>, whom: Whom) {
    let mut was_cut = false;
    let mut signs = Signs::default();
    loop {
        tokio::time::sleep(TICK).await;
        line.takes(engine.takes());
        let came_meanwhile = signs.drop_ended();
        line.heard(engine.heard_at());
        let lost = line.lost();
        if was_cut && lost.is_none() {
            engine.forgive();
        }
        was_cut = lost.is_some();
        if lost.is_none() && !line.is_used() && engine.in_flight() <= signs.0.len() {
            signs.0.clear();
            continue;
        }
        if lost.is_none() && engine.heard_at().elapsed() < whom.quiet() {
            continue;
        }
        let began = Instant::now();
        // An answer to anybody else's question is as good.
        let answered = came_meanwhile || signs.ask(&engine, &whom).await || engine.heard_at() > began;
        line.heard(engine.heard_at());
        match lost {
            None if !answered && line.silent_for(began) + SIGN >= DEAF + engine.takes() => {
                line.cut(Lost::Resolvers, whom.silence());
            }
            Some(lost) if answered && is_back(&engine, &line, lost, &whom).await => {
                // Before anybody who waits goes on.
                whom.forgive();
                line.restore();
            }
            Some(_) => line.give_up_beyond_limit(),
            None => {}
        }
    }
}

async fn is_back(engine: &Engine, line: &Uplink, lost: Lost, whom: &Whom) -> bool {
    match lost {
        Lost::Resolvers => true,
        Lost::Route => line.has_its_routes(),
        Lost::Upstream => match whom {
            Whom::Resolvers(resolvers) => reaches_others(engine, resolvers).await,
            Whom::Root(_) => true,
        },
        // Whoever asks for the controls finds that out.
        Lost::Controls => false,
    }
}

/// Who is asked for a sign of life.
pub(super) enum Whom {
    /// All resolvers.
    Resolvers(Vec<SocketAddr>),
    /// One server of the root, in turn.
    Root(Arc<Iterating>),
}

impl Whom {
    /// Silence after which they are asked.
    const fn quiet(&self) -> Duration {
        match self {
            Self::Resolvers(_) => QUIET,
            Self::Root(_) => QUIET_AUTHORITIES,
        }
    }

    /// What it is when none of them answers.
    const fn silence(&self) -> &'static str {
        match self {
            Self::Resolvers(_) => "no resolver answers",
            Self::Root(_) => "no name server answers, and no server of the root",
        }
    }

    fn forgive(&self) {
        if let Self::Root(iterating) = self {
            iterating.forgive();
        }
    }

    /// How many of them are asked at a time.
    fn len(&self) -> usize {
        match self {
            Self::Resolvers(resolvers) => resolvers.len(),
            Self::Root(_) => 1,
        }
    }

    /// Those whose turn it is.
    fn next(&self) -> Vec<SocketAddr> {
        match self {
            Self::Resolvers(resolvers) => resolvers.clone(),
            Self::Root(iterating) => iterating.sign_of_life().into_iter().collect(),
        }
    }
}

/// Signs of life that were asked for and have not come.
#[derive(Default)]
struct Signs(FuturesUnordered<Sign>);

/// Gives whether it came.
type Sign = Pin<Box<dyn Future<Output = bool> + Send>>;

impl Signs {
    /// Whether any resolver says anything to the question for the root's SOA, be it that of an earlier round;
    /// a round in which none does takes as long as they have for it.
    async fn ask(&mut self, engine: &Engine, whom: &Whom) -> bool {
        let ends = tokio::time::Instant::now() + SIGN;
        if self.0.len() < ROUNDS * whom.len() {
            self.0.extend(whom.next().into_iter().map(|server| sign(engine.clone(), server)));
        }
        let any = async {
            while let Some(came) = self.0.next().await {
                if came {
                    return;
                }
            }
            // Where nothing can even be sent the round must not be over at once.
            std::future::pending::<()>().await;
        };
        let answered = tokio::time::timeout_at(ends, any).await.is_ok();
        if answered {
            self.0.clear();
        }
        answered
    }

    /// Leaves those that are waited for; whether one of the others came.
    fn drop_ended(&mut self) -> bool {
        let mut any = false;
        while let Some(Some(came)) = self.0.next().now_or_never() {
            any |= came;
        }
        any
    }
}

/// Asks a resolver for a sign of life.
fn sign(engine: Engine, resolver: SocketAddr) -> Sign {
    Box::pin(async move {
        let Some(mut exchange) = engine.exchange(ROOT, RecordType::SOA) else { return false };
        // Behind names that never answer it would wait for seconds, and its silence would be theirs.
        exchange.hurry();
        matches!(exchange.send(resolver, Patience::just(LATEST_SIGN)).await.0, Event::Answer)
    })
}

/// Whether any resolver gets an answer from others about a name that it cannot know.
async fn reaches_others(engine: &Engine, resolvers: &[SocketAddr]) -> bool {
    let Some(name) = fresh_name() else { return true };
    for resolver in resolvers {
        let Some(mut exchange) = engine.exchange(&name, RecordType::A) else { return true };
        let Event::Answer = exchange.send(*resolver, Patience::between(3 * SIGN, LATEST_SIGN)).await.0 else {
            continue;
        };
        match read(&exchange) {
            Reading::Says(Answer { status: DnsStatus::ServFail | DnsStatus::Timeout, .. }) => {}
            _ => return true,
        }
    }
    false
}

/// A name that is in no cache; it says who asks.
#[must_use]
pub fn fresh_name() -> Option<String> {
    fresh_label().map(|label| format!("{label}.{UPSTREAM}"))
}

/// The first label of such a name.
pub(super) fn fresh_label() -> Option<String> {
    let mut random = [0_u8; 8];
    aws_lc_rs::rand::fill(&mut random).ok()?;
    Some(format!("sts-census-{:016x}", u64::from_be_bytes(random)))
}

impl Dns {
    /// Whether what was seen since `began` tells of the remote party. Where this machine's network was away
    /// in that time it waits until that is back, and gives false: what was seen is worth nothing, and is to
    /// be looked at again.
    ///
    /// # Errors
    /// The scan was stopped.
    pub async fn believes(
        &self,
        doubt: Doubt,
        began: Instant,
        waited: &mut Waited,
    ) -> Result<bool, Unfinished> {
        let line = &self.line;
        if !line.is_watched() {
            return Ok(true);
        }
        let engine = engine_here()?;
        let ended = Instant::now();
        let _under_way = line.under_way();
        if let Doubt::Way(addr) | Doubt::Peer(addr) = doubt
            && !line.has_route(addr)
        {
            line.cut(Lost::Route, "this machine has no route to the Internet");
        }
        // Until somebody is answered nobody can tell the silence of one from the silence of all.
        while !line.is_cut() && self.heard_at(&engine) <= ended {
            line.rest(LOOK).await?;
        }
        let was_cut = line.was_cut_since(began);
        line.until_up(waited).await?;
        let gaps_count = match doubt {
            Doubt::Question(asked) => asked < ANEW,
            Doubt::Way(_) => true,
            Doubt::Peer(_) => false,
        };
        // One thread of several that ask many servers may hear nothing for long: then the others tell.
        let silence = engine.silence_within(began, ended);
        let gap = match self.is_iterating() {
            true => silence.min(line.silence_within(began, ended)) >= GAP_OF_ALL,
            false => silence >= GAP + engine.takes(),
        };
        Ok(!(was_cut || gaps_count && gap))
    }

    /// When anybody was answered last, as far as this thread knows.
    fn heard_at(&self, engine: &Engine) -> Instant {
        if self.is_iterating() { engine.heard_at().max(self.line.heard_at()) } else { engine.heard_at() }
    }

    /// Whether SERVFAIL to everything tells of the names; where the resolvers reach nobody it waits until
    /// they do, and gives false.
    ///
    /// # Errors
    /// The scan was stopped.
    pub(super) async fn believes_failures(&self, waited: &mut Waited) -> Result<bool, Unfinished> {
        let line = &self.line;
        if !line.is_watched() {
            return Ok(true);
        }
        let engine = engine_here()?;
        // One looks for all.
        let turn = self.looking.lock().await;
        if line.is_cut() {
            drop(turn);
            line.until_up(waited).await?;
            return Ok(false);
        }
        if !self.resolvers.all_fail() {
            return Ok(true);
        }
        let reaches = reaches_others(&engine, &self.addrs).await;
        self.resolvers.forget_failures();
        if !reaches {
            line.cut(Lost::Upstream, "the resolvers answer, but cannot reach any name server (SERVFAIL)");
        }
        drop(turn);
        line.until_up(waited).await?;
        Ok(reaches)
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
