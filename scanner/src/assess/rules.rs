//! Rules of judgement that came with a version of the layout: a dataset of an older layout is judged by what
//! it could know.

use crate::dataset::layout::Layout;

/// A rule that holds from a layout on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The layout with which it came.
    pub since: Layout,
    /// What it says, and what holds for datasets of layouts before.
    pub says: &'static str,
}

const fn since(major: u32, minor: u32) -> Layout {
    Layout { major, minor }
}

/// With this layout hosts without STARTTLS got a second look.
pub const SECOND_LOOK_AT_NOT_OFFERED: Layout = since(1, 3);

/// All of them, in the order in which they came.
pub const RULES: &[Rule] = &[
    Rule {
        since: since(1, 2),
        says: "the column `looks` says how often something was looked at; before, it is counted from the attempts",
    },
    Rule {
        since: since(1, 2),
        says: "a device that masks STARTTLS is starttls_masked; before, such a host is starttls_not_offered",
    },
    Rule {
        since: SECOND_LOOK_AT_NOT_OFFERED,
        says: "no STARTTLS at one look may pass; before, there was one look at it, and it lasts",
    },
    Rule {
        since: since(1, 3),
        says: "a record in quotes is a signal; before, such a domain does not signal",
    },
    Rule {
        since: since(1, 3),
        says: "a secure alias of an insecure MX host has TLSA records of its own; before, its alias was not asked for, and it is insecure",
    },
];

/// The rules that do not hold for a dataset of this layout.
pub fn newer_than(layout: Layout) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.since > layout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_stand_in_the_order_in_which_they_came_and_none_is_of_the_future() {
        assert!(RULES.is_sorted_by_key(|rule| rule.since));
        assert_eq!(newer_than(Layout::current()).count(), 0);
        assert_eq!(newer_than(since(1, 1)).count(), RULES.len());
    }
}
