//! TLS reports: judged by the library that reads them.

use super::input::{Unreadable, bounded};
use super::line::JudgedLine;
use super::{SenderView, text};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, Write};
use sts_reports::input::{MOST_UNPACKED, unpacked};
use sts_reports::parse::parse;
use sts_reports::report::{Judged, Note};
use sts_reports::visible::visible;

/// Longest JSON line: a report with every byte written as the six of `\u00XX`, and room.
pub(super) const JSON_TEXT: usize = 8 * MOST_UNPACKED;

/// Faults that are told one by one.
const SHOWN: usize = 50;

/// Reads one report, as it is or compressed with gzip, and says whether it is as RFC 8460 has it.
pub(super) fn one(from: &mut dyn BufRead, out: &mut dyn Write) -> Result<bool, Unreadable> {
    let bytes = bounded(from, "a report", MOST_UNPACKED)?;
    let unreadable =
        |reason: sts_reports::input::Reason| Unreadable::Form(format!("no report: {}", reason.as_str()));
    let judged = parse(&unpacked(bytes).map_err(unreadable)?);
    out.write_all(told(&judged).as_bytes())?;
    Ok(judged.is_valid())
}

/// Judges the input of a line: the report's text, or the report itself.
pub(super) fn judge(input: &Value) -> Result<Judged, &'static str> {
    match input {
        Value::String(text) => Ok(parse(text.as_bytes())),
        Value::Object(_) => Ok(parse(input.to_string().as_bytes())),
        _ => Err("input must be a string or an object"),
    }
}

#[derive(Serialize)]
struct Fault<'a> {
    code: &'static str,
    severity: &'static str,
    path: &'a str,
}

/// The line of the output.
pub(super) fn line(id: &Value, judged: &Judged) -> serde_json::Result<String> {
    fn fault(note: &Note) -> Fault<'_> {
        Fault { code: note.code.as_str(), severity: note.code.severity().as_str(), path: &note.path }
    }
    serde_json::to_string(&JudgedLine {
        id,
        verdict: SenderView::of_text(judged.is_valid()).as_str(),
        lenient: SenderView::of_text(judged.is_tolerated()).as_str(),
        findings: judged.notes.iter().map(fault).collect(),
    })
}

fn told(judged: &Judged) -> String {
    let lenient = SenderView::of_text(judged.is_tolerated());
    let mut text =
        text::verdicts("by the RFC:  ", SenderView::of_text(judged.is_valid()), "most readers:", lenient);
    for note in judged.notes.iter().take(SHOWN) {
        let of = note.code.described();
        let (severity, code) = (of.severity.as_str(), note.code.as_str());
        let path = visible(&note.path);
        let _ =
            writeln!(text, "\n{path}: {severity}: {} ({code})\n    {} {}", of.title, of.advice, of.source);
    }
    let more = u64::try_from(judged.notes.len().saturating_sub(SHOWN)).unwrap_or(u64::MAX) + judged.unlisted;
    if more > 0 {
        let _ = writeln!(text, "\nand {more} more faults");
    }
    text
}
