//! LaTeX tables for the package booktabs.

use super::{Answer, Kind, left_out, shown};

pub(super) fn table(answer: &Answer, rows: Option<usize>) -> String {
    let query = &answer.query;
    let (rows, missing) = shown(answer, rows);
    let notes = [("Denominator", &query.denominator), ("Units", &query.units)];
    let notes =
        notes.iter().filter(|(_, note)| !note.is_empty()).map(|(label, note)| format!("{label}: {note}"));
    let notes: String = notes
        .chain(left_out(missing))
        .chain(answer.notes.iter().map(|note| format!("Note: {note}")))
        .map(|note| format!("\n  \\par\\footnotesize {}", escaped(&note)))
        .collect();
    let columns: String = answer
        .columns
        .iter()
        .map(|(_, kind)| if matches!(kind, Kind::Text | Kind::Flag) { 'l' } else { 'r' })
        .collect();
    let line = |cells: Vec<String>| format!("    {} \\\\\n", cells.join(" & "));
    let header = line(answer.columns.iter().map(|(name, _)| escaped(name)).collect());
    let body: String =
        rows.iter().map(|row| line(row.iter().map(|cell| escaped(&cell.for_people())).collect())).collect();
    format!(
        "\\begin{{table}}\n  \\centering\n  \\caption{{{}}}\n  \\label{{tab:{}}}\n  \
         \\begin{{tabular}}{{{columns}}}\n    \\toprule\n{header}    \\midrule\n{body}    \\bottomrule\n  \
         \\end{{tabular}}{notes}\n\\end{{table}}\n",
        escaped(&query.title),
        query.name,
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => out.push_str(r"\textbackslash{}"),
            '~' => out.push_str(r"\textasciitilde{}"),
            '^' => out.push_str(r"\textasciicircum{}"),
            '<' => out.push_str(r"\textless{}"),
            '>' => out.push_str(r"\textgreater{}"),
            '\n' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}
