//! What `sts-scan assess` says.

use super::job::Assessed;
use super::rules;
use crate::dataset::layout::Layout;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What it says of what was drawn, and of what changed against the judgement before.
#[must_use]
pub fn text(done: &Assessed) -> String {
    let mut text = format!(
        "{} domains assessed, {} findings; complete: {}\n",
        done.domains, done.findings, done.complete
    );
    if let Some(count) = done.drawn.incomplete_chains {
        let _ = writeln!(text, "{count} untrusted certificates whose chain is incomplete");
    }
    changes(&mut text, done);
    text
}

fn changes(text: &mut String, done: &Assessed) {
    let changes = &done.drawn.changes;
    if changes.compared + changes.gone == 0 {
        // There was no judgement before.
        return;
    }
    let judged_by = done.judged_by.as_deref().unwrap_or("an earlier version");
    let _ = writeln!(
        text,
        "verdicts changed for {} of {} domains that {judged_by} had judged",
        changes.domains, changes.compared
    );
    for (count, what) in [
        (changes.new, "are judged now but were not before"),
        (changes.gone, "were judged before but are not now"),
    ] {
        if count > 0 {
            let _ = writeln!(text, "  {count} domains {what}");
        }
    }
    for (column, turns) in &changes.verdicts {
        for ((before, now), count) in turns {
            let _ = writeln!(text, "  {column}: {before} -> {now}: {count}");
        }
    }
    findings(text, "gone", &changes.findings_gone);
    findings(text, "new", &changes.findings_new);
    for rule in done.layout.into_iter().flat_map(rules::newer_than) {
        let _ = writeln!(text, "  not applied to its layout (since {}): {}", rule.since, rule.says);
    }
}

fn findings(text: &mut String, what: &str, codes: &BTreeMap<String, u64>) {
    for (code, count) in codes {
        let _ = writeln!(text, "  because of {code}, {what}: {count}");
    }
}

/// What is worth a warning: one line each.
#[must_use]
pub fn warnings(done: &Assessed) -> Vec<String> {
    let mut lines = Vec::new();
    if done.drawn.incomplete_chains.is_none() {
        lines.push(
            "hint: the dataset does not have the roots it was judged by (trust.json), so an incomplete chain is shown as untrusted"
                .to_owned(),
        );
    }
    lines.extend(done.layout.and_then(newer));
    let words = done.drawn.unknown.iter().flat_map(|(column, words)| {
        words.iter().map(move |(word, cells)| format!("`{word}` in {cells} cells of {column}"))
    });
    let words: Vec<String> = words.collect();
    if !words.is_empty() {
        lines.push(format!(
            "warning: this version does not know these words: {}; they decide nothing, and hosts with them are left out of the verdicts",
            words.join(", ")
        ));
    }
    lines
}

/// What is said of a dataset whose layout is newer than this program's; `None` where it is not.
#[must_use]
pub fn newer(layout: Layout) -> Option<String> {
    (layout > Layout::current()).then(|| {
        format!(
            "warning: the dataset has layout {layout}, this version knows {}: later columns and words decide nothing",
            Layout::current()
        )
    })
}
