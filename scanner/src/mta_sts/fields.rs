//! What the records of RFC 8461 section 3.1 and RFC 8460 section 3 share: a version, then fields `name=value`
//! between semicolons.

use super::text::{is_wsp, offset_in, trim_wsp};

/// Which of the TXT records at a name a sender goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// None begins with the version.
    None,
    /// Exactly one begins with the version and a semicolon: its index.
    One(usize),
    /// Two or more do: a sender acts as if there were none.
    Many,
}

/// Drops the records that do not begin with `prefix` (the version and a semicolon) and counts the rest
/// (RFC 8461 section 3.1, RFC 8460 section 3).
pub(super) fn standing<T: AsRef<[u8]>>(txts: &[T], prefix: &[u8]) -> Standing {
    let mut found = Standing::None;
    for (index, txt) in txts.iter().enumerate() {
        if txt.as_ref().starts_with(prefix) {
            found = match found {
                Standing::None => Standing::One(index),
                _ => return Standing::Many,
            };
        }
    }
    found
}

/// Where the fields begin in `txt` if it is `version`, white space, semicolon.
///
/// The ABNF of both RFCs lets white space stand before a semicolon. The prose keeps only what begins with the
/// version and a semicolon, but only "if multiple TXT records are returned" (erratum 6285 turns on this).
pub(super) fn after_spaced_version(txt: &[u8], version: &[u8]) -> Option<usize> {
    let rest = txt.strip_prefix(version)?;
    let blanks = rest.iter().take_while(|&&b| is_wsp(b)).count();
    (blanks > 0 && rest.get(blanks) == Some(&b';')).then(|| version.len() + blanks + 1)
}

/// How the text between two semicolons is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `name=value`, white space only where the ABNF has it.
    Plain,
    /// `name=value` with blanks or line ends where none may stand.
    Stray,
    /// No equals sign, or nothing at all.
    NoPair,
}

/// One field of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    /// Column of its first byte in the record, from 1.
    pub(super) column: usize,
    pub(super) shape: Shape,
}

impl Field<'_> {
    /// Whether it fits the extension of either RFC: `name=value`, the name a letter or digit and up to 31 of
    /// letters, digits, `_`, `-` and `.`; the value one or more visible characters but `=` and `;`.
    pub(super) fn is_extension(&self) -> bool {
        self.shape == Shape::Plain
            && is_extension_name(self.name)
            && !self.value.is_empty()
            && self.value.iter().all(|&b| matches!(b, 0x21..=0x7e) && b != b'=' && b != b';')
    }
}

/// `sts-ext-name`, `sts-policy-ext-name` and `tlsrpt-ext-name`, which are alike.
pub(super) fn is_extension_name(name: &[u8]) -> bool {
    name.len() <= 32
        && name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// The fields of `txt` from byte `start`, which follows the version's semicolon. One closing semicolon is no
/// field.
pub(super) fn fields(txt: &[u8], start: usize) -> impl Iterator<Item = Field<'_>> {
    let body = txt.get(start..).unwrap_or_default();
    let end = body.iter().rposition(|&b| b == b';').map_or(0, |at| at + 1);
    // After the last semicolon there is a field only if any text follows.
    let closed = body[end..].trim_ascii().is_empty();
    let body = match (closed, end) {
        (true, 0) => None,
        (true, end) => Some(&body[..end - 1]),
        (false, _) => Some(body),
    };
    body.into_iter().flat_map(|body| body.split(|&b| b == b';')).map(|part| field(txt, part))
}

fn field<'a>(txt: &'a [u8], part: &'a [u8]) -> Field<'a> {
    let blank_free = trim_wsp(part);
    let bare = part.trim_ascii();
    let column = offset_in(txt, if bare.is_empty() { part } else { bare }) + 1;
    let Some(equals) = bare.iter().position(|&b| b == b'=') else {
        return Field { name: bare, value: &[], column, shape: Shape::NoPair };
    };
    let (name, value) = (&bare[..equals], &bare[equals + 1..]);
    // A line end at the very end of the record is its own fault, told by `trailing_space`.
    let at_end = offset_in(txt, part) + part.len() == txt.len();
    let fits = if at_end { blank_free.trim_ascii_end() } else { blank_free } == bare
        && name.trim_ascii_end() == name
        && value.trim_ascii_start() == value;
    let shape = if fits { Shape::Plain } else { Shape::Stray };
    Field { name: name.trim_ascii_end(), value: value.trim_ascii_start(), column, shape }
}

/// Column of white space at the very end of the record where the ABNF has none: WSP may follow a semicolon,
/// not a field.
pub(super) fn trailing_space(txt: &[u8]) -> Option<usize> {
    let trimmed = txt.trim_ascii_end();
    let tail = &txt[trimmed.len()..];
    let allowed = trimmed.last() == Some(&b';') && tail.iter().all(|&b| is_wsp(b));
    (!tail.is_empty() && !allowed).then_some(trimmed.len() + 1)
}
