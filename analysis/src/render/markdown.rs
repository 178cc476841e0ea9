//! Markdown tables, as GitHub and pandoc read them.

use super::{Answer, Kind, left_out, shown};
use crate::visible::in_one_line;

pub(super) fn table(answer: &Answer, rows: Option<usize>) -> String {
    let query = &answer.query;
    let mut out = format!("## {}\n\n", query.title);
    if !query.answers.is_empty() {
        out.push_str(&format!("{}\n\n", query.answers));
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out.push_str(&line(answer.columns.iter().map(|(name, _)| escaped(name)).collect()));
    let alignment = |kind: Kind| if matches!(kind, Kind::Text | Kind::Flag) { "---" } else { "---:" };
    out.push_str(&line(answer.columns.iter().map(|(_, kind)| alignment(*kind).to_owned()).collect()));
    let (rows, missing) = shown(answer, rows);
    for row in rows {
        out.push_str(&line(row.iter().map(|cell| escaped(&cell.for_people())).collect()));
    }
    let notes = [("Denominator", &query.denominator), ("Units", &query.units)];
    let notes =
        notes.iter().filter(|(_, note)| !note.is_empty()).map(|(label, note)| format!("{label}: {note}"));
    let told = answer.notes.iter().map(|note| format!("Note: {note}"));
    for note in left_out(missing).into_iter().chain(notes).chain(told) {
        out.push_str(&format!("\n{note}\n"));
    }
    out
}

/// A text that stands in a cell as it is: no link, picture, HTML or code of CommonMark or GitHub begins in
/// it. A mail address may still become a link to itself: readers look for those behind all escapes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in in_one_line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '&' | '~' | '$') {
            out.push('\\');
        }
        out.push(c);
    }
    // GitHub makes a link of these without being asked.
    out.replace("://", "\\://").replace("www.", "www\\.").replace("WWW.", "WWW\\.")
}
