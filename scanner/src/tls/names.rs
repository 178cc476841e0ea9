//! Name constraints (RFC 5280 section 4.2.1.10): whether the names of a certificate are among those that an
//! issuer above it may certify. webpki checks names of hosts and addresses, and takes no directory name.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints};
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

/// Comparisons of one search for a path: as many as webpki makes.
pub(super) const COMPARISONS: usize = 250_000;

/// What constraints say of the names of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Every name is permitted and none is excluded.
    Within,
    /// A name has a form whose constraints are not checked here, or there are too many of them.
    Unclear,
    /// A name is excluded, or not permitted.
    Outside,
}

/// Holds the names of a certificate, its subject among them, against constraints. What it compares is taken
/// off `left`.
pub(super) fn scope(
    constraints: &NameConstraints<'_>,
    certificate: &X509Certificate<'_>,
    left: &mut usize,
) -> Scope {
    let permitted = constraints.permitted_subtrees.as_deref().unwrap_or_default();
    let excluded = constraints.excluded_subtrees.as_deref().unwrap_or_default();
    let mut worst = Scope::Within;
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let alternatives = alternatives.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
    let mut hold = |name: &Presented<'_>| {
        let is_permitted = matched(name, permitted, Use::Permits, left);
        let is_excluded = matched(name, excluded, Use::Excludes, left);
        worst = worst.max(match (is_permitted, is_excluded) {
            (_, Some(Match::Some)) | (Some(Match::None), _) => Scope::Outside,
            (Some(Match::Unclear), _) | (_, Some(Match::Unclear)) => Scope::Unclear,
            _ => Scope::Within,
        });
    };
    let subject = certificate.subject();
    if subject.iter().next().is_some() {
        hold(&Presented::Directory(subject));
    }
    // Without a name of that form in the extension the mailboxes of the subject are its names.
    if subject.iter_email().next().is_some() {
        hold(&Presented::Mailbox);
    }
    alternatives.iter().for_each(|name| hold(&Presented::of(name)));
    worst
}

/// A name of a certificate.
enum Presented<'a> {
    Host(&'a str),
    Address(&'a [u8]),
    Directory(&'a X509Name<'a>),
    Mailbox,
    Url,
    Other,
}

impl<'a> Presented<'a> {
    fn of(name: &'a GeneralName<'a>) -> Self {
        match name {
            GeneralName::DNSName(name) => Self::Host(name),
            GeneralName::IPAddress(bytes) => Self::Address(bytes),
            GeneralName::DirectoryName(name) => Self::Directory(name),
            GeneralName::RFC822Name(_) => Self::Mailbox,
            GeneralName::URI(_) => Self::Url,
            GeneralName::OtherName(..)
            | GeneralName::X400Address(_)
            | GeneralName::EDIPartyName(_)
            | GeneralName::RegisteredID(_)
            | GeneralName::Invalid(..) => Self::Other,
        }
    }

    /// Whether the base is in this name; `None` where it has another form.
    fn is_below(&self, base: &GeneralName<'_>, used: Use) -> Option<Match> {
        Some(match (self, base) {
            (Self::Host(name), GeneralName::DNSName(base)) => is_host_below(name, base, used).into(),
            (Self::Address(bytes), GeneralName::IPAddress(base)) => is_address_below(bytes, base),
            (Self::Directory(name), GeneralName::DirectoryName(base)) => {
                is_directory_below(name, base).into()
            }
            (Self::Mailbox, GeneralName::RFC822Name(_)) | (Self::Url, GeneralName::URI(_)) => Match::Unclear,
            (
                Self::Other,
                GeneralName::OtherName(..)
                | GeneralName::X400Address(_)
                | GeneralName::EDIPartyName(_)
                | GeneralName::RegisteredID(_)
                | GeneralName::Invalid(..),
            ) => Match::Unclear,
            _ => return None,
        })
    }
}

/// What a list of subtrees is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Permits,
    Excludes,
}

