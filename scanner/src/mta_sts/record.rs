//! The TXT record at `_mta-sts` (RFC 8461 section 3.1).
//!
//! Strict, by the ABNF of section 3.1 and its prose:
//! - Records that do not begin with `v=STSv1;` are dropped; if the number of the rest is not one, there is
//!   none.
//! - Where none begins so, exactly one that fits the ABNF with white space before its first semicolon stands
//!   (the prose drops such a record only among several; erratum 6285 asks which of the two is meant).
//! - `id` is 1 to 32 letters and digits; other fields are extensions; the first of a name counts (section
//!   3.2, last paragraph, which section 3.1 leaves to be understood).
//!
//! Lenient, the rules that the conformance cases draw from what most senders do:
//! 1. The version is as strict as above: what a strict sender takes for no record, or for several, is none
//!    here too.
//! 2. Fields are what stands between semicolons, without white space of any kind (line ends too) round them.
//! 3. Empty fields, fields without `=`, and extensions of any form are passed over.
//! 4. `id` is whatever follows the first `=` of the first field named `id`, of any characters and length, if
//!    it is not empty.

use super::escaped::{self, meant};
use super::fields::{Field, Shape, Standing, after_spaced_version, fields, standing, trailing_space};
use super::text::trim_wsp;
use super::{Fault, Weight, leniently_valid, strictly_valid};
use crate::evidence::text::escape;
use crate::evidence::{Code, RecordState};
use std::collections::HashSet;

const VERSION: &[u8] = b"v=STSv1";
const PREFIX: &[u8] = b"v=STSv1;";

/// What the TXT records at `_mta-sts` amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Whether one begins, blind to case and after trimming, with `v=sts`, perhaps behind quotes.
    pub signals: bool,
    /// What they are to a strict sender. A signal in another version is `Invalid` with
    /// `record_version_invalid`; to a sender it is the same as none.
    pub state: RecordState,
    /// What they are to a lenient sender.
    pub lenient: RecordState,
    /// The id of the one record that stands, as written, escaped, even where it is not valid; `None` where no
    /// record stands or it has no id.
    pub id: Option<String>,
    /// Everything to say, in the order of the records; [`Fault::line`] counts them from 1.
    pub faults: Vec<Fault>,
}

/// Whether one TXT record signals MTA-STS: it begins, blind to case and after trimming, with `v=sts`. Quotes
/// and backslashes before that are passed over: who publishes such a record means to take part.
#[must_use]
pub fn signals(txt: &[u8]) -> bool {
    meant(txt).get(..5).is_some_and(|head| head.eq_ignore_ascii_case(b"v=sts"))
}

/// Judges all TXT records at `_mta-sts`, each with its character-strings joined. Without any it allocates
/// nothing.
#[must_use]
pub fn judge<T: AsRef<[u8]>>(txts: &[T]) -> Judged {
    let mut judged = Judged {
        signals: txts.iter().any(|txt| signals(txt.as_ref())),
        state: RecordState::Absent,
        lenient: RecordState::Absent,
        id: None,
        faults: Vec::new(),
    };
    match standing(txts, PREFIX) {
        Standing::One(index) => one(&mut judged, txts, index),
        Standing::Many => many(&mut judged, txts),
        Standing::None => none(&mut judged, txts),
    }
    judged.faults.sort_by_key(|fault| fault.line);
    judged
}

fn one<T: AsRef<[u8]>>(judged: &mut Judged, txts: &[T], index: usize) {
    let read = read(txts[index].as_ref(), PREFIX.len(), index + 1);
    judged.state = state(strictly_valid(&read.faults));
    judged.lenient = state(leniently_valid(&read.faults));
    judged.id = read.id.map(escape);
    judged.faults = read.faults;
    if judged.state != RecordState::Valid {
        judged.faults.extend(escaped(txts[index].as_ref(), index + 1));
    }
    for (other, txt) in txts.iter().enumerate().filter(|(other, _)| *other != index) {
        let code = match after_spaced_version(txt.as_ref(), VERSION) {
            Some(_) => Code::record_space_before_semicolon,
            None => Code::record_unrelated_txt,
        };
        judged.faults.push(Fault::new(code, Weight::Remark, other + 1, 1));
    }
}

fn many<T: AsRef<[u8]>>(judged: &mut Judged, txts: &[T]) {
    judged.state = RecordState::Multiple;
    judged.lenient = RecordState::Multiple;
    let mut counted = 0_usize;
    for (index, txt) in txts.iter().enumerate() {
        if txt.as_ref().starts_with(PREFIX) {
            counted += 1;
            if counted == 2 {
                judged.faults.push(Fault::new(Code::record_multiple, Weight::Broken, index + 1, 1));
            }
        } else {
            judged.faults.push(Fault::new(Code::record_unrelated_txt, Weight::Remark, index + 1, 1));
        }
    }
}

