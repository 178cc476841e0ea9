//! The domains of a world: made up, or read from a list.

use crate::dice::{draw, finish};
use anyhow::{Context, Result, ensure};
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Public suffixes of made-up names with their weights, roughly as lists of mail domains are spread.
const SUFFIXES: [(&str, u32); 40] = [
    ("com", 420),
    ("net", 45),
    ("org", 50),
    ("de", 60),
    ("nl", 35),
    ("se", 30),
    ("fr", 25),
    ("it", 18),
    ("ch", 15),
    ("at", 10),
    ("be", 10),
    ("dk", 10),
    ("no", 8),
    ("fi", 8),
    ("pl", 14),
    ("cz", 10),
    ("es", 10),
    ("eu", 12),
    ("io", 15),
    ("ca", 12),
    ("us", 8),
    ("info", 12),
    ("biz", 5),
    ("gov", 3),
    ("edu", 5),
    ("co.uk", 40),
    ("org.uk", 8),
    ("gov.uk", 4),
    ("ac.uk", 3),
    ("com.au", 18),
    ("net.au", 3),
    ("gov.au", 2),
    ("com.br", 15),
    ("co.jp", 8),
    ("ne.jp", 2),
    ("co.nz", 6),
    ("co.za", 5),
    ("com.tr", 4),
    ("co.in", 4),
    ("xn--p1ai", 6),
];

/// The top-level domains of made-up names, each once.
pub(crate) fn top_levels() -> Vec<&'static str> {
    let mut all: Vec<&str> = Vec::new();
    for (suffix, _) in SUFFIXES {
        let top = suffix.rsplit('.').next().unwrap_or(suffix);
        if !all.contains(&top) {
            all.push(top);
        }
    }
    all
}

/// What follows the made-up part of a name now and then. No prefix of another, so that names stay distinct.
const TAILS: [&str; 8] = ["", "", "", "", "", "-group", "online", "-it"];

/// Where the names come from.
#[derive(Debug, Clone)]
pub enum Names {
    /// This many made-up names, at most 2^30.
    Generated(u64),
    /// The names of a list, as text or as CSV with the name in its last column; at most the number given.
    List {
        /// The file.
        path: PathBuf,
        /// How many names are taken from its top.
        limit: u64,
    },
}

impl Names {
    /// The names in their order, each once, lower case.
    ///
    /// # Errors
    /// Where the list cannot be read, or more names are asked for than can be made up.
    pub fn iter(&self, seed: u64) -> Result<Box<dyn Iterator<Item = Result<String>>>> {
        match self {
            Self::Generated(count) => {
                ensure!(*count <= 1 << 30, "at most {} names can be made up", 1_u64 << 30);
                Ok(Box::new((0..*count).map(move |index| Ok(generate(seed, index)))))
            }
            Self::List { path, limit } => {
                let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
                Ok(Box::new(from_list(path)?.take(limit)))
            }
        }
    }
}

/// The name of an index: pronounceable, and different for each index below 2^30.
#[must_use]
pub fn generate(seed: u64, index: u64) -> String {
    const CONSONANTS: &[u8; 16] = b"bcdfghklmnprstvz";
    const VOWELS: &[u8; 4] = b"aeio";
    let mut code = permute(seed, index);
    let mut name = String::with_capacity(24);
    for _ in 0..5 {
        let consonant = CONSONANTS.get((code & 15) as usize).copied().unwrap_or(b'x');
        let vowel = VOWELS.get((code >> 4 & 3) as usize).copied().unwrap_or(b'u');
        name.push(consonant.into());
        name.push(vowel.into());
        code >>= 6;
    }
    let dice = draw(seed ^ 0x5f, name.as_bytes());
    name.push_str(TAILS.get((dice >> 40) as usize % TAILS.len()).copied().unwrap_or_default());
    name.push('.');
    name.push_str(suffix(dice));
    name
}

