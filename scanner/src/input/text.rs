//! Lists as text: one name per line, or a table with a column of names (Tranco, Umbrella, Majestic).

use super::lines::{Line, Lines};
use super::name::BadEntry;
use super::source::{self, RawEntry, Source};
use std::borrow::Cow;
use std::io::{self, BufRead};

/// Bytes of a line of a table: public lists have a dozen columns beside the name.
const TABLE_LINE: usize = 16 * 1024;

/// Where a comment begins: `#` at the start of the line or after white space. `None` where there is none.
pub(super) fn comment(line: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'#', line).find(|at| *at == 0 || line[at - 1].is_ascii_whitespace())
}

/// One name per line. Its rank is its place among the entries of the list, bad ones included.
pub(super) struct Names<R> {
    lines: Lines<R>,
    entries: i64,
}

impl<R: BufRead> Names<R> {
    pub(super) const fn new(stream: R) -> Self {
        Self { lines: Lines::new(stream, source::MAX_FIELD), entries: 0 }
    }
}

impl<R: BufRead + Send> Source for Names<R> {
    fn read(&mut self, entry: &mut RawEntry) -> io::Result<bool> {
        loop {
            let Some(line) = self.lines.read(&mut entry.text)? else { return Ok(false) };
            let cut = line == Line::Cut;
            if let Some(comment) = comment(&entry.text) {
                // A long comment is a comment still.
                if entry.text[..comment].trim_ascii().is_empty() {
                    continue;
                }
                if !cut {
                    entry.text.truncate(comment);
                }
            }
            source::trim(&mut entry.text);
            if entry.text.is_empty() && !cut {
                continue;
            }
            self.entries += 1;
            entry.rank = Some(self.entries);
            entry.line = self.lines.number();
            entry.refusal = cut.then_some(BadEntry::LineTooLong);
            return Ok(true);
        }
    }

    fn line(&self) -> u64 {
        self.lines.number()
    }
}

/// Where a table keeps what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) delimiter: u8,
    /// Index of the column with the names.
    pub(super) domain: usize,
    /// Index of the column with the ranks.
    pub(super) rank: Option<usize>,
    /// Whether the first line names the columns.
    pub(super) header: bool,
}

impl Columns {
    /// A table of one column under the header `domain`.
    pub(super) const fn single() -> Self {
        Self { delimiter: b',', domain: 0, rank: None, header: true }
    }

    /// Tells the columns from the first line; without a header by what the fields look like.
    /// Fails with the names of the columns where it is a header without `domain`.
    pub(super) fn of(line: &[u8], delimiter: u8) -> Result<Self, Vec<String>> {
        let fields: Vec<String> = Fields::of(line, delimiter)
            .map_while(Result::ok)
            .map(|field| String::from_utf8_lossy(&field).trim().to_owned())
            .collect();
        let named = |names: &[&str]| {
            fields.iter().position(|field| names.iter().any(|name| field.eq_ignore_ascii_case(name)))
        };
        let is_number = |field: &String| !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(domain) = named(&["domain"]) {
            let rank = named(&["rank", "globalrank"]);
            return Ok(Self { delimiter, domain, rank, header: true });
        }
        if fields.len() > 1 && is_number(&fields[0]) {
            return Ok(Self { delimiter, domain: 1, rank: Some(0), header: false });
        }
        let is_name = |field: &String| {
            field.rsplit_once('.').is_some_and(|(_, top)| top.chars().any(char::is_alphabetic))
        };
        match fields.iter().position(is_name) {
            Some(domain) => Ok(Self { delimiter, domain, rank: None, header: false }),
            None => Err(fields),
        }
    }
}

/// A table with one record per line. Quoted fields may hold the delimiter and doubled quotes, but no line
/// feed.
pub(super) struct Table<R> {
    lines: Lines<R>,
    columns: Columns,
    header_due: bool,
    record: Vec<u8>,
}

impl<R: BufRead> Table<R> {
    pub(super) const fn new(stream: R, columns: Columns) -> Self {
        let header_due = columns.header;
        Self { lines: Lines::new(stream, TABLE_LINE), columns, header_due, record: Vec::new() }
    }
}

impl<R: BufRead + Send> Source for Table<R> {
    fn read(&mut self, entry: &mut RawEntry) -> io::Result<bool> {
        loop {
            let Some(line) = self.lines.read(&mut self.record)? else { return Ok(false) };
            let record = self.record.trim_ascii();
            if line == Line::Whole && (record.is_empty() || record[0] == b'#') {
                continue;
            }
            if std::mem::take(&mut self.header_due) {
                continue;
            }
            entry.line = self.lines.number();
            entry.rank = None;
            entry.text.clear();
            entry.refusal = match line {
                Line::Cut => Some(BadEntry::LineTooLong),
                Line::Whole => pick(record_of(&self.record), &self.columns, entry).err(),
            };
            if entry.refusal.is_some() {
                entry.text.clear();
                entry.text.extend_from_slice(self.record.trim_ascii());
            }
            return Ok(true);
        }
    }

