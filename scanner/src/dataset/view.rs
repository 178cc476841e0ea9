//! Types made from lists of columns: what is not in the list cannot be asked for.

use super::cell::{self, Batch, Cell, TableColumn};

/// A type made from a list of columns.
pub trait View: Sized {
    /// The columns that are read for it.
    const COLUMNS: &'static [&'static str];

    /// Reads a row of a batch that has these columns; one that the batch lacks reads as null.
    fn read(batch: &Batch, row: usize) -> Self;

    /// Tells each word that this program does not know, with its column.
    fn unknown_words(&self, tell: &mut dyn FnMut(&'static str, &str));
}

/// A cell of a column as it is read back.
pub type SeenIn<C> = <<C as TableColumn>::Cell as Cell>::Seen;

/// The cell of a row that a stage filled, as it would be read back.
pub fn of_row<C: TableColumn>(row: &C::Row) -> SeenIn<C>
where
    SeenIn<C>: Default,
{
    cell::seen::<C::Cell>(C::lend(row)).unwrap_or_default()
}

/// The cell of a batch; null where it does not occur, which only a broken dataset has, reads as empty or 0.
pub fn of_batch<C: TableColumn>(batch: &Batch, row: usize) -> SeenIn<C>
where
    SeenIn<C>: Default,
{
    <C::Cell as Cell>::of(batch.value::<<C::Cell as Cell>::Item>(C::COLUMN.name, row)).unwrap_or_default()
}

/// Tells the words of a cell that this program does not know.
pub fn tell_unknown<C: TableColumn>(seen: &SeenIn<C>, tell: &mut dyn FnMut(&'static str, &str)) {
    cell::tell_unknown::<C::Cell>(seen, &mut |word| tell(C::COLUMN.name, word));
}

/// Makes a type from a list of columns of a table, `view! { pub Seen of domains { domain, mx } }`: a struct
/// with a field for each, and how it is made from a row that a stage filled, or read from a batch.
macro_rules! view {
    ($(#[$about:meta])* $vis:vis $name:ident of $table:ident { $($column:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq)]
        #[allow(missing_docs, reason = "the columns are explained once, in dataset/columns")]
        $vis struct $name {
            $($vis $column: $crate::dataset::view::SeenIn<$crate::dataset::columns::$table::column::$column>,)+
        }

        impl $crate::dataset::view::View for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column),)+];

            fn read(batch: &$crate::dataset::cell::Batch, row: usize) -> Self {
                use $crate::dataset::{columns::$table::column, view::of_batch};
                Self { $($column: of_batch::<column::$column>(batch, row),)+ }
            }

            fn unknown_words(&self, tell: &mut dyn FnMut(&'static str, &str)) {
                use $crate::dataset::{columns::$table::column, view::tell_unknown};
                $(tell_unknown::<column::$column>(&self.$column, tell);)+
            }
        }

        impl From<&$crate::dataset::columns::$table::Row> for $name {
            fn from(row: &$crate::dataset::columns::$table::Row) -> Self {
                use $crate::dataset::{columns::$table::column, view::of_row};
                Self { $($column: of_row::<column::$column>(row),)+ }
            }
        }
    };
}
pub(crate) use view;
