//! A cell of a table, whatever its type, and its way into Arrow and back.

use crate::contract::Kind;
use anyhow::{Context, Result, bail};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Int32Array, Int64Array, ListArray, StringArray,
    StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Not asked, or not seen.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer or a time in microseconds.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// Fields in the order of the type.
    Struct(Vec<Value>),
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list of text.
    pub fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Self::text).collect())
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, where it is one.
    #[must_use]
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of a list; empty where it is none.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) | Self::Struct(items) => items,
            _ => &[],
        }
    }

    /// Whether it is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether the value is one of the type; null is of every type.
    #[must_use]
    pub fn fits(&self, kind: &Kind) -> bool {
        match (self, kind) {
            (Self::Null, _)
            | (Self::Bool(_), Kind::Bool)
            | (Self::Int(_), Kind::Int64 | Kind::Time)
            | (Self::Text(_), Kind::Text)
            | (Self::Bytes(_), Kind::Binary) => true,
            (Self::Int(value), Kind::Int32) => i32::try_from(*value).is_ok(),
            (Self::List(items), Kind::List(item)) => items.iter().all(|v| v.fits(item)),
            (Self::Struct(values), Kind::Struct(fields)) => {
                values.len() == fields.len() && values.iter().zip(fields).all(|(v, (_, k))| v.fits(k))
            }
            _ => false,
        }
    }

    /// A number that equal rows share, and others hardly ever.
    #[must_use]
    pub fn fingerprint(values: &[Self]) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        values.hash(&mut hasher);
        hasher.finish()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bytes(bytes) if bytes.len() > 200 => write!(f, "{} bytes", bytes.len()),
            Self::Bytes(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
            Self::List(items) => write_all(f, items, '[', ']'),
            Self::Struct(items) => write_all(f, items, '{', '}'),
        }
    }
}

fn write_all(f: &mut fmt::Formatter<'_>, items: &[Value], open: char, close: char) -> fmt::Result {
    write!(f, "{open}")?;
    for (at, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
    }
    write!(f, "{close}")
}

/// The Arrow array of one column's cells. A cell that is not of the type becomes null.
///
/// # Errors
/// Where a list has more than 2^31 items.
pub fn to_arrow(kind: &Kind, cells: &[&Value]) -> Result<ArrayRef> {
    Ok(match kind {
        Kind::Text => Arc::new(cells.iter().map(|v| v.as_text()).collect::<StringArray>()),
        Kind::Int32 => Arc::new(
            cells.iter().map(|v| v.as_int().and_then(|i| i32::try_from(i).ok())).collect::<Int32Array>(),
        ),
        Kind::Int64 => Arc::new(cells.iter().map(|v| v.as_int()).collect::<Int64Array>()),
        Kind::Time => Arc::new(
            cells.iter().map(|v| v.as_int()).collect::<TimestampMicrosecondArray>().with_timezone("UTC"),
        ),
        Kind::Bool => Arc::new(
            cells.iter().map(|v| if let Value::Bool(b) = v { Some(*b) } else { None }).collect::<BooleanArray>(),
        ),
        Kind::Binary => Arc::new(
            cells
                .iter()
                .map(|v| if let Value::Bytes(b) = v { Some(b.as_slice()) } else { None })
                .collect::<BinaryArray>(),
        ),
        Kind::List(item) => {
            let flat: Vec<&Value> = cells.iter().flat_map(|v| v.items()).collect();
            let offsets = OffsetBuffer::from_lengths(cells.iter().map(|v| v.items().len()));
            let field = Arc::new(Field::new("item", item.arrow(), true));
            Arc::new(ListArray::try_new(field, offsets, to_arrow(item, &flat)?, nulls(cells))?)
        }
        Kind::Struct(fields) => {
            let mut arrays = Vec::with_capacity(fields.len());
            for (at, (_, kind)) in fields.iter().enumerate() {
                let column: Vec<&Value> =
                    cells.iter().map(|v| v.items().get(at).unwrap_or(&Value::Null)).collect();
                arrays.push(to_arrow(kind, &column)?);
            }
            let fields: Fields = fields.iter().map(|(n, k)| Field::new(n, k.arrow(), true)).collect();
            Arc::new(StructArray::try_new_with_length(fields, arrays, nulls(cells), cells.len())?)
        }
    })
}

fn nulls(cells: &[&Value]) -> Option<NullBuffer> {
    Some(NullBuffer::from_iter(cells.iter().map(|v| !v.is_null())))
}

/// One cell of an Arrow array as a value of the type.
///
/// # Errors
/// Where the array's type is not the one the contract states.
pub fn from_arrow(kind: &Kind, array: &dyn Array, row: usize) -> Result<Value> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match (kind, array.data_type()) {
        (Kind::Text, DataType::Utf8) => Value::text(array.as_string::<i32>().value(row)),
        (Kind::Text, DataType::Dictionary(..)) => {
            let dictionary = array.as_dictionary_opt::<Int32Type>().context("its dictionary has no int32 keys")?;
            let key = dictionary.key(row).context("a key of the dictionary")?;
            return from_arrow(kind, dictionary.values(), key);
        }
        (Kind::Int32, DataType::Int32) => {
            Value::Int(array.as_primitive::<Int32Type>().value(row).into())
        }
        (Kind::Int64, DataType::Int64) => Value::Int(array.as_primitive::<Int64Type>().value(row)),
        (Kind::Bool, DataType::Boolean) => Value::Bool(array.as_boolean().value(row)),
        (Kind::Time, DataType::Timestamp(TimeUnit::Microsecond, Some(_))) => {
            Value::Int(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        (Kind::Binary, DataType::Binary) => Value::Bytes(array.as_binary::<i32>().value(row).to_vec()),
        (Kind::List(item), DataType::List(_)) => {
            let items = array.as_list::<i32>().value(row);
            Value::List((0..items.len()).map(|i| from_arrow(item, &items, i)).collect::<Result<_>>()?)
        }
        (Kind::Struct(fields), DataType::Struct(_)) => {
            let group = array.as_struct();
            let cell = |(name, kind): &(String, Kind)| {
                let column = group.column_by_name(name).with_context(|| format!("no field `{name}`"))?;
                from_arrow(kind, column, row)
            };
            Value::Struct(fields.iter().map(cell).collect::<Result<_>>()?)
        }
        (kind, found) => bail!("has the type {found}, the contract says {kind:?}"),
    })
}
