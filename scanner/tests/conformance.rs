//! The conformance cases of `tests/cases`: every line, for the strict and for the lenient sender.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use serde::Deserialize;
use serde_json::Value;
use std::io::Write;
use sts_scanner::evidence::{Code, RecordState};
use sts_scanner::mta_sts::{mx_pattern, policy, record, tlsrpt};

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    input: Value,
    expect: String,
    why: String,
    tolerated_by_most: bool,
}

/// What the two senders make of an input, in the words of the cases.
struct Verdict {
    strict: &'static str,
    lenient: bool,
}

/// Reads all lines of one kind, judges each, fails with every difference, and returns how many there were.
fn run(kind: &str, lines: &str, judge: impl Fn(&Value) -> Verdict) -> String {
    let cases: Vec<Case> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), lines.matches('\n').count(), "every line of {kind} is a case");
    let mut differences = Vec::new();
    for case in &cases {
        assert_eq!(case.kind, kind, "{}", case.id);
        let verdict = judge(&case.input);
        let passes = matches!(case.expect.as_str(), "valid" | "match");
        if verdict.strict != case.expect {
            differences.push(format!(
                "{}: strict is {}, not {}: {}",
                case.id, verdict.strict, case.expect, case.why
            ));
        }
        if verdict.lenient != (passes || case.tolerated_by_most) {
            differences.push(format!("{}: lenient passes: {}: {}", case.id, verdict.lenient, case.why));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    format!("{} {kind}", cases.len())
}

/// The TXT records of an input: one text, or a list of texts, each perhaps a list of character-strings to
/// join.
fn txts(input: &Value) -> Vec<Vec<u8>> {
    let one = |value: &Value| match value {
        Value::Array(strings) => strings.iter().flat_map(|s| s.as_str().unwrap().bytes()).collect(),
        value => value.as_str().unwrap().as_bytes().to_vec(),
    };
    match input {
        Value::Array(records) => records.iter().map(one).collect(),
        record => vec![one(record)],
    }
}

/// A record of another version is `invalid` in the dataset (it signals) and `absent` to a sender; several are
/// none.
fn word(state: RecordState, other_version: bool) -> &'static str {
    match state {
        RecordState::Valid => "valid",
        RecordState::Absent => "absent",
        RecordState::Invalid if other_version => "absent",
        _ => "invalid",
    }
}

#[test]
fn every_case_is_judged_as_it_expects() {
    let counts = [
        run("mx_match", include_str!("../../tests/cases/mx_match.jsonl"), |input| {
            let patterns: Vec<&str> =
                input["patterns"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
            let found = mx_pattern::first_match(input["mx"].as_str().unwrap(), &patterns).is_some();
            Verdict { strict: if found { "match" } else { "nomatch" }, lenient: found }
        }),
        run("record", include_str!("../../tests/cases/record.jsonl"), |input| {
            let judged = record::judge(&txts(input));
            let other_version = judged.faults.iter().any(|f| f.code == Code::record_version_invalid);
            Verdict {
                strict: word(judged.state, other_version),
                lenient: judged.lenient == RecordState::Valid,
            }
        }),
        run("policy", include_str!("../../tests/cases/policy.jsonl"), |input| {
            let parsed = policy::parse(input.as_str().unwrap().as_bytes());
            Verdict { strict: if parsed.valid { "valid" } else { "invalid" }, lenient: parsed.lenient }
        }),
        run("tlsrpt_record", include_str!("../../tests/cases/tlsrpt_record.jsonl"), |input| {
            let judged = tlsrpt::judge(&txts(input));
            // A broken attempt has no addresses, since to a sender it is no record.
            let strict = word(judged.state, judged.rua.is_none() && judged.state == RecordState::Invalid);
            Verdict { strict, lenient: judged.lenient == RecordState::Valid }
        }),
    ];
    // Written past the test harness, which keeps what a passing test prints to itself.
    writeln!(std::io::stderr(), "conformance: {} cases, all pass", counts.join(", ")).unwrap();
}
