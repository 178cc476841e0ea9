//! What a column holds in every situation that does not name it: `worlds/_ordinary.toml`.

use super::from_toml;
use crate::contract::{Contract, Table};
use crate::value::Value;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name of the file without its ending.
pub(super) const FILE: &str = "_ordinary";

/// The rule of a column, as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    beside: Option<String>,
    value: Option<toml::Value>,
    empty: Option<toml::Value>,
    like: Option<String>,
}

/// The rule of a column; positions are those of the table's columns.
#[derive(Debug)]
struct Rule {
    column: usize,
    holds: Holds,
}

/// What a column holds.
#[derive(Debug)]
enum Holds {
    /// A value where another column has one.
    Beside { column: usize, value: Value, empty: Value },
    /// What another column holds.
    Like(usize),
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
            let value = match &rule.holds {
                Holds::Like(column) => cells.get(*column).cloned().unwrap_or(Value::Null),
                Holds::Beside { column, value, empty } => match cells.get(*column) {
                    None | Some(Value::Null) => Value::Null,
                    Some(Value::List(items)) if items.is_empty() => empty.clone(),
                    Some(_) => value.clone(),
                },
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
    let holds = match spec {
        Spec { beside: Some(beside), value: Some(value), empty, like: None } => {
            let value = from_toml(kind, value)?;
            let empty = empty.as_ref().map(|empty| from_toml(kind, empty)).transpose()?;
            Holds::Beside { column: position(beside)?, empty: empty.unwrap_or_else(|| value.clone()), value }
        }
        Spec { beside: None, value: None, empty: None, like: Some(like) } => Holds::Like(position(like)?),
        _ => bail!("a column has `beside` and `value`, or `like`"),
    };
    Ok(Rule { column, holds })
}
