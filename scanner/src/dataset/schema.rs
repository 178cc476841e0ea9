//! Arrow schemas, made from the contract.

use super::columns::SCHEMA_VERSION;
use super::contract::{Column, Table, data_type};
use arrow_schema::{Field, Fields, Schema, SchemaRef};
use std::collections::HashMap;
use std::sync::Arc;

/// The schema of a table, with the contract's version in its metadata and each column's meaning in its
/// field's.
#[must_use]
pub fn of(table: &Table) -> SchemaRef {
    let described = |column: &Column| {
        let field = Field::new(column.name, data_type(&column.kind), column.nullable);
        field.with_metadata(HashMap::from([("meaning".to_owned(), column.meaning())]))
    };
    let fields: Fields = table.columns.iter().map(described).collect();
    let metadata = HashMap::from([
        ("schema_version".to_owned(), SCHEMA_VERSION.to_owned()),
        ("table".to_owned(), table.name.to_owned()),
    ]);
    Arc::new(Schema::new_with_metadata(fields, metadata))
}
