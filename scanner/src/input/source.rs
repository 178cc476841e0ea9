//! What every list format gives: one raw entry after the other.

use super::name::BadEntry;
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

    /// How many entries there are, where the format knows without reading them.
    fn total(&self) -> Option<u64> {
        None
    }
}

/// A rank as lists write it; `None` where it is no whole number from 1.
pub(super) fn rank(text: &[u8]) -> Option<i64> {
    let rank = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
    (1..=MAX_RANK).contains(&rank).then_some(rank)
}

/// Drops ASCII white space around the text, in place.
pub(super) fn trim(text: &mut Vec<u8>) {
    text.truncate(text.trim_ascii_end().len());
    let leading = text.len() - text.trim_ascii_start().len();
    if leading > 0 {
        text.drain(..leading);
    }
}
