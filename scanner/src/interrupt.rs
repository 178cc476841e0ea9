//! Ctrl-C, SIGTERM, and SIGHUP of a terminal that is lost: the first ends the scan in order, the second at once.

use crate::runtime;
use crate::terminal::tell;
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::task::Poll;
use tokio::signal::unix::{Signal, SignalKind, signal};
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
    let (mut ends, too_large) = {
        let _entered = listening.enter();
        // Without a handler the kernel ends a process that writes beyond its `ulimit -f`; with one the write fails, as on a
        // full disk.
        let too_large = signal(SignalKind::from_raw(libc::SIGXFSZ))?;
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        (kinds.into_iter().map(signal).collect::<io::Result<Vec<_>>>()?, too_large)
    };
    let handled = move || {
        let _handled = too_large;
        listening.block_on(async {
            any(&mut ends).await;
            tell("stopping: what runs is finished and committed; once more to stop at once");
            stop.cancel();
            any(&mut ends).await;
            tell(&format!("stopped at once; continue with `sts-scan resume {output}`"));
            std::process::exit(RESUMABLE);
        });
    };
    runtime::thread("signals", handled)?;
    Ok(token)
}

async fn any(ends: &mut [Signal]) {
    poll_fn(|cx| match ends.iter_mut().any(|end| end.poll_recv(cx).is_ready()) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}
