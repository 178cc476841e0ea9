//! Which domain a name belongs to, told by its form alone.
//!
//! The owner patterns of the situations have three forms: labels before the domain (`mx1.{domain}`), the
//! domain in one label or whole before a carrier's name (`{dashed}.mx.carrier.example`), and names that
//! domains share.

use crate::names::suffix_and_registrable;
use crate::situation::Situation;
use anyhow::{Result, bail, ensure};
use std::collections::{HashMap, HashSet};

/// The longest domain that fits in one label when dashed, and in every owner pattern.
const LONGEST: usize = 60;

/// The pattern of a sibling that a scan makes up for control, below a domain.
pub(super) const CONTROL: &str = "{control}.{domain}";

/// The pattern of a host below a domain whose name is so long that no longer one has TLSA records.
const LONG: &str = "{long}.{domain}";
/// What the labels of such a name begin with.
const LONG_LABEL: &str = "long-";
/// Bytes of such a name: `_25._tcp.` before it makes 253, the most that a name can have as text (RFC 1035
/// section 2.3.4).
const LONG_NAME: usize = 253 - "_25._tcp.".len();

/// What `{long}` stands for: labels that make the name of the domain as long as that of a host can be.
pub(super) fn long(domain: &str) -> String {
    let mut left = LONG_NAME.saturating_sub(domain.len() + 1);
    let mut labels = Vec::new();
    while left > 63 {
        labels.push(format!("{LONG_LABEL}{:x<45}", ""));
        left -= 51;
    }
    labels.push(format!("{LONG_LABEL}{:x<1$}", "", left.saturating_sub(LONG_LABEL.len())));
    labels.join(".")
}

/// The domain below which a name is [`long`].
fn domain_of_long(mut name: &str) -> Option<&str> {
    let whole = name.len();
    while name.starts_with(LONG_LABEL) {
        name = name.split_once('.')?.1;
    }
    (name.len() < whole).then_some(name)
}

/// The domain of a sibling that a scan makes up for control (METHODS.md tells its form); `None` for any other
/// name.
pub(crate) fn domain_of_control(name: &str) -> Option<&str> {
    let (label, domain) = name.split_once('.')?;
    label.strip_prefix('_').unwrap_or(label).starts_with("sts-census-").then_some(domain)
}

/// The forms that names have in a world.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// Labels before a domain, each with its pattern.
    prefixes: HashMap<String, String>,
    /// Every label in them.
    labels: HashSet<String>,
    /// Labels of the longest of them.
    deepest: usize,
    /// What follows a domain, with the pattern, and whether the domain stands in one label.
    carriers: Vec<(String, String, bool)>,
    /// Names that domains share, and the situation that answers for each.
    shared: HashMap<String, (String, usize)>,
    /// The registrable domains of those names, and of the carriers.
    common: HashSet<String>,
}

impl Owners {
    pub(super) fn of(situations: &[Situation]) -> Result<Self> {
        let mut owners = Self::default();
        for (at, situation) in situations.iter().enumerate() {
            for pattern in situation.zone.keys() {
                owners.add(pattern, at, situations)?;
            }
        }
        let carriers = owners.carriers.iter().map(|(carrier, ..)| carrier.trim_start_matches('.'));
        let names = owners.shared.keys().map(String::as_str).chain(carriers);
        owners.common = names.filter_map(|name| suffix_and_registrable(name).1.map(str::to_owned)).collect();
        Ok(owners)
    }

