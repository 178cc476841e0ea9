//! Finds out whether the network is there: by what the resolvers say, and where they are quiet by asking for a sign of
//! life. Nothing of this is on the way of a question that is answered.

use super::engine::{Engine, Event};
use super::{Answer, Dns, Reading, RecordType, engine_here, read};
use crate::admission::Waited;
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;
use crate::line::{Line, Lost};
use futures::stream::{FuturesUnordered, StreamExt as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often is looked.
const TICK: Duration = Duration::from_millis(250);
/// Silence after which a sign of life is asked for, while anything is under way.
const QUIET: Duration = Duration::from_millis(500);
/// How long a resolver has for it.
const SIGN: Duration = Duration::from_secs(1);
/// Silence of all resolvers, signs of life asked for and not given, that is an outage. A resolver on a busy machine may be
/// quiet for some seconds; nothing false is recorded meanwhile, as failures wait to be believed.
const DEAF: Duration = Duration::from_secs(5);
/// Silence within a question's time that makes its end worth nothing: healthy resolvers give a sign of life before that.
const GAP: Duration = Duration::from_secs(1);
/// How often a question is asked anew for a silence that was no outage.
const ANEW: u32 = 3;
/// Between two looks of one that waits for a sign.
const LOOK: Duration = Duration::from_millis(20);

/// The zone that a sign of life is asked of: every resolver has it.
const ROOT: &str = ".";
/// Under this a name that nobody has is asked for, to see whether the resolvers reach anybody: one question to servers
/// that a scan asks thousands of times.
const UPSTREAM: &str = "com";

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
pub(super) async fn watch(engine: Engine, line: Arc<Line>, resolvers: Vec<SocketAddr>) {
    let mut was_cut = false;
    loop {
        tokio::time::sleep(TICK).await;
        line.heard(engine.heard_at());
        let lost = line.lost();
        if was_cut && lost.is_none() {
            engine.forgive();
        }
        was_cut = lost.is_some();
        if lost.is_none() && !line.is_used() && engine.in_flight() == 0 {
            continue;
        }
        if lost.is_none() && engine.heard_at().elapsed() < QUIET {
            continue;
        }
        let began = Instant::now();
        // An answer to anybody else's question is as good.
        let answered = sign_of_life(&engine, &resolvers).await || engine.heard_at() > began;
        line.heard(engine.heard_at());
        match lost {
            None if !answered && line.silent_for(began) + SIGN >= DEAF => {
                line.cut(Lost::Resolvers, "no resolver answers");
            }
            Some(lost) if answered && is_back(&engine, &line, lost, &resolvers).await => line.restore(),
            Some(_) => line.give_up_beyond_limit(),
            None => {}
        }
    }
}

async fn is_back(engine: &Engine, line: &Line, lost: Lost, resolvers: &[SocketAddr]) -> bool {
    match lost {
        Lost::Resolvers => true,
        Lost::Route => line.has_its_routes(),
        Lost::Upstream => reaches_others(engine, resolvers).await,
    }
}

/// Whether any resolver says anything to the question for the root's SOA; a round in which none does takes as long as they
/// have for it.
async fn sign_of_life(engine: &Engine, resolvers: &[SocketAddr]) -> bool {
    let began = Instant::now();
    let ask = |resolver: SocketAddr| async move {
        let mut exchange = engine.exchange(ROOT, RecordType::SOA)?;
        // Behind names that never answer it would wait for seconds, and its silence would be theirs.
        exchange.hurry();
        matches!(exchange.send(resolver, SIGN).await.0, Event::Answer).then_some(())
    };
    let mut asked: FuturesUnordered<_> = resolvers.iter().map(|resolver| ask(*resolver)).collect();
    while let Some(answered) = asked.next().await {
        if answered.is_some() {
            return true;
        }
    }
    // Where nothing can even be sent the round must not be over at once.
    tokio::time::sleep(SIGN.saturating_sub(began.elapsed())).await;
    false
}

/// Whether any resolver gets an answer from others about a name that it cannot know.
async fn reaches_others(engine: &Engine, resolvers: &[SocketAddr]) -> bool {
    let Some(name) = fresh_name() else { return true };
    for resolver in resolvers {
        let Some(mut exchange) = engine.exchange(&name, RecordType::A) else { return true };
        let Event::Answer = exchange.send(*resolver, 3 * SIGN).await.0 else { continue };
        match read(&exchange) {
            Reading::Says(Answer { status: DnsStatus::ServFail | DnsStatus::Timeout, .. }) => {}
            _ => return true,
        }
    }
    false
}

/// A name that is in no cache; it says who asks.
fn fresh_name() -> Option<String> {
    let mut random = [0_u8; 8];
    aws_lc_rs::rand::fill(&mut random).ok()?;
    Some(format!("sts-census-{:016x}.{UPSTREAM}", u64::from_be_bytes(random)))
}

impl Dns {
    /// Whether what was seen since `began` tells of the remote party. Where this machine's network was away in that time it
    /// waits until that is back, and gives false: what was seen is worth nothing, and is to be looked at again.
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
        while !line.is_cut() && engine.heard_at() <= ended {
            line.rest(LOOK).await?;
        }
        let was_cut = line.was_cut_since(began);
        line.until_up(waited).await?;
        let gaps_count = match doubt {
            Doubt::Question(asked) => asked < ANEW,
            Doubt::Way(_) => true,
            Doubt::Peer(_) => false,
        };
        Ok(!(was_cut || gaps_count && engine.silence_within(began, ended) >= GAP))
    }

    /// Whether SERVFAIL to everything tells of the names; where the resolvers reach nobody it waits until they do, and gives
    /// false.
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
            line.cut(Lost::Upstream, "the resolvers answer, but reach nobody (SERVFAIL)");
        }
        drop(turn);
        line.until_up(waited).await?;
        Ok(reaches)
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
