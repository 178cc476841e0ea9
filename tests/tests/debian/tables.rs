//! A dataset read back: rows by name, cells by column.

use std::path::Path;
use sts_lab::contract::{Contract, Table};
use sts_lab::grade;
use sts_lab::value::Value;

/// What a scan wrote.
pub(crate) struct Dataset {
    contract: Contract,
    domains: Vec<Vec<Value>>,
    mx_hosts: Vec<Vec<Value>>,
    assessments: Vec<Vec<Value>>,
    /// The manifest.
    pub(crate) manifest: serde_json::Value,
}

impl Dataset {
    /// Reads a dataset.
    pub(crate) fn read(folder: &Path) -> Self {
        let contract = Contract::load().unwrap();
        let rows = |table: &Table| {
            let mut rows = Vec::new();
            grade::parts::read(table, &folder.join(&table.name), &mut |row| {
                rows.push(row);
                Ok(())
            })
            .unwrap();
            rows
        };
        let domains = rows(&contract.domains);
        let mx_hosts = rows(&contract.mx_hosts);
        let assessments = rows(&contract.assessments);
        let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
        let manifest = serde_json::from_slice(&manifest).unwrap();
        Self { contract, domains, mx_hosts, assessments, manifest }
    }

    /// The row of a domain in `domains`.
    pub(crate) fn domain(&self, name: &str) -> Row<'_> {
        only(&self.contract.domains, &self.domains, "domain", name)
    }

    /// The one row of a host in `mx_hosts`.
    pub(crate) fn host(&self, name: &str) -> Row<'_> {
        only(&self.contract.mx_hosts, &self.mx_hosts, "host", name)
    }

    /// The row of a domain in `assessments`.
    pub(crate) fn assessment(&self, name: &str) -> Row<'_> {
        only(&self.contract.assessments, &self.assessments, "domain", name)
    }

    /// The findings of a domain, in the order of the catalogue.
    pub(crate) fn findings(&self, name: &str) -> Vec<String> {
        self.assessment(name).texts("findings")
    }
}

fn only<'d>(table: &'d Table, rows: &'d [Vec<Value>], key: &str, name: &str) -> Row<'d> {
    let at = table.position(key).unwrap();
    let mut found = rows.iter().filter(|row| row[at].as_text() == Some(name));
    let cells = found.next().unwrap_or_else(|| panic!("{} has no row of {name}", table.name));
    assert!(found.next().is_none(), "{} has two rows of {name}", table.name);
    Row { table, cells }
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'d> {
    table: &'d Table,
    cells: &'d [Value],
}

impl<'d> Row<'d> {
    /// The cell of a column.
    pub(crate) fn cell(&self, column: &str) -> &'d Value {
        let at = self.table.position(column);
        &self.cells[at.unwrap_or_else(|| panic!("{} has no column {column}", self.table.name))]
    }

    /// Its text; `-` where it is null.
    pub(crate) fn text(&self, column: &str) -> &'d str {
        let cell = self.cell(column);
        if cell.is_null() { "-" } else { cell.as_text().unwrap_or_else(|| panic!("{column} is {cell}")) }
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, column: &str) -> Vec<String> {
        let items = self.cell(column).items().iter();
        items.map(|item| item.as_text().unwrap_or_default().to_owned()).collect()
    }

    /// Asserts several columns at once, as they are printed.
    pub(crate) fn assert(&self, expected: &[(&str, &str)]) {
        let found: Vec<(&str, String)> = expected
            .iter()
            .map(|(column, _)| {
                let cell = self.cell(column);
                (*column, cell.as_text().map_or_else(|| cell.to_string(), str::to_owned))
            })
            .collect();
        let expected: Vec<(&str, String)> =
            expected.iter().map(|(column, value)| (*column, (*value).to_owned())).collect();
        assert_eq!(found, expected, "{} of {}", self.table.name, self.cells[1]);
    }
}
