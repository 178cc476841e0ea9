//! `chain_incomplete` told from `untrusted`: a leaf without a path by the certificates that its server sent,
//! but with one by those that the scan saw anywhere, or that the operator gave.
//!
//! The evidence says `untrusted`, which is what the server showed; whether somebody else sends what it left
//! out is known only when the whole table of certificates is there. So it is judged here, and the evidence
//! stays as it was written.

use super::seen::{SeenDomain, SeenHost};
use crate::dataset::columns::{CERTIFICATES, DOMAINS, MX_HOSTS, column};
use crate::dataset::read::{self, ReadError};
use crate::evidence::rows::{DomainRow, HostRow};
use crate::evidence::{CertFault, PolicyOutcome};
use crate::tls::Trust;
use crate::tls::certificate::unhex;
use crate::tls::paths::Intermediates;
use crate::tls::trust::LONGEST;
use std::collections::HashSet;
use std::path::Path;

/// What a path is looked for with.
#[derive(Debug, Clone, Copy)]
pub struct Authorities<'a> {
    /// Whom the scan trusted.
    pub trust: &'a Trust,
    /// Certificates (DER) beside those that the scan saw.
    pub further: &'a [Vec<u8>],
    /// When the scan was made, seconds since 1970.
    pub now: u64,
}

/// The leaves whose chain can be completed, by SHA-256.
#[derive(Debug, Default)]
pub struct Completed(HashSet<[u8; 32]>);

impl Completed {
    /// From a dataset. Reads the certificates as often as a path is long at most, and keeps the authorities
    /// and the untrusted leaves' hashes alone.
    ///
    /// # Errors
    /// A part cannot be read.
    pub fn of_dataset(dataset: &Path, with: Authorities<'_>) -> Result<Self, ReadError> {
        let mut wanted = HashSet::new();
        for (table, leaf, faults) in [
            (&DOMAINS, column!(DOMAINS.policy_certificate_sha256), column!(DOMAINS.policy_cert_faults)),
            (&MX_HOSTS, column!(MX_HOSTS.certificate_sha256), column!(MX_HOSTS.cert_faults)),
        ] {
            read::batches(dataset, table, &[leaf, faults], |batch| {
                for row in 0..batch.rows() {
                    let faults = batch.value::<Vec<CertFault>>(faults, row);
                    if faults.iter().flatten().any(|fault| *fault == CertFault::Untrusted) {
                        wanted.extend(batch.text(leaf, row).and_then(hash));
                    }
                }
            })?;
        }
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let mut intermediates = Intermediates::default();
        for _ in 0..LONGEST {
            let mut news = false;
            for der in with.further {
                news |= intermediates.offer(der, with.trust);
            }
            read::batches(
                dataset,
                &CERTIFICATES,
                &[column!(CERTIFICATES.is_ca), column!(CERTIFICATES.der)],
                |batch| {
                    for row in (0..batch.rows())
                        .filter(|row| batch.bool(column!(CERTIFICATES.is_ca), *row) == Some(true))
                    {
                        news |= batch
                            .bytes(column!(CERTIFICATES.der), row)
                            .is_some_and(|der| intermediates.offer(der, with.trust));
                    }
                },
            )?;
            if !news {
                break;
            }
        }
        let mut completed = Self::default();
        certificates(dataset, |sha256, der| {
            let leaf = hash(sha256).filter(|leaf| wanted.contains(leaf));
            if let Some(leaf) = leaf.filter(|_| intermediates.complete(der, with.trust, with.now)) {
                completed.0.insert(leaf);
            }
        })?;
        Ok(completed)
    }

