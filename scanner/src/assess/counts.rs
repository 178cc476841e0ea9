//! What is counted of a dataset while it is judged: words of evidence, findings, verdicts.

use crate::dataset::cell::{Batch, Words};
use crate::dataset::columns::{DOMAINS, MX_HOSTS, Table, column};
use crate::evidence::Vocabulary;
use crate::evidence::rows::AssessmentRow;
use std::collections::BTreeMap;

/// Counts by outcome: column, word, rows.
pub type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// Columns of a table whose words the manifest counts.
pub(super) fn counted(table: &Table) -> Vec<&'static str> {
    table.columns.iter().filter(|column| column.counted).map(|column| column.name).collect()
}

/// What is counted of a dataset while it is judged.
#[derive(Default)]
pub(super) struct WordCounts {
    pub(super) counts: Counts,
    /// Words that this program does not know, of columns that are not counted: column with its table, word,
    /// cells.
    unknown: Counts,
}

fn count(counts: &mut Counts, column: &str, word: &str, rows: u64) {
    if let Some(known) = counts.get_mut(column).and_then(|words| words.get_mut(word)) {
        *known += rows;
        return;
    }
    *counts.entry(column.to_owned()).or_default().entry(word.to_owned()).or_default() += rows;
}

impl WordCounts {
    /// Counts the words of these columns of a row.
    pub(super) fn count_words(&mut self, columns: &[&'static str], batch: &Batch, row: usize) {
        for column in columns {
            if let Some(word) = batch.text(column, row) {
                count(&mut self.counts, column, word, 1);
            }
        }
    }

    /// Counts the words of all rows of a batch of `domains` that was read as words.
    pub(super) fn count_domains(&mut self, columns: &[&'static str], batch: &Batch) {
        for column in columns {
            for (word, rows) in batch.words(column).into_iter().flat_map(Words::counts) {
                count(&mut self.counts, column, word, rows);
            }
        }
        let signallers = batch.true_rows(column!(DOMAINS.sts_signals)).count() as u64;
        if signallers > 0 {
            count(&mut self.counts, column!(DOMAINS.sts_signals), "true", signallers);
        }
        let mode = column!(DOMAINS.policy_mode);
        let modes = batch.words(mode);
        for row in batch.true_rows(column!(DOMAINS.policy_usable)) {
            let word = modes.and_then(|modes| modes.text(row)).unwrap_or("none");
            count(&mut self.counts, mode, word, 1);
        }
    }

    pub(super) fn count_assessment(&mut self, row: &AssessmentRow) {
        count(&mut self.counts, "assessed", "true", 1);
        for finding in &row.findings {
            count(&mut self.counts, "finding", finding.as_str(), 1);
        }
        for (column, verdict) in [
            (column!(ASSESSMENTS.verdict_strict), row.verdict_strict),
            (column!(ASSESSMENTS.verdict_lenient), row.verdict_lenient),
        ] {
            if let Some(verdict) = verdict {
                count(&mut self.counts, column, verdict.word(), 1);
            }
        }
    }

    /// Notes a word of a row that is judged. A counted column's words are found among the counts, which are
    /// of all rows.
    pub(super) fn note_unknown(&mut self, table: &Table, column: &str, word: &str) {
        let is_counted = table.columns.iter().any(|known| known.name == column && known.counted);
        if !is_counted {
            count(&mut self.unknown, &format!("{}.{column}", table.name), word, 1);
        }
    }

    /// Every word that this program does not know, with the cells that hold it.
    pub(super) fn unknown(&self) -> Counts {
        let mut unknown = self.unknown.clone();
        for table in [&DOMAINS, &MX_HOSTS] {
            for column in table.columns.iter().filter(|column| column.counted) {
                let known = column.words.map(|words| words()).unwrap_or_default();
                for (word, cells) in self.counts.get(column.name).into_iter().flatten() {
                    if !known.iter().any(|entry| entry.word == word) {
                        let words = unknown.entry(format!("{}.{}", table.name, column.name)).or_default();
                        words.insert(word.clone(), *cells);
                    }
                }
            }
        }
        unknown
    }
}
