//! Versions of the tables' layout.

use super::columns::SCHEMA_VERSION;
use std::fmt;

/// A version of the tables' layout. A minor version adds columns and words; a reader refuses another major
/// version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layout {
    /// What a reader must know.
    pub major: u32,
    /// What an older reader may pass over.
    pub minor: u32,
}

impl Layout {
    /// The layout of a version as the manifest has it, `major.minor`; `None` where it is none.
    #[must_use]
    pub fn parse(version: &str) -> Option<Self> {
        let (major, minor) = version.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// The layout that this program writes.
    #[must_use]
    pub fn current() -> Self {
        // A test holds the constant to its form.
        Self::parse(SCHEMA_VERSION).unwrap_or(Self { major: 0, minor: 0 })
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_two_numbers_and_a_later_one_is_greater() {
        assert_eq!(Layout::current().to_string(), SCHEMA_VERSION);
        assert!(Layout::parse("1.10") > Layout::parse("1.9"));
        for none in ["", "1", "1.x", "one.two", "1.2.3"] {
            assert_eq!(Layout::parse(none), None, "{none}");
        }
    }
}
