//! The TXT record at `_smtp._tls` (RFC 8460 section 3).
//!
//! Strict: as the MTA-STS record's ABNF, with the version `v=TLSRPTv1` and one or more `rua` fields, each a
//! list of URIs between commas with WSP round them; schemes `mailto` and `https` (the RFC defines no other);
//! `!`, `,` and `;` in a URI are percent-encoded; a mailto has an address (RFC 6068 section 2).
//!
//! Where none stands, one that was meant as one (`v=tlsrpt` in front, perhaps behind quotes) is a broken
//! attempt: invalid, and to a sender the same as none.
//!
//! Lenient: 1. white space at the end, empty fields and extensions of any form are passed over; 2. a URI of a
//! scheme that is known counts whatever follows it; 3. of several URIs one that counts is enough. Version,
//! the number of records and the need for a `rua` are as strict as above.

use super::escaped::{self, meant};
use super::fields::{Shape, Standing, after_spaced_version, fields, standing, trailing_space};
use super::mx_pattern::is_domain;
use super::text::{is_uri_text, offset_in, trim_wsp};
use super::{Fault, Weight, leniently_valid, strictly_valid};
use crate::evidence::text::escape;
use crate::evidence::{Code, RecordState};

const VERSION: &[u8] = b"v=TLSRPTv1";
const PREFIX: &[u8] = b"v=TLSRPTv1;";

/// What the TXT records at `_smtp._tls` amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What they are to a strict sender.
    pub state: RecordState,
    /// What they are to a lenient sender.
    pub lenient: RecordState,
    /// Report addresses in their order, as written, escaped, without empty ones; `None` where no record
    /// stands.
    pub rua: Option<Vec<String>>,
    /// Everything to say; [`Fault::line`] counts the records from 1.
    pub faults: Vec<Fault>,
}

/// Judges all TXT records at `_smtp._tls`, each with its character-strings joined. Without any it allocates
/// nothing.
#[must_use]
pub fn judge<T: AsRef<[u8]>>(txts: &[T]) -> Judged {
    let none =
        Judged { state: RecordState::Absent, lenient: RecordState::Absent, rua: None, faults: Vec::new() };
    match standing(txts, PREFIX) {
        Standing::One(index) => read(txts[index].as_ref(), PREFIX.len(), index + 1),
        Standing::Many => {
            let faults = vec![Fault::new(Code::tlsrpt_multiple, Weight::Broken, 0, 1)];
            Judged { state: RecordState::Multiple, lenient: RecordState::Multiple, faults, ..none }
        }
        // As with MTA-STS: alone, a record stands by the ABNF although the prose would drop it among several.
        Standing::None => {
            let mut spaced = txts.iter().enumerate().filter_map(|(index, txt)| {
                let start = after_spaced_version(txt.as_ref(), VERSION)?;
                Some(read(txt.as_ref(), start, index + 1)).filter(|read| read.state == RecordState::Valid)
            });
            match (spaced.next(), spaced.next()) {
                (Some(only), None) => only,
                _ => attempt(txts).unwrap_or(none),
            }
        }
    }
}

/// What no sender takes for a record, and was meant as one: it begins, blind to case and after white space,
/// quotes and backslashes, with `v=tlsrpt`.
fn attempt<T: AsRef<[u8]>>(txts: &[T]) -> Option<Judged> {
    let is_meant =
        |txt: &[u8]| meant(txt).get(..8).is_some_and(|head| head.eq_ignore_ascii_case(b"v=tlsrpt"));
    let index = txts.iter().position(|txt| is_meant(txt.as_ref()))?;
    let fault = match escaped::column(txts[index].as_ref()) {
        Some(column) => Fault::new(Code::tlsrpt_escaped, Weight::Broken, index + 1, column),
        None => Fault::new(Code::tlsrpt_invalid, Weight::Broken, index + 1, 1),
    };
    let state = RecordState::Invalid;
    Some(Judged { state, lenient: state, rua: None, faults: vec![fault] })
}

