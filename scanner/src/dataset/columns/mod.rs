//! The dataset's contract: every table, its columns, their types and what they mean.
//!
//! The Arrow schemas, the dictionary and the committed `columns.json` (which the laboratory and the analysis
//! read) are made from it.

pub mod assessments;
pub mod certificates;
pub mod domains;
pub mod mx_hosts;
pub mod retried;
mod table;

pub use super::contract::{Column, Kind, Table};
pub use assessments::ASSESSMENTS;
pub use certificates::CERTIFICATES;
pub use domains::DOMAINS;
pub use mx_hosts::MX_HOSTS;

/// The tables of evidence, which a scan writes; `assessments` is drawn from them.
pub const EVIDENCE: [&Table; 3] = [&DOMAINS, &MX_HOSTS, &CERTIFICATES];

/// Version of the tables' layout, `major.minor`. A reader refuses another major version.
pub const SCHEMA_VERSION: &str = "1.3";

const SCAN: Column = table::declared::<String>(
    "scan",
    "Name of the scan: the last part of its output directory's name when it began.",
);

/// The name of a column of a table, for `column!`.
///
/// # Panics
/// There is no such column: where it is asked for in a constant, that does not compile.
#[must_use]
#[allow(clippy::panic, reason = "it is evaluated when it is compiled")]
pub const fn named(table: &Table, name: &'static str) -> &'static str {
    let mut at = 0;
    while at < table.columns.len() {
        if is_same(table.columns[at].name.as_bytes(), name.as_bytes()) {
            return name;
        }
        at += 1;
    }
    panic!("the table has no such column")
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// The name of a column, `column!(DOMAINS.policy_outcome)`; one that is not there does not compile.
macro_rules! column {
    ($table:ident . $name:ident) => {
        const { $crate::dataset::columns::named(&$crate::dataset::columns::$table, stringify!($name)) }
    };
}
pub(crate) use column;

/// All tables that a scan writes as parts.
pub const TABLES: [&Table; 4] = [&DOMAINS, &MX_HOSTS, &CERTIFICATES, &ASSESSMENTS];
