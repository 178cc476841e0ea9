//! A report's JSON (RFC 8460 section 4.4), read leniently: what another reader refuses is a fault here, and
//! what cannot be read is kept as it stood.

mod members;
mod policy;
mod time;

use crate::fault::Code;
use crate::report::{Judged, Report};
use members::{Members, Unread, is_null, text};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Most policies of one report.
pub const MOST_POLICIES: usize = 10_000;

/// Most failure-details of one report, all policies together.
pub const MOST_DETAILS: usize = 100_000;

/// A day and a second, in microseconds: some senders end a day with the next one's first second.
const DAY: i64 = 86_400_000_000;

/// Where in the text something is: a normalized path of RFC 9535 section 2.7.
#[derive(Clone, Copy)]
enum At<'a> {
    Root,
    Member(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    fn write(&self, path: &mut String) {
        match self {
            At::Root => path.push('$'),
            At::Member(within, name) => {
                within.write(path);
                path.push_str("['");
                // A name may be as long as the text.
                for letter in name.chars().take(64) {
                    match letter {
                        '\'' | '\\' => path.extend(['\\', letter]),
                        letter if letter.is_control() => {
                            let _ = write!(path, "\\u{:04x}", u32::from(letter));
                        }
                        letter => path.push(letter),
                    }
                }
                path.push_str("']");
            }
            At::Item(within, number) => {
                within.write(path);
                let _ = write!(path, "[{number}]");
            }
        }
    }
}

/// What is read of one object: its members by name, and what was not taken.
struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// One report while it is read.
struct Reader {
    judged: Judged,
    details: usize,
    too_large: bool,
}

impl Reader {
    fn note(&mut self, code: Code, at: At<'_>) {
        let mut path = String::new();
        at.write(&mut path);
        self.judged.note(code, path);
    }

    /// The members of an object; `None` where it is none.
    fn object<'a>(&mut self, raw: &'a RawValue, at: At<'_>) -> Option<Object<'a>> {
        match Members::of(raw) {
            Ok(Members(members)) => Some(Object { members }),
            Err(Unread::Other) => None,
            Err(Unread::TooMany) => {
                self.too_large(at);
                None
            }
        }
    }

    fn too_large(&mut self, at: At<'_>) {
        self.too_large = true;
        self.note(Code::report_too_large, at);
    }

    /// Takes a member out of an object; of several the last, the others stay for `other`.
    fn take<'a>(&mut self, from: &mut Object<'a>, name: &str, at: At<'_>) -> Option<&'a RawValue> {
        let found = from.members.iter().rposition(|(member, _)| member == name)?;
        let (_, raw) = from.members.remove(found);
        if from.members.iter().any(|(member, _)| member == name) {
            self.note(Code::report_duplicate_member, At::Member(&at, name));
        }
        Some(raw)
    }

