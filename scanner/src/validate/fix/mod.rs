//! Fixed texts, where the fix is certain.
//!
//! Certain means: there is one text to the letter that asks for the same as the one at hand. White space,
//! quotation marks, capitals and line ends round a word that can only be one word are fixed; a missing mode,
//! a host that is none, a number with a comma are not, because what was meant is not in the text. A text is
//! read again by the parsers before it is offered, and offered only if it is valid to the letter.

mod fields;
mod policy;

use crate::evidence::{Code, RecordState};
use crate::mta_sts::escaped::{cleaned, meant};
use crate::mta_sts::policy::Parsed;
use crate::mta_sts::{Fault, Weight, record, tlsrpt};
use fields::Fixed;

/// What can be done about a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// It is as it should be.
    NotNeeded,
    /// The fixed text, valid to the letter. A policy has its line ends, a record none.
    Text(String),
    /// It cannot be fixed with certainty: why not.
    Uncertain(Vec<String>),
}

impl Fix {
    pub(super) fn uncertain(why: &str) -> Self {
        Self::Uncertain(vec![why.to_owned()])
    }
}

/// A policy's fix.
pub(super) fn policy(body: &[u8], parsed: &Parsed<'_>) -> Fix {
    if parsed.valid && !has(&parsed.faults, Code::policy_duplicate_field) {
        return Fix::NotNeeded;
    }
    let clean = has(&parsed.faults, Code::policy_escaped).then(|| cleaned(body));
    let Some(fixed) = policy::fix(clean.as_deref().unwrap_or(body)) else {
        return Fix::uncertain(
            "it contains bytes that are not UTF-8, and it is not certain what they were meant to be",
        );
    };
    let again = crate::mta_sts::policy::parse(fixed.as_bytes());
    if again.valid { Fix::Text(fixed) } else { Fix::Uncertain(reasons(&again.faults)) }
}

/// The fix of the record at `_mta-sts`.
pub(super) fn record<T: AsRef<[u8]>>(txts: &[T], judged: &record::Judged) -> Fix {
    let slips = [Code::record_duplicate_field, Code::record_space_before_semicolon];
    let standing_slips = judged.faults.iter().any(|fault| slips.contains(&fault.code));
    if judged.state == RecordState::Valid && !standing_slips {
        return Fix::NotNeeded;
    }
    let candidate = match fields::candidate(txts, b"v=STSv1;", record::signals) {
        Ok(candidate) => candidate,
        Err(why) => return Fix::uncertain(why),
    };
    let clean = has(&judged.faults, Code::record_escaped).then(|| cleaned(candidate));
    let fixed = fields::fix(clean.as_deref().unwrap_or(candidate), &fields::MTA_STS);
    finish(fixed, candidate, judged.state, |text| {
        let again = record::judge(&[text]);
        (again.state == RecordState::Valid, again.faults)
    })
}

/// The fix of the record at `_smtp._tls`.
pub(super) fn tlsrpt<T: AsRef<[u8]>>(txts: &[T], judged: &tlsrpt::Judged) -> Fix {
    if judged.state == RecordState::Valid {
        return Fix::NotNeeded;
    }
    let signals = |txt: &[u8]| {
        let head = meant(txt).get(..8);
        head.is_some_and(|head| head.eq_ignore_ascii_case(b"v=tlsrpt"))
    };
    let candidate = match fields::candidate(txts, b"v=TLSRPTv1;", signals) {
        Ok(candidate) => candidate,
        Err(why) => return Fix::uncertain(why),
    };
    let clean = has(&judged.faults, Code::tlsrpt_escaped).then(|| cleaned(candidate));
    let fixed = fields::fix(clean.as_deref().unwrap_or(candidate), &fields::TLSRPT);
    finish(fixed, candidate, judged.state, |text| {
        let again = tlsrpt::judge(&[text]);
        (again.state == RecordState::Valid, again.faults)
    })
}

fn finish(fixed: Fixed, was: &[u8], state: RecordState, read: impl Fn(&str) -> (bool, Vec<Fault>)) -> Fix {
    match fixed {
        Fixed::Text(text) => match read(&text) {
            // Of several that are alike one stays; else what is worth saying is beside the record, not in it.
            (true, _) if text.as_bytes() == was && state == RecordState::Valid => Fix::NotNeeded,
            (true, _) => Fix::Text(text),
            (false, faults) => Fix::Uncertain(reasons(&faults)),
        },
        Fixed::OtherVersion => Fix::uncertain(
            "the version is a different one: only one exists, but it may not be what was meant",
        ),
    }
}

fn has(faults: &[Fault], code: Code) -> bool {
    faults.iter().any(|fault| fault.code == code)
}

/// Why what is still wrong is not fixed, each reason once.
fn reasons(faults: &[Fault]) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for fault in faults.iter().filter(|fault| fault.weight != Weight::Remark) {
        let why = why_not(fault.code).to_owned();
        if !reasons.contains(&why) {
            reasons.push(why);
        }
    }
    reasons
}

fn why_not(code: Code) -> &'static str {
    match code {
        Code::policy_empty | Code::policy_html => "it contains no policy that could be fixed",
        Code::policy_version_invalid => {
            "the version is a different one: only one exists, but it may not be what was meant"
        }
        Code::policy_mode_missing | Code::policy_mode_invalid => {
            "it is not certain which mode was meant: enforce, testing and none ask for different things"
        }
        Code::policy_max_age_missing | Code::policy_max_age_invalid | Code::policy_max_age_too_large => {
            "its owner has to choose how long senders keep the policy: max_age is a number of seconds, at most 31557600"
        }
        Code::policy_mx_missing => {
            "the MX hosts are not in the text: `sts-scan generate` can ask the DNS for them"
        }
        Code::policy_mx_invalid | Code::policy_mx_u_label => {
            "it is not certain which host was meant by an mx"
        }
        Code::policy_line_invalid => {
            "it is not certain whether to remove a line that is not a field, or what it was meant to say"
        }
        Code::record_id_missing | Code::record_id_invalid | Code::record_id_too_long => {
            "its owner has to choose the id: any 1 to 32 letters and digits that were not used before"
        }
        Code::record_field_invalid | Code::tlsrpt_invalid => {
            "it is not certain whether to remove a field outside the grammar, or what it was meant to say"
        }
        Code::tlsrpt_rua_missing | Code::tlsrpt_rua_invalid => {
            "it is not certain which report address was meant"
        }
        _ => "it is not certain what was meant",
    }
}
