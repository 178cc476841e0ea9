//! Records of a table and their fields (RFC 4180 section 2). A quoted field may hold the delimiter, doubled
//! quotes and line feeds.

use super::bad::BadEntry;
use super::lines::{Line, Lines};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead};

/// Bytes of a line of a table: public lists have a dozen columns beside the name.
const TABLE_LINE: usize = 16 * 1024;

/// Bytes, and lines, that a record with line feeds in it may have. A quote that is not closed within them was
/// meant as a character, and its line is a record by itself.
const LONGEST: usize = 64 * 1024;
const MOST_LINES: usize = 200;

/// What a line leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    Closed,
    /// A quoted field goes on in the next line.
    Open,
    /// Text goes on after a closing quote.
    Broken,
}

/// Splits a table into records.
pub(super) struct Records<R> {
    lines: Lines<R>,
    delimiter: u8,
    /// Line on which the last record begins.
    number: u64,
    /// Lines that were read in search of a closing quote that did not come.
    ahead: VecDeque<(u64, Vec<u8>, Line)>,
    /// What went wrong in that search; told when these lines were read.
    fault: Option<io::Error>,
}

impl<R: BufRead> Records<R> {
    /// Records of a stream of which so many lines were passed over.
    pub(super) const fn new(stream: R, delimiter: u8, skipped: u64) -> Self {
        let lines = Lines::after(stream, TABLE_LINE, skipped);
        Self { lines, delimiter, number: skipped, ahead: VecDeque::new(), fault: None }
    }

    /// Line on which the last record begins, from 1; 0 before the first.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The line that was begun last.
    pub(super) const fn line(&self) -> u64 {
        self.lines.number()
    }

    /// Puts the next record into `record`; `None` at the end.
    pub(super) fn read(&mut self, record: &mut Vec<u8>) -> io::Result<Option<Line>> {
        let Some((number, line)) = self.next_line(record)? else { return Ok(None) };
        self.number = number;
        // Nearly every line of nearly every list ends here.
        if memchr::memchr(b'"', record).is_some()
            && line == Line::Whole
            && open_after(record, false, self.delimiter) == Quote::Open
        {
            self.complete(record);
        }
        Ok(Some(line))
    }

    fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<Option<(u64, Line)>> {
        if let Some((number, text, whole)) = self.ahead.pop_front() {
            *line = text;
            return Ok(Some((number, whole)));
        }
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let state = self.lines.read(line)?;
        Ok(state.map(|state| (self.lines.number(), state)))
    }

    /// Adds the lines up to the closing quote; where there is none the record stays as it is.
    fn complete(&mut self, record: &mut Vec<u8>) {
        let first = record.len();
        let mut taken = Vec::new();
        while taken.len() < MOST_LINES && record.len() < LONGEST {
            let mut line = Vec::new();
            let (number, state) = match self.next_line(&mut line) {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
            };
            let quote = match state {
                Line::Whole => open_after(&line, true, self.delimiter),
                Line::Cut => Quote::Broken,
            };
            record.push(b'\n');
            record.extend_from_slice(&line);
            taken.push((number, line, state));
            match quote {
                Quote::Closed => return,
                Quote::Open => {}
                Quote::Broken => break,
            }
        }
        record.truncate(first);
        taken.into_iter().rev().for_each(|line| self.ahead.push_front(line));
    }
}

/// What a line leaves open, given whether a quoted field was open before it.
fn open_after(line: &[u8], mut open: bool, delimiter: u8) -> Quote {
    let mut rest = line;
    loop {
        if !open && let Some(inner) = rest.strip_prefix(b"\"") {
            (rest, open) = (inner, true);
        }
        if open {
            let Some(after) = after_quote(rest) else { return Quote::Open };
            (rest, open) = (after, false);
            match rest.first() {
                Some(byte) if *byte == delimiter => rest = &rest[1..],
                _ if rest.trim_ascii().is_empty() => return Quote::Closed,
                _ => return Quote::Broken,
            }
        } else {
            match memchr::memchr(delimiter, rest) {
                Some(end) => rest = &rest[end + 1..],
                None => return Quote::Closed,
            }
        }
    }
}

/// What follows the closing quote; doubled quotes close nothing.
fn after_quote(mut inner: &[u8]) -> Option<&[u8]> {
    loop {
        inner = &inner[memchr::memchr(b'"', inner)? + 1..];
        match inner.strip_prefix(b"\"") {
            Some(after) => inner = after,
            None => return Some(inner),
        }
    }
}

/// The record without its carriage return; other white space may be the delimiter.
pub(super) fn without_return(record: &[u8]) -> &[u8] {
    record.strip_suffix(b"\r").unwrap_or(record)
}

/// The fields of one record, stops after a broken one.
pub(super) struct Fields<'r> {
    rest: Option<&'r [u8]>,
    delimiter: u8,
}

impl<'r> Fields<'r> {
    pub(super) const fn of(record: &'r [u8], delimiter: u8) -> Self {
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

    fn records(text: &str) -> Vec<(u64, String)> {
        let mut records = Records::new(text.as_bytes(), b',', 0);
        let (mut record, mut got) = (Vec::new(), Vec::new());
        while records.read(&mut record).unwrap().is_some() {
            got.push((records.number(), String::from_utf8(record.clone()).unwrap()));
        }
        got
    }

    #[test]
    fn a_quoted_field_may_hold_line_feeds() {
        let got = records("a,\"b\nc, \"\"d\"\"\n\ne\"\r\nf\n\"g\n\",h\n");
        let want = [(1, "a,\"b\nc, \"\"d\"\"\n\ne\"\r"), (5, "f"), (6, "\"g\n\",h")];
        assert_eq!(got, want.map(|(number, record)| (number, record.to_owned())));
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_its_own_line_only() {
        let text = "a,\"b\nc\nd,\"e\nf\n";
        let got: Vec<String> = records(text).into_iter().map(|(_, record)| record).collect();
        assert_eq!(got, ["a,\"b", "c", "d,\"e", "f"]);
        let long = format!("a,\"b\n{}z\n", "x\n".repeat(1000));
        let got = records(&long);
        assert_eq!((got.len(), got[1001].0, got[1001].1.as_str()), (1002, 1002, "z"));
    }

    #[test]
    fn quotes_without_end_take_linear_time() {
        let began = std::time::Instant::now();
        let text = "a,\"b\n".repeat(200_000);
        assert_eq!(records(&text).len(), 200_000);
        let text = format!("a,\"b\n{}", "x\n".repeat(300)).repeat(1000);
        assert_eq!(records(&text).len(), 301_000);
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn any_record_ends(text in "[a,\"\\PC]*") {
            let record = text.as_bytes();
            prop_assert!(Fields::of(record, b',').count() <= record.len() + 1);
        }

        #[test]
        fn no_byte_of_a_table_is_lost(text in "[a,\"\n]{0,60}") {
            let joined: Vec<String> = records(&text).into_iter().map(|(_, record)| record).collect();
            let want = text.strip_suffix('\n').unwrap_or(&text);
            prop_assert_eq!(joined.join("\n"), want);
        }
    }
}
