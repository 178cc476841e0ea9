//! What came of a fetch, and its columns.

use crate::admission::Said;
use crate::dataset::rows::{PolicyEvidence, TlsEvidence};
use crate::dataset::words::Word;
use crate::tls::failure::{ConnectFailure, HandshakeFailure};
use crate::tls::judge::Fault;

/// The first thing that failed on the way to the text: TCP, TLS, certificate, HTTP, size, deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A whole body with status 200 behind a valid certificate.
    Ok,
    /// No TCP connection.
    Connect(ConnectFailure),
    /// No TLS connection.
    Tls(HandshakeFailure),
    /// A bad certificate; its first fault.
    Certificate(Fault),
    /// 3xx with a Location, which a sender must not follow (RFC 8461 section 3.3).
    Redirect,
    /// Another status than 200.
    HttpStatus,
    /// No HTTP answer, or one that breaks off.
    HttpMalformed,
    /// A body over the limit.
    TooLarge,
    /// The deadline, after the handshake.
    Timeout,
}

impl Outcome {
    /// The word of the column `policy_outcome`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Connect(failure) => failure.policy_word(),
            Self::Tls(failure) => failure.policy_word(),
            Self::Certificate(fault) => fault.policy_word(),
            Self::Redirect => "policy_redirect",
            Self::HttpStatus => "policy_http_status",
            Self::HttpMalformed => "policy_http_malformed",
            Self::TooLarge => "policy_too_large",
            Self::Timeout => "policy_timeout",
        }
    }

    /// Whether the server said anything in the handshake.
    #[must_use]
    pub const fn has_answered_hello(self) -> bool {
        !matches!(
            self,
            Self::Connect(_)
                | Self::Tls(HandshakeFailure::Timeout | HandshakeFailure::Closed | HandshakeFailure::Reset)
        )
    }

    /// Whether another address of the host is worth trying: TCP or the handshake itself failed.
    #[must_use]
    pub const fn is_worth_another_address(self) -> bool {
        matches!(self, Self::Connect(_) | Self::Tls(_))
    }
}

/// What one fetch from one address showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// What came of it.
    pub outcome: Outcome,
    /// The handshake and the certificate, judged.
    pub tls: TlsEvidence,
    /// HTTP status; `None` where there was no HTTP answer.
    pub http_status: Option<i32>,
    /// Location of a redirect, escaped.
    pub redirect_to: Option<String>,
    /// Content-Type, escaped.
    pub content_type: Option<String>,
    /// The body, cut at the limit; `None` where it was not had whole.
    pub body: Option<Vec<u8>>,
    /// SHA-256 of the body, hexadecimal.
    pub sha256: Option<String>,
    /// Milliseconds from the connect to the end.
    pub fetch_ms: i64,
    /// Whether it ended before its last byte, whatever the outcome: by the deadline, the host or the way there.
    pub is_cut: bool,
    /// Whether the answer says "too much": 429 (RFC 6585 section 4), or 503 with a Retry-After (RFC 9110 section 15.6.4).
    pub asks_for_less: bool,
}

impl Fetched {
    /// Whether a certificate was seen: such a fetch stands for the host, even where another address was tried before it.
    #[must_use]
    pub const fn got_further(&self) -> bool {
        self.tls.certificate_sha256.is_some()
    }

    /// What the host gave to understand about the pace.
    #[must_use]
    pub const fn said(&self) -> Said {
        match self.outcome {
            _ if self.asks_for_less => Said::TooMuch,
            Outcome::Connect(ConnectFailure::Reset)
            | Outcome::Tls(HandshakeFailure::Closed | HandshakeFailure::Reset) => Said::End,
            Outcome::Connect(_) | Outcome::Tls(HandshakeFailure::Timeout) | Outcome::Timeout => Said::Nothing,
            _ => Said::Answer,
        }
    }

    /// Writes the columns that a fetch fills: outcome, TLS, HTTP and body. The others stay as they are.
    pub fn write_to(self, row: &mut PolicyEvidence) {
        row.outcome = Some(Word::Borrowed(self.outcome.as_str()));
        row.tls = self.tls;
        row.http_status = self.http_status;
        row.redirect_to = self.redirect_to;
        row.content_type = self.content_type;
        row.body = self.body;
        row.sha256 = self.sha256;
        row.fetch_ms = Some(self.fetch_ms);
    }
}
