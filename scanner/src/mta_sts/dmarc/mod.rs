//! The TXT record at `_dmarc` (RFC 9989 sections 4.7 and 4.8); the walk that finds it is in [`walk`].
//!
//! Valid is what follows the formal definition. Receivers pass over most of what does not ("syntax errors in
//! the remainder of the record MUST be discarded in favor of default values"), so an invalid record may well
//! have a policy: [`Record::policy`] is what they act by. Tags of RFC 7489 that are gone (`pct`, `rf`, `ri`)
//! are unknown ones, which are passed over; but where a record without `t` has `pct=0`, it is testing, as
//! appendix A.6 reads it.
//!
//! Where no record stands, one that was meant as one (`v=dmarc` in front, perhaps behind quotes) is a broken
//! attempt: invalid, and to a receiver the same as none.

mod uri;
pub mod walk;

use super::escaped::meant;
use super::text::{offset_in, trim_wsp};
use super::{Fault, Weight, strictly_valid};
use crate::evidence::{Code, DmarcPolicy, RecordState};
use std::collections::HashSet;

/// What the TXT records at one name `_dmarc` amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What they are by the letter.
    pub state: RecordState,
    /// The one record that stands; `None` where none does, or several do.
    pub record: Option<Record>,
    /// Everything to say; [`Fault::line`] counts the records from 1.
    pub faults: Vec<Fault>,
}

/// A record as receivers read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// What it asks for the domain it stands at; `None` where receivers apply no DMARC (section 4.10.1).
    pub policy: Option<DmarcPolicy>,
    /// What it asks for existing subdomains, `sp` or else `p`; `None` as above.
    pub subdomains: Option<DmarcPolicy>,
    /// Whether its policies are on trial: `t=y`, or `pct=0` where there is no `t`.
    pub testing: bool,
    /// What it says of its place in the tree.
    pub psd: Psd,
}

/// Whether a domain is a public suffix (tag `psd`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Psd {
    /// It is one.
    Yes,
    /// It is none, but the top of an organization.
    No,
    /// The record does not say.
    Unknown,
}

/// Judges all TXT records at `_dmarc` of a name, each with its character-strings joined. Without any it
/// allocates nothing.
#[must_use]
pub fn judge<T: AsRef<[u8]>>(txts: &[T]) -> Judged {
    let mut standing = txts.iter().enumerate().filter_map(|(index, txt)| {
        let txt = txt.as_ref();
        Some((index, txt, tags(txt)?))
    });
    match (standing.next(), standing.next()) {
        (None, _) => attempt(txts),
        (Some((index, txt, tags)), None) => read(txt, tags, index + 1),
        // Section 4.10, step 2: several are all discarded.
        (Some(_), Some(_)) => {
            let faults = vec![Fault::new(Code::dmarc_multiple, Weight::Broken, 0, 1)];
            Judged { state: RecordState::Multiple, record: None, faults }
        }
    }
}

/// What follows the version and its semicolon; `None` where the first tag is not `v=DMARC1`, whose value is
/// told by its case: such a text MUST be ignored.
fn tags(txt: &[u8]) -> Option<&[u8]> {
    let end = txt.iter().position(|&b| b == b';').unwrap_or(txt.len());
    let (version, rest) = txt.split_at(end);
    let (name, value) = pair(version)?;
    let is_version = version.first().is_some_and(|b| matches!(b, b'v' | b'V')) && name.len() == 1;
    (is_version && value == b"DMARC1").then(|| rest.get(1..).unwrap_or_default())
}

/// Name and value of `name=value`, WSP round them left out; `None` without an equals sign.
fn pair(tag: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = tag.iter().position(|&b| b == b'=')?;
    Some((trim_wsp(&tag[..equals]), trim_wsp(&tag[equals + 1..])))
}

fn attempt<T: AsRef<[u8]>>(txts: &[T]) -> Judged {
    let is_meant = |txt: &[u8]| meant(txt).get(..7).is_some_and(|head| head.eq_ignore_ascii_case(b"v=dmarc"));
    let faults: Vec<Fault> = txts
        .iter()
        .position(|txt| is_meant(txt.as_ref()))
        .map(|index| Fault::new(Code::dmarc_invalid, Weight::Broken, index + 1, 1))
        .into_iter()
        .collect();
    let state = if faults.is_empty() { RecordState::Absent } else { RecordState::Invalid };
    Judged { state, record: None, faults }
}

/// What a tag's value is, of those that a record may hold once.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Value<V> {
    #[default]
    Missing,
    Wrong,
    Is(V),
}

impl<V: Copy> Value<V> {
    /// Keeps what was read, if it is a value of the tag; whether it is.
    fn set(&mut self, read: Option<V>) -> bool {
        *self = read.map_or(Self::Wrong, Self::Is);
        !self.is_wrong()
    }

    const fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong)
    }

    fn value(self) -> Option<V> {
        match self {
            Self::Is(value) => Some(value),
            Self::Missing | Self::Wrong => None,
        }
    }
}