/// No record begins with `v=STSv1;`: one may still stand by the ABNF alone.
fn none<T: AsRef<[u8]>>(judged: &mut Judged, txts: &[T]) {
    let mut strict = Pick::default();
    let mut lenient = Pick::default();
    for (index, txt) in txts.iter().enumerate() {
        let txt = txt.as_ref();
        if !signals(txt) {
            judged.faults.push(Fault::new(Code::record_unrelated_txt, Weight::Remark, index + 1, 1));
        } else if let Some(start) = after_spaced_version(txt, VERSION) {
            let faults = read(txt, start, index + 1).faults;
            strict.count_if(strictly_valid(&faults).then_some((index, start)));
            lenient.count_if(leniently_valid(&faults).then_some((index, start)));
        }
    }
    if let Some((index, start)) = strict.only() {
        let read = read(txts[index].as_ref(), start, index + 1);
        judged.state = RecordState::Valid;
        judged.lenient = RecordState::Valid;
        judged.id = read.id.map(escape);
        judged.faults.extend(read.faults);
        let column = VERSION.len() + 1;
        judged.faults.push(Fault::new(
            Code::record_space_before_semicolon,
            Weight::Remark,
            index + 1,
            column,
        ));
        for (other, _) in
            txts.iter().enumerate().filter(|(other, txt)| *other != index && signals(txt.as_ref()))
        {
            judged.faults.push(Fault::new(Code::record_unrelated_txt, Weight::Remark, other + 1, 1));
        }
    } else if let Some(index) = txts.iter().position(|txt| signals(txt.as_ref())) {
        judged.state = RecordState::Invalid;
        judged.lenient = state(lenient.only().is_some());
        judged.faults.push(Fault::new(Code::record_version_invalid, Weight::Broken, index + 1, 1));
        judged.faults.extend(escaped(txts[index].as_ref(), index + 1));
    }
}

/// Quotes and backslashes in a record that is not valid are why, or part of it. (In one that is valid they
/// are of an extension, which may have them.)
fn escaped(txt: &[u8], line: usize) -> Option<Fault> {
    let column = escaped::column(txt)?;
    Some(Fault::new(Code::record_escaped, Weight::Remark, line, column))
}

/// The one of several that fits, if exactly one does.
#[derive(Default)]
struct Pick {
    count: usize,
    first: Option<(usize, usize)>,
}

impl Pick {
    fn count_if(&mut self, fits: Option<(usize, usize)>) {
        if fits.is_some() {
            self.count += 1;
            self.first = self.first.or(fits);
        }
    }

    fn only(&self) -> Option<(usize, usize)> {
        self.first.filter(|_| self.count == 1)
    }
}

const fn state(valid: bool) -> RecordState {
    if valid { RecordState::Valid } else { RecordState::Invalid }
}

struct Read<'a> {
    id: Option<&'a [u8]>,
    faults: Vec<Fault>,
}

fn read(txt: &[u8], start: usize, line: usize) -> Read<'_> {
    let mut read = Read { id: None, faults: Vec::new() };
    let mut names: HashSet<&[u8]> = HashSet::new();
    for field in fields(txt, start) {
        let repeated = match field.name {
            b"id" if field.shape != Shape::NoPair => read.id.is_some(),
            name => field.shape != Shape::NoPair && !names.insert(name),
        };
        let mut tell = |code, weight| read.faults.push(Fault::new(code, weight, line, field.column));
        if repeated {
            tell(Code::record_duplicate_field, Weight::Remark);
        }
        if field.name == b"id" && field.shape != Shape::NoPair && !repeated {
            if field.shape == Shape::Stray {
                tell(Code::record_field_invalid, Weight::Forgiven);
            }
            judge_id(&field, tell);
            read.id = Some(field.value);
        } else if !field.is_extension() {
            tell(Code::record_field_invalid, Weight::Forgiven);
        }
    }
    if read.id.is_none() {
        // The place where a field would have to be added.
        let column = trim_wsp(txt).len() + 1;
        read.faults.push(Fault::new(Code::record_id_missing, Weight::Broken, line, column));
    }
    if let Some(column) = trailing_space(txt) {
        read.faults.push(Fault::new(Code::record_trailing_space, Weight::Forgiven, line, column));
    }
    read
}

/// `sts-id = %s"id=" 1*32(ALPHA / DIGIT)`.
fn judge_id(field: &Field<'_>, mut tell: impl FnMut(Code, Weight)) {
    if field.value.is_empty() {
        tell(Code::record_id_invalid, Weight::Broken);
    } else if !field.value.iter().all(u8::is_ascii_alphanumeric) {
        tell(Code::record_id_invalid, Weight::Forgiven);
    }
    if field.value.len() > 32 {
        tell(Code::record_id_too_long, Weight::Forgiven);
    }
}

