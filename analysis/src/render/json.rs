//! One JSON document: `{"tables": [{name, title, answers, denominator, units, notes,
//! rows: [{column: value}]}]}`; `notes` only where there are any.

use super::{Answer, Cell, shown};
use serde_json::{Value, json};

pub(super) fn document(answers: &[Answer], rows: Option<usize>) -> String {
    let tables: Vec<String> = answers.iter().map(|answer| table(answer, rows)).collect();
    format!("{{\"tables\":[\n{}\n]}}\n", tables.join(",\n"))
}

/// Written by hand where the order of the members matters to a reader.
fn table(answer: &Answer, rows: Option<usize>) -> String {
    let query = &answer.query;
    let members = [
        ("name", &query.name),
        ("title", &query.title),
        ("answers", &query.answers),
        ("denominator", &query.denominator),
        ("units", &query.units),
    ];
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("\"{key}\":{}", json!(value))).collect();
    let rows: Vec<String> = shown(answer, rows).0.iter().map(|cells| row(answer, cells)).collect();
    let notes =
        if answer.notes.is_empty() { String::new() } else { format!(",\"notes\":{}", json!(answer.notes)) };
    format!("{{{}{notes},\"rows\":[\n{}\n]}}", members.join(","), rows.join(",\n"))
}

fn row(answer: &Answer, cells: &[Cell]) -> String {
    let members =
        answer.columns.iter().zip(cells).map(|((name, _), cell)| format!("{}:{}", json!(name), value(cell)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// A number that JSON does not have (infinite) is null.
fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Count(n) => json!(n),
        Cell::Share(share) => json!(share),
        Cell::Flag(flag) => json!(flag),
        Cell::Text(text) => json!(text),
    }
}