    fn line(&self) -> u64 {
        self.lines.number()
    }
}

/// The record without its carriage return; other white space may be the delimiter.
fn record_of(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
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

/// The fields of one record (RFC 4180 section 2), stops after a broken one.
struct Fields<'r> {
    rest: Option<&'r [u8]>,
    delimiter: u8,
}

impl<'r> Fields<'r> {
    const fn of(record: &'r [u8], delimiter: u8) -> Self {
        Self { rest: Some(record), delimiter }
    }

    /// A quoted field, from after its opening quote.
    fn quoted(&mut self, mut inner: &'r [u8]) -> Result<Cow<'r, [u8]>, BadEntry> {
        let mut field = Cow::Borrowed(&inner[..0]);
        loop {
            let quote = memchr::memchr(b'"', inner).ok_or(BadEntry::Quote)?;
            if field.is_empty() {
                field = Cow::Borrowed(&inner[..quote]);
            } else {
                field.to_mut().extend_from_slice(&inner[..quote]);
            }
            inner = &inner[quote + 1..];
            match inner.split_first() {
                Some((b'"', after)) => {
                    field.to_mut().push(b'"');
                    inner = after;
                }
                Some((byte, after)) if *byte == self.delimiter => {
                    self.rest = Some(after);
                    return Ok(field);
                }
                _ if inner.trim_ascii().is_empty() => return Ok(field),
                _ => return Err(BadEntry::Quote),
            }
        }
    }
}

impl<'r> Iterator for Fields<'r> {
    type Item = Result<Cow<'r, [u8]>, BadEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        if let Some(inner) = rest.strip_prefix(b"\"") {
            return Some(self.quoted(inner));
        }
        let end = memchr::memchr(self.delimiter, rest);
        self.rest = end.map(|end| &rest[end + 1..]);
        Some(Ok(Cow::Borrowed(&rest[..end.unwrap_or(rest.len())])))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use proptest::prelude::*;

    type Got = (u64, String, Option<i64>, Option<BadEntry>);

    fn all(mut source: impl Source) -> Vec<Got> {
        let (mut entry, mut got) = (RawEntry::default(), Vec::new());
        while source.read(&mut entry).unwrap() {
            got.push((
                entry.line,
                String::from_utf8_lossy(&entry.text).into_owned(),
                entry.rank,
                entry.refusal,
            ));
        }
        got
    }

    fn table(text: &str, domain: usize, rank: Option<usize>, header: bool) -> Vec<Got> {
        all(Table::new(text.as_bytes(), Columns { delimiter: b',', domain, rank, header }))
    }

    #[test]
    fn comments_and_blank_lines_are_no_entries() {
        let long = format!("# {}\n", "-".repeat(3000));
        let text =
            format!("# names\n\n  \n{long}a.example # the first\n\tB.example \r\nc#.example\nd.example");
        let want = [(5, "a.example", 1), (6, "B.example", 2), (7, "c#.example", 3), (8, "d.example", 4)];
        let want: Vec<Got> =
            want.into_iter().map(|(line, text, rank)| (line, text.to_owned(), Some(rank), None)).collect();
        assert_eq!(all(Names::new(text.as_bytes())), want);
    }

    #[test]
    fn a_long_line_is_one_bad_entry() {
        let text = format!("a.example\n{}\nb.example\n", "x".repeat(5000));
        let got = all(Names::new(text.as_bytes()));
        assert_eq!(got.len(), 3);
        assert_eq!((got[1].1.len(), got[1].3), (source::MAX_FIELD, Some(BadEntry::LineTooLong)));
        assert_eq!((got[2].1.as_str(), got[2].2), ("b.example", Some(3)));
    }

    #[test]
    fn quoted_fields_may_hold_the_delimiter() {
        let text = "rank,note,domain\r\n1,\"a, \"\"b\"\"\",\"a.example\"\r\n\r\n2,,b.example,more\n";
        let want =
            vec![(2, "a.example".to_owned(), Some(1), None), (4, "b.example".to_owned(), Some(2), None)];
        assert_eq!(table(text, 2, Some(0), true), want);
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
        assert_eq!(
            table(text, 1, Some(0), false),
            want.map(|(line, text, rank, bad)| (line, text.to_owned(), rank, bad))
        );
    }

    #[test]
    fn an_empty_first_field_of_a_tab_table_stays_a_field() {
        let columns = Columns { delimiter: b'\t', domain: 1, rank: Some(0), header: false };
        let got = all(Table::new(&b"\ta.example\r\n7\tb.example\n"[..], columns));
        let want = [(1, "a.example", None, None), (2, "b.example", Some(7), None)];
        assert_eq!(got, want.map(|(line, text, rank, bad)| (line, text.to_owned(), rank, bad)));
    }

    proptest! {
        #[test]
        fn any_record_ends(text in "[a,\"\\PC]*") {
            let record = text.as_bytes();
            prop_assert!(Fields::of(record, b',').count() <= record.len() + 1);
        }
    }
}