fn read(txt: &[u8], start: usize, line: usize) -> Judged {
    let mut faults = Vec::new();
    let mut rua = Vec::new();
    let mut uris = Uris::default();
    for field in fields(txt, start) {
        if field.name == b"rua" && field.shape != Shape::NoPair {
            if field.shape == Shape::Stray {
                faults.push(Fault::new(Code::tlsrpt_invalid, Weight::Forgiven, line, field.column));
            }
            for part in field.value.split(|&b| b == b',') {
                let uri = trim_wsp(part);
                uris.count(uri, offset_in(txt, uri) + 1);
                if !uri.is_empty() {
                    rua.push(escape(uri));
                }
            }
        } else if !field.is_extension() {
            faults.push(Fault::new(Code::tlsrpt_invalid, Weight::Forgiven, line, field.column));
        }
    }
    if let Some(column) = trailing_space(txt) {
        faults.push(Fault::new(Code::tlsrpt_invalid, Weight::Forgiven, line, column));
    }
    if uris.seen == 0 {
        faults.push(Fault::new(Code::tlsrpt_rua_missing, Weight::Broken, line, txt.len() + 1));
    } else if let Some(column) = uris.first_bad {
        let weight = if uris.usable > 0 { Weight::Forgiven } else { Weight::Broken };
        faults.push(Fault::new(Code::tlsrpt_rua_invalid, weight, line, column));
    }
    if !strictly_valid(&faults)
        && let Some(column) = escaped::column(txt)
    {
        faults.push(Fault::new(Code::tlsrpt_escaped, Weight::Remark, line, column));
    }
    let state = |valid| if valid { RecordState::Valid } else { RecordState::Invalid };
    Judged {
        state: state(strictly_valid(&faults)),
        lenient: state(leniently_valid(&faults)),
        rua: Some(rua),
        faults,
    }
}

/// The URIs of all `rua` fields of a record.
#[derive(Default)]
struct Uris {
    seen: usize,
    /// Those a lenient sender would report to.
    usable: usize,
    /// Column of the first that is not valid.
    first_bad: Option<usize>,
}

impl Uris {
    fn count(&mut self, uri: &[u8], column: usize) {
        self.seen += 1;
        let target = target(uri);
        if target.is_some_and(|(_, rest)| !rest.is_empty()) {
            self.usable += 1;
        }
        if !target.is_some_and(|(scheme, rest)| is_valid(scheme, rest)) && self.first_bad.is_none() {
            self.first_bad = Some(column);
        }
    }
}

#[derive(Clone, Copy)]
enum Scheme {
    Mailto,
    Https,
}

/// Scheme and what follows it; `None` for a scheme that RFC 8460 does not define. Schemes are blind to case
/// (RFC 3986 section 3.1).
fn target(uri: &[u8]) -> Option<(Scheme, &[u8])> {
    let after = |scheme: &[u8]| {
        let head = uri.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &uri[scheme.len()..])
    };
    after(b"mailto:")
        .map(|rest| (Scheme::Mailto, rest))
        .or_else(|| after(b"https://").map(|rest| (Scheme::Https, rest)))
}

/// Where the reports of a URI go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The host, in lower case.
    pub host: String,
    /// Whether they go there by mail, and not by HTTPS.
    pub is_mail: bool,
}

