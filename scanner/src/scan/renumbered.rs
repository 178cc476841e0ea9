//! Whether positions of the list are still those of the names that an earlier version of this program gave
//! them.

use crate::dataset::columns::{DOMAINS, column};
use crate::dataset::ranges::Positions;
use crate::dataset::read;
use crate::error::ScanError;
use crate::input::{Entry, InputError, ListSpec, Options, Reader};
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

/// Refuses lists from which this version reads other names at the positions that have a row than the version
/// that began the scan: it knew fewer titles of columns, and no wildcard. Costs one reading of the lists up
/// to the last such position, and the memory of a hash for each row.
///
/// # Errors
/// The names are others, a list is a stream and cannot be read twice, or lists or rows cannot be read.
pub(super) fn check(
    dataset: &Path,
    done: &Positions,
    by: &str,
    lists: &[ListSpec],
    options: Options,
) -> Result<(), ScanError> {
    if done.is_empty() {
        return Ok(());
    }
    if lists.iter().any(ListSpec::is_stream) {
        let why = format!(
            "its list came as a stream, which this version may read otherwise than {by}, which began it"
        );
        return Err(ScanError::Changed(why));
    }
    let (hasher, mut rows) = (RandomState::new(), HashSet::new());
    read::batches(dataset, &DOMAINS, &[column!(DOMAINS.domain)], |batch| {
        let name = |row| batch.text(column!(DOMAINS.domain), row);
        rows.extend((0..batch.rows()).filter_map(name).map(|name| hasher.hash_one(name)));
    })?;
    let has_row = |domain: &str| rows.contains(&hasher.hash_one(domain));
    match other(Reader::open(lists, options)?, done, has_row)? {
        None => Ok(()),
        Some(name) => Err(ScanError::Changed(format!(
            "this version reads other names from its lists than {by}, which began it: {name} among them. {by} can resume it"
        ))),
    }
}

/// The first name at a position that has a row, of which there is no row; `the end of the lists` where a
/// position is beyond it.
fn other(
    mut entries: impl Iterator<Item = Result<Entry, InputError>>,
    done: &Positions,
    has_row: impl Fn(&str) -> bool,
) -> Result<Option<String>, InputError> {
    let end = done.ranges().last().map_or(0, |(_, end)| end);
    let mut next = 0;
    while next < end {
        let Some(entry) = entries.next().transpose()? else {
            return Ok(Some("the end of the lists".to_owned()));
        };
        if done.contains(entry.position) && !has_row(&entry.domain) {
            return Ok(Some(entry.domain.into()));
        }
        next = entry.position + 1;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::input::{Repeats, Sample, Shard};

    /// The first name that is another one, of a list of which these positions have these rows.
    fn found(text: &str, done: &[u64], rows: &[&str]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("list");
        std::fs::write(&list, text).unwrap();
        let shard: Shard = "1/1".parse().unwrap();
        let options = Options {
            seed: 1,
            shard,
            sample: Sample::WHOLE,
            window: 1,
            max_listed: 1,
            repeats: Repeats::Dropped,
        };
        let mut positions = Positions::default();
        for at in done {
            positions.insert(*at);
        }
        let reader = Reader::open(&ListSpec::all(&[list]).unwrap(), options).unwrap();
        other(reader, &positions, |name| rows.contains(&name)).unwrap()
    }

    #[test]
    fn a_position_keeps_its_name() {
        let list = "a.com\nb.com\nc.com\nd.com\n";
        assert_eq!(found(list, &[0, 1, 3], &["a.com", "b.com", "d.com"]), None);
        // What was no name to the earlier version is one now: all that follow move up.
        let wildcard = "a.com\n*.x.com\nb.com\nc.com\nd.com\n";
        assert_eq!(found(wildcard, &[0, 1], &["a.com", "b.com"]).as_deref(), Some("x.com"));
        // Beyond the rows nothing has moved.
        assert_eq!(found(wildcard, &[0], &["a.com"]), None);
        // What was a name is a title now.
        assert_eq!(found("host\na.com\nb.com\n", &[0, 1], &["host", "a.com"]).as_deref(), Some("b.com"));
        assert_eq!(
            found("host\na.com\n", &[0, 1], &["host", "a.com"]).as_deref(),
            Some("the end of the lists")
        );
    }
}
