//! What of a message is about one name, and what the validator says of it.

use super::Verdict;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, RRSIG};
use hickory_resolver::proto::op::{DnsResponse, Message, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// NSEC3 iterations above which hickory 0.26.3 no longer takes a proof that there is no DS as insecure, which
/// RFC 9276 section 3.2 wants, but for a fault.
const ITERATIONS: u16 = 100;

/// The signature that a record is.
pub(super) fn signature(record: &Record) -> Option<&RRSIG> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature),
        _ => None,
    }
}

/// What a record is, or is the signature of.
fn kind_of(record: &Record) -> RecordType {
    signature(record).map_or_else(|| record.record_type(), |signature| signature.input().type_covered)
}

/// What a message says of one name: records of the type, or an alias, or that there is neither; each with its
/// signatures and with what proves it. What lies behind an alias is left out: it is a question of its own,
/// with a proof of its own.
pub(super) fn about(message: &Message, name: &Name, kind: RecordType) -> Message {
    let has =
        |kind| message.answers.iter().any(|record| record.record_type() == kind && record.name == *name);
    let wanted = if !has(kind) && has(RecordType::CNAME) { RecordType::CNAME } else { kind };
    let is_own = |record: &&Record| record.name == *name && kind_of(record) == wanted;
    let answers: Vec<Record> = message.answers.iter().filter(is_own).cloned().collect();
    let is_positive = answers.iter().any(|record| record.record_type() == wanted);
    // From a wildcard: then it belongs to it that there is nothing closer (RFC 4035 section 5.3.4).
    let is_expanded = answers
        .iter()
        .any(|record| signature(record).is_some_and(|by| by.input().num_labels < name.num_labels()));
    let proves = |record: &&Record| match kind_of(record) {
        RecordType::NSEC | RecordType::NSEC3 => !is_positive || is_expanded,
        RecordType::SOA => !is_positive,
        _ => false,
    };
    let mut own = Message::response(message.metadata.id, OpCode::Query);
    own.add_query(Query::query(name.clone(), kind));
    own.metadata.authoritative = true;
    own.metadata.response_code =
        if is_positive { ResponseCode::NoError } else { message.metadata.response_code };
    own.authorities = message.authorities.iter().filter(proves).cloned().collect();
    own.answers = answers;
    own
}

/// Whether an alias comes from a DNAME above the name (RFC 6672): it is not signed itself, and hickory 0.26.3
/// does not know why.
pub(super) fn is_of_dname(message: &Message, name: &Name) -> bool {
    let renames = |record: &Record| {
        record.record_type() == RecordType::DNAME && record.name != *name && record.name.zone_of(name)
    };
    message.answers.iter().any(renames)
}

/// Whether a proof takes more rounds of hashing than hickory does for a delegation.
pub(super) fn is_hashed_too_often(message: &Message) -> bool {
    message.authorities.iter().any(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => nsec3.iterations() > ITERATIONS,
        _ => false,
    })
}

/// The records of an answer that are no signatures.
pub(super) fn data(records: &[Record]) -> impl Iterator<Item = &Record> {
    records.iter().filter(|record| signature(record).is_none())
}

/// What the validator says of a message that [`about`] made.
pub(super) fn verdict(came: &Result<DnsResponse, NetError>) -> Verdict {
    let message = match came {
        Ok(message) => message,
        Err(NetError::Dns(DnsError::Nsec { proof: Proof::Insecure, .. })) => return Verdict::Insecure,
        Err(NetError::Dns(DnsError::Nsec { response, .. })) if is_of_wildcard(response) => {
            return Verdict::Beyond;
        }
        Err(_) => return Verdict::Bogus,
    };
    if data(&message.answers).next().is_some() {
        return of_all(data(&message.answers));
    }
    let proofs = || data(&message.authorities).filter(|record| record.record_type() != RecordType::SOA);
    if proofs().any(|record| record.proof == Proof::Secure) {
        // What lies below an opt-out may be there, unsigned (RFC 5155 section 9.2).
        let is_open = message.metadata.response_code == ResponseCode::NXDomain && proofs().any(opts_out);
        return if is_open { Verdict::Insecure } else { Verdict::Secure };
    }
    of_all(data(&message.authorities))
}

/// Of records that stand or fall together: as the least of them; insecure where there are none.
fn of_all<'r>(records: impl Iterator<Item = &'r Record>) -> Verdict {
    match records.map(|record| record.proof).min() {
        Some(Proof::Secure) => Verdict::Secure,
        Some(Proof::Insecure) | None => Verdict::Insecure,
        Some(Proof::Bogus | Proof::Indeterminate) => Verdict::Bogus,
    }
}

/// Whether an answer is from a wildcard, and it and the NSEC beside it are secure. Where the wildcard is
/// right above the name, hickory 0.26.3 wants it proven that there is none.
fn is_of_wildcard(response: &Message) -> bool {
    let is_nsec = |record: &&Record| record.record_type() == RecordType::NSEC;
    let are_secure = of_all(data(&response.answers)) == Verdict::Secure
        && of_all(response.authorities.iter().filter(is_nsec)) == Verdict::Secure;
    let is_expanded = |record: &Record| {
        signature(record).is_some_and(|by| by.input().num_labels < record.name.num_labels())
    };
    are_secure && response.answers.iter().any(is_expanded)
}

fn opts_out(record: &Record) -> bool {
    matches!(&record.data, RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) if nsec3.opt_out())
}
