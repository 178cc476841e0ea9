//! The policy's text (RFC 8461 section 3.2).
//!
//! Strict, by the ABNF of section 3.2 and its prose: lines `key: value` that end with LF or CRLF (erratum
//! 6253), WSP only after the colon and at the end of a line, keys and values blind to nothing; `version`,
//! `mode` and `max_age` once, the first of each counts (last paragraph); an `mx` unless the mode is none;
//! max_age at most 31557600 (the prose; the ABNF takes ten digits, erratum 7282).
//!
//! Lenient, the rules that the conformance cases draw from what most senders do:
//! 1. White space of any kind, Unicode's too, round a key or a value is dropped; blank lines are passed over.
//!    A byte order mark is not white space: with one the first key is an unknown one.
//! 2. Lines without a colon, and extensions of any form, are passed over.
//! 3. max_age is decimal digits, perhaps after a plus sign, whose value fits 32 bits without sign: 31557601
//!    is taken as it is, 9999999999 overflows; a minus sign, a point or a comma is no number.
//! 4. An `mx` of any form counts as one, though what is no name matches no host.
//! 5. Version and mode are as strict as above once white space is dropped: `STSv1;` and `"STSv1"` are other
//!    versions.
//! 6. What is required is required.

use super::escaped;
use super::fields::is_extension_name;
use super::mx_pattern::{self, PatternFault};
use super::text::{offset_in, trim_any, trim_wsp};
use super::{Fault, Weight, leniently_valid, strictly_valid};
use crate::evidence::text::escape;
use crate::evidence::{Code, Mode};
use std::collections::HashSet;

/// Most bytes of a policy that are taken: one more is policy_too_large.
pub const POLICY_BYTES: usize = 65_536;

/// Largest max_age, in seconds: about a year (section 3.2).
pub const LARGEST_MAX_AGE: u64 = 31_557_600;
/// Shortest max_age in mode enforce that guidance takes for long enough, in seconds: two weeks (NCSC).
const SHORT_IN_ENFORCE: u64 = 1_209_600;
/// The same in mode testing: a day.
const SHORT_IN_TESTING: u64 = 86_400;

fn read_mode(value: &[u8]) -> Option<Mode> {
    std::str::from_utf8(value).ok().and_then(Mode::from_word)
}

/// A policy's text as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// Whether a strict sender takes it.
    pub valid: bool,
    /// Whether a lenient sender takes it.
    pub lenient: bool,
    /// The mode; `None` where there is none or it is not one of the three words to the letter.
    pub mode: Option<Mode>,
    /// The mode as a lenient sender reads it.
    pub lenient_mode: Option<Mode>,
    /// max_age in seconds, where it is one to ten digits, even if it is too large.
    pub max_age_s: Option<u64>,
    /// Values of the `mx` fields without WSP round them, in their order, valid or not.
    pub mx: Vec<&'a [u8]>,
    /// Everything to say, by line and column.
    pub faults: Vec<Fault>,
}

impl<'a> Parsed<'a> {
    fn of_one_fault(code: Code) -> Self {
        let faults = vec![Fault::new(code, Weight::Broken, 1, 1)];
        Self {
            valid: false,
            lenient: false,
            mode: None,
            lenient_mode: None,
            max_age_s: None,
            mx: vec![],
            faults,
        }
    }

    /// The `mx` values as the dataset has them, escaped.
    #[must_use]
    pub fn mx_escaped(&self) -> Vec<String> {
        self.mx.iter().map(|value| escape(value)).collect()
    }

    /// The policy in its plainest form; `None` where it is not valid.
    #[must_use]
    pub fn print(&self) -> Option<String> {
        let (mode, max_age) = (self.mode.filter(|_| self.valid)?, self.max_age_s?);
        let mut text = format!("version: STSv1\nmode: {}\n", mode.as_str());
        for value in &self.mx {
            text.push_str("mx: ");
            text.push_str(std::str::from_utf8(value).ok()?);
            text.push('\n');
        }
        text.push_str(&format!("max_age: {max_age}\n"));
        Some(text)
    }
}

