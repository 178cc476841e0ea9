//! Text for people on a terminal: nothing in it acts on that terminal, and a terminal that is gone or full
//! ends nothing.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write as _};

/// Characters of a line that are shown; a line of a hostile list has megabytes. Its end is among them, where
/// the way out stands.
const LONGEST: usize = 2_000;
const AT_ITS_END: usize = 400;

/// Whether a terminal would act on a character, or a reader would not see it: controls but the line feed and
/// the tab, marks that turn the direction of text, separators of lines and paragraphs, and what has no width.
fn is_hidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// A text with every hidden character written out, as `\u{1b}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The same, each line cut in its middle where it is longer than anybody reads.
fn cut(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let mut places = line.char_indices().map(|(at, _)| at);
        if places.clone().nth(LONGEST).is_none() {
            return visible(line).into_owned();
        }
        let from = places.clone().nth(LONGEST - AT_ITS_END).unwrap_or_default();
        let to = places.nth_back(AT_ITS_END - 1).unwrap_or_default();
        format!("{}… ({} bytes more) …{}", visible(&line[..from]), to - from, visible(&line[to..]))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Tells a line on standard error. Where that is gone there is nobody to tell.
pub fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{}", cut(line));
}

/// Prints a text on standard output; a reader that has seen enough (`| head`) is no fault.
///
/// # Errors
/// It cannot be written.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_terminal_acts_on_what_is_told() {
        let told = visible("a\u{1b}[31mb\u{9b}2Jc\u{7f}\rd\u{202e}e\u{2028}\u{200f}é\t\n");
        assert_eq!(told, "a\\u{1b}[31mb\\u{9b}2Jc\\u{7f}\\u{d}d\\u{202e}e\\u{2028}\\u{200f}é\t\n");
        assert!(matches!(visible("plain, é and 漢\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_long_line_is_cut_in_its_middle_and_the_next_one_is_whole() {
        let told = cut(&format!("{} the way out\nhint: x", ",".repeat(131_072)));
        let end = format!("{} the way out\nhint: x", ",".repeat(AT_ITS_END - 12));
        assert!(told.ends_with(&format!(",… (129084 bytes more) …{end}")), "{told}");
        assert_eq!(cut(&"é".repeat(LONGEST)), "é".repeat(LONGEST));
    }
}
