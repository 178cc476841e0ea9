//! An answer, and the formats it can be written in.

mod csv;
mod json;
mod latex;
mod markdown;
mod text;

pub(crate) use markdown::escaped as markdown_escaped;

use csv::Formulas;

use crate::dataset::grouped;
use crate::fault::Fault;
use crate::query::Query;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// The first column of tables by something: the value.
pub(crate) const BY: &str = "by";

/// A format for answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns for a terminal.
    Text,
    /// Comma-separated (RFC 4180); shares with up to six decimals; texts that a spreadsheet would run begin
    /// with an apostrophe.
    Csv,
    /// The same with such texts as they are.
    #[value(skip)]
    CsvPlain,
    /// One JSON document.
    Json,
    /// Markdown tables.
    Markdown,
    /// LaTeX tables (package booktabs).
    Latex,
}

impl Format {
    /// CSV, its formulas marked or as they are.
    #[must_use]
    pub const fn csv(plain: bool) -> Self {
        if plain { Self::CsvPlain } else { Self::Csv }
    }

    /// Whether people read it, not programs.
    #[must_use]
    pub const fn is_for_people(self) -> bool {
        matches!(self, Self::Text | Self::Markdown | Self::Latex)
    }

    /// The ending of a file's name.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Csv | Self::CsvPlain => "csv",
            Self::Json => "json",
            Self::Markdown => "md",
            Self::Latex => "tex",
        }
    }

    /// How many rows of a table it shows where nothing is said; `None`: all.
    #[must_use]
    pub const fn usual_rows(self) -> Option<usize> {
        match self {
            Self::Text | Self::Markdown | Self::Latex => Some(60),
            Self::Csv | Self::CsvPlain | Self::Json => None,
        }
    }
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Count,
    /// Shares and other numbers with decimals.
    Share,
    /// True or false.
    Flag,
    /// Anything else, as text.
    Text,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// A whole number.
    Count(i64),
    /// A number with decimals.
    Share(f64),
    /// True or false.
    Flag(bool),
    /// Text.
    Text(String),
}

/// What a query answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The query.
    pub query: Query,
    /// Name and kind of each column.
    pub columns: Vec<(String, Kind)>,
    /// The rows, as long as `columns` each.
    pub rows: Vec<Vec<Cell>>,
    /// What whoever reads it should know: that a scan is not complete, and the like.
    pub notes: Vec<String>,
    /// Where the shares are of weights: the rows with those of names, see [`crate::weight`].
    pub by_names: Option<Vec<Vec<Cell>>>,
}

impl Answer {
    /// Reads an answer from Arrow's columns.
    ///
    /// # Errors
    /// A type that cannot be shown.
    pub fn from_batches(query: Query, schema: &Schema, batches: &[RecordBatch]) -> Result<Self, Fault> {
        let columns: Vec<(String, Kind)> =
            schema.fields().iter().map(|f| (f.name().clone(), kind(f.data_type()))).collect();
        let mut rows = Vec::new();
        for batch in batches {
            let cells: Result<Vec<Vec<Cell>>, _> =
                batch.columns().iter().zip(&columns).map(|(array, (_, kind))| cells(array, *kind)).collect();
            let mut cells: Vec<_> = cells
                .map_err(|cause| Fault::engine("read the answer", cause))?
                .into_iter()
                .map(Vec::into_iter)
                .collect();
            rows.extend(
                (0..batch.num_rows())
                    .map(|_| cells.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()),
            );
        }
        Ok(Self { query, columns, rows, notes: Vec::new(), by_names: None })
    }
}

fn kind(data_type: &DataType) -> Kind {
    match data_type {
        integer if integer.is_integer() => Kind::Count,
        float if float.is_floating() => Kind::Share,
        DataType::Boolean => Kind::Flag,
        _ => Kind::Text,
    }
}

fn cells(array: &dyn Array, kind: Kind) -> Result<Vec<Cell>, arrow::error::ArrowError> {
    let null = |cell: Option<Cell>| cell.unwrap_or(Cell::Null);
    Ok(match kind {
        Kind::Count => {
            let array = cast(array, &DataType::Int64)?;
            array.as_primitive::<Int64Type>().iter().map(|n| null(n.map(Cell::Count))).collect()
        }
        Kind::Share => {
            let array = cast(array, &DataType::Float64)?;
            array.as_primitive::<Float64Type>().iter().map(|n| null(n.map(Cell::Share))).collect()
        }
        Kind::Flag => array.as_boolean().iter().map(|flag| null(flag.map(Cell::Flag))).collect(),
        Kind::Text => {
            let options = FormatOptions::default();
            let shown = ArrayFormatter::try_new(array, &options)?;
            let show =
                |row| if array.is_null(row) { Cell::Null } else { Cell::Text(shown.value(row).to_string()) };
            (0..array.len()).map(show).collect()
        }
    })
}

