//! `waiting.looks`: what waits for its next look, on disk beside `commits.jsonl`, so that no kill forgets a
//! look that is a second old.
//!
//! One name in twenty of ten million would be half a gigabyte of memory, so the file is the queue too:
//! entries are added at its end, taken from its front, and stay until the scan is complete, because a look
//! may be over and its row not committed yet.
//!
//! The first line says, in JSON, in which form the entries are, and when the file was begun (Unix time,
//! milliseconds). Behind it follow the entries: length and CRC-32 of what comes next, four bytes each, the
//! highest first, and then, as postcard writes them, when the next look is due (milliseconds after the start)
//! and what waits.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Name of the file in the dataset's folder.
pub const WAITING: &str = "waiting.looks";

/// Bytes that are kept in memory before they go to the file, and that are read at once.
const BUFFER: usize = 64 << 10;
/// Before each entry: its length, and its checksum.
const HEAD: usize = 4 + 4;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Form {
    form: String,
    began_ms: u64,
}

/// An entry, and where it stands.
#[derive(Debug)]
pub struct Kept<T> {
    /// Where it begins.
    pub at: u64,
    /// When it is due, Unix time in milliseconds.
    pub due_ms: u64,
    /// What waits.
    pub what: T,
}

/// The file, open to be added to and taken from.
#[derive(Debug)]
pub struct WaitingLog {
    file: Arc<File>,
    began_ms: u64,
    /// Bytes in the file; what is behind them.
    written: u64,
    tail: Vec<u8>,
    /// Where what is to be taken next begins, and what was read of the file from there on.
    taken: u64,
    ahead: Vec<u8>,
    /// How much of `ahead` was taken.
    ahead_taken: usize,
    /// Bytes of the file that are known to be on the disk.
    synced: Arc<AtomicU64>,
}

/// What a file that an earlier run left holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Remains {
    /// There is none.
    Nothing,
    /// Entries; so many bytes behind the last whole one were cut off.
    Entries {
        /// Bytes that were no whole entry.
        cut: u64,
    },
    /// Entries of another version's form, which were set aside unread.
    OtherForm,
}

impl WaitingLog {
    /// Opens that of a dataset, and gives its entries to `look`; all of them are there to be taken again.
    /// What is behind the last whole one, such as what was being written when the machine went down, is cut
    /// off. One of another form is begun anew: its looks are made again.
    ///
    /// # Errors
    /// The file cannot be read or written, or an entry is not of this form.
    pub fn open<T: DeserializeOwned>(
        dataset: &Path,
        form: &str,
        now_ms: u64,
        look: impl FnMut(Kept<T>),
    ) -> io::Result<(Self, Remains)> {
        let path = dataset.join(WAITING);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut line = String::new();
        let head = BufReader::new(&file).take(4_096).read_line(&mut line);
        let is_empty = file.metadata()?.len() == 0;
        let known = head.ok().filter(|_| line.ends_with('\n')).and_then(|_| serde_json::from_str(&line).ok());
        let known = known.filter(|known: &Form| known.form == form);
        let is_known = known.is_some();
        let began_ms = known.map_or(now_ms, |known| known.began_ms);
        if !is_known {
            line = serde_json::to_string(&Form { form: form.to_owned(), began_ms })? + "\n";
            file.set_len(0)?;
            file.write_all_at(line.as_bytes(), 0)?;
            file.sync_all()?;
            File::open(dataset)?.sync_all()?;
        }
        let written = file.metadata()?.len();
        let mut log = Self {
            file: Arc::new(file),
            began_ms,
            written,
            tail: Vec::new(),
            taken: line.len() as u64,
            ahead: Vec::new(),
            ahead_taken: 0,
            synced: Arc::new(AtomicU64::new(written)),
        };
        let remains = match (is_known, is_empty) {
            (true, _) => Remains::Entries { cut: log.survey(look)? },
            (false, true) => Remains::Nothing,
            (false, false) => Remains::OtherForm,
        };
        Ok((log, remains))
    }

    /// Gives every entry to `look`, cuts off what is behind the last whole one, and goes back to the first;
    /// gives how many bytes it cut.
    fn survey<T: DeserializeOwned>(&mut self, mut look: impl FnMut(Kept<T>)) -> io::Result<u64> {
        let begin = self.taken;
        while let Some(kept) = self.pop()? {
            look(kept);
        }
        let cut = self.written - self.taken;
        if cut > 0 {
            self.written = self.taken;
            self.file.set_len(self.written)?;
            self.file.sync_all()?;
        }
        (self.taken, self.ahead, self.ahead_taken) = (begin, Vec::new(), 0);
        Ok(cut)
    }

