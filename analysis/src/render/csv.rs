//! Comma-separated values, RFC 4180 with plain line feeds.

use super::{Answer, Cell, shown};

/// One table stands alone; several each follow a line `# name: title`, with an empty line between.
pub(super) fn document(answers: &[Answer], rows: Option<usize>) -> String {
    if let [answer] = answers {
        return table(answer, rows);
    }
    let titled = answers.iter().map(|a| format!("# {}: {}\n{}", a.query.name, a.query.title, table(a, rows)));
    titled.collect::<Vec<_>>().join("\n")
}

fn table(answer: &Answer, rows: Option<usize>) -> String {
    let names: Vec<String> = answer.columns.iter().map(|(name, _)| quoted(name)).collect();
    let mut out = names.join(",") + "\n";
    for row in shown(answer, rows).0 {
        let cells: Vec<String> = row.iter().map(cell).collect();
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Count(n) => n.to_string(),
        Cell::Share(share) => {
            let decimals = format!("{share:.6}");
            decimals.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Cell::Text(text) => quoted(text),
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
