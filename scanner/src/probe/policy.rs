//! The policy of one domain: its host's addresses, the fetch, and what the text says.

use super::contact::Seen;
use super::{Domain, Probe, control, open};
use crate::admission::{Refusal, Waited};
use crate::dns::{Addresses, Answer, RecordType};
use crate::evidence::attempts::further;
use crate::evidence::rows::{AddrOutcome, DomainRow, PolicyEvidence};
use crate::evidence::{AddressOutcome, DnsStatus, ExtraHello, Mode, MxKind, PolicyOutcome, Question};
use crate::fault::Unfinished;
use crate::meters::Stage;
use crate::moment;
use crate::mta_sts::{mx_pattern, policy};
use crate::policy_host::{self, Fetch, Fetched};
use crate::tls::{Hello, legacy};
use std::net::{IpAddr, SocketAddr};
use tokio::time::Instant;

impl Probe {
    /// Name servers, policy host, policy, and which MX hosts it matches; for domains that signal.
    ///
    /// # Errors
    /// This machine failed, or the scan was stopped.
    pub async fn policy(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        self.name_servers_and_control(domain).await?;
        let known = &domain.row.policy;
        let failed_and_may_pass = known.outcome.is_some_and(PolicyOutcome::may_pass)
            || known.host_dns.is_some_and(DnsStatus::may_pass)
            || domain.asked_for_less;
        if known.host_dns.is_none() && known.outcome.is_none() || failed_and_may_pass {
            self.retrieve(domain).await?;
        }
        self.control_policy(domain).await?;
        match_hosts(&mut domain.row);
        Ok(())
    }

    /// Neither needs the other's answer.
    async fn name_servers_and_control(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        let name = domain.row.domain.clone();
        let (mut first, mut second) = Default::default();
        let (ns, control) = tokio::join!(
            self.name_servers(&name, domain.ns, &mut first),
            self.control_record(&name, domain.control.txt, &mut second)
        );
        if let Some(answer) = ns? {
            domain.note_retry(Question::Ns, domain.ns);
            domain.ns = Some(answer.status);
            domain.row.ns = answer.status.is_definite().then(|| answer.ns());
        }
        if let Some(seen) = control? {
            control::take_record(domain, seen);
        }
        for waited in [first, second] {
            domain.waited.add(waited);
        }
        Ok(())
    }

    async fn name_servers(
        &self,
        name: &str,
        known: Option<DnsStatus>,
        waited: &mut Waited,
    ) -> Result<Option<Answer>, Unfinished> {
        if !open(known) {
            return Ok(None);
        }
        self.dns.ask(name, RecordType::NS, waited).await.map(Some)
    }

    async fn retrieve(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        let host = format!("mta-sts.{}", domain.row.domain);
        let earlier = domain.row.policy.attempts.take();
        domain.asked_for_less = false;
        let mut policy = if self.admission.excludes_policy_host(&host, &[]) {
            PolicyEvidence::default()
        } else if !policy_host::is_url_host(&host) {
            // Such as broken punycode: no sender can ask for it either.
            PolicyEvidence { outcome: Some(PolicyOutcome::NameInvalid), ..PolicyEvidence::default() }
        } else {
            let before = domain.row.policy.host_dns.filter(|status| status.may_pass());
            domain.note_retry(Question::PolicyHost, before);
            let addresses = self.dns.addresses(&host, &mut domain.waited).await?;
            self.over_addresses(&host, addresses, earlier.clone().unwrap_or_default(), domain).await?
        };
        if let Some(outcome) = policy.outcome {
            policy.at = Some(moment::now());
            policy.usable = Some(outcome == PolicyOutcome::Ok && policy.valid == Some(true));
            policy.attempts.get_or_insert_with(|| earlier.unwrap_or_default()).push(outcome);
        } else {
            policy.attempts = earlier;
        }
        domain.row.policy = policy;
        Ok(())
    }

