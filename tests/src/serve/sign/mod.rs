//! Signatures and proofs for those who ask for them (RFC 4035 section 3.1): made for each answer, right or
//! wrong.

mod denial;
mod keys;
mod parts;

use super::message::Question;
use crate::delegation::{Delegations, Zone};
use crate::situation::Flaw;
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use denial::Proofs;
use keys::Keys;
use parts::{Parts, Record, labels, wire};

pub(super) const NS: u16 = 2;
const SOA: u16 = 6;
pub(super) const DS: u16 = 43;
const RRSIG: u16 = 46;
const NSEC: u16 = 47;
const DNSKEY: u16 = 48;
const NSEC3: u16 = 50;
/// TTL of keys, seconds.
const TTL: u32 = 3_600;
/// TTL of what is not there, seconds: that of the laboratory's SOA.
const NEGATIVE_TTL: u32 = 300;
/// Seconds since 1970 from which, and until when, signatures are valid: 2020 to 2061.
const VALID: (u32, u32) = (1_577_836_800, 2_900_000_000);
const OVER: (u32, u32) = (1_577_836_800, 1_577_923_200);
const TO_COME: (u32, u32) = (2_900_000_000, 2_900_086_400);

/// Signs for all zones.
#[derive(Debug)]
pub(crate) struct Signer(Keys);

/// What is to be signed.
pub(super) struct Draft<'a> {
    pub(super) delegations: &'a Delegations,
    pub(super) question: &'a Question<'a>,
    /// Whose word it is.
    pub(super) zone: &'a Zone,
    /// The zone below it on the way to the name.
    pub(super) below: Option<&'a Zone>,
    pub(super) over_tcp: bool,
}

impl Signer {
    /// With new keys.
    ///
    /// # Errors
    /// Where a key cannot be made.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Keys::new()?))
    }

    /// The root's key as a file of trust anchors has it.
    pub(crate) fn anchor(&self, delegations: &Delegations) -> String {
        let signing = delegations.signing(&Delegations::root()).unwrap_or_default();
        let key = self.0.dnskey(signing.algorithm);
        let public = STANDARD.encode(key.get(4..).unwrap_or_default());
        format!(". IN DNSKEY 257 3 {} {public} ; keytag {}\n", signing.algorithm.number(), keys::tag(&key))
    }

    /// The message with signatures and proofs; as it was where its zone is not signed.
    pub(super) fn signed(&self, draft: &Draft<'_>, message: Vec<u8>) -> Vec<u8> {
        let Some(signing) = draft.delegations.signing(draft.zone) else { return message };
        let Some(mut parts) = Parts::read(&message).filter(|parts| !parts.is_cut()) else { return message };
        let (name, apex) = (wire(&draft.question.name), wire(&draft.zone.apex));
        let proofs = Proofs { apex: &apex, by: signing.denial };
        let has_no = |flaw| signing.fault == Some(flaw);
        let mut proof = Vec::new();
        if matches!(draft.question.kind, NS | DS) && name != apex && draft.below.is_none() {
            // No zone begins there. Validators ask at each name on the way to another one, so that it is
            // there (RFC 8020), with or without records of its own.
            parts.sections = Default::default();
            parts.says(0);
            parts.sections[1].push(soa(&apex));
        }
        if draft.question.kind == DNSKEY && name == apex && !has_no(Flaw::NoKeys) {
            parts.sections = Default::default();
            parts.says(0);
            let data = self.0.dnskey(signing.algorithm);
            parts.sections[0].push(Record { owner: apex.clone(), kind: DNSKEY, ttl: TTL, data });
        } else if let Some(below) = draft.below {
            let child = wire(&below.apex);
            let ds = self.ds(draft.delegations, below);
            proof = if ds.is_none() { proofs.no_ds(&child) } else { Vec::new() };
            if draft.question.kind == DS && name == child {
                parts.sections = Default::default();
                parts.says(0);
                match ds {
                    Some(ds) => parts.sections[0].push(ds),
                    None => parts.sections[1].push(soa(&apex)),
                }
            } else {
                parts.sections[1].extend(ds);
            }
        } else if parts.sections[1].iter().any(|record| record.kind == SOA) && parts.sections[0].is_empty() {
            proof = if parts.code() == 3 { proofs.no_name(&name) } else { proofs.no_data(&name) };
        }
        if !has_no(Flaw::NoProofs) {
            proof.dedup();
            parts.sections[1].extend(proof);
        }
        for section in parts.sections.iter_mut().take(2) {
            self.sign_all(draft, section);
        }
        let limit =
            if draft.over_tcp { usize::from(u16::MAX) } else { draft.question.edns.unwrap_or(512).into() };
        parts.write(limit)
    }

    /// The DS of a zone; `None` where it is not signed.
    fn ds(&self, delegations: &Delegations, zone: &Zone) -> Option<Record> {
        let (signing, owner) = (delegations.signing(zone)?, wire(&zone.apex));
        let key = self.0.dnskey(signing.algorithm);
        let number = match signing.fault {
            Some(Flaw::UnknownAlgorithm) => 99,
            _ => signing.algorithm.number(),
        };
        let mut data = keys::ds(&owner, &key, number);
        if signing.fault == Some(Flaw::WrongDs)
            && let Some(last) = data.last_mut()
        {
            *last ^= 1;
        }
        Some(Record { owner, kind: DS, ttl: zone.ttl, data })
    }

    /// Adds the signatures of whatever the zone itself says: not the servers of a zone below.
    fn sign_all(&self, draft: &Draft<'_>, records: &mut Vec<Record>) {
        let mut done: Vec<(Vec<u8>, u16)> = Vec::new();
        let mut signatures = Vec::new();
        for record in records.iter() {
            let set = (record.owner.clone(), record.kind);
            if done.contains(&set) {
                continue;
            }
            done.push(set);
            let is_of_child = draft.below.is_some() && record.kind == NS;
            if is_of_child {
                continue;
            }
            let all: Vec<&Record> =
                records.iter().filter(|one| one.owner == record.owner && one.kind == record.kind).collect();
            signatures.extend(self.signature(draft, &all));
        }
        records.extend(signatures);
    }

    /// The signature of records of one name and type, by the zone that they are in.
    fn signature(&self, draft: &Draft<'_>, all: &[&Record]) -> Option<Record> {
        let first = *all.first()?;
        let zone = draft.zone_of(first);
        let signing = draft.delegations.signing(&zone)?;
        let is_of_keys = first.kind == DNSKEY;
        if signing.fault == Some(Flaw::NoSignatures) && !is_of_keys {
            return None;
        }
        let (from, until) = match signing.fault {
            Some(Flaw::Expired) => OVER,
            Some(Flaw::NotYetValid) => TO_COME,
            _ => VALID,
        };
        let key = self.0.dnskey(signing.algorithm);
        // RFC 4034 section 3.1.
        let mut data = first.kind.to_be_bytes().to_vec();
        data.extend([signing.algorithm.number(), labels(&first.owner)]);
        data.extend([first.ttl, until, from].into_iter().flat_map(u32::to_be_bytes));
        data.extend(keys::tag(&key).to_be_bytes());
        data.extend(wire(&zone.apex));
        let made = self.0.sign(signing.algorithm, &to_be_signed(&data, all));
        data.extend(made);
        if signing.fault == Some(Flaw::Altered)
            && !is_of_keys
            && let Some(last) = data.last_mut()
        {
            *last ^= 1;
        }
        Some(Record { owner: first.owner.clone(), kind: RRSIG, ttl: first.ttl, data })
    }
}