    /// The same under a name that is not the RFC's.
    fn take_misnamed<'a>(
        &mut self,
        from: &mut Object<'a>,
        name: &str,
        wrong: &str,
        at: At<'_>,
    ) -> Option<&'a RawValue> {
        if let Some(raw) = self.take(from, name, at) {
            return Some(raw);
        }
        let raw = self.take(from, wrong, at)?;
        self.note(Code::report_member_misnamed, At::Member(&at, wrong));
        Some(raw)
    }

    /// A member that is a text. `missing`: the fault where there is none; `None` where it need not be there.
    fn text(
        &mut self,
        from: &mut Object<'_>,
        name: &str,
        missing: Option<Code>,
        at: At<'_>,
    ) -> Option<String> {
        let Some(raw) = self.take(from, name, at) else {
            if let Some(code) = missing {
                self.note(code, At::Member(&at, name));
            }
            return None;
        };
        let read = text(raw);
        if read.is_none() {
            self.unread(from, name, raw, at);
        }
        read
    }

    /// Says that a member is null or of another type, and leaves it for `other`.
    fn unread<'a>(&mut self, from: &mut Object<'a>, name: &str, raw: &'a RawValue, at: At<'_>) {
        if is_null(raw) {
            let contact = name == "contact-info";
            let code = if contact { Code::report_contact_null } else { Code::report_member_null };
            self.note(code, At::Member(&at, name));
        } else {
            self.note(Code::report_member_type, At::Member(&at, name));
            from.members.push((Cow::Owned(name.to_owned()), raw));
        }
    }

    /// What is left of objects, as a JSON object; each with what stands before the names of its members.
    fn other<'a>(&mut self, left: &[(&str, &Object<'a>, At<'_>)], known: &[&str]) -> Option<String> {
        let mut other = String::new();
        for (before, object, at) in left {
            for (name, raw) in &object.members {
                if !known.contains(&&**name) {
                    self.note(Code::report_unknown_member, At::Member(at, name));
                }
                other.push(if other.is_empty() { '{' } else { ',' });
                let name = serde_json::Value::String(format!("{before}{name}"));
                let _ = write!(other, "{name}:{}", raw.get());
            }
        }
        if other.is_empty() {
            return None;
        }
        other.push('}');
        Some(other)
    }

    fn report(&mut self, raw: &RawValue) -> Option<Report> {
        let at = At::Root;
        let mut root = self.object(raw, at)?;
        let is_of_report = |(name, value): &(Cow<'_, str>, &RawValue)| match &**name {
            "date-range" | "report-id" | "organization-name" => true,
            "policies" => value.get().starts_with(['[', '{']),
            _ => false,
        };
        if !root.members.iter().any(is_of_report) {
            return None;
        }
        let organization =
            self.text(&mut root, "organization-name", Some(Code::report_organization_missing), at);
        let (begin, end) = self.range(&mut root, at);
        let contact = self.text(&mut root, "contact-info", Some(Code::report_contact_missing), at);
        let id = self.text(&mut root, "report-id", Some(Code::report_id_missing), at);
        let policies = self.policies(&mut root, at);
        let known = [
            "organization-name",
            "date-range",
            "contact-info",
            "report-id",
            "policies",
            "start-datetime",
            "end-datetime",
        ];
        let other = self.other(&[("", &root, at)], &known);
        Some(Report { organization, contact, id, begin, end, policies, other })
    }

    fn range(&mut self, root: &mut Object<'_>, at: At<'_>) -> (Option<i64>, Option<i64>) {
        let here = At::Member(&at, "date-range");
        let Some(raw) = self.take(root, "date-range", at) else {
            self.note(Code::report_range_missing, here);
            return (None, None);
        };
        let Some(mut range) = self.object(raw, here) else {
            self.unread(root, "date-range", raw, at);
            return (None, None);
        };
        let begin = self.time(&mut range, "start-datetime", here);
        let end = self.time(&mut range, "end-datetime", here);
        if let (Some(begin), Some(end)) = (begin, end) {
            if end < begin {
                self.note(Code::report_range_reversed, here);
            } else if begin % DAY != 0 || !(DAY - 1_000_000..=DAY + 1_000_000).contains(&(end - begin)) {
                self.note(Code::report_range_not_a_day, here);
            }
        }
        root.members.append(&mut range.members);
        (begin, end)
    }

    fn time(&mut self, range: &mut Object<'_>, name: &str, at: At<'_>) -> Option<i64> {
        let written = self.take(range, name, at);
        let Some(raw) = written else {
            self.note(Code::report_range_missing, At::Member(&at, name));
            return None;
        };
        let Some(written) = text(raw) else {
            self.unread(range, name, raw, at);
            return None;
        };
        match time::read(&written) {
            Some((time, fault)) => {
                if let Some(code) = fault {
                    self.note(code, At::Member(&at, name));
                }
                Some(time)
            }
            None => {
                self.note(Code::report_time_invalid, At::Member(&at, name));
                range.members.push((Cow::Owned(name.to_owned()), raw));
                None
            }
        }
    }
}

/// Reads and judges a report's JSON text.
///
/// Faults that only a mail or other reports show (lateness, subject, reused identifiers) are added by whoever
/// knows them.
#[must_use]
pub fn parse(bytes: &[u8]) -> Judged {
    let mut reader = Reader { judged: Judged::default(), details: 0, too_large: false };
    let bytes = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => {
            reader.note(Code::report_bom, At::Root);
            rest
        }
        None => bytes,
    };
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, Cow::Owned(_)) {
        reader.note(Code::report_not_utf8, At::Root);
    }
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<&RawValue>();
    let Some(Ok(raw)) = values.next() else {
        reader.note(Code::report_not_json, At::Root);
        return reader.judged;
    };
    let rest = text.get(values.byte_offset()..).unwrap_or_default();
    let report = reader.report(raw);
    if reader.too_large {
        return reader.judged;
    }
    if report.is_none() {
        reader.note(Code::report_not_a_report, At::Root);
    }
    if !rest.trim_ascii().is_empty() {
        reader.note(Code::report_trailing_text, At::Root);
    }
    reader.judged.report = report;
    reader.judged
}

#[cfg(test)]
mod tests;
