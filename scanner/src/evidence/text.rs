//! Bytes from the network as the dataset writes them.

use std::borrow::Cow;

/// `bytes` as a text column has them: printable ASCII but the backslash stays, every other byte is `\DDD` in
/// decimal.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let is_plain = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b'\\';
    // Nearly every text is; looked at without a stop, which takes many bytes at once.
    if bytes.iter().fold(true, |all, byte| all & is_plain(*byte))
        && let Ok(plain) = std::str::from_utf8(bytes)
    {
        return plain.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if is_plain(byte) {
            text.push(char::from(byte));
        } else {
            text.push('\\');
            for digit in [byte / 100, byte / 10 % 10, byte % 10] {
                text.push(char::from(b'0' + digit));
            }
        }
    }
    text
}

/// The bytes that [`escape`] made `text` from. A backslash that no three digits up to 255 follow stays as it
/// is.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'\\') {
        return Cow::Borrowed(bytes);
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, tail) = match (first, tail) {
            (b'\\', [a @ b'0'..=b'2', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..]) => {
                let value = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
                u8::try_from(value).map_or((first, tail), |byte| (byte, after))
            }
            _ => (first, tail),
        };
        plain.push(byte);
        rest = tail;
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_printable_becomes_three_digits() {
        assert_eq!(escape(b"a b\\\n\xff~"), "a b\\092\\010\\255~");
    }

    #[test]
    fn a_stray_backslash_stays() {
        assert_eq!(&*unescape("\\999 \\1 \\010"), b"\\999 \\1 \n");
    }

    proptest! {
        #[test]
        fn escaping_can_be_undone(bytes: Vec<u8>) {
            let text = escape(&bytes);
            prop_assert!(text.bytes().all(|b| matches!(b, 0x20..=0x7e)));
            prop_assert_eq!(unescape(&text).into_owned(), bytes);
        }
    }
}
