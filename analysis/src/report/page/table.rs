//! A query's answer as an HTML table, whose cells keep the value that the query gave.

use crate::dataset::grouped;
use crate::render::{Answer, Cell, Kind};
use crate::report::figure::escape;
use std::fmt::Write as _;

/// The table, at most `most` rows of it.
pub(super) fn table(answer: &Answer, most: usize) -> String {
    let name = escape(&answer.query.name);
    let mut out = format!(
        "<div class=\"wide-table\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table id=\"t-{name}\">\
         <caption>{title}</caption><thead><tr>",
        title = escape(&answer.query.title)
    );
    for (column, kind) in &answer.columns {
        let class = if *kind == Kind::Text { "" } else { " class=\"n\"" };
        let _ = write!(
            out,
            "<th scope=\"col\"{class} aria-sort=\"none\"><button type=\"button\">{}</button></th>",
            escape(column)
        );
    }
    out.push_str("</tr></thead><tbody>");
    for row in answer.rows.iter().take(most) {
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
        Cell::Text(text) if text.chars().count() > 28 => write!(out, "<td class=\"t\">{}</td>", escape(text)),
        Cell::Text(text) => write!(out, "<td>{}</td>", escape(text)),
    };
}

/// A share with two decimals; one that would show as zero is shown as more than zero.
fn shown(share: f64) -> String {
    if share > 0.0 && share < 0.005 { "&lt;0.01".to_owned() } else { format!("{share:.2}") }
}

/// What is not shown; nothing where all is.
pub(super) fn left_out(answer: &Answer, most: usize) -> Option<String> {
    let rows = answer.rows.len();
    (rows > most).then(|| {
        let count = |rows: usize| grouped(u64::try_from(rows).unwrap_or(u64::MAX));
        format!(
            "The first {} of {} rows; the whole table is in the CSV files of --figures.",
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
        }
    }

    #[test]
    fn cells_are_escaped_and_keep_the_value_of_the_query() {
        let html = table(&answer(), 9);
        assert!(html.contains("<td>&lt;b&gt;</td><td class=\"n\" data-v=\"1204\">1,204</td>"), "{html}");
        assert!(
            html.contains("data-v=\"33.333333\">33.33</td>") && html.contains("data-v=\"\">–</td>"),
            "{html}"
        );
        assert!(
            html.contains("data-v=\"-2000\">−2,000</td><td class=\"n\" data-v=\"0.0004\">&lt;0.01</td>"),
            "{html}"
        );
        assert!(html.contains("<caption>X &lt;1&gt;</caption>"));
    }

    #[test]
    fn rows_that_are_not_shown_are_told() {
        assert!(left_out(&answer(), 1).unwrap().starts_with("The first 1 of 2 rows"));
        assert_eq!(left_out(&answer(), 2), None);
        assert_eq!(table(&answer(), 1).matches("<tr>").count(), 2);
    }
}
