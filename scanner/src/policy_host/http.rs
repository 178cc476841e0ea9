//! What an answer in HTTP shows, whatever its version.

use super::request::Ending;
use crate::evidence::text::escape;
use crate::evidence::{HttpVersion, PolicyOutcome};
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER, TRANSFER_ENCODING,
};
use reqwest::{StatusCode, Version};
use std::io;

/// Bytes of a header field (Location, Content-Type) that are kept, before they are escaped.
pub const HEADER_BYTES: usize = 4_096;

/// What HTTP showed up to the end.
#[derive(Default)]
pub(super) struct Http {
    pub(super) status: Option<i32>,
    pub(super) version: Option<HttpVersion>,
    pub(super) redirect_to: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) asks_for_less: bool,
    pub(super) is_too_large: bool,
    /// Whether the body says by itself where it ends.
    is_framed: bool,
    /// Whether it does not, and ended with a connection that was not closed in order.
    is_incomplete: bool,
}

impl Http {
    /// Takes the head.
    pub(super) fn begin(&mut self, status: StatusCode, version: Version, headers: &HeaderMap) {
        self.status = Some(i32::from(status.as_u16()));
        self.version = offered(version);
        let is_asked_later = headers.contains_key(RETRY_AFTER);
        self.asks_for_less = status.as_u16() == 429 || status.as_u16() == 503 && is_asked_later;
        self.content_type = header(headers, &CONTENT_TYPE);
        if status.is_redirection() {
            self.redirect_to = header(headers, &LOCATION);
        }
        // Without any of these the text ends where the connection does (RFC 9112 section 6.3).
        let has_length = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| headers.contains_key(name));
        self.is_framed = has_length || version == Version::HTTP_2;
        self.body = Some(Vec::new());
    }

    /// Takes a piece of the body; false where that is more than the most that is kept.
    pub(super) fn take(&mut self, piece: &[u8], most: usize) -> bool {
        let body = self.body.get_or_insert_default();
        let room = most - body.len();
        body.extend_from_slice(piece.get(..room).unwrap_or(piece));
        self.is_too_large = piece.len() > room;
        !self.is_too_large
    }

    /// The body broke off; by what of the connection, if that was it.
    pub(super) fn has_broken_off(&mut self, by: Option<io::ErrorKind>) {
        self.is_incomplete = !self.is_framed && by == Some(io::ErrorKind::UnexpectedEof);
    }

    /// What it comes to.
    pub(super) fn outcome(&self, end: &Ending) -> PolicyOutcome {
        match (self.status, end) {
            (Some(300..=399), _) if self.redirect_to.is_some() => PolicyOutcome::Redirect,
            (Some(status), _) if status != 200 => PolicyOutcome::HttpStatus,
            (_, Ending::Deadline) => PolicyOutcome::Timeout,
            (_, Ending::Broken(_)) if self.is_incomplete => PolicyOutcome::HttpIncomplete,
            (_, Ending::Broken(_)) | (None, _) => PolicyOutcome::HttpMalformed,
            (Some(_), Ending::Whole) if self.is_too_large => PolicyOutcome::TooLarge,
            (Some(_), Ending::Whole) => PolicyOutcome::Ok,
        }
    }
}

/// The versions that are offered.
fn offered(version: Version) -> Option<HttpVersion> {
    match version {
        Version::HTTP_10 => Some(HttpVersion::Http10),
        Version::HTTP_11 => Some(HttpVersion::Http11),
        Version::HTTP_2 => Some(HttpVersion::Http2),
        _ => None,
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let kept = |bytes: &[u8]| escape(bytes.get(..HEADER_BYTES).unwrap_or(bytes));
    headers.get(name).map(|value| kept(value.as_bytes()))
}
