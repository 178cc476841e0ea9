//! A cell, null or not: what a column's type says about nulls, and how a batch of a committed part is read.

use super::contract::Column;
use super::item::{self, Item};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StructArray};
use std::fmt::Debug;
use std::marker::PhantomData;

/// The type of a column: that of its values, and whether null occurs.
pub trait Cell {
    /// Type of the values.
    type Item: Item;

    /// The cell as it is read back.
    type Seen: Debug + Clone + PartialEq;

    /// Whether null occurs in the files.
    const NULLABLE: bool;

    /// A value or null as it is read back; `None` where null does not occur and it is null nevertheless.
    fn of(value: Option<<Self::Item as Item>::Seen>) -> Option<Self::Seen>;

    /// The value, where it is not null.
    fn value(seen: &Self::Seen) -> Option<&<Self::Item as Item>::Seen>;
}

/// What a row lends to a column.
pub type Lent<'a, C> = Option<<<C as Cell>::Item as Item>::Lent<'a>>;

/// Null is not asked or not seen.
impl<T: Item> Cell for Option<T> {
    type Item = T;
    type Seen = Option<T::Seen>;
    const NULLABLE: bool = true;

    fn of(value: Option<T::Seen>) -> Option<Self::Seen> {
        Some(value)
    }

    fn value(seen: &Self::Seen) -> Option<&T::Seen> {
        seen.as_ref()
    }
}

/// Never null.
impl<T: Item> Cell for T {
    type Item = T;
    type Seen = T::Seen;
    const NULLABLE: bool = false;

    fn of(value: Option<T::Seen>) -> Option<T::Seen> {
        value
    }

    fn value(seen: &T::Seen) -> Option<&T::Seen> {
        Some(seen)
    }
}

/// Never null in a file; a row that is under way has none yet.
#[derive(Debug)]
pub struct Filled<T>(PhantomData<T>);

impl<T: Item> Cell for Filled<T> {
    type Item = T;
    type Seen = Option<T::Seen>;
    const NULLABLE: bool = false;

    fn of(value: Option<T::Seen>) -> Option<Self::Seen> {
        Some(value)
    }

    fn value(seen: &Self::Seen) -> Option<&T::Seen> {
        seen.as_ref()
    }
}

/// One column of a table: its place in the contract, and what a row has for it.
pub trait TableColumn {
    /// The row that the stages fill.
    type Row;

    /// The column's type.
    type Cell: Cell;

    /// The column in the contract.
    const COLUMN: Column;

    /// The cell of a row; `None` is null.
    fn lend(row: &Self::Row) -> Lent<'_, Self::Cell>;
}

/// What a row lends, as it would be read back.
pub(super) fn seen<C: Cell>(lent: Lent<'_, C>) -> Option<C::Seen> {
    C::of(lent.and_then(C::Item::seen))
}

/// Tells the words in a cell that this program does not know.
pub(super) fn tell_unknown<C: Cell>(seen: &C::Seen, tell: &mut dyn FnMut(&str)) {
    if let Some(value) = C::value(seen) {
        C::Item::tell_unknown(value, tell);
    }
}

/// A field of a group; `None` where the group has none such, or null where null does not occur.
pub(super) fn field<C: Cell>(group: &StructArray, name: &str, at: usize) -> Option<C::Seen> {
    let array = group.column_by_name(name)?;
    C::of(if array.is_valid(at) { C::Item::read(array, at) } else { None })
}

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
    pub fn value<T: Item>(&self, column: &str, row: usize) -> Option<T::Seen> {
        T::read(self.present(column, row)?, row)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, column: &str, row: usize) -> Option<&str> {
        self.present(column, row).and_then(|array| item::text(array, row))
    }

    /// A truth value.
    #[must_use]
    pub fn bool(&self, column: &str, row: usize) -> Option<bool> {
        self.value::<bool>(column, row)
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(&self, column: &str, row: usize) -> Option<&[u8]> {
        self.present(column, row).and_then(|a| a.as_binary_opt::<i32>()).map(|a| a.value(row))
    }
}
