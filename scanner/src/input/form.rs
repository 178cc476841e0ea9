//! How an entry holds its name: as it stands, as the host of a URL, or with its labels reversed.

use super::bad::BadEntry;
use super::name;
use super::source::RawEntry;
use std::borrow::Cow;

/// How the entries of a list hold their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Form {
    /// The entry is the name.
    #[default]
    Name,
    /// The entry is a URL, an origin or `host:port`, or a name.
    Host,
    /// The labels stand in reverse, as in Common Crawl's files: `com.example.www`.
    Reversed,
}

impl Form {
    /// What messages and the manifest add to the place that the names are taken from.
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::Name => "",
            Self::Host => ", URLs cut to their host",
            Self::Reversed => ", labels reversed",
        }
    }
}

/// A name that was found in an entry.
pub(super) struct Found {
    /// Normalised.
    pub(super) name: String,
    /// Whether `*.` was taken off.
    pub(super) is_wildcard: bool,
}

/// The name in a raw entry.
pub(super) fn name_in(raw: &RawEntry, form: Form) -> Result<Found, BadEntry> {
    if let Some(refusal) = raw.refusal {
        return Err(refusal);
    }
    let text = std::str::from_utf8(&raw.text).map_err(|_| BadEntry::NotUtf8)?;
    name_of(text, form)
}

/// The name in a text. Certificates hold wildcards: what is below one is its domain.
pub(super) fn name_of(text: &str, form: Form) -> Result<Found, BadEntry> {
    let held: Cow<'_, str> = match form {
        Form::Name => text.into(),
        Form::Host => host(text.trim()).into(),
        Form::Reversed => text.trim().trim_end_matches('.').rsplit('.').collect::<Vec<_>>().join(".").into(),
    };
    match held.trim_start().strip_prefix("*.") {
        Some(below) => Ok(Found { name: name::normalise(below)?, is_wildcard: true }),
        None => Ok(Found { name: name::normalise(&held)?, is_wildcard: false }),
    }
}

/// The host of a URL (RFC 3986 section 3.2), of an origin, or of `host:port`; any other text as it is.
fn host(text: &str) -> &str {
    let after = text.split_once("://").map_or(text, |(_, after)| after);
    let after = after.strip_prefix("//").unwrap_or(after);
    let authority = after.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let authority = match authority.rsplit_once('@') {
        // A mail address is none, so only what has a scheme can have a user.
        Some((_, host)) if text.contains("://") => host,
        _ => authority,
    };
    if let Some(end) = authority.find(']').filter(|_| authority.starts_with('[')) {
        return &authority[..=end];
    }
    match authority.rsplit_once(':') {
        // Not an IPv6 address.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.contains(':') => host,
        _ => authority,
    }
}

/// Top-level domains that are no one's and that examples and laboratories are made of (RFC 6761 section 6).
const RESERVED: [&str; 4] = ["test", "example", "invalid", "localhost"];

/// Whether a normalised name ends in a suffix that the Public Suffix List has, or in a reserved one.
pub(super) fn is_known(name: &str) -> bool {
    use psl::Psl as _;
    psl::List.suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known())
        || RESERVED.contains(&name.rsplit('.').next().unwrap_or_default())
}

/// Top-level domains that names end in far more often than they begin with them; countries are further ones.
const OLD: [&str; 8] = ["com", "net", "org", "edu", "gov", "mil", "info", "biz"];

/// Which end of a text looks like the top of a name: true for the first label, false for the last; `None`
/// where nothing tells them apart. A suffix is known for both ends of `com.google`.
pub(super) fn begins_at_top(text: &str) -> Option<bool> {
    let is_old = |label: &str| {
        let label = label.to_ascii_lowercase();
        OLD.contains(&label.as_str()) || label.len() == 2 && is_known(&label)
    };
    let (first, _) = text.trim().split_once('.')?;
    let (_, last) = text.trim().rsplit_once('.')?;
    (is_old(first) != is_old(last)).then(|| is_old(first))
}

/// How much a text looks like a domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// No name.
    None,
    /// One label that is no suffix.
    Label,
    /// A suffix of one label: `com`.
    Top,
    /// Several labels, of which the last are no known suffix.
    Dotted,
    /// Several labels that end in a known suffix.
    Domain,
}

impl Likeness {
    pub(super) fn of(text: &str, form: Form) -> Self {
        let Ok(Found { name, .. }) = name_of(text, form) else { return Self::None };
        match (name.contains('.'), is_known(&name)) {
            (true, true) => Self::Domain,
            (true, false) => Self::Dotted,
            (false, true) => Self::Top,
            (false, false) => Self::Label,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_host_of_a_url_is_its_name() {
        for (text, want) in [
            ("https://www.google.com", "www.google.com"),
            ("HTTPS://Example.com:8443/path?q=a@b.example#c", "example.com"),
            ("http://user:pw@example.com/", "example.com"),
            ("//example.com/x", "example.com"),
            ("example.com:443", "example.com"),
            ("example.com/path", "example.com"),
            ("example.com", "example.com"),
            ("https://*.example.com/", "example.com"),
        ] {
            assert_eq!(name_of(text, Form::Host).map(|found| found.name), Ok(want.to_owned()), "{text}");
        }
        for (text, refusal) in [
            ("https://192.0.2.1/", BadEntry::IpAddress),
            ("http://[2001:db8::1]:80/", BadEntry::IpAddress),
            ("postmaster@example.com", BadEntry::MailAddress),
            ("https://", BadEntry::Empty),
        ] {
            assert_eq!(name_of(text, Form::Host).map(|found| found.name), Err(refusal), "{text}");
        }
    }

    #[test]
    fn reversed_labels_and_wildcards_give_their_name() {
        let found = name_of("com.example.www", Form::Reversed).unwrap();
        assert_eq!((found.name.as_str(), found.is_wildcard), ("www.example.com", false));
        let found = name_of(" *.Example.com. ", Form::Name).unwrap();
        assert_eq!((found.name.as_str(), found.is_wildcard), ("example.com", true));
        for text in ["*", "*.", "*.*.example.com", "a.*.example.com"] {
            assert!(name_of(text, Form::Name).is_err(), "{text}");
        }
    }

    #[test]
    fn likeness_is_told_by_the_suffix() {
        for (text, likeness) in [
            ("example.com", Likeness::Domain),
            ("shop.example", Likeness::Domain),
            ("org_original.x", Likeness::Dotted),
            ("3.4626736E7", Likeness::Dotted),
            ("com.facebook", Likeness::Dotted),
            ("com", Likeness::Top),
            ("AS-NAME", Likeness::Label),
            ("www", Likeness::Label),
            ("192.0.2.1", Likeness::None),
            ("a b", Likeness::None),
        ] {
            assert_eq!(Likeness::of(text, Form::Name), likeness, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_host_or_none(text in "\\PC*") {
            prop_assert!(host(&text).len() <= text.len());
            for form in [Form::Name, Form::Host, Form::Reversed] {
                let _ = name_of(&text, form);
            }
        }
    }
}
