//! What is found out about the resolvers before the first name: which are there, and which validate.

use super::effort::PARTS;
use super::engine::{Engine, Event, Patience};
use super::{RecordType, engine_here, wire};
use crate::fault::LocalFault;
use std::net::SocketAddr;
use std::time::Duration;

/// A zone that is signed as long as the DNS is (RFC 4035): who validates sets AD on its SOA.
const SIGNED: &str = ".";

/// A zone that is never signed, because every network has its own (RFC 6303 section 4.1; its delegation is
/// insecure, RFC 7534): who sets AD on its SOA sets it on everything, as boxes do that send the AD bit of the
/// question back.
const UNSIGNED: &str = "10.in-addr.arpa";

/// What the resolvers said before the scan began.
#[derive(Debug)]
pub struct Preflight {
    /// Resolvers that did not answer; they are left out.
    pub silent: Vec<SocketAddr>,
    /// Whether every other validates DNSSEC: it sets AD where the answer is sure to be signed, and does not
    /// where it is sure not to be.
    pub validates: bool,
}

/// What a resolver that answered is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Whether it validates.
    pub(super) validates: bool,
    /// How long it takes to answer.
    pub(super) takes: Duration,
}

/// Each resolver, and what it is like; `None` where it did not answer.
pub(super) async fn ask_all(
    resolvers: &[SocketAddr],
    deadline: Duration,
) -> Result<Vec<(SocketAddr, Option<Manner>)>, LocalFault> {
    let engine = engine_here()?;
    let mut all = Vec::with_capacity(resolvers.len());
    for resolver in resolvers {
        let signed = ask(&engine, *resolver, SIGNED, deadline).await?;
        let validates = match signed {
            None => None,
            Some(Said { authentic: false, .. } | Said { code: 1.., .. }) => Some(false),
            // Who does not answer the second question has not set AD on it.
            Some(_) => {
                let unsigned = ask(&engine, *resolver, UNSIGNED, deadline).await?;
                Some(unsigned.is_none_or(|said| !said.authentic))
            }
        };
        let takes = engine.server_takes(*resolver).unwrap_or_default();
        all.push((*resolver, validates.map(|validates| Manner { validates, takes })));
    }
    Ok(all)
}

/// What of an answer tells whether the resolver validates.
struct Said {
    code: u8,
    authentic: bool,
}

/// One resolver's answer to the question for a zone's SOA; `None` where there is none within the deadline.
async fn ask(
    engine: &Engine,
    resolver: SocketAddr,
    zone: &str,
    deadline: Duration,
) -> Result<Option<Said>, LocalFault> {
    let Some(mut exchange) = engine.exchange(zone, RecordType::SOA) else { return Ok(None) };
    for part in PARTS {
        match exchange.send(resolver, Patience::just(deadline / part)).await.0 {
            Event::Answer => {
                let head = exchange.read(|_, reply| wire::Head::of_answer(reply));
                return Ok(head.map(|head| Said { code: head.code(), authentic: head.is_authentic() }));
            }
            Event::Fault(fault) => return Err(fault),
            Event::Unreachable | Event::Closed => return Ok(None),
            Event::Expired => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
mod tests;
