//! The Rust types that a column's values can have: each says its kind, and how it is written, weighed and
//! read back.

use super::contract::{self, Kind};
use crate::evidence::rows::Micros;
use crate::evidence::{Vocabulary, Word, WordEntries, every};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Int32Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::ArrowError;
use smol_str::SmolStr;
use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;

/// What a cell holds that is not null.
pub trait Item: 'static {
    /// The value, lent by its row.
    type Lent<'a>: Copy;

    /// The value as it is read back: a word may be one of a newer program.
    type Seen: Debug + Clone + PartialEq;

    /// Its kind in the contract.
    const KIND: Kind;

    /// Its words, or those of its items; `None` where it has no closed vocabulary.
    const WORDS: Option<WordEntries> = None;

    /// The values of a column, in the order of their rows; `None` is null.
    ///
    /// # Errors
    /// The parts of a group do not fit its kind: a fault of this program.
    fn array<'a>(
        values: impl Iterator<Item = Option<Self::Lent<'a>>> + Clone,
    ) -> Result<ArrayRef, ArrowError>;

    /// Bytes of its texts.
    fn weight(_value: Self::Lent<'_>) -> usize {
        0
    }

    /// The value as it would be read back; `None` for a group that lacks what is never null: a fault of this
    /// program.
    fn seen(value: Self::Lent<'_>) -> Option<Self::Seen>;

    /// Reads the value at a place that is not null; `None` where the array is of another type.
    fn read(array: &dyn Array, at: usize) -> Option<Self::Seen>;

    /// Tells the words in it that this program does not know.
    fn tell_unknown(_seen: &Self::Seen, _tell: &mut dyn FnMut(&str)) {}
}

/// What a row has for a column of `T`.
pub trait Fill<T: Item> {
    /// The value; `None` is null.
    fn fill(&self) -> Option<T::Lent<'_>>;
}

impl<T: Item, S: Fill<T>> Fill<T> for Option<S> {
    fn fill(&self) -> Option<T::Lent<'_>> {
        self.as_ref().and_then(S::fill)
    }
}

/// Types whose values are numbers or the like: kind, array, and how a value is read.
macro_rules! copied {
    ($($kind:ty: $name:ident, $array:ty, $read:expr;)+) => {$(
        impl Item for $kind {
            type Lent<'a> = Self;
            type Seen = Self;
            const KIND: Kind = Kind::$name;

            fn array<'a>(values: impl Iterator<Item = Option<Self::Lent<'a>>> + Clone) -> Result<ArrayRef, ArrowError> {
                Ok(Arc::new(values.collect::<$array>()))
            }

            fn seen(value: Self) -> Option<Self> {
                Some(value)
            }

            fn read(array: &dyn Array, at: usize) -> Option<Self> {
                let read: fn(&dyn Array, usize) -> Option<Self> = $read;
                read(array, at)
            }
        }

        impl Fill<$kind> for $kind {
            fn fill(&self) -> Option<Self> {
                Some(*self)
            }
        }
    )+};
}
copied! {
    bool: Bool, BooleanArray, |array, at| array.as_boolean_opt().map(|array| array.value(at));
    i32: Int32, Int32Array, |array, at| array.as_primitive_opt::<Int32Type>().map(|array| array.value(at));
    i64: Int64, Int64Array, |array, at| array.as_primitive_opt::<Int64Type>().map(|array| array.value(at));
}

/// A moment, which a row has as [`Micros`].
#[derive(Debug)]
pub enum Time {}

impl Item for Time {
    type Lent<'a> = Micros;
    type Seen = Micros;
    const KIND: Kind = Kind::Time;

    fn array<'a>(
        values: impl Iterator<Item = Option<Self::Lent<'a>>> + Clone,
    ) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
    }

    fn seen(value: Micros) -> Option<Micros> {
        Some(value)
    }

    fn read(array: &dyn Array, at: usize) -> Option<Micros> {
        array.as_primitive_opt::<TimestampMicrosecondType>().map(|array| array.value(at))
    }
}

impl Fill<Time> for Micros {
    fn fill(&self) -> Option<Micros> {
        Some(*self)
    }
}

/// Texts, one behind the other in one piece of memory; a builder would look for room, and for nulls, at each.
fn texts<'a>(values: impl Iterator<Item = Option<&'a str>> + Clone) -> Result<ArrayRef, ArrowError> {
    let least = values.size_hint().0;
    let (mut bytes, mut ends) = (Vec::with_capacity(16 * least), Vec::with_capacity(least + 1));
    let mut has_null = false;
    ends.push(0);
    for value in values.clone() {
        bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
        has_null |= value.is_none();
        ends.push(i32::try_from(bytes.len()).map_err(|_| ArrowError::OffsetOverflowError(bytes.len()))?);
    }
    let nulls = has_null.then(|| values.map(|value| value.is_some()).collect::<NullBuffer>());
    Ok(Arc::new(StringArray::try_new(OffsetBuffer::new(ends.into()), bytes.into(), nulls)?))
}

pub(super) fn text(array: &dyn Array, at: usize) -> Option<&str> {
    array.as_string_opt::<i32>().map(|array| array.value(at))
}

