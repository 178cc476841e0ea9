//! Arrow schemas, made from the contract.

use super::columns::{Column, Kind, SCHEMA_VERSION, Table};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use std::collections::HashMap;
use std::sync::Arc;

fn data_type(kind: &Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Int32 => DataType::Int32,
        Kind::Int64 => DataType::Int64,
        Kind::Bool => DataType::Boolean,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Kind::Binary => DataType::Binary,
        Kind::List(item) => DataType::List(Arc::new(list_item(item))),
        Kind::Struct(columns) => DataType::Struct(fields(columns)),
    }
}

/// The field of a list's items; Parquet's own name for it, so that every reader knows it.
pub(crate) fn list_item(kind: &Kind) -> Field {
    Field::new("element", data_type(kind), false)
}

/// The fields of a group.
pub(super) fn fields(columns: &[Column]) -> Fields {
    columns.iter().map(|c| Field::new(c.name, data_type(&c.kind), c.nullable)).collect()
}

/// The schema of a table, with the contract's version in its metadata and each column's meaning in its field's.
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