    /// `attempts` are the outcomes of earlier looks; those that further tries came after are added.
    pub(super) async fn over_addresses(
        &self,
        host: &str,
        addresses: Addresses,
        mut attempts: Vec<PolicyOutcome>,
        domain: &mut Domain,
    ) -> Result<PolicyEvidence, Unfinished> {
        let Addresses { status, addrs, chain, .. } = addresses;
        let mut outcomes = Vec::with_capacity(addrs.len());
        let mut fetched: Option<Fetched> = None;
        let mut refused = None;
        let mut left = self.plan.addresses_per_host;
        // A name that is not excluded may be an alias of one that is: what that one has is not contacted either.
        let is_excluded = self.admission.excludes_policy_host(host, chain.as_deref().unwrap_or_default());
        for addr in addrs {
            let admitted = if is_excluded { Err(Refusal::Excluded) } else { self.admission.address(addr) };
            let outcome = match admitted {
                Err(refusal) => {
                    // What is excluded is not written, and is no reason for anything.
                    refused = refused.filter(|earlier| *earlier != Refusal::Excluded).or(Some(refusal));
                    match refusal {
                        Refusal::Excluded => continue,
                        Refusal::Forbidden => AddressOutcome::Forbidden,
                        Refusal::NoFamily => AddressOutcome::NotAttempted,
                    }
                }
                Ok(()) if left == 0 => AddressOutcome::NotSampled,
                Ok(()) => match self.at_address(host, addr, &mut attempts, &mut domain.waited).await {
                    Err(Unfinished::Excluded) => {
                        refused.get_or_insert(Refusal::Excluded);
                        continue;
                    }
                    Err(why) => return Err(why),
                    Ok(one) => {
                        left = if one.outcome.is_worth_another_address() { left - 1 } else { 0 };
                        domain.asked_for_less |= one.asks_for_less;
                        let outcome = AddressOutcome::Contacted(one.outcome);
                        fetched = Some(better(fetched, one));
                        outcome
                    }
                },
            };
            outcomes.push(AddrOutcome { addr, outcome });
        }
        let mut policy = PolicyEvidence {
            host_dns: Some(status),
            addrs: status.is_definite().then_some(outcomes),
            attempts: Some(attempts),
            ..PolicyEvidence::default()
        };
        match fetched {
            Some(fetched) => {
                fetched.write_to(&mut policy);
                read_text(&mut policy);
            }
            None => policy.outcome = without_fetch(status, chain.as_deref(), refused),
        }
        policy.cname = chain;
        Ok(policy)
    }

    /// One address: a fetch, and the further connections that its outcome calls for. Outcomes that such a one came after go to `attempts`.
    async fn at_address(
        &self,
        host: &str,
        addr: IpAddr,
        attempts: &mut Vec<PolicyOutcome>,
        waited: &mut Waited,
    ) -> Result<Fetched, Unfinished> {
        let mut one = self.fetch(host, addr, Hello::PostQuantum, waited).await?;
        loop {
            attempts.push(one.outcome);
            match further(attempts) {
                Some(ExtraHello::Small) => {
                    let again = self.fetch(host, addr, Hello::Small, waited).await?;
                    if again.outcome.answered_hello()
                        && let Some(first) = attempts.last_mut()
                    {
                        *first = PolicyOutcome::TlsLargeHello;
                    }
                    one = again;
                }
                Some(ExtraHello::Legacy) => one.outcome = self.ask_legacy(host, addr, waited).await?,
                None => break,
            }
        }
        // The last one is the look's.
        attempts.pop();
        Ok(one)
    }