/// The record that says `id`, as section 3.1 writes its example.
#[must_use]
pub fn print(id: &str) -> String {
    format!("v=STSv1; id={id};")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn codes(txts: &[&str]) -> Vec<&'static str> {
        judge(txts).faults.iter().map(|fault| fault.code.as_str()).collect()
    }

    #[test]
    fn each_fault_has_its_code() {
        let long = format!("v=STSv1; id={}", "a".repeat(33));
        let cases: &[(&[&str], &[&str])] = &[
            (&[], &[]),
            (&["v=STSv1; id=1;"], &[]),
            (&["v=STSv1; id=1", "v=STSv1; id=1"], &["record_multiple"]),
            (&["v=STSv2; id=1"], &["record_version_invalid"]),
            (&["v=STSv1"], &["record_version_invalid"]),
            (&[" v=STSv1; id=1"], &["record_version_invalid"]),
            (&["v=STSv1;"], &["record_id_missing"]),
            (&["v=STSv1; ID=1"], &["record_id_missing"]),
            (&["v=STSv1; id="], &["record_id_invalid"]),
            (&["v=STSv1; id=a-b"], &["record_id_invalid"]),
            (&[&long], &["record_id_too_long"]),
            (&["v=STSv1; id=1; x"], &["record_field_invalid"]),
            (&["v=STSv1; id = 1"], &["record_field_invalid"]),
            (&["v=STSv1 ; id=1"], &["record_space_before_semicolon"]),
            (&["v=STSv1; id=1; id=2"], &["record_duplicate_field"]),
            (&["v=STSv1; id=1; x=1; x=2"], &["record_duplicate_field"]),
            (&["\"v=STSv1; id=1;\""], &["record_version_invalid", "record_escaped"]),
            (&["v=STSv1\\; id=1\\;"], &["record_version_invalid", "record_escaped"]),
            (&["v=STSv1; id=\"1\""], &["record_id_invalid", "record_escaped"]),
            (&["v=STSv1; id=1; x=\"\\\""], &[]),
            (&["v=STSv1; id=1 "], &["record_trailing_space"]),
            (&["v=STSv1; id=1;\r\n"], &["record_trailing_space"]),
            (&["v=STSv1; id=1; "], &[]),
            (&["v=spf1 -all", "v=STSv1; id=1"], &["record_unrelated_txt"]),
            (&["v=STSv1; id=1", "v=STSv12; id=1"], &["record_unrelated_txt"]),
            (&["v=spf1 -all"], &["record_unrelated_txt"]),
        ];
        for (txts, expected) in cases {
            assert_eq!(&codes(txts), expected, "{txts:?}");
        }
    }

    #[test]
    fn a_signal_is_blind_to_case_and_white_space() {
        for txt in ["v=sts", " V=STSv9", "\tv=StSv1; id=1", "\"v=STSv1; id=1;\"", "'v=STSv1; id=1'"] {
            assert!(judge(&[txt]).signals, "{txt}");
        }
        for txt in ["", "v=st", "x v=STSv1; id=1", "v =STSv1; id=1"] {
            assert!(!judge(&[txt]).signals, "{txt}");
        }
    }

    #[test]
    fn the_id_is_kept_even_where_it_is_not_valid() {
        assert_eq!(judge(&["v=STSv1; id=a-b; id=c"]).id.as_deref(), Some("a-b"));
        assert_eq!(judge(&["v=STSv1;\r\nid=1"]).id.as_deref(), Some("1"));
        assert_eq!(judge(&["v=STSv1 ; id=7"]).id.as_deref(), Some("7"));
        assert_eq!(judge(&["v=STSv2; id=1"]).id, None);
        assert_eq!(judge(&["v=STSv1; id=1", "v=STSv1; id=1"]).id, None);
    }

    #[test]
    fn two_records_with_a_blank_before_the_semicolon_are_none() {
        let judged = judge(&["v=STSv1 ; id=1", "v=STSv1 ; id=2"]);
        assert_eq!((judged.state, judged.lenient), (RecordState::Invalid, RecordState::Invalid));
    }

    #[test]
    fn a_fault_says_which_record_and_column() {
        let faults = judge(&["x", "v=STSv1; id=1;; y"]).faults;
        let places: Vec<_> = faults.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!(places, [(1, 1), (2, 15), (2, 17)]);
    }

    #[test]
    fn many_fields_are_read_in_linear_time() {
        let txt = format!("v=STSv1; id=1{}", "; x=1".repeat(13_000));
        assert_eq!(judge(&[txt]).faults.len(), 12_999);
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_panic(txts: Vec<Vec<u8>>, tail: Vec<u8>) {
            let _ = judge(&txts);
            let _ = judge(&[[PREFIX, &tail].concat()]);
        }

        #[test]
        fn what_is_strictly_valid_is_valid_to_a_lenient_sender(tail in "[ ;=a-bid\r\n]{0,12}", blank in " ?") {
            let judged = judge(&[format!("v=STSv1{blank};{tail}")]);
            prop_assert!(judged.state != RecordState::Valid || judged.lenient == RecordState::Valid);
        }

        #[test]
        fn a_printed_record_reads_as_it_was(id in "[a-zA-Z0-9]{1,32}") {
            let judged = judge(&[print(&id)]);
            prop_assert_eq!((judged.state, judged.id.as_deref()), (RecordState::Valid, Some(id.as_str())));
            prop_assert!(judged.faults.is_empty());
        }
    }
}
