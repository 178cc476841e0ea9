//! Names that somebody could take: registrable domains of patterns and hosts of report addresses that do not
//! exist, and what an alias of a policy host leads to where its service has that free.
//!
//! No table, report or published dataset has one in clear (ETHICS.md): whoever reads it first could take it
//! before its owner hears of it. Where one stands in a text, a word stands for it, the same everywhere.

use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::hash::sha256;
use crate::passes::members::{self, Wanted};
use crate::passes::{self, Columns};
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// The findings that tell of such a name.
pub const CODES: [&str; 4] = [
    "policy_host_cname_claimable",
    "policy_pattern_domain_missing",
    "tlsrpt_rua_domain_missing",
    "tlsrpt_rua_no_mx",
];

/// The one of them that is about an alias, which has no column of its own.
const OF_ALIAS: &str = CODES[0];

/// Registrable domains of patterns that do not exist.
const PATTERNS: Wanted<'static> =
    Wanted { column: "pattern_dns", field: "domain", where_field: "status", is: "NXDOMAIN" };
/// Hosts of report addresses that do not exist.
const HOSTS: Wanted<'static> =
    Wanted { column: "tlsrpt_rua_dns", field: "host", where_field: "status", is: "NXDOMAIN" };

/// The claimable names of some datasets, each with the word that stands for it: `[claimable N]`.
#[derive(Debug, Clone, Default)]
pub struct Names(HashMap<String, String>);

impl Names {
    /// Reads them from the parts. Nearly all rows are null there, so this is a fast pass; it holds the names,
    /// and the domains with such an alias.
    ///
    /// # Errors
    /// A part cannot be read.
    pub fn of(datasets: &[Dataset]) -> Result<Self, Fault> {
        let mut names = HashSet::new();
        // What a published dataset holds its publisher has shown.
        for dataset in datasets.iter().filter(|dataset| dataset.manifest.get("published").is_none()) {
            let mut aliased = HashSet::new();
            for part in dataset.parts.get("assessments").into_iter().flatten() {
                if members::any(part, "findings", OF_ALIAS)? {
                    each_batch(part, &["domain", "findings"], |batch| aliased_domains(batch, &mut aliased))?;
                }
            }
            let of_threads =
                passes::over_parts(dataset, HashSet::new, |part, names: &mut HashSet<String>| {
                    for wanted in [PATTERNS, HOSTS] {
                        members::each(part, wanted, |name| {
                            names.insert(name.to_ascii_lowercase());
                        })?;
                    }
                    if aliased.is_empty() {
                        return Ok(());
                    }
                    each_batch(part, &["domain", "policy_cname"], |batch| targets(batch, &aliased, names))
                })?;
            names.extend(of_threads.into_iter().flatten());
        }
        Ok(Self::numbered(names))
    }

    /// Numbered in the order of their hashes, which tells nothing of them.
    fn numbered(names: HashSet<String>) -> Self {
        let by_hash: BTreeMap<String, String> =
            names.into_iter().map(|name| (sha256(name.as_bytes()), name)).collect();
        let numbered = by_hash.into_values().zip(1..);
        Self(numbered.map(|(name, number)| (name, format!("[claimable {number}]"))).collect())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with the word in place of each such name, also at the end of a longer one; borrowed where
    /// there is none.
    #[must_use]
    pub fn without<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_empty() || !text.contains('.') {
            return Cow::Borrowed(text);
        }
        let (mut out, mut copied) = (String::new(), 0);
        let runs = Runs { text, at: 0 };
        for (from, to) in runs {
            if let Some((begin, word)) = self.end_of(&text[from..to]) {
                out.push_str(&text[copied..from + begin]);
                out.push_str(word);
                copied = to;
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[copied..]);
        Cow::Owned(out)
    }

    /// The same of bytes; what is not UTF-8 keeps its bytes.
    #[must_use]
    pub fn without_in_bytes<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        if self.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            out.extend_from_slice(self.without(chunk.valid()).as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        Cow::Owned(out)
    }

    /// Where in a run of labels the longest such name begins that ends it, and its word.
    fn end_of(&self, run: &str) -> Option<(usize, &str)> {
        let lower = run.to_ascii_lowercase();
        let dots = lower.match_indices('.').map(|(at, _)| at + 1);
        std::iter::once(0).chain(dots).find_map(|at| Some((at, self.0.get(lower.get(at..)?)?.as_str())))
    }
}

/// The runs of characters that names are made of, without the dots around them: from and to.
struct Runs<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Runs<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let bytes = self.text.as_bytes();
        let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        loop {
            while let Some(byte) = bytes.get(self.at).filter(|byte| !of_name(byte)) {
                // Text that was escaped, `\010`, ends where its digits do.
                let digits = bytes.get(self.at + 1..self.at + 4);
                let is_escape =
                    *byte == b'\\' && digits.is_some_and(|all| all.iter().all(u8::is_ascii_digit));
                self.at += if is_escape { 4 } else { 1 };
            }
            let begin = self.at;
            self.at += bytes.get(begin..)?.iter().take_while(|byte| of_name(byte)).count();
            if self.at == begin {
                return None;
            }
            let run = &self.text[begin..self.at];
            let bare = run.trim_matches('.');
            if !bare.is_empty() {
                let from = begin + (run.len() - run.trim_start_matches('.').len());
                return Some((from, from + bare.len()));
            }
        }
    }
}

