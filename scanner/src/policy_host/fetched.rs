//! What came of a fetch, and its columns.

use crate::evidence::rows::{PolicyEvidence, TlsEvidence};
use crate::evidence::{HttpVersion, Outcome as _, PaceHint, PolicyOutcome};

/// What one fetch from one address showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// What came of it.
    pub outcome: PolicyOutcome,
    /// The handshake and the certificate, judged.
    pub tls: TlsEvidence,
    /// The alert that ended TLS (RFC 8446 section 6); `None` where none came.
    pub alert: Option<i32>,
    /// HTTP status; `None` where there was no HTTP answer.
    pub http_status: Option<i32>,
    /// The version of HTTP; `None` where there was no HTTP answer.
    pub http_version: Option<HttpVersion>,
    /// Location of a redirect, escaped.
    pub redirect_to: Option<String>,
    /// Content-Type, escaped.
    pub content_type: Option<String>,
    /// The body, cut at the limit; `None` where it was not received in full. With
    /// [`PolicyOutcome::HttpIncomplete`] what came until the connection ended.
    pub body: Option<Vec<u8>>,
    /// Whether more than the limit came, so that what was kept is not the whole text.
    pub is_too_large: bool,
    /// SHA-256 of the body, hexadecimal.
    pub sha256: Option<String>,
    /// Milliseconds from the connect to the end.
    pub fetch_ms: i64,
    /// Whether it ended before its last byte, whatever the outcome: by the deadline, the host or the way
    /// there.
    pub is_cut: bool,
    /// Whether the answer says "too much": 429 (RFC 6585 section 4), or 503 with a Retry-After (RFC 9110
    /// section 15.6.4).
    pub asks_for_less: bool,
}

impl Fetched {
    /// An outcome and nothing beside it.
    #[must_use]
    pub fn nothing_but(outcome: PolicyOutcome) -> Self {
        Self {
            outcome,
            tls: TlsEvidence::default(),
            alert: None,
            http_status: None,
            http_version: None,
            redirect_to: None,
            content_type: None,
            body: None,
            is_too_large: false,
            sha256: None,
            fetch_ms: 0,
            is_cut: false,
            asks_for_less: false,
        }
    }

    /// Whether a certificate was seen: such a fetch stands for the host, even where another address was tried
    /// before it.
    #[must_use]
    pub const fn got_further(&self) -> bool {
        self.tls.certificate_sha256.is_some()
    }

    /// What it says about the pace.
    #[must_use]
    pub fn pace_hint(&self) -> PaceHint {
        if self.asks_for_less { PaceHint::TooMuch } else { self.outcome.pace_hint() }
    }

    /// Writes the columns that a fetch fills: outcome, TLS, HTTP and body. The others stay as they are.
    pub fn write_to(self, row: &mut PolicyEvidence) {
        row.outcome = Some(self.outcome);
        row.tls = self.tls;
        row.alert = self.alert;
        row.http_status = self.http_status;
        row.http_version = self.http_version;
        row.redirect_to = self.redirect_to;
        row.content_type = self.content_type;
        row.body = self.body;
        row.sha256 = self.sha256;
        row.fetch_ms = Some(self.fetch_ms);
    }
}
