//! JSON read a level at a time: an object's members and an array's items as slices of the text, so that a
//! text of many megabytes costs no more than its own length and what it turns out to hold.

use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Most members of one object that are looked at; no real one has more than ten.
pub(super) const MOST_MEMBERS: usize = 1000;

/// An object's members in their order, a name perhaps several times.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

/// Why a text gives no members or items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is JSON of another type, or none.
    Other,
    /// It has more of them than are looked at.
    TooMany,
}

impl<'a> Members<'a> {
    pub(super) fn of(raw: &'a RawValue) -> Result<Self, Unread> {
        if !raw.get().starts_with('{') {
            return Err(Unread::Other);
        }
        let mut text = serde_json::Deserializer::from_str(raw.get());
        (&mut text).deserialize_map(OfObject).map_err(|_| Unread::TooMany)
    }
}

struct OfObject;

impl<'de> Visitor<'de> for OfObject {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key_seed(Text)? {
            if members.len() == MOST_MEMBERS {
                return Err(A::Error::custom("too many members"));
            }
            members.push((name, map.next_value()?));
        }
        Ok(Members(members))
    }
}

/// A string, borrowed where it has no escapes.
struct Text;

impl<'de> serde::de::DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<Self::Value, D::Error> {
        text.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The items of an array, `most` at most.
pub(super) fn items(raw: &RawValue, most: usize) -> Result<Vec<&RawValue>, Unread> {
    if !raw.get().starts_with('[') {
        return Err(Unread::Other);
    }
    let mut text = serde_json::Deserializer::from_str(raw.get());
    (&mut text).deserialize_seq(OfArray { most }).map_err(|_| Unread::TooMany)
}

struct OfArray {
    most: usize,
}

impl<'de> Visitor<'de> for OfArray {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element()? {
            if items.len() == self.most {
                return Err(A::Error::custom("too many items"));
            }
            items.push(item);
        }
        Ok(items)
    }
}

/// A value's text, where it is a string.
pub(super) fn text(raw: &RawValue) -> Option<String> {
    if raw.get().starts_with('"') { serde_json::from_str(raw.get()).ok() } else { None }
}

/// Whether a value is null.
pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}