/// Gives the batches of a part with those of these columns that it has.
fn each_batch(part: &Path, columns: &[&str], mut take: impl FnMut(&RecordBatch)) -> Result<(), Fault> {
    passes::read(part, Columns { words: &[], others: columns }, |batch| {
        take(batch);
        Some(())
    })
}

fn texts<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a StringArray> {
    batch.column_by_name(column)?.as_string_opt::<i32>()
}

/// Domains with an alias that somebody could take.
fn aliased_domains(batch: &RecordBatch, aliased: &mut HashSet<String>) {
    let lists = batch.column_by_name("findings").and_then(|column| column.as_list_opt::<i32>());
    let (Some(domains), Some(lists)) = (texts(batch, "domain"), lists) else { return };
    for (domain, codes) in domains.iter().zip(lists.iter()) {
        let is_told = |codes: &dyn Array| {
            codes
                .as_string_opt::<i32>()
                .is_some_and(|codes| codes.iter().flatten().any(|code| code == OF_ALIAS))
        };
        if let (Some(domain), Some(codes)) = (domain, codes)
            && is_told(&*codes)
        {
            aliased.insert(domain.to_owned());
        }
    }
}

/// Targets of the aliases of these domains.
fn targets(batch: &RecordBatch, aliased: &HashSet<String>, names: &mut HashSet<String>) {
    let chains = batch.column_by_name("policy_cname").and_then(|column| column.as_list_opt::<i32>());
    let (Some(domains), Some(chains)) = (texts(batch, "domain"), chains) else { return };
    for (domain, chain) in domains.iter().zip(chains.iter()) {
        if let (Some(true), Some(chain)) = (domain.map(|domain| aliased.contains(domain)), chain)
            && let Some(chain) = chain.as_string_opt::<i32>()
        {
            names.extend(chain.iter().flatten().map(str::to_ascii_lowercase));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    fn names(all: &[&str]) -> Names {
        Names(all.iter().map(|name| ((*name).to_owned(), "[claimable 1]".to_owned())).collect())
    }

    #[test]
    fn a_name_is_replaced_wherever_it_stands_and_what_is_below_it_with_it() {
        let names = names(&["gone.example", "free.azurewebsites.net"]);
        for (text, expected) in [
            ("gone.example", "[claimable 1]"),
            (
                "mx: *.Gone.Example\r\nmx: mx1.here.example\r\n",
                "mx: *.[claimable 1]\r\nmx: mx1.here.example\r\n",
            ),
            (
                "rua=mailto:tls@r.gone.example,https://gone.example/v1",
                "rua=mailto:tls@r.[claimable 1],https://[claimable 1]/v1",
            ),
            ("\\010gone.example.", "\\010[claimable 1]."),
            ("..gone.example..", "..[claimable 1].."),
            ("mta-sts.d.example > free.azurewebsites.net", "mta-sts.d.example > [claimable 1]"),
        ] {
            assert_eq!(names.without(text), expected, "{text}");
            assert_eq!(&*names.without_in_bytes(text.as_bytes()), expected.as_bytes(), "{text}");
        }
        for text in ["begone.example", "gone.example.org", "azurewebsites.net", "gone", "", ".", "a..b"] {
            assert_eq!(names.without(text), text);
        }
    }

    #[test]
    fn each_name_has_a_number_of_its_own() {
        let names = Names::numbered(["a.example", "b.example"].map(str::to_owned).into());
        let words: HashSet<&String> = names.0.values().collect();
        assert_eq!(words.len(), 2);
        assert!(names.without("a.example b.example").starts_with("[claimable "));
    }
}
