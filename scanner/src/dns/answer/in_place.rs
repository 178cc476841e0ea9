//! Answers that are read where they lie: NOERROR with records of the type that was asked for, owned by the
//! name itself, and nothing else but their zone's servers with addresses. That is nearly every answer with
//! records. Whatever else comes is left to hickory: aliases, other types, names with bytes that have to be
//! escaped, bytes that make no sense.

use super::data::Data;
use crate::dns::wire::{self, HEADER, Head, Likeness, TYPE_OPT};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const TYPE_A: u16 = 1;
const TYPE_NS: u16 = 2;
const TYPE_MX: u16 = 15;
const TYPE_TXT: u16 = 16;
const TYPE_AAAA: u16 = 28;
const CLASS_IN: u16 = 1;
/// A pointer to the name of the question (RFC 1035 section 4.1.4).
const TO_THE_QUESTION: [u8; 2] = [0xc0, 12];
/// Bytes of labels that a name may have here; longer ones are hickory's to bear or to refuse.
const LONGEST_NAME: usize = 200;

/// What such an answer says.
pub(super) struct Plain {
    pub(super) records: Vec<Data>,
    /// Smallest TTL of the records.
    pub(super) ttl: i64,
    pub(super) ede: Vec<i32>,
}

/// One record, but for its owner.
#[derive(Clone, Copy)]
struct Record {
    kind: u16,
    class: u16,
    ttl: u32,
    /// Where its data begin and end.
    data: (usize, usize),
}

impl Record {
    /// The record whose owner ends before `at`; `None` where it leaves the message.
    fn at(message: &[u8], at: usize) -> Option<Self> {
        let [k0, k1, c0, c1, t0, t1, t2, t3, l0, l1] = *message.get(at..)?.first_chunk()?;
        let begin = at + 10;
        let end = begin + usize::from(u16::from_be_bytes([l0, l1]));
        (end <= message.len()).then_some(Self {
            kind: u16::from_be_bytes([k0, k1]),
            class: u16::from_be_bytes([c0, c1]),
            ttl: u32::from_be_bytes([t0, t1, t2, t3]),
            data: (begin, end),
        })
    }
}

/// Reads the answer to a query; `None` where it is none of these.
pub(super) fn read(query: &[u8], message: &[u8]) -> Option<Plain> {
    let head = Head::of_answer(message)?;
    let [questions, answers, authorities, additionals] = wire::counts(message);
    if head.code() != 0 || questions != 1 || answers == 0 || wire::compare(query, message) == Likeness::Other
    {
        return None;
    }
    let question = wire::question(query)?;
    let kind = u16::from_be_bytes(*question.get(question.len() - 4..)?.first_chunk()?);
    let mut at = HEADER + question.len();
    let mut records = Vec::with_capacity(usize::from(answers).min(8));
    let mut ttl = u32::MAX;
    for _ in 0..answers {
        if message.get(at..at + 2)? != TO_THE_QUESTION {
            return None;
        }
        let record = Record::at(message, at + 2)?;
        if record.kind != kind || record.class != CLASS_IN {
            return None;
        }
        records.push(data(message, record)?);
        ttl = ttl.min(record.ttl);
        at = record.data.1;
    }
    let ede = rest(message, at, authorities, additionals)?;
    Some(Plain { records, ttl: i64::from(ttl), ede })
}

fn data(message: &[u8], record: Record) -> Option<Data> {
    let (begin, end) = record.data;
    let bytes = message.get(begin..end)?;
    let name = |at: usize| {
        let mut text = String::with_capacity(40);
        let behind = walk(message, at, |label| {
            if !text.is_empty() {
                text.push('.');
            }
            let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.' && *byte != b'\\';
            let label =
                std::str::from_utf8(label).ok().filter(|label| label.as_bytes().iter().all(is_plain))?;
            text.push_str(label);
            Some(())
        })?;
        if text.is_empty() {
            text.push('.');
        }
        text.make_ascii_lowercase();
        (behind == end).then_some(text)
    };
    Some(match record.kind {
        TYPE_MX => Data::Mx(u16::from_be_bytes(*bytes.first_chunk()?), name(begin + 2)?),
        TYPE_TXT => Data::Txt(joined(bytes)?),
        TYPE_NS => Data::Ns(name(begin)?),
        TYPE_A => Data::Address(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))),
        TYPE_AAAA => Data::Address(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))),
        _ => return None,
    })
}

