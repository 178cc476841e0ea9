//! Domain names as they stand in messages: labels with their lengths, in lower case, not compressed.

use crate::dns::wire;
use std::borrow::Borrow;
use std::fmt;

/// Longest name, root included (RFC 1035 section 2.3.4).
const LONGEST: usize = 255;
/// Compression pointers that are followed: more than any name has labels.
const POINTERS: usize = 128;

/// A name in lower case; the root is one byte of zero.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::dns) struct Wire(Box<[u8]>);

impl Wire {
    /// The root.
    pub(in crate::dns) fn root() -> Self {
        Self(Box::from([0]))
    }

    /// From text, as [`wire::write_query`] reads it; `None` where it is no domain name.
    pub(in crate::dns) fn of(text: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(text.len() + 2);
        wire::write_name(text, &mut bytes)?;
        Some(Self(bytes.into()))
    }

    /// The name that begins at `at` of a message, compressed or not, and the offset behind it; `None` where
    /// it is none (RFC 1035 section 4.1.4).
    #[cfg(test)]
    pub(in crate::dns) fn read(message: &[u8], at: usize) -> Option<(Self, usize)> {
        let mut name = Passing::new();
        let behind = name.read(message, at)?;
        Some((name.kept(), behind))
    }

    /// Its bytes.
    pub(in crate::dns) const fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Itself and the names above it, the root last.
    pub(in crate::dns) fn up(&self) -> impl Iterator<Item = &[u8]> {
        up(&self.0)
    }

    /// Whether it is this name or one below it.
    pub(in crate::dns) fn is_within(&self, zone: &Self) -> bool {
        is_within(&self.0, &zone.0)
    }

    /// How many labels it has; none for the root.
    pub(in crate::dns) fn labels(&self) -> usize {
        self.up().count() - 1
    }

    /// As text: see [`wire::name_text`].
    pub(in crate::dns) fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.len());
        for label in self.each_label() {
            if !text.is_empty() {
                text.push('.');
            }
            wire::label_text(label, &mut text);
        }
        if text.is_empty() { ".".to_owned() } else { text }
    }

    /// Its labels, the root's left out.
    fn each_label(&self) -> impl Iterator<Item = &[u8]> {
        self.up().map(|rest| &rest[1..=usize::from(rest[0])]).filter(|label| !label.is_empty())
    }

    /// Its last so many labels.
    pub(in crate::dns) fn last(&self, labels: usize) -> Self {
        Self(self.end(labels).into())
    }

    /// The bytes of its last so many labels.
    pub(in crate::dns) fn end(&self, labels: usize) -> &[u8] {
        let skip = self.labels().saturating_sub(labels);
        self.up().nth(skip).unwrap_or(&[0])
    }

    /// Its labels with dots between them and nothing escaped: suffixes have nothing that would be.
    fn plain<'t>(&self, text: &'t mut [u8; LONGEST]) -> &'t [u8] {
        let mut end = 0;
        for label in self.each_label() {
            if end > 0 {
                text[end] = b'.';
                end += 1;
            }
            for byte in label {
                // A dot within a label ends none.
                text[end] = if *byte == b'.' { b'\\' } else { *byte };
                end += 1;
            }
        }
        &text[..end]
    }

    /// How many labels the public suffix of the name has: above that cut nobody's own zone begins. One for
    /// names whose suffix nobody lists.
    pub(in crate::dns) fn suffix_labels(&self) -> usize {
        let mut text = [0; LONGEST];
        let mut of = self.plain(&mut text);
        loop {
            let Some(suffix) = psl::suffix(of) else { return 1 };
            let is_private = suffix.typ() == Some(psl::Type::Private);
            let suffix = suffix.as_bytes();
            match suffix.iter().position(|byte| *byte == b'.') {
                // Below the suffixes that companies list for their customers nobody is a registry.
                Some(end) if is_private => of = &of[of.len() - suffix.len() + end + 1..],
                _ => return 1 + memchr::memchr_iter(b'.', suffix).count(),
            }
        }
    }
}

/// A name of a message that is looked at: most are not kept.
pub(super) struct Passing {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Passing {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self { bytes: [0; LONGEST], len: 0 }
    }

