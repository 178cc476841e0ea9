//! What a hostile peer can cost: the table `[bound]` of its world, and `worlds/_bounds.toml` for bounds that
//! no world plays.

use serde::Deserialize;

/// Name of the list without its ending.
pub(super) const FILE: &str = "_bounds";

/// Who may mean harm. The order is that of the page about hostile peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// The resolver, or whoever answers in its place.
    Resolver,
    /// The web server at `mta-sts`.
    PolicyHost,
    /// The mail server.
    MxHost,
    /// Several of them at once.
    Any,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Resolver, Self::PolicyHost, Self::MxHost, Self::Any];
}

/// What limits a peer, and where that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Who it is.
    pub peer: Peer,
    /// What limits it, and what the row then says.
    pub by: String,
    /// The tests that show it, beside the grading of the world; a world may need none.
    pub shown_by: Vec<String>,
}

/// A bound that no world plays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unplayed {
    /// What the peer does, in a line.
    pub about: String,
    /// Who it is.
    pub peer: Peer,
    /// What limits it.
    pub by: String,
    /// The tests that show it.
    pub shown_by: Vec<String>,
}

/// The list, as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) bound: Vec<Unplayed>,
}
