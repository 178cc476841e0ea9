//! What judging a dataset anew changed: its verdicts, and the findings that came and went with them.

use super::seen::SeenJudgement;
use crate::dataset::cell::Batch;
use crate::dataset::columns::{ASSESSMENTS, column};
use crate::dataset::read::{Batches, ReadError};
use crate::dataset::view::View as _;
use crate::evidence::rows::AssessmentRow;
use crate::evidence::{Verdict, Word};
use std::collections::BTreeMap;
use std::path::Path;

/// A verdict before and after, as words: `null` where there was none.
pub type Turn = (String, String);

/// What a new judgement of a dataset changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Domains that both judgements have a row of.
    pub compared: u64,
    /// Domains with a verdict that changed.
    pub domains: u64,
    /// Domains that only the judgement before had a row of, and those that only the new one has.
    pub gone: u64,
    /// See `gone`.
    pub new: u64,
    /// Changes of verdicts: column, word before, word after, domains.
    pub verdicts: BTreeMap<&'static str, BTreeMap<Turn, u64>>,
    /// Findings that such a domain had before and has no more.
    pub findings_gone: BTreeMap<String, u64>,
    /// Findings that such a domain has now and had not.
    pub findings_new: BTreeMap<String, u64>,
}

/// The judgement before, read beside the new one: both have the order of `domains`, so that neither is held
/// in memory.
pub(super) struct Before<'a> {
    batches: Option<Batches<'a>>,
    batch: Option<(Batch, usize)>,
    next: Option<SeenJudgement>,
    pub(super) changes: Changes,
}

impl<'a> Before<'a> {
    /// That of a dataset; there is nothing in it where the dataset was never judged.
    pub(super) fn open(dataset: &'a Path) -> Result<Self, ReadError> {
        let batches = Batches::open(dataset, &ASSESSMENTS, SeenJudgement::COLUMNS)?;
        let mut before = Self { batches: Some(batches), ..Self::none() };
        before.advance()?;
        Ok(before)
    }

    /// None, to compare nothing with.
    pub(super) fn none() -> Self {
        Self { batches: None, batch: None, next: None, changes: Changes::default() }
    }

    fn advance(&mut self) -> Result<(), ReadError> {
        loop {
            match &mut self.batch {
                Some((batch, row)) if *row < batch.rows() => {
                    self.next = Some(SeenJudgement::read(batch, *row));
                    *row += 1;
                    return Ok(());
                }
                _ => match self.batches.as_mut().and_then(Iterator::next).transpose()? {
                    Some(batch) => self.batch = Some((batch, 0)),
                    None => {
                        self.next = None;
                        return Ok(());
                    }
                },
            }
        }
    }

    /// Whether there is anything to compare with.
    pub(super) const fn is_compared(&self) -> bool {
        self.next.is_some()
    }

    /// The judgement before of a domain; `None` where there is none. To be called for every domain in its
    /// turn, as long as there is anything to compare with.
    pub(super) fn meet(&mut self, domain: &str) -> Result<Option<SeenJudgement>, ReadError> {
        if self.next.as_ref().is_none_or(|next| next.domain != domain) {
            return Ok(None);
        }
        let met = self.next.take();
        self.advance()?;
        Ok(met)
    }

    /// The changes, once every domain was compared.
    pub(super) fn finish(mut self) -> Result<Changes, ReadError> {
        while self.next.is_some() {
            self.changes.gone += 1;
            self.advance()?;
        }
        Ok(self.changes)
    }
}

impl Changes {
    /// Compares what is drawn of a domain now with what was drawn before, `None` where there was nothing.
    pub(super) fn compare(&mut self, before: Option<SeenJudgement>, now: &AssessmentRow) {
        match before {
            Some(before) => self.note(&before, &SeenJudgement::from(now)),
            None => self.new += 1,
        }
    }

    fn note(&mut self, before: &SeenJudgement, now: &SeenJudgement) {
        self.compared += 1;
        let mut changed = false;
        let of_named = [
            (
                column!(ASSESSMENTS.verdict_postfix_classic),
                &before.verdict_postfix_classic,
                &now.verdict_postfix_classic,
            ),
            (column!(ASSESSMENTS.verdict_dane_first), &before.verdict_dane_first, &now.verdict_dane_first),
        ];
        // Before layout 1.3 nobody drew them: that is no change.
        let of_named = of_named.into_iter().filter(|(_, before, _)| before.is_some());
        for (column, before, now) in [
            (column!(ASSESSMENTS.verdict_strict), &before.verdict_strict, &now.verdict_strict),
            (column!(ASSESSMENTS.verdict_lenient), &before.verdict_lenient, &now.verdict_lenient),
            (column!(ASSESSMENTS.verdict_primary), &before.verdict_primary, &now.verdict_primary),
        ]
        .into_iter()
        .chain(of_named)
        {
            if before != now {
                changed = true;
                *self.verdicts.entry(column).or_default().entry((word(before), word(now))).or_default() += 1;
            }
        }
        if !changed {
            return;
        }
        self.domains += 1;
        for code in before.findings.iter().filter(|code| !now.findings.contains(code)) {
            *self.findings_gone.entry(code.as_str().to_owned()).or_default() += 1;
        }
        for code in now.findings.iter().filter(|code| !before.findings.contains(code)) {
            *self.findings_new.entry(code.as_str().to_owned()).or_default() += 1;
        }
    }
}

fn word(verdict: &Option<Word<Verdict>>) -> String {
    verdict.as_ref().map_or("null", Word::as_str).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Code;

    #[test]
    fn a_verdict_that_changed_is_told_with_the_findings_that_came_and_went() {
        let before = SeenJudgement {
            findings: vec![Code::mx_cert_untrusted.into(), Code::tlsrpt_absent.into()],
            verdict_strict: Some(Verdict::Refused.into()),
            ..SeenJudgement::default()
        };
        let now = SeenJudgement {
            findings: vec![Code::mx_cert_chain_incomplete.into(), Code::tlsrpt_absent.into()],
            verdict_strict: Some(Verdict::Partial.into()),
            ..SeenJudgement::default()
        };
        let mut changes = Changes::default();
        changes.note(&before, &now);
        changes.note(&now, &now);
        assert_eq!((changes.compared, changes.domains), (2, 1));
        let turn = ("refused".to_owned(), "partial".to_owned());
        assert_eq!(changes.verdicts["verdict_strict"], BTreeMap::from([(turn, 1)]));
        assert_eq!(changes.findings_gone, BTreeMap::from([("mx_cert_untrusted".to_owned(), 1)]));
        assert_eq!(changes.findings_new, BTreeMap::from([("mx_cert_chain_incomplete".to_owned(), 1)]));
    }
}