    /// Adds one at the end; those that are due first must come first.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn push(&mut self, due_ms: u64, what: &impl Serialize) -> io::Result<()> {
        let entry = postcard::to_stdvec(&(due_ms.saturating_sub(self.began_ms), what)).map_err(invalid)?;
        let length = u32::try_from(entry.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let before = self.tail.len();
        self.tail.extend(length.to_be_bytes());
        self.tail.extend(crc32fast::hash(&entry).to_be_bytes());
        self.tail.extend(entry);
        if self.tail.len() < BUFFER {
            return Ok(());
        }
        // A caller that was told that it is not kept must not meet it again.
        self.flush().inspect_err(|_| self.tail.truncate(before))
    }

    /// Hands what is in memory to the system: then it outlives this process.
    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.tail, self.written)?;
        self.written += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    /// Flushes, and gives what then brings it to the disk; `None` where all is there.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn unsynced(&mut self) -> io::Result<Option<impl FnOnce() -> io::Result<()> + Send + use<>>> {
        self.flush()?;
        let (file, written, synced) = (self.file.clone(), self.written, self.synced.clone());
        let sync = move || {
            file.sync_data()?;
            synced.fetch_max(written, Ordering::Relaxed);
            Ok(())
        };
        Ok((self.synced.load(Ordering::Relaxed) < written).then_some(sync))
    }

    /// Takes out the first; `None` where there is none.
    ///
    /// # Errors
    /// The file cannot be read, or an entry is not of this form.
    pub fn pop<T: DeserializeOwned>(&mut self) -> io::Result<Option<Kept<T>>> {
        if self.taken == self.written {
            self.flush()?;
        }
        let (at, began_ms) = (self.taken, self.began_ms);
        let Some(entry) = self.take()? else { return Ok(None) };
        let (due, what) = postcard::from_bytes::<(u64, T)>(entry).map_err(invalid)?;
        Ok(Some(Kept { at, due_ms: began_ms.saturating_add(due), what }))
    }

    /// The next whole entry of the file; `None` where there is none.
    fn take(&mut self) -> io::Result<Option<&[u8]>> {
        if !self.read_ahead(HEAD)? {
            return Ok(None);
        }
        let head = self.ahead.get(self.ahead_taken..self.ahead_taken + HEAD).unwrap_or_default();
        let [l0, l1, l2, l3, s0, s1, s2, s3] = *head else { return Ok(None) };
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        // None is empty: zeros are what a file system leaves where the data did not come to the disk.
        if length == 0 || !self.read_ahead(HEAD + length)? {
            return Ok(None);
        }
        let begin = self.ahead_taken + HEAD;
        let entry = self.ahead.get(begin..begin + length).unwrap_or_default();
        if crc32fast::hash(entry) != u32::from_be_bytes([s0, s1, s2, s3]) {
            return Ok(None);
        }
        self.taken += (HEAD + length) as u64;
        self.ahead_taken = begin + length;
        Ok(Some(entry))
    }

    /// Whether so many bytes are there to be taken; then they are in `ahead`.
    fn read_ahead(&mut self, bytes: usize) -> io::Result<bool> {
        let there = self.ahead.len() - self.ahead_taken;
        if there >= bytes {
            return Ok(true);
        }
        let left = self.written - self.taken;
        if left < bytes as u64 {
            return Ok(false);
        }
        self.ahead.drain(..self.ahead_taken);
        self.ahead_taken = 0;
        let wanted = bytes.max(usize::try_from(left).unwrap_or(usize::MAX).min(BUFFER));
        self.ahead.resize(wanted, 0);
        let from = self.taken + there as u64;
        self.file.read_exact_at(self.ahead.get_mut(there..).unwrap_or_default(), from)?;
        Ok(true)
    }
}

