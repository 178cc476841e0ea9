//! What a scan that asks the authoritative servers itself holds in place of what one behind a resolver does.

use super::{Expected, Oracle, set};
use crate::contract::Table;
use crate::delegation::Delegations;
use crate::situation::{Fill as _, Record, RecordType, Server, Situation, Status};
use crate::value::Value;
use crate::world::{Names, Owner};
use std::net::UdpSocket;

/// Columns that hold a bit which only a validating resolver sets.
const VALIDATED: [&str; 4] = ["mx_ad", "host_ad", "cname_ad", "tlsa_ad"];

/// RFC 8914 section 4.23: no server of the zone gave an answer of use.
const NO_REACHABLE_AUTHORITY: i64 = 22;
/// RFC 8914 section 4.24: the network does not lead there.
const NETWORK_ERROR: i64 = 23;

/// Changes what is expected behind a resolver to what is expected without one.
pub(super) fn amend(
    oracle: &Oracle,
    delegations: &Delegations,
    (situation, domain): (&Situation, &str),
    expected: &mut Expected,
) {
    let contract = &oracle.contract;
    let useless = situation.delegation.useless;
    let only_ipv6 = situation.delegation.is_ipv6_only();
    if only_ipv6 && has_ipv6() {
        silent(&contract.domains, &mut expected.domain);
    }
    let records = [("mx_dns", "mx_ede", "mx"), ("sts_dns", "sts_ede", "sts")];
    for (status, ede, question) in records {
        let row = &mut expected.domain;
        if failure(&contract.domains, row, status, question, useless) {
            set(row, contract.domains.position("attempts"), Value::Int(2));
        }
        let failed = cell(&contract.domains, row, status);
        // What is bogus says so.
        let is_bogus = delegations.is_signed() && !cell(&contract.domains, row, ede).is_null();
        if matches!(failed.as_text(), Some("SERVFAIL" | "TIMEOUT")) && !is_bogus {
            let lacks_family = only_ipv6 && failed.as_text() == Some("SERVFAIL");
            let code = if lacks_family { NETWORK_ERROR } else { NO_REACHABLE_AUTHORITY };
            set(row, contract.domains.position(ede), Value::List(vec![Value::Int(code)]));
        }
    }
    for host in &mut expected.hosts {
        if !delegations.is_signed() {
            ask_tlsa(oracle, host);
        }
        failure(&contract.mx_hosts, host, "tlsa_dns", "tlsa", useless);
        for columns in [["host_dns", "host_ede", "host_ad"], ["tlsa_dns", "tlsa_ede", "tlsa_ad"]] {
            unreachable(&contract.mx_hosts, host, columns, delegations.is_signed());
        }
    }
    let servers = delegations.of(domain);
    let servers = if servers.is_empty() { Value::Null } else { Value::texts(servers) };
    set(&mut expected.domain, contract.domains.position("delegated_to"), servers);
    let ds = delegations.ds(domain).map_or(Value::Null, Value::Bool);
    set(&mut expected.domain, contract.domains.position("ds"), ds);
    agreement(oracle, &delegations.at_record(domain), expected);
    if !delegations.is_signed() {
        unvalidated(&contract.domains, &mut expected.domain);
        expected.hosts.iter_mut().for_each(|host| unvalidated(&contract.mx_hosts, host));
    }
    if let Some(cells) = &mut expected.assessment {
        let at = |name: &str| contract.assessments.position(name);
        if !delegations.is_signed() {
            let strict = cell(&contract.assessments, cells, "verdict_strict");
            if !cell(&contract.assessments, cells, "dane").is_null() {
                set(cells, at("verdict_dane_first"), undecided(strict));
            }
            change(cells, at("dane"), unknown);
            change(cells, at("findings"), without_dane);
        }
        if cell(&contract.domains, &expected.domain, "sts_dns").as_text() == Some("SERVFAIL") {
            change(cells, at("findings"), of_servfail);
        }
    }
}

/// Without validation no address is known to be insecure, so that every host's TLSA records are asked for.
fn ask_tlsa(oracle: &Oracle, row: &mut [Value]) {
    let table = &oracle.contract.mx_hosts;
    let (host, secure) = (cell(table, row, "host"), cell(table, row, "host_ad"));
    let Some(host) = host.as_text().filter(|_| secure == Value::Bool(false)) else { return };
    if !cell(table, row, "tlsa_dns").is_null() {
        return;
    }
    let owner = oracle.world.owner(&format!("_25._tcp.{host}"), Some(RecordType::Tlsa));
    let answers = owner.as_ref().and_then(Owner::answers).unwrap_or_default();
    let answer = answers.iter().find(|(kind, _)| *kind == RecordType::Tlsa).map(|(_, answer)| answer);
    let (status, records) = match (&owner, answer) {
        (Some(owner), Some(answer)) if answer.status == Status::NoError => {
            let (world, authority) = (&oracle.world, &oracle.authority);
            let names = Names { world, authority, situation: owner.situation, domain: &owner.domain };
            let text = |record: &Record| Value::text(names.text(&record.joined()));
            ("NOERROR", Value::List(answer.records.iter().map(text).collect()))
        }
        (_, Some(answer)) if answer.status == Status::ServFail => ("SERVFAIL", Value::Null),
        _ => ("NXDOMAIN", Value::List(Vec::new())),
    };
    set(row, table.position("tlsa_dns"), Value::text(status));
    // No server says more than its answer.
    set(row, table.position("tlsa_ede"), Value::List(Vec::new()));
    set(row, table.position("tlsa"), records);
    if status == "SERVFAIL" {
        note_retried(table, row, "tlsa");
    }
}

