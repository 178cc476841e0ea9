//! A query's answer as an HTML table, whose cells keep the value that the query gave.

use crate::dataset::grouped;
use crate::render::{Answer, Cell, Format, Kind, render, significant};
use crate::report::figure::escape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::io::Write as _;

/// The table, at most `most` rows of it.
pub(super) fn table(answer: &Answer, most: usize, newest: &str) -> String {
    let name = escape(&answer.query.name);
    let mut out = format!(
        "<div class=\"wide-table\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table id=\"t-{name}\">\
         <caption>{title}</caption><thead><tr>",
        title = escape(&answer.query.title)
    );
    for (column, kind) in &answer.columns {
        let class = if matches!(kind, Kind::Text | Kind::Flag) { "" } else { " class=\"n\"" };
        let _ = write!(
            out,
            "<th scope=\"col\"{class} aria-sort=\"none\"><button type=\"button\">{}</button></th>",
            escape(column)
        );
    }
    out.push_str("</tr></thead><tbody>");
    for row in ordered(answer, most, newest).into_iter().take(most) {
        out.push_str("<tr>");
        row.iter().for_each(|value| cell(&mut out, value));
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>");
    out
}

/// A cell; where what is shown is not what the query gave, that stands in `data-v`.
fn cell(out: &mut String, value: &Cell) {
    let _ = match value {
        Cell::Null => write!(out, "<td class=\"n\" data-v=\"\">–</td>"),
        Cell::Count(count) if (0..1000).contains(count) => write!(out, "<td class=\"n\">{count}</td>"),
        Cell::Count(count) => {
            let sign = if *count < 0 { "−" } else { "" };
            write!(out, "<td class=\"n\" data-v=\"{count}\">{sign}{}</td>", grouped(count.unsigned_abs()))
        }
        Cell::Share(share) => {
            let exact = format!("{share:.6}");
            let exact = exact.trim_end_matches('0').trim_end_matches('.');
            write!(out, "<td class=\"n\" data-v=\"{exact}\">{}</td>", shown(*share))
        }
        Cell::Flag(flag) => write!(out, "<td>{flag}</td>"),
        Cell::Text(text) if text.chars().count() > 28 => write!(out, "<td class=\"t\">{}</td>", escape(text)),
        Cell::Text(text) => write!(out, "<td>{}</td>", escape(text)),
    };
}

/// A share with two decimals, below one with three significant digits.
fn shown(share: f64) -> String {
    if share.abs() < 1.0 && share != 0.0 { significant(share) } else { format!("{share:.2}") }
}

/// The whole answer as CSV, compressed, for the button that saves it; nothing where all rows are shown.
pub(super) fn whole(answer: &Answer, most: usize, csv: Format) -> Option<String> {
    if answer.rows.len() <= most {
        return None;
    }
    let text = render(std::slice::from_ref(answer), csv, None);
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(text.as_bytes()).ok()?;
    Some(STANDARD.encode(packed.finish().ok()?))
}

/// The rows in the order they are shown: where not all are, those of the newest scan first.
fn ordered<'a>(answer: &'a Answer, most: usize, newest: &str) -> Vec<&'a Vec<Cell>> {
    let mut rows: Vec<&Vec<Cell>> = answer.rows.iter().collect();
    let at = answer.columns.iter().position(|(name, _)| name == "scan" || name == "to_scan");
    if let Some(at) = at.filter(|_| rows.len() > most) {
        rows.sort_by_key(|row| !matches!(&row[at], Cell::Text(scan) if scan == newest));
    }
    rows
}

/// What is not shown; nothing where all is.
pub(super) fn left_out(answer: &Answer, most: usize) -> Option<String> {
    let rows = answer.rows.len();
    (rows > most).then(|| {
        let count = |rows: usize| grouped(u64::try_from(rows).unwrap_or(u64::MAX));
        format!(
            "{} of {} rows, the newest scan's first; Save CSV saves all of them, Copy CSV what is shown.",
            count(most),
            count(rows)
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;
    use crate::query::Query;

    fn answer() -> Answer {
        let columns = [("a", Kind::Text), ("names", Kind::Count), ("pct", Kind::Share)];
        Answer {
            query: Query::parse("01-x", "-- title: X <1>\nSELECT 1"),
            columns: columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec(),
            rows: vec![
                vec![Cell::Text("<b>".into()), Cell::Count(1_204), Cell::Share(100.0 / 3.0)],
                vec![Cell::Null, Cell::Count(-2_000), Cell::Share(0.0004)],
            ],
            notes: Vec::new(),
            by_names: None,
        }
    }

    #[test]
    fn cells_are_escaped_and_keep_the_value_of_the_query() {
        let html = table(&answer(), 9, "");
        assert!(html.contains("<td>&lt;b&gt;</td><td class=\"n\" data-v=\"1204\">1,204</td>"), "{html}");
        assert!(
            html.contains("data-v=\"33.333333\">33.33</td>") && html.contains("data-v=\"\">–</td>"),
            "{html}"
        );
        assert!(
            html.contains("data-v=\"-2000\">−2,000</td><td class=\"n\" data-v=\"0.0004\">0.000400</td>"),
            "{html}"
        );
        assert!(html.contains("<caption>X &lt;1&gt;</caption>"));
    }

    #[test]
    fn rows_that_are_not_shown_are_told() {
        assert!(left_out(&answer(), 1).unwrap().starts_with("1 of 2 rows"));
        assert_eq!(left_out(&answer(), 2), None);
        assert_eq!(table(&answer(), 1, "").matches("<tr>").count(), 2);
    }
}
