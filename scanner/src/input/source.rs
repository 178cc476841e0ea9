//! What every list format gives: one raw entry after the other.

use super::bad::BadEntry;
use super::delegated::Hosts;
use std::io;

/// Ranks above this are read as no rank: with the list's number they have to fit into 64 bits.
pub(super) const MAX_RANK: i64 = (1 << 48) - 1;

/// Most bytes of a field that are kept: a name of 253 bytes is shorter in any spelling.
pub(super) const MAX_FIELD: usize = 1024;

/// One entry of a list before it is looked at as a name. Reused from entry to entry.
#[derive(Debug, Default)]
pub(super) struct RawEntry {
    /// The name as the list writes it, or the start of a line that holds none.
    pub(super) text: Vec<u8>,
    /// Its rank from 1, where the list has ranks.
    pub(super) rank: Option<i64>,
    /// Line (of a Parquet file: row) it stands on, from 1.
    pub(super) line: u64,
    /// Why it is no name, where the format itself tells.
    pub(super) refusal: Option<BadEntry>,
    /// Its name servers in lower case, a space between them, `=` before each address that comes along; empty
    /// where the list does not say all of them, or nobody wants to know.
    pub(super) servers: Vec<u8>,
    /// Whether the zone above has a DS for it; only beside `servers`, and where the list says.
    pub(super) ds: Option<bool>,
}

/// A list that is being read.
pub(super) trait Source: Send {
    /// Puts the next entry into `entry`, every field of it; false at the end of the list.
    ///
    /// # Errors
    /// The list cannot be read further: what is wrong with it, in words that follow "line N: ".
    fn read(&mut self, entry: &mut RawEntry) -> io::Result<bool>;

    /// The line (row) that was begun last, from 1; 0 before the first.
    fn line(&self) -> u64;

    /// Records that were read so far, where the format has records that are no entries.
    fn records(&self) -> Option<u64> {
        None
    }

    /// Where the addresses of name servers are put that it reads, where somebody put a table there; `None`
    /// where the format has none.
    fn hosts(&mut self) -> Option<&mut Option<Hosts>> {
        None
    }

    /// How many entries there are, where the format knows without reading them.
    fn total(&self) -> Option<u64> {
        None
    }
}

/// A rank as lists write it; `None` where it is no whole number from 1. Programs that know only one kind of
/// number write `1.0`, and people `1,000`.
pub(super) fn rank(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let number = text.parse().ok().or_else(|| {
        let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
        let mut groups = whole.split(',');
        let first = groups.next()?;
        let is_grouped = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
        if is_grouped { whole.replace(',', "").parse().ok() } else { whole.parse().ok() }
    });
    number.filter(|rank| (1..=MAX_RANK).contains(rank))
}

/// The rank that a number is; `None` where it is no whole number from 1.
pub(super) fn whole(number: f64) -> Option<i64> {
    // 2⁴⁸ is far below the numbers that a double cannot hold.
    #[allow(clippy::cast_precision_loss, reason = "MAX_RANK is below 2^53")]
    let fits = number.fract() == 0.0 && (1.0..=MAX_RANK as f64).contains(&number);
    #[allow(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    fits.then_some(number as i64)
}

/// Drops ASCII white space around the text, in place.
pub(super) fn trim(text: &mut Vec<u8>) {
    text.truncate(text.trim_ascii_end().len());
    let leading = text.len() - text.trim_ascii_start().len();
    if leading > 0 {
        text.drain(..leading);
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    /// Line, text, rank and refusal of an entry.
    pub(crate) type Got = (u64, String, Option<i64>, Option<BadEntry>);

    pub(crate) fn got((line, text, rank, bad): (u64, &str, Option<i64>, Option<BadEntry>)) -> Got {
        (line, text.to_owned(), rank, bad)
    }

    /// Everything that a source gives.
    pub(crate) fn all(mut source: impl Source) -> Vec<Got> {
        let (mut entry, mut got) = (RawEntry::default(), Vec::new());
        while source.read(&mut entry).unwrap() {
            let text = String::from_utf8_lossy(&entry.text).into_owned();
            got.push((entry.line, text, entry.rank, entry.refusal));
        }
        got
    }

    #[test]
    fn a_rank_is_a_whole_number_from_1_however_it_is_written() {
        for (text, want) in [
            ("1", Some(1)),
            (" 42 ", Some(42)),
            ("1.0", Some(1)),
            ("10", Some(10)),
            ("100.000", Some(100)),
            ("7.", Some(7)),
            ("1,000", Some(1000)),
            ("12,345,678.0", Some(12_345_678)),
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("1,00", None),
            ("1000,000", None),
            (",100", None),
            ("1e3", None),
            ("", None),
            ("281474976710655", Some(MAX_RANK)),
            ("281474976710656", None),
        ] {
            assert_eq!(rank(text.as_bytes()), want, "{text}");
        }
        for (number, want) in [(3.0, Some(3)), (0.0, None), (2.5, None), (f64::NAN, None), (1e300, None)] {
            assert_eq!(whole(number), want, "{number}");
        }
    }
}
