//! The policy of one domain: its host's addresses, the fetch, and what the text says.

use super::contact::{Believed, ConnectionEnd, Peer};
use super::course::Far;
use super::tries::{Offer, look};
use super::{Domain, Probe, control};
use crate::admission::{InQueue, Refusal, Slot, Waited};
use crate::dns::Addresses;
use crate::evidence::rows::{AddrOutcome, DomainRow, PolicyEvidence};
use crate::evidence::{AddressOutcome, DnsStatus, Mode, MxKind, PolicyOutcome, Question};
use crate::fault::{LocalFault, Unfinished};
use crate::meters::PeerKind;
use crate::moment;
use crate::mta_sts::{mx_pattern, policy};
use crate::policy_host::{self, Fetch, Fetched};
use crate::tls::legacy;
use std::net::{IpAddr, SocketAddr};
use tokio::time::Instant;

impl Probe {
    /// Policy host, policy, which MX hosts it matches, the names that it and the TLSRPT record lead to, and
    /// last the name servers; for domains that signal.
    ///
    /// # Errors
    /// This machine failed, or the scan was stopped.
    pub async fn policy(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        domain.far = Far::Policy;
        self.control_of_record(domain).await?;
        self.agreement(domain).await?;
        let known = &domain.row.policy;
        let failed_and_may_pass = known.outcome.is_some_and(PolicyOutcome::may_pass)
            || known.host_dns.is_some_and(DnsStatus::may_pass)
            || domain.asked_for_less
            || domain.put_off;
        if known.host_dns.is_none() && known.outcome.is_none() || failed_and_may_pass {
            self.retrieve(domain).await?;
        }
        self.control_policy(domain).await?;
        match_hosts(&mut domain.row);
        // Boxed: few names signal.
        Box::pin(self.named(domain)).await?;
        Box::pin(self.name_servers(domain)).await
    }

    async fn control_of_record(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        let name = domain.row.domain.clone();
        let known = domain.control.txt;
        if let Some(seen) = self.control_record(&name, known, &mut domain.waited).await? {
            control::take_record(domain, seen);
        }
        Ok(())
    }

    async fn retrieve(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        let host = format!("mta-sts.{}", domain.row.domain);
        let earlier = domain.row.policy.attempts.take();
        (domain.asked_for_less, domain.put_off) = (false, false);
        let mut policy = if self.admission.excludes_policy_host(&host, &[]) {
            PolicyEvidence { attempts: earlier, ..PolicyEvidence::default() }
        } else if !policy_host::is_url_host(&host) {
            // Such as broken punycode: no sender can ask for it either.
            let invalid = PolicyOutcome::NameInvalid;
            let attempts = Some([earlier.unwrap_or_default(), vec![invalid]].concat());
            PolicyEvidence { outcome: Some(invalid), attempts, ..PolicyEvidence::default() }
        } else {
            let before = domain.row.policy.host_dns.filter(|status| status.may_pass());
            domain.note_retry(Question::PolicyHost, before);
            let addresses = self.dns.addresses_near(Some(&domain.near), &host, &mut domain.waited).await?;
            self.over_addresses(&host, addresses, earlier, domain).await?
        };
        if domain.put_off && policy.outcome.is_none() && domain.row.policy.outcome.is_some() {
            // What an earlier look saw stands.
            domain.row.policy.attempts = policy.attempts;
            return Ok(());
        }
        if let Some(outcome) = policy.outcome {
            policy.at = Some(moment::now());
            policy.usable = Some(outcome == PolicyOutcome::Ok && policy.valid == Some(true));
        }
        domain.row.policy = policy;
        Ok(())
    }

    /// `earlier` are the outcomes of earlier looks. To them come those of this one: of each address all tries
    /// but the last, and then the last try at the address that stands for the host.
    pub(super) async fn over_addresses(
        &self,
        host: &str,
        addresses: Addresses,
        earlier: Option<Vec<PolicyOutcome>>,
        domain: &mut Domain,
    ) -> Result<PolicyEvidence, Unfinished> {
        let Addresses { status, addrs, chain, .. } = addresses;
        let mut attempts = earlier.clone().unwrap_or_default();
        let mut outcomes = Vec::with_capacity(addrs.len());
        // The outcome that counts, and the last try at its address.
        let mut fetched: Option<(Fetched, PolicyOutcome)> = None;
        let mut refused = None;
        let mut put_off = false;
        let mut left = self.plan.addresses_per_host;
        // A name that is not excluded may be an alias of one that is: that one's addresses are not contacted
        // either.
        let is_excluded = self.admission.excludes_policy_host(host, chain.as_deref().unwrap_or_default());
        for addr in addrs {
            let admitted = if is_excluded { Err(Refusal::Excluded) } else { self.admission.address(addr) };
            let outcome = match admitted {
                Err(refusal) => {
                    // Excluded addresses are neither recorded nor used as a reason for anything.
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
                    Ok(None) => {
                        put_off = true;
                        AddressOutcome::NotAttempted
                    }
                    Ok(Some((one, last))) => {
                        left = if one.outcome.is_worth_another_address() { left - 1 } else { 0 };
                        domain.asked_for_less |= one.asks_for_less;
                        let outcome = AddressOutcome::Contacted(one.outcome);
                        fetched = Some(better(fetched, (one, last)));
                        outcome
                    }
                },
            };
            outcomes.push(AddrOutcome { addr, outcome });
        }
        let mut policy = PolicyEvidence {
            host_dns: Some(status),
            addrs: status.is_definite().then_some(outcomes),
            ..PolicyEvidence::default()
        };
        match fetched {
            Some((fetched, last)) => {
                let is_too_large = fetched.is_too_large;
                fetched.write_to(&mut policy);
                read_text(&mut policy);
                // Whether the whole text is valid nobody knows.
                policy.valid = policy.valid.filter(|_| !is_too_large);
                attempts.push(last);
            }
            // Not asked for, which says nothing about it.
            None if put_off => domain.put_off = true,
            None => {
                policy.outcome = without_fetch(status, chain.as_deref(), refused);
                attempts.extend(policy.outcome);
            }
        }
        policy.attempts = if policy.outcome.is_some() { Some(attempts) } else { earlier };
        policy.cname = chain;
        Ok(policy)
    }

