//! What somebody else could take: a name that does not exist and that mail or reports go to, and a policy
//! host that is an alias of something that its owner gave up at a service (RFC 8461 section 8.2).
//!
//! Where such names stand is of the class `claimable`: what is published leaves it out unless it is asked for
//! (ETHICS.md).

use super::{DomainCase, Found};
use crate::evidence::{Code, DnsStatus, MxKind, PolicyOutcome};
use std::sync::LazyLock;

/// The services, one a line; its head says what the fields are.
const SERVICES: &str = include_str!("services.tsv");

pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) {
    let row = case.row;
    if row.pattern_dns.iter().flatten().any(|one| one.status == DnsStatus::NxDomain) {
        found.note(Code::policy_pattern_domain_missing);
    }
    for one in row.tlsrpt_rua_dns.iter().flatten() {
        if one.status == DnsStatus::NxDomain {
            found.note(Code::tlsrpt_rua_domain_missing);
        } else if one.mx_kind.as_ref().is_some_and(|kind| *kind == MxKind::None || *kind == MxKind::Null) {
            found.note(Code::tlsrpt_rua_no_mx);
        }
    }
    if is_free(case) {
        found.note(Code::policy_host_cname_claimable);
    }
}

/// Whether the policy host is an alias of a name that its service has free. A host that answers anything but
/// its service's page for such names is in somebody's hands.
fn is_free(case: &DomainCase<'_>) -> bool {
    let row = case.row;
    let chain = row.policy_cname.as_deref().unwrap_or_default();
    match case.outcome() {
        // The last name of the chain is the one that is missing.
        Some(PolicyOutcome::DanglingCname) => {
            let of_target = |target: &String| services().iter().any(|one| one.nxdomain && one.has(target));
            chain.last().is_some_and(of_target)
        }
        // A certificate for the name and a page with status 200: somebody serves it.
        None | Some(PolicyOutcome::Ok) => false,
        Some(_) => {
            let (Some(status), Some(body)) = (row.policy_http_status, row.policy_body.as_deref()) else {
                return false;
            };
            let mut of_chain = services().iter().filter(|one| chain.iter().any(|target| one.has(target)));
            of_chain.any(|one| one.is_free_page(status, body))
        }
    }
}

/// A service, as its line has it.
#[derive(Debug)]
struct Service {
    suffix: &'static str,
    /// Labels before the suffix; `None` for any number.
    labels: Option<usize>,
    nxdomain: bool,
    /// HTTP status of its page; `None` for any.
    status: Option<i32>,
    /// What its page says; `None` where it has none.
    words: Option<&'static str>,
}

impl Service {
    /// `None` where the line is no service.
    fn read(line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let mut next = || fields.next().filter(|field| !field.is_empty());
        let (suffix, labels, nxdomain) = (next()?, next()?, next()?);
        let (status, words, source) = (next()?, next()?, next()?);
        let number =
            |field: &'static str| if field == "-" { Some(None) } else { field.parse().ok().map(Some) };
        Some(Self {
            suffix,
            labels: number(labels)?.and_then(|labels: i32| usize::try_from(labels).ok()),
            nxdomain: nxdomain == "yes",
            status: number(status)?,
            words: (words != "-").then_some(words),
        })
        .filter(|_| source.starts_with("https://") && fields.next().is_none())
    }

    /// Whether a CNAME target is a customer's name.
    fn has(&self, target: &str) -> bool {
        let above = target.strip_suffix(self.suffix).and_then(|above| above.strip_suffix('.'));
        above.is_some_and(|above| {
            !above.is_empty() && self.labels.is_none_or(|labels| above.split('.').count() == labels)
        })
    }

    /// Whether an answer is its page for a name that nobody has.
    fn is_free_page(&self, status: i32, body: &[u8]) -> bool {
        let Some(words) = self.words.map(str::as_bytes) else { return false };
        self.status.is_none_or(|own| own == status) && body.windows(words.len()).any(|part| part == words)
    }
}

fn services() -> &'static [Service] {
    static READ: LazyLock<Vec<Service>> = LazyLock::new(|| lines().filter_map(Service::read).collect());
    &READ
}

fn lines() -> impl Iterator<Item = &'static str> {
    SERVICES.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_service_with_a_sign_and_a_source() {
        assert_eq!(services().len(), lines().count());
        for one in services() {
            assert!(one.nxdomain != one.words.is_some(), "{one:?}");
            assert!(one.words.is_none_or(|words| words.len() > 10), "{one:?}");
            assert!(!one.suffix.starts_with('.') && one.suffix.contains('.'), "{one:?}");
        }
        let suffixes = services().iter().map(|one| one.suffix).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(suffixes.len(), services().len());
    }

    #[test]
    fn only_a_customers_name_is_of_a_service() {
        let of = |target: &str| services().iter().any(|one| one.has(target));
        for target in ["a.azurewebsites.net", "a.westeurope.cloudapp.azure.com", "a.github.io"] {
            assert!(of(target), "{target}");
        }
        for target in [
            "azurewebsites.net",
            "a-b1c2.westeurope-01.azurewebsites.net",
            "a.notazurewebsites.net",
            "azurewebsites.net.example",
            "a.cloudapp.azure.com",
            "a.netlify.app",
        ] {
            assert!(!of(target), "{target}");
        }
    }
}
