//! The types of columns: what each is called in the dictionary, and how values become an Arrow array.

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, ListArray, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, TimeUnit};
use std::sync::Arc;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) i64);

/// The faults of one code in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FaultSeen {
    pub(super) code: &'static str,
    /// Where the first is.
    pub(super) path: String,
    /// How many are listed.
    pub(super) times: i32,
}

/// A type of column, null or not.
pub(super) trait Cell: Sized {
    /// Its name in the dictionary.
    const KIND: &'static str;
    /// Whether null occurs.
    const NULLABLE: bool = false;

    fn data_type() -> DataType;

    fn array(values: impl Iterator<Item = Self>) -> Result<ArrayRef, ArrowError>;
}

/// Makes the array of a column.
pub(super) fn array<C: Cell>(values: impl Iterator<Item = C>) -> Result<ArrayRef, ArrowError> {
    C::array(values)
}

macro_rules! plain {
    ($($type:ty, $kind:literal, $data_type:expr, $array:ty, $made:expr;)+) => {$(
        impl Cell for $type {
            const KIND: &'static str = $kind;

            fn data_type() -> DataType {
                $data_type
            }

            fn array(values: impl Iterator<Item = Self>) -> Result<ArrayRef, ArrowError> {
                let made: fn($array) -> $array = $made;
                Ok(Arc::new(made(values.map(|value| Some(value.into_value())).collect())))
            }
        }

        impl Cell for Option<$type> {
            const KIND: &'static str = $kind;
            const NULLABLE: bool = true;

            fn data_type() -> DataType {
                $data_type
            }

            fn array(values: impl Iterator<Item = Self>) -> Result<ArrayRef, ArrowError> {
                let made: fn($array) -> $array = $made;
                Ok(Arc::new(made(values.map(|value| value.map(IntoValue::into_value)).collect())))
            }
        }
    )+};
}

/// What Arrow holds of a value.
trait IntoValue {
    type Value;
    fn into_value(self) -> Self::Value;
}

macro_rules! as_it_is {
    ($($type:ty),+) => {$(
        impl IntoValue for $type {
            type Value = Self;
            fn into_value(self) -> Self {
                self
            }
        }
    )+};
}
as_it_is!(i64, i32, bool, &str);

impl IntoValue for Time {
    type Value = i64;
    fn into_value(self) -> i64 {
        self.0
    }
}

fn same<T>(array: T) -> T {
    array
}

plain! {
    i64, "int64", DataType::Int64, Int64Array, same;
    i32, "int32", DataType::Int32, Int32Array, same;
    bool, "bool", DataType::Boolean, BooleanArray, same;
    &str, "text", DataType::Utf8, StringArray, same;
    Time, "timestamp_us", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        TimestampMicrosecondArray, |array| array.with_timezone("UTC");
}

/// The field of a list's items; Parquet's own name for it, so that every reader knows it.
fn element(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("element", data_type, false))
}

impl Cell for Option<&[String]> {
    const KIND: &'static str = "list<text>";
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::List(element(DataType::Utf8))
    }

    fn array(values: impl Iterator<Item = Self>) -> Result<ArrayRef, ArrowError> {
        let mut list = ListBuilder::new(StringBuilder::new()).with_field(element(DataType::Utf8));
        for texts in values {
            list.append_option(texts.map(|texts| texts.iter().map(Some)));
        }
        Ok(Arc::new(list.finish()))
    }
}

fn fault_fields() -> Fields {
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    [field("code", DataType::Utf8), field("path", DataType::Utf8), field("times", DataType::Int32)]
        .into_iter()
        .collect()
}

impl Cell for &[FaultSeen] {
    const KIND: &'static str = "list<struct<code:text,path:text,times:int32>>";

    fn data_type() -> DataType {
        DataType::List(element(DataType::Struct(fault_fields())))
    }

    fn array(values: impl Iterator<Item = Self>) -> Result<ArrayRef, ArrowError> {
        let lists: Vec<&[FaultSeen]> = values.collect();
        let all = || lists.iter().flat_map(|list| list.iter());
        let columns: Vec<ArrayRef> = vec![
            array(all().map(|fault| fault.code))?,
            array(all().map(|fault| fault.path.as_str()))?,
            array(all().map(|fault| fault.times))?,
        ];
        let items = StructArray::try_new(fault_fields(), columns, None)?;
        let offsets = OffsetBuffer::from_lengths(lists.iter().map(|list| list.len()));
        let list =
            ListArray::try_new(element(DataType::Struct(fault_fields())), offsets, Arc::new(items), None)?;
        Ok(Arc::new(list))
    }
}