fn suffix(dice: u64) -> &'static str {
    let all: u64 = SUFFIXES.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut at = ((dice & 0xffff_ffff) * all) >> 32;
    for (suffix, weight) in SUFFIXES {
        match at.checked_sub(weight.into()) {
            Some(rest) => at = rest,
            None => return suffix,
        }
    }
    "com"
}

/// A permutation of the numbers below 2^30: a Feistel network of four rounds on two halves of 15 bits.
const fn permute(seed: u64, index: u64) -> u64 {
    const HALF: u64 = (1 << 15) - 1;
    let (mut left, mut right) = (index >> 15 & HALF, index & HALF);
    let mut round = 0;
    while round < 4 {
        let mixed = finish(seed ^ right ^ (round << 60)) & HALF;
        (left, right) = (right, left ^ mixed);
        round += 1;
    }
    left << 15 | right
}

fn from_list(path: &Path) -> Result<impl Iterator<Item = Result<String>> + use<>> {
    let shown = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot open the list {shown}"))?;
    let mut seen = HashSet::new();
    let names = BufReader::new(file).lines().filter_map(move |line| {
        let line = match line {
            Ok(line) => line,
            Err(error) => return Some(Err(anyhow::Error::new(error).context(format!("reading {shown}")))),
        };
        let name =
            line.rsplit(',').next().unwrap_or_default().trim().trim_end_matches('.').to_ascii_lowercase();
        (is_domain(&name) && seen.insert(draw(0, name.as_bytes()))).then_some(Ok(name))
    });
    Ok(names)
}

/// Whether the laboratory can play the domain: at least two labels of letters, digits and hyphens.
fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 230
        && name.contains('.')
        && name.split('.').all(label)
        && !name.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()))
}

/// The ICANN public suffix of a name and the registrable domain; `None` where the name is itself a suffix.
#[must_use]
pub fn suffix_and_registrable(name: &str) -> (&str, Option<&str>) {
    let mut rest = name;
    let suffix = loop {
        let Some(found) = psl::suffix(rest.as_bytes()) else { break rest };
        let found_text = std::str::from_utf8(found.as_bytes()).unwrap_or(rest);
        // A private rule (github.io) hides the ICANN one above it: look again from its parent.
        match found.typ() {
            Some(psl::Type::Private) => match found_text.split_once('.') {
                Some((_, parent)) => rest = parent,
                None => break found_text,
            },
            _ => break found_text,
        }
    };
    let above = name.len().checked_sub(suffix.len() + 1).and_then(|end| name.get(..end));
    let registrable = above.and_then(|above| name.get(above.rfind('.').map_or(0, |dot| dot + 1)..));
    (suffix, registrable)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail so")]
    use super::{generate, suffix_and_registrable};
    use std::collections::HashSet;

    #[test]
    fn made_up_names_are_distinct_and_the_same_every_time() {
        let names: HashSet<String> = (0..50_000).map(|i| generate(7, i)).collect();
        assert_eq!(names.len(), 50_000);
        assert_eq!(generate(7, 123), generate(7, 123));
        assert_ne!(generate(7, 123), generate(8, 123));
    }

    #[test]
    fn made_up_names_have_the_suffix_they_were_made_with() {
        for index in 0..5_000 {
            let name = generate(1, index);
            let (suffix, registrable) = suffix_and_registrable(&name);
            assert_eq!(name.split_once('.').unwrap().1, suffix, "{name}");
            assert_eq!(registrable, Some(name.as_str()));
        }
    }

    #[test]
    fn private_suffixes_do_not_count() {
        assert_eq!(suffix_and_registrable("a.b.github.io"), ("io", Some("github.io")));
        assert_eq!(suffix_and_registrable("www.bbc.co.uk"), ("co.uk", Some("bbc.co.uk")));
        assert_eq!(suffix_and_registrable("co.uk"), ("co.uk", None));
        assert_eq!(suffix_and_registrable("a.notatld"), ("notatld", Some("a.notatld")));
    }
}
