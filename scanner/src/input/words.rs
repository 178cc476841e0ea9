//! What columns are called in lists: the names that stand for the domain, and those that stand for the rank.

use super::form::Form;

/// The column that is taken wherever it is there.
pub(super) const DOMAIN: &str = "domain";

/// Columns that are taken where only one of them is there, as [`plain`] writes them, and how they hold names.
const SYNONYMS: [(&str, Form); 9] = [
    ("domainname", Form::Host),
    ("hostname", Form::Host),
    ("host", Form::Host),
    ("fqdn", Form::Host),
    ("name", Form::Host),
    ("origin", Form::Host),
    ("url", Form::Host),
    // Common Crawl.
    ("hostrev", Form::Reversed),
    ("domainrev", Form::Reversed),
];

/// Further words that stand over a column of names, where it is the only one.
const HEADERS: [&str; 9] =
    ["domains", "hosts", "hostnames", "names", "origins", "urls", "site", "sites", "website"];

/// Columns with ranks, the best first.
const RANKS: [&str; 6] = ["rank", "globalrank", "trancorank", "domainrank", "position", "harmoniccpos"];

/// A column that is a rank only where its numbers are those of the rows.
pub(super) const INDEX: &str = "index";

/// A column's name as it is compared: lower case, letters and digits alone, so that `Domain Name`,
/// `domain_name` and R's `Domain.Name` are one. A dot in lower case stays: `domain.name` is a domain.
pub(super) fn plain(name: &str) -> String {
    let keeps_dots = !(name.contains(char::is_lowercase) && name.contains(char::is_uppercase));
    let letters = name.chars().filter(|c| c.is_alphanumeric() || *c == '.' && keeps_dots);
    letters.flat_map(char::to_lowercase).collect()
}

/// How a column of this name holds names, where it may be taken for that.
pub(super) fn synonym(name: &str) -> Option<Form> {
    let name = plain(name);
    SYNONYMS.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
}

/// Whether the name stands over a column of domain names.
pub(super) fn is_header(name: &str) -> bool {
    let plain = plain(name);
    plain == DOMAIN || synonym(name).is_some() || HEADERS.contains(&plain.as_str())
}

/// Whether the name stands over ranks.
pub(super) fn is_rank(name: &str) -> bool {
    RANKS.contains(&plain(name).as_str())
}

/// Which of the columns holds the ranks.
pub(super) fn rank_among<'n>(names: &(impl Iterator<Item = &'n str> + Clone)) -> Option<usize> {
    RANKS.iter().find_map(|known| names.clone().position(|name| plain(name) == *known))
}

/// Where the names of a table with named columns stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// Here.
    At(usize, Form),
    /// In one of these, which nothing tells apart.
    OneOf(Vec<usize>),
    /// No column has a known name.
    Nowhere,
}

/// Finds the column with the names; `plausible` says whether a column that is merely called like one holds
/// any.
pub(super) fn domain_among<'n>(
    names: impl Iterator<Item = &'n str> + Clone,
    plausible: impl Fn(usize, Form) -> bool,
) -> Named {
    if let Some(at) = names.clone().position(|name| plain(name) == DOMAIN) {
        return Named::At(at, Form::Name);
    }
    let called: Vec<(usize, Form)> =
        names.enumerate().filter_map(|(at, name)| Some((at, synonym(name)?))).collect();
    let holding: Vec<(usize, Form)> = called.into_iter().filter(|(at, form)| plausible(*at, *form)).collect();
    match holding.as_slice() {
        [] => Named::Nowhere,
        [(at, form)] => Named::At(*at, *form),
        several => Named::OneOf(several.iter().map(|(at, _)| *at).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &[&str]) -> Named {
        domain_among(names.iter().copied(), |_, _| true)
    }

    #[test]
    fn the_column_with_the_names_is_found_by_its_name() {
        assert_eq!(find(&["rank", "Domain", "url"]), Named::At(1, Form::Name));
        assert_eq!(find(&["1", "domain.name"]), Named::Nowhere);
        for name in ["Domain Name", "domain_name", "domainName", "Domain.Name", "HOST", "fqdn", "origin"] {
            assert_eq!(find(&["x", name]), Named::At(1, Form::Host), "{name}");
        }
        assert_eq!(find(&["#harmonicc_pos", "#host_rev"]), Named::At(1, Form::Reversed));
        assert_eq!(find(&["host", "url"]), Named::OneOf(vec![0, 1]));
        assert_eq!(find(&["tld", "name.x", "host"]), Named::At(2, Form::Host));
        assert_eq!(find(&["Nom de domaine", "Pays"]), Named::Nowhere);
    }

    #[test]
    fn ranks_are_found_by_their_name() {
        for (names, at) in [
            (&["rank", "domain"][..], Some(0)),
            (&["TldRank", "GlobalRank", "Domain"], Some(1)),
            (&["domain", "tranco_rank"], Some(1)),
            (&["position", "domain"], Some(0)),
            (&["domain", "Open Page Rank"], None),
            (&["#harmonicc_pos", "#harmonicc_val", "#pr_pos", "#host_rev"], Some(0)),
        ] {
            assert_eq!(rank_among(&names.iter().copied()), at, "{names:?}");
        }
    }
}
