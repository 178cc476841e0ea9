//! The patterns of a policy's `mx` fields against the names of MX hosts (RFC 8461 sections 3.2 and 4.1).
//!
//! A pattern is a name, or `*.` and a name; the asterisk stands for exactly one label, the leftmost (section
//! 4.1, which takes it from RFC 6125 section 6.4.3). Case does not matter. Both senders match alike: leniency
//! about a pattern's form lets the *policy* stand, it does not widen what the pattern matches.

use std::borrow::Cow;
use std::net::IpAddr;

/// Why a value is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternFault {
    /// Not `["*."] Domain` (RFC 5321 section 4.1.2): empty, an address, a trailing dot, a URL, a wildcard
    /// elsewhere.
    Invalid,
    /// It has U-labels: its A-label form, which [`a_label`] gives, would be a pattern (RFC 8461 section 3.2).
    ULabel,
}

/// The first pattern that `host` matches; `None` where none does or the host is an address.
///
/// `host` may end with the root's dot and may hold U-labels, which are turned into A-labels first; a pattern
/// may not.
#[must_use]
pub fn first_match<'p, P: AsRef<str>>(host: &str, patterns: &'p [P]) -> Option<&'p str> {
    let host = normal(host)?;
    patterns.iter().map(AsRef::as_ref).find(|pattern| fits(&host, pattern))
}

/// Whether `host` matches `pattern`, as [`first_match`] has it.
#[must_use]
pub fn matches(host: &str, pattern: &str) -> bool {
    normal(host).is_some_and(|host| fits(&host, pattern))
}

fn normal(host: &str) -> Option<Cow<'_, str>> {
    let bare = host.strip_suffix('.').unwrap_or(host);
    if bare.is_empty() || bare.parse::<IpAddr>().is_ok() {
        None
    } else if bare.is_ascii() {
        Some(Cow::Borrowed(bare))
    } else {
        idna::domain_to_ascii(bare).ok().map(Cow::Owned)
    }
}

fn fits(host: &str, pattern: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && !parent.is_empty() && rest.eq_ignore_ascii_case(parent)
        }),
        None => !pattern.contains('*') && host.eq_ignore_ascii_case(pattern),
    }
}

/// Whether a member of an MX set is a host that mail can go to: not the root of a null MX (RFC 7505 section
/// 3), and no name that never exists ([`is_below_invalid`]). Others are not asked for, matched or judged.
#[must_use]
pub fn is_host(name: &str) -> bool {
    name != "." && !is_below_invalid(name)
}

/// Whether a name is `invalid` or below it: it never exists, whoever asks (RFC 6761 section 6.4). `name` is
/// in lower case.
#[must_use]
pub fn is_below_invalid(name: &str) -> bool {
    name.strip_suffix("invalid").is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Whether `value` is a pattern: `sts-policy-mx-value = ["*."] Domain` (RFC 8461 section 3.2).
///
/// Narrower than the ABNF in two points: four numbers between dots are an address, which no certificate names
/// as a host, and labels and names keep the lengths of RFC 1035 section 2.3.4.
///
/// # Errors
/// What is wrong with it.
pub fn check(value: &[u8]) -> Result<(), PatternFault> {
    if is_domain(value.strip_prefix(b"*.").unwrap_or(value)) {
        Ok(())
    } else if a_label(value).is_some() {
        Err(PatternFault::ULabel)
    } else {
        Err(PatternFault::Invalid)
    }
}

/// The A-label form of a pattern that has U-labels; `None` where it has none or is no name even so.
#[must_use]
pub fn a_label(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok().filter(|text| !text.is_ascii())?;
    let (star, name) = match text.strip_prefix("*.") {
        Some(name) => ("*.", name),
        None => ("", text),
    };
    let name = idna::domain_to_ascii(name).ok().filter(|name| is_domain(name.as_bytes()))?;
    Some(format!("{star}{name}"))
}

/// `Domain` of RFC 5321 section 4.1.2.
pub(crate) fn is_domain(name: &[u8]) -> bool {
    let label = |label: &[u8]| {
        label.len() <= 63
            && label.first().is_some_and(u8::is_ascii_alphanumeric)
            && label.last().is_some_and(u8::is_ascii_alphanumeric)
            && label.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.len() <= 253 && name.split(|&b| b == b'.').all(label) && !is_address(name)
}

fn is_address(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(|text| text.parse::<IpAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcard_covers_exactly_one_label() {
        assert!(matches("a.example.com", "*.example.com"));
        assert!(!matches("example.com", "*.example.com"));
        assert!(!matches("a.b.example.com", "*.example.com"));
        assert!(!matches(".example.com", "*.example.com"));
    }

    #[test]
    fn an_address_matches_nothing() {
        assert!(!matches("192.0.2.1", "192.0.2.1"));
        assert!(!matches("192.0.2.1", "*.0.2.1"));
    }

    #[test]
    fn the_root_matches_nothing() {
        for pattern in ["", ".", "*", "*."] {
            assert!(!matches(".", pattern), "{pattern}");
            assert!(!matches("", pattern), "{pattern}");
        }
    }

    #[test]
    fn each_kind_of_bad_pattern_is_told() {
        let long = format!("{}.example", "a".repeat(64));
        for bad in
            ["", "*", "*.", "a..b", ".a", "a.", "-a.b", "a-.b", "a_b.c", "192.0.2.1", "http://a.b", &long]
        {
            assert_eq!(check(bad.as_bytes()), Err(PatternFault::Invalid), "{bad}");
        }
        assert_eq!(check("*.ñaca.com".as_bytes()), Err(PatternFault::ULabel));
        assert_eq!(a_label("*.ñaca.com".as_bytes()).as_deref(), Some("*.xn--aca-6ma.com"));
        assert_eq!(check("a.b\u{a0}".as_bytes()), Err(PatternFault::Invalid));
        for good in ["localhost", "*.com", "A.B-c.1", "xn--aca-6ma.com"] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_checked_without_panic(value: Vec<u8>, host: String, pattern: String) {
            let _ = check(&value);
            let _ = matches(&host, &pattern);
        }

        #[test]
        fn case_never_matters(host in "[a-zA-Z0-9.-]{1,20}", pattern in "(\\*\\.)?[a-zA-Z0-9.-]{1,20}") {
            let plain = matches(&host, &pattern);
            prop_assert_eq!(plain, matches(&host.to_ascii_uppercase(), &pattern.to_ascii_lowercase()));
            prop_assert_eq!(plain, matches(&host.to_ascii_lowercase(), &pattern.to_ascii_uppercase()));
        }

        #[test]
        fn a_wildcard_never_crosses_a_label(labels in prop::collection::vec("[a-c]{1,2}", 1..5), parent in prop::collection::vec("[a-c]{1,2}", 1..4)) {
            let (host, parent) = (labels.join("."), parent.join("."));
            let one_more = labels.len() == parent.split('.').count() + 1;
            let expected = one_more && labels[1..].join(".") == parent;
            prop_assert_eq!(matches(&host, &format!("*.{parent}")), expected);
        }
    }
}
