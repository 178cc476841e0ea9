//! How a table and its groups are declared: one entry per column, of which everything else is made.

use crate::dataset::cell::Cell;
use crate::dataset::contract::Column;
use crate::dataset::item::Item as _;

/// The column of a Rust type, which gives kind, nullability and vocabulary.
pub(super) const fn declared<C: Cell>(name: &'static str, meaning: &'static str) -> Column {
    let (kind, words) = (C::Item::KIND, C::Item::WORDS);
    Column { name, kind, nullable: C::NULLABLE, meaning, words, counted: false, since: None }
}

/// Declares a table: `name: Type = value of the row, "meaning"` per column, in the order of the files. The
/// type gives kind, nullability and vocabulary (see `Item` and `Cell`); what the column has beyond it
/// follows: `of(words)` a smaller vocabulary, `counted()`, `since("minor version")`, `kind(…)` a group whose
/// fields have smaller vocabularies.
///
/// Made from it: the contract, the Arrow arrays in their order, the weight of a row, and a type per column in
/// a module `column`, from which `view!` reads.
macro_rules! table {
    ($(#[$about:meta])* $table:ident = $name:literal, $stands:literal; $row:ident: $from:ty {
        $($column:ident: $cell:ty = $value:expr, $meaning:literal $(, $more:ident($($what:expr),*))*;)+
    }) => {
        $(#[$about])*
        pub const $table: $crate::dataset::contract::Table = $crate::dataset::contract::Table {
            name: $name,
            row: $stands,
            columns: &[
                $crate::dataset::columns::SCAN,
                $(<column::$column as $crate::dataset::cell::TableColumn>::COLUMN,)+
            ],
        };

        /// The row that the stages fill.
        pub type Row = $from;

        /// A type per column.
        #[allow(non_camel_case_types, missing_docs, reason = "they are the columns, and are explained there")]
        pub mod column {
            $(#[derive(Debug)] pub enum $column {})+
        }

        $(impl $crate::dataset::cell::TableColumn for column::$column {
            type Row = $from;
            type Cell = $cell;
            const COLUMN: $crate::dataset::contract::Column =
                $crate::dataset::columns::table::declared::<$cell>(stringify!($column), $meaning)$(.$more($($what),*))*;

            fn lend($row: &$from) -> $crate::dataset::cell::Lent<'_, $cell> {
                $crate::dataset::item::Fill::<<$cell as $crate::dataset::cell::Cell>::Item>::fill(&$value)
            }
        })+

        impl $crate::dataset::batch::Rows for $from {
            const TABLE: &'static $crate::dataset::contract::Table = &$table;

            fn arrays(rows: &[Box<Self>]) -> Result<Vec<arrow_array::ArrayRef>, arrow_schema::ArrowError> {
                Ok(vec![$($crate::dataset::batch::array::<column::$column>(rows)?,)+])
            }

            fn weight(&self) -> usize {
                0 $(+ $crate::dataset::batch::weight::<column::$column>(self))+
            }
        }
    };
}
pub(super) use table;

/// Declares the groups of a list, in the manner of `table!`, and the type that they are read back as.
macro_rules! group {
    ($(#[$about:meta])* $seen:ident; $one:ident: $from:ty {
        $($field:ident: $cell:ty = $value:expr, $meaning:literal $(, $more:ident($($what:expr),*))*;)+
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the fields are explained once, in the contract")]
        pub struct $seen { $(pub $field: <$cell as $crate::dataset::cell::Cell>::Seen,)+ }

        impl $seen {
            const FIELDS: &'static [$crate::dataset::contract::Column] =
                &[$($crate::dataset::columns::table::declared::<$cell>(stringify!($field), $meaning)$(.$more($($what),*))*,)+];

            $(fn $field($one: &$from) -> $crate::dataset::cell::Lent<'_, $cell> {
                $crate::dataset::item::Fill::<<$cell as $crate::dataset::cell::Cell>::Item>::fill(&$value)
            })+
        }

        impl $crate::dataset::item::Item for $from {
            type Lent<'a> = &'a Self;
            type Seen = $seen;
            const KIND: $crate::dataset::contract::Kind = $crate::dataset::contract::Kind::Struct($seen::FIELDS);

            fn array<'a>(
                values: impl Iterator<Item = Option<Self::Lent<'a>>> + Clone,
            ) -> Result<arrow_array::ArrayRef, arrow_schema::ArrowError> {
                // A list may be null, a group in it never is.
                let values = values.flatten();
                let arrays = vec![$(
                    <<$cell as $crate::dataset::cell::Cell>::Item as $crate::dataset::item::Item>::array(
                        values.clone().map($seen::$field),
                    )?,
                )+];
                let fields = $crate::dataset::contract::fields($seen::FIELDS);
                Ok(std::sync::Arc::new(arrow_array::StructArray::try_new(fields, arrays, None)?))
            }

            fn weight(value: &Self) -> usize {
                0 $(+ $seen::$field(value).map_or(
                    0,
                    <<$cell as $crate::dataset::cell::Cell>::Item as $crate::dataset::item::Item>::weight,
                ))+
            }

            fn seen(value: &Self) -> Option<$seen> {
                Some($seen { $($field: $crate::dataset::cell::seen::<$cell>($seen::$field(value))?,)+ })
            }

            fn read(array: &dyn arrow_array::Array, at: usize) -> Option<$seen> {
                let group = arrow_array::cast::AsArray::as_struct_opt(array)?;
                Some($seen { $($field: $crate::dataset::cell::field::<$cell>(group, stringify!($field), at)?,)+ })
            }

            fn tell_unknown(seen: &$seen, tell: &mut dyn FnMut(&str)) {
                $($crate::dataset::cell::tell_unknown::<$cell>(&seen.$field, tell);)+
            }
        }

        impl $crate::dataset::item::Fill<$from> for $from {
            fn fill(&self) -> Option<&Self> {
                Some(self)
            }
        }
    };
}
pub(super) use group;
