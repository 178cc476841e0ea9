//! The security of a zone: that of the zones above it, from the root's keys down.

use super::material::{self, data};
use super::zones::{Keys, Security};
use super::{Session, Trouble, Verdict, code, owner, seconds};
use crate::admission::Waited;
use crate::dns::RecordType;
use crate::dns::iterate::delegation::{Delegation, Failure};
use crate::dns::iterate::name::Wire;
use crate::fault::Unfinished;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::op::{DnsResponse, Message, OpCode, Query};
use hickory_resolver::proto::rr::rdata::NS;
use hickory_resolver::proto::rr::{LowerName, RData, Record};
use std::sync::Arc;
use std::time::Instant;

/// Seconds for which a zone is known to be insecure.
const INSECURE: u32 = 3_600;

/// The keys of a zone as an answer: they are proven, and bear no signature.
pub(super) fn of_keys(query: &Query, records: &[Record]) -> Message {
    let mut message = answer_to(query);
    message.answers = records.to_vec();
    message
}

/// The servers of a zone that was come by, as an answer: the validator wants to know where zones begin.
pub(super) fn of_servers(query: &Query, zone: &Delegation) -> Message {
    let mut message = answer_to(query);
    for (server, _) in &zone.servers {
        let data = RData::NS(NS(owner(server)));
        message.answers.push(Record::from_rdata(query.name().clone(), 0, data));
    }
    message
}

fn answer_to(query: &Query) -> Message {
    let mut message = Message::response(0, OpCode::Query);
    message.add_query(query.clone());
    message.metadata.authoritative = true;
    message
}

