//! Servers as processes of ours: raised, waited for, and ended whatever becomes of the test.

use crate::program;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to be there or to be gone: far more than any takes, so that a slow machine
/// fails no test.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked for.
const GLANCE: Duration = Duration::from_millis(20);

/// A server, ended with everything that it started when this is dropped, so after a failure too.
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a server that stays in the foreground. What it says goes to `log`.
    ///
    /// It leads a process group of its own, which is what is ended; should the test itself be killed, the
    /// system ends it.
    pub(crate) fn start(name: &'static str, line: &[&str], cwd: &Path, log: &Path) -> Self {
        let said = File::create(log).unwrap();
        let child = Command::new(program("setpriv", "util-linux"))
            .args(["--pdeathsig", "TERM", "--"])
            .args(line)
            .current_dir(cwd)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap_or_else(|fault| panic!("{name} does not start: {fault}"));
        Self { name, child, log: log.to_owned() }
    }

    /// Waits until the server answers.
    pub(crate) fn ready(mut self, answers: impl Fn() -> bool) -> Self {
        let deadline = Instant::now() + PATIENCE;
        while !answers() {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{} ended with {status}:\n{}", self.name, self.said());
            }
            assert!(Instant::now() < deadline, "{} does not answer:\n{}", self.name, self.said());
            std::thread::sleep(GLANCE);
        }
        self
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    fn is_gone_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(GLANCE);
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = kill_process_group(group, Signal::TERM);
        if !self.is_gone_within(Duration::from_secs(5)) {
            let _ = kill_process_group(group, Signal::KILL);
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- {} said:\n{}", self.name, self.said());
        }
    }
}

/// Whether somebody takes connections there.
pub(crate) fn listens(at: SocketAddr) -> bool {
    TcpStream::connect_timeout(&at, Duration::from_secs(1)).is_ok()
}

/// A port that is free on every loopback address for UDP and TCP, below the range that systems take for
/// outgoing connections.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id() as u64 * 61;
    for _ in 0..1_000 {
        let turn = u64::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + u16::try_from((start + turn) % 20_000).unwrap();
        let at = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        if TcpListener::bind(at).is_ok() && UdpSocket::bind(at).is_ok() {
            return port;
        }
    }
    panic!("no free port between 10000 and 30000");
}
