//! Faults on our side. Whatever a remote party does is an outcome in a row, never one of these.

use std::io;

/// Our own failure: no row is written, and the work is done again on resume.
#[derive(Debug, thiserror::Error)]
pub enum LocalFault {
    /// The operating system refused us something: descriptors, buffers, addresses, permission.
    #[error("cannot {doing}: {source}")]
    Os {
        /// What was being done.
        doing: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// A library could not be set up for what was asked of it.
    #[error("cannot {doing}: {reason}")]
    Setup {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        reason: String,
    },
}

/// Why a name or host has no evidence: it is done again on resume.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// We failed.
    #[error(transparent)]
    Fault(#[from] LocalFault),
    /// The scan was stopped before its turn came.
    #[error("the scan was stopped")]
    Stopped,
    /// An exclusion file names it: it is counted, and never done.
    #[error("an exclusion file names it")]
    Excluded,
}

impl LocalFault {
    /// Whether it may be the network of this machine that is away, rather than a want of something.
    #[must_use]
    pub fn is_of_network(&self) -> bool {
        let away = [libc::EADDRNOTAVAIL, libc::ENETDOWN, libc::ENETUNREACH, libc::EHOSTUNREACH];
        matches!(self, Self::Os { source, .. } if source.raw_os_error().is_some_and(|code| away.contains(&code)))
    }

    /// The fault behind an error of a socket; `None` where it tells of the remote party or of the way there.
    ///
    /// ENETUNREACH and EHOSTUNREACH tell of the way, and so does EACCES: ICMPv6 "administratively prohibited"
    /// arrives as that.
    #[must_use]
    pub fn of_io(doing: &'static str, err: &io::Error) -> Option<Self> {
        let code = err.raw_os_error()?;
        let local = [
            libc::EMFILE,
            libc::ENFILE,
            libc::ENOBUFS,
            libc::ENOMEM,
            libc::EADDRNOTAVAIL,
            libc::EAFNOSUPPORT,
            libc::ENETDOWN,
            // A packet filter of this machine that rejects what we send.
            libc::EPERM,
        ];
        local.contains(&code).then(|| Self::Os { doing, source: io::Error::from_raw_os_error(code) })
    }
}

#[cfg(test)]
mod tests {
    use super::LocalFault;
    use std::io;

    #[test]
    fn too_many_files_is_ours_and_no_route_is_not() {
        let of = |code| LocalFault::of_io("connect", &io::Error::from_raw_os_error(code)).is_some();
        assert!(of(libc::EMFILE));
        assert!(of(libc::EADDRNOTAVAIL));
        assert!(!of(libc::ENETUNREACH));
        assert!(!of(libc::EACCES));
        assert!(!of(libc::ECONNREFUSED));
        assert!(LocalFault::of_io("connect", &io::Error::from(io::ErrorKind::UnexpectedEof)).is_none());
    }
}
