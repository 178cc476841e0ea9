//! Rows become Arrow record batches, column by column in the order of the contract.

use super::cell::{Cell, TableColumn};
use super::contract::Table;
use super::item::Item as _;
use super::schema;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::ArrowError;
use std::sync::Arc;

/// A table's rows; `table!` makes it from the columns.
pub trait Rows: Sized {
    /// The table.
    const TABLE: &'static Table;

    /// The columns after `scan`, in the contract's order.
    ///
    /// # Errors
    /// An array does not fit the contract: a fault of this program.
    fn arrays(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError>;

    /// Bytes of its texts.
    fn weight(&self) -> usize;
}

/// The array of one column.
pub(super) fn array<C: TableColumn>(rows: &[C::Row]) -> Result<ArrayRef, ArrowError> {
    <C::Cell as Cell>::Item::array(rows.iter().map(C::lend))
}

/// Bytes of the texts of one cell.
pub(super) fn weight<C: TableColumn>(row: &C::Row) -> usize {
    C::lend(row).map_or(0, <C::Cell as Cell>::Item::weight)
}

/// One record batch of a table.
///
/// # Errors
/// The arrays do not fit the contract: a fault of this program.
pub fn of<R: Rows>(scan: &str, rows: &[R]) -> Result<RecordBatch, ArrowError> {
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(rows.iter().map(|_| Some(scan)).collect::<StringArray>())];
    arrays.extend(R::arrays(rows)?);
    RecordBatch::try_new(schema::of(R::TABLE), arrays)
}