/// Removes that of a complete scan: nothing waits any more.
///
/// # Errors
/// It is there and cannot be removed.
pub fn remove(dataset: &Path) -> io::Result<()> {
    match std::fs::remove_file(dataset.join(WAITING)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn invalid(error: postcard::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn text(n: usize) -> String {
        format!("{n} {}", "x".repeat(n % 700))
    }

    fn open(folder: &Path) -> (WaitingLog, Remains) {
        WaitingLog::open(folder, "form", 1_000_000, |_: Kept<String>| {}).unwrap()
    }

    /// What opening the file shows, twice as well as once: nothing of it is taken.
    fn all(folder: &Path) -> Vec<String> {
        let show = || {
            let mut all = Vec::new();
            WaitingLog::open(folder, "form", 1, |kept: Kept<String>| all.push(kept.what)).unwrap();
            all
        };
        assert_eq!(show(), show());
        show()
    }

    #[test]
    fn what_was_kept_comes_back_in_order_however_pushes_and_pops_mix() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, left) = open(folder.path());
        assert_eq!(left, Remains::Nothing);
        let (mut pushed, mut popped) = (0, 0);
        for round in 0..60 {
            for _ in 0..round * 5 {
                log.push(1_000_000 + pushed as u64, &text(pushed)).unwrap();
                pushed += 1;
            }
            for _ in 0..round * 4 {
                let kept: Kept<String> = log.pop().unwrap().unwrap();
                assert_eq!((kept.due_ms, kept.what), (1_000_000 + popped as u64, text(popped)));
                popped += 1;
            }
        }
        while let Some(kept) = log.pop::<String>().unwrap() {
            assert_eq!(kept.what, text(popped));
            popped += 1;
        }
        assert!(pushed == popped && pushed > 5_000);
    }

    #[test]
    fn what_was_flushed_is_there_for_the_next_run_also_where_it_was_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        (0..500).for_each(|n| log.push(1_000_007, &text(n)).unwrap());
        log.unsynced().unwrap().unwrap()().unwrap();
        assert!(log.unsynced().unwrap().is_none());
        let _: Kept<String> = log.pop().unwrap().unwrap();
        log.push(1_000_007, &text(500)).unwrap();
        // It is not dropped in order: bytes that were not flushed are lost.
        let (mut log, left) =
            WaitingLog::open(folder.path(), "form", 5_000_000, |_: Kept<String>| {}).unwrap();
        assert_eq!(left, Remains::Entries { cut: 0 });
        assert_eq!(all(folder.path()), (0..500).map(text).collect::<Vec<_>>());
        log.push(5_000_000, &text(501)).unwrap();
        log.flush().unwrap();
        assert_eq!(all(folder.path()).len(), 501);
        assert_eq!(log.pop::<String>().unwrap().unwrap().due_ms, 1_000_007);
    }

    #[test]
    fn a_torn_end_is_cut_off_and_the_next_entry_takes_its_place() {
        let whole = tempfile::tempdir().unwrap();
        let (mut log, _) = open(whole.path());
        (0..3).for_each(|n| log.push(1_000_000, &text(n)).unwrap());
        log.flush().unwrap();
        let bytes = std::fs::read(whole.path().join(WAITING)).unwrap();
        let last = HEAD + 1 + text(2).len() + 1;
        for torn in 1..last {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(WAITING), &bytes[..bytes.len() - torn]).unwrap();
            let (mut log, left) = open(folder.path());
            assert_eq!(left, Remains::Entries { cut: (last - torn) as u64 });
            log.push(1_000_000, &text(9)).unwrap();
            log.flush().unwrap();
            assert_eq!(all(folder.path()), [text(0), text(1), text(9)]);
        }
    }

    #[test]
    fn zeros_behind_the_last_entry_are_cut_off() {
        for zeros in [1, HEAD, 3 * HEAD + 1, 2 * BUFFER] {
            let folder = tempfile::tempdir().unwrap();
            let (mut log, _) = open(folder.path());
            log.push(1_000_000, &text(1)).unwrap();
            log.flush().unwrap();
            let path = folder.path().join(WAITING);
            let bytes = [std::fs::read(&path).unwrap(), vec![0; zeros]].concat();
            std::fs::write(&path, bytes).unwrap();
            let left = open(folder.path()).1;
            assert_eq!((left, all(folder.path())), (Remains::Entries { cut: zeros as u64 }, vec![text(1)]));
        }
    }

    #[test]
    fn an_entry_may_be_longer_than_what_is_read_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        let long = "y".repeat(12 << 20);
        log.push(1_000_000, &text(1)).unwrap();
        log.push(1_000_000, &long).unwrap();
        log.push(1_000_000, &text(2)).unwrap();
        log.flush().unwrap();
        assert_eq!(all(folder.path()), [text(1), long, text(2)]);
    }

    #[test]
    fn nothing_is_taken_from_behind_a_damaged_entry_nor_from_another_form() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        (0..3).for_each(|n| log.push(1_000_000, &text(n)).unwrap());
        log.flush().unwrap();
        let path = folder.path().join(WAITING);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() - 2 * (HEAD + 1 + text(2).len() + 1) + HEAD + 1;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let left = open(folder.path()).1;
        assert!(matches!(left, Remains::Entries { cut } if cut > 20), "{left:?}");
        assert_eq!(all(folder.path()), [text(0)]);
        let (mut log, left) = WaitingLog::open(folder.path(), "newer", 1, |_: Kept<String>| {}).unwrap();
        assert!(left == Remains::OtherForm && log.pop::<String>().unwrap().is_none());
    }
}