/// Reads the body of a policy.
///
/// An empty body and a web page get that one fault alone; everything else that is missing follows from it.
#[must_use]
pub fn parse(body: &[u8]) -> Parsed<'_> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match text.trim_ascii_start().first() {
        None => return Parsed::of_one_fault(Code::policy_empty),
        Some(b'<') => return Parsed::of_one_fault(Code::policy_html),
        Some(_) => {}
    }
    let mut reader = Reader { is_text: escaped::is_text(text), ..Reader::default() };
    if text.len() < body.len() {
        reader.faults.push(Fault::new(Code::policy_bom, Weight::Broken, 1, 1));
    }
    let unclosed = text.strip_suffix(b"\n").unwrap_or(text);
    for (index, line) in unclosed.split(|&b| b == b'\n').enumerate() {
        // The last line has a line end to lose only if the text ends with one.
        let ended = offset_in(text, line) + line.len() < text.len();
        let line = if ended { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
        reader.line(index + 1, line);
    }
    reader.finish()
}

#[derive(Default)]
struct Reader<'a> {
    line: usize,
    /// Whether the body is text, so that what looks like quotes is some.
    is_text: bool,
    /// Where quotes or backslashes stand first in the line of a field that has none.
    escaped: Option<(usize, usize)>,
    seen: HashSet<&'a [u8]>,
    mode: Option<Mode>,
    lenient_mode: Option<Mode>,
    max_age_s: Option<u64>,
    /// Line and column of max_age's value.
    max_age_at: (usize, usize),
    mx: Vec<&'a [u8]>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn tell(&mut self, code: Code, weight: Weight, column: usize) {
        self.faults.push(Fault::new(code, weight, self.line, column));
    }

    fn line(&mut self, number: usize, line: &'a [u8]) {
        self.line = number;
        let bare = trim_any(line);
        if bare.is_empty() {
            return self.tell(Code::policy_blank_line, Weight::Forgiven, 1);
        }
        let indent = offset_in(line, bare);
        if indent > 0 {
            self.tell(Code::policy_leading_space, Weight::Forgiven, 1);
        }
        self.marks(line);
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            return self.tell(Code::policy_line_invalid, Weight::Forgiven, indent + 1);
        };
        let written = line.get(indent..colon).unwrap_or_default();
        let key = trim_any(written);
        let value = trim_wsp(&line[colon + 1..]);
        let column = if value.is_empty() { colon + 2 } else { offset_in(line, value) + 1 };
        // Only after the colon may white space stand. The field is read all the same: one slip, one fault.
        let misplaced = key.len() < written.len();
        if misplaced {
            self.tell(Code::policy_line_invalid, Weight::Forgiven, indent + key.len() + 1);
        }
        let first = key == b"mx" || self.seen.insert(key);
        if !first {
            self.tell(Code::policy_duplicate_field, Weight::Remark, indent + 1);
        }
        match (key, first) {
            (b"mx", _) => self.mx(value, column),
            (b"version", true) => self.version(value, column),
            (b"mode", true) => self.mode(value, column),
            (b"max_age", true) => self.max_age(value, column),
            _ if misplaced => {}
            // A later version, mode or max_age is ignored whatever it says, but it has to fit the form of an
            // extension.
            _ if !is_extension(key, value) => {
                self.tell(Code::policy_line_invalid, Weight::Forgiven, indent + 1);
            }
            (b"version" | b"mode" | b"max_age", _) => {}
            _ => self.tell(Code::policy_unknown_field, Weight::Remark, indent + 1),
        }
    }

    /// Notes quotes and backslashes, such as those of a literal `\n`, in a line that means one of the four
    /// fields: none of them has any.
    fn marks(&mut self, line: &[u8]) {
        let key = escaped::meant(line).split(|&b| b == b':').next().unwrap_or_default();
        let end = key.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |last| last + 1);
        let is_field = matches!(key.get(..end), Some(b"version" | b"mode" | b"mx" | b"max_age"));
        if self.is_text && self.escaped.is_none() && is_field {
            self.escaped = escaped::column(line).map(|column| (self.line, column));
        }
    }

    fn version(&mut self, value: &[u8], column: usize) {
        if value != b"STSv1" {
            let weight = if trim_any(value) == b"STSv1" { Weight::Forgiven } else { Weight::Broken };
            self.tell(Code::policy_version_invalid, weight, column);
        }
    }

    fn mode(&mut self, value: &[u8], column: usize) {
        self.mode = read_mode(value);
        self.lenient_mode = read_mode(trim_any(value));
        if self.mode.is_none() {
            let weight = if self.lenient_mode.is_some() { Weight::Forgiven } else { Weight::Broken };
            self.tell(Code::policy_mode_invalid, weight, column);
        }
    }

    fn max_age(&mut self, value: &[u8], column: usize) {
        let weight = if lenient_max_age(value).is_some() { Weight::Forgiven } else { Weight::Broken };
        self.max_age_at = (self.line, column);
        self.max_age_s = Some(value).filter(|value| value.len() <= 10).and_then(digits);
        match self.max_age_s {
            None => self.tell(Code::policy_max_age_invalid, weight, column),
            Some(age) if age > LARGEST_MAX_AGE => {
                self.tell(Code::policy_max_age_too_large, weight, column);
            }
            Some(0) => self.tell(Code::policy_max_age_zero, Weight::Remark, column),
            Some(_) => {}
        }
    }

    fn mx(&mut self, value: &'a [u8], column: usize) {
        self.mx.push(value);
        match mx_pattern::check(value) {
            Ok(()) => {}
            Err(PatternFault::Invalid) => self.tell(Code::policy_mx_invalid, Weight::Forgiven, column),
            Err(PatternFault::ULabel) => self.tell(Code::policy_mx_u_label, Weight::Forgiven, column),
        }
    }

    /// What a whole text needs and how its fields fit together. A missing field is reported at the line after
    /// the last.
    fn finish(mut self) -> Parsed<'a> {
        self.line += 1;
        for (key, code) in [
            (&b"version"[..], Code::policy_version_missing),
            (b"mode", Code::policy_mode_missing),
            (b"max_age", Code::policy_max_age_missing),
        ] {
            if !self.seen.contains(key) {
                self.tell(code, Weight::Broken, 1);
            }
        }
        if self.mx.is_empty() && self.lenient_mode != Some(Mode::None) {
            self.tell(Code::policy_mx_missing, Weight::Broken, 1);
        }
        let short = match self.mode {
            Some(Mode::Enforce) => SHORT_IN_ENFORCE,
            Some(Mode::Testing) => SHORT_IN_TESTING,
            _ => 0,
        };
        if self.max_age_s.is_some_and(|age| age > 0 && age < short) {
            let (line, column) = self.max_age_at;
            self.faults.push(Fault::new(Code::policy_max_age_short, Weight::Remark, line, column));
        }
        // A field that counts is valid without them; a later one of its name counts for nothing.
        if let Some((line, column)) = self.escaped.filter(|_| !strictly_valid(&self.faults)) {
            self.faults.push(Fault::new(Code::policy_escaped, Weight::Remark, line, column));
        }
        Parsed {
            valid: strictly_valid(&self.faults),
            lenient: leniently_valid(&self.faults),
            mode: self.mode,
            lenient_mode: self.lenient_mode,
            max_age_s: self.max_age_s,
            mx: self.mx,
            faults: self.faults,
        }
    }
}

/// `sts-policy-extension`: the value is visible characters, UTF-8 beyond ASCII, and spaces inside.
fn is_extension(key: &[u8], value: &[u8]) -> bool {
    is_extension_name(key)
        && !value.is_empty()
        && value.iter().all(|&b| b >= 0x20 && b != 0x7f)
        && std::str::from_utf8(value).is_ok()
}

/// `1*DIGIT`, as a number; `None` also where it is beyond 64 bits.
fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |sum, &b| {
        b.is_ascii_digit().then(|| sum.checked_mul(10)?.checked_add(u64::from(b - b'0'))).flatten()
    })
}

fn lenient_max_age(value: &[u8]) -> Option<u32> {
    let value = trim_any(value);
    digits(value.strip_prefix(b"+").unwrap_or(value)).and_then(|age| u32::try_from(age).ok())
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
