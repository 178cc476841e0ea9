//! A batch of a committed part, and its cells as values.

use crate::evidence::rows::Mx;
use crate::evidence::{DnsStatus, Question, Vocabulary, Word};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch, StructArray};
use std::net::IpAddr;

/// A batch whose columns are read by name; a column that was not asked for reads as null.
pub struct Batch(RecordBatch);

impl Batch {
    pub(super) const fn new(batch: RecordBatch) -> Self {
        Self(batch)
    }

    /// Rows in the batch.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.0.num_rows()
    }

    /// The column, where it is there and not null in this row.
    fn present(&self, column: &str, row: usize) -> Option<&dyn Array> {
        self.0.column_by_name(column).map(|array| &**array).filter(|array| array.is_valid(row))
    }

    /// A value.
    #[must_use]
    pub fn value<T: Value>(&self, column: &str, row: usize) -> Option<T> {
        T::of(self.present(column, row)?, row)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, column: &str, row: usize) -> Option<&str> {
        self.present(column, row).and_then(|a| a.as_string_opt::<i32>()).map(|a| a.value(row))
    }

    /// A truth value.
    #[must_use]
    pub fn bool(&self, column: &str, row: usize) -> Option<bool> {
        self.value(column, row)
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(&self, column: &str, row: usize) -> Option<&[u8]> {
        self.present(column, row).and_then(|a| a.as_binary_opt::<i32>()).map(|a| a.value(row))
    }
}

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
