//! Comma-separated values, RFC 4180 with plain line feeds. A text that a spreadsheet would run as a formula
//! begins with an apostrophe.

use super::{Answer, Cell, shown};

/// One table stands alone; several each follow a line `# name: title`, with an empty line between.
pub(super) fn document(answers: &[Answer], rows: Option<usize>, formulas: Formulas) -> String {
    if let [answer] = answers {
        return table(answer, rows, formulas);
    }
    let titled = answers
        .iter()
        .map(|a| format!("# {}: {}\n{}", a.query.name, a.query.title, table(a, rows, formulas)));
    titled.collect::<Vec<_>>().join("\n")
}

fn table(answer: &Answer, rows: Option<usize>, formulas: Formulas) -> String {
    let names: Vec<String> = answer.columns.iter().map(|(name, _)| quoted(name, formulas)).collect();
    let mut out = names.join(",") + "\n";
    for row in shown(answer, rows).0 {
        let cells: Vec<String> = row.iter().map(|of| cell(of, formulas)).collect();
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

fn cell(cell: &Cell, formulas: Formulas) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Count(n) => n.to_string(),
        Cell::Share(share) => {
            let decimals = format!("{share:.6}");
            decimals.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Cell::Flag(flag) => flag.to_string(),
        Cell::Text(text) => quoted(text, formulas),
    }
}

/// What becomes of a text that a spreadsheet would run as a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Formulas {
    Marked,
    Plain,
}

fn quoted(text: &str, formulas: Formulas) -> String {
    let mark = match formulas {
        Formulas::Marked if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => "'",
        Formulas::Marked | Formulas::Plain => "",
    };
    let text = format!("{mark}{text}");
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
