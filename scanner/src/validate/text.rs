//! A report as a person wants it: verdicts, each finding with its line under it, and the fixed text.

use super::{Fix, Note, SenderView, ValidationReport};
use crate::evidence::Code;
use crate::evidence::text::escape;
use crate::mta_sts::mx_pattern;
use std::fmt::Write as _;

/// Findings that are told one by one; a text can have one a byte.
const SHOWN: usize = 50;

/// Characters of a line that are shown, round the place of the finding.
const WIDTH: usize = 100;

/// The report on records or a policy of these lines.
pub(super) fn report(report: &ValidationReport, lines: &[Vec<u8>]) -> String {
    let mut text = verdicts("strict sender: ", report.strict, "lenient sender:", report.lenient);
    for note in report.findings.iter().take(SHOWN) {
        told(&mut text, note, lines);
    }
    if report.findings.len() > SHOWN {
        let _ = writeln!(text, "\nand {} more findings (--batch gives all)", report.findings.len() - SHOWN);
    }
    match &report.fix {
        Fix::NotNeeded => {}
        Fix::Text(fixed) => {
            let _ = write!(text, "\nfixed, and valid to the letter:\n\n");
            for line in fixed.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        Fix::Uncertain(reasons) => {
            let _ = writeln!(text, "\nno fixed text, because");
            for reason in reasons {
                let _ = writeln!(text, "- {reason}");
            }
        }
    }
    text
}

/// The two verdicts, each after what it is of.
pub(super) fn verdicts(of_strict: &str, strict: SenderView, of_lenient: &str, lenient: SenderView) -> String {
    format!("{of_strict} {}\n{of_lenient} {}\n", strict.as_str(), lenient.as_str())
}

fn told(text: &mut String, note: &Note, lines: &[Vec<u8>]) {
    let finding = note.code.finding();
    let position = if note.line == 0 { String::new() } else { format!("{}:{}: ", note.line, note.column) };
    let _ = writeln!(
        text,
        "\n{position}{}: {} ({})",
        note.severity().as_str(),
        finding.title,
        finding.code.as_str()
    );
    if let Some(line) = note.line.checked_sub(1).and_then(|index| lines.get(index)) {
        quote(text, line, note.column);
    }
    let _ = writeln!(text, "    {} {}", finding.advice, finding.source);
}

/// The line with a mark under the column, cut so that the mark is in sight.
fn quote(text: &mut String, line: &[u8], column: usize) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return;
    }
    // Escaped bytes are four columns wide, so the mark goes under the escaped begin of the line.
    let at = escape(&line[..line.len().min(column.saturating_sub(1))]).len();
    let shown = escape(line);
    let from = if shown.len() <= WIDTH { 0 } else { at.saturating_sub(WIDTH / 2).min(shown.len() - WIDTH) };
    let _ = writeln!(text, "    | {}", &shown[from..shown.len().min(from + WIDTH)]);
    let _ = writeln!(text, "    | {}^", " ".repeat(at - from));
}

/// A wildcard that the host would match if it stood for more than one label.
fn too_deep_for<'p>(host: &str, patterns: &'p [String]) -> Option<&'p String> {
    let host = host.to_ascii_lowercase();
    let above = |pattern: &&String| {
        let parent = pattern.strip_prefix('*').map(str::to_ascii_lowercase);
        parent.is_some_and(|parent| parent.len() > 1 && host.ends_with(&parent))
    };
    patterns.iter().find(above)
}

/// What each host matches.
pub(super) fn matches(reports: &[(&str, ValidationReport)], patterns: &[String]) -> String {
    let mut text = String::new();
    for (host, report) in reports {
        let shown = escape(host.as_bytes());
        let is_address = report.findings.iter().any(|note| note.code == Code::mx_is_address);
        let _ = match mx_pattern::first_match(host, patterns) {
            Some(pattern) => writeln!(text, "match    {shown}  by {}", escape(pattern.as_bytes())),
            None if is_address => writeln!(text, "nomatch  {shown}  an address matches no pattern"),
            None => match too_deep_for(host, patterns) {
                Some(pattern) => {
                    let pattern = escape(pattern.as_bytes());
                    writeln!(text, "nomatch  {shown}  the asterisk of {pattern} stands for one label only")
                }
                None => writeln!(text, "nomatch  {shown}"),
            },
        };
    }
    if patterns.is_empty() {
        text.push_str("there is no pattern\n");
    }
    // What is wrong with a pattern is the same for every host.
    let notes = reports.first().map_or(&[][..], |(_, report)| &report.findings);
    let lines: Vec<Vec<u8>> = patterns.iter().map(|pattern| pattern.as_bytes().to_vec()).collect();
    for note in notes.iter().filter(|note| note.line > 0).take(SHOWN) {
        told(&mut text, note, &lines);
    }
    text
}
