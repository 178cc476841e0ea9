//! The addresses of name servers whose names came without: looked for by walks of their own.

use super::Iterating;
use super::name::Wire;
use super::store::{Known, Search};
use super::walk::{Found, Walk};
use crate::admission::Waited;
use crate::dns::RecordType;
use crate::fault::Unfinished;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// Walks within walks, for the addresses of name servers.
const DEPTH: usize = 6;

/// Ends the search for a server's addresses, also where the walk is given up.
struct Seeking<'a> {
    iterating: &'a Iterating,
    server: &'a Wire,
    search: Search,
}

impl Drop for Seeking<'_> {
    fn drop(&mut self) {
        self.iterating.store.found(self.server, std::mem::replace(&mut self.search, Search::GivenUp));
    }
}

impl Walk<'_> {
    /// The addresses of a server of `zone` whose name came without; none where it has none, or where they
    /// cannot be looked for.
    pub(super) async fn addresses_of(
        &mut self,
        server: &Wire,
        zone: &Wire,
    ) -> Result<Arc<[IpAddr]>, Unfinished> {
        let none = || Arc::from([]);
        // A server within the zone that it serves can only be found by way of itself.
        if server.is_within(zone) && *zone != Wire::root() {
            return Ok(none());
        }
        if self.sought.len() >= DEPTH {
            self.rests_on = 0;
            return Ok(none());
        }
        let store = &self.iterating.store;
        loop {
            let mut done = match store.addresses(server, self.number) {
                Known::Addresses(addrs) => return Ok(addrs),
                Known::Unheard => {
                    self.silences += 1;
                    return Ok(none());
                }
                Known::Circle => {
                    let own = self.sought.iter().position(|sought| sought == server);
                    self.rests_on = self.rests_on.min(own.unwrap_or(0));
                    return Ok(none());
                }
                Known::Sought(done) => done,
                Known::Unknown => break,
            };
            let began = Instant::now();
            // It ends with an error where the other walk was given up: then this one looks.
            let _ = done.changed().await;
            store.waits_no_more(self.number);
            self.waited.add(Waited::from(began.elapsed()));
        }
        let mut seeking = Seeking { iterating: self.iterating, server, search: Search::GivenUp };
        let silences = self.silences;
        self.sought.push(server.clone());
        // A name server that cannot be found leaves time for the others.
        let kept = self.left / 2;
        self.left -= kept;
        let found = Box::pin(self.look_up(server)).await;
        let is_spent = self.is_spent();
        self.left += kept;
        self.sought.pop();
        let (addrs, ttl) = found?;
        let own = self.sought.len();
        seeking.search = match addrs.is_empty() {
            true if self.silences > silences => Search::Unheard,
            // By another way, begun elsewhere, it may be found.
            true if self.rests_on < own || is_spent => Search::GivenUp,
            _ => Search::Found(addrs.clone(), ttl),
        };
        if self.rests_on >= own {
            self.rests_on = usize::MAX;
        }
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
