//! What a DNS message says, read from the message itself: rcode, CNAME chain, records, AD, TTL and EDE.

mod data;
mod in_place;

use super::wire::{self, Head};
use crate::evidence::DnsStatus;
use crate::evidence::rows::Micros;
pub(super) use data::Data;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::net::IpAddr;

/// Longest CNAME chain that is followed within one answer; a longer one, or a loop, is a bad answer.
const LONGEST_CHAIN: usize = 16;

/// The final answer to one question, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What came of the question.
    pub status: DnsStatus,
    /// Targets of the CNAME chain in their order; `None` where there was no definite answer.
    pub chain: Option<Vec<String>>,
    /// AD bit (RFC 4035 section 3.2.3); `None` where no message came.
    pub ad: Option<bool>,
    /// Extended DNS error codes (RFC 8914); `None` where no message came.
    pub ede: Option<Vec<i32>>,
    /// Smallest TTL of the records, seconds; `None` where there are none.
    pub ttl: Option<i64>,
    /// When it was final.
    pub at: Micros,
    records: Vec<Data>,
}

impl Answer {
    /// No message came, or none that can be used.
    #[must_use]
    pub fn without(status: DnsStatus, at: Micros) -> Self {
        Self { status, chain: None, ad: None, ede: None, ttl: None, at, records: Vec::new() }
    }

    /// What the bytes of an answer say, whose question is that of the query; `None` where they cannot be
    /// read.
    ///
    /// An answer without records says all it has to say in its head and its OPT, so it is not taken apart: in
    /// a scan this is the rule (measured: a third of the time that hickory needs for an NXDOMAIN with its
    /// SOA). One with nothing unusual is read in place.
    #[must_use]
    pub(super) fn of_wire(query: &[u8], answer: &[u8], at: Micros) -> Option<Self> {
        let head = Head::of_answer(answer)?;
        if let Some(ede) = wire::errors_of_empty(answer) {
            let status = match head.code() {
                0 => DnsStatus::NoData,
                1 => DnsStatus::FormErr,
                2 => DnsStatus::ServFail,
                3 => DnsStatus::NxDomain,
                4 => DnsStatus::NotImp,
                5 => DnsStatus::Refused,
                _ => DnsStatus::BadAnswer,
            };
            let chain = matches!(head.code(), 0 | 3).then(Vec::new);
            let (ad, ede) = (Some(head.is_authentic()), Some(ede));
            return Some(Self { status, chain, ad, ede, ttl: None, at, records: Vec::new() });
        }
        if let Some(plain) = in_place::read(query, answer) {
            let (status, chain, ad) = (DnsStatus::NoError, Some(Vec::new()), Some(head.is_authentic()));
            let (ede, ttl, records) = (Some(plain.ede), Some(plain.ttl), plain.records);
            return Some(Self { status, chain, ad, ede, ttl, at, records });
        }
        let (name, kind) = wire::asked(query)?;
        Some(Self::read(Message::from_vec(answer).ok()?, &name, kind, at))
    }

    /// What a message says about `name` and `kind`.
    ///
    /// Records count only where they are owned by the last name of the chain that begins at `name`.
    #[must_use]
    pub fn read(message: Message, name: &Name, kind: RecordType, at: Micros) -> Self {
        let ad = Some(message.metadata.authentic_data);
        let ede = Some(extended_errors(&message));
        let chain = chain_of(&message.answers, name);
        let code = message.metadata.response_code;
        let mut answer =
            Self { status: DnsStatus::BadAnswer, chain: None, ad, ede, ttl: None, at, records: Vec::new() };
        answer.status = match code {
            ResponseCode::NoError | ResponseCode::NXDomain => {
                let Some(chain) = chain else { return answer };
                let owner = chain.last().unwrap_or(name).clone();
                answer.chain = Some(chain.iter().map(wire::name_text).collect());
                if code == ResponseCode::NXDomain {
                    DnsStatus::NxDomain
                } else {
                    answer.take(message.answers, &owner, kind)
                }
            }
            ResponseCode::ServFail => DnsStatus::ServFail,
            ResponseCode::Refused => DnsStatus::Refused,
            ResponseCode::FormErr => DnsStatus::FormErr,
            ResponseCode::NotImp => DnsStatus::NotImp,
            _ => DnsStatus::BadAnswer,
        };
        answer
    }

