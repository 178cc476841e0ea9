//! What a scan that asks the authoritative servers itself holds in place of what one behind a resolver does.

use super::{Expected, Oracle, set};
use crate::contract::Table;
use crate::delegation::Delegations;
use crate::value::Value;

/// Columns that hold a bit which only a validating resolver sets.
const VALIDATED: [&str; 3] = ["mx_ad", "host_ad", "tlsa_ad"];

/// Changes what is expected behind a resolver to what is expected without one.
pub(super) fn amend(oracle: &Oracle, delegations: &Delegations, domain: &str, expected: &mut Expected) {
    let contract = &oracle.contract;
    let servers = delegations.of(domain);
    let servers = if servers.is_empty() { Value::Null } else { Value::texts(servers) };
    set(&mut expected.domain, contract.domains.position("delegated_to"), servers);
    unvalidated(&contract.domains, &mut expected.domain);
    expected.hosts.iter_mut().for_each(|host| unvalidated(&contract.mx_hosts, host));
    if let Some(cells) = &mut expected.assessment {
        let at = |name: &str| contract.assessments.position(name);
        change(cells, at("dane"), unknown);
        change(cells, at("findings"), without_dane);
    }
}

fn unvalidated(table: &Table, row: &mut [Value]) {
    VALIDATED.iter().for_each(|name| set(row, table.position(name), Value::Null));
}

fn change(row: &mut [Value], at: Option<usize>, how: fn(Value) -> Value) {
    if let Some(cell) = at.and_then(|at| row.get_mut(at)) {
        *cell = how(std::mem::replace(cell, Value::Null));
    }
}

/// Nothing was validated, so nobody can tell what a sender that validates would find.
fn unknown(dane: Value) -> Value {
    let Value::List(hosts) = dane else { return dane };
    let of_host = |host| match host {
        Value::Struct(mut fields) => {
            set(&mut fields, Some(1), Value::text("unknown"));
            Value::Struct(fields)
        }
        other => other,
    };
    Value::List(hosts.into_iter().map(of_host).collect())
}

fn without_dane(findings: Value) -> Value {
    let Value::List(codes) = findings else { return findings };
    let is_of_dane = |code: &Value| code.as_text().is_some_and(|code| code.starts_with("dane_"));
    Value::List(codes.into_iter().filter(|code| !is_of_dane(code)).collect())
}
