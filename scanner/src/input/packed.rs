//! Streams unpacked: gzip with several members and padding, zstd, and what its window costs.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, ErrorKind, Read};

/// Bytes of a zstd window that are held; libzstd's own limit for streams.
const WINDOW: u64 = 128 << 20;

/// The members of a gzip file one after the other. Zero bytes after a member are padding, as gzip has it
/// (tapes and some stores fill their blocks with them).
pub(super) struct Members {
    member: GzDecoder<Box<dyn BufRead + Send>>,
}

impl Members {
    pub(super) fn new(stream: impl BufRead + Send + 'static) -> Self {
        Self { member: GzDecoder::new(Box::new(stream)) }
    }

    /// Goes on to the next member; false at the end of the file.
    fn next_member(&mut self) -> io::Result<bool> {
        let mut padded = false;
        loop {
            let rest = match self.member.get_mut().fill_buf() {
                Ok(rest) => rest,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if rest.is_empty() {
                return Ok(false);
            }
            let zeros = rest.iter().take_while(|byte| **byte == 0).count();
            if zeros == 0 {
                break;
            }
            padded = true;
            self.member.get_mut().consume(zeros);
        }
        if padded {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "something follows the zero bytes after the gzip data",
            ));
        }
        let stream = std::mem::replace(self.member.get_mut(), Box::new(io::empty()));
        self.member.reset(stream);
        Ok(true)
    }
}

impl Read for Members {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.member.read(buffer)?;
            if count > 0 || buffer.is_empty() || !self.next_member()? {
                return Ok(count);
            }
        }
    }
}

/// Whether a zstd frame that begins like this needs a larger window than is held (RFC 8878 section 3.1.1).
pub(super) fn has_large_window(head: &[u8]) -> bool {
    let [0x28, 0xb5, 0x2f, 0xfd, descriptor, rest @ ..] = head else { return false };
    let is_single_segment = descriptor & 0x20 != 0;
    let window = if is_single_segment {
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let size = [1, 2, 4, 8][usize::from(descriptor >> 6)];
        let Some(field) = rest.get(dictionary..dictionary + size) else { return false };
        field.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    } else {
        let Some(byte) = rest.first() else { return false };
        let base = 1_u64 << (10 + (byte >> 3));
        base + base / 8 * u64::from(byte & 7)
    };
    window > WINDOW
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use flate2::write::GzEncoder;
    use std::io::{Cursor, Write as _};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(bytes: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        let stream = io::BufReader::with_capacity(16, Cursor::new(bytes));
        Members::new(stream).read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn members_are_joined_and_padding_is_none() {
        assert_eq!(unpacked([gzip(b"a"), gzip(b""), gzip(b"b")].concat()).unwrap(), "ab");
        assert_eq!(unpacked([gzip(b"a"), vec![0; 1000]].concat()).unwrap(), "a");
        assert!(unpacked([gzip(b"a"), vec![0; 10], b"x".to_vec()].concat()).is_err());
        assert!(unpacked([gzip(b"a"), b"more".to_vec()].concat()).is_err());
        let mut cut = gzip(b"abc");
        cut.truncate(cut.len() - 3);
        assert!(unpacked(cut).is_err());
    }

    #[test]
    fn the_window_stands_in_the_first_bytes() {
        let magic = [0x28, 0xb5, 0x2f, 0xfd];
        for (rest, is_large) in [
            (&[0x00, (27 - 10) << 3][..], false),
            (&[0x00, (27 - 10) << 3 | 1], true),
            (&[0x00, (31 - 10) << 3], true),
            (&[0x20, 200], false),
            (&[0xa0, 0, 0, 0, 8], false),
            (&[0xa0, 1, 0, 0, 8], true),
            (&[0x00], false),
            (&[], false),
        ] {
            assert_eq!(has_large_window(&[&magic, rest].concat()), is_large, "{rest:?}");
        }
    }
}