    fn take(&mut self, records: Vec<Record>, owner: &Name, kind: RecordType) -> DnsStatus {
        for record in records {
            if record.record_type() == kind && record.name == *owner {
                let ttl = i64::from(record.ttl);
                self.ttl = Some(self.ttl.map_or(ttl, |least| least.min(ttl)));
                self.records.push(Data::from(&record.data));
            }
        }
        if self.records.is_empty() { DnsStatus::NoData } else { DnsStatus::NoError }
    }

    /// The same for a name that was an alias, of these names in turn, before it came to the one that was
    /// asked for.
    pub(super) fn behind(mut self, aliases: impl Iterator<Item = String>) -> Self {
        if let Some(chain) = &mut self.chain {
            chain.splice(0..0, aliases);
        }
        self
    }

    /// How many records there are.
    pub(super) const fn count(&self) -> usize {
        self.records.len()
    }

    /// The data of the records.
    pub(super) fn into_records(self) -> Vec<Data> {
        self.records
    }

    /// Whether a name of the answer was an alias.
    #[must_use]
    pub fn is_aliased(&self) -> bool {
        self.chain.as_ref().is_some_and(|chain| !chain.is_empty())
    }

    fn all<'a, T>(&'a self, take: impl Fn(&'a Data) -> Option<T> + 'a) -> Vec<T> {
        self.records.iter().filter_map(take).collect()
    }

    /// The MX records: preference and host, sorted, duplicates dropped.
    #[must_use]
    pub fn mx(&self) -> Vec<(u16, String)> {
        let of = |data: &Data| {
            if let Data::Mx(preference, host) = data { Some((*preference, host.clone())) } else { None }
        };
        sorted(self.all(of))
    }

    /// The TXT records, the character-strings of each joined without a space (RFC 8461 section 3.1).
    #[must_use]
    pub fn txt(&self) -> Vec<Vec<u8>> {
        self.all(|data| if let Data::Txt(text) = data { Some(text.clone()) } else { None })
    }

    /// The TLSA records as RFC 6698 section 2.2 writes them, the data in lower case: `3 1 1 0c72…`; sorted,
    /// duplicates dropped.
    #[must_use]
    pub fn tlsa(&self) -> Vec<String> {
        sorted(self.all(|data| if let Data::Tlsa(text) = data { Some(text.clone()) } else { None }))
    }

    /// The name servers, sorted, duplicates dropped.
    #[must_use]
    pub fn ns(&self) -> Vec<String> {
        sorted(self.all(|data| if let Data::Ns(name) = data { Some(name.clone()) } else { None }))
    }

    /// The addresses, ascending, duplicates dropped.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        sorted(self.all(|data| if let Data::Address(addr) = data { Some(*addr) } else { None }))
    }
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values.dedup();
    values
}

/// The CNAME chain from `name` on; `None` where it loops or is too long.
fn chain_of(answers: &[Record], name: &Name) -> Option<Vec<Name>> {
    let mut chain: Vec<Name> = Vec::new();
    loop {
        let owner = chain.last().unwrap_or(name);
        let next = answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == *owner => Some(target.0.clone()),
            _ => None,
        });
        let Some(next) = next else { return Some(chain) };
        if chain.len() == LONGEST_CHAIN || next == *name || chain.contains(&next) {
            return None;
        }
        chain.push(next);
    }
}

fn extended_errors(message: &Message) -> Vec<i32> {
    let Some(edns) = &message.edns else { return Vec::new() };
    let codes = edns.options().options.iter();
    codes
        .filter_map(|(code, option)| match (code, option) {
            (EdnsCode::Unknown(15), EdnsOption::Unknown(15, bytes)) => {
                bytes.first_chunk::<2>().map(|code| i32::from(u16::from_be_bytes(*code)))
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
