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
    pub(in crate::dns) fn read(message: &[u8], at: usize) -> Option<(Self, usize)> {
        let mut name = Vec::with_capacity(32);
        let (mut at, mut behind) = (at, None);
        for _ in 0..POINTERS {
            match usize::from(*message.get(at)?) {
                0 => {
                    name.push(0);
                    return (name.len() <= LONGEST).then_some((Self(name.into()), behind.unwrap_or(at + 1)));
                }
                len if len < 64 => {
                    name.push(u8::try_from(len).ok()?);
                    name.extend(message.get(at + 1..=at + len)?.iter().map(u8::to_ascii_lowercase));
                    at += 1 + len;
                    if name.len() > LONGEST {
                        return None;
                    }
                    continue;
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

    /// Its bytes.
    pub(in crate::dns) const fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Itself and the names above it, the root last.
    pub(in crate::dns) fn up(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(&*self.0);
        std::iter::from_fn(move || {
            let now = rest?;
            let len = usize::from(*now.first()?);
            rest = (len > 0).then(|| now.get(len + 1..)).flatten();
            Some(now)
        })
    }

    /// Whether it is this name or one below it.
    pub(in crate::dns) fn is_within(&self, zone: &Self) -> bool {
        self.0.len() >= zone.0.len() && self.up().any(|above| above == &*zone.0)
    }

    /// Whether it is a name below this one.
    pub(in crate::dns) fn is_below(&self, zone: &Self) -> bool {
        self.0.len() > zone.0.len() && self.is_within(zone)
    }

    /// How many labels it has; none for the root.
    pub(in crate::dns) fn labels(&self) -> usize {
        self.up().count() - 1
    }

    /// Its last so many labels.
    pub(in crate::dns) fn last(&self, labels: usize) -> Self {
        let skip = self.labels().saturating_sub(labels);
        Self(self.up().nth(skip).unwrap_or(&[0]).into())
    }

    /// How many labels the public suffix of the name has: above that cut nobody's own zone begins. One for
    /// names whose suffix nobody lists.
    pub(in crate::dns) fn suffix_labels(&self) -> usize {
        let text = self.to_string();
        let mut of = text.as_str();
        loop {
            let Some(suffix) = psl::suffix_str(of) else { return 1 };
            let is_private =
                psl::suffix(of.as_bytes()).and_then(|found| found.typ()) == Some(psl::Type::Private);
            match suffix.split_once('.') {
                // Below the suffixes that companies list for their customers nobody is a registry.
                Some((_, above)) if is_private => of = above,
                _ => return 1 + suffix.bytes().filter(|byte| *byte == b'.').count(),
            }
        }
    }
}

impl Borrow<[u8]> for Wire {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Wire {
    /// As [`wire::name_text`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(self.0.len());
        for rest in self.up() {
            let label = &rest[1..=usize::from(rest[0])];
            if !text.is_empty() && !label.is_empty() {
                text.push('.');
            }
            wire::label_text(label, &mut text);
        }
        f.write_str(if text.is_empty() { "." } else { &text })
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
        assert!(name("a.example").is_within(&name("example")) && name("a.example").is_below(&Wire::root()));
        assert!(name("example").is_within(&name("example")) && !name("example").is_below(&name("example")));
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
