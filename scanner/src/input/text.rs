//! Lists as plain text: one name per line.

use super::bad::BadEntry;
use super::lines::{Line, Lines};
use super::source::{self, RawEntry, Source};
use std::io::{self, BufRead};

/// Where a comment begins: `#` at the start of the line or after white space. `None` where there is none.
pub(super) fn comment(line: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'#', line).find(|at| *at == 0 || line[at - 1].is_ascii_whitespace())
}

/// How plain text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Plain {
    /// Whether the first entry stands over the others and is none.
    pub(super) header: bool,
    /// Whether an entry's place among the entries, bad ones included, is its rank.
    pub(super) ranked: bool,
}

/// One name per line.
pub(super) struct Names<R> {
    lines: Lines<R>,
    plain: Plain,
    header_due: bool,
    entries: i64,
}

impl<R: BufRead> Names<R> {
    /// The names in a stream of which so many lines were passed over.
    pub(super) const fn new(stream: R, plain: Plain, skipped: u64) -> Self {
        let lines = Lines::after(stream, source::MAX_FIELD, skipped);
        Self { lines, plain, header_due: plain.header, entries: 0 }
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
            if std::mem::take(&mut self.header_due) {
                continue;
            }
            self.entries += 1;
            entry.rank = self.plain.ranked.then_some(self.entries);
            entry.line = self.lines.number();
            entry.refusal = cut.then_some(BadEntry::LineTooLong);
            return Ok(true);
        }
    }

    fn line(&self) -> u64 {
        self.lines.number()
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::{all, got};
    use super::*;

    const RANKED: Plain = Plain { header: false, ranked: true };

    #[test]
    fn comments_and_blank_lines_are_no_entries() {
        let long = format!("# {}\n", "-".repeat(3000));
        let text =
            format!("# names\n\n  \n{long}a.example # the first\n\tB.example \r\nc#.example\nd.example");
        let want = [(5, "a.example", 1), (6, "B.example", 2), (7, "c#.example", 3), (8, "d.example", 4)];
        let want = want.map(|(line, text, rank)| got((line, text, Some(rank), None)));
        assert_eq!(all(Names::new(text.as_bytes(), RANKED, 0)), want);
    }

    #[test]
    fn without_being_told_so_order_is_no_rank() {
        let plain = Plain { header: true, ranked: false };
        let names = Names::new(&b"# names\nhost\na.example\nb.example\n"[..], plain, 7);
        assert_eq!(all(names), [(10, "a.example", None, None), (11, "b.example", None, None)].map(got));
    }

    #[test]
    fn a_long_line_is_one_bad_entry() {
        let text = format!("a.example\n{}\nb.example\n", "x".repeat(5000));
        let got = all(Names::new(text.as_bytes(), RANKED, 0));
        assert_eq!(got.len(), 3);
        assert_eq!((got[1].1.len(), got[1].3), (source::MAX_FIELD, Some(BadEntry::LineTooLong)));
        assert_eq!((got[2].1.as_str(), got[2].2), ("b.example", Some(3)));
    }
}
