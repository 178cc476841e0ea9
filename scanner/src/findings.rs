//! `sts-scan findings`: the catalogue of [`crate::assess::catalogue`], for people and for programs.

use crate::assess::catalogue::{self, Finding, Severity, Stage};
use serde_json::{Value, json};
use std::fmt::Write as _;

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

/// The whole catalogue in its order, with a line end at the end.
#[must_use]
pub fn catalogue(format: CatalogueFormat) -> String {
    match format {
        CatalogueFormat::Text => text(),
        CatalogueFormat::Json => format!("{:#}\n", catalogue::all().map(object).collect::<Value>()),
        CatalogueFormat::Markdown => markdown(),
        CatalogueFormat::Methods => methods(),
    }
}

/// The sign that METHODS.md gives a severity; `t` after it: transient until the second look repeats it.
fn mark(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "!",
        Severity::Warning => "~",
        Severity::Info => "i",
        Severity::Indeterminate => "?",
    };
    format!("{severity}{}", if finding.code.may_pass() { "t" } else { "" })
}

fn text() -> String {
    let mut text = String::from(
        "! error: a strict sender gets no usable policy, or refuses a host\n\
         ~ warning: it works, but senders differ, or it is about to break\n\
         i info: counted, but not wrong\n\
         ? indeterminate: what was observed is not conclusive; never part of an error count\n\
         t may pass: transient until the second look repeats it, then lasting\n",
    );
    let mut stage: Option<Stage> = None;
    for finding in catalogue::all() {
        if stage.replace(finding.stage) != Some(finding.stage) {
            let _ = writeln!(text, "\n{}", finding.stage.as_str());
        }
        let _ = writeln!(text, "  {:2} {}: {}", mark(finding), finding.code.as_str(), finding.title);
        let _ = writeln!(text, "       {}", finding.advice);
        let result = finding.result.map(|result| format!("; reported as {result}")).unwrap_or_default();
        let columns = finding.columns.join(", ");
        let _ = writeln!(text, "       {}; drawn from {columns}{result}", finding.source);
    }
    text
}

fn object(finding: &Finding) -> Value {
    json!({
        "code": finding.code.as_str(),
        "stage": finding.stage.as_str(),
        "severity": finding.severity.as_str(),
        "may_pass": finding.code.may_pass(),
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
    for finding in catalogue::all() {
        let columns: Vec<String> = finding.columns.iter().map(|column| format!("`{column}`")).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {} | {} |",
            finding.code.as_str(),
            finding.stage.as_str(),
            mark(finding),
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
    let mut stage: Option<Stage> = None;
    for finding in catalogue::all() {
        if stage.replace(finding.stage) != Some(finding.stage) {
            let _ = writeln!(text, "| **{}** | | | | |", finding.stage.as_str());
        }
        let _ = writeln!(
            text,
            "| `{}`{} | {} | {} | {} | {} |",
            finding.code.as_str(),
            if finding.stage == Stage::LifeCycle { " ¹" } else { "" },
            mark(finding),
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
        assert_eq!(codes, Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>());
        let (text, markdown) = (catalogue(CatalogueFormat::Text), catalogue(CatalogueFormat::Markdown));
        let methods = catalogue(CatalogueFormat::Methods);
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
