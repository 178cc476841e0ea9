//! Columns whose values nobody can foretell (times, durations): whether they are null can be.

use crate::contract::Table;
use crate::value::Value;

/// Whether a cell must be null.
enum Must {
    Be,
    BeNull,
    Any,
}

/// What is wrong with the exempt columns of a row: column, what should be there, what is.
pub(super) fn faults(table: &Table, row: &[Value]) -> Vec<(&'static str, &'static str, String)> {
    let cell = |name: &str| table.position(name).and_then(|at| row.get(at)).unwrap_or(&Value::Null);
    let given = |condition: bool| if condition { Must::Be } else { Must::BeNull };
    let rules: Vec<(&'static str, Must)> = match table.name.as_str() {
        "domains" => vec![
            ("scan", Must::Be),
            ("waited_ms", Must::Be),
            ("total_ms", Must::Be),
            ("mx_at", Must::Be),
            ("sts_at", given(!cell("sts_dns").is_null())),
            ("policy_at", given(!cell("policy_outcome").is_null())),
            ("policy_fetch_ms", given(is_fetched(cell("policy_addrs")))),
        ],
        "mx_hosts" => {
            let tried = !cell("attempts").items().is_empty();
            let phase = cell("smtp_phase").as_text();
            let connected = phase.is_some_and(|phase| phase != "connect");
            let shook_hands = !cell("tls_version").is_null();
            vec![
                ("scan", Must::Be),
                ("waited_ms", Must::Be),
                ("probed_at", given(tried)),
                // How long a connect or a handshake took that failed is not said to be there or not.
                (
                    "connect_ms",
                    if connected {
                        Must::Be
                    } else if tried {
                        Must::Any
                    } else {
                        Must::BeNull
                    },
                ),
                (
                    "handshake_ms",
                    if shook_hands {
                        Must::Be
                    } else if phase == Some("tls") {
                        Must::Any
                    } else {
                        Must::BeNull
                    },
                ),
            ]
        }
        _ => vec![("scan", Must::Be)],
    };
    let mut faults = Vec::new();
    for (column, must) in rules {
        let found = cell(column);
        match must {
            Must::Be if found.is_null() => faults.push((column, "not null", "null".to_owned())),
            Must::BeNull if !found.is_null() => faults.push((column, "null", found.to_string())),
            _ if found.as_int().is_some_and(|number| number < 0) => {
                faults.push((column, "not negative", found.to_string()));
            }
            _ => {}
        }
    }
    faults
}

/// Whether any of the addresses of a policy host was contacted.
pub(crate) fn is_fetched(addrs: &Value) -> bool {
    let mut outcomes = addrs.items().iter().filter_map(|addr| addr.items().get(1).and_then(Value::as_text));
    outcomes.any(is_contacted)
}

/// Whether the outcome of an address is one of a contact.
pub(super) fn is_contacted(outcome: &str) -> bool {
    !matches!(outcome, "forbidden_address" | "not_sampled" | "not_attempted")
}

/// Sets what is not compared to null, so that a row can be held against the truth.
pub(super) fn clear_exempt(table: &Table, row: &mut [Value]) {
    for (column, cell) in table.columns.iter().zip(row) {
        if !column.graded {
            *cell = Value::Null;
        }
        // The rank in each list is compared, the list's name is exempt.
        if column.name == "lists"
            && let Value::List(lists) = cell
        {
            for list in lists {
                if let Value::Struct(fields) = list
                    && let Some(name) = fields.first_mut()
                {
                    *name = Value::Null;
                }
            }
        }
    }
}
