//! `sts-scan findings`: the catalogue of [`crate::assess::catalogue`], and the faults of TLS reports after
//! it, for people and for programs.

use crate::assess::catalogue::{self, Finding, Severity, Stage};
use serde_json::{Value, json};
use std::fmt::Write as _;
use sts_reports::fault::{self, Described};

/// How the catalogue is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogueFormat {
    /// For reading in a terminal.
    Text,
    /// An array of objects, one a code.
    Json,
    /// A table.
    Markdown,
    /// The table of METHODS.md, which has no advice and no columns.
    Methods,
}

impl CatalogueFormat {
    /// The words of `--format`.
    pub const WORDS: [&str; 4] = ["text", "json", "markdown", "methods"];

    /// The format of a word; `None` where it is none of [`CatalogueFormat::WORDS`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            "markdown" => Some(Self::Markdown),
            "methods" => Some(Self::Methods),
            _ => None,
        }
    }
}

/// An entry of either catalogue.
struct Entry {
    code: &'static str,
    stage: &'static str,
    severity: &'static str,
    may_pass: bool,
    title: &'static str,
    advice: &'static str,
    source: &'static str,
    columns: &'static [&'static str],
    result: Option<&'static str>,
}

impl From<&'static Finding> for Entry {
    fn from(of: &'static Finding) -> Self {
        Self {
            code: of.code.as_str(),
            stage: of.stage.as_str(),
            severity: of.severity.as_str(),
            may_pass: of.code.may_pass(),
            title: of.title,
            advice: of.advice,
            source: of.source,
            columns: of.columns,
            result: of.result,
        }
    }
}

impl From<&'static Described> for Entry {
    fn from(of: &'static Described) -> Self {
        Self {
            code: of.code.as_str(),
            stage: REPORT,
            severity: of.severity.as_str(),
            may_pass: false,
            title: of.title,
            advice: of.advice,
            source: of.source,
            columns: of.columns,
            result: None,
        }
    }
}

/// The stage of faults that reports have; no scan finds one.
const REPORT: &str = "report";

fn entries() -> impl Iterator<Item = Entry> {
    catalogue::all().map(Entry::from).chain(fault::ALL.iter().map(Entry::from))
}

/// The whole catalogue in its order, with a line end at the end.
#[must_use]
pub fn catalogue(format: CatalogueFormat) -> String {
    match format {
        CatalogueFormat::Text => text(),
        CatalogueFormat::Json => format!("{:#}\n", entries().map(|entry| object(&entry)).collect::<Value>()),
        CatalogueFormat::Markdown => markdown(),
        CatalogueFormat::Methods => methods(),
    }
}

/// The sign that METHODS.md gives a severity; `t` after it: transient until the second look repeats it.
fn mark(entry: &Entry) -> String {
    let severity = match Severity::from_word(entry.severity) {
        Some(Severity::Error) => "!",
        Some(Severity::Warning) => "~",
        Some(Severity::Info) => "i",
        Some(Severity::Indeterminate) | None => "?",
    };
    format!("{severity}{}", if entry.may_pass { "t" } else { "" })
}

fn text() -> String {
    let mut text = String::from(
        "! error: a strict sender gets no usable policy, or refuses a host; most readers lose a report\n\
         ~ warning: it works, but senders differ, or it is about to break\n\
         i info: counted, but not wrong\n\
         ? indeterminate: what was observed is not conclusive; never part of an error count\n\
         t may pass: transient until the second look repeats it, then lasting\n",
    );
    let mut stage = "";
    for finding in entries() {
        if std::mem::replace(&mut stage, finding.stage) != finding.stage {
            let _ = writeln!(text, "\n{}", finding.stage);
        }
        let _ = writeln!(text, "  {:2} {}: {}", mark(&finding), finding.code, finding.title);
        let _ = writeln!(text, "       {}", finding.advice);
        let result = finding.result.map(|result| format!("; reported as {result}")).unwrap_or_default();
        let columns = finding.columns.join(", ");
        let _ = writeln!(text, "       {}; drawn from {columns}{result}", finding.source);
    }
    text
}

fn object(finding: &Entry) -> Value {
    json!({
        "code": finding.code,
        "stage": finding.stage,
        "severity": finding.severity,
        "may_pass": finding.may_pass,
        "title": finding.title,
        "advice": finding.advice,
        "source": finding.source,
        "columns": finding.columns,
        "result_type": finding.result,
    })
}

fn markdown() -> String {
    let mut text = String::from(
        "| code | stage | | what it is | what to do | source | columns | result type |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for finding in entries() {
        let columns: Vec<String> = finding.columns.iter().map(|column| format!("`{column}`")).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {} | {} |",
            finding.code,
            finding.stage,
            mark(&finding),
            finding.title.replace('|', "\\|"),
            finding.advice.replace('|', "\\|"),
            finding.source,
            columns.join(", "),
            finding.result.unwrap_or_default()
        );
    }
    text
}

/// ¹ marks what one scan cannot show.
fn methods() -> String {
    let mut text = String::from("| code | | what it is | source | result type |\n|---|---|---|---|---|\n");
    let mut stage = "";
    for finding in entries() {
        if std::mem::replace(&mut stage, finding.stage) != finding.stage {
            let _ = writeln!(text, "| **{}** | | | | |", finding.stage);
        }
        let _ = writeln!(
            text,
            "| `{}`{} | {} | {} | {} | {} |",
            finding.code,
            if finding.stage == Stage::LifeCycle.as_str() { " ¹" } else { "" },
            mark(&finding),
            finding.title.replace('|', "\\|"),
            finding.source,
            finding.result.unwrap_or_default()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what must be there")]
    use super::{CatalogueFormat, catalogue};
    use crate::evidence::Code;
    use serde_json::Value;

    #[test]
    fn every_format_has_every_code_once() {
        let json: Value = serde_json::from_str(&catalogue(CatalogueFormat::Json)).unwrap();
        let codes: Vec<&str> =
            json.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
        let of_reports = sts_reports::fault::ALL.iter().map(|fault| fault.code.as_str());
        assert_eq!(codes, Code::ALL.iter().map(|code| code.as_str()).chain(of_reports).collect::<Vec<_>>());
        let (text, markdown) = (catalogue(CatalogueFormat::Text), catalogue(CatalogueFormat::Markdown));
        let methods = catalogue(CatalogueFormat::Methods);
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), codes.len());
        for code in codes {
            assert_eq!(text.matches(&format!(" {code}: ")).count(), 1, "{code}");
            assert_eq!(markdown.matches(&format!("| `{code}` |")).count(), 1, "{code}");
            assert_eq!(methods.matches(&format!("| `{code}` ")).count(), 1, "{code}");
        }
    }

    #[test]
    fn a_finding_says_all_that_is_known_of_it() {
        let json: Value = serde_json::from_str(&catalogue(CatalogueFormat::Json)).unwrap();
        let refused = json.as_array().unwrap().iter().find(|one| one["code"] == "starttls_refused").unwrap();
        assert_eq!(refused["severity"], "error");
        assert_eq!(refused["may_pass"], true);
        assert_eq!(refused["result_type"], "starttls-not-supported");
        assert!(catalogue(CatalogueFormat::Text).contains("!t starttls_refused: "));
    }

    #[test]
    fn every_row_of_the_table_has_as_many_cells() {
        let bars = |line: &str| line.replace("\\|", "").matches('|').count();
        assert!(catalogue(CatalogueFormat::Markdown).lines().all(|line| bars(line) == 9));
        assert!(catalogue(CatalogueFormat::Methods).lines().all(|line| bars(line) == 6));
    }
}
