//! What servers do in a situation.

use super::RecordType;
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
    /// The SMTP behaviour whose address this record holds; `None` where it is another address or another type.
    #[must_use]
    pub fn behaviour(&self) -> Option<&str> {
        let Self::One(text) = self else { return None };
        let word = text.strip_prefix("smtp:")?;
        Some(word.split_once('#').map_or(word, |(word, _)| word))
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum AnswerSpec {
    Records(Vec<Record>),
    Whole(WholeAnswer),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WholeAnswer {
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
    absent: bool,
}

impl AnswerSpec {
    /// Whether the line only takes away what a base has.
    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Whole(WholeAnswer { absent: true, .. }))
    }

    pub(super) fn into_answer(self, kind: RecordType) -> Result<Answer> {
        let whole = match self {
            Self::Whole(whole) => whole,
            Self::Records(records) => WholeAnswer {
                status: None,
                records,
                ttl: None,
                ede: Vec::new(),
                ad: false,
                truncate: false,
                first: None,
                for_ms: None,
                absent: false,
            },
        };
        let several = whole.records.iter().any(|r| matches!(r, Record::Strings(_)));
        ensure!(!several || kind == RecordType::Txt, "only a TXT record has several strings");
        ensure!(whole.first.is_some() == whole.for_ms.is_some(), "`first` and `for_ms` go together");
        Ok(Answer {
            status: whole.status.unwrap_or(Status::NoError),
            records: whole.records,
            ttl: whole.ttl.unwrap_or(3600),
            ede: whole.ede,
            ad: whole.ad,
            truncate: whole.truncate,
            first: whole.first.zip(whole.for_ms),
        })
    }
}

/// A stage of a connection, named for what the peer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The SMTP greeting.
    Banner,
    /// The reply to EHLO.
    Ehlo,
    /// The reply to STARTTLS.
    Starttls,
    /// The server's part of the TLS handshake.
    Tls,
    /// The HTTP answer.
    Answer,
    /// The rest of the HTTP body, after its first half.
    Body,
}

/// What a TLS server does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Its certificate.
    pub certificate: Certificate,
    /// The newest version it speaks: `1.3` or `1.2`.
    pub newest: Option<String>,
    /// The key exchange groups it speaks by their IANA names, best first; all of them where none is named.
    pub groups: Vec<String>,
    /// The alert it answers the hello with (RFC 8446 section 6.2).
    pub alert: Option<u8>,
    /// The bytes it answers the hello with.
    pub garbage: Option<String>,
    /// How many hellos for a host it meets by closing the connection, from the first on.
    pub closes_first: u32,
    /// What it speaks besides, if the hello offers that; only its ServerHello is played.
    pub legacy: Option<Legacy>,
    /// The largest hello that it takes, bytes of its record; a larger one is met with `oversized`.
    pub largest_hello: Option<usize>,
    /// What becomes of a hello that is too large.
    pub oversized: Oversized,
}

/// Something old that rustls does not speak.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legacy {
    /// The version it picks: `1.0`, `1.1` or `1.2`.
    pub version: String,
    /// The cipher suite it picks, by its number in the IANA registry.
    pub suite: u16,
}

/// What becomes of a hello that is too large for a server or for what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oversized {
    /// Nothing: no answer comes.
    #[default]
    Stalls,
    /// The connection is reset.
    Resets,
}

/// What a certificate says and who signed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Certificate {
    /// Its DNS names; `{host}` is the name the server was asked for, `{parent}` that without its first label.
    pub names: Vec<String>,
    /// Whether its time is now.
    pub validity: Validity,
    /// Who signed it.
    pub issuer: Issuer,
    /// What it is for (extended key usage, RFC 5280 section 4.2.1.12).
    pub purpose: Purpose,
}

impl Default for Certificate {
    fn default() -> Self {
        Self {
            names: vec!["{host}".into()],
            validity: Validity::Now,
            issuer: Issuer::Lab,
            purpose: Purpose::Server,
        }
    }
}

/// Whether a certificate's time is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// 2020 to 2049.
    Now,
    /// The one after: 2021 to 2048.
    Renewed,
    /// Ended in 2021.
    Ended,
    /// Begins in 2090.
    NotYet,
}

/// What a certificate is for (RFC 5280 section 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// TLS servers.
    Server,
    /// TLS clients, and nothing else.
    Client,
}

/// Who signed a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Issuer {
    /// The laboratory's intermediate authority, sent along.
    Lab,
    /// The same, but the intermediate is not sent.
    LabAlone,
    /// Another intermediate authority of the laboratory, which no server ever sends.
    HiddenAlone,
    /// An authority that nobody trusts, sent along.
    Stranger,
    /// Its own key.
    Itself,
}

/// What a policy host does (RFC 8461 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Https {
    /// HTTP status.
    pub status: u16,
    /// Content-Type; none where it is empty.
    pub content_type: String,
    /// Location; none where it is empty.
    pub location: String,
    /// The body.
    pub body: String,
    /// How many times over the body is sent, for large ones.
    pub times: usize,
    /// The bytes it answers the request with instead of HTTP.
    pub garbage: Option<String>,
    /// Where it says nothing more and keeps the connection.
    pub stalls_at: Option<Stage>,
    /// Where it closes the connection.
    pub closes_at: Option<Stage>,
    /// Its TLS.
    pub tls: Tls,
}

impl Default for Https {
    fn default() -> Self {
        Self {
            status: 200,
            content_type: "text/plain".into(),
            location: String::new(),
            body: String::new(),
            times: 1,
            garbage: None,
            stalls_at: None,
            closes_at: None,
            tls: Tls::default(),
        }
    }
}

/// What an MX host does (RFC 5321, RFC 3207). Replies are whole, with their codes; lines are parted by a line feed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// The greeting.
    pub banner: String,
    /// How many milliseconds pass before it.
    pub banner_after_ms: u64,
    /// How many connections to its address it meets with 421 and nothing else, from the first on.
    pub limits_first: u64,
    /// Lines that are sent at once before that, as postscreen does.
    pub teaser: String,
    /// Bytes in hexadecimal that are sent in place of the greeting.
    pub noise: String,
    /// What is sent over and over in place of the greeting, without an end.
    pub flood: String,
    /// The reply to EHLO.
    pub ehlo: String,
    /// The reply to HELO.
    pub helo: String,
    /// The reply to STARTTLS.
    pub starttls: String,
    /// What is sent in the clear right behind that reply.
    pub injected: String,
    /// Where it says nothing more and keeps the connection.
    pub stalls_at: Option<Stage>,
    /// Where it closes the connection.
    pub closes_at: Option<Stage>,
    /// Its TLS.
    pub tls: Tls,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            banner: "220 lab ESMTP".into(),
            banner_after_ms: 0,
            limits_first: 0,
            teaser: String::new(),
            noise: String::new(),
            flood: String::new(),
            ehlo: "250-lab\n250-PIPELINING\n250 STARTTLS".into(),
            helo: "250 lab".into(),
            starttls: "220 2.0.0 Ready to start TLS".into(),
            injected: String::new(),
            stalls_at: None,
            closes_at: None,
            tls: Tls::default(),
        }
    }
}
