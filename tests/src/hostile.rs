//! The page about hostile peers, `docs/hostile-peers.md`: what each can do, what limits it, and which test
//! shows it.

use crate::contract::Contract;
use crate::situation::{self, Bound, Peer};
use anyhow::Result;
use std::fmt::Write as _;

/// The width of the page.
const WIDTH: usize = 110;

const INTRODUCTION: &str = "\
# Hostile peers

<!-- Made by `sts-lab hostile > docs/hostile-peers.md` from tests/worlds; a test compares. -->

A peer that answers a scan may mean harm. Its cost is bounded by a setting of the plan (`deadlines.…`,
`pace.…`), by a constant beside its user (in capitals), or by a library (in brackets); the result is a row
like any other. Each world below is a file of `tests/worlds`, played and graded with all others; the tests
named beside it show the bound itself. `scripts/soak` puts all of these worlds, a fifth of the names, into one
long scan.
";

/// The whole page.
///
/// # Errors
/// A world that cannot be read.
pub fn page() -> Result<String> {
    let mut entries: Vec<(Option<String>, String, Bound)> = Vec::new();
    for (name, situation) in situation::load_all(&Contract::load()?)? {
        if let Some(bound) = situation.bound {
            entries.push((Some(name), situation.about, bound));
        }
    }
    for one in situation::unplayed()? {
        let bound = Bound { peer: one.peer, by: one.by, shown_by: one.shown_by };
        entries.push((None, one.about, bound));
    }
    let mut page = String::from(INTRODUCTION);
    for peer in Peer::ALL {
        let _ = writeln!(page, "\n## {}\n", heading(peer));
        for (world, about, bound) in entries.iter().filter(|(_, _, bound)| bound.peer == peer) {
            let world = world.as_ref().map(|name| format!("`{name}`: ")).unwrap_or_default();
            let tests: Vec<String> = bound.shown_by.iter().map(|test| format!("`{test}`")).collect();
            paragraph(&mut page, "- ", &format!("{world}{about}."));
            paragraph(&mut page, "  ", &format!("*Bound:* {}.", bound.by));
            if !tests.is_empty() {
                paragraph(&mut page, "  ", &format!("*Shown by* {}.", tests.join(", ")));
            }
        }
    }
    Ok(page)
}

const fn heading(peer: Peer) -> &'static str {
    match peer {
        Peer::Resolver => "Resolvers, and whoever answers in their place",
        Peer::PolicyHost => "Policy hosts",
        Peer::MxHost => "MX hosts",
        Peer::Any => "All of them",
    }
}

/// Appends the text, wrapped, its first line behind `begin` and the others indented as far.
fn paragraph(page: &mut String, begin: &str, text: &str) {
    let mut line = String::from(begin);
    for word in text.split(' ') {
        if line.len() > begin.len() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(page, "{line}");
            line = " ".repeat(begin.len());
        }
        if line.len() > begin.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(page, "{line}");
}