/// What of the subtrees of its form a name is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Some,
    None,
    Unclear,
}

impl From<bool> for Match {
    fn from(is_one: bool) -> Self {
        if is_one { Self::Some } else { Self::None }
    }
}

/// `None` where no subtree has the name's form: then it is not constrained.
fn matched(
    name: &Presented<'_>,
    subtrees: &[GeneralSubtree<'_>],
    used: Use,
    left: &mut usize,
) -> Option<Match> {
    let mut seen = None;
    for subtree in subtrees {
        let Some(fewer) = left.checked_sub(1) else { return Some(Match::Unclear) };
        *left = fewer;
        match name.is_below(&subtree.base, used) {
            Some(Match::Some) => return Some(Match::Some),
            Some(Match::Unclear) => seen = Some(Match::Unclear),
            Some(Match::None) => {
                seen.get_or_insert(Match::None);
            }
            None => {}
        }
    }
    seen
}

/// A name is below a base if labels were put before it; an empty base has every name below it. Behind a dot,
/// which the RFC does not know for hosts, a base does not permit itself. A wildcard stands for every name
/// that it covers: all of them must be permitted, and none may be excluded.
fn is_host_below(name: &str, base: &str, used: Use) -> bool {
    let bare = base.strip_prefix('.');
    let permits_itself = bare.is_none() || used == Use::Excludes;
    let base = bare.unwrap_or(base);
    let Some(parent) = name.strip_prefix("*.") else {
        return is_at_or_below(name, base) && (permits_itself || name.len() > base.len());
    };
    let covers_base = base.split_once('.').is_some_and(|(_, above)| above.eq_ignore_ascii_case(parent));
    is_at_or_below(parent, base) || used == Use::Excludes && covers_base
}

fn is_at_or_below(name: &str, base: &str) -> bool {
    let Some(labels) = name.len().checked_sub(base.len()) else { return false };
    let ends = name.get(labels..).is_some_and(|end| end.eq_ignore_ascii_case(base));
    ends && (labels == 0 || base.is_empty() || name[..labels].ends_with('.'))
}

/// A base is an address and a mask of the same length.
fn is_address_below(address: &[u8], base: &[u8]) -> Match {
    if base.len() != 8 && base.len() != 32 {
        return Match::Unclear;
    }
    let (network, mask) = base.split_at(base.len() / 2);
    let masked = |(address, mask): (&u8, &u8)| address & mask;
    let is_same_family = address.len() == network.len();
    let is_below = address.iter().zip(mask).map(masked).eq(network.iter().zip(mask).map(masked));
    (is_same_family && is_below).into()
}

/// A name is below a base if its first parts are those of the base.
fn is_directory_below(name: &X509Name<'_>, base: &X509Name<'_>) -> bool {
    let mut parts = name.iter();
    base.iter().all(|part| parts.next().is_some_and(|own| is_same_part(own, part)))
}

/// Parts are sets.
fn is_same_part(one: &RelativeDistinguishedName<'_>, other: &RelativeDistinguishedName<'_>) -> bool {
    let is_in = |attribute: &AttributeTypeAndValue<'_>, set: &RelativeDistinguishedName<'_>| {
        set.iter().any(|own| is_same_attribute(attribute, own))
    };
    one.iter().count() == other.iter().count()
        && one.iter().all(|attribute| is_in(attribute, other))
        && other.iter().all(|attribute| is_in(attribute, one))
}

/// Texts are compared whatever their type, blind to case and with white space as one blank (RFC 5280 section
/// 7.1); everything else as it stands.
fn is_same_attribute(one: &AttributeTypeAndValue<'_>, other: &AttributeTypeAndValue<'_>) -> bool {
    if one.attr_type() != other.attr_type() {
        return false;
    }
    match (one.as_str(), other.as_str()) {
        (Ok(one), Ok(other)) => folded(one) == folded(other),
        _ => one.attr_value() == other.attr_value(),
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
