//! What a user says of how the lists are read, where their content does not say it.

use std::sync::Arc;

/// How lists are read; the default leaves it to their content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// The column with the names, by its name or (of a table without a header) its number from 1.
    pub column: Option<Arc<str>>,
    /// Whether order is rank: of a plain list each place, of a table without a header any whole number.
    pub ranked: bool,
    /// Whether a list is taken of which most names end in no suffix that is known.
    pub any_suffix: bool,
    /// Whether the name servers are wanted that a list has for its names.
    pub delegations: bool,
    /// Whether there is one list only, so that it must have that column.
    pub alone: bool,
}
