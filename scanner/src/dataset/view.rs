//! Types made from lists of columns: what is not in the list cannot be asked for.

use super::cell::{Batch, Bytes, SeenRetried};
use crate::evidence::rows::Retried;
use crate::evidence::{Vocabulary, Word};

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

            fn read(batch: &$crate::dataset::cell::Batch, row: usize) -> Self {
                Self { $($column: $crate::dataset::cell::Cell::read(batch, stringify!($column), row),)+ }
            }

            fn unknown_words(&self, tell: &mut dyn FnMut(&'static str, &str)) {
                $($crate::dataset::cell::Cell::tell_unknown(&self.$column, &mut |word| tell(stringify!($column), word));)+
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
