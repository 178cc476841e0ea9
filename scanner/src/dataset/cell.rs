//! A cell, null or not: what a column's type says about nulls, and how a batch of a committed part is read.

use super::contract::Column;
use super::item::{self, Item};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray, StructArray};
use std::collections::HashMap;
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
pub struct Batch {
    rows: usize,
    /// By name: a schema would be searched from its first field on for each cell.
    columns: HashMap<String, ArrayRef, ahash::RandomState>,
}

impl Batch {
    pub(super) fn new(batch: RecordBatch) -> Self {
        let rows = batch.num_rows();
        let (schema, arrays, _) = batch.into_parts();
        let names = schema.fields().iter().map(|field| field.name().clone());
        Self { rows, columns: names.zip(arrays).collect() }
    }

    /// Rows in the batch.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The column, where it is there and not null in this row.
    fn present(&self, column: &str, row: usize) -> Option<&dyn Array> {
        self.columns.get(column).map(|array| &**array).filter(|array| array.is_valid(row))
    }

    /// A column of a batch that was read as words; `None` where it is not there.
    #[must_use]
    pub fn words(&self, column: &str) -> Option<Words<'_>> {
        let words = self.columns.get(column)?.as_dictionary_opt::<Int32Type>()?;
        Some(Words { numbers: words.keys(), texts: words.values().as_string_opt()? })
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

    /// The rows in which a truth value is true.
    pub fn true_rows(&self, column: &str) -> impl Iterator<Item = usize> {
        let values = self.columns.get(column).and_then(|array| array.as_boolean_opt());
        let is_any = |values: &&BooleanArray| values.true_count() > 0;
        let rows = |values: &BooleanArray| {
            let is_true = |row: &usize| values.is_valid(*row) && values.value(*row);
            (0..values.len()).filter(is_true).collect::<Vec<_>>()
        };
        values.filter(is_any).map(rows).unwrap_or_default().into_iter()
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(&self, column: &str, row: usize) -> Option<&[u8]> {
        self.present(column, row).and_then(|a| a.as_binary_opt::<i32>()).map(|a| a.value(row))
    }
}

/// A column of words: each row has the number of one.
#[derive(Clone, Copy)]
pub struct Words<'b> {
    numbers: &'b Int32Array,
    texts: &'b StringArray,
}

impl<'b> Words<'b> {
    /// The word of a row; `None` is null.
    #[must_use]
    pub fn text(self, row: usize) -> Option<&'b str> {
        let number = self.number(row)?;
        Some(self.texts.value(number))
    }

    fn number(self, row: usize) -> Option<usize> {
        let number = self.numbers.is_valid(row).then(|| self.numbers.value(row))?;
        usize::try_from(number).ok()
    }

    /// Each word that occurs, and in how many rows.
    pub fn counts(self) -> impl Iterator<Item = (&'b str, u64)> {
        let mut counts = vec![0; self.texts.len()];
        let mut count = |number: i32| {
            if let Some(count) = usize::try_from(number).ok().and_then(|number| counts.get_mut(number)) {
                *count += 1;
            }
        };
        if self.numbers.null_count() == 0 {
            self.numbers.values().iter().copied().for_each(&mut count);
        } else if self.numbers.null_count() < self.numbers.len() {
            self.numbers.iter().flatten().for_each(&mut count);
        }
        let texts = self.texts;
        let occurs = counts.into_iter().enumerate().filter(|(_, rows)| *rows > 0);
        occurs.map(move |(number, rows)| (texts.value(number), rows))
    }

    /// Whether a row has a word of which `is` holds.
    pub fn those(self, is: impl Fn(&str) -> bool) -> impl Fn(usize) -> bool {
        let are: Vec<bool> = self.texts.iter().map(|text| text.is_some_and(&is)).collect();
        move |row| self.number(row).is_some_and(|number| are.get(number).copied().unwrap_or(false))
    }
}
