//! Whether answers are secure (RFC 4033 section 5), by hickory's validator: from the root's keys down to the
//! zone that answers, and of each alias on the way.
//!
//! ```text
//! a question ──walk, with DO──> the zone's own word ──> what of it is about the name
//!                                    │
//!     the zones above it, from the root: each one's security is found out once, for all (zones)
//!        NS, DS, DNSKEY ──> the validator, which begins at the keys of the zone above
//!                                    │
//!                    secure, insecure, bogus (why: code), or nobody knows
//! ```
//!
//! The validator is given one name's records at a time, and the keys that are proven already as its anchors.
//! So it never goes further up than one zone, and what it says of an answer depends on that answer alone.

pub(in crate::dns) mod anchors;
mod chain;
mod code;
mod handle;
mod material;
mod zones;

use super::delegation::{Delegation, Failure};
use super::name::Wire;
use super::{ALIASES, Iterating, Near, failed};
use crate::admission::Waited;
use crate::dns::engine::Engine;
use crate::dns::trace::Noted;
use crate::dns::wire;
use crate::dns::{Answer, Effort, RecordType};
use crate::evidence::DnsStatus;
use crate::fault::Unfinished;
use crate::moment;
use handle::{Asking, Wanted};
use hickory_resolver::net::NetError;
use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::xfer::{DnsHandle as _, FirstAnswer as _};
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::op::{DnsRequestOptions, DnsResponse, Message, Query};
use hickory_resolver::proto::rr::Name;
use hickory_resolver::proto::serialize::binary::{BinDecodable, BinDecoder};
use std::sync::Arc;
use tokio::sync::mpsc;
pub(super) use zones::Zones;
use zones::{Keys, Security};

/// Questions that one question may cost for the sake of its validation.
const QUESTIONS: usize = 32;
/// Proofs that the validator remembers while it is at one question.
const PROOFS: usize = 64;

/// What is known of an answer in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Secure,
    Insecure,
    Bogus,
    /// The validator errs on this.
    Beyond,
}

/// Why the security of an answer is not known.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// It is bogus, for this reason (RFC 8914).
    Bogus(i32),
    /// Whoever could tell said nothing of use.
    Unheard(Failure),
    /// The validator does not know this case.
    Beyond,
}

/// What one name's own zone says of it.
struct Link {
    answer: Answer,
    /// Where the rest of an alias may be: the whole message, and the zone.
    rest: Option<(Message, Arc<Delegation>)>,
}

/// One question, and what its validation asks for.
struct Session<'a> {
    iterating: &'a Iterating,
    zones: &'a Zones,
    engine: &'a Engine,
    noted: Option<Noted>,
    near: Option<&'a Near>,
    waited: &'a mut Waited,
    /// Zones that were come by.
    cuts: Vec<Arc<Delegation>>,
    /// What was heard for the validator, already reduced to what it is about.
    heard: Vec<(Wire, RecordType, Message)>,
    asked: usize,
    silences: u32,
    /// Why something was not heard.
    failure: Option<Failure>,
}

impl Iterating {
    /// Whether answers can be validated.
    pub(in crate::dns) const fn validates(&self) -> bool {
        self.zones.is_some()
    }

    /// As [`Iterating::ask`], and validated: `ad` is whether the answer is secure, `None` where nobody knows;
    /// a bogus answer is SERVFAIL, with the reason among the extended errors. As `ask` where nothing can be
    /// validated.
    ///
    /// # Errors
    /// As [`Iterating::ask`].
    pub(in crate::dns) async fn ask_securely(
        &self,
        engine: &Engine,
        noted: Option<Noted>,
        (name, kind): (&str, RecordType),
        near: Option<&Near>,
        waited: &mut Waited,
    ) -> Result<(Answer, bool), Unfinished> {
        let Some(zones) = &self.zones else {
            return self.ask(engine, (Effort::Full, noted), (name, kind), near, waited).await;
        };
        let Some(name) = Wire::of(name) else {
            return Ok((Answer::without(DnsStatus::BadAnswer, moment::now()), false));
        };
        let mut session = Session {
            iterating: self,
            zones,
            engine,
            noted,
            near,
            waited,
            cuts: Vec::new(),
            heard: Vec::new(),
            asked: 0,
            silences: 0,
            failure: None,
        };
        let answer = session.follow(name, kind).await?;
        let rests_on_silence = session.silences > 0 && !answer.status.is_definite();
        Ok((answer, rests_on_silence))
    }

