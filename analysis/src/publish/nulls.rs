//! Columns that `queries/tables.sql` gives to a table though no file has them: `CAST(NULL AS type) AS
//! "name"`, in DuckDB's names of types.

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, DataType as Written, Expr, SelectItem, SetExpr, Statement, TimezoneInfo, Value,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;
use std::sync::Arc;

/// The columns of a text's SELECT list that are null of a type, in their order; `None` where the text is no
/// SELECT. One of a type that this version does not know has the type of null itself.
pub(super) fn columns(sql: &str) -> Option<Vec<Field>> {
    let parsed = Parser::parse_sql(&DuckDbDialect {}, sql).ok()?;
    let [Statement::Query(query)] = parsed.as_slice() else { return None };
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let mut fields = Vec::new();
    for item in &select.projection {
        let SelectItem::ExprWithAlias { expr: Expr::Cast { expr, data_type, .. }, alias } = item else {
            continue;
        };
        if matches!(expr.as_ref(), Expr::Value(value) if value.value == Value::Null) {
            fields.push(Field::new(&alias.value, arrow_type(data_type).unwrap_or(DataType::Null), true));
        }
    }
    Some(fields)
}

/// A type as `contract::duckdb_type` writes it; `None` where it is another.
fn arrow_type(kind: &Written) -> Option<DataType> {
    Some(match kind {
        Written::Varchar(None) => DataType::Utf8,
        Written::Integer(None) => DataType::Int32,
        Written::BigInt(None) => DataType::Int64,
        Written::Boolean => DataType::Boolean,
        Written::Timestamp(None, TimezoneInfo::Tz) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        Written::Blob(None) => DataType::Binary,
        Written::Array(ArrayElemTypeDef::SquareBracket(item, None)) => {
            DataType::List(Arc::new(Field::new("element", arrow_type(item)?, true)))
        }
        Written::Struct(members, _) => {
            let field = |(name, kind): (String, &Written)| Some(Field::new(name, arrow_type(kind)?, true));
            let named = members.iter().map(|member| {
                field((member.field_name.as_ref().map(|name| name.value.clone())?, &member.field_type))
            });
            DataType::Struct(named.collect::<Option<Fields>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;
    use crate::contract::{self, TABLES, duckdb_type};

    #[test]
    fn every_type_of_the_layout_reads_as_it_is_written() {
        for table in TABLES {
            let schema = contract::schema(table).unwrap();
            let casts = schema.fields().iter().map(|field| {
                format!(", CAST(NULL AS {}) AS \"{}\"", duckdb_type(field.data_type()), field.name())
            });
            let sql = format!(
                "SELECT *{} FROM read_parquet(['{table}/part-*.parquet'], union_by_name = true)",
                casts.collect::<String>()
            );
            let found = columns(&sql).unwrap();
            let expected: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_not_null_of_a_known_type_is_no_such_column() {
        assert_eq!(columns("SELECT CAST(1 AS INTEGER) AS a, b, NULL AS c FROM t"), Some(Vec::new()));
        let strange = columns("SELECT CAST(NULL AS DECIMAL(9, 2)) AS a").unwrap();
        assert_eq!(strange, [Field::new("a", DataType::Null, true)]);
        assert_eq!(columns("DROP TABLE a"), None);
    }
}