impl Item for String {
    type Lent<'a> = &'a str;
    type Seen = Self;
    const KIND: Kind = Kind::Text;

    fn array<'a>(
        values: impl Iterator<Item = Option<Self::Lent<'a>>> + Clone,
    ) -> Result<ArrayRef, ArrowError> {
        texts(values)
    }

    fn weight(value: &str) -> usize {
        value.len()
    }

    fn seen(value: &str) -> Option<Self> {
        Some(value.to_owned())
    }

    fn read(array: &dyn Array, at: usize) -> Option<Self> {
        text(array, at).map(str::to_owned)
    }
}

impl Fill<Self> for String {
    fn fill(&self) -> Option<&str> {
        Some(self)
    }
}

impl Fill<String> for SmolStr {
    fn fill(&self) -> Option<&str> {
        Some(self)
    }
}

impl Fill<String> for Arc<str> {
    fn fill(&self) -> Option<&str> {
        Some(self)
    }
}

/// As text.
impl Item for IpAddr {
    type Lent<'a> = Self;
    type Seen = Self;
    const KIND: Kind = Kind::Text;

    fn array<'a>(
        values: impl Iterator<Item = Option<Self::Lent<'a>>> + Clone,
    ) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(values.map(|value| value.map(|addr| addr.to_string())).collect::<StringArray>()))
    }

    fn seen(value: Self) -> Option<Self> {
        Some(value)
    }

    fn read(array: &dyn Array, at: usize) -> Option<Self> {
        text(array, at)?.parse().ok()
    }
}

impl Fill<Self> for IpAddr {
    fn fill(&self) -> Option<Self> {
        Some(*self)
    }
}

/// Bytes as they were received.
impl Item for Vec<u8> {
    type Lent<'a> = &'a [u8];
    type Seen = Self;
    const KIND: Kind = Kind::Binary;

    fn array<'a>(
        values: impl Iterator<Item = Option<Self::Lent<'a>>> + Clone,
    ) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(values.collect::<BinaryArray>()))
    }

    fn weight(value: &[u8]) -> usize {
        value.len()
    }

    fn seen(value: &[u8]) -> Option<Self> {
        Some(value.to_vec())
    }

    fn read(array: &dyn Array, at: usize) -> Option<Self> {
        array.as_binary_opt::<i32>().map(|array| array.value(at).to_vec())
    }
}

impl Fill<Self> for Vec<u8> {
    fn fill(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<V: Vocabulary> Item for V {
    type Lent<'a> = Self;
    type Seen = Word<Self>;
    const KIND: Kind = Kind::Text;
    const WORDS: Option<WordEntries> = Some(every::<Self>);

    fn array<'a>(
        values: impl Iterator<Item = Option<Self::Lent<'a>>> + Clone,
    ) -> Result<ArrayRef, ArrowError> {
        texts(values.map(|value| value.map(Self::word)))
    }

    fn seen(value: Self) -> Option<Word<Self>> {
        Some(Word::Known(value))
    }

    fn read(array: &dyn Array, at: usize) -> Option<Word<Self>> {
        text(array, at).map(Word::read)
    }

    fn tell_unknown(seen: &Word<Self>, tell: &mut dyn FnMut(&str)) {
        if let Word::Unknown(word) = seen {
            tell(word);
        }
    }
}

impl<V: Vocabulary> Fill<Self> for V {
    fn fill(&self) -> Option<Self> {
        Some(*self)
    }
}

impl<T: Item + Fill<T>> Item for Vec<T> {
    type Lent<'a> = &'a [T];
    type Seen = Vec<T::Seen>;
    const KIND: Kind = Kind::List(&T::KIND);
    const WORDS: Option<WordEntries> = T::WORDS;

    fn array<'a>(
        values: impl Iterator<Item = Option<Self::Lent<'a>>> + Clone,
    ) -> Result<ArrayRef, ArrowError> {
        let lengths = OffsetBuffer::from_lengths(values.clone().map(|value| value.map_or(0, <[T]>::len)));
        let valid: NullBuffer = values.clone().map(|value| value.is_some()).collect();
        let items = T::array(values.flatten().flatten().map(T::fill))?;
        Ok(Arc::new(ListArray::try_new(
            Arc::new(contract::list_item(&T::KIND)),
            lengths,
            items,
            Some(valid),
        )?))
    }

    fn weight(value: &[T]) -> usize {
        value.iter().filter_map(T::fill).map(T::weight).sum()
    }

    fn seen(value: &[T]) -> Option<Self::Seen> {
        value.iter().filter_map(T::fill).map(T::seen).collect()
    }

    fn read(array: &dyn Array, at: usize) -> Option<Self::Seen> {
        let items = array.as_list_opt::<i32>()?.value(at);
        (0..items.len()).map(|at| T::read(&*items, at)).collect()
    }

    fn tell_unknown(seen: &Self::Seen, tell: &mut dyn FnMut(&str)) {
        seen.iter().for_each(|item| T::tell_unknown(item, tell));
    }
}

impl<T: Item + Fill<T>> Fill<Self> for Vec<T> {
    fn fill(&self) -> Option<&[T]> {
        Some(self)
    }
}
