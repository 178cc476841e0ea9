//! The names that a policy and a TLSRPT record lead to: the registrable domains of patterns that match no MX
//! host, and the hosts that reports go to. Whoever registers one that does not exist takes mail that the
//! policy lets through, or the reports.
//!
//! A name is asked for once in a run, whatever comes of it, and there is no second look: see [`super::once`].

use super::once::{About, Seen};
use super::{Domain, Probe, implicit, mx_set};
use crate::admission::Waited;
use crate::dns::RecordType;
use crate::evidence::rows::{DomainRow, PatternDns, RuaDns};
use crate::evidence::{DnsStatus, Mode, MxKind, RecordState};
use crate::fault::Unfinished;
use crate::input;
use crate::mta_sts::tlsrpt::Destination;
use crate::mta_sts::{mx_pattern, tlsrpt};

/// Names that are asked for on behalf of one domain.
const NAMES: usize = 8;

impl Probe {
    /// Asks for the names, those left out that an earlier look knows.
    pub(super) async fn named(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        let (mut patterns, mut hosts) = (patterns(&domain.row), hosts(&domain.row));
        let (of_patterns, of_hosts) =
            shares(patterns.as_ref().map_or(0, Vec::len), hosts.as_ref().map_or(0, Vec::len));
        patterns.iter_mut().for_each(|all| all.truncate(of_patterns));
        hosts.iter_mut().for_each(|all| all.truncate(of_hosts));
        domain.row.pattern_dns = self.pattern_domains(patterns, domain).await?;
        domain.row.tlsrpt_rua_dns = self.report_hosts(hosts, domain).await?;
        Ok(())
    }

    async fn pattern_domains(
        &self,
        wanted: Option<Vec<String>>,
        domain: &mut Domain,
    ) -> Result<Option<Vec<PatternDns>>, Unfinished> {
        let Some(wanted) = wanted else { return Ok(None) };
        let known = domain.row.pattern_dns.take().unwrap_or_default();
        let mut all = Vec::with_capacity(wanted.len());
        for name in wanted {
            if let Some(one) = known.iter().find(|one| one.domain == name) {
                all.push(one.clone());
            } else if let Some(seen) = self.existence(&name, &mut domain.waited).await? {
                all.push(PatternDns { domain: name, status: seen.status });
            }
        }
        Ok(Some(all))
    }

    async fn report_hosts(
        &self,
        wanted: Option<Vec<Destination>>,
        domain: &mut Domain,
    ) -> Result<Option<Vec<RuaDns>>, Unfinished> {
        let Some(wanted) = wanted else { return Ok(None) };
        let known = domain.row.tlsrpt_rua_dns.take().unwrap_or_default();
        let mut all = Vec::with_capacity(wanted.len());
        for Destination { host, is_mail } in wanted {
            if let Some(one) = known.iter().find(|one| one.host == host) {
                all.push(one.clone());
                continue;
            }
            let Some(Seen { status, mut kind }) = self.existence(&host, &mut domain.waited).await? else {
                continue;
            };
            if is_mail && status == DnsStatus::NoData {
                let Some(seen) = self.addresses_of(&host, &mut domain.waited).await? else { continue };
                kind = seen.kind;
            }
            all.push(RuaDns { host, status, mx_kind: is_mail.then_some(kind) });
        }
        Ok(Some(all))
    }

    /// Asks for the MX of a name, which also tells whether it exists; `None` where it is excluded.
    async fn existence(&self, name: &str, waited: &mut Waited) -> Result<Option<Seen>, Unfinished> {
        if self.admission.excludes(name) {
            return Ok(None);
        }
        let ask = async {
            let answer = self.dns.ask(name, RecordType::MX, waited).await?;
            // An alias exists, whatever there is of its target.
            let is_there = answer.status == DnsStatus::NxDomain && answer.is_aliased();
            let status = if is_there { DnsStatus::NoData } else { answer.status };
            Ok::<_, Unfinished>(Seen { status, kind: mx_set(&answer).0 })
        };
        not_excluded(self.names.once((About::Mx, name), ask).await)
    }

    /// Asks for the addresses of a name without MX.
    async fn addresses_of(&self, name: &str, waited: &mut Waited) -> Result<Option<Seen>, Unfinished> {
        let ask = async {
            let status = self.dns.addresses(name, waited).await?.status;
            Ok::<_, Unfinished>(Seen { status, kind: implicit(status) })
        };
        not_excluded(self.names.once((About::Addresses, name), ask).await)
    }
}

/// That it is excluded concerns the name, and not the domain that leads to it.
fn not_excluded(seen: Result<Seen, Unfinished>) -> Result<Option<Seen>, Unfinished> {
    match seen {
        Err(Unfinished::Excluded) => Ok(None),
        seen => seen.map(Some),
    }
}

/// How many patterns' domains and how many hosts are asked for: where there are too many, neither leaves the
/// other less than half.
fn shares(patterns: usize, hosts: usize) -> (usize, usize) {
    let of_patterns = patterns.min((NAMES - NAMES.min(hosts)).max(NAMES / 2));
    (of_patterns, hosts.min(NAMES - of_patterns))
}