/// Character-strings, one behind the other, joined; `None` where there is none, or one leaves the data.
fn joined(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(bytes.len().checked_sub(1)?);
    while let Some((len, rest)) = bytes.split_first() {
        let (string, rest) = rest.split_at_checked(usize::from(*len))?;
        text.extend_from_slice(string);
        bytes = rest;
    }
    Some(text)
}

/// What stands behind the answers: name servers, addresses, and one OPT, whose extended errors it gives.
fn rest(message: &[u8], mut at: usize, authorities: u16, additionals: u16) -> Option<Vec<i32>> {
    let mut ede = None;
    for n in 0..u32::from(authorities) + u32::from(additionals) {
        let owner = at;
        let record = Record::at(message, walk(message, at, |_| Some(()))?)?;
        let (begin, end) = record.data;
        let is_whole = match record.kind {
            TYPE_NS => walk(message, begin, |_| Some(()))? == end,
            TYPE_A => end - begin == 4,
            TYPE_AAAA => end - begin == 16,
            TYPE_OPT => {
                // Neither an extended rcode nor another version.
                let is_bare = message[owner] == 0 && record.ttl >> 16 == 0;
                let is_in_place = n >= u32::from(authorities) && ede.is_none();
                ede = Some(wire::option_errors(message.get(begin..end)?)?);
                is_bare && is_in_place
            }
            _ => false,
        };
        if !is_whole || record.kind != TYPE_OPT && record.class != CLASS_IN {
            return None;
        }
        at = end;
    }
    Some(ede.unwrap_or_default())
}