    /// From chains as they were sent, leaf first, for a few domains.
    #[must_use]
    pub fn of_chains(chains: &[&[Vec<u8>]], with: Authorities<'_>) -> Self {
        let mut intermediates = Intermediates::default();
        for _ in 0..LONGEST {
            let mut news = false;
            for der in chains.iter().copied().flatten().chain(with.further) {
                news |= intermediates.offer(der, with.trust);
            }
            if !news {
                break;
            }
        }
        let leaves = chains.iter().filter_map(|chain| chain.first());
        let complete = leaves.filter(|leaf| intermediates.complete(leaf, with.trust, with.now));
        Self(complete.map(|leaf| crate::tls::certificate::sha256(leaf)).collect())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The row as it is to be judged: `chain_incomplete` in place of `untrusted` where the policy host's
    /// chain can be completed.
    pub fn judge_domain(&self, row: &mut SeenDomain) {
        let leaf = row.policy_certificate_sha256.as_deref();
        if self.rename(leaf, row.policy_cert_faults.as_deref_mut()) {
            rename_outcome(&mut row.policy_outcome);
        }
    }

    /// The same for a row of an MX host.
    pub fn judge_host(&self, row: &mut SeenHost) {
        self.rename(row.certificate_sha256.as_deref(), row.cert_faults.as_deref_mut());
    }

    /// The same for rows that are shown to a person.
    pub fn judge_shown(&self, domains: &mut [DomainRow], hosts: &mut [HostRow]) {
        for row in domains {
            let tls = &mut row.policy.tls;
            if self.rename(tls.certificate_sha256.as_deref(), tls.cert_faults.as_deref_mut()) {
                rename_outcome(&mut row.policy.outcome);
            }
        }
        for row in hosts {
            let tls = &mut row.smtp.tls;
            self.rename(tls.certificate_sha256.as_deref(), tls.cert_faults.as_deref_mut());
        }
    }

    fn rename<W>(&self, leaf: Option<&str>, faults: Option<&mut [W]>) -> bool
    where
        W: PartialEq<CertFault> + From<CertFault>,
    {
        if !leaf.and_then(hash).is_some_and(|leaf| self.0.contains(&leaf)) {
            return false;
        }
        let untrusted = faults.into_iter().flatten().find(|fault| **fault == CertFault::Untrusted);
        untrusted.map(|fault| *fault = CertFault::ChainIncomplete.into()).is_some()
    }
}

fn rename_outcome<W>(outcome: &mut Option<W>)
where
    W: PartialEq<PolicyOutcome> + From<PolicyOutcome>,
{
    if outcome.as_ref().is_some_and(|outcome| *outcome == PolicyOutcome::TlsUntrusted) {
        *outcome = Some(PolicyOutcome::TlsChainIncomplete.into());
    }
}

/// Gives every certificate of a dataset to `take`: its SHA-256 in hex, and its DER.
///
/// # Errors
/// A part cannot be read.
pub(super) fn certificates(dataset: &Path, mut take: impl FnMut(&str, &[u8])) -> Result<(), ReadError> {
    let columns = [column!(CERTIFICATES.sha256), column!(CERTIFICATES.der)];
    read::batches(dataset, &CERTIFICATES, &columns, |batch| {
        for row in 0..batch.rows() {
            if let (Some(sha256), Some(der)) = (batch.text(columns[0], row), batch.bytes(columns[1], row)) {
                take(sha256, der);
            }
        }
    })
}

fn hash(text: &str) -> Option<[u8; 32]> {
    unhex(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{CertFault, Completed, PolicyOutcome, SeenDomain, SeenHost};
    use crate::evidence::Word;

    fn completed() -> Completed {
        Completed([[0xab; 32]].into())
    }

    fn known<V: Copy>(values: &[V]) -> Option<Vec<Word<V>>> {
        Some(values.iter().copied().map(Word::Known).collect())
    }

    fn host(leaf: &str, faults: &[CertFault]) -> SeenHost {
        let mut row = SeenHost {
            certificate_sha256: Some(leaf.repeat(32)),
            cert_faults: known(faults),
            ..SeenHost::default()
        };
        completed().judge_host(&mut row);
        row
    }

    #[test]
    fn only_the_untrusted_fault_of_such_a_leaf_is_judged_anew() {
        let judged = host("ab", &[CertFault::Untrusted, CertFault::Name]);
        assert_eq!(judged.cert_faults, known(&[CertFault::ChainIncomplete, CertFault::Name]));
        assert_eq!(host("ac", &[CertFault::Untrusted]).cert_faults, known(&[CertFault::Untrusted]));
    }

    #[test]
    fn the_outcome_of_a_policy_follows_its_first_fault() {
        let judged = |outcome: PolicyOutcome, faults: &[CertFault]| {
            let mut row = SeenDomain {
                policy_outcome: Some(outcome.into()),
                policy_certificate_sha256: Some("ab".repeat(32)),
                policy_cert_faults: known(faults),
                ..SeenDomain::default()
            };
            completed().judge_domain(&mut row);
            row.policy_outcome.and_then(|outcome| outcome.known())
        };
        let (untrusted, self_signed) = (PolicyOutcome::TlsUntrusted, PolicyOutcome::TlsSelfSigned);
        assert_eq!(judged(untrusted, &[CertFault::Untrusted]), Some(PolicyOutcome::TlsChainIncomplete));
        assert_eq!(judged(self_signed, &[CertFault::SelfSigned]), Some(self_signed));
        assert_eq!(judged(PolicyOutcome::Ok, &[]), Some(PolicyOutcome::Ok));
    }
}