    /// Whether the root's keys are those that are trusted; `None` where nobody says, or nothing is validated.
    ///
    /// # Errors
    /// As [`Iterating::ask`].
    pub(in crate::dns) async fn trusts_the_root(&self, engine: &Engine) -> Result<Option<bool>, Unfinished> {
        let (question, mut waited) = ((".", RecordType::SOA), Waited::default());
        let (answer, _) = self.ask_securely(engine, None, question, None, &mut waited).await?;
        Ok(answer.ad.filter(|_| self.validates()))
    }
}

impl Session<'_> {
    /// The name's records, and those of each name that it is an alias of.
    async fn follow(&mut self, mut name: Wire, kind: RecordType) -> Result<Answer, Unfinished> {
        let mut aliases: Vec<Wire> = Vec::new();
        let mut ad = Some(true);
        let mut rest = None;
        loop {
            let link = self.link(&name, kind, rest.take()).await?;
            let mut answer = link.answer;
            ad = match (ad, answer.ad) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            let next = answer.chain.as_ref().and_then(|chain| chain.last()).and_then(|last| Wire::of(last));
            let Some(next) = next.filter(|_| kind != RecordType::CNAME) else {
                if answer.status.is_definite() {
                    answer.ad = ad;
                }
                return Ok(answer.behind(aliases.iter().map(Wire::to_string)));
            };
            if next == name || aliases.contains(&next) || aliases.len() == ALIASES {
                let mut lost = Answer::without(DnsStatus::BadAnswer, moment::now());
                lost.ede = Some(Vec::new());
                return Ok(lost);
            }
            aliases.push(next.clone());
            name = next;
            rest = link.rest;
        }
    }

    /// What the zone of one name says of it, and whether that is secure. `rest` is what the zone of an alias
    /// of it said, which may have this too.
    async fn link(
        &mut self,
        name: &Wire,
        kind: RecordType,
        rest: Option<(Message, Arc<Delegation>)>,
    ) -> Result<Link, Unfinished> {
        let owner = owner(name);
        let is_there = |from: &Arc<Delegation>| name.is_within(&from.zone) && !from.is_registry;
        let here = rest.as_ref().map(|(_, from)| from.clone()).filter(is_there);
        let begins = here.or_else(|| self.near.and_then(|near| near.get(name)));
        let known = rest.filter(|(message, from)| {
            name.is_within(&from.zone) && !material::about(message, &owner, kind).answers.is_empty()
        });
        let (message, from) = match known {
            Some(known) => known,
            None => match self.fetch(begins, name, kind).await? {
                Ok(heard) => heard,
                Err(failure) => return Ok(Link { answer: failed(failure), rest: None }),
            },
        };
        let own = material::about(&message, &owner, kind);
        let mut answer = Answer::read(own.clone(), &owner, kind, moment::now());
        let came = match self.security_of(&from).await? {
            Ok(Security::Insecure) => Ok(Verdict::Insecure),
            Ok(Security::Secure(_)) if material::is_of_dname(&message, &owner) => Err(Trouble::Beyond),
            Ok(Security::Secure(keys)) => self.judge(&keys, name, kind, own).await?,
            Err(trouble) => Err(trouble),
        };
        match came {
            Ok(verdict) => answer.ad = Some(verdict == Verdict::Secure),
            Err(Trouble::Beyond) => answer.ad = None,
            Err(Trouble::Bogus(code)) => {
                answer = Answer::without(DnsStatus::ServFail, moment::now());
                (answer.ad, answer.ede) = (Some(false), Some(vec![code]));
            }
            Err(Trouble::Unheard(failure)) => answer = failed(failure),
        }
        Ok(Link { answer, rest: Some((message, from)) })
    }

    /// What the validator says of an answer, from the keys of its zone on.
    async fn judge(
        &mut self,
        keys: &Arc<Keys>,
        name: &Wire,
        kind: RecordType,
        own: Message,
    ) -> Result<Result<Verdict, Trouble>, Unfinished> {
        self.heard.push((name.clone(), kind, own.clone()));
        let came = self.validated(keys, name, kind).await?;
        let verdict = material::verdict(&came);
        Ok(match (verdict, self.failure.take()) {
            (Verdict::Bogus, Some(failure)) => Err(Trouble::Unheard(failure)),
            (Verdict::Bogus, None) => {
                Err(Trouble::Bogus(code::of_answer(&own, seconds()).unwrap_or(code::BOGUS)))
            }
            (Verdict::Beyond, _) => Err(Trouble::Beyond),
            (verdict, _) => Ok(verdict),
        })
    }

    /// Has the validator look something up that begins at these keys.
    async fn validated(
        &mut self,
        keys: &Arc<Keys>,
        name: &Wire,
        kind: RecordType,
    ) -> Result<Result<DnsResponse, NetError>, Unfinished> {
        self.validated_from(&keys.anchors, Some(keys), name, kind).await
    }

    async fn validated_from(
        &mut self,
        anchors: &Arc<TrustAnchors>,
        keys: Option<&Arc<Keys>>,
        name: &Wire,
        kind: RecordType,
    ) -> Result<Result<DnsResponse, NetError>, Unfinished> {
        let (questions, mut wanted) = mpsc::unbounded_channel();
        let validator = DnssecDnsHandle::with_trust_anchor(Asking(questions), anchors.clone())
            .validation_cache_size(PROOFS)
            // However many rounds there are above those it goes, they prove nothing (RFC 9276 section 3.2).
            .nsec3_iteration_limits(None, Some(u16::MAX));
        let query = Query::query(owner(name), kind);
        let mut says = validator.lookup(query, DnsRequestOptions::default()).first_answer();
        loop {
            tokio::select! {
                biased;
                says = &mut says => return Ok(says),
                Some(Wanted { query, answer }) = wanted.recv() => {
                    let came = self.provide(&query, keys).await?;
                    // The validator needs it no more where another answer was enough.
                    let _ = answer.send(came);
                }
            }
        }
    }

    /// What the validator asks for: what is known, or what the servers of the zone say.
    async fn provide(
        &mut self,
        query: &Query,
        keys: Option<&Arc<Keys>>,
    ) -> Result<Result<DnsResponse, NetError>, Unfinished> {
        let (owner, kind) = (query.name(), query.query_type());
        let Some(name) = Wire::of(&wire::name_text(owner)) else { return Ok(Err(NetError::Timeout)) };
        if let Some((.., message)) =
            self.heard.iter().find(|(of, as_kind, _)| *of == name && *as_kind == kind)
        {
            return Ok(response(message.clone()));
        }
        if kind == RecordType::DNSKEY
            && let Some(records) = keys.and_then(|keys| keys.of(&name))
        {
            return Ok(response(chain::of_keys(query, records)));
        }
        if kind == RecordType::NS
            && let Some(cut) = self.cuts.iter().find(|cut| cut.zone == name)
        {
            return Ok(response(chain::of_servers(query, cut)));
        }
        if self.asked == QUESTIONS {
            return Ok(Err(NetError::Timeout));
        }
        self.asked += 1;
        // What a DS says is the word of the zone above (RFC 4035 section 3.1.4.1).
        let is_above = |cut: &&Arc<Delegation>| {
            name.is_within(&cut.zone) && (kind != RecordType::DS || cut.zone != name)
        };
        let begins = self.cuts.iter().filter(is_above).max_by_key(|cut| cut.zone.labels()).cloned();
        Ok(match self.fetch(begins, &name, kind).await? {
            Ok((message, from)) => {
                self.come_by(&from);
                let own = material::about(&message, owner, kind);
                self.heard.push((name, kind, own.clone()));
                response(own)
            }
            Err(failure) => {
                self.failure = Some(failure);
                Err(NetError::Timeout)
            }
        })
    }

    /// What the zone of a name says of it, with its signatures, and which zone that is.
    async fn fetch(
        &mut self,
        begins: Option<Arc<Delegation>>,
        name: &Wire,
        kind: RecordType,
    ) -> Result<Result<(Message, Arc<Delegation>), Failure>, Unfinished> {
        let how = (Effort::Full, self.noted);
        let mut walk = self.iterating.walk(self.engine, how, &mut *self.waited);
        let found = walk.find_signed(begins, name, kind).await;
        self.silences += walk.silences;
        let (bytes, from) = match found? {
            Ok(found) => found,
            Err(failure) if failure.is_exclusion() => return Err(Unfinished::Excluded),
            Err(failure) => return Ok(Err(failure)),
        };
        let unreadable = Failure { answered: true, ..Failure::default() };
        Ok(Message::from_vec(&bytes).map(|message| (message, from)).map_err(|_| unreadable))
    }
}

/// The same name as hickory has it.
fn owner(name: &Wire) -> Name {
    // What is one for us is one for it.
    Name::read(&mut BinDecoder::new(name.bytes())).unwrap_or_default()
}

fn response(message: Message) -> Result<DnsResponse, NetError> {
    Ok(DnsResponse::from_message(message)?)
}

/// The time of day as signatures have it (RFC 4034 section 3.1.5).
fn seconds() -> u32 {
    u32::try_from(moment::seconds() % (1 << 32)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
