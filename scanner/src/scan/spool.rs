//! What waits for its second look, on disk: one name in twenty of ten million would be half a gigabyte of memory.

use crate::fault::LocalFault;
use crate::probe::{Domain, HostLook};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What waits for its second look.
#[derive(Serialize, Deserialize)]
pub(super) enum Waiting {
    Domain(Box<Domain>),
    Host(HostLook),
}

/// Bytes that are kept in memory before they go to the file.
const BUFFER: usize = 64 << 10;
/// Before each entry: its length, and when it is due.
const HEAD: usize = 4 + 8;

/// A queue in a file without a name: it is gone with this process, however that ends. A resume looks at what waited anew.
pub(super) struct Spool {
    file: File,
    began: Instant,
    /// Bytes in the file, and how many of them were taken out.
    written: u64,
    taken: u64,
    /// What is behind them.
    tail: Vec<u8>,
    /// How much of the tail was taken out.
    tail_taken: usize,
    /// How many domains and hosts are in it.
    pub(super) domains: u64,
    pub(super) hosts: u64,
}

impl Spool {
    /// An empty one, on the disk that the folder is on.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self {
            file,
            began: Instant::now(),
            written: 0,
            taken: 0,
            tail: Vec::new(),
            tail_taken: 0,
            domains: 0,
            hosts: 0,
        })
    }

    /// Adds one at the end; those that are due first must come first.
    pub(super) fn push(&mut self, due: Instant, waiting: &Waiting) -> Result<(), LocalFault> {
        let entry = postcard::to_stdvec(waiting).map_err(|e| unreadable(&e))?;
        let due = due.saturating_duration_since(self.began).as_millis();
        let length = u32::try_from(entry.len()).map_err(|_| fault(io::ErrorKind::FileTooLarge.into()))?;
        self.tail.extend(length.to_be_bytes());
        self.tail.extend(u64::try_from(due).unwrap_or(u64::MAX).to_be_bytes());
        self.tail.extend(entry);
        *self.count(waiting) += 1;
        if self.tail.len() >= BUFFER { self.flush().map_err(fault) } else { Ok(()) }
    }

    fn count(&mut self, waiting: &Waiting) -> &mut u64 {
        match waiting {
            Waiting::Domain(_) => &mut self.domains,
            Waiting::Host(_) => &mut self.hosts,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let new = &self.tail[self.tail_taken..];
        self.file.write_all_at(new, self.written)?;
        self.written += new.len() as u64;
        self.tail.clear();
        self.tail_taken = 0;
        Ok(())
    }

    /// Takes out the first, with when it is due; `None` where there is none.
    pub(super) fn pop(&mut self) -> Result<Option<(Instant, Waiting)>, LocalFault> {
        let mut head = [0; HEAD];
        if !self.take(&mut head).map_err(fault)? {
            return Ok(None);
        }
        let [l0, l1, l2, l3, due @ ..] = head;
        let mut entry = vec![0; u32::from_be_bytes([l0, l1, l2, l3]) as usize];
        self.take(&mut entry).map_err(fault)?;
        let waiting = postcard::from_bytes(&entry).map_err(|e| unreadable(&e))?;
        *self.count(&waiting) -= 1;
        Ok(Some((self.began + Duration::from_millis(u64::from_be_bytes(due)), waiting)))
    }

    /// Fills the bytes with what comes next; false where there is nothing. Heads and entries never lie astride the end of
    /// the file, because whole ones are written.
    fn take(&mut self, bytes: &mut [u8]) -> io::Result<bool> {
        if self.taken < self.written {
            self.file.read_exact_at(bytes, self.taken)?;
            self.taken += bytes.len() as u64;
            if self.taken == self.written {
                self.file.set_len(0)?;
                (self.written, self.taken) = (0, 0);
            }
            return Ok(true);
        }
        let Some(next) = self.tail.get(self.tail_taken..self.tail_taken + bytes.len()) else {
            return Ok(false);
        };
        bytes.copy_from_slice(next);
        self.tail_taken += bytes.len();
        if self.tail_taken == self.tail.len() {
            self.tail.clear();
            self.tail_taken = 0;
        }
        Ok(true)
    }
}

fn fault(source: io::Error) -> LocalFault {
    LocalFault::Os { doing: "keep what waits for its second look", source }
}

fn unreadable(error: &postcard::Error) -> LocalFault {
    LocalFault::Setup { doing: "keep what waits for its second look", reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::evidence::rows::HostRow;
    use crate::probe::HostLook;

    fn host(n: usize) -> Waiting {
        let row = HostRow { host: format!("mx{n}.example"), ..HostRow::default() };
        Waiting::Host(HostLook { host: format!("mx{n}.example"), looks: 1, rows: vec![row; n % 7] })
    }

    fn assert_is(waiting: &Waiting, n: usize) {
        let of = |waiting: &Waiting| match waiting {
            Waiting::Host(look) => Some((look.host.clone(), look.rows.clone())),
            Waiting::Domain(_) => None,
        };
        assert_eq!(of(waiting), of(&host(n)));
    }

    #[test]
    fn what_was_kept_comes_back_in_order_however_pushes_and_pops_mix() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path()).unwrap();
        let due = Instant::now() + Duration::from_secs(900);
        let (mut pushed, mut popped) = (0, 0);
        for round in 0..60 {
            for _ in 0..round * 5 {
                spool.push(due + Duration::from_secs(pushed as u64), &host(pushed)).unwrap();
                pushed += 1;
            }
            for _ in 0..round * 4 {
                let (at, waiting) = spool.pop().unwrap().unwrap();
                let expected = due + Duration::from_secs(popped as u64);
                assert!(expected.saturating_duration_since(at) <= Duration::from_millis(1));
                assert_is(&waiting, popped);
                popped += 1;
            }
        }
        while let Some((_, waiting)) = spool.pop().unwrap() {
            assert_is(&waiting, popped);
            popped += 1;
        }
        assert_eq!(pushed, popped);
        assert!(pushed > 5_000 && spool.file.metadata().unwrap().len() == 0);
    }

    #[test]
    fn nothing_of_it_is_seen_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path()).unwrap();
        for n in 0..5_000 {
            spool.push(Instant::now(), &host(n)).unwrap();
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
