//! Quotes and backslashes that a form, a zone file or a program left in a text.

/// Whether a byte is one that such a place writes round a text or before a character.
const fn is_mark(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'\\')
}

/// A text without white space, quotes and backslashes before it: where a record in quotes begins as it was
/// meant.
#[must_use]
pub(crate) fn meant(txt: &[u8]) -> &[u8] {
    let start = txt.iter().position(|byte| !byte.is_ascii_whitespace() && !is_mark(*byte));
    txt.get(start.unwrap_or(txt.len())..).unwrap_or_default()
}

/// A text as it was meant: literal `\r\n` and `\n` are line ends, and quotes and backslashes are left out;
/// single quotes only at its ends.
pub(crate) fn cleaned(text: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(text.len());
    let mut rest = text.trim_ascii();
    if let [b'\'', inner @ .., b'\''] = rest {
        rest = inner;
    }
    while let Some((&first, tail)) = rest.split_first() {
        rest = match (first, tail) {
            (b'\\', [b'r', b'\\', b'n', tail @ ..] | [b'n', tail @ ..]) => {
                clean.push(b'\n');
                tail
            }
            (b'"' | b'\\', tail) => tail,
            (byte, tail) => {
                clean.push(byte);
                tail
            }
        };
    }
    clean
}

/// Column, from 1, of the first quote or backslash; of single quotes only one that stands before the text.
/// `None` where there is none, and in what is no text: bytes that are no UTF-8, or control characters.
pub(super) fn column(txt: &[u8]) -> Option<usize> {
    let before = txt.len() - meant(txt).len();
    let first = txt.iter().enumerate().find(|(at, byte)| match byte {
        b'"' | b'\\' => true,
        b'\'' => *at < before,
        _ => false,
    })?;
    is_text(txt).then_some(first.0 + 1)
}

/// Whether these bytes are text: what is compressed or binary has quotes by chance.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    std::str::from_utf8(bytes).is_ok() && !bytes.iter().any(is_control)
}

#[cfg(test)]
mod tests {
    use super::{cleaned, column, meant};

    #[test]
    fn a_text_begins_behind_its_quotes() {
        for txt in ["v=STSv1; id=1;\"", "\"v=STSv1; id=1;\"", " '\\\"v=STSv1; id=1;\""] {
            assert!(meant(txt.as_bytes()).starts_with(b"v=STSv1"), "{txt}");
        }
        assert_eq!(meant(b" \"' "), b"");
    }

    #[test]
    fn what_was_meant_has_neither_quotes_nor_backslashes() {
        assert_eq!(cleaned(b"'v=STSv1\\; id=\"1\"'"), b"v=STSv1; id=1");
        assert_eq!(cleaned(b"\"mode: none\\r\\nmax_age: 1\\n\"\n"), b"mode: none\nmax_age: 1\n");
    }

    #[test]
    fn marks_are_found_in_text_alone() {
        assert_eq!(column(b"v=STSv1\\; id=1"), Some(8));
        assert_eq!(column(b"'v=STSv1; id=1'"), Some(1));
        for none in [&b"v=STSv1; id=1"[..], b"v=STSv1; id='1'", b"\"\x1f\x8b", b"\"\xff"] {
            assert_eq!(column(none), None, "{none:?}");
        }
    }
}
