//! Markdown tables, as GitHub and pandoc read them.

use super::{Answer, Kind, left_out, shown};

pub(super) fn table(answer: &Answer, rows: Option<usize>) -> String {
    let query = &answer.query;
    let mut out = format!("## {}\n\n", query.title);
    if !query.answers.is_empty() {
        out.push_str(&format!("{}\n\n", query.answers));
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out.push_str(&line(answer.columns.iter().map(|(name, _)| escaped(name)).collect()));
    let alignment = |kind: Kind| if kind == Kind::Text { "---" } else { "---:" };
    out.push_str(&line(answer.columns.iter().map(|(_, kind)| alignment(*kind).to_owned()).collect()));
    let (rows, missing) = shown(answer, rows);
    for row in rows {
        out.push_str(&line(row.iter().map(|cell| escaped(&cell.for_people())).collect()));
    }
    let notes = [("Denominator", &query.denominator), ("Units", &query.units)];
    let notes =
        notes.iter().filter(|(_, note)| !note.is_empty()).map(|(label, note)| format!("{label}: {note}"));
    for note in left_out(missing).into_iter().chain(notes) {
        out.push_str(&format!("\n{note}\n"));
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ")
}
