//! The DNS tree walk (RFC 9989 section 4.10) as policy discovery takes it (section 4.10.1): where to ask
//! beside the name itself, and which of the records found applies.

use super::Psd;

/// Names that are asked beside the name itself: with it eight at most.
const ABOVE: usize = 7;

/// Where to look when no record stands at `name`, from the longest to the top-level domain. A name of more
/// than eight labels is shortened to seven at once (step 4).
pub fn above(name: &str) -> impl Iterator<Item = &str> {
    let labels = name.split('.').count();
    let shorter = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]);
    shorter.skip(labels.saturating_sub(ABOVE + 1))
}

/// Whether the walk ends at a record: it says whose domain it is (steps 2 and 6).
#[must_use]
pub const fn ends(psd: Psd) -> bool {
    matches!(psd, Psd::Yes | Psd::No)
}

/// Which of the records found above a name, from the longest name to the shortest, applies to it: its index.
/// `None` where there is none.
///
/// That is the record of the organizational domain, else of the public suffix. The organizational domain is
/// the one with `psd=n`; or one label below that with `psd=y`; or the shortest with a record (section
/// 4.10.2). A walk ends at the first two, so they are last.
#[must_use]
pub fn applies(found: &[(&str, Psd)]) -> Option<usize> {
    let (&(top, psd), before) = found.split_last()?;
    if psd == Psd::Yes
        && let Some((next, _)) = before.last()
        && next.split('.').count() == top.split('.').count() + 1
    {
        return Some(before.len() - 1);
    }
    Some(before.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Psd::{No, Unknown, Yes};

    fn asked(name: &str) -> Vec<&str> {
        above(name).collect()
    }

    /// Section 4.10, its own example.
    #[test]
    fn a_long_name_is_shortened_to_seven_labels_at_once() {
        assert_eq!(
            asked("a.b.c.d.e.f.g.h.i.j.mail.example.com"),
            [
                "g.h.i.j.mail.example.com",
                "h.i.j.mail.example.com",
                "i.j.mail.example.com",
                "j.mail.example.com",
                "mail.example.com",
                "example.com",
                "com",
            ]
        );
    }

    #[test]
    fn eight_labels_are_asked_one_by_one_and_nine_skip_one() {
        let eight = "a.b.c.d.e.f.example.com";
        assert_eq!((asked(eight).len(), asked(eight)[0]), (7, "b.c.d.e.f.example.com"));
        let nine = "z.a.b.c.d.e.f.example.com";
        assert_eq!((asked(nine).len(), asked(nine)[0]), (7, "b.c.d.e.f.example.com"));
        assert_eq!(asked("example.com"), ["com"]);
        assert_eq!(asked("com"), [""; 0]);
    }

    #[test]
    fn the_shortest_name_with_a_record_is_the_organization() {
        assert_eq!(applies(&[]), None);
        assert_eq!(applies(&[("mail.example.com", Unknown), ("example.com", Unknown)]), Some(1));
    }

    #[test]
    fn a_record_with_psd_n_is_that_of_the_organization() {
        assert_eq!(applies(&[("a.mail.example.com", Unknown), ("mail.example.com", No)]), Some(1));
    }

    /// Appendix B.4.3: `mail.giant.bank.example` and `mail.mega.bank.example`.
    #[test]
    fn below_a_public_suffix_the_organization_goes_before_it_and_nobody_else() {
        assert_eq!(applies(&[("giant.bank.example", Unknown), ("bank.example", Yes)]), Some(0));
        assert_eq!(applies(&[("bank.example", Yes)]), Some(0));
        // The organization is mega.bank.example, which has no record: that further down is not asked for.
        assert_eq!(applies(&[("mail.mega.bank.example", Unknown), ("bank.example", Yes)]), Some(1));
    }

    #[test]
    fn a_walk_ends_where_a_record_says_whose_domain_it_is() {
        assert_eq!([Yes, No, Unknown].map(ends), [true, true, false]);
    }
}
