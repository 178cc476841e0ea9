//! How many questions at once a resolver of this machine, or of a private network, bears: as many as a scan
//! has under way are asked once, before it begins. dnsmasq refuses beyond 150 of them, BIND fails beyond
//! 1,000.
//!
//! Resolvers of others are spared: what they bear is found while the scan runs (`overload`).

use super::engine::{Engine, Event, Patience};
use super::watch::{UPSTREAM, fresh_label};
use super::{Dns, RecordType, engine_here, wire};
use crate::admission::is_private;
use crate::fault::LocalFault;
use futures::stream::{FuturesUnordered, StreamExt as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// A failure that took longer is none for want of a place.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Failures that are too many to be chance: so many, and one in a hundred.
const MANY: usize = 8;

/// What a burst came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Whom it went to.
    pub resolver: SocketAddr,
    /// Questions that were answered.
    pub served: usize,
    /// Questions that were refused, or failed at once.
    pub refused: usize,
}

impl Burst {
    /// About how many questions at once the resolver bears; `None` where it bore all of them, or answered
    /// none: then it is not their number.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        let many = self.refused >= MANY.max((self.served + self.refused) / 100);
        (many && self.served > 0).then_some(self.served)
    }
}

impl Dns {
    /// Asks each resolver on loopback or in a private network so many questions at once, about names that
    /// nobody has.
    ///
    /// # Errors
    /// This machine has no sockets or no random numbers.
    pub async fn burst(&self, questions: usize) -> Result<Vec<Burst>, LocalFault> {
        let near: Vec<SocketAddr> =
            self.addrs.iter().copied().filter(|addr| is_private(addr.ip().to_canonical())).collect();
        let mut seen = Vec::with_capacity(near.len());
        for resolver in near {
            let burst = async { Ok(burst(&engine_here()?, resolver, questions).await) };
            seen.push(self.attend(burst).await??);
        }
        Ok(seen)
    }

    /// Has a resolver asked no more than so many questions at once by all of so many threads.
    pub fn bound(&mut self, resolver: SocketAddr, most: usize, threads: usize) {
        self.bounds.push((resolver, most.div_ceil(threads.max(1))));
    }
}

async fn burst(engine: &Engine, resolver: SocketAddr, questions: usize) -> Burst {
    let mut seen = Burst { resolver, served: 0, refused: 0 };
    // Its sockets are open once it has answered anything.
    let Some(mut first) = engine.exchange(".", RecordType::SOA) else { return seen };
    drop(first.send(resolver, Patience::just(PATIENCE)).await);
    drop(first);
    let Some(label) = fresh_label() else { return seen };
    let ask = |n: usize| {
        let mut exchange = engine.exchange(&format!("{label}-{n}.{UPSTREAM}"), RecordType::A)?;
        exchange.hurry();
        Some(async move {
            let began = Instant::now();
            let (event, _) = exchange.send(resolver, Patience::just(PATIENCE)).await;
            let head = exchange.read(|_, reply| wire::Head::of_answer(reply));
            head.filter(|_| matches!(event, Event::Answer)).map(|head| (head.is_failure(), began.elapsed()))
        })
    };
    let mut asked: FuturesUnordered<_> = (0..questions).filter_map(ask).collect();
    while let Some(came) = asked.next().await {
        match came {
            Some((false, _)) => seen.served += 1,
            Some((true, took)) if took < AT_ONCE => seen.refused += 1,
            _ => {}
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::super::rogue::{Rogue, client, empty, nxdomain};
    use super::*;

    #[tokio::test]
    async fn a_burst_finds_where_a_resolver_begins_to_refuse() {
        // So many are answered, and whatever comes after that is not.
        let server = Rogue::serve(|n, query| vec![if n <= 50 { nxdomain(query) } else { empty(query, 5) }]);
        let server = server.await;
        let dns = client(&[server.addr], Duration::from_secs(5), 1_000);
        let seen = dns.burst(200).await.unwrap();
        assert_eq!(seen, [Burst { resolver: server.addr, served: 50, refused: 150 }]);
        assert_eq!(seen[0].limit(), Some(50));
    }

    #[tokio::test]
    async fn a_burst_finds_no_limit_where_all_is_answered() {
        let server = Rogue::serve(|_, query| vec![nxdomain(query)]).await;
        let dns = client(&[server.addr], Duration::from_secs(5), 1_000);
        assert_eq!(dns.burst(200).await.unwrap()[0].limit(), None);
    }

    #[tokio::test]
    async fn who_answers_nothing_below_com_is_not_overloaded() {
        let server = Rogue::serve(|_, query| vec![empty(query, 5)]).await;
        let dns = client(&[server.addr], Duration::from_secs(5), 1_000);
        assert_eq!(dns.burst(200).await.unwrap()[0].limit(), None);
    }

    #[tokio::test]
    async fn resolvers_of_others_are_spared() {
        let dns = client(&["192.0.2.1:53".parse().unwrap()], Duration::from_secs(5), 1_000);
        assert!(dns.burst(1_000).await.unwrap().is_empty());
    }
}
