//! A list looked at without a scan: what is read of it, and what is refused.

use super::ListSpec;
use super::bad::Example;
use super::error::InputError;
use super::form::{self, Found};
use super::judge::{self, Judge};
use super::open::ReadAs;
use super::reader::{ListCounts, read};
use super::source::RawEntry;

/// Names that are shown, and refused entries that are kept.
const FIRST: usize = 10;
const KEPT: usize = 100;

/// What a list holds.
#[derive(Debug)]
pub struct Looked {
    /// How it is read.
    pub read_as: ReadAs,
    /// All its entries.
    pub entries: u64,
    /// Those of them that are domain names, as often as they are met.
    pub domains: u64,
    /// Names that rank, of these.
    pub ranked: u64,
    /// Counts by reason, wildcards, names without a rank.
    pub counts: ListCounts,
    /// The first names.
    pub first: Vec<First>,
    /// The first entries that are none.
    pub examples: Vec<Example>,
    /// Why a scan would refuse it; `None` where it would not.
    pub refusal: Option<InputError>,
}

/// A name of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct First {
    /// Normalised.
    pub domain: String,
    /// Its rank in the list.
    pub rank: Option<i64>,
}

/// Reads a list through. Blocks on the disk.
///
/// # Errors
/// It cannot be opened, is no list, or cannot be read to its end.
pub fn look(list: &ListSpec) -> Result<Looked, InputError> {
    let mut opened = list.open()?;
    let (mut raw, mut judge) = (RawEntry::default(), Judge::default());
    let mut looked = Looked {
        read_as: opened.read_as.clone(),
        entries: 0,
        domains: 0,
        ranked: 0,
        counts: ListCounts::of(&opened),
        first: Vec::new(),
        examples: Vec::new(),
        refusal: None,
    };
    while read(&mut opened, list, &mut raw)? {
        looked.entries += 1;
        judge.look(list, &raw, opened.form);
        match form::name_in(&raw, opened.form) {
            Ok(found) => looked.take(found, raw.rank),
            Err(reason) => {
                *looked.counts.rejected.entry(reason).or_default() += 1;
                if looked.examples.len() < KEPT {
                    looked.examples.push(judge::example(list, &raw, reason));
                }
            }
        }
    }
    looked.refusal = match (looked.entries, opened.source.records()) {
        (0, Some(records)) if records > 0 => Some(InputError::NoDelegation { list: list.typed(), records }),
        (0, _) => Some(InputError::Empty),
        _ => judge.verdict(list, &looked.read_as.names).err(),
    };
    Ok(looked)
}

impl Looked {
    fn take(&mut self, Found { name, is_wildcard }: Found, rank: Option<i64>) {
        self.domains += 1;
        self.ranked += u64::from(rank.is_some());
        self.counts.wildcards += u64::from(is_wildcard);
        self.counts.unranked += u64::from(rank.is_none() && self.read_as.ranks.is_some());
        if self.first.len() < FIRST {
            self.first.push(First { domain: name, rank });
        }
    }
}
