//! Whether the servers of one zone say the same of a name: each of them is asked by itself.

use super::delegation::Delegation;
use super::message::Referral;
use super::name::Wire;
use super::walk::{Found, Heard};
use super::{Iterating, Near};
use crate::admission::Waited;
use crate::dns::engine::Engine;
use crate::dns::trace::Noted;
use crate::dns::{Answer, Effort, RecordType};
use crate::fault::Unfinished;
use futures::future::join_all;
use std::net::IpAddr;
use std::sync::Arc;

/// Zone cuts below the zone that is known, on the way to the name.
const CUTS: usize = 4;

/// What a server says of a name: the alias that it is, or its TXT records, sorted; none for NODATA and
/// NXDOMAIN.
#[derive(Debug, PartialEq, Eq)]
struct Set {
    alias: Option<String>,
    texts: Vec<Vec<u8>>,
}

/// What came of one server.
enum Said {
    Set(Set),
    Cut(Referral),
    Nothing,
}

impl Iterating {
    /// Whether all servers of a name's zone say the same of its TXT records; `None` where fewer than two say
    /// anything, or they are a registry's. Beside it, whether anybody was silent.
    ///
    /// # Errors
    /// As [`super::super::Dns::ask`].
    pub(in crate::dns) async fn agree(
        &self,
        engine: &Engine,
        noted: Option<Noted>,
        name: &str,
        near: &Near,
        waited: &mut Waited,
    ) -> Result<(Option<bool>, bool), Unfinished> {
        let Some(name) = Wire::of(name) else { return Ok((None, false)) };
        let mut zone = match self.zone_of(engine, noted, &name, near, waited).await? {
            Ok(zone) => zone,
            Err(any_silent) => return Ok((None, any_silent)),
        };
        for _ in 0..CUTS {
            let (each, mut any_silent) = self.each(engine, noted, &zone, waited).await?;
            let all = join_all(each.iter().map(|one| self.says(engine, noted, &name, one))).await;
            let (mut sets, mut cut) = (Vec::new(), None);
            for one in all {
                let (said, took, is_silent) = one?;
                waited.add(took);
                any_silent |= is_silent;
                match said {
                    Said::Set(set) => sets.push(set),
                    Said::Cut(below) => cut = Some(below),
                    Said::Nothing => {}
                }
            }
            match (cut, sets.as_slice()) {
                (Some(below), []) => zone = Arc::new(Delegation::new(below.zone, below.servers, false)),
                (_, [first, others @ ..]) if !others.is_empty() => {
                    return Ok((Some(others.iter().all(|set| set == first)), any_silent));
                }
                _ => return Ok((None, any_silent)),
            }
        }
        Ok((None, false))
    }

    /// The zone whose servers are asked: the nearest that is known, or the one that answers; where there is
    /// none, or it is a registry's, whether anybody was silent.
    async fn zone_of(
        &self,
        engine: &Engine,
        noted: Option<Noted>,
        name: &Wire,
        near: &Near,
        waited: &mut Waited,
    ) -> Result<Result<Arc<Delegation>, bool>, Unfinished> {
        if let Some(known) = near.get(name) {
            return Ok(Ok(known));
        }
        let mut walk = self.walk(engine, (Effort::Full, noted), waited);
        Ok(match walk.find(None, name, RecordType::TXT).await? {
            Found::Answer { from, .. } if !from.is_registry => Ok(from),
            Found::Answer { .. } => Err(false),
            Found::Nothing(_) => Err(walk.silences > 0),
        })
    }

    /// A zone of one server for each server of a zone that has an address; one that two of them have is asked
    /// once. Beside them, whether somebody was silent who could tell an address.
    async fn each(
        &self,
        engine: &Engine,
        noted: Option<Noted>,
        zone: &Delegation,
        waited: &mut Waited,
    ) -> Result<(Vec<Arc<Delegation>>, bool), Unfinished> {
        let mut taken: Vec<IpAddr> = Vec::new();
        let mut all = Vec::new();
        let mut any_silent = false;
        for (server, addrs) in &zone.servers {
            let mut addrs = addrs.clone();
            if addrs.is_empty() && !self.admission.excludes_name_server(|| server.to_string()) {
                let mut walk = self.walk(engine, (Effort::Full, noted), waited);
                addrs = walk.addresses_of(server, &zone.zone).await?.to_vec();
                any_silent |= walk.silences > 0 && addrs.is_empty();
            }
            addrs.retain(|addr| !taken.contains(addr));
            if !addrs.is_empty() {
                taken.extend(&addrs);
                all.push(Arc::new(Delegation::new(zone.zone.clone(), vec![(server.clone(), addrs)], false)));
            }
        }
        Ok((all, any_silent))
    }

    /// What one server says, how long that waited, and whether it was silent.
    async fn says(
        &self,
        engine: &Engine,
        noted: Option<Noted>,
        name: &Wire,
        one: &Arc<Delegation>,
    ) -> Result<(Said, Waited, bool), Unfinished> {
        let mut waited = Waited::default();
        let mut walk = self.walk(engine, (Effort::Full, noted), &mut waited);
        let said = match walk.ask_zone(one, name, RecordType::TXT).await? {
            Heard::Answer(answer, _) => set(&answer).map_or(Said::Nothing, Said::Set),
            Heard::Referral(below) => Said::Cut(below),
            Heard::Nothing(_) => Said::Nothing,
        };
        let is_silent = walk.silences > 0 && matches!(said, Said::Nothing);
        Ok((said, waited, is_silent))
    }
}

fn set(answer: &Answer) -> Option<Set> {
    if !answer.status.is_definite() {
        return None;
    }
    let alias = answer.chain.as_ref().and_then(|chain| chain.first().cloned());
    // What the servers of one zone say of another's names is nobody's word.
    let mut texts = if alias.is_none() { answer.txt() } else { Vec::new() };
    texts.sort();
    Some(Set { alias, texts })
}
