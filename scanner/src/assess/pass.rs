//! The first pass over a part of `domains`, over a few columns of words: which rows have a judgement, and
//! what is counted of all of them.

use super::changes::Before;
use super::counts::{WordCounts, counted};
use super::is_assessed;
use super::seen::SeenJudgement;
use crate::dataset::cell::{Batch, Words};
use crate::dataset::columns::{DOMAINS, column};
use crate::dataset::read::{Part, ReadError};
use crate::evidence::{RecordState, Vocabulary as _};
use std::collections::VecDeque;

/// What a pass over a part found.
#[derive(Default)]
pub(super) struct Passed {
    /// For each row whether it has a judgement.
    pub(super) wanted: Vec<bool>,
    /// Of each row that has one the judgement before, where there is any; empty where nothing is compared.
    pub(super) before: VecDeque<Option<SeenJudgement>>,
}

impl Passed {
    /// Passes over a part, and counts the words of its rows.
    ///
    /// # Errors
    /// It cannot be read, or the judgement before cannot.
    pub(super) fn over(
        part: &Part,
        before: &mut Before<'_>,
        tally: &mut WordCounts,
    ) -> Result<Self, ReadError> {
        let counted = counted(&DOMAINS);
        let name = column!(DOMAINS.domain);
        let mut columns = counted.clone();
        columns.extend([column!(DOMAINS.sts_signals), column!(DOMAINS.tlsrpt_record)]);
        columns.extend([column!(DOMAINS.policy_usable), column!(DOMAINS.policy_mode)]);
        columns.extend(before.is_compared().then_some(name));
        let mut passed = Self::default();
        for batch in part.words(&columns, &[name])? {
            let batch = batch?;
            tally.count_domains(&counted, &batch);
            let wanted = wanted(&batch);
            if before.is_compared() {
                for (row, is_wanted) in wanted.iter().enumerate() {
                    let met = before.meet(batch.text(name, row).unwrap_or_default())?;
                    if *is_wanted {
                        passed.before.push_back(met);
                    } else if met.is_some() {
                        before.changes.gone += 1;
                    }
                }
            }
            passed.wanted.extend(wanted);
        }
        Ok(passed)
    }

    /// Whether any row has a judgement.
    pub(super) fn is_any(&self) -> bool {
        self.wanted.contains(&true)
    }
}

