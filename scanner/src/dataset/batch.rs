//! Rows become Arrow record batches, column by column in the order of the contract.

use super::cell::{Cell, TableColumn};
use super::contract::Table;
use super::contract::data_type;
use super::item::Item as _;
use arrow_array::{ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow_schema::{ArrowError, SchemaRef};
use std::sync::Arc;

/// A table's rows; `table!` makes it from the columns.
pub trait Rows: Sized {
    /// The table.
    const TABLE: &'static Table;

    /// The columns after `scan`, in the contract's order.
    ///
    /// # Errors
    /// An array does not fit the contract: a fault of this program.
    fn arrays(rows: &[Box<Self>]) -> Result<Vec<ArrayRef>, ArrowError>;

    /// Bytes of its texts.
    fn weight(&self) -> usize;
}

/// The array of one column.
pub(super) fn array<C: TableColumn>(rows: &[Box<C::Row>]) -> Result<ArrayRef, ArrowError> {
    // Of most columns most batches hold nothing.
    if rows.iter().all(|row| C::lend(row).is_none()) {
        return Ok(new_null_array(&data_type(&C::COLUMN.kind), rows.len()));
    }
    <C::Cell as Cell>::Item::array(rows.iter().map(|row| C::lend(row)))
}

/// Bytes of the texts of one cell.
pub(super) fn weight<C: TableColumn>(row: &C::Row) -> usize {
    C::lend(row).map_or(0, <C::Cell as Cell>::Item::weight)
}

/// One record batch of a table, whose schema this is.
///
/// # Errors
/// The arrays do not fit the contract: a fault of this program.
pub(super) fn of<R: Rows>(schema: SchemaRef, scan: &str, rows: &[Box<R>]) -> Result<RecordBatch, ArrowError> {
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(StringArray::new_repeated(scan, rows.len()))];
    arrays.extend(R::arrays(rows)?);
    RecordBatch::try_new(schema, arrays)
}
