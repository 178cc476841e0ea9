//! Lines of a stream, each held up to a limit, so that a line of any length costs no memory.

use std::io::{self, BufRead, ErrorKind};

/// Whether a line was read completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The whole line, without its line feed.
    Whole,
    /// Only its start; the rest was passed over up to the line feed.
    Cut,
}

/// Reads lines that end with a line feed or with the stream.
pub(super) struct Lines<R> {
    stream: R,
    limit: usize,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Lines of `stream`, of which at most `limit` bytes each are kept; `skipped` lines came before it.
    pub(super) const fn after(stream: R, limit: usize, skipped: u64) -> Self {
        Self { stream, limit, number: skipped }
    }

    /// Number of the last line that was begun, from 1; 0 before the first.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Puts the next line into `line`; `None` at the end.
    pub(super) fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Option<Line>> {
        line.clear();
        let mut state = None;
        loop {
            let chunk = match self.stream.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(state);
            }
            if state.is_none() {
                state = Some(Line::Whole);
                self.number += 1;
            }
            let feed = memchr::memchr(b'\n', chunk);
            let part = &chunk[..feed.unwrap_or(chunk.len())];
            let room = self.limit - line.len();
            if part.len() > room {
                state = Some(Line::Cut);
            }
            line.extend_from_slice(&part[..part.len().min(room)]);
            let taken = feed.map_or(chunk.len(), |feed| feed + 1);
            self.stream.consume(taken);
            if feed.is_some() {
                return Ok(state);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use std::io::BufReader;

    #[test]
    fn a_long_line_is_cut_and_the_next_is_whole() {
        let text = format!("one\n{}\ntwo\r\n\nthree", "x".repeat(100));
        for capacity in [1, 3, 7, 1000] {
            let mut lines = Lines::after(BufReader::with_capacity(capacity, text.as_bytes()), 10, 0);
            let (mut line, mut got) = (Vec::new(), Vec::new());
            while let Some(state) = lines.read(&mut line).unwrap() {
                got.push((lines.number(), String::from_utf8(line.clone()).unwrap(), state == Line::Whole));
            }
            let want = [
                (1, "one", true),
                (2, "xxxxxxxxxx", false),
                (3, "two\r", true),
                (4, "", true),
                (5, "three", true),
            ];
            assert_eq!(got, want.map(|(number, text, whole)| (number, text.to_owned(), whole)));
        }
    }
}
