//! `sts-scan lists`: what a scan would read of lists, shown without scanning.

use crate::input::{self, Choices, InputError, ListSpec, Looked};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A list that was looked at, or why it cannot be.
pub struct Seen {
    name: String,
    looked: Result<Looked, InputError>,
}

/// Looks at the lists one after the other. Blocks on the disk.
#[must_use]
pub fn run(lists: &[ListSpec], choices: &Choices) -> Vec<Seen> {
    let look = |list: &ListSpec| Seen { name: list.name().to_string(), looked: input::look(list) };
    ListSpec::read_as(lists, choices).iter().map(look).collect()
}

impl Seen {
    /// Why a scan would refuse the list; `None` where it would read it.
    #[must_use]
    pub const fn refusal(&self) -> Option<&InputError> {
        match &self.looked {
            Ok(looked) => looked.refusal.as_ref(),
            Err(error) => Some(error),
        }
    }

    /// Whether it could not even be opened.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self.looked, Err(InputError::Open { .. }))
    }

    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.name);
        let mut line = |label: &str, value: &dyn std::fmt::Display| {
            let _ = writeln!(text, "  {label:<12} {value}");
        };
        if let Ok(looked) = &self.looked {
            line("format", &looked.read_as.format);
            line("names", &looked.read_as.names);
            line("ranks", &looked.read_as.ranks.as_deref().unwrap_or("none"));
            line("entries", &looked.entries);
            line("domains", &looked.domains);
            for (label, count) in
                [("wildcards", looked.counts.wildcards), ("unranked", looked.counts.unranked)]
            {
                if count > 0 {
                    line(label, &count);
                }
            }
            for (reason, count) in &looked.counts.rejected {
                line("rejected", &format_args!("{count}, {}: {reason}", reason.as_str()));
            }
            for first in &looked.first {
                let rank = first.rank.map_or_else(String::new, |rank| format!(", rank {rank}"));
                line("first", &format_args!("{}{rank}", first.domain));
            }
            for one in looked.examples.iter().take(SHOWN) {
                line("refused", &format_args!("line {}: `{}`: {}", one.line, one.text, one.reason));
            }
        }
        match self.refusal() {
            Some(refusal) => line("scan", &format_args!("refuses it: {refusal}")),
            None => line("scan", &"reads it"),
        }
        text
    }

    /// For programs: an object, whose keys are those of `lists` in the manifest and some more.
    #[must_use]
    pub fn object(&self) -> Value {
        let refusal = self.refusal().map(ToString::to_string);
        let Ok(looked) = &self.looked else { return json!({ "name": self.name, "refusal": refusal }) };
        let rejected: serde_json::Map<String, Value> = looked
            .counts
            .rejected
            .iter()
            .map(|(reason, count)| (reason.as_str().to_owned(), (*count).into()))
            .collect();
        let first = looked.first.iter().map(|first| json!({ "domain": first.domain, "rank": first.rank }));
        let examples = looked
            .examples
            .iter()
            .map(|one| json!({ "line": one.line, "entry": one.text, "reason": one.reason.as_str() }));
        json!({
            "name": self.name,
            "format": looked.read_as.format.to_string(),
            "names": looked.read_as.names,
            "ranks": looked.read_as.ranks,
            "entries": looked.entries,
            "domains": looked.domains,
            "ranked": looked.ranked,
            "rejected": rejected,
            "wildcards": looked.counts.wildcards,
            "unranked": looked.counts.unranked,
            "first": first.collect::<Vec<_>>(),
            "examples": examples.collect::<Vec<_>>(),
            "refusal": refusal,
        })
    }
}

/// Refused entries that a person is shown.
const SHOWN: usize = 20;
