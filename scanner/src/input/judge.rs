//! Whether what was read from a list can be meant: most of a list of domains are domains.

use super::ListSpec;
use super::bad::{BadEntry, Example};
use super::error::InputError;
use super::form::{self, Form, Found};
use super::source::RawEntry;
use crate::evidence::text::escape;

/// Entries from the start of which each is looked at.
pub(super) const HEAD: u64 = 1000;

/// After these, one of so many, which stands for all of them: looking at a name costs as much as reading it.
/// A prime, so that no pattern of the list keeps in step with it.
const STRIDE: u64 = 61;

/// Entries that are shown.
const SHOWN: usize = 5;

/// Bytes of an entry that are shown.
const SHOWN_LENGTH: usize = 80;

/// Counts names and what is none, over the entries that are looked at.
#[derive(Debug, Default)]
pub(super) struct Judge {
    entries: u64,
    names: u64,
    unknown: u64,
    invalid: u64,
    bad: Vec<Example>,
    strange: Vec<String>,
}

/// A bad entry as it is shown.
pub(super) fn example(list: &ListSpec, raw: &RawEntry, reason: BadEntry) -> Example {
    let shown = &raw.text[..raw.text.len().min(SHOWN_LENGTH)];
    Example { list: list.name().clone(), line: raw.line, text: escape(shown), reason }
}

impl Judge {
    /// Looks at the next entry, or passes over it.
    pub(super) fn look(&mut self, list: &ListSpec, raw: &RawEntry, form: Form) {
        self.entries += 1;
        if self.entries <= HEAD || self.entries.is_multiple_of(STRIDE) {
            self.look_closely(list, raw, form);
        }
    }

    fn look_closely(&mut self, list: &ListSpec, raw: &RawEntry, form: Form) {
        let stands_for = if self.entries <= HEAD { 1 } else { STRIDE };
        match form::name_in(raw, form) {
            Ok(Found { name, .. }) => {
                self.names += stands_for;
                if !form::is_known(&name) {
                    self.unknown += stands_for;
                    if self.strange.len() < SHOWN {
                        self.strange.push(name);
                    }
                }
            }
            Err(reason) => {
                self.invalid += stands_for;
                if self.bad.len() < SHOWN {
                    self.bad.push(example(list, raw, reason));
                }
            }
        }
    }

    /// How many of all entries these stand for: beyond the first, one stands for many.
    const fn of_all(&self, part: u64) -> u64 {
        match part.saturating_mul(self.entries).checked_div(self.names + self.invalid) {
            Some(part) => part,
            None => 0,
        }
    }

    /// Refuses a list of which most entries cannot be meant. `names` says where they were taken from.
    pub(super) fn verdict(self, list: &ListSpec, names: &str) -> Result<(), InputError> {
        if self.invalid > self.names {
            return Err(InputError::MostlyInvalid {
                list: list.typed(),
                names: names.to_owned(),
                invalid: self.of_all(self.invalid),
                entries: self.entries,
                is_estimate: self.entries > HEAD,
                examples: self.bad,
            });
        }
        if 2 * self.unknown > self.names && !list.choices().any_suffix {
            return Err(InputError::UnknownSuffixes {
                list: list.typed(),
                names: names.to_owned(),
                unknown: self.of_all(self.unknown),
                entries: self.of_all(self.names),
                is_estimate: self.entries > HEAD,
                examples: self.strange,
            });
        }
        Ok(())
    }
}
