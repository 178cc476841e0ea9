//! `chain_incomplete` told from `untrusted` (findings.md): a leaf without a path by the certificates that its server sent, but with
//! one by those that the scan saw anywhere, or that the operator gave.
//!
//! The evidence says `untrusted`, which is what the server showed; whether somebody else sends what it left out is known only when the
//! whole table of certificates is there. So it is judged here, and the evidence stays as it was written.

use crate::dataset::columns::{CERTIFICATES, DOMAINS, MX_HOSTS};
use crate::dataset::read::{self, ReadError};
use crate::dataset::rows::{DomainRow, HostRow, TlsEvidence};
use crate::dataset::words::Word;
use crate::tls::Trust;
use crate::tls::certificate::unhex;
use crate::tls::paths::{Intermediates, LONGEST};
use std::collections::HashSet;
use std::path::Path;

const UNTRUSTED: &str = "untrusted";

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
    /// From a dataset. Reads the certificates as often as a path is long at most, and keeps the authorities and the untrusted leaves' hashes alone.
    ///
    /// # Errors
    /// A part cannot be read.
    pub fn of_dataset(dataset: &Path, with: Authorities<'_>) -> Result<Self, ReadError> {
        let mut wanted = HashSet::new();
        for (table, leaf, faults) in [
            (&DOMAINS, "policy_certificate_sha256", "policy_cert_faults"),
            (&MX_HOSTS, "certificate_sha256", "cert_faults"),
        ] {
            read::batches(dataset, table, &[leaf, faults], |batch| {
                for row in 0..batch.rows() {
                    let untrusted = |faults: Vec<String>| faults.iter().any(|fault| fault == UNTRUSTED);
                    if batch.texts(faults, row).is_some_and(untrusted) {
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
            read::batches(dataset, &CERTIFICATES, &["is_ca", "der"], |batch| {
                for row in (0..batch.rows()).filter(|row| batch.bool("is_ca", *row) == Some(true)) {
                    news |= batch.bytes("der", row).is_some_and(|der| intermediates.offer(der, with.trust));
                }
            })?;
            if !news {
                break;
            }
        }
        let mut completed = Self::default();
        read::batches(dataset, &CERTIFICATES, &["sha256", "der"], |batch| {
            for row in 0..batch.rows() {
                let leaf = batch.text("sha256", row).and_then(hash).filter(|leaf| wanted.contains(leaf));
                if let (Some(leaf), Some(der)) = (leaf, batch.bytes("der", row))
                    && intermediates.complete(der, with.trust, with.now)
                {
                    completed.0.insert(leaf);
                }
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

    /// The row as it is to be judged: `chain_incomplete` in place of `untrusted` where the policy host's chain can be completed.
    pub fn judge_domain(&self, row: &mut DomainRow) {
        if self.rename(&mut row.policy.tls) && row.policy.outcome.as_deref() == Some("policy_tls_untrusted") {
            row.policy.outcome = Some(Word::Borrowed("policy_tls_chain_incomplete"));
        }
    }

    /// The same for a row of an MX host.
    pub fn judge_host(&self, row: &mut HostRow) {
        self.rename(&mut row.smtp.tls);
    }

    fn rename(&self, tls: &mut TlsEvidence) -> bool {
        const INCOMPLETE: Word = Word::Borrowed("chain_incomplete");
        let leaf = tls.certificate_sha256.as_deref().and_then(hash);
        if !leaf.is_some_and(|leaf| self.0.contains(&leaf)) {
            return false;
        }
        let words = tls.cert_faults.iter_mut().flatten().chain(&mut tls.cert_outcome);
        let untrusted = words.filter(|word| **word == UNTRUSTED).map(|word| *word = INCOMPLETE);
        untrusted.count() > 0
    }
}

fn hash(text: &str) -> Option<[u8; 32]> {
    unhex(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::Completed;
    use crate::dataset::rows::{DomainRow, HostRow};

    fn completed() -> Completed {
        Completed([[0xab; 32]].into())
    }

    #[test]
    fn only_the_untrusted_fault_of_such_a_leaf_is_judged_anew() {
        let mut row = HostRow::default();
        row.smtp.tls.certificate_sha256 = Some("ab".repeat(32));
        row.smtp.tls.cert_faults = Some(vec!["untrusted".into(), "name".into()]);
        row.smtp.tls.cert_outcome = Some("untrusted".into());
        completed().judge_host(&mut row);
        assert_eq!(row.smtp.tls.cert_faults, Some(vec!["chain_incomplete".into(), "name".into()]));
        assert_eq!(row.smtp.tls.cert_outcome.as_deref(), Some("chain_incomplete"));

        let mut other = HostRow::default();
        other.smtp.tls.certificate_sha256 = Some("ac".repeat(32));
        other.smtp.tls.cert_faults = Some(vec!["untrusted".into()]);
        completed().judge_host(&mut other);
        assert_eq!(other.smtp.tls.cert_faults, Some(vec!["untrusted".into()]));
    }

    #[test]
    fn the_outcome_of_a_policy_follows_its_first_fault() {
        let row = |outcome: &'static str, faults: &[&'static str]| {
            let mut row = DomainRow::default();
            row.policy.outcome = Some(outcome.into());
            row.policy.tls.certificate_sha256 = Some("ab".repeat(32));
            row.policy.tls.cert_faults = Some(faults.iter().map(|word| (*word).into()).collect());
            completed().judge_domain(&mut row);
            row.policy.outcome
        };
        assert_eq!(
            row("policy_tls_untrusted", &["untrusted"]).as_deref(),
            Some("policy_tls_chain_incomplete")
        );
        assert_eq!(
            row("policy_tls_self_signed", &["self_signed"]).as_deref(),
            Some("policy_tls_self_signed")
        );
        assert_eq!(row("ok", &[]).as_deref(), Some("ok"));
    }
}
