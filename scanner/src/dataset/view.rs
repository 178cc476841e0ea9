//! Cells read back as values, and types made from lists of columns: what is not in the list cannot be asked for.

use super::read::Batch;
use crate::evidence::rows::{Mx, Retried};
use crate::evidence::{DnsStatus, Question, Vocabulary, Word};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, StructArray};
use std::net::IpAddr;

/// What a cell holds that is not null.
pub trait Value: Sized {
    /// The value at a place of an array; `None` where the array is of another type.
    fn of(array: &dyn Array, at: usize) -> Option<Self>;

    /// All values of an array, in their order; `None` where it is of another type.
    fn all_of(array: &dyn Array) -> Option<Vec<Self>> {
        (0..array.len()).map(|at| Self::of(array, at)).collect()
    }

    /// Tells the words in it that this program does not know.
    fn unknown(&self, _tell: &mut dyn FnMut(&str)) {}
}

/// A cell, null or not.
pub trait Cell: Sized {
    /// Reads it; a column that is not there is null.
    fn read(batch: &Batch, column: &str, row: usize) -> Self;

    /// Tells the words in it that this program does not know.
    fn tell_unknown(&self, tell: &mut dyn FnMut(&str));
}

impl<T: Value> Cell for Option<T> {
    fn read(batch: &Batch, column: &str, row: usize) -> Self {
        T::of(batch.present(column, row)?, row)
    }

    fn tell_unknown(&self, tell: &mut dyn FnMut(&str)) {
        if let Some(value) = self {
            value.unknown(tell);
        }
    }
}

/// A column that is never null; a broken dataset reads as empty or 0.
macro_rules! never_null {
    ($($kind:ty),+) => {$(
        impl Cell for $kind {
            fn read(batch: &Batch, column: &str, row: usize) -> Self {
                Option::<$kind>::read(batch, column, row).unwrap_or_default()
            }

            fn tell_unknown(&self, _tell: &mut dyn FnMut(&str)) {}
        }
    )+};
}
never_null!(String, i32);

impl<T: Value> Cell for Vec<T> {
    fn read(batch: &Batch, column: &str, row: usize) -> Self {
        Option::<Self>::read(batch, column, row).unwrap_or_default()
    }

    fn tell_unknown(&self, tell: &mut dyn FnMut(&str)) {
        self.unknown(tell);
    }
}

impl Value for String {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        text(array, at).map(str::to_owned)
    }
}

impl Value for bool {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        array.as_boolean_opt().map(|array| array.value(at))
    }
}

impl Value for i32 {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        array.as_primitive_opt::<Int32Type>().map(|array| array.value(at))
    }
}

/// A number, or microseconds of a time.
impl Value for i64 {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        let number = || array.as_primitive_opt::<Int64Type>().map(|array| array.value(at));
        number().or_else(|| array.as_primitive_opt::<TimestampMicrosecondType>().map(|array| array.value(at)))
    }
}

impl Value for IpAddr {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        text(array, at)?.parse().ok()
    }
}

/// Bytes as they were received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Value for Bytes {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        array.as_binary_opt::<i32>().map(|array| Self(array.value(at).to_vec()))
    }
}

impl<V: Vocabulary> Value for Word<V> {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        text(array, at).map(Self::read)
    }

    fn unknown(&self, tell: &mut dyn FnMut(&str)) {
        if let Self::Unknown(word) = self {
            tell(word);
        }
    }
}

impl<T: Value> Value for Vec<T> {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        T::all_of(&*array.as_list_opt::<i32>()?.value(at))
    }

    fn unknown(&self, tell: &mut dyn FnMut(&str)) {
        self.iter().for_each(|value| value.unknown(tell));
    }
}

fn text(array: &dyn Array, at: usize) -> Option<&str> {
    array.as_string_opt::<i32>().map(|array| array.value(at))
}

fn field<T: Value>(group: &StructArray, name: &str, at: usize) -> Option<T> {
    let array = group.column_by_name(name)?;
    if array.is_valid(at) { T::of(array, at) } else { None }
}