/// The tags that say something to this program.
#[derive(Default)]
struct Tags {
    p: Value<DmarcPolicy>,
    sp: Value<DmarcPolicy>,
    np: Value<DmarcPolicy>,
    t: Value<bool>,
    psd: Value<Psd>,
    /// Whether `pct` is 0.
    untouched: bool,
    /// Whether `rua` names anywhere to report to.
    reports: bool,
}

impl Tags {
    /// Takes a tag in, the first of its name; whether its value is one of that tag. An unknown tag may have
    /// any.
    fn take(&mut self, name: &[u8], value: &[u8]) -> bool {
        let one_of = |words: &[&[u8]]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
        let policy = || std::str::from_utf8(value).ok().and_then(policy_of);
        match name {
            b"p" => self.p.set(policy()),
            b"sp" => self.sp.set(policy()),
            b"np" => self.np.set(policy()),
            b"t" => self.t.set(yes_or_no(value)),
            b"psd" => {
                let of_flag = |yes| if yes { Psd::Yes } else { Psd::No };
                let unknown = || value.eq_ignore_ascii_case(b"u").then_some(Psd::Unknown);
                self.psd.set(yes_or_no(value).map(of_flag).or_else(unknown))
            }
            b"adkim" | b"aspf" => one_of(&[b"r", b"s"]),
            b"fo" => is_options(value),
            b"rua" | b"ruf" => {
                let uris = uri::Listed::of(value);
                self.reports |= name == b"rua" && uris.any_valid;
                uris.all_valid
            }
            b"pct" => {
                self.untouched = value == b"0";
                true
            }
            _ => true,
        }
    }

    /// The policies for the domain and for subdomains (section 4.10.1): without a valid `p`, or with a wrong
    /// `sp` or `np`, a record is as good as `p=none` where it asks for reports, and none elsewhere.
    fn policies(&self) -> Option<(DmarcPolicy, DmarcPolicy)> {
        match self.p {
            Value::Is(p) if !self.sp.is_wrong() && !self.np.is_wrong() => {
                Some((p, self.sp.value().unwrap_or(p)))
            }
            _ => self.reports.then_some((DmarcPolicy::None, DmarcPolicy::None)),
        }
    }
}

fn policy_of(text: &str) -> Option<DmarcPolicy> {
    DmarcPolicy::from_word(&text.to_ascii_lowercase())
}

fn yes_or_no(value: &[u8]) -> Option<bool> {
    match value {
        b"y" | b"Y" => Some(true),
        b"n" | b"N" => Some(false),
        _ => None,
    }
}

/// `dmarc-fo`: each option once, between colons; 0 and 1 exclude each other.
fn is_options(value: &[u8]) -> bool {
    let mut seen = [false; 3];
    value.split(|&b| b == b':').all(|option| {
        let at = match option {
            b"0" | b"1" => 0,
            b"d" | b"D" => 1,
            b"s" | b"S" => 2,
            _ => return false,
        };
        !std::mem::replace(&mut seen[at], true)
    })
}

fn read(txt: &[u8], rest: &[u8], line: usize) -> Judged {
    let (mut tags, mut faults) = (Tags::default(), Vec::new());
    let mut names: HashSet<Vec<u8>> = HashSet::new();
    let mut parts = rest.split(|&b| b == b';').peekable();
    while let Some(part) = parts.next() {
        let bare = trim_wsp(part);
        if bare.is_empty() && parts.peek().is_none() {
            // One separator may stand at the end.
            break;
        }
        let fits = pair(bare).is_some_and(|(name, value)| {
            let name = name.to_ascii_lowercase();
            // RFC 6376 section 3.2, whose tags these are: none twice. The first counts.
            let is_first = names.insert(name.clone());
            is_tag(&name, value) && is_first && tags.take(&name, value)
        });
        if !fits {
            let column = offset_in(txt, if bare.is_empty() { part } else { bare }) + 1;
            faults.push(Fault::new(Code::dmarc_invalid, Weight::Forgiven, line, column));
        }
    }
    let policies = tags.policies();
    if policies.is_none() {
        faults.push(Fault::new(Code::dmarc_invalid, Weight::Broken, line, txt.len() + 1));
    }
    let record = Record {
        policy: policies.map(|(own, _)| own),
        subdomains: policies.map(|(_, below)| below),
        testing: tags.t.value().unwrap_or(tags.untouched && tags.t == Value::Missing),
        psd: tags.psd.value().unwrap_or(Psd::Unknown),
    };
    let state = if strictly_valid(&faults) { RecordState::Valid } else { RecordState::Invalid };
    Judged { state, record: Some(record), faults }
}

/// `dmarc-tag`: letters, then visible characters and blanks.
fn is_tag(name: &[u8], value: &[u8]) -> bool {
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_alphabetic);
    is_name && !value.is_empty() && value.iter().all(|&b| matches!(b, 0x20..=0x7e))
}

#[cfg(test)]
mod tests;
