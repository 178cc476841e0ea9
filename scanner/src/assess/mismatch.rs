//! The policy's patterns against the MX set (RFC 8461 section 4.1), and of what kind a mismatch is.

use super::{DomainCase, Found};
use crate::evidence::{Code, MismatchKind};
use crate::mta_sts::mx_pattern;

/// Draws mismatches where a policy is usable and its mode is not none. Gives the kind of mismatch: the first
/// in the order of kinds that fits any pair of an unmatched host and a pattern; `None` where every host
/// matches.
pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) -> Option<MismatchKind> {
    let set = case.mx_to_match();
    let patterns = &case.patterns;
    if set.is_empty() {
        return None;
    }
    let unmatched: Vec<&str> = set
        .iter()
        .map(|mx| mx.host.as_str())
        .filter(|host| mx_pattern::first_match(host, patterns).is_none())
        .collect();
    if unmatched.len() == set.len() {
        found.note(Code::mx_mismatch_all);
    } else if !unmatched.is_empty() {
        found.note(Code::mx_mismatch_some);
    }
    if patterns.iter().any(|pattern| !set.iter().any(|mx| mx_pattern::matches(&mx.host, pattern))) {
        found.note(Code::pattern_unused);
    }
    let lower: Vec<String> = patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
    let pairs = unmatched.iter().flat_map(|host| lower.iter().map(move |pattern| kind(host, pattern)));
    pairs.min()
}

fn kind(host: &str, pattern: &str) -> MismatchKind {
    let parent = pattern.strip_prefix("*.");
    let name = parent.unwrap_or(pattern);
    if name.split('.').any(|label| label == "mta-sts") {
        return MismatchKind::MtaStsLabel;
    }
    let below = parent.and_then(|parent| host.strip_suffix(parent)?.strip_suffix('.'));
    if below.is_some_and(|labels| labels.contains('.')) {
        return MismatchKind::WildcardDepth;
    }
    let has_moved = MOVED.iter().any(|(old, new)| is_at_or_below(name, old) && is_at_or_below(host, new));
    let (Some(host), Some(name)) = (Registrable::of(host), Registrable::of(name)) else {
        return MismatchKind::DifferentDomain;
    };
    match (host.label == name.label, host.suffix == name.suffix) {
        (true, true) => MismatchKind::ThirdLevel,
        (true, false) => MismatchKind::TopLevelOnly,
        (false, _) if edits(host.label, name.label) <= 3 => MismatchKind::Typo,
        (false, _) if has_moved => MismatchKind::ProviderMoved,
        (false, _) => MismatchKind::DifferentDomain,
    }
}

/// Under which name a provider's MX hosts were, and under which they are now.
///
/// Microsoft 365: new domains get hosts below `mx.microsoft` (message MC1048624 of its message centre; the
/// cmdlet Set-AcceptedDomain shows `contoso-com.e-v1.mx.microsoft`), those before have
/// `contoso-com.mail.protection.outlook.com`.
const MOVED: [(&str, &str); 1] = [("mail.protection.outlook.com", "mx.microsoft")];

fn is_at_or_below(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// A registrable domain: a public suffix of the ICANN part of the list, and the label before it.
#[derive(Debug, PartialEq, Eq)]
struct Registrable<'a> {
    label: &'a str,
    suffix: &'a str,
}

impl<'a> Registrable<'a> {
    /// That of a name in lower case; `None` for an address and for a name that is itself a suffix.
    fn of(name: &'a str) -> Option<Self> {
        if name.parse::<std::net::IpAddr>().is_ok() {
            return None;
        }
        let suffix = crate::input::split(name).suffix;
        let label = name.strip_suffix(suffix)?.strip_suffix('.')?.rsplit('.').next()?;
        (!label.is_empty()).then_some(Self { label, suffix })
    }
}

/// Insertions, deletions and substitutions of bytes that make `a` into `b` (Levenshtein). Both are single
/// labels.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn the_first_kind_that_fits_counts() {
        let cases = [
            ("mx.example.com", "mta-sts.example.com", MismatchKind::MtaStsLabel),
            ("mx.example.com", "*.mta-sts.example.com", MismatchKind::MtaStsLabel),
            ("a.b.example.com", "*.example.com", MismatchKind::WildcardDepth),
            ("contoso-com.h-v1.mx.microsoft", "*.mx.microsoft", MismatchKind::WildcardDepth),
            ("example.com", "*.example.com", MismatchKind::ThirdLevel),
            ("mx1.example.co.uk", "mx2.example.co.uk", MismatchKind::ThirdLevel),
            ("mx.example.com", "mx.example.co.uk", MismatchKind::TopLevelOnly),
            ("mx.example.com", "mx.exmaple.com", MismatchKind::Typo),
            ("mx.example.com", "mx.exampel.net", MismatchKind::Typo),
            ("mx.example.com", "mail.provider.net", MismatchKind::DifferentDomain),
            ("a-com.e-v1.mx.microsoft", "a-com.mail.protection.outlook.com", MismatchKind::ProviderMoved),
            ("a-com.e-v1.mx.microsoft", "*.mail.protection.outlook.com", MismatchKind::ProviderMoved),
            ("a-com.mail.protection.outlook.com", "*.e-v1.mx.microsoft", MismatchKind::DifferentDomain),
            (
                "a-com.e-v1.mx.microsoft",
                "mail.protection.outlook.com.example.net",
                MismatchKind::DifferentDomain,
            ),
            ("a.example.co.uk", "b.another.co.uk", MismatchKind::DifferentDomain),
            // The private part of the list makes no registrable domain of its own.
            ("a.github.io", "b.github.io", MismatchKind::ThirdLevel),
            ("192.0.2.1", "192.0.2.example", MismatchKind::DifferentDomain),
            ("mx.example.com", "localhost", MismatchKind::DifferentDomain),
            ("mx.example.com", "*.com", MismatchKind::WildcardDepth),
        ];
        for (host, pattern, expected) in cases {
            assert_eq!(kind(host, pattern), expected, "{host} {pattern}");
        }
    }

    #[test]
    fn edits_are_counted() {
        for (a, b, expected) in [("", "", 0), ("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3)] {
            assert_eq!(edits(a, b), expected, "{a} {b}");
            assert_eq!(edits(b, a), expected, "{b} {a}");
        }
    }
}