    /// Becomes the name that begins at `at` of a message, compressed or not; gives the offset behind it, or
    /// `None` where it is none (RFC 1035 section 4.1.4).
    pub(super) fn read(&mut self, message: &[u8], at: usize) -> Option<usize> {
        let (mut at, mut behind, mut end) = (at, None, 0);
        for _ in 0..POINTERS {
            match usize::from(*message.get(at)?) {
                0 => {
                    *self.bytes.get_mut(end)? = 0;
                    self.len = end + 1;
                    return Some(behind.unwrap_or(at + 1));
                }
                len if len < 64 => {
                    let to = self.bytes.get_mut(end..=end + len)?;
                    to.copy_from_slice(message.get(at..=at + len)?);
                    // A length is below the letters.
                    to.make_ascii_lowercase();
                    (at, end) = (at + 1 + len, end + 1 + len);
                }
                high if high >= 0xc0 => {
                    behind = behind.or(Some(at + 2));
                    at = (high & 0x3f) << 8 | usize::from(*message.get(at + 1)?);
                }
                _ => return None,
            }
        }
        None
    }

    /// Its bytes, as those of [`Wire`].
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The name, to be kept.
    pub(super) fn kept(&self) -> Wire {
        Wire(self.bytes().into())
    }
}

/// A name and the names above it, the root last.
fn up(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(name);
    std::iter::from_fn(move || {
        let now = rest?;
        let len = usize::from(*now.first()?);
        rest = (len > 0).then(|| now.get(len + 1..)).flatten();
        Some(now)
    })
}

/// Whether a name is another one or below it; both as [`Wire`] has them.
pub(super) fn is_within(name: &[u8], zone: &[u8]) -> bool {
    // The end alone does not tell: a label may hold what looks like labels.
    name.ends_with(zone) && up(name).any(|above| above.len() == zone.len())
}

/// Whether a name is below another one; both as [`Wire`] has them.
pub(super) fn is_below(name: &[u8], zone: &[u8]) -> bool {
    name.len() > zone.len() && is_within(name, zone)
}

impl Borrow<[u8]> for Wire {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Wire {
    /// As [`wire::name_text`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn name(text: &str) -> Wire {
        Wire::of(text).unwrap()
    }

    #[test]
    fn a_name_is_below_another_only_at_a_border_of_labels() {
        let is_below = |one: &str, zone: &Wire| super::is_below(name(one).bytes(), zone.bytes());
        assert!(name("a.example").is_within(&name("example")) && is_below("a.example", &Wire::root()));
        assert!(name("example").is_within(&name("example")) && !is_below("example", &name("example")));
        assert!(!name("badexample").is_within(&name("example")));
        // The byte before `example` is its length, also where a label holds the same bytes.
        assert!(!name(r"x\007example").is_within(&name("example")));
        assert_eq!(name("a.b.example").up().count(), 4);
        assert_eq!(name("a.b.example").last(2), name("b.example"));
        assert_eq!(name("a.b.example").last(9), name("a.b.example"));
    }

    #[test]
    fn compressed_names_are_read_and_loops_are_none() {
        let message = b"\x07Example\0\x01a\xc0\x00\xc0\x0d";
        assert_eq!(Wire::read(message, 9).unwrap(), (name("a.example"), 13));
        assert!(Wire::read(message, 13).is_none(), "a pointer to itself");
        assert!(Wire::read(b"\xc0", 0).is_none() && Wire::read(b"\x05ab", 0).is_none());
        assert_eq!(Wire::read(b"\0", 0).unwrap(), (Wire::root(), 1));
    }

    #[test]
    fn text_is_as_columns_have_it() {
        assert_eq!(name(r"A\032\046.Example").to_string(), r"a\032\046.example");
        assert_eq!(Wire::root().to_string(), ".");
    }

    #[test]
    fn the_public_suffix_is_counted_in_labels() {
        assert_eq!(name("a.b.co.uk").suffix_labels(), 2);
        assert_eq!(name("a.example.com").suffix_labels(), 1);
        assert_eq!(name("a.unlisted").suffix_labels(), 1);
        assert_eq!(name("a.github.io").suffix_labels(), 1, "a company's, not a registry's");
    }
}