impl Draft<'_> {
    /// The zone that a record is in: behind an alias it may be another one of the same server.
    fn zone_of(&self, record: &Record) -> Zone {
        let text = text(&record.owner);
        let is_own_word = matches!(record.kind, SOA | NSEC | NSEC3 | DS | DNSKEY);
        let other = (!is_own_word && text != self.question.name)
            .then(|| self.delegations.chain(&text, None).pop())
            .flatten();
        other.unwrap_or_else(|| self.zone.clone())
    }
}

/// What is signed (RFC 4034 section 3.1.8.1): the signature's data and the records in their order.
fn to_be_signed(data: &[u8], all: &[&Record]) -> Vec<u8> {
    let mut sorted: Vec<&Record> = all.to_vec();
    sorted.sort_by(|one, other| one.data.cmp(&other.data));
    let mut bytes = data.to_vec();
    for record in sorted {
        bytes.extend(&record.owner);
        bytes.extend(record.kind.to_be_bytes());
        bytes.extend(1_u16.to_be_bytes());
        bytes.extend(record.ttl.to_be_bytes());
        bytes.extend(u16::try_from(record.data.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(&record.data);
    }
    bytes
}

/// The SOA of a zone, as the laboratory writes it everywhere.
fn soa(apex: &[u8]) -> Record {
    let mut data = [wire("ns.lab.invalid"), wire("hostmaster.lab.invalid")].concat();
    data.extend([1_u32, 7200, 3600, 1_209_600, 300].into_iter().flat_map(u32::to_be_bytes));
    Record { owner: apex.to_vec(), kind: SOA, ttl: NEGATIVE_TTL, data }
}

fn text(mut name: &[u8]) -> String {
    let mut labels = Vec::new();
    while let Some((length, rest)) = name.split_first().filter(|(length, _)| **length > 0) {
        let (label, behind) = rest.split_at(usize::from(*length).min(rest.len()));
        labels.push(String::from_utf8_lossy(label).into_owned());
        name = behind;
    }
    labels.join(".")
}
