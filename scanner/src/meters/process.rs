//! What this process takes of the machine, as the kernel says it.

use serde::Serialize;

/// Memory and descriptors; `None` where the kernel does not say (there is no `/proc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Process {
    /// Resident memory, bytes.
    pub rss_bytes: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
}

impl Process {
    /// As it is now.
    #[must_use]
    pub fn now() -> Self {
        Self { rss_bytes: resident(), fds: descriptors() }
    }
}

fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
}

fn descriptors() -> Option<u64> {
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    // One of them is the folder that is being read.
    Some(open.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    #[test]
    fn a_file_that_is_opened_is_counted() {
        let now = Process::now();
        assert!(now.rss_bytes.unwrap() > 1 << 20, "{now:?}");
        let held: Vec<std::fs::File> =
            (0..50).map(|_| std::fs::File::open("/proc/self/status").unwrap()).collect();
        // Other tests of this process open and close files too.
        assert!(Process::now().fds.unwrap() + 40 > now.fds.unwrap() + held.len() as u64);
        assert!(Process::now().fds.unwrap() >= 50);
    }
}
