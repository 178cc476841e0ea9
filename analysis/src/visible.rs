//! Text of others where people or terminals read it: a manifest's words, names of files, causes of faults.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal would act on a character, or a reader would not see it: control characters (C0, DEL,
/// C1), marks that turn the direction of text, separators of lines and paragraphs, and what has no width. A
/// line feed is one too.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// A text with every hidden character written out, as `\u{1b}`; line feeds stay.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    written_out(text, |c| c != '\n' && is_hidden(c), |out, c| write!(out, "\\u{{{:x}}}", u32::from(c)))
}

/// The same in one line: a line feed is a space.
#[must_use]
pub fn in_one_line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

/// A JSON document that says the same without a hidden character. They stand in its strings only, where an
/// escape is the character itself.
#[must_use]
pub fn visible_json(document: &str) -> Cow<'_, str> {
    let escape = |out: &mut String, c: char| {
        c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
    };
    written_out(document, |c| c != '\n' && is_hidden(c), escape)
}

fn written_out(
    text: &str,
    is_meant: impl Fn(char) -> bool,
    escape: impl Fn(&mut String, char) -> std::fmt::Result,
) -> Cow<'_, str> {
    if !text.contains(&is_meant) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_meant(c) {
            // Writing to a string does not fail.
            let _ = escape(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    const HOSTILE: &str = "a\u{1b}[31mb\u{9b}2Jc\u{7f}\r\u{202e}d\u{2028}\u{200f}\u{61c}é\n";

    #[test]
    fn no_terminal_acts_on_a_visible_text() {
        let shown = visible(HOSTILE);
        assert_eq!(shown, "a\\u{1b}[31mb\\u{9b}2Jc\\u{7f}\\u{d}\\u{202e}d\\u{2028}\\u{200f}\\u{61c}é\n");
        assert!(!in_one_line(HOSTILE).contains(is_hidden));
        assert!(matches!(visible("plain, é and 漢\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_visible_document_says_the_same() {
        let value = serde_json::json!({HOSTILE: [HOSTILE, 1]});
        let text = serde_json::to_string_pretty(&value).unwrap();
        let shown = visible_json(&text);
        assert!(text.contains('\u{202e}') && !shown.contains(|c| c != '\n' && is_hidden(c)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
