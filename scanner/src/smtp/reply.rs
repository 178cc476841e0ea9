//! SMTP replies from a stream of bytes (RFC 5321 section 4.2), with bounds on everything a server may make us
//! keep.

use thiserror::Error;

/// Longest line, without its end. RFC 5321 section 4.5.3.1.5 has 512; real banners are longer.
pub const MAX_LINE: usize = 2048;
/// Most lines of one reply.
pub const MAX_LINES: usize = 128;
/// Most bytes of one reply.
pub const MAX_REPLY: usize = 65_536;

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The code of its last line, 200 to 599.
    pub code: u16,
    /// The text of each line: what follows the code and one hyphen or space. At least one.
    pub lines: Vec<Vec<u8>>,
}

/// Bytes that are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAReply {
    /// A line that does not begin with a code and a hyphen or a space.
    #[error("a line that does not begin with a reply code")]
    Line,
    /// A line over [`MAX_LINE`].
    #[error("a line over {MAX_LINE} bytes")]
    LineTooLong,
    /// Over [`MAX_LINES`].
    #[error("a reply over {MAX_LINES} lines")]
    TooManyLines,
    /// Over [`MAX_REPLY`].
    #[error("a reply over {MAX_REPLY} bytes")]
    TooLong,
}

/// Collects one reply at a time. Never keeps more than [`MAX_REPLY`] bytes.
#[derive(Debug, Default)]
pub struct ReplyParser {
    line: Vec<u8>,
    lines: Vec<Vec<u8>>,
    bytes: usize,
}

