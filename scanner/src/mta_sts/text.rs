//! White space, places and characters in a text.

/// WSP of RFC 5234: space and tab, nothing else.
#[must_use]
pub(super) const fn is_wsp(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `bytes` without WSP at either end.
#[must_use]
pub(super) fn trim_wsp(bytes: &[u8]) -> &[u8] {
    let Some(start) = bytes.iter().position(|&b| !is_wsp(b)) else {
        return &[];
    };
    let end = bytes.iter().rposition(|&b| !is_wsp(b)).map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// `bytes` without white space of any kind at either end, as most languages' `trim` does it: Unicode white
/// space (the no-break space too) where they are UTF-8, else that of ASCII.
#[must_use]
pub(super) fn trim_any(bytes: &[u8]) -> &[u8] {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.trim_ascii(), |text| text.trim().as_bytes())
}

/// How many bytes `part` begins after the start of `whole`, of which it is a slice.
#[must_use]
pub(super) fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len())
}

/// Characters of RFC 3986 section 2 but those that RFC 8460 and RFC 9989 want encoded, and whole percent
/// escapes.
pub(super) fn is_uri_text(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(index, &b)| match b {
        b'%' => text.get(index + 1..index + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@' => true,
        b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b'=' => true,
        _ => b.is_ascii_alphanumeric(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_space_and_tab_are_wsp() {
        assert_eq!(trim_wsp(b" \tx\r\n "), b"x\r\n");
        assert_eq!(trim_wsp(b" \t"), b"");
        assert_eq!(trim_any("\u{a0}x\r\n".as_bytes()), b"x");
    }
}
