//! Where a walk begins: the root, primed once, and the TLDs, each asked for once.

use super::delegation::{Delegation, Failure};
use super::name::Wire;
use super::store::{Failed, Store, Zone};
use super::walk::{Found, Heard, Walk};
use crate::admission::Waited;
use crate::dns::{Answer, RecordType};
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;
use crate::moment;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long nobody asks the root anew for what it did not answer: all others would wait for one another.
const AFRESH: Duration = Duration::from_secs(2);

/// Why the root did not answer, where that is not long ago, and the network was there.
fn lately(turn: Option<Failed>, store: &Store) -> Option<Failure> {
    let is_late = |failed: &Failed| failed.ended.elapsed() < AFRESH;
    let counts = |failed: &Failed| store.forgiven().is_none_or(|back| back < failed.began);
    turn.filter(is_late).filter(counts).map(|failed| failed.failure)
}

/// Takes note that the root did not answer.
fn failed(began: Instant, failure: Failure) -> Option<Failed> {
    Some(Failed { began, ended: Instant::now(), failure })
}

impl Walk<'_> {
    /// The nearest zone above the name that is known, from its TLD down; the outcome where the TLD cannot be
    /// had.
    pub(super) async fn top(&mut self, name: &Wire) -> Result<Result<Arc<Delegation>, Found>, Unfinished> {
        if name.labels() == 0 {
            return Ok(self.root().await?.map_err(Found::Nothing));
        }
        let tld = name.last(1);
        let store = &self.iterating.store;
        loop {
            match store.nearest(name) {
                Some(Zone::Delegated(zone)) if zone.zone.labels() > 0 => return Ok(Ok(zone)),
                Some(Zone::Absent) => return Ok(Err(self.absent().await?)),
                _ => {}
            }
            // One asks the root; the others wait for what it finds.
            let turn = store.turn_at(&tld);
            let began = Instant::now();
            let mut turn = turn.lock().await;
            self.waited.add(Waited::from(began.elapsed()));
            if let Some(failure) = lately(*turn, store) {
                self.silences += u32::from(failure.silent);
                return Ok(Err(Found::Nothing(failure)));
            }
            let known = store.nearest(name);
            if known.is_some_and(|known| !matches!(known, Zone::Delegated(zone) if zone.zone.labels() == 0)) {
                continue;
            }
            let began = Instant::now();
            let root = match self.root().await? {
                Ok(root) => root,
                Err(failure) => return Ok(Err(Found::Nothing(failure))),
            };
            match self.ask_zone(&root, &tld, RecordType::NS).await? {
                Heard::Referral(referral) => {
                    let zone = Delegation::new(referral.zone, referral.servers, true);
                    let zone = Arc::new(zone.below(&root, referral.ds));
                    store.keep(&zone, referral.ttl);
                    store.end_turns_at(&tld);
                    return Ok(Ok(zone));
                }
                Heard::Answer(answer, _) if answer.status == DnsStatus::NxDomain => {
                    store.keep_absent(tld.clone());
                    store.end_turns_at(&tld);
                    return Ok(Err(Found::Answer { answer, from: root, has_soa: true }));
                }
                // A root that serves the TLD itself, as some laboratories have it.
                Heard::Answer(..) => return Ok(Ok(root)),
                Heard::Nothing(failure) => {
                    *turn = failed(began, failure);
                    return Ok(Err(Found::Nothing(failure)));
                }
            }
        }
    }

    /// The root said before that there is no such TLD.
    async fn absent(&mut self) -> Result<Found, Unfinished> {
        let from = match self.root().await? {
            Ok(root) => root,
            Err(failure) => return Ok(Found::Nothing(failure)),
        };
        let mut answer = Answer::without(DnsStatus::NxDomain, moment::now());
        (answer.chain, answer.ede) = (Some(Vec::new()), Some(Vec::new()));
        Ok(Found::Answer { answer, from, has_soa: true })
    }

    /// The root, primed once (RFC 9609).
    async fn root(&mut self) -> Result<Result<Arc<Delegation>, Failure>, Unfinished> {
        let store = &self.iterating.store;
        let root = Wire::root();
        loop {
            if let Some(Zone::Delegated(zone)) = store.nearest(&root) {
                return Ok(Ok(zone));
            }
            let turn = store.turn_at(&root);
            let mut turn = turn.lock().await;
            if store.nearest(&root).is_some() {
                continue;
            }
            if let Some(failure) = lately(*turn, store) {
                self.silences += u32::from(failure.silent);
                return Ok(Err(failure));
            }
            let began = Instant::now();
            let hints = Delegation::new(root.clone(), self.iterating.hints.clone(), true);
            let hints = Arc::new(hints);
            let primed = match self.ask_zone(&hints, &root, RecordType::NS).await? {
                Heard::Answer(answer, _) => answer,
                Heard::Referral(_) => return Ok(Err(Failure { answered: true, ..Failure::default() })),
                Heard::Nothing(failure) => {
                    *turn = failed(began, failure);
                    return Ok(Err(failure));
                }
            };
            let ttl = primed.ttl.and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(0);
            let addrs_of = |server: &Wire| {
                let hint = self.iterating.hints.iter().find(|(known, _)| known == server);
                hint.map(|(_, addrs)| addrs.clone()).unwrap_or_default()
            };
            let named = primed.ns().iter().filter_map(|name| Wire::of(name)).collect::<Vec<_>>();
            let mut servers: Vec<(Wire, Vec<IpAddr>)> =
                named.into_iter().map(|name| (name.clone(), addrs_of(&name))).collect();
            // Names that the hints do not have would have to be looked for by way of the root itself.
            servers.retain(|(_, addrs)| !addrs.is_empty());
            if servers.is_empty() {
                servers.clone_from(&self.iterating.hints);
            }
            let zone = Arc::new(Delegation::new(root.clone(), servers, true));
            store.keep(&zone, ttl.max(3_600));
            return Ok(Ok(zone));
        }
    }
}
