//! Questions on which the scan as a whole hangs: they are asked whether or not the network is held to be
//! there, each of the resolvers by itself, and silence is taken for what it is.

use super::attempts::{Reading, read};
use super::effort::{PARTS, patience};
use super::engine::{Engine, Event};
use super::tcp::over_tcp;
use super::{Answer, Dns, Effort, RecordType, engine_here};
use crate::admission::Waited;
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;
use crate::moment;
use std::net::SocketAddr;

impl Dns {
    /// Those who are to be asked apart: each of the resolvers, or `None`, which is all authoritative servers.
    #[must_use]
    pub fn parties(&self) -> Vec<Option<SocketAddr>> {
        if self.is_iterating() { vec![None] } else { self.addrs.iter().copied().map(Some).collect() }
    }

    /// What one of [`Dns::parties`] says to a question.
    ///
    /// # Errors
    /// This machine failed, the scan was stopped, or an exclusion file has the name: then nothing was sent.
    pub async fn ask_apart(
        &self,
        party: Option<SocketAddr>,
        name: &str,
        kind: RecordType,
    ) -> Result<Answer, Unfinished> {
        let engine = engine_here()?;
        if self.admission.excludes(name) {
            return Err(Unfinished::Excluded);
        }
        match (&self.iterating, party) {
            (Some(iterating), _) => {
                let how = (Effort::Full, None);
                let asked = iterating.ask(&engine, how, (name, kind), None, &mut Waited::default()).await?;
                Ok(asked.0)
            }
            (None, Some(resolver)) => self.ask_resolver_apart(&engine, resolver, name, kind).await,
            (None, None) => Ok(Answer::without(DnsStatus::Timeout, moment::now())),
        }
    }

    async fn ask_resolver_apart(
        &self,
        engine: &Engine,
        resolver: SocketAddr,
        name: &str,
        kind: RecordType,
    ) -> Result<Answer, Unfinished> {
        let without = |status| Ok(Answer::without(status, moment::now()));
        let Some(mut exchange) = engine.exchange(name, kind) else { return without(DnsStatus::BadAnswer) };
        for part in PARTS {
            self.admission.dns(&mut Waited::default()).await?;
            match exchange.send(resolver, patience(self.deadline, part, self.deadline)).await.0 {
                // A network that is away is silence.
                Event::Fault(ours) if ours.is_of_network() => break,
                Event::Fault(ours) => return Err(ours.into()),
                Event::Closed => return Err(Unfinished::Stopped),
                Event::Expired => {}
                Event::Unreachable => break,
                Event::Answer => {
                    return match read(&exchange) {
                        Reading::Says(answer) => Ok(answer),
                        Reading::Unreadable => without(DnsStatus::BadAnswer),
                        Reading::Truncated => {
                            let reply = over_tcp(&exchange, resolver, self.deadline, true).await?;
                            let read = |reply: &Vec<u8>| {
                                exchange.read(|query, _| Answer::of_wire(query, reply, moment::now()))
                            };
                            reply.as_ref().and_then(read).map_or_else(|| without(DnsStatus::Truncated), Ok)
                        }
                    };
                }
            }
        }
        without(DnsStatus::Timeout)
    }
}
