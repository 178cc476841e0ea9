//! Expected values as files write them, and the filling in of their placeholders for one domain.

use crate::contract::Kind;
use crate::value::Value;
use anyhow::{Context, Result, bail, ensure};

/// How a file writes null, where a base says otherwise.
const NULL: &str = "{null}";

/// A value of a column's type as a file writes it.
///
/// # Errors
/// Where the value is not of the type.
pub fn from_toml(kind: &Kind, value: &toml::Value) -> Result<Value> {
    if value.as_str() == Some(NULL) {
        return Ok(Value::Null);
    }
    Ok(match (kind, value) {
        (Kind::Text, toml::Value::String(text)) => Value::text(text),
        (Kind::Binary, toml::Value::String(text)) => Value::Bytes(text.clone().into_bytes()),
        (Kind::Int32 | Kind::Int64, toml::Value::Integer(number)) => Value::Int(*number),
        (Kind::Bool, toml::Value::Boolean(value)) => Value::Bool(*value),
        (Kind::List(item), toml::Value::Array(items)) => {
            Value::List(items.iter().map(|v| from_toml(item, v)).collect::<Result<_>>()?)
        }
        (Kind::Struct(fields), toml::Value::Table(table)) => {
            ensure!(table.keys().all(|k| fields.iter().any(|(name, _)| name == k)), "a field that is not there");
            let field = |(name, kind): &(String, Kind)| match table.get(name) {
                None => Ok(Value::Null),
                Some(value) => from_toml(kind, value).with_context(|| format!("field `{name}`")),
            };
            Value::Struct(fields.iter().map(field).collect::<Result<_>>()?)
        }
        (kind, value) => bail!("`{value}` is not of the type {kind:?}"),
    })
}

/// What the placeholders of a text stand for.
pub trait Fill {
    /// Appends what the placeholder stands for; `false` where there is none of that name.
    fn fill(&self, name: &str, out: &mut String) -> bool;

    /// The text with its placeholders filled in. What is no placeholder stays as it is written.
    fn text(&self, pattern: &str) -> String {
        let mut out = String::with_capacity(pattern.len() + 32);
        let mut rest = pattern;
        while let Some(open) = rest.find('{') {
            out.push_str(rest.get(..open).unwrap_or_default());
            let after = rest.get(open + 1..).unwrap_or_default();
            match after.split_once('}') {
                Some((name, tail)) if self.fill(name, &mut out) => rest = tail,
                _ => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// The value with the placeholders of its texts filled in.
pub fn fill(value: &Value, with: &impl Fill) -> Value {
    match value {
        Value::Text(text) if text.contains('{') => Value::text(with.text(text)),
        Value::Bytes(bytes) if bytes.contains(&b'{') => {
            Value::Bytes(with.text(&String::from_utf8_lossy(bytes)).into_bytes())
        }
        Value::List(items) => Value::List(items.iter().map(|v| fill(v, with)).collect()),
        Value::Struct(items) => Value::Struct(items.iter().map(|v| fill(v, with)).collect()),
        other => other.clone(),
    }
}