impl Session<'_> {
    /// Takes note of a zone and those above it.
    pub(super) fn come_by(&mut self, zone: &Arc<Delegation>) {
        let mut next = Some(zone);
        while let Some(zone) = next {
            if self.cuts.iter().any(|cut| cut.zone == zone.zone) {
                return;
            }
            self.cuts.push(zone.clone());
            next = zone.above.as_ref();
        }
    }

    /// Whether what a zone says can be validated.
    pub(super) async fn security_of(
        &mut self,
        zone: &Arc<Delegation>,
    ) -> Result<Result<Security, Trouble>, Unfinished> {
        let mut chain = vec![zone.clone()];
        while let Some(lowest) = chain.last()
            && lowest.zone.labels() > 0
        {
            let above = match &lowest.above {
                Some(above) => above.clone(),
                // A list brought its servers.
                None => match self.above(&lowest.zone).await? {
                    Ok(above) => above,
                    Err(failure) => return Ok(Err(Trouble::Unheard(failure))),
                },
            };
            chain.push(above);
        }
        for zone in chain.iter().rev() {
            self.come_by(zone);
        }
        let mut security = None;
        while let Some(zone) = chain.pop() {
            let found = match (self.zones.known(&zone.zone), security) {
                (Some(known), _) => Ok(known),
                (None, None) => self.once(&zone, None).await?,
                (None, Some(Security::Secure(keys))) => self.once(&zone, Some(&keys)).await?,
                // Whatever lies below is insecure too (RFC 4035 section 5.2).
                (None, Some(Security::Insecure)) => Ok(Security::Insecure),
            };
            match found {
                Ok(Security::Insecure) => return Ok(Ok(Security::Insecure)),
                Ok(found) => security = Some(found),
                Err(trouble) => return Ok(Err(trouble)),
            }
        }
        Ok(Ok(security.unwrap_or(Security::Insecure)))
    }

    /// A zone above one whose servers a list brought.
    async fn above(&mut self, zone: &Wire) -> Result<Result<Arc<Delegation>, Failure>, Unfinished> {
        let parent = zone.last(zone.labels() - 1);
        let how = (crate::dns::Effort::Full, self.noted);
        let mut walk = self.iterating.walk(self.engine, how, &mut *self.waited);
        let top = walk.top(&parent).await;
        self.silences += walk.silences;
        Ok(top?.map_err(|_| Failure { answered: true, ..Failure::default() }))
    }

    /// Validates a zone, unless somebody else has meanwhile.
    async fn once(
        &mut self,
        zone: &Arc<Delegation>,
        above: Option<&Arc<Keys>>,
    ) -> Result<Result<Security, Trouble>, Unfinished> {
        let turn = self.zones.turn_at(&zone.zone);
        let began = Instant::now();
        let turn = turn.lock().await;
        self.waited.add(Waited::from(began.elapsed()));
        if let Some(known) = self.zones.known(&zone.zone) {
            return Ok(Ok(known));
        }
        let found = match above {
            Some(above) => self.below(above, zone).await?,
            None => self.root(zone).await?,
        };
        let found = found.map(|(security, ttl)| {
            self.zones.keep(&zone.zone, &security, ttl);
            security
        });
        drop(turn);
        self.zones.end_turns_at(&zone.zone);
        Ok(found)
    }

    /// The root, by the keys that are trusted.
    async fn root(&mut self, root: &Arc<Delegation>) -> Result<Result<(Security, u32), Trouble>, Unfinished> {
        let anchors = self.zones.anchors.clone();
        let came = self.validated_from(&anchors, None, &root.zone, RecordType::DNSKEY).await?;
        Ok(self.keys_of(root, None, &came))
    }

    /// A zone below one whose keys are proven.
    async fn below(
        &mut self,
        above: &Arc<Keys>,
        zone: &Arc<Delegation>,
    ) -> Result<Result<(Security, u32), Trouble>, Unfinished> {
        // The servers' names in a referral are not signed: they are insecure where there is no DS, and else
        // "bogus", which says that there is one, or that nobody can prove that there is none.
        let delegation = self.validated(above, &zone.zone, RecordType::NS).await?;
        if material::verdict(&delegation) == Verdict::Insecure {
            return Ok(Ok((Security::Insecure, INSECURE)));
        }
        if let Some(failure) = self.failure.take() {
            return Ok(Err(Trouble::Unheard(failure)));
        }
        if self.heard_of(&zone.zone, RecordType::DS).is_some_and(material::is_hashed_too_often) {
            return Ok(Err(Trouble::Beyond));
        }
        let came = self.validated(above, &zone.zone, RecordType::DNSKEY).await?;
        Ok(self.keys_of(zone, Some(above), &came))
    }

    fn heard_of(&self, name: &Wire, kind: RecordType) -> Option<&Message> {
        let is_it = |heard: &&(Wire, RecordType, Message)| heard.0 == *name && heard.1 == kind;
        self.heard.iter().find(is_it).map(|(.., message)| message)
    }

    /// What the validator says of a zone's keys.
    fn keys_of(
        &mut self,
        zone: &Arc<Delegation>,
        above: Option<&Arc<Keys>>,
        came: &Result<DnsResponse, NetError>,
    ) -> Result<(Security, u32), Trouble> {
        let failure = self.failure.take();
        let records: Vec<Record> = match came {
            Ok(message) => data(&message.answers).cloned().collect(),
            Err(_) => Vec::new(),
        };
        let all = |wanted: Proof| !records.is_empty() && records.iter().all(|key| key.proof == wanted);
        if all(Proof::Insecure) {
            return Ok((Security::Insecure, INSECURE));
        }
        let name = owner(&zone.zone);
        if !all(Proof::Secure) {
            let (ds, keys) =
                (self.heard_of(&zone.zone, RecordType::DS), self.heard_of(&zone.zone, RecordType::DNSKEY));
            let why = code::of_zone(&name, ds, keys, seconds());
            return Err(failure.map_or(Trouble::Bogus(why), Trouble::Unheard));
        }
        let mut anchors = above.map_or_else(TrustAnchors::empty, |above| (*above.anchors).clone());
        for key in records.iter().filter_map(code::key_of) {
            anchors.insert_with_name(key.public_key(), LowerName::from(&name));
        }
        let ttl = records.iter().map(|record| record.ttl).min().unwrap_or(0);
        let keys =
            Keys { zone: zone.zone.clone(), records, anchors: Arc::new(anchors), above: above.cloned() };
        Ok((Security::Secure(Arc::new(keys)), ttl))
    }
}