/// Gives each label of the name that begins at `at` to `take`; the offset behind the name. `None` where
/// `take` gives none, where the name leaves the message or is long, and where a pointer does not lead to what
/// lies before everything read so far, so that no name is a circle.
fn walk(message: &[u8], mut at: usize, mut take: impl FnMut(&[u8]) -> Option<()>) -> Option<usize> {
    let (mut behind, mut begin, mut most, mut read) = (None, at, usize::MAX, 0);
    loop {
        let len = *message.get(at).filter(|_| at < most)?;
        match len & 0xc0 {
            0 if len == 0 => return Some(behind.unwrap_or(at + 1)),
            0 => {
                let next = at + 1 + usize::from(len);
                read += usize::from(len) + 1;
                if read > LONGEST_NAME {
                    return None;
                }
                take(message.get(at + 1..next)?)?;
                at = next;
            }
            0xc0 => {
                let target = usize::from(u16::from_be_bytes([len & 0x3f, *message.get(at + 1)?]));
                if target >= begin {
                    return None;
                }
                behind = behind.or(Some(at + 2));
                (at, most, begin) = (target, begin, target);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::dns::{Answer, RecordType};
    use hickory_resolver::proto::op::Message;
    use proptest::prelude::*;

    /// A query for `a.example`, and the head and question of its answer with so many records.
    fn begun(kind: RecordType, counts: [u8; 3]) -> (Vec<u8>, Vec<u8>) {
        let mut query = Vec::new();
        wire::write_query("a.example", kind, &mut query).unwrap();
        let mut answer = query[..HEADER + wire::question(&query).unwrap().len()].to_vec();
        let [answers, authorities, additionals] = counts;
        answer[2..HEADER].copy_from_slice(&[0x85, 0x80, 0, 1, 0, answers, 0, authorities, 0, additionals]);
        (query, answer)
    }

    fn record(owner: &[u8], kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
        let len = u16::try_from(data.len()).unwrap();
        [owner, &kind.to_be_bytes(), &[0, 1], &ttl.to_be_bytes(), &len.to_be_bytes(), data].concat()
    }

    /// What both ways say, which is the same.
    fn both(query: &[u8], answer: &[u8]) -> Answer {
        let (name, kind) = wire::asked(query).unwrap();
        let long = Answer::read(Message::from_vec(answer).unwrap(), &name, kind, 0);
        assert!(read(query, answer).is_some(), "it is not left to hickory");
        assert_eq!(Answer::of_wire(query, answer, 0).unwrap(), long);
        long
    }

    /// A query of each type with a full answer.
    fn full() -> [(Vec<u8>, Vec<u8>); 5] {
        let (mx_query, mut mx) = begun(RecordType::MX, [2, 1, 3]);
        mx.extend(record(&TO_THE_QUESTION, 15, 300, b"\0\x14\x02MX\xc0\x0c"));
        mx.extend(record(&TO_THE_QUESTION, 15, 200, b"\0\x0a\0"));
        mx.extend(record(b"\xc0\x0e", 2, 60, b"\x02ns\xc0\x0e"));
        mx.extend(record(b"\x02ns\xc0\x0e", 1, 60, &[192, 0, 2, 1]));
        mx.extend(record(b"\x02ns\xc0\x0e", 28, 60, &[0; 16]));
        mx.extend(b"\0\0\x29\x04\xd0\0\0\0\0\0\x06\0\x0f\0\x02\0\x16");
        let (txt_query, mut txt) = begun(RecordType::TXT, [2, 0, 0]);
        txt.extend(record(&TO_THE_QUESTION, 16, 5, b"\x03v=S\x04TSv1"));
        txt.extend(record(&TO_THE_QUESTION, 16, 5, b"\0"));
        let one = |kind: RecordType, data: &[u8]| {
            let (query, mut answer) = begun(kind, [1, 0, 0]);
            answer.extend(record(&TO_THE_QUESTION, u16::from(kind), 5, data));
            (query, answer)
        };
        let [a, aaaa] = [one(RecordType::A, &[192, 0, 2, 1]), one(RecordType::AAAA, &[1; 16])];
        [(mx_query, mx), (txt_query, txt), a, aaaa, one(RecordType::NS, b"\x02N1\xc0\x0e")]
    }

    #[test]
    fn records_of_each_type_are_read_as_hickory_reads_them() {
        let [mx, txt, a, aaaa, ns] = full().map(|(query, answer)| both(&query, &answer));
        assert_eq!(mx.mx(), [(10, ".".to_owned()), (20, "mx.a.example".to_owned())]);
        assert_eq!((mx.ttl, mx.ede), (Some(200), Some(vec![22])));
        assert_eq!(txt.txt(), [b"v=STSv1".to_vec(), Vec::new()]);
        assert_eq!(a.addresses(), ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        assert_eq!((aaaa.addresses().len(), ns.ns()), (1, vec!["n1.example".to_owned()]));
    }

    proptest! {
        /// Whatever is changed: where both read the bytes, they say the same.
        #[test]
        fn changed_bytes_are_read_alike_by_both_ways(
            which in 0_usize..5,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let (query, mut answer) = full()[which].clone();
            for (at, byte) in changes {
                let at = at.index(answer.len());
                answer[at] = byte;
            }
            if let Some(cut) = cut {
                answer.truncate(cut.index(answer.len()));
            }
            let plain = read(&query, &answer).and_then(|_| Answer::of_wire(&query, &answer, 0));
            if let (Some(plain), Ok(message)) = (plain, Message::from_vec(&answer)) {
                let (name, kind) = wire::asked(&query).unwrap();
                prop_assert_eq!(plain, Answer::read(message, &name, kind, 0));
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_hickory() {
        let one = |record: &[u8]| {
            let (query, mut answer) = begun(RecordType::MX, [1, 0, 0]);
            answer.extend(record);
            read(&query, &answer).is_some()
        };
        assert!(one(&record(&TO_THE_QUESTION, 15, 1, b"\0\x0a\x01b\0")));
        for (why, bytes) in [
            ("an alias", record(&TO_THE_QUESTION, 5, 1, b"\x01b\0")),
            ("another owner", record(b"\x01b\0", 15, 1, b"\0\x0a\x01b\0")),
            ("no data", record(&TO_THE_QUESTION, 15, 1, b"")),
            ("a byte too many", record(&TO_THE_QUESTION, 15, 1, b"\0\x0a\x01b\0\0")),
            ("a byte to be escaped", record(&TO_THE_QUESTION, 15, 1, b"\0\x0a\x02b.\0")),
            ("a pointer to itself", record(&TO_THE_QUESTION, 15, 1, b"\0\x0a\xc0\x29")),
            ("a pointer ahead", record(&TO_THE_QUESTION, 15, 1, b"\0\x0a\x01b\xc0\x30")),
            (
                "a long name",
                record(&TO_THE_QUESTION, 15, 1, &[&[0, 10][..], &[1, b'b'].repeat(120), &[0]].concat()),
            ),
            ("a cut one", record(&TO_THE_QUESTION, 15, 1, b"\0\x0a\x01b\0")[..16].to_vec()),
        ] {
            assert!(!one(&bytes), "{why}");
        }
    }
}
