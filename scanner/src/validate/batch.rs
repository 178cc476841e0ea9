//! JSON lines in, JSON lines out: `{"id": …, "input": …}`, as the conformance cases have them.

use super::input::{self, Unreadable};
use super::line::JudgedLine;
use super::report;
use super::{InputKind, Note, ValidationReport};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::{BufRead, Write};

/// A line; other members are ignored.
#[derive(Deserialize)]
struct Case {
    id: Value,
    input: Value,
}

/// Judges every line; a line that cannot be judged gets an object with `error` in the place of a verdict.
pub(super) fn run(kind: InputKind, from: &mut dyn BufRead, out: &mut dyn Write) -> Result<bool, Unreadable> {
    let mut line = Vec::new();
    let (mut number, mut judged, mut failed) = (0_u64, 0_u64, 0_u64);
    let mut first_fault = None;
    let mut all_pass = true;
    while input::line(from, &mut line, number + 1, longest(kind))? {
        number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let (id, judged_line) = match serde_json::from_slice::<Case>(&line) {
            Ok(case) => {
                let judged = judged_line(kind, &case).map_err(str::to_owned);
                (case.id, judged)
            }
            Err(error) => (Value::Null, Err(format!("not an object with `id` and `input`: {error}"))),
        };
        let answer = match judged_line {
            Ok((passes, answer)) => {
                judged += 1;
                all_pass &= passes;
                answer.map_err(std::io::Error::from)?
            }
            Err(why) => {
                failed += 1;
                let answer = json!({"id": id, "error": why}).to_string();
                first_fault.get_or_insert((number, why));
                answer
            }
        };
        writeln!(out, "{answer}")?;
    }
    match first_fault {
        Some((first, why)) => Err(Unreadable::Lines { count: failed, all: judged + failed, first, why }),
        None => Ok(all_pass),
    }
}

/// The longest line of a kind, in bytes.
const fn longest(kind: InputKind) -> usize {
    match kind {
        InputKind::TlsrptReport => report::JSON_TEXT,
        _ => input::JSON_TEXT,
    }
}

/// A line judged: whether it passes to the letter, and the line of the output.
type JudgedCase = (bool, serde_json::Result<String>);

fn judged_line(kind: InputKind, case: &Case) -> Result<JudgedCase, &'static str> {
    if kind == InputKind::TlsrptReport {
        let judged = report::judge(&case.input)?;
        return Ok((judged.is_valid(), report::line(&case.id, &judged)));
    }
    let report = judge(kind, &case.input)?;
    Ok((report.strict.passes(), answer(&case.id, &report)))
}

#[derive(Serialize)]
struct Finding {
    code: &'static str,
    severity: &'static str,
    line: usize,
    column: usize,
}

fn answer(id: &Value, report: &ValidationReport) -> serde_json::Result<String> {
    let finding = |note: &Note| Finding {
        code: note.code.as_str(),
        severity: note.severity().as_str(),
        line: note.line,
        column: note.column,
    };
    serde_json::to_string(&JudgedLine {
        id,
        verdict: report.strict.as_str(),
        lenient: report.lenient.as_str(),
        findings: report.findings.iter().map(finding).collect(),
    })
}

fn judge(kind: InputKind, input: &Value) -> Result<ValidationReport, &'static str> {
    Ok(match kind {
        InputKind::Record => super::record(&txts(input)?),
        InputKind::TlsrptRecord => super::tlsrpt_record(&txts(input)?),
        InputKind::Policy => super::policy(input.as_str().ok_or("input must be a string")?.as_bytes()),
        InputKind::TlsrptReport => return Err("a report is judged by its own rules"),
        InputKind::MxMatch => {
            let (host, patterns) = input::pair_of(input)?;
            super::mx_match(&host, &patterns)
        }
    })
}

/// One record, or an array of records, each a string or an array of character-strings to join.
fn txts(input: &Value) -> Result<Vec<Vec<u8>>, &'static str> {
    const WANTED: &str =
        "input must be a string, or an array of records, each a string or an array of strings";
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.as_bytes().to_vec()),
        Value::Array(strings) => {
            let strings = strings.iter().map(|string| string.as_str().ok_or(WANTED));
            Ok(strings.collect::<Result<Vec<&str>, _>>()?.concat().into_bytes())
        }
        _ => Err(WANTED),
    };
    match input {
        Value::Array(records) => records.iter().map(one).collect(),
        Value::String(_) => Ok(vec![one(input)?]),
        _ => Err(WANTED),
    }
}
