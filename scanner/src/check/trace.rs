//! The questions to the DNS behind a check: who was asked, what came, how long it took.

use crate::dns::{Asked, Walked};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Lines for a person: each question with what it came to, and below it each server that was asked for its
/// sake; those for the addresses of name servers further in.
#[must_use]
pub fn text(trace: &[Walked]) -> String {
    let mut out = String::new();
    for walked in trace {
        let came = walked.came.as_deref().unwrap_or("given up");
        let _ = writeln!(out, "{} {}: {came}", walked.kind, walked.name);
        if walked.asked.is_empty() {
            out.push_str("  nobody was asked\n");
        }
        for asked in &walked.asked {
            let _ = writeln!(out, "{}{}", "  ".repeat(asked.depth + 1), line(asked));
        }
    }
    out
}

fn line(asked: &Asked) -> String {
    let Asked { name, kind, addr, by, came, took, .. } = asked;
    let took = took.as_secs_f64() * 1e3;
    let whom = match (&asked.zone, &asked.server) {
        (Some(zone), Some(server)) => format!("{server} {addr} of {zone}"),
        _ => format!("{addr}, a resolver"),
    };
    format!("{took:8.1} ms  {kind} {name} -> {whom}, {by}: {came}")
}

/// The same as JSON: an array of questions.
#[must_use]
pub fn json(trace: &[Walked]) -> Value {
    let asked = |asked: &Asked| {
        json!({
            "depth": asked.depth,
            "name": asked.name,
            "type": asked.kind,
            "zone": asked.zone,
            "server": asked.server,
            "addr": asked.addr,
            "by": asked.by,
            "came": asked.came,
            "took_ms": (asked.took.as_secs_f64() * 1e4).round() / 10.0,
        })
    };
    let walked = |walked: &Walked| {
        json!({
            "name": walked.name,
            "type": walked.kind,
            "came": walked.came,
            "asked": walked.asked.iter().map(asked).collect::<Vec<_>>(),
        })
    };
    trace.iter().map(walked).collect()
}
