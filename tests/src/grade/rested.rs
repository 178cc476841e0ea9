//! What may stand in the row of an MX host whose address limits on and on: after five limits in a row at the
//! slowest pace the address rests until the next look. Which of the hosts behind it had their turn before
//! hangs on who came first, so a row may tell of fewer connections, and of none.

use crate::contract::Table;
use crate::value::Value;

/// What a host that nobody has contacted has all the same.
const KNOWN: [&str; 15] = [
    "scan",
    "host",
    "addr",
    "host_dns",
    "host_ede",
    "host_cname",
    "host_ad",
    "cname_ad",
    "tlsa_dns",
    "tlsa_ede",
    "tlsa_ad",
    "tlsa",
    "smtp_outcome",
    "waited_ms",
    "dns_retried",
];

/// The other rows that are right where this one is expected.
pub(super) fn instead(table: &Table, row: &[Value]) -> Vec<Vec<Value>> {
    let position = |name: &str| table.position(name).filter(|_| table.name == "mx_hosts");
    let (Some(outcome), Some(attempts), Some(looks)) =
        (position("smtp_outcome"), position("attempts"), position("looks"))
    else {
        return Vec::new();
    };
    let is_limited = |value: &Value| value.as_text() == Some("limited");
    let Some(made) = row.get(attempts).map(Value::items).filter(|made| made.iter().all(is_limited)) else {
        return Vec::new();
    };
    if !row.get(outcome).is_some_and(is_limited) {
        return Vec::new();
    }
    let with = |count: usize| {
        let mut row = row.to_vec();
        if count == 0 {
            for (column, cell) in table.columns.iter().zip(&mut row) {
                if !KNOWN.contains(&column.name.as_str()) {
                    *cell = Value::Null;
                }
            }
        }
        row[attempts] = Value::List(made.iter().take(count).cloned().collect());
        row[looks] = Value::Int(i64::try_from(count).unwrap_or_default());
        row
    };
    (0..made.len()).map(with).collect()
}