    /// One address: a fetch, and the further connections that its outcome calls for; `None` where it was put
    /// off. Gives the outcome of the last of them apart; those before it go to `attempts`.
    async fn at_address(
        &self,
        host: &str,
        addr: IpAddr,
        attempts: &mut Vec<PolicyOutcome>,
        waited: &mut Waited,
    ) -> Result<Option<(Fetched, PolicyOutcome)>, Unfinished> {
        let peer = PolicyHost { probe: self, host, addr };
        let fetched = look(attempts, usize::MAX, &mut Believed { probe: self, peer, waited }).await?;
        let Some(fetched) = fetched else { return Ok(None) };
        let last = attempts.pop().unwrap_or(fetched.outcome);
        Ok(Some((fetched, last)))
    }
}

/// An address of a policy host.
struct PolicyHost<'a> {
    probe: &'a Probe,
    host: &'a str,
    addr: IpAddr,
}

impl<'a> Peer for PolicyHost<'a> {
    type Slot = Slot<'a>;
    type Shown = Fetched;
    type Outcome = PolicyOutcome;
    const KIND: PeerKind = PeerKind::Policy;

    fn addr(&self) -> IpAddr {
        self.addr
    }

    async fn enter(&self, in_queue: InQueue, waited: &mut Waited) -> Result<Option<Slot<'a>>, Unfinished> {
        self.probe.admission.https(self.addr, self.host, in_queue, waited).await
    }

    fn was_silent(&self, began: std::time::Instant) {
        self.probe.admission.policy_host_was_silent(self.addr, began);
    }

    async fn connect(&self, mut slot: Slot<'a>, offer: Offer) -> Result<Fetched, LocalFault> {
        let plan = &self.probe.plan;
        let addr = SocketAddr::new(self.addr, plan.https_port);
        match offer {
            Offer::Ours(hello) | Offer::Http2(hello) => {
                let request = Fetch {
                    host: self.host,
                    addr,
                    hello,
                    is_http2: matches!(offer, Offer::Http2(_)),
                    deadline: plan.deadlines.policy,
                    user_agent: &plan.identity.user_agent(),
                    max_bytes: policy::POLICY_BYTES,
                };
                let fetched = slot.run(policy_host::fetch(request, &self.probe.tls)).await?;
                slot.note(fetched.pace_hint());
                Ok(fetched)
            }
            Offer::Old => {
                let deadline = Instant::now() + plan.deadlines.policy;
                let answer = slot.run(legacy::ask_at(addr, self.host, deadline)).await?;
                Ok(Fetched::nothing_but(answer.verdict().at_policy_host()))
            }
        }
    }

    fn seen(fetched: &Fetched) -> ConnectionEnd<PolicyOutcome> {
        ConnectionEnd { outcome: fetched.outcome, is_cut: fetched.is_cut }
    }

    fn outcome(fetched: &mut Fetched) -> &mut PolicyOutcome {
        &mut fetched.outcome
    }
}

/// Of two addresses the later one if it got as far as a certificate, else the first.
fn better(
    first: Option<(Fetched, PolicyOutcome)>,
    later: (Fetched, PolicyOutcome),
) -> (Fetched, PolicyOutcome) {
    match first {
        Some(first) if !later.0.got_further() => first,
        _ => later,
    }
}

/// The outcome where no address was contacted; `None` where the machine lacks the only family there is, or an
/// exclusion file is why: in the dataset both are a policy that was not asked for.
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
    // What may have been cut is read by nobody but the judge, as a lenient sender would.
    let is_whole = evidence.outcome != Some(PolicyOutcome::HttpIncomplete);
    let Some(body) = evidence.body.as_ref().filter(|_| is_whole) else { return };
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
        let pattern = patterns
            .filter(|_| mx_pattern::is_host(&host.host))
            .map(|p| mx_pattern::first_match(&host.host, p));
        host.matched = pattern.map(|p| p.is_some());
        host.pattern = pattern.flatten().map(str::to_owned);
    }
}