    fn add(&mut self, pattern: &str, at: usize, situations: &[Situation]) -> Result<()> {
        if matches!(pattern, "{domain}" | super::WILDCARD | LONG) {
            return Ok(());
        }
        if let Some(labels) = pattern.strip_suffix(".{domain}") {
            self.labels.extend(labels.split('.').map(str::to_owned));
            self.deepest = self.deepest.max(labels.split('.').count());
            self.prefixes.insert(labels.to_owned(), pattern.to_owned());
        } else if let Some(carrier) = pattern.strip_prefix("{dashed}") {
            self.carriers.push((carrier.to_owned(), pattern.to_owned(), true));
        } else if let Some(carrier) = pattern.strip_prefix("{domain}") {
            self.carriers.push((carrier.to_owned(), pattern.to_owned(), false));
        } else if pattern.contains('{') {
            bail!("`{pattern}` is no owner the laboratory could tell the domain of");
        } else {
            let first = self.shared.entry(pattern.to_owned()).or_insert((pattern.to_owned(), at)).1;
            let answers = |at: usize| situations.get(at).map(|s| format!("{:?}", s.zone.get(pattern)));
            ensure!(answers(first) == answers(at), "two situations differ in what `{pattern}` answers");
        }
        Ok(())
    }

    /// Whether a listed domain could be taken for a host of another one, or is too long for hosts of its own.
    pub(super) fn is_reserved(&self, domain: &str) -> bool {
        let first = domain.split('.').next().unwrap_or_default();
        domain_of_control(domain).is_some()
            || domain.starts_with(LONG_LABEL)
            || dashed(domain).len() > LONGEST
            || self.labels.contains(first)
            || self.shared.contains_key(domain)
            || self.carriers.iter().any(|(carrier, ..)| domain.ends_with(carrier.as_str()))
    }

    /// Whether names that domains share, or that carry domains, are in this registrable domain.
    pub(super) fn is_common(&self, zone: &str) -> bool {
        self.common.contains(zone)
    }

    /// The pattern of a name that domains share, and the situation that answers for it.
    pub(super) fn shared(&self, name: &str) -> Option<(&str, usize)> {
        self.shared.get(name).map(|(pattern, at)| (pattern.as_str(), *at))
    }

    /// The pattern and the domain of a name.
    pub(super) fn part(&self, name: &str) -> (&str, String) {
        if let Some(domain) = domain_of_control(name) {
            return (CONTROL, domain.to_owned());
        }
        if let Some(domain) = domain_of_long(name) {
            return (LONG, domain.to_owned());
        }
        let mut dots: Vec<usize> = name.match_indices('.').map(|(at, _)| at).take(self.deepest).collect();
        while let Some(dot) = dots.pop() {
            let (Some(labels), Some(domain)) = (name.get(..dot), name.get(dot + 1..)) else { continue };
            if let Some(pattern) = self.prefixes.get(labels) {
                return (pattern, domain.to_owned());
            }
        }
        for (carrier, pattern, in_one_label) in &self.carriers {
            let Some(domain) = name.strip_suffix(carrier.as_str()) else { continue };
            return (pattern, if *in_one_label { undashed(domain) } else { domain.to_owned() });
        }
        ("{domain}", name.to_owned())
    }
}

/// A domain in one label: dots become hyphens, hyphens are doubled, so that it can be read back.
pub(super) fn dashed(domain: &str) -> String {
    domain.replace('-', "--").replace('.', "-")
}

/// The domain that [`dashed`] made the label from.
fn undashed(label: &str) -> String {
    // No label begins or ends with a hyphen, so an even run of hyphens is all hyphens and a single one is a
    // dot.
    label.replace("--", "\u{0}").replace('-', ".").replace('\u{0}', "-")
}

#[cfg(test)]
mod tests {
    use super::{dashed, domain_of_long, long, undashed};

    #[test]
    fn a_dashed_domain_can_be_read_back() {
        for domain in ["example.org", "a-b.example.co.uk", "xn--p1ai.xn--80ak6aa92e.com", "x--y.z-q.net"] {
            assert_eq!(undashed(&dashed(domain)), domain);
        }
    }

    #[test]
    fn a_long_name_has_244_bytes_and_its_domain_can_be_read_back() {
        for domain in ["a.io", "example.org", "an-example-of-some-length.example.co.uk"] {
            let name = format!("{}.{domain}", long(domain));
            assert_eq!((name.len(), domain_of_long(&name)), (244, Some(domain)));
            assert!(name.split('.').all(|label| label.len() <= 63), "{name}");
        }
        assert_eq!(domain_of_long("example.org"), None);
    }
}
