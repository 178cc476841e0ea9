//! Inputs of the command, read within bounds: whatever is fed in, no more than the longest real input is
//! kept.
use crate::mta_sts::policy::POLICY_BYTES;
use serde_json::Value;
use std::io::{self, BufRead, Read as _};

/// Longest text of records: a DNS message has at most 65,535 bytes, and one byte may be written as the four
/// of `\DDD`.
const RECORDS_TEXT: usize = 4 * 65_536;

/// Longest JSON object or line: a policy of [`POLICY_BYTES`] with every byte written as the six of `\u00XX`,
/// and room.
pub(super) const JSON_TEXT: usize = 8 * POLICY_BYTES;

/// Why an input cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The source failed, or the place written to.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Longer than any such input can be.
    #[error("{what} longer than {limit} bytes: no such input can be that long, so the rest was not read")]
    TooLong {
        /// What was read.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// Not in the form that was asked for.
    #[error("{0}")]
    Form(String),
    /// Lines of a batch that are none; the others were judged.
    #[error("{count} of {all} lines could not be judged; the first is line {first}: {why}")]
    Lines {
        /// How many.
        count: u64,
        /// Of how many.
        all: u64,
        /// Number of the first, from 1.
        first: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// A policy's bytes: at most one more than a policy may have, which is enough to see that it is too large.
pub(super) fn policy(from: &mut dyn BufRead) -> Result<Vec<u8>, Unreadable> {
    let mut body = Vec::new();
    from.take(POLICY_BYTES as u64 + 1).read_to_end(&mut body)?;
    Ok(body)
}

/// A policy's bytes where the policy is not itself what is judged.
pub(super) fn whole_policy(from: &mut dyn BufRead) -> Result<Vec<u8>, Unreadable> {
    bounded(from, "a policy", POLICY_BYTES)
}

/// TXT records, one per line. A line that begins with a quotation mark is read as `dig +short TXT` prints it:
/// character-strings in quotation marks, joined without a space. An input of nothing is no record.
pub(super) fn records(from: &mut dyn BufRead) -> Result<Vec<Vec<u8>>, Unreadable> {
    let text = bounded(from, "records", RECORDS_TEXT)?;
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    if text.is_empty() || text == b"\r" {
        return Ok(Vec::new());
    }
    let lines = text.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).zip(1..);
    lines.map(|(line, number)| record(line, number)).collect()
}

fn record(line: &[u8], number: usize) -> Result<Vec<u8>, Unreadable> {
    if !line.trim_ascii().starts_with(b"\"") {
        return Ok(line.to_vec());
    }
    let broken = || {
        Unreadable::Form(format!(
            "line {number} begins with a quotation mark but is not a sequence of \"character-strings\""
        ))
    };
    character_strings(line.trim_ascii()).ok_or_else(broken)
}

/// Character-strings of RFC 1035 section 5.1, joined; `None` where they are not closed or something else
/// stands between.
fn character_strings(text: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        rest = rest.strip_prefix(b"\"")?;
        loop {
            match rest {
                [b'"', tail @ ..] => {
                    rest = tail.trim_ascii_start();
                    break;
                }
                [b'\\', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', tail @ ..] => {
                    let code = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
                    joined.push(u8::try_from(code).ok()?);
                    rest = tail;
                }
                [b'\\', byte, tail @ ..] | [byte, tail @ ..] => {
                    joined.push(*byte);
                    rest = tail;
                }
                [] => return None,
            }
        }
    }
    Some(joined)
}

/// The object `{"mx": …, "patterns": […]}`.
pub(super) fn pair(from: &mut dyn BufRead) -> Result<(String, Vec<String>), Unreadable> {
    let text = bounded(from, "an object", JSON_TEXT)?;
    let wanted = |why: String| {
        Unreadable::Form(format!(
            "mx-match wants an object {{\"mx\": HOST, \"patterns\": [PATTERN, …]}}, or --mx HOST and a policy: {why}"
        ))
    };
    let value = serde_json::from_slice(&text).map_err(|error| wanted(error.to_string()))?;
    pair_of(&value).map_err(|why| wanted(why.to_owned()))
}

