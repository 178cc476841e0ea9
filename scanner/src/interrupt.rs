//! Ctrl-C, SIGTERM and a terminal that is lost: the first ends the scan in order, the second at once.

use crate::runtime;
use crate::terminal::tell;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The code of a scan that was interrupted and can be resumed.
const RESUMABLE: i32 = 3;

/// How long a further SIGHUP is the same one: where a terminal is lost the kernel sends one and the shell
/// another, 1 ms later where it was tried with bash, and that is no "once more".
const ONE_HANGUP: Duration = Duration::from_secs(2);

/// A token that the first signal cancels; the second ends the process, which leaves what was committed whole.
/// SIGHUP is one of them, unless it was ignored when the program began (`nohup`).
///
/// # Errors
/// The signals cannot be watched.
pub fn watch(output: &Path) -> io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let stop = token.clone();
    let output = output.display().to_string();
    let listening = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut signals, too_large) = {
        let _entered = listening.enter();
        // Without a handler the kernel ends a process that writes beyond its `ulimit -f`; with one the write
        // fails, as on a full disk.
        (Signals::new()?, signal(SignalKind::from_raw(libc::SIGXFSZ))?)
    };
    let handled = move || {
        let _handled = too_large;
        listening.block_on(async {
            signals.next().await;
            tell("stopping once running work is finished and committed; a second signal stops at once");
            stop.cancel();
            signals.next().await;
            tell(&format!("stopped at once; continue with `sts-scan resume {output}`"));
            std::process::exit(RESUMABLE);
        });
    };
    runtime::thread("signals", handled)?;
    Ok(token)
}

/// The signals by which an operator says that it is enough.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` where it is ignored.
    hangup: Option<Signal>,
    hung_up: Option<Instant>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hangup = (!is_hangup_ignored(&status)).then(|| signal(SignalKind::hangup())).transpose()?;
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hangup, hung_up: None })
    }

    async fn next(&mut self) {
        let Self { interrupt, terminate, hangup, hung_up } = self;
        loop {
            let hangup = async {
                match hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = interrupt.recv() => return,
                _ = terminate.recv() => return,
                _ = hangup => {}
            }
            let before = hung_up.replace(Instant::now());
            if before.is_none_or(|before| before.elapsed() > ONE_HANGUP) {
                return;
            }
        }
    }
}

/// Whether SIGHUP is ignored, by what the kernel tells of a process (`SigIgn` of proc(5), a bit a signal);
/// false where it does not tell. The call that asks for it is `unsafe`.
fn is_hangup_ignored(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (libc::SIGHUP - 1)) != 0)
}

#[cfg(test)]
mod tests {
    use super::is_hangup_ignored;

    #[test]
    fn nohup_is_seen_and_other_ignored_signals_are_not_taken_for_it() {
        assert!(is_hangup_ignored("Name:\tsts-scan\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"));
        assert!(!is_hangup_ignored("SigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!is_hangup_ignored(""));
    }
}