impl ReplyParser {
    /// Takes bytes up to the end of the first whole reply, and says how many; `None` where they do not end
    /// one: all are taken then.
    ///
    /// Lines end with a line feed; a carriage return before it is dropped.
    ///
    /// # Errors
    /// As soon as the bytes cannot become a reply any more. The parser is of no use after that.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<(Reply, usize)>, NotAReply> {
        for (index, &byte) in bytes.iter().enumerate() {
            self.bytes += 1;
            if self.bytes > MAX_REPLY {
                return Err(NotAReply::TooLong);
            }
            if byte != b'\n' {
                self.push_byte(byte)?;
            } else if let Some(reply) = self.end_line()? {
                return Ok(Some((reply, index + 1)));
            }
        }
        Ok(None)
    }

    fn push_byte(&mut self, byte: u8) -> Result<(), NotAReply> {
        let fits = match self.line.len() {
            0 => matches!(byte, b'2'..=b'5'),
            1 | 2 => byte.is_ascii_digit(),
            // A carriage return is the end of a line that is only a code; whether a line feed follows shows
            // at the next byte.
            3 => matches!(byte, b' ' | b'-' | b'\r'),
            4 if self.line[3] == b'\r' => false,
            _ => true,
        };
        if !fits {
            return Err(NotAReply::Line);
        }
        // One byte more for the carriage return, which does not count.
        if self.line.len() > MAX_LINE || (self.line.len() == MAX_LINE && byte != b'\r') {
            return Err(NotAReply::LineTooLong);
        }
        self.line.push(byte);
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Reply>, NotAReply> {
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        let [hundreds, tens, units, rest @ ..] = self.line.as_slice() else {
            return Err(NotAReply::Line);
        };
        let code =
            [hundreds, tens, units].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'));
        let (mark, text) = rest.split_first().map_or((b' ', &[][..]), |(mark, text)| (*mark, text));
        self.lines.push(text.to_vec());
        self.line.clear();
        if mark == b'-' {
            return if self.lines.len() < MAX_LINES { Ok(None) } else { Err(NotAReply::TooManyLines) };
        }
        self.bytes = 0;
        Ok(Some(Reply { code, lines: std::mem::take(&mut self.lines) }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what must be there")]
    use super::{MAX_LINE, MAX_LINES, NotAReply, Reply, ReplyParser};
    use proptest::prelude::*;

    type Parsed = Result<Option<(Reply, usize)>, NotAReply>;

    fn parse(bytes: &[u8]) -> Parsed {
        ReplyParser::default().push(bytes)
    }

    fn parse_bytewise(bytes: &[u8]) -> Parsed {
        let mut parser = ReplyParser::default();
        for (index, byte) in bytes.iter().enumerate() {
            if let Some((reply, taken)) = parser.push(std::slice::from_ref(byte))? {
                return Ok(Some((reply, index + taken)));
            }
        }
        Ok(None)
    }

    fn reply(code: u16, lines: &[&[u8]]) -> Reply {
        Reply { code, lines: lines.iter().map(|line| line.to_vec()).collect() }
    }

    #[test]
    fn replies_are_read_whole_or_byte_by_byte() {
        let long = [&b"220 "[..], &[b'x'; MAX_LINE - 4], b"\r\n"].concat();
        for (bytes, wanted, rest) in [
            (&b"220 mx.example.org ESMTP\r\n"[..], reply(220, &[b"mx.example.org ESMTP"]), 0),
            (b"220 lf only\n", reply(220, &[b"lf only"]), 0),
            (b"220\r\n", reply(220, &[b""]), 0),
            (b"220\n", reply(220, &[b""]), 0),
            (b"250-a\r\n250-\r\n250 STARTTLS\r\nrest", reply(250, &[b"a", b"", b"STARTTLS"]), 4),
            (b"250-a\r\n550 b\r\n", reply(550, &[b"a", b"b"]), 0),
            (b"599 \x00\xff\r x\r\n", reply(599, &[b"\x00\xff\r x"]), 0),
            (&long, reply(220, &[&[b'x'; MAX_LINE - 4]]), 0),
        ] {
            let wanted = Ok(Some((wanted, bytes.len() - rest)));
            assert_eq!(parse(bytes), wanted);
            assert_eq!(parse_bytewise(bytes), wanted);
        }
    }

    #[test]
    fn what_is_no_reply_is_seen_at_its_first_wrong_byte() {
        for bytes in [
            &b"H"[..],
            b"1",
            b"6",
            b"2x",
            b"22\n",
            b"\n",
            b"\r\n",
            b"220x",
            b"220\t",
            b"220\rx",
            b"\x15",
            b"250-a\nx",
        ] {
            assert_eq!(parse(bytes), Err(NotAReply::Line), "{bytes:?}");
            assert_eq!(parse_bytewise(bytes), Err(NotAReply::Line), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_not_whole_yet_is_no_reply_yet() {
        for bytes in [&b""[..], b"2", b"220", b"220 text", b"220\r", b"250-a\r\n", b"250-a\r\n25"] {
            assert_eq!(parse(bytes), Ok(None), "{bytes:?}");
        }
    }

    #[test]
    fn nothing_is_kept_without_bound() {
        let endless = [&b"220 "[..], &[b'x'; MAX_LINE]].concat();
        assert_eq!(parse(&endless), Err(NotAReply::LineTooLong));
        let over_by_one = [&b"220 "[..], &[b'x'; MAX_LINE - 3], b"\r\n"].concat();
        assert_eq!(parse(&over_by_one), Err(NotAReply::LineTooLong));
        let lines = b"250-x\r\n".repeat(MAX_LINES);
        assert_eq!(parse(&lines), Err(NotAReply::TooManyLines));
        let bulky = [&b"250-"[..], &[b'x'; 2000], b"\r\n"].concat().repeat(40);
        assert_eq!(parse(&bulky), Err(NotAReply::TooLong));
    }

    #[test]
    fn one_reply_after_another_has_the_whole_bound_again() {
        let mut parser = ReplyParser::default();
        let half = [&b"250-"[..], &[b'x'; 2000], b"\r\n"].concat().repeat(30);
        for _ in 0..3 {
            assert_eq!(parser.push(&half), Ok(None));
            assert!(parser.push(b"250 end\r\n").unwrap().is_some());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_the_same_whole_or_bytewise(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(parse(&bytes), parse_bytewise(&bytes));
        }

        #[test]
        fn likely_bytes_give_the_same_whole_or_bytewise(bytes in "[25][0-5]{2}[- ][a-z\r\n0-9 -]{0,40}") {
            prop_assert_eq!(parse(bytes.as_bytes()), parse_bytewise(bytes.as_bytes()));
        }
    }
}
