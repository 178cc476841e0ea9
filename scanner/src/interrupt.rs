//! Ctrl-C and SIGTERM: the first ends the scan in order, the second at once.

use crate::runtime;
use std::io;
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The code of a scan that was interrupted and can be resumed.
const RESUMABLE: i32 = 3;

/// A token that the first signal cancels; the second ends the process, which leaves what was committed whole.
///
/// # Errors
/// The signals cannot be watched.
pub fn watch(output: &Path) -> io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let stop = token.clone();
    let output = output.display().to_string();
    let listening = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate, too_large) = {
        let _entered = listening.enter();
        // Without a handler the kernel ends a process that writes beyond its `ulimit -f`; with one the write fails, as on a
        // full disk.
        let too_large = signal(SignalKind::from_raw(libc::SIGXFSZ))?;
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, too_large)
    };
    let handled = move || {
        let _handled = too_large;
        listening.block_on(async {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            say("stopping: what runs is finished and committed; once more to stop at once");
            stop.cancel();
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            say(&format!("stopped at once; continue with `sts-scan resume {output}`"));
            std::process::exit(RESUMABLE);
        });
    };
    runtime::thread("signals", handled)?;
    Ok(token)
}

#[allow(clippy::print_stderr, reason = "the answer to a key that was pressed")]
fn say(what: &str) {
    eprintln!("{what}");
}
