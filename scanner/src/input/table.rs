//! Lists as tables with a column of names: Tranco, Umbrella, Majestic, registers and dumps.

use super::bad::BadEntry;
use super::columns::Columns;
use super::lines::Line;
use super::record::{Fields, Records, without_return};
use super::source::{self, RawEntry, Source};
use std::io::{self, BufRead};

/// The records of a table.
pub(super) struct Table<R> {
    records: Records<R>,
    columns: Columns,
    header_due: bool,
    record: Vec<u8>,
}

impl<R: BufRead> Table<R> {
    /// The table in a stream of which so many lines were passed over.
    pub(super) const fn new(stream: R, columns: Columns, skipped: u64) -> Self {
        let header_due = columns.header;
        let records = Records::new(stream, columns.delimiter, skipped);
        Self { records, columns, header_due, record: Vec::new() }
    }
}

/// Whether a record is passed over: it is blank, or a comment.
pub(super) fn is_no_record(record: &[u8]) -> bool {
    matches!(record.trim_ascii(), [] | [b'#', ..])
}

impl<R: BufRead + Send> Source for Table<R> {
    fn read(&mut self, entry: &mut RawEntry) -> io::Result<bool> {
        loop {
            let Some(line) = self.records.read(&mut self.record)? else { return Ok(false) };
            if line == Line::Whole && is_no_record(&self.record) {
                continue;
            }
            if std::mem::take(&mut self.header_due) {
                continue;
            }
            entry.line = self.records.number();
            entry.rank = None;
            entry.text.clear();
            entry.refusal = match line {
                Line::Cut => Some(BadEntry::LineTooLong),
                Line::Whole => pick(without_return(&self.record), &self.columns, entry).err(),
            };
            if entry.refusal.is_some() {
                entry.text.clear();
                entry.text.extend_from_slice(self.record.trim_ascii());
            }
            return Ok(true);
        }
    }

    fn line(&self) -> u64 {
        self.records.line()
    }
}

fn pick(record: &[u8], columns: &Columns, entry: &mut RawEntry) -> Result<(), BadEntry> {
    let last = columns.domain.max(columns.rank.unwrap_or(0));
    let mut found = false;
    for (at, field) in Fields::of(record, columns.delimiter).enumerate().take(last + 1) {
        let field = field?;
        if at == columns.domain {
            entry.text.extend_from_slice(field.trim_ascii());
            found = true;
        } else if Some(at) == columns.rank {
            entry.rank = source::rank(&field);
        }
    }
    if found { Ok(()) } else { Err(BadEntry::ColumnMissing) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::super::columns::Told;
    use super::super::form::Form;
    use super::super::source::tests::{Got, all, got};
    use super::*;

    fn table(text: &str, delimiter: u8, domain: usize, rank: Option<usize>, header: bool) -> Vec<Got> {
        let told = Told { names: String::new(), ranks: None };
        let columns = Columns { delimiter, domain, form: Form::Name, rank, header, told };
        all(Table::new(text.as_bytes(), columns, 0))
    }

    #[test]
    fn quoted_fields_may_hold_the_delimiter() {
        let text = "rank,note,domain\r\n1,\"a, \"\"b\"\"\",\"a.example\"\r\n\r\n2,,b.example,more\n";
        let want = [(2, "a.example", Some(1), None), (4, "b.example", Some(2), None)];
        assert_eq!(table(text, b',', 2, Some(0), true), want.map(got));
    }

    #[test]
    fn quoted_fields_may_hold_a_line_feed() {
        let text =
            "domain,agency,comment\none.example,A,\"moved to\ntwo.example, since 2020\"\nthree.example,,\n";
        let want = [(2, "one.example", None, None), (4, "three.example", None, None)];
        assert_eq!(table(text, b',', 0, None, true), want.map(got));
    }

    #[test]
    fn broken_records_are_bad_entries() {
        let text = "1,a.example\n2\n3,\"b.example\n4,\"c\"d\nx,e.example\n-5,f.example\n";
        let want = [
            (1, "a.example", Some(1), None),
            (2, "2", Some(2), Some(BadEntry::ColumnMissing)),
            (3, "3,\"b.example", Some(3), Some(BadEntry::Quote)),
            (4, "4,\"c\"d", Some(4), Some(BadEntry::Quote)),
            (5, "e.example", None, None),
            (6, "f.example", None, None),
        ];
        assert_eq!(table(text, b',', 1, Some(0), false), want.map(got));
    }

    #[test]
    fn an_empty_first_field_of_a_tab_table_stays_a_field() {
        let want = [(1, "a.example", None, None), (2, "b.example", Some(7), None)];
        assert_eq!(table("\ta.example\r\n7\tb.example\n", b'\t', 1, Some(0), false), want.map(got));
    }

    #[test]
    fn ranks_may_be_written_as_numbers_of_other_kinds() {
        let text =
            "1.0,a.example\n\"1,000\",b.example\n2.5,c.example\n0,d.example\n281474976710656,e.example\n";
        let got: Vec<Option<i64>> =
            table(text, b',', 1, Some(0), false).into_iter().map(|got| got.2).collect();
        assert_eq!(got, [Some(1), Some(1000), None, None, None]);
    }
}
