//! Whose a host is: registrable domains, and the providers they belong to.

use crate::fault::Fault;
use datafusion::common::HashMap;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;

const TEXT: &str = include_str!("../providers.toml");

#[derive(Deserialize)]
#[serde(transparent)]
struct Listed(BTreeMap<String, Vec<String>>);

/// The providers that `providers.toml` lists.
#[derive(Debug)]
pub struct Providers {
    by_registrable: HashMap<String, String>,
}

impl Providers {
    /// The list that this program was built with.
    ///
    /// # Errors
    /// The list is broken: no TOML, or a domain under two providers.
    pub fn built_in() -> Result<Self, Fault> {
        Self::read(TEXT)
    }

    fn read(text: &str) -> Result<Self, Fault> {
        let Listed(listed) =
            toml::from_str(text).map_err(|cause| Fault::engine("read providers.toml", cause))?;
        let mut by_registrable = HashMap::new();
        for (provider, domains) in listed {
            for domain in domains {
                if registrable(&domain) != Some(domain.as_str()) {
                    return Err(Fault::engine(
                        "read providers.toml",
                        format!("{domain} is not a registrable domain"),
                    ));
                }
                if let Some(other) = by_registrable.insert(domain.clone(), provider.clone()) {
                    return Err(Fault::engine(
                        "read providers.toml",
                        format!("{domain} is listed under {other} and under {provider}"),
                    ));
                }
            }
        }
        Ok(Self { by_registrable })
    }

    /// The provider of a host: the listed one, else the host's registrable domain, else (an address, a
    /// suffix) the host's name as it is.
    #[must_use]
    pub fn of<'a>(&'a self, host: &'a str) -> &'a str {
        self.of_registrable(registrable(host)).unwrap_or(host)
    }

    /// The provider of a registrable domain: the listed one, else the domain itself; `None` where there is
    /// none.
    #[must_use]
    pub fn of_registrable<'a>(&'a self, registrable: Option<&'a str>) -> Option<&'a str> {
        registrable.map(|own| self.by_registrable.get(own).map_or(own, String::as_str))
    }

    /// Registrable domain and provider of all that is listed, sorted.
    #[must_use]
    pub fn listed(&self) -> Vec<(&str, &str)> {
        let mut listed: Vec<_> = self.by_registrable.iter().map(|(r, p)| (r.as_str(), p.as_str())).collect();
        listed.sort_unstable();
        listed
    }
}

/// The ICANN public suffix of a name and one label more; `None` for an address, and for a name that is itself
/// a suffix. The name is lower case, in A-labels, without trailing dot.
#[must_use]
pub fn registrable(name: &str) -> Option<&str> {
    // Every address ends in a digit or has a colon, and hardly a name does: most need not be parsed.
    let may_be_address = name.ends_with(|last: char| last.is_ascii_digit()) || name.contains(':');
    if may_be_address && name.parse::<IpAddr>().is_ok() {
        return None;
    }
    let below = name.strip_suffix(icann_suffix(name)?)?.strip_suffix('.')?;
    let label = below.rsplit('.').next().filter(|label| !label.is_empty())?;
    name.get(below.len() - label.len()..)
}

/// The public suffix by the ICANN part of the list. Private rules are skipped: what stands above the first
/// label of a private suffix is looked up again.
fn icann_suffix(name: &str) -> Option<&str> {
    let mut rest = name;
    loop {
        let found = psl::suffix(rest.as_bytes())?;
        let suffix = rest.get(rest.len() - found.as_bytes().len()..)?;
        if found.typ() != Some(psl::Type::Private) {
            return Some(suffix);
        }
        rest = suffix.split_once('.')?.1;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn the_registrable_domain_is_one_label_below_the_icann_suffix() {
        for (name, expected) in [
            ("aspmx.l.google.com", Some("google.com")),
            ("google.com", Some("google.com")),
            ("mx.example.co.uk", Some("example.co.uk")),
            ("co.uk", None),
            ("com", None),
            ("a.b.mx.microsoft", Some("mx.microsoft")),
            ("mx.example.xn--55qx5d.cn", Some("example.xn--55qx5d.cn")),
            ("host.unheard-of-suffix", Some("host.unheard-of-suffix")),
            (".", None),
            ("", None),
            ("192.0.2.1", None),
            ("2001:db8::1", None),
        ] {
            assert_eq!(registrable(name), expected, "{name}");
        }
    }

    #[test]
    fn private_suffixes_do_not_count() {
        assert_eq!(registrable("mail.other.github.io"), Some("github.io"));
        assert_eq!(registrable("x.s3.eu-west-1.amazonaws.com"), Some("amazonaws.com"));
        assert_eq!(registrable("shop.blogspot.co.uk"), Some("blogspot.co.uk"));
    }

    #[test]
    fn a_host_belongs_to_the_listed_provider_or_to_its_own_domain() {
        let providers = Providers::built_in().unwrap();
        assert_eq!(providers.of("alt1.aspmx.l.google.com"), "Google");
        assert_eq!(providers.of("example-com.mail.protection.outlook.com"), "Microsoft");
        assert_eq!(providers.of("example-com.a-v1.mx.microsoft"), "Microsoft");
        assert_eq!(providers.of("mail.example.org"), "example.org");
        for (target, provider) in [
            ("example-com._mta.mta-sts.tech", "PowerDMARC"),
            ("_x.sdmarc.net", "Sendmarc"),
            ("x.a.dmarcinput.com", "DMARCReport"),
            ("someone.github.io", "GitHub Pages"),
            ("mta-sts.pages.dev", "Cloudflare Pages"),
            ("x.someone.workers.dev", "Cloudflare Workers"),
            ("policies.netlify.app", "Netlify"),
            ("d1d4fc829fe7bc7c.vercel-dns-017.com", "Vercel"),
            ("policies.z6.web.core.windows.net", "Azure"),
            ("calm-wave-0d1a32b03.1.azurestaticapps.net", "Azure"),
            ("d111111abcdef8.cloudfront.net", "CloudFront"),
            ("policies.web.app", "Firebase"),
        ] {
            assert_eq!(providers.of(target), provider, "{target}");
        }
        assert_eq!(providers.of("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn a_domain_under_two_providers_is_refused() {
        let fault = Providers::read("A = [\"example.com\"]\nB = [\"example.com\"]").unwrap_err();
        assert!(fault.to_string().contains("example.com is listed under A and under B"));
        assert!(Providers::read("A = [\"mx.example.com\"]").is_err());
    }
}