/// Registrable domains of the patterns that match no MX host, each once; `None` where there is no policy that
/// a sender would hold against the MX set.
fn patterns(row: &DomainRow) -> Option<Vec<String>> {
    let is_held = row.policy.usable == Some(true) && row.policy.mode != Some(Mode::None);
    let takes_mail = matches!(row.mx_kind, Some(MxKind::Explicit | MxKind::Implicit));
    let hosts: Vec<&str> = row.mx.iter().flatten().map(|mx| mx.host.as_str()).collect();
    if !is_held || !takes_mail || !hosts.iter().any(|host| mx_pattern::is_host(host)) {
        return None;
    }
    let is_used = |pattern: &str| {
        hosts.iter().any(|host| mx_pattern::is_host(host) && mx_pattern::matches(host, pattern))
    };
    let unused = row.policy.mx.iter().flatten().filter(|pattern| !is_used(pattern));
    let mut all: Vec<String> = Vec::new();
    for pattern in unused {
        let name = pattern.strip_prefix("*.").unwrap_or(pattern).to_ascii_lowercase();
        let registrable = input::split(&name).registrable.filter(|name| is_asked_for(row, name));
        if let Some(domain) = registrable.filter(|domain| !all.iter().any(|one| one == domain)) {
            all.push(domain.to_owned());
        }
    }
    Some(all)
}

/// Hosts that reports go to, each once; `None` without a valid record.
fn hosts(row: &DomainRow) -> Option<Vec<Destination>> {
    let rua = row.tlsrpt_rua.as_ref().filter(|_| row.tlsrpt_record == Some(RecordState::Valid))?;
    let mut all: Vec<Destination> = Vec::new();
    for found in rua.iter().filter_map(|uri| tlsrpt::destination(uri)) {
        if let Some(one) = all.iter_mut().find(|one| one.host == found.host) {
            one.is_mail |= found.is_mail;
        } else if found.host != row.domain && input::split(&found.host).registrable.is_some() {
            all.push(found);
        }
    }
    all.retain(|one| !mx_pattern::is_below_invalid(&one.host));
    Some(all)
}

/// Whether a registrable domain is asked for: not the domain's own, which is there, nor what never is (RFC
/// 6761 section 6.4) and nobody can have.
fn is_asked_for(row: &DomainRow, name: &str) -> bool {
    name != row.domain && row.registrable.as_deref() != Some(name) && !mx_pattern::is_below_invalid(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::rows::{Mx, PolicyEvidence};

    fn row(patterns: &[&str], rua: &[&str]) -> DomainRow {
        let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
        let host = "mx1.example.org".to_owned();
        DomainRow {
            domain: "example.org".into(),
            registrable: Some("example.org".into()),
            mx_kind: Some(MxKind::Explicit),
            mx: Some(vec![Mx { preference: 1, host, matched: None, pattern: None }]),
            tlsrpt_record: Some(RecordState::Valid),
            tlsrpt_rua: Some(owned(rua)),
            policy: PolicyEvidence {
                usable: Some(true),
                mode: Some(Mode::Enforce),
                mx: Some(owned(patterns)),
                ..PolicyEvidence::default()
            },
            ..DomainRow::default()
        }
    }

    fn asked(patterns: &[&str]) -> Option<Vec<String>> {
        super::patterns(&row(patterns, &[]))
    }

    #[test]
    fn patterns_that_match_no_host_lead_to_their_registrable_domain_once() {
        for (patterns, domains) in [
            (&["mx1.example.org"][..], &[][..]),
            (&["*.Gone.example.NET", "mx.example.net", "mx1.example.org"], &["example.net"]),
            (&["mx9.example.org", "mx.invalid", "a.b.invalid", "com", "*.co.uk"], &[]),
            (&["*.mail.example.co.uk", "someone.github.io"], &["example.co.uk", "github.io"]),
        ] {
            assert_eq!(asked(patterns).unwrap_or_default(), domains, "{patterns:?}");
            assert!(asked(patterns).is_some());
        }
    }

    #[test]
    fn without_a_policy_to_hold_against_an_mx_host_no_pattern_is_asked_for() {
        let whole = || row(&["mx.example.net"], &[]);
        let none = Some(Mode::None);
        let unusable = PolicyEvidence { usable: Some(false), ..whole().policy };
        for row in [
            DomainRow { policy: PolicyEvidence { mode: none, ..whole().policy }, ..whole() },
            DomainRow { policy: unusable, ..whole() },
            DomainRow { mx_kind: Some(MxKind::Null), mx: Some(Vec::new()), ..whole() },
            DomainRow { mx_kind: Some(MxKind::Unknown), mx: None, ..whole() },
        ] {
            assert_eq!(super::patterns(&row), None);
        }
    }

    #[test]
    fn reports_go_to_hosts_other_than_the_domain_and_mail_counts_before_https() {
        let rua =
            ["https://r.example.net/v1", "mailto:a@example.org", "mailto:b@R.example.net", "mailto:c@x"];
        let found = hosts(&row(&[], &rua)).unwrap_or_default();
        assert_eq!(found, [Destination { host: "r.example.net".to_owned(), is_mail: true }]);
        let multiple = DomainRow { tlsrpt_record: Some(RecordState::Multiple), ..row(&[], &rua) };
        assert_eq!(hosts(&multiple), None);
    }

    #[test]
    fn eight_names_are_asked_for_at_most_and_neither_kind_starves_the_other() {
        for (patterns, hosts, shared) in [
            (0, 0, (0, 0)),
            (3, 2, (3, 2)),
            (10, 0, (8, 0)),
            (0, 10, (0, 8)),
            (10, 1, (7, 1)),
            (2, 10, (2, 6)),
            (10, 10, (4, 4)),
        ] {
            assert_eq!(shares(patterns, hosts), shared, "{patterns} {hosts}");
        }
    }
}
