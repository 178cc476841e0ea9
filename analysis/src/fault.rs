//! What can go wrong here, told so that a person knows the way out.

use std::fmt::Display;
use std::path::Path;

/// Why no answer could be given.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// What was asked for cannot be done: a folder that is no dataset, a query that does not parse.
    #[error("{0}")]
    Usage(String),
    /// A query reads what the publisher of a dataset has left out.
    #[error("{0}")]
    Withheld(String),
    /// This machine failed: a file cannot be read or written, memory or disk ran out.
    #[error("{0}")]
    Local(String),
}

impl Fault {
    /// The exit code of a binary: 2 for usage, 4 for a local fault.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Withheld(_) => 2,
            Self::Local(_) => 4,
        }
    }

    /// A file or folder that could not be read or written; `verb` says which.
    pub(crate) fn file(verb: &str, path: &Path, cause: impl Display) -> Self {
        Self::Local(format!("cannot {verb} {}: {cause}", path.display()))
    }

    /// The query engine failed at something that the user did not write.
    pub(crate) fn engine(doing: &str, cause: impl Display) -> Self {
        Self::Local(format!("cannot {doing}: {cause}"))
    }
}
