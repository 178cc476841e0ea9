//! Runtimes, threads and tasks: the only place that starts them (`clippy.toml` forbids it elsewhere), so that
//! nothing of ours outlives its purpose.

use crate::fault::LocalFault;
use std::io;
use std::thread::{JoinHandle, Scope, ScopedJoinHandle};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

/// Threads that ask the DNS about names of the list: one per core. The thread of the contacts asks too.
#[must_use]
pub fn dns_workers() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A runtime for the thread that it is driven by.
///
/// # Errors
/// This machine has no descriptors for it.
pub fn runtime() -> Result<tokio::runtime::Runtime, LocalFault> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| LocalFault::Os { doing: "start a runtime", source })
}

/// Starts a task of a set: it ends with the set.
#[allow(clippy::disallowed_methods, reason = "this is the place")]
pub fn spawn<T: Send + 'static>(set: &mut JoinSet<T>, task: impl Future<Output = T> + Send + 'static) {
    set.spawn(task);
}

/// Starts a task that a tracker waits for.
#[allow(clippy::disallowed_methods, reason = "this is the place")]
pub fn track(tracker: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
    drop(tracker.spawn(task));
}

/// Runs what blocks on a thread of the runtime's own, and waits for it; `None` where it panicked.
#[allow(clippy::disallowed_methods, reason = "this is the place")]
pub async fn unblocked<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// Starts a thread of a scope under a name.
///
/// # Errors
/// This machine has no thread for it.
pub fn scoped<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, LocalFault> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work);
    started.map_err(|source| LocalFault::Os { doing: "start a thread", source })
}

/// Starts a thread under a name; the holder of its handle waits for it.
///
/// # Errors
/// This machine has no thread for it.
#[allow(clippy::disallowed_methods, reason = "this is the place")]
pub fn thread<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}
