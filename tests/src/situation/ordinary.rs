//! What a column holds in every situation that does not name it: `worlds/_ordinary.toml`.

use super::from_toml;
use crate::contract::{Contract, Table};
use crate::value::Value;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name of the file without its ending.
pub(super) const FILE: &str = "_ordinary";

/// The rule of a column, as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    beside: String,
    value: toml::Value,
    empty: Option<toml::Value>,
}

/// The rule of a column; positions are those of the table's columns.
#[derive(Debug)]
struct Rule {
    column: usize,
    beside: usize,
    value: Value,
    empty: Value,
}

/// The ordinary values of all tables; a column without one is null.
#[derive(Debug)]
pub(super) struct Ordinary(BTreeMap<String, Vec<Rule>>);

impl Ordinary {
    /// Reads the file.
    ///
    /// # Errors
    /// It names a table or column that the contract has not, or a value is not of its column's type.
    pub(super) fn read(contract: &Contract, file: toml::Table) -> Result<Self> {
        let specs: BTreeMap<String, BTreeMap<String, Spec>> = file.try_into()?;
        let mut rules = BTreeMap::new();
        for (name, columns) in specs {
            let known = contract.tables().into_iter().find(|table| table.name == name);
            let table = known.with_context(|| format!("there is no table `{name}`"))?;
            let read = |(column, spec): (String, Spec)| {
                rule(table, &column, &spec).with_context(|| format!("[{name}.{column}]"))
            };
            let read = columns.into_iter().map(read).collect::<Result<_>>()?;
            rules.insert(name, read);
        }
        Ok(Self(rules))
    }

    /// Fills the cells of the columns that a situation does not name.
    pub(super) fn fill(&self, table: &Table, is_named: &[bool], cells: &mut [Value]) {
        for rule in self.0.get(&table.name).into_iter().flatten() {
            if is_named.get(rule.column) == Some(&true) {
                continue;
            }
            let value = match cells.get(rule.beside) {
                None | Some(Value::Null) => Value::Null,
                Some(Value::List(items)) if items.is_empty() => rule.empty.clone(),
                Some(_) => rule.value.clone(),
            };
            if let Some(cell) = cells.get_mut(rule.column) {
                *cell = value;
            }
        }
    }
}

fn rule(table: &Table, name: &str, spec: &Spec) -> Result<Rule> {
    let position = |name: &str| table.position(name).with_context(|| format!("there is no column `{name}`"));
    let column = position(name)?;
    let kind = &table.columns.get(column).context("a position is one of a column")?.kind;
    let value = from_toml(kind, &spec.value)?;
    let empty = spec.empty.as_ref().map(|empty| from_toml(kind, empty)).transpose()?;
    Ok(Rule { column, beside: position(&spec.beside)?, empty: empty.unwrap_or_else(|| value.clone()), value })
}
