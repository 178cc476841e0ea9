//! How the DNS answers in a situation, right or wrong.

use crate::situation::RecordType;
use anyhow::{Result, ensure};
use serde::Deserialize;

/// How the DNS answers one question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What becomes of the question.
    pub status: Status,
    /// The records, as the file writes them.
    pub records: Vec<Record>,
    /// TTL of the records, seconds.
    pub ttl: u32,
    /// Extended DNS errors (RFC 8914).
    pub ede: Vec<u16>,
    /// Whether the answer is marked as validated (RFC 4035 section 3.2.3).
    pub ad: bool,
    /// Whether UDP always answers with nothing but the truncation bit.
    pub truncate: bool,
    /// What becomes of it at first instead, and for how many milliseconds from the first question on.
    pub first: Option<(Status, u64)>,
    /// Datagrams that come before it and are no answer to the question, whoever they claim to be from.
    pub forged: Vec<Forgery>,
    /// The owner its records are said to have; the name that was asked for where it is `None`.
    pub owner: Option<String>,
    /// How many bytes of records of another name stand before its own: what does not fit a datagram goes over
    /// TCP.
    pub stuffing: usize,
    /// Whether the names that own its records are compression pointers to themselves (RFC 1035 section
    /// 4.1.4).
    pub pointers_loop: bool,
    /// What comes over TCP.
    pub tcp: Tcp,
}

/// A datagram that claims that the name does not exist, but is no answer to the question (RFC 5452 section
/// 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgery {
    /// Under another id.
    WrongId,
    /// About another name.
    OtherName,
    /// About another type.
    OtherType,
    /// Without a question.
    NoQuestion,
    /// From another port of the resolver's address.
    WrongPort,
    /// From another address.
    WrongAddress,
    /// The question itself, sent back.
    Echo,
    /// [`FLOOD`] of them under as many ids.
    Flood,
}

/// Datagrams of a flood: at 64 bytes or so they fit the receive buffer that Linux gives by default, twice.
pub const FLOOD: u16 = 64;

/// What comes over TCP (RFC 7766).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tcp {
    /// The answer.
    #[default]
    Answers,
    /// The truncation bit again.
    Truncates,
    /// The end of the connection.
    Closes,
    /// Nothing.
    Stalls,
    /// Messages under other ids, without an end.
    Floods,
    /// The answer, a byte a fifth of a second.
    Trickles,
}

/// What becomes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Status {
    /// The records, or NODATA where there are none.
    #[serde(rename = "NOERROR")]
    NoError,
    /// The name does not exist.
    #[serde(rename = "NXDOMAIN")]
    NxDomain,
    /// The resolver could not get an answer.
    #[serde(rename = "SERVFAIL")]
    ServFail,
    /// The resolver will not.
    #[serde(rename = "REFUSED")]
    Refused,
    /// The resolver cannot.
    #[serde(rename = "NOTIMP")]
    NotImp,
    /// No answer at all.
    #[serde(rename = "drop")]
    Drop,
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Record {
    /// In one piece.
    One(String),
    /// A TXT record of several character-strings.
    Strings(Vec<String>),
}

impl Record {
    /// The text of a TXT record, its character-strings joined.
    #[must_use]
    pub fn joined(&self) -> String {
        match self {
            Self::One(text) => text.clone(),
            Self::Strings(texts) => texts.concat(),
        }
    }

    /// The SMTP behaviour whose address this record holds; `None` where it is another address or another
    /// type.
    #[must_use]
    pub fn behaviour(&self) -> Option<&str> {
        let Self::One(text) = self else { return None };
        let word = text.strip_prefix("smtp:")?;
        Some(word.split_once('#').map_or(word, |(word, _)| word))
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(in crate::situation) enum AnswerSpec {
    Records(Vec<Record>),
    Whole(WholeAnswer),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::situation) struct WholeAnswer {
    status: Option<Status>,
    #[serde(default)]
    records: Vec<Record>,
    ttl: Option<u32>,
    #[serde(default)]
    ede: Vec<u16>,
    #[serde(default)]
    ad: bool,
    #[serde(default)]
    truncate: bool,
    first: Option<Status>,
    for_ms: Option<u64>,
    #[serde(default)]
    forged: Vec<Forgery>,
    owner: Option<String>,
    #[serde(default)]
    stuffing: usize,
    #[serde(default)]
    pointers_loop: bool,
    #[serde(default)]
    tcp: Tcp,
    #[serde(default)]
    absent: bool,
}

impl AnswerSpec {
    /// Whether the line only takes away what a base has.
    pub(in crate::situation) const fn is_absent(&self) -> bool {
        matches!(self, Self::Whole(WholeAnswer { absent: true, .. }))
    }

    pub(in crate::situation) fn into_answer(self, kind: RecordType) -> Result<Answer> {
        let whole = match self {
            Self::Whole(whole) => whole,
            Self::Records(records) => WholeAnswer { records, ..WholeAnswer::default() },
        };
        let several = whole.records.iter().any(|r| matches!(r, Record::Strings(_)));
        ensure!(!several || kind == RecordType::Txt, "only a TXT record has several strings");
        ensure!(whole.first.is_some() == whole.for_ms.is_some(), "`first` and `for_ms` go together");
        ensure!(whole.stuffing <= 65_000, "an answer has 65,535 bytes at most");
        Ok(Answer {
            status: whole.status.unwrap_or(Status::NoError),
            records: whole.records,
            ttl: whole.ttl.unwrap_or(3600),
            ede: whole.ede,
            ad: whole.ad,
            truncate: whole.truncate,
            first: whole.first.zip(whole.for_ms),
            forged: whole.forged,
            owner: whole.owner,
            stuffing: whole.stuffing,
            pointers_loop: whole.pointers_loop,
            tcp: whole.tcp,
        })
    }
}
