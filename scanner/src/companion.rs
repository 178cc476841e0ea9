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

/// Tells a companion to stop.
pub struct StopSignal(mpsc::Receiver<()>);

impl StopSignal {
    /// Waits this long, or until the signal comes; whether the scan still runs.
    #[must_use]
    pub fn stays_off_for(&self, wait: Duration) -> bool {
        self.0.recv_timeout(wait) == Err(RecvTimeoutError::Timeout)
    }
}

impl Companion {
    /// Begins it, its thread under this name.
    ///
    /// # Errors
    /// This machine has no thread for it.
    pub fn start(name: &str, work: impl FnOnce(&StopSignal) + Send + 'static) -> io::Result<Self> {
        let (end, ended) = mpsc::channel();
        let thread = runtime::thread(name, move || work(&StopSignal(ended)))?;
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