fn cell(table: &Table, row: &[Value], name: &str) -> Value {
    table.position(name).and_then(|at| row.get(at)).cloned().unwrap_or(Value::Null)
}

/// Whether the servers of a domain that signals have the same record: a difference is looked at twice.
fn agreement(oracle: &Oracle, servers: &[Server], expected: &mut Expected) {
    let table = &oracle.contract.domains;
    let signals = cell(table, &expected.domain, "sts_signals") == Value::Bool(true);
    if !signals || servers.len() < 2 {
        return;
    }
    let differ = |at_each| servers.iter().any(|server| server.is_stale(at_each));
    if differ(false) {
        set(&mut expected.domain, table.position("attempts"), Value::Int(2));
    }
    set(&mut expected.domain, table.position("sts_ns_agree"), Value::Bool(!differ(true)));
    if differ(true)
        && let Some(cells) = &mut expected.assessment
    {
        change(cells, oracle.contract.assessments.position("findings"), with_disagreement);
    }
}

/// The last of those about the record.
fn with_disagreement(findings: Value) -> Value {
    let Value::List(mut codes) = findings else { return findings };
    let is_of_record = |code: &Value| code.as_text().is_some_and(|code| code.starts_with("record_"));
    let at = codes.iter().take_while(|code| is_of_record(code)).count();
    codes.insert(at, Value::text("record_ns_disagree"));
    Value::List(codes)
}

/// Where no server of a zone says anything of use the answer says so, and nobody knows whether it is secure.
/// What is bogus says that.
fn unreachable(table: &Table, row: &mut [Value], [status, ede, ad]: [&str; 3], is_signed: bool) {
    let is_of_signatures = |code: &Value| code.as_int().is_some_and(|code| (6..=12).contains(&code));
    let is_bogus = is_signed && cell(table, row, ede).items().iter().any(is_of_signatures);
    if matches!(cell(table, row, status).as_text(), Some("SERVFAIL" | "TIMEOUT")) && !is_bogus {
        set(row, table.position(ede), Value::List(vec![Value::Int(NO_REACHABLE_AUTHORITY)]));
        set(row, table.position(ad), Value::Null);
    }
}

/// Where all servers of a zone refuse, or say what is of no use, there is no answer, and the question is
/// asked again.
fn failure(table: &Table, row: &mut [Value], status: &str, question: &str, useless: bool) -> bool {
    let before = cell(table, row, status);
    match before.as_text() {
        Some("REFUSED" | "NOTIMP" | "FORMERR") => {}
        Some("BADANSWER") if useless => {}
        _ => return false,
    }
    set(row, table.position(status), Value::text("SERVFAIL"));
    note_retried(table, row, question);
    true
}

/// Notes that a question failed and was asked again.
fn note_retried(table: &Table, row: &mut [Value], question: &str) {
    let mut retried = match cell(table, row, "dns_retried") {
        Value::List(retried) => retried,
        _ => Vec::new(),
    };
    // REFUSED, which a resolver says of itself and which is asked again, is the same failure.
    retried.retain(|one| !is_of(one, question));
    retried.push(Value::Struct(vec![Value::text(question), Value::text("SERVFAIL")]));
    set(row, table.position("dns_retried"), Value::List(retried));
}

/// Whether an element of `dns_retried` is about a question.
fn is_of(retried: &Value, question: &str) -> bool {
    matches!(retried, Value::Struct(cells) if cells.first().and_then(Value::as_text) == Some(question))
}

/// Whether this machine has a route to the IPv6 Internet; a connected UDP socket sends nothing.
fn has_ipv6() -> bool {
    UdpSocket::bind("[::]:0").and_then(|socket| socket.connect("[2001:500:2::c]:53")).is_ok()
}

/// Servers with an address of IPv6 are asked where the machine has it, and nobody is there.
fn silent(table: &Table, row: &mut [Value]) {
    for status in ["mx_dns", "sts_dns", "tlsrpt_dns", "dmarc_dns"] {
        change(row, table.position(status), |_| Value::text("TIMEOUT"));
    }
    change(row, table.position("dns_retried"), |retried| each_is(retried, "TIMEOUT"));
}

fn of_servfail(findings: Value) -> Value {
    let Value::List(codes) = findings else { return findings };
    let renamed = |code: Value| match code.as_text() {
        Some("record_dns_refused" | "record_dns_unusable") => Value::text("record_dns_servfail"),
        _ => code,
    };
    Value::List(codes.into_iter().map(renamed).collect())
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
    each_is(dane, "unknown")
}

/// Whoever takes DANE first waits where that is not known: the verdict over MX hosts, the strict one being
/// this.
fn undecided(strict: Value) -> Value {
    match strict.as_text() {
        Some("validated" | "partial" | "refused" | "testing_passing" | "testing_failing") => {
            Value::text("indeterminate")
        }
        _ => strict,
    }
}

/// A list of pairs of whom, and what of it: this of each.
fn each_is(pairs: Value, word: &str) -> Value {
    let Value::List(pairs) = pairs else { return pairs };
    let changed = |pair| match pair {
        Value::Struct(mut fields) => {
            set(&mut fields, Some(1), Value::text(word));
            Value::Struct(fields)
        }
        other => other,
    };
    Value::List(pairs.into_iter().map(changed).collect())
}

fn without_dane(findings: Value) -> Value {
    let Value::List(codes) = findings else { return findings };
    let is_of_dane = |code: &Value| code.as_text().is_some_and(|code| code.starts_with("dane_"));
    Value::List(codes.into_iter().filter(|code| !is_of_dane(code)).collect())
}
