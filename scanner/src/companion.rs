//! A thread that runs beside a scan and ends with it: progress, status file, metrics.

use crate::runtime;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A thread of its own that is told to end, and waited for, when this is dropped.
pub struct Companion {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a companion is told its end by.
pub struct End(mpsc::Receiver<()>);

impl End {
    /// Waits so long, or until the end; whether the scan still runs.
    #[must_use]
    pub fn is_not_within(&self, wait: Duration) -> bool {
        self.0.recv_timeout(wait) == Err(RecvTimeoutError::Timeout)
    }
}

impl Companion {
    /// Begins it, its thread under this name.
    ///
    /// # Errors
    /// This machine has no thread for it.
    pub fn start(name: &str, work: impl FnOnce(&End) + Send + 'static) -> io::Result<Self> {
        let (end, ended) = mpsc::channel();
        let thread = runtime::thread(name, move || work(&End(ended)))?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