/// Whether each row of a batch has a judgement.
fn wanted(batch: &Batch) -> Vec<bool> {
    let is_published = |word: &str| is_assessed(None, RecordState::of_word(word));
    let publishes =
        batch.words(column!(DOMAINS.tlsrpt_record)).map(|words| Words::those(words, is_published));
    let mut wanted: Vec<bool> = match publishes {
        Some(publishes) => (0..batch.rows()).map(publishes).collect(),
        None => vec![false; batch.rows()],
    };
    for row in batch.true_rows(column!(DOMAINS.sts_signals)) {
        wanted[row] |= is_assessed(Some(true), None);
    }
    wanted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use crate::assess::tests::good;
    use crate::assess::{HostsOf, SeenDomain, domain};
    use crate::dataset::batch::Rows;
    use crate::dataset::commits::UNFINISHED;
    use crate::dataset::parts::PartWriter;
    use crate::dataset::read::parts;
    use crate::dataset::view::View as _;
    use crate::evidence::rows::{AssessmentRow, DomainRow};
    use crate::evidence::{DnsStatus, Mode};
    use std::path::Path;

    /// Writes rows as the one part of their table.
    fn write<R: Rows>(dataset: &Path, rows: impl Iterator<Item = R>) {
        let folder = dataset.join(R::TABLE.name);
        std::fs::create_dir(&folder).unwrap();
        let mut writer = PartWriter::new(dataset, "scan", 0);
        rows.for_each(|row| writer.push(Box::new(row)).unwrap());
        let closed = writer.close().unwrap().unwrap();
        std::fs::rename(folder.join(format!("{}.{UNFINISHED}", closed.name)), folder.join(closed.name))
            .unwrap();
    }

    /// Rows of every kind: most say nothing, some signal, some have a TLSRPT record, some of these two.
    fn row(n: usize) -> DomainRow {
        let mut row = DomainRow {
            domain: format!("d{n}.example").into(),
            mx_dns: Some(if n.is_multiple_of(3) { DnsStatus::NxDomain } else { DnsStatus::NoError }),
            mx_kind: good().row.mx_kind,
            ..DomainRow::default()
        };
        if n % 500 == 7 {
            row = DomainRow { domain: row.domain, ..good().row };
            row.policy.usable = Some(n % 1_000 == 7);
            row.policy.mode = Some(Mode::Enforce).filter(|_| n.is_multiple_of(3));
        }
        if n % 100 == 9 {
            row.tlsrpt_record =
                [RecordState::Valid, RecordState::Absent, RecordState::Unknown, RecordState::Multiple]
                    .get(n / 100 % 4)
                    .copied();
        }
        row
    }

    const ROWS: usize = 40_000;

    fn is_judged(row: &DomainRow) -> bool {
        is_assessed(row.sts_signals, row.tlsrpt_record)
    }

    #[test]
    fn the_first_pass_finds_the_rows_with_a_judgement_and_counts_all_of_them() {
        let dataset = tempfile::tempdir().unwrap();
        write(dataset.path(), (0..ROWS).map(row));
        let path = parts(dataset.path(), &DOMAINS).unwrap().remove(0);
        let part = Part::open(&path, &DOMAINS).unwrap();
        let mut tally = WordCounts::default();
        let passed = Passed::over(&part, &mut Before::none(), &mut tally).unwrap();
        let want: Vec<bool> = (0..ROWS).map(|n| is_judged(&row(n))).collect();
        assert!(passed.is_any() && passed.wanted == want);
        let mut seen = Vec::new();
        for batch in part.rows(SeenDomain::COLUMNS, &passed.wanted).unwrap() {
            let batch = batch.unwrap();
            seen.extend((0..batch.rows()).map(|row| SeenDomain::read(&batch, row)));
        }
        let rows = (0..ROWS).map(row).filter(is_judged);
        assert_eq!(seen, rows.map(|row| SeenDomain::from(&row)).collect::<Vec<_>>());

        let count = |is: fn(&DomainRow) -> bool| (0..ROWS).map(row).filter(is).count() as u64;
        let counts = &tally.counts;
        assert_eq!(counts["mx_dns"]["NXDOMAIN"], count(|row| row.mx_dns == Some(DnsStatus::NxDomain)));
        assert_eq!(
            counts["tlsrpt_record"]["multiple"],
            count(|row| row.tlsrpt_record == Some(RecordState::Multiple))
        );
        assert_eq!(counts["sts_signals"]["true"], count(|row| row.sts_signals == Some(true)));
        let usable = |mode| {
            (0..ROWS).map(row).filter(move |row| row.policy.usable == Some(true) && row.policy.mode == mode)
        };
        assert_eq!(counts["policy_mode"]["enforce"], usable(Some(Mode::Enforce)).count() as u64);
        assert_eq!(counts["policy_mode"]["none"], usable(None).count() as u64);
        assert!(!counts.contains_key("policy_outcome") || counts["policy_outcome"]["ok"] > 0);
    }

    #[test]
    fn each_row_meets_its_judgement_before() {
        let dataset = tempfile::tempdir().unwrap();
        write(dataset.path(), (0..ROWS).map(row));
        let judged = |row: DomainRow| domain(&SeenDomain::from(&row), &HostsOf::default());
        // Before, one in three of them had none, and two had one that have none now.
        let had = |n: &usize| is_judged(&row(*n)) && !n.is_multiple_of(3) || [1, ROWS - 1].contains(n);
        write(dataset.path(), (0..ROWS).filter(had).map(row).map(judged));
        let mut before = Before::open(dataset.path()).unwrap();
        let path = parts(dataset.path(), &DOMAINS).unwrap().remove(0);
        let part = Part::open(&path, &DOMAINS).unwrap();
        let mut passed = Passed::over(&part, &mut before, &mut WordCounts::default()).unwrap();
        let now: Vec<AssessmentRow> = (0..ROWS).map(row).filter(is_judged).map(judged).collect();
        for row in &now {
            before.changes.compare(passed.before.pop_front().flatten(), row);
        }
        let changes = before.finish().unwrap();
        let new = (0..ROWS).filter(|n| is_judged(&row(*n)) && n % 3 == 0).count() as u64;
        assert_eq!((changes.new, changes.gone, changes.domains), (new, 2, 0));
        assert_eq!(changes.compared + new, now.len() as u64);
    }
}
