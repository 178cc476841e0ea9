//! Report addresses of a record: `dmarc-urilist` of RFC 9989 section 4.8.

use crate::mta_sts::text::{is_uri_text, trim_wsp};

/// What a list of addresses between commas holds.
pub(super) struct Listed {
    /// Whether there is any that a report could be sent to.
    pub(super) any_valid: bool,
    /// Whether all of them are addresses.
    pub(super) all_valid: bool,
}

impl Listed {
    pub(super) fn of(value: &[u8]) -> Self {
        let mut listed = Self { any_valid: false, all_valid: true };
        for uri in value.split(|&b| b == b',') {
            let is_valid = is_uri(without_size(trim_wsp(uri)));
            listed.any_valid |= is_valid;
            listed.all_valid &= is_valid;
        }
        listed
    }
}

/// An address without the size of RFC 7489 (`obs-dmarc-report-size`), which is to be passed over.
fn without_size(uri: &[u8]) -> &[u8] {
    let Some(mark) = uri.iter().rposition(|&b| b == b'!') else { return uri };
    let size = &uri[mark + 1..];
    let digits = match size {
        [digits @ .., b'k' | b'm' | b'g' | b't' | b'K' | b'M' | b'G' | b'T'] => digits,
        digits => digits,
    };
    let is_size = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if is_size { &uri[..mark] } else { uri }
}

/// Any valid URI may be given (section 4.7); a mailto has an address (RFC 6068 section 2).
fn is_uri(uri: &[u8]) -> bool {
    let Some(colon) = uri.iter().position(|&b| b == b':') else { return false };
    let (scheme, rest) = (&uri[..colon], &uri[colon + 1..]);
    // RFC 3986 section 3.1.
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let is_whole = !scheme.eq_ignore_ascii_case(b"mailto") || is_mail(rest);
    is_scheme && !rest.is_empty() && is_uri_text(rest) && is_whole
}

fn is_mail(rest: &[u8]) -> bool {
    let to = rest.split(|&b| b == b'?').next().unwrap_or_default();
    to.iter().rposition(|&b| b == b'@').is_some_and(|at| at > 0 && at + 1 < to.len())
}