/// Where the reports of a valid URI go; `None` where that is no name (RFC 5321 section 4.1.2), such as an
/// address.
#[must_use]
pub fn destination(uri: &str) -> Option<Destination> {
    let (scheme, rest) = target(uri.as_bytes())?;
    let rest = std::str::from_utf8(rest).ok()?;
    let (host, is_mail) = match scheme {
        Scheme::Mailto => (rest.split('?').next()?.rsplit_once('@')?.1, true),
        Scheme::Https => {
            let authority = rest.split(['/', '?', '#']).next()?;
            (authority.rsplit('@').next()?.split(':').next()?, false)
        }
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    is_domain(host.as_bytes()).then_some(Destination { host, is_mail })
}

fn is_valid(scheme: Scheme, rest: &[u8]) -> bool {
    let whole = match scheme {
        Scheme::Mailto => {
            let to = rest.split(|&b| b == b'?').next().unwrap_or_default();
            to.iter().rposition(|&b| b == b'@').is_some_and(|at| at > 0 && at + 1 < to.len())
        }
        Scheme::Https => {
            let authority = rest.split(|b| matches!(b, b'/' | b'?' | b'#')).next().unwrap_or_default();
            let host = authority.rsplit(|&b| b == b'@').next().unwrap_or_default();
            host.first().is_some_and(|&b| b != b':')
        }
    };
    whole && is_uri_text(rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reports_go_to_the_host_of_their_uri() {
        for (uri, host, is_mail) in [
            ("mailto:tls@Reports.example.net", Some("reports.example.net"), true),
            ("MAILTO:a%40b@example.net?subject=x@y", Some("example.net"), true),
            ("mailto:a@example.net,b", None, true),
            ("https://reports.example.net./v1?a=b@c", Some("reports.example.net"), false),
            ("https://user@reports.example.net:8443/v1", Some("reports.example.net"), false),
            ("https://192.0.2.1/v1", None, false),
            ("https://[2001:db8::1]/v1", None, false),
            ("http://example.net/", None, false),
            ("mailto:a@ex%61mple.net", None, true),
        ] {
            let found = destination(uri);
            let expected = host.map(|host| Destination { host: host.to_owned(), is_mail });
            assert_eq!(found, expected, "{uri}");
        }
    }

    fn codes(txt: &str) -> Vec<&'static str> {
        judge(&[txt]).faults.iter().map(|fault| fault.code.as_str()).collect()
    }

    #[test]
    fn each_fault_has_its_code() {
        assert_eq!(codes("v=TLSRPTv1; rua=mailto:a@b.example"), Vec::<&str>::new());
        assert_eq!(codes("v=TLSRPTv1;"), ["tlsrpt_rua_missing"]);
        assert_eq!(codes("v=TLSRPTv1; rua="), ["tlsrpt_rua_invalid"]);
        assert_eq!(codes("v=TLSRPTv1; rua=http://a.example/"), ["tlsrpt_rua_invalid"]);
        assert_eq!(codes("v=TLSRPTv1; rua=https://:443/"), ["tlsrpt_rua_invalid"]);
        assert_eq!(codes("v=TLSRPTv1; rua=mailto:a@b.example; ;"), ["tlsrpt_invalid"]);
        assert_eq!(codes("v=TLSRPTv1; rua=mailto:a%4@b.example"), ["tlsrpt_rua_invalid"]);
    }

    #[test]
    fn two_records_count_as_none() {
        let two = ["v=TLSRPTv1; rua=mailto:a@b.example", "v=TLSRPTv1; rua=mailto:a@b.example"];
        let judged = judge(&two);
        assert_eq!((judged.state, judged.rua), (RecordState::Multiple, None));
    }

    #[test]
    fn addresses_are_kept_as_written() {
        let judged = judge(&["v=TLSRPTv1; rua=MAILTO:a@b.example , ,bogus; rua=https://c.example/x?y=z"]);
        let rua = judged.rua.unwrap();
        assert_eq!(rua, ["MAILTO:a@b.example", "bogus", "https://c.example/x?y=z"]);
        assert_eq!((judged.state, judged.lenient), (RecordState::Invalid, RecordState::Valid));
    }

    #[test]
    fn a_blank_before_the_semicolon_is_taken_only_alone() {
        let spaced = "v=TLSRPTv1 ; rua=mailto:a@b.example";
        assert_eq!(judge(&[spaced]).state, RecordState::Valid);
        assert_eq!(judge(&[spaced, spaced]).state, RecordState::Invalid);
    }

    #[test]
    fn a_broken_attempt_is_a_publisher_with_an_error_and_what_is_none_is_absent() {
        for (txt, code) in [
            ("\"v=TLSRPTv1; rua=mailto:a@b.example\"", "tlsrpt_escaped"),
            ("v=TLSRPTv1\\; rua=mailto:a@b.example", "tlsrpt_escaped"),
            ("v=TLSRPT1; rua=mailto:a@b.example", "tlsrpt_invalid"),
            (" V=tlsrptv1;rua=mailto:a@b.example", "tlsrpt_invalid"),
        ] {
            let judged = judge(&[txt]);
            assert_eq!(
                (judged.state, judged.lenient, judged.rua),
                (RecordState::Invalid, RecordState::Invalid, None)
            );
            assert_eq!(codes(txt), [code], "{txt}");
        }
        assert_eq!(codes("v=TLSRPTv1; rua=mailto:a\\@b.example"), ["tlsrpt_rua_invalid", "tlsrpt_escaped"]);
        assert_eq!(judge(&["v=spf1 -all", "rua=mailto:a@b.example"]).state, RecordState::Absent);
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_panic(txts: Vec<Vec<u8>>, tail: Vec<u8>) {
            let _ = judge(&txts);
            let _ = judge(&[[PREFIX, &tail].concat()]);
        }
    }
}