impl Value for Mx {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        let group = array.as_struct_opt()?;
        Some(Self {
            preference: u16::try_from(field::<i32>(group, "preference", at)?).unwrap_or(u16::MAX),
            host: field(group, "host", at)?,
            matched: field(group, "matched", at),
            pattern: field(group, "pattern", at),
        })
    }
}

/// A question that was asked again, as a dataset has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRetried {
    /// What was asked.
    pub question: Word<Question>,
    /// What came of it at the first look.
    pub status: Word<DnsStatus>,
}

impl Value for SeenRetried {
    fn of(array: &dyn Array, at: usize) -> Option<Self> {
        let group = array.as_struct_opt()?;
        Some(Self { question: field(group, "question", at)?, status: field(group, "status", at)? })
    }

    fn unknown(&self, tell: &mut dyn FnMut(&str)) {
        self.question.unknown(tell);
        self.status.unknown(tell);
    }
}

/// A value of a row as it would be read back.
pub trait Seen<T> {
    /// The value.
    fn seen(&self) -> T;
}

impl<T: Clone> Seen<T> for T {
    fn seen(&self) -> T {
        self.clone()
    }
}

impl<V: Vocabulary> Seen<Option<Word<V>>> for Option<V> {
    fn seen(&self) -> Option<Word<V>> {
        self.map(Word::Known)
    }
}

impl<V: Vocabulary> Seen<Vec<Word<V>>> for Vec<V> {
    fn seen(&self) -> Vec<Word<V>> {
        self.iter().copied().map(Word::Known).collect()
    }
}

impl<V: Vocabulary> Seen<Option<Vec<Word<V>>>> for Option<Vec<V>> {
    fn seen(&self) -> Option<Vec<Word<V>>> {
        self.as_ref().map(Seen::seen)
    }
}

impl Seen<Option<Bytes>> for Option<Vec<u8>> {
    fn seen(&self) -> Option<Bytes> {
        self.clone().map(Bytes)
    }
}

impl Seen<Vec<SeenRetried>> for Vec<Retried> {
    fn seen(&self) -> Vec<SeenRetried> {
        let one = |one: &Retried| SeenRetried { question: one.question.into(), status: one.status.into() };
        self.iter().map(one).collect()
    }
}

/// A type made from a list of columns.
pub trait View: Sized {
    /// The columns that are read for it.
    const COLUMNS: &'static [&'static str];

    /// Reads a row of a batch that has these columns; one that the batch lacks reads as null.
    fn read(batch: &Batch, row: usize) -> Self;

    /// Tells each word that this program does not know, with its column.
    fn unknown_words(&self, tell: &mut dyn FnMut(&'static str, &str));
}

/// Makes a type from a list of columns: a struct with a field for each, and how it is made from the row that a stage filled.
macro_rules! view {
    ($(#[$about:meta])* $vis:vis $name:ident of $table:ident, from $row:ident: &$from:ty {
        $($column:ident: $kind:ty = $value:expr,)+
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq)]
        #[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
        $vis struct $name { $($vis $column: $kind,)+ }

        impl $crate::dataset::view::View for $name {
            const COLUMNS: &'static [&'static str] = &[$($crate::dataset::columns::column!($table.$column),)+];

            fn read(batch: &$crate::dataset::read::Batch, row: usize) -> Self {
                Self { $($column: $crate::dataset::view::Cell::read(batch, stringify!($column), row),)+ }
            }

            fn unknown_words(&self, tell: &mut dyn FnMut(&'static str, &str)) {
                $($crate::dataset::view::Cell::tell_unknown(&self.$column, &mut |word| tell(stringify!($column), word));)+
            }
        }

        impl From<&$from> for $name {
            fn from($row: &$from) -> Self {
                use $crate::dataset::view::Seen as _;
                Self { $($column: $value.seen(),)+ }
            }
        }
    };
}
pub(crate) use view;
