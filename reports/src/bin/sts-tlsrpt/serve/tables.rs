//! From the spool into the tables, on a thread of its own.

use super::spool::{Spool, received};
use crate::say;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use sts_reports::input::{Form, Origin, Received, ReceivedFrom, unpacked};
use sts_reports::store::{Store, StoreError};

/// Between two commits: each makes a file of every table, and what waits is safe in the spool.
const COMMIT_EVERY: Duration = Duration::from_secs(300);

/// Between two tries where the tables could not be written.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Says that something arrived, or that it is time to stop.
#[derive(Debug, Clone)]
pub(super) struct Bell(SyncSender<Word>);

#[derive(Debug, Clone, Copy)]
enum Word {
    Arrived,
    Stop,
}

impl Bell {
    pub(super) fn ring(&self) {
        // One that rings already is enough.
        match self.0.try_send(Word::Arrived) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

/// The thread.
pub(super) struct Tables {
    bell: Bell,
    thread: JoinHandle<bool>,
}

impl Tables {
    /// Starts it; what is in the spool already is taken first.
    pub(super) fn start(spool: Spool, folder: PathBuf, store: Store) -> io::Result<Self> {
        let (bell, words) = mpsc::sync_channel(1);
        let work = move || Work { spool, folder, store: Some(store) }.run(&words);
        let thread = std::thread::Builder::new().name("tables".to_owned()).spawn(work)?;
        Ok(Self { bell: Bell(bell), thread })
    }

    pub(super) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Takes in what is in the spool, and ends; `false` where that could not be done.
    pub(super) fn stop(self) -> bool {
        let _ = self.bell.0.send(Word::Stop);
        self.thread.join().unwrap_or(false)
    }
}

struct Work {
    spool: Spool,
    folder: PathBuf,
    /// `None` after it failed: it is opened anew, because what it took since its last commit is still in the
    /// spool.
    store: Option<Store>,
}

impl Work {
    fn run(mut self, words: &mpsc::Receiver<Word>) -> bool {
        let mut next = Instant::now();
        loop {
            let left = next.saturating_duration_since(Instant::now());
            let stop = match words.recv_timeout(left) {
                // It is taken at the next commit.
                Ok(Word::Arrived) => continue,
                Ok(Word::Stop) | Err(RecvTimeoutError::Disconnected) => true,
                Err(RecvTimeoutError::Timeout) => false,
            };
            let done = self.take_in();
            if let Err(fault) = &done {
                say(&format!(
                    "error: cannot write to {}: {fault}; reports wait in the spool",
                    self.folder.display()
                ));
                self.store = None;
            }
            if stop {
                return done.is_ok();
            }
            next = Instant::now() + if done.is_ok() { COMMIT_EVERY } else { TRY_AGAIN };
        }
    }

    /// Takes the spool's files, commits, and only then removes them.
    fn take_in(&mut self) -> Result<(), StoreError> {
        let files = self.spool.whole()?;
        if files.is_empty() {
            return Ok(());
        }
        let store = match &mut self.store {
            Some(store) => store,
            none => none.insert(Store::open(&self.folder)?),
        };
        for file in &files {
            one(store, file)?;
        }
        store.commit()?;
        for file in &files {
            fs::remove_file(file)?;
        }
        Ok(())
    }
}

fn one(store: &mut Store, file: &Path) -> Result<(), StoreError> {
    let body = fs::read(file)?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let source = format!("upload/{name}");
    let form = if body.starts_with(&[0x1F, 0x8B]) { Form::Gzip } else { Form::Json };
    let received = received(file).map(|at| Received { at, from: ReceivedFrom::Upload });
    match unpacked(body) {
        Ok(text) => store.take(&text, &Origin { source, form, received, announced: None }).map(drop),
        Err(reason) => store.reject(&source, reason.as_str()),
    }
}
