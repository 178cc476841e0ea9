//! What holds of every list, whatever is in it.

use std::cell::RefCell;
use std::io::{Seek as _, Write as _};
use sts_scanner::input::{
    Choices, InputError, ListSpec, Looked, Options, Reader, Repeats, Sample, Shard, look, normalise, survey,
};
use tempfile::NamedTempFile;

const IN_ORDER: Options =
    Options { seed: 1, shard: Shard::WHOLE, sample: Sample::WHOLE, window: 1, max_listed: 1_000_000, repeats: Repeats::Dropped };

thread_local! {
    static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().expect("a temporary file"));
}

/// Looks at the list, scans its names, and compares: what a look says is what a scan reads.
pub fn read(list: &[u8], choices: &Choices) -> Result<Looked, InputError> {
    FILE.with_borrow_mut(|file| {
        file.as_file().set_len(0).expect("an empty file");
        file.rewind().expect("its start");
        file.write_all(list).expect("the list");
        let lists = ListSpec::all(&[file.path()]).expect("a list");
        let lists = ListSpec::read_as(&lists, choices);
        let looked = look(&lists[0]);
        if let Ok(looked) = &looked {
            check(looked, &lists);
        }
        looked
    })
}

fn check(looked: &Looked, lists: &[ListSpec]) {
    let rejected: u64 = looked.counts.rejected.values().sum();
    assert_eq!(looked.entries, looked.domains + rejected);
    assert!(looked.ranked <= looked.domains && looked.counts.wildcards <= looked.domains);
    let unranked = if looked.read_as.ranks.is_some() { looked.domains - looked.ranked } else { 0 };
    assert_eq!(looked.counts.unranked, unranked);
    assert!(looked.read_as.ranks.is_some() || looked.ranked == 0);
    for first in &looked.first {
        assert_eq!(normalise(&first.domain).as_deref(), Ok(first.domain.as_str()));
        assert!(first.rank.is_none_or(|rank| rank >= 1));
    }
    // A survey refuses what a look says that a scan would refuse.
    let surveyed = survey(lists);
    let is_refused = looked.refusal.as_ref().is_some_and(|why| !matches!(why, InputError::Empty));
    assert_eq!(surveyed.is_err(), is_refused, "{:?}", looked.refusal);
    if let Ok(surveyed) = surveyed {
        assert_eq!(surveyed.entries(), Some(looked.entries));
    }
    let mut reader = Reader::open(lists, IN_ORDER).expect("it was opened before");
    let given = reader.by_ref().map(|entry| entry.expect("it was read before")).count() as u64;
    let counts = reader.counts();
    assert_eq!((counts.inputs, counts.invalid), (looked.entries, rejected));
    assert_eq!((counts.accepted, given + counts.duplicates), (given, looked.domains));
}