impl Cell {
    /// For people: thousands apart, `-` for null.
    /// Shares have three decimals, below one three significant digits.
    pub(crate) fn for_people(&self) -> String {
        match self {
            Self::Null => "-".to_owned(),
            Self::Count(n) if *n < 0 => format!("-{}", grouped(n.unsigned_abs())),
            Self::Count(n) => grouped(n.unsigned_abs()),
            Self::Share(share) => significant(*share),
            Self::Flag(flag) => flag.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// A share with three decimals, below one with three significant digits: at 0.08 % two names of a thousand
/// and three differ.
#[must_use]
pub(crate) fn significant(share: f64) -> String {
    let mut decimals = 3;
    let mut least = 0.1;
    while share != 0.0 && share.abs() < least && decimals < 9 {
        decimals += 1;
        least /= 10.0;
    }
    format!("{share:.decimals$}")
}

/// Writes answers in a format, at most `rows` rows of each; `None`: all. Ends in a line feed.
#[must_use]
pub fn render(answers: &[Answer], format: Format, rows: Option<usize>) -> String {
    match format {
        Format::Text => each(answers, |answer| text::table(answer, rows)),
        Format::Csv => csv::document(answers, rows, Formulas::Marked),
        Format::CsvPlain => csv::document(answers, rows, Formulas::Plain),
        Format::Json => json::document(answers, rows),
        Format::Markdown => each(answers, |answer| markdown::table(answer, rows)),
        Format::Latex => each(answers, |answer| latex::table(answer, rows)),
    }
}

fn each(answers: &[Answer], table: impl Fn(&Answer) -> String) -> String {
    answers.iter().map(table).collect::<Vec<_>>().join("\n")
}

/// What is shown, and how many rows are not.
fn shown(answer: &Answer, rows: Option<usize>) -> (&[Vec<Cell>], usize) {
    let count = answer.rows.len().min(rows.unwrap_or(usize::MAX));
    (&answer.rows[..count], answer.rows.len() - count)
}

/// The line about rows that are not shown; `None` where all are.
fn left_out(count: usize) -> Option<String> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    (count > 0).then(|| format!("{} more rows; `--rows all` or `--format csv` shows them.", grouped(count)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    /// An answer with every kind of cell, and with what each format has to escape.
    fn answer() -> Answer {
        let query = Query::parse(
            "01-things",
            "-- title: Things\n-- answers: How many?\n-- denominator: all 100 %\n-- units: names\nSELECT 1",
        );
        let columns = [("a_name", Kind::Text), ("names", Kind::Count), ("pct", Kind::Share)];
        Answer {
            query,
            columns: columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec(),
            rows: vec![
                vec![Cell::Text("x, \"y\" | z_".into()), Cell::Count(1_204_882), Cell::Share(100.0 / 3.0)],
                vec![Cell::Null, Cell::Count(0), Cell::Share(0.0004)],
                vec![Cell::Text("b".into()), Cell::Null, Cell::Null],
            ],
            notes: Vec::new(),
            by_names: None,
        }
    }

    #[test]
    fn csv_is_quoted_where_it_must_be_and_null_is_empty() {
        let expected = "a_name,names,pct\n\"x, \"\"y\"\" | z_\",1204882,33.333333\n,0,0.0004\nb,,\n";
        assert_eq!(render(&[answer()], Format::Csv, None), expected);
    }

    #[test]
    fn flags_are_flags_and_notes_stand_in_every_format_that_has_a_place_for_them() {
        let mut told = answer();
        told.columns.push(("jump".to_owned(), Kind::Flag));
        told.rows.iter_mut().for_each(|row| row.push(Cell::Flag(true)));
        told.notes.push("s is not complete".to_owned());
        let json = render(&[told.clone()], Format::Json, None);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["tables"][0]["rows"][0]["jump"], true);
        assert_eq!(read["tables"][0]["notes"][0], "s is not complete");
        assert!(render(&[told.clone()], Format::Csv, None).contains(",33.333333,true\n"));
        for format in [Format::Text, Format::Markdown, Format::Latex] {
            assert!(render(&[told.clone()], format, None).contains("s is not complete"));
        }
    }

    #[test]
    fn several_csv_tables_are_told_apart() {
        let out = render(&[answer(), answer()], Format::Csv, Some(0));
        assert_eq!(out, "# things: Things\na_name,names,pct\n\n# things: Things\na_name,names,pct\n");
    }

    #[test]
    fn text_is_aligned_and_says_its_denominator() {
        let expected = "\
Things
How many?

  a_name           names       pct
  x, \"y\" | z_  1,204,882    33.333
  -                    0  0.000400
  b                    -         -

  Denominator: all 100 %
  Units: names
";
        assert_eq!(render(&[answer()], Format::Text, None), expected);
    }

    #[test]
    fn rows_that_are_left_out_are_counted() {
        for format in [Format::Text, Format::Markdown, Format::Latex] {
            let out = render(&[answer()], format, Some(1));
            assert!(out.contains("2 more rows"), "{out}");
            assert!(!render(&[answer()], format, None).contains("more rows"));
        }
    }

    #[test]
    fn markdown_escapes_its_bars() {
        let out = render(&[answer()], Format::Markdown, None);
        assert!(out.contains("| a_name | names | pct |\n| --- | ---: | ---: |\n"), "{out}");
        assert!(out.contains("| x, \"y\" \\| z_ | 1,204,882 | 33.333 |"), "{out}");
    }

    fn hostile(text: &str) -> Answer {
        Answer {
            rows: vec![vec![Cell::Text(text.to_owned()), Cell::Count(-1), Cell::Share(-0.5)]],
            ..answer()
        }
    }

    #[test]
    fn nothing_in_a_markdown_cell_is_a_link_a_picture_or_html() {
        use comrak::nodes::NodeValue;
        let mut options = comrak::Options::default();
        (options.extension.table, options.extension.autolink) = (true, true);
        (options.extension.strikethrough, options.extension.footnotes) = (true, true);
        for text in [
            "[click](javascript:alert)",
            "![i](http://tracker.example/p.png)",
            "<b>x</b> <script>alert</script> <!-- x -->",
            "<http://tracker.example>",
            "http://tracker.example/x and https://y.example, HTTPS://Z.EXAMPLE",
            "www.tracker.example WWW.TRACKER.EXAMPLE Www.tracker.example",
            "&lt;b&gt; `code` ~~struck~~ *loud* [^1]",
            "[x]: http://tracker.example 'title'\n\n[x]",
            "a | b \\| c \\",
        ] {
            let shown = render(&[hostile(text)], Format::Markdown, None);
            let arena = comrak::Arena::new();
            let document = comrak::parse_document(&arena, &shown, &options);
            let mut read = String::new();
            let mut cells = 0;
            for node in document.descendants() {
                match &node.data.borrow().value {
                    NodeValue::Link(_)
                    | NodeValue::Image(_)
                    | NodeValue::HtmlInline(_)
                    | NodeValue::HtmlBlock(_)
                    | NodeValue::Code(_)
                    | NodeValue::Emph
                    | NodeValue::Strikethrough
                    | NodeValue::FootnoteReference(_) => {
                        panic!("{text} is live: {shown}")
                    }
                    NodeValue::Text(text) => read.push_str(text),
                    NodeValue::TableCell => cells += 1,
                    _ => {}
                }
            }
            assert_eq!(cells, 6, "{shown}");
            assert!(read.contains(&text.replace('\n', " ")), "{read} is not {text}");
        }
    }

    #[test]
    fn a_text_that_a_spreadsheet_would_run_is_marked_and_a_number_is_not() {
        for formula in ["=1+1.example", "+1", "-1", "@sum", "\tx", "\r=x"] {
            let marked = render(&[hostile(formula)], Format::Csv, None);
            let cell = if formula.contains('\r') { format!("\"'{formula}\"") } else { format!("'{formula}") };
            assert!(marked.ends_with(&format!("\n{cell},-1,-0.5\n")), "{marked:?}");
            let plain = render(&[hostile(formula)], Format::CsvPlain, None);
            assert!(!plain.contains('\''), "{plain:?}");
        }
        assert!(render(&[hostile("mx.example")], Format::Csv, None).ends_with("\nmx.example,-1,-0.5\n"));
    }

    #[test]
    fn latex_escapes_what_it_would_run() {
        let out = render(&[answer()], Format::Latex, None);
        assert!(out.contains(r"\begin{tabular}{lrr}") && out.contains(r"all 100 \%"), "{out}");
        assert!(out.contains(r#"x, "y" | z\_ & 1,204,882 & 33.333 \\"#), "{out}");
    }

    #[test]
    fn json_keeps_numbers_nulls_and_the_order_of_columns() {
        let out = render(&[answer()], Format::Json, None);
        let read: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(read["tables"][0]["rows"][0]["names"], 1_204_882);
        assert_eq!(read["tables"][0]["rows"][2]["pct"], serde_json::Value::Null);
        assert!(out.contains(r#"{"a_name":"b","names":null,"pct":null}"#), "{out}");
    }
}
