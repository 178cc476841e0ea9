//! Why a scan cannot begin or go on.

use crate::admission::ExclusionError;
use crate::dataset::layout::Layout;
use crate::dataset::lock::LockError;
use crate::dataset::read::ReadError;
use crate::dataset::whole::NotWhole;
use crate::dataset::writer::{Committed, WriteError};
use crate::fault::LocalFault;
use crate::input::InputError;
use crate::plan::PlanError;
use crate::tls::TrustError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a scan cannot begin or go on; says what was found and the way out.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The lists.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The exclusion files.
    #[error(transparent)]
    Exclusion(#[from] ExclusionError),
    /// The plan does not go with this machine.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The trusted roots.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The intermediate certificates that the judgement before was drawn with.
    #[error("the dataset was assessed with the certificates in a file {} (SHA-256 {sha256}), which is not here: give that file with --intermediates FILE, or do without with --intermediates none", path.display())]
    Intermediates {
        /// The file.
        path: PathBuf,
        /// Its SHA-256.
        sha256: String,
    },
    /// The network lets nobody ask authoritative servers.
    #[error(
        "authoritative servers cannot be asked from here: {0}. Ask a resolver: --resolver system, or --resolver ADDR"
    )]
    Closed(String),
    /// What the DNS says is not what stands in it.
    #[error(
        "the scan does not begin: {0}. Is this a network that asks for a login first, or a resolver that filters? `[scan] controls` names them (--controls)"
    )]
    Controls(String),
    /// A resolver bears few questions at once.
    #[error(
        "resolver {resolver} answers only {bears} of {questions} questions at once, too few for a scan: leave --resolver out, take unbound with scripts/unbound.conf, or give it more places (dnsmasq: dns-forward-max=10000)"
    )]
    Narrow {
        /// Which.
        resolver: SocketAddr,
        /// How many it answered.
        bears: usize,
        /// How many it was asked.
        questions: usize,
    },
    /// This machine.
    #[error(transparent)]
    Fault(#[from] LocalFault),
    /// The folder holds something.
    #[error("{} already exists: give another -o, or continue with `sts-scan resume {}`", .0.display(), .0.display())]
    Exists(PathBuf),
    /// Another process writes to the folder.
    #[error("{} cannot be used: {why}", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
        /// Who it is, or why there is no lock.
        why: LockError,
    },
    /// The folder holds no scan.
    #[error("{} holds no scan: {why}", path.display())]
    NoScan {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        why: io::Error,
    },
    /// What must not change between runs did.
    #[error("this scan cannot be resumed: {0}. Start a new one with another -o")]
    Changed(String),
    /// A newer version began the scan: it may hold what this one cannot write.
    #[error(
        "this scan was started by {tool} with layout {layout}, this version writes {}: resume it with that version, or start a new one with another -o",
        Layout::current()
    )]
    Newer {
        /// The version that began it.
        tool: String,
        /// Its layout.
        layout: String,
    },
    /// The scan is complete.
    #[error("{} is complete: there is nothing left to do (`sts-scan assess` judges it anew)", .0.display())]
    Complete(PathBuf),
    /// The dataset is not what was written.
    #[error(transparent)]
    NotWhole(#[from] NotWhole),
    /// A committed part cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The dataset cannot be written.
    #[error("{source}")]
    Write {
        /// Why.
        source: WriteError,
        /// What is safe.
        committed: Committed,
    },
    /// The judgement cannot be written.
    #[error("{0}")]
    Judgement(WriteError),
    /// Something of this machine.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A thread of ours broke off: a fault of this program.
    #[error("a part of the scanner crashed; everything committed is intact")]
    Panicked,
}

impl ScanError {
    pub(crate) fn write(source: WriteError, committed: Committed) -> Self {
        Self::Write { source, committed }
    }

    /// Whether what was typed is at fault, rather than this machine.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Input(_)
                | Self::Exclusion(_)
                | Self::Plan(_)
                | Self::Trust(_)
                | Self::Intermediates { .. }
                | Self::Exists(_)
                | Self::Narrow { .. }
                | Self::Locked { why: LockError::Busy(_), .. }
                | Self::NoScan { .. }
                | Self::Changed(_)
                | Self::Newer { .. }
                | Self::Complete(_)
                | Self::NotWhole(_)
        )
    }

    /// What to do about it, where there is more to say.
    #[must_use]
    pub fn hint(&self, output: &std::path::Path) -> Option<String> {
        match self {
            Self::Write { committed, .. } => Some(format!(
                "{} parts ({} rows) are complete; free space and continue with `sts-scan resume {}`",
                committed.parts,
                committed.domains,
                output.display()
            )),
            Self::Judgement(_) => Some(format!(
                "the evidence is committed, and an earlier judgement stays as it was; free space, then `sts-scan assess {0}`, or \
                 `sts-scan resume {0}` if the scan had not ended",
                output.display()
            )),
            Self::NotWhole(why) => Some(why.hint().to_owned()),
            Self::Panicked => Some(format!("continue with `sts-scan resume {}`", output.display())),
            _ => None,
        }
    }
}
