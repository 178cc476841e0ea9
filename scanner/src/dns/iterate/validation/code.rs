//! Why an answer is bogus, in the codes of RFC 8914: what can be seen of the records themselves. That it is
//! bogus the validator has said.

use super::material::{data, signature};
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS};
use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType, SerialNumber};

/// RFC 8914 section 4.7: nothing more can be said.
pub(super) const BOGUS: i32 = 6;
/// Section 4.8.
const EXPIRED: i32 = 7;
/// Section 4.9.
const NOT_YET_VALID: i32 = 8;
/// Section 4.10: there is a DS, and no DNSKEY that it is about.
const DNSKEY_MISSING: i32 = 9;
/// Section 4.11.
const RRSIGS_MISSING: i32 = 10;
/// Section 4.13.
const NSEC_MISSING: i32 = 12;

/// What is wrong with an answer, at this time (seconds since 1970, RFC 4034 section 3.1.5); `None` where that
/// cannot be seen.
pub(super) fn of_answer(message: &Message, now: u32) -> Option<i32> {
    let is_positive = data(&message.answers).next().is_some();
    let records = if is_positive { &message.answers } else { &message.authorities };
    let is_proof = |record: &Record| matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3);
    if !is_positive && !records.iter().any(is_proof) {
        return Some(NSEC_MISSING);
    }
    of_signatures(records, now)
}

/// What is wrong with the signatures among records.
fn of_signatures(records: &[Record], now: u32) -> Option<i32> {
    let now = SerialNumber::new(now);
    let mut signatures = records.iter().filter_map(signature).map(|by| by.input()).peekable();
    if signatures.peek().is_none() {
        return Some(RRSIGS_MISSING);
    }
    let (mut are_over, mut are_to_come) = (true, true);
    for input in signatures {
        are_over &= now > input.sig_expiration;
        are_to_come &= now < input.sig_inception;
    }
    match (are_over, are_to_come) {
        (true, _) => Some(EXPIRED),
        (_, true) => Some(NOT_YET_VALID),
        _ => None,
    }
}

/// What is wrong with a zone, by what its parent says of its DS and what itself says of its keys; `None` for
/// what nobody said.
pub(super) fn of_zone(zone: &Name, ds: Option<&Message>, keys: Option<&Message>, now: u32) -> i32 {
    if let Some(code) = ds.and_then(|ds| of_answer(ds, now)) {
        return code;
    }
    let Some(keys) = keys else { return BOGUS };
    let wanted: Vec<&DS> = ds.iter().flat_map(|ds| &ds.answers).filter_map(ds_of).collect();
    let is_wanted = |key: &DNSKEY| wanted.iter().any(|ds| ds.covers(zone, key).unwrap_or(false));
    let mut own = keys.answers.iter().filter_map(key_of);
    if !own.any(is_wanted) && (!wanted.is_empty() || keys.answers.is_empty()) {
        return DNSKEY_MISSING;
    }
    of_signatures(&keys.answers, now).unwrap_or(BOGUS)
}

fn ds_of(record: &Record) -> Option<&DS> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds),
        _ => None,
    }
}

/// The key that a record is.
pub(super) fn key_of(record: &Record) -> Option<&DNSKEY> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
        _ => None,
    }
}