/// `{"mx": HOST, "patterns": [PATTERN, …]}`.
pub(super) fn pair_of(input: &Value) -> Result<(String, Vec<String>), &'static str> {
    const WANTED: &str = "input must be an object with `mx`, a string, and `patterns`, an array of strings";
    let host = input.get("mx").and_then(Value::as_str).ok_or(WANTED)?;
    let patterns = input.get("patterns").and_then(Value::as_array).ok_or(WANTED)?;
    let patterns = patterns.iter().map(|pattern| pattern.as_str().map(str::to_owned).ok_or(WANTED));
    Ok((host.to_owned(), patterns.collect::<Result<_, _>>()?))
}

pub(super) fn bounded(from: &mut dyn BufRead, what: &str, limit: usize) -> Result<Vec<u8>, Unreadable> {
    let mut text = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut text)?;
    if text.len() > limit {
        return Err(Unreadable::TooLong { what: what.to_owned(), limit });
    }
    Ok(text)
}

/// The next line without its end, into `line`; `false` at the end of the input.
pub(super) fn line(
    from: &mut dyn BufRead,
    line: &mut Vec<u8>,
    number: u64,
    limit: usize,
) -> Result<bool, Unreadable> {
    line.clear();
    from.take(limit as u64 + 1).read_until(b'\n', line)?;
    if line.len() > limit {
        return Err(Unreadable::TooLong { what: format!("line {number} is"), limit });
    }
    let ended = !line.is_empty();
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what must be there")]
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let txts = records(&mut text.as_bytes()).unwrap();
        txts.into_iter().map(|txt| String::from_utf8(txt).unwrap()).collect()
    }

    #[test]
    fn a_record_a_line_plain_or_as_dig_prints_it() {
        assert_eq!(read("v=STSv1; id=1\n"), ["v=STSv1; id=1"]);
        assert_eq!(read("v=STSv1; id=1 \r\nx"), ["v=STSv1; id=1 ", "x"]);
        assert_eq!(read("\"v=STS\" \"v1; id=1\"\n\"a\\\"\\\\\\059\"\n"), ["v=STSv1; id=1", "a\"\\;"]);
        assert_eq!(read(""), Vec::<String>::new());
        assert_eq!(read("\n"), Vec::<String>::new());
        assert_eq!(read("\"\"\n"), [""]);
    }

    #[test]
    fn strings_that_are_not_closed_are_refused() {
        for text in ["\"a", "\"a\" b", "\"a\\", "\"\\999\""] {
            assert!(matches!(records(&mut text.as_bytes()), Err(Unreadable::Form(_))), "{text}");
        }
    }

    /// Gives out any number of bytes, and counts them.
    struct Endless(usize);

    impl io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'x');
            self.0 += buffer.len();
            Ok(buffer.len())
        }
    }

    #[test]
    fn no_more_is_read_than_the_longest_real_input() {
        let mut endless = io::BufReader::new(Endless(0));
        assert_eq!(policy(&mut endless).unwrap().len(), POLICY_BYTES + 1);
        assert!(endless.get_ref().0 < 2 * POLICY_BYTES, "{}", endless.get_ref().0);
        let mut endless = io::BufReader::new(Endless(0));
        assert!(matches!(records(&mut endless), Err(Unreadable::TooLong { .. })));
        assert!(endless.get_ref().0 < 2 * RECORDS_TEXT);
        let mut endless = io::BufReader::new(Endless(0));
        assert!(matches!(line(&mut endless, &mut Vec::new(), 1, JSON_TEXT), Err(Unreadable::TooLong { .. })));
        assert!(endless.get_ref().0 < 2 * JSON_TEXT);
    }
}
