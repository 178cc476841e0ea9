//! Aligned columns for a terminal.

use super::{Answer, Kind, left_out, shown};

/// Columns of a terminal that notes are wrapped at.
const WIDTH: usize = 110;

pub(super) fn table(answer: &Answer, rows: Option<usize>) -> String {
    let query = &answer.query;
    let mut lines = vec![query.title.clone()];
    lines.extend(wrapped(&query.answers, ""));
    lines.push(String::new());

    let (rows, missing) = shown(answer, rows);
    let header: Vec<String> = answer.columns.iter().map(|(name, _)| name.clone()).collect();
    let mut cells = vec![header];
    cells.extend(rows.iter().map(|row| row.iter().map(super::Cell::for_people).collect()));
    let widths: Vec<usize> = (0..answer.columns.len())
        .map(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in &cells {
        let columns =
            row.iter().zip(&widths).zip(&answer.columns).map(|((cell, &width), (_, kind))| match kind {
                Kind::Text | Kind::Flag => format!("  {cell:<width$}"),
                Kind::Count | Kind::Share => format!("  {cell:>width$}"),
            });
        lines.push(columns.collect::<String>().trim_end().to_owned());
    }
    if answer.rows.is_empty() {
        lines.push("  (no rows)".to_owned());
    }
    lines.extend(left_out(missing).map(|note| format!("  … {note}")));

    lines.push(String::new());
    for (label, note) in [("Denominator", &query.denominator), ("Units", &query.units)] {
        if !note.is_empty() {
            lines.extend(wrapped(&format!("{label}: {note}"), "  "));
        }
    }
    lines.extend(answer.notes.iter().flat_map(|note| wrapped(&format!("Note: {note}"), "  ")));
    lines.join("\n").trim_end().to_owned() + "\n"
}

/// A note over as many lines as it needs, those after the first two columns further in.
fn wrapped(note: &str, indent: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in note.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{indent}  {word}")),
            None => lines.push(format!("{indent}{word}")),
        }
    }
    lines
}