    async fn fetch(
        &self,
        host: &str,
        addr: IpAddr,
        hello: Hello,
        waited: &mut Waited,
    ) -> Result<Fetched, Unfinished> {
        let request = Fetch {
            host,
            addr: SocketAddr::new(addr, self.plan.https_port),
            hello,
            deadline: self.plan.deadlines.policy,
            user_agent: &self.plan.identity.user_agent(),
            max_bytes: policy::POLICY_BYTES,
        };
        let mut contact = self.contact(Stage::Policy, addr);
        loop {
            let enter = async |turn: &mut Waited| self.admission.https(addr, host, turn).await;
            let mut slot = contact.turn(enter, waited).await?;
            let fetched = slot.run(policy_host::fetch(request, &self.tls)).await;
            if let Ok(fetched) = &fetched {
                slot.note(fetched.pace_hint());
            }
            drop(slot);
            let seen = |fetched: &Fetched| Seen { outcome: fetched.outcome, is_cut: fetched.is_cut };
            if let Some(fetched) = contact.ended(fetched, seen, waited).await? {
                return Ok(fetched);
            }
        }
    }

    /// Whether the limit is ours: what a host is that answers a hello with old versions and suites so.
    async fn ask_legacy(
        &self,
        host: &str,
        addr: IpAddr,
        waited: &mut Waited,
    ) -> Result<PolicyOutcome, Unfinished> {
        let mut contact = self.contact(Stage::Policy, addr);
        loop {
            let enter = async |turn: &mut Waited| self.admission.https(addr, host, turn).await;
            let mut slot = contact.turn(enter, waited).await?;
            let deadline = Instant::now() + self.plan.deadlines.policy;
            let at = SocketAddr::new(addr, self.plan.https_port);
            let answer = slot.run(legacy::ask_at(at, host, deadline)).await;
            drop(slot);
            let outcome = answer.map(|answer| answer.verdict().at_policy_host());
            if let Some(outcome) = contact.ended(outcome, |seen| Seen::whole(*seen), waited).await? {
                return Ok(outcome);
            }
        }
    }
}

/// Of two addresses the later one if it got as far as a certificate, else the first.
fn better(first: Option<Fetched>, later: Fetched) -> Fetched {
    match first {
        Some(first) if !later.got_further() => first,
        _ => later,
    }
}

/// The outcome where no address was contacted; `None` where the machine lacks the only family there is, or an exclusion file
/// is why: in the dataset both are a policy that was not asked for.
fn without_fetch(
    status: DnsStatus,
    chain: Option<&[String]>,
    refused: Option<Refusal>,
) -> Option<PolicyOutcome> {
    let aliased = chain.is_some_and(|chain| !chain.is_empty());
    match (status, refused) {
        (_, Some(Refusal::Forbidden)) => Some(PolicyOutcome::ForbiddenAddress),
        (_, Some(Refusal::Excluded | Refusal::NoFamily)) => None,
        (DnsStatus::NxDomain, None) if aliased => Some(PolicyOutcome::DanglingCname),
        (DnsStatus::NxDomain, None) => Some(PolicyOutcome::NxDomain),
        (DnsStatus::NoData | DnsStatus::NoError, None) => Some(PolicyOutcome::NoAddress),
        _ => Some(PolicyOutcome::DnsFailure),
    }
}

fn read_text(evidence: &mut PolicyEvidence) {
    let Some(body) = &evidence.body else { return };
    let parsed = policy::parse(body);
    evidence.valid = Some(parsed.valid);
    evidence.mode = parsed.mode;
    evidence.max_age_s = parsed.max_age_s.and_then(|s| i64::try_from(s).ok());
    evidence.mx = Some(parsed.mx_escaped());
}

/// Fills `matched` and `pattern` of the MX set by a policy that may be used (RFC 8461 section 4.1).
fn match_hosts(row: &mut DomainRow) {
    let usable = row.policy.usable == Some(true) && row.policy.mode != Some(Mode::None);
    let patterns = row.policy.mx.as_deref().filter(|_| usable);
    let mail = matches!(row.mx_kind, Some(MxKind::Explicit | MxKind::Implicit));
    for host in row.mx.iter_mut().flatten().filter(|_| mail) {
        let pattern = patterns.filter(|_| host.host != ".").map(|p| mx_pattern::first_match(&host.host, p));
        host.matched = pattern.map(|p| p.is_some());
        host.pattern = pattern.flatten().map(str::to_owned);
    }
}
