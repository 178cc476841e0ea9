//! Controls: whether what stands at `_mta-sts` and `mta-sts` also stands at siblings that nobody can have
//! meant.
//!
//! A wildcard record, or a web server that answers for every name, gives the same there: that is no
//! deployment for this domain. The sibling's label is drawn from the scan's seed and the domain, so that a
//! scan can be repeated; it says who asks, so that whoever finds it in a log knows.

use super::{Domain, Probe, open, written};
use crate::admission::Waited;
use crate::dns::RecordType;
use crate::evidence::rows::PolicyEvidence;
use crate::evidence::{DnsStatus, PolicyOutcome, Question};
use crate::fault::Unfinished;
use crate::policy_host;
use crate::tls::certificate::sha256;
use serde::{Deserialize, Serialize};

/// Letters and digits of a label: 50 bits, so that no name is met by chance.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const LETTERS: usize = 10;

/// How far the controls of a domain are.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Control {
    /// What came of the TXT question; `None` where it was not asked.
    pub(super) txt: Option<DnsStatus>,
    /// What came of the fetch, or why there was none; `None` where it was not tried.
    policy: Option<PolicyOutcome>,
}

impl Control {
    /// Whether a control failed in a way that may pass.
    pub(super) fn may_pass(&self) -> bool {
        self.txt.is_some_and(DnsStatus::may_pass) || self.policy.is_some_and(PolicyOutcome::may_pass)
    }
}

impl Probe {
    /// Asks for TXT at a sibling of `_mta-sts`, where that is not decided yet (RFC 4592: a wildcard answers
    /// for every name that is not there).
    pub(super) async fn control_record(
        &self,
        name: &str,
        known: Option<DnsStatus>,
        waited: &mut Waited,
    ) -> Result<Option<(DnsStatus, Option<Vec<String>>)>, Unfinished> {
        if !open(known) {
            return Ok(None);
        }
        let sibling = format!("_{}.{name}", label(self.plan.seed, name));
        let answer = self.dns.ask(&sibling, RecordType::TXT, waited).await?;
        let texts = written(&answer, &answer.txt());
        Ok(Some((answer.status, texts)))
    }

    /// Asks a sibling of `mta-sts` for the policy, where one was served and that is not decided yet.
    pub(super) async fn control_policy(&self, domain: &mut Domain) -> Result<(), Unfinished> {
        if served(&domain.row.policy).is_none() || domain.row.policy.wildcard.is_some() {
            return Ok(());
        }
        if domain.control.policy.is_some_and(|outcome| !outcome.may_pass()) {
            return Ok(());
        }
        let sibling = format!("{}.{}", label(self.plan.seed, &domain.row.domain), domain.row.domain);
        if self.admission.excludes_policy_host(&sibling, &[]) || !policy_host::is_url_host(&sibling) {
            return Ok(());
        }
        let addresses = self.dns.addresses_near(Some(&domain.near), &sibling, &mut domain.waited).await?;
        let (asked_for_less, put_off) = (domain.asked_for_less, domain.put_off);
        let other = self.over_addresses(&sibling, addresses, None, domain).await?;
        (domain.asked_for_less, domain.put_off) = (asked_for_less, put_off);
        domain.control.policy = other.outcome;
        let row = &mut domain.row.policy;
        row.wildcard = is_wildcard(row, &other);
        Ok(())
    }
}

/// Notes what the sibling of `_mta-sts` answered.
pub(super) fn take_record(domain: &mut Domain, (status, texts): (DnsStatus, Option<Vec<String>>)) {
    domain.note_retry(Question::StsSibling, domain.control.txt);
    domain.control.txt = Some(status);
    domain.row.sts_wildcard = texts.map(|texts| Some(texts) == domain.row.sts_txt);
}

/// The text that a policy host answered a request with, if it did.
fn served(policy: &PolicyEvidence) -> Option<&[u8]> {
    policy.body.as_deref().filter(|body| policy.http_status == Some(200) && !body.is_empty())
}

/// Whether the sibling serves the same; `None` where what was seen of it does not decide that.
fn is_wildcard(policy: &PolicyEvidence, sibling: &PolicyEvidence) -> Option<bool> {
    if let Some(body) = served(sibling) {
        return Some(Some(body) == served(policy));
    }
    sibling.outcome?.decides().then_some(false)
}

fn label(seed: u64, domain: &str) -> String {
    let digest = sha256(format!("{seed} {domain}").as_bytes());
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    format!("sts-census-{}", digest.iter().take(LETTERS).map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_same_for_a_seed_and_a_domain_and_another_for_others() {
        assert_eq!(label(1, "example.com"), label(1, "example.com"));
        assert_ne!(label(1, "example.com"), label(2, "example.com"));
        assert_ne!(label(1, "example.com"), label(1, "example.org"));
        assert_eq!(label(1, "example.com").len(), 21);
    }

    fn policy(outcome: PolicyOutcome, body: Option<&str>) -> PolicyEvidence {
        PolicyEvidence {
            outcome: Some(outcome),
            http_status: body.map(|_| 200),
            body: body.map(Into::into),
            ..PolicyEvidence::default()
        }
    }

    #[test]
    fn only_the_same_body_is_a_wildcard_and_what_may_pass_decides_nothing() {
        let real = policy(PolicyOutcome::Ok, Some("version: STSv1"));
        let against = |sibling| is_wildcard(&real, &sibling);
        assert_eq!(against(policy(PolicyOutcome::TlsName, Some("version: STSv1"))), Some(true));
        assert_eq!(against(policy(PolicyOutcome::Ok, Some("<html>"))), Some(false));
        for gone in [
            PolicyOutcome::NxDomain,
            PolicyOutcome::ConnectRefused,
            PolicyOutcome::TlsAlert,
            PolicyOutcome::HttpStatus,
        ] {
            assert_eq!(against(policy(gone, None)), Some(false), "{gone}");
        }
        for open in [PolicyOutcome::DnsFailure, PolicyOutcome::ConnectTimeout, PolicyOutcome::TlsClientLimit]
        {
            assert_eq!(against(policy(open, None)), None, "{open}");
        }
        assert_eq!(against(PolicyEvidence::default()), None);
    }
}
