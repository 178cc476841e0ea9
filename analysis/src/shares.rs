//! What the shares of a table are of, by the line `shares` of its query's header: which denominators are
//! small, and intervals for shares of a sample.
//!
//! The line is `COLUMN = [COLUMN [+ COLUMN]] / COLUMN [- COLUMN …]; …`, where a term may be `sum(COLUMN by
//! COLUMN, …)`: the sum over the rows that have the same in these. A share without a numerator, one of those
//! that add up row by row, gets no interval.

use crate::render::{Answer, BY, Cell, Kind};

/// A denominator below this is small: a few names more or less would change the share at will.
pub const SMALL: i64 = 30;

/// The 97.5th percentile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Which interval a share gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Interval {
    /// Wilson's score interval of 95 %: where the names are a sample of some population.
    Wilson,
}

#[derive(Debug)]
enum Term<'q> {
    Column(&'q str),
    Sum(&'q str, Vec<&'q str>),
}

/// A share: its column, and the terms of numerator and denominator with their signs.
#[derive(Debug)]
struct Share<'q> {
    column: &'q str,
    count: Vec<(i64, Term<'q>)>,
    of: Vec<(i64, Term<'q>)>,
}

fn terms(text: &str) -> Vec<(i64, Term<'_>)> {
    let mut found = Vec::new();
    let mut sign = 1;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = match rest.strip_prefix("sum(") {
            Some(_) => rest.find(')').map_or(rest.len(), |at| at + 1),
            None => rest.find(' ').unwrap_or(rest.len()),
        };
        let (term, after) = rest.split_at(end);
        rest = after.trim_start();
        match term {
            "+" => sign = 1,
            "-" => sign = -1,
            _ => {
                let inside = term.strip_prefix("sum(").and_then(|inside| inside.strip_suffix(')'));
                let term = match inside {
                    None => Term::Column(term),
                    Some(inside) => {
                        let (column, by) = inside.split_once(" by ").unwrap_or((inside, ""));
                        let by = by.split(',').map(str::trim).filter(|by| !by.is_empty());
                        Term::Sum(column, by.collect())
                    }
                };
                found.push((sign, term));
            }
        }
    }
    found
}

fn shares(text: &str) -> Vec<Share<'_>> {
    let share = |line: &'_ str| -> Option<(usize, usize, usize)> {
        let equals = line.find('=')?;
        Some((equals, line.find('/')?, line.len()))
    };
    let each = text.split(';').filter_map(|line| {
        let (equals, slash, _) = share(line)?;
        Some(Share {
            column: line[..equals].trim(),
            count: terms(&line[equals + 1..slash]),
            of: terms(&line[slash + 1..]),
        })
    });
    each.collect()
}

fn count(cell: Option<&Cell>) -> Option<i64> {
    match cell {
        Some(Cell::Count(count)) => Some(*count),
        _ => None,
    }
}

/// The value of some terms in a row; `None` where a column is null or not there.
fn value(answer: &Answer, row: &[Cell], terms: &[(i64, Term<'_>)]) -> Option<i64> {
    let rows = answer.by_names.as_ref().unwrap_or(&answer.rows);
    let at = |name: &str| answer.columns.iter().position(|(column, _)| column == name);
    let mut sum = 0;
    for (sign, term) in terms {
        sum += sign
            * match term {
                Term::Column(name) => count(row.get(at(name)?))?,
                Term::Sum(name, by) => {
                    let column = at(name)?;
                    // Each value of `--by` is a table of its own.
                    let by = by.iter().map(|by| at(by)).chain(at(BY).map(Some));
                    let by = by.collect::<Option<Vec<_>>>()?;
                    let alike = |other: &&Vec<Cell>| by.iter().all(|by| other.get(*by) == row.get(*by));
                    let counts = rows.iter().filter(alike).filter_map(|row| count(row.get(column)));
                    counts.sum::<i64>()
                }
            };
    }
    Some(sum)
}

/// Numerator, where it has one, and denominator of a share, row by row; `None` where a row has no share.
pub type Behind = Vec<Option<(Option<i64>, i64)>>;

/// What is behind every share of an answer, with the share's column: numbers of names, also where its shares
/// are of weights.
#[must_use]
pub fn behind(answer: &Answer) -> Vec<(String, Behind)> {
    let rows = answer.by_names.as_ref().unwrap_or(&answer.rows);
    let each = shares(&answer.query.shares).into_iter().map(|share| {
        let at = answer.columns.iter().position(|(column, _)| column == share.column);
        let of_row = |row: &Vec<Cell>| {
            let of = value(answer, row, &share.of)?;
            let count = match share.count.as_slice() {
                [] => None,
                terms => Some(value(answer, row, terms)?),
            };
            // A share of nothing is null, and its denominator is small.
            let is_share = matches!(row.get(at?), Some(Cell::Share(_)));
            (is_share || of == 0).then_some((count, of))
        };
        (share.column.to_owned(), rows.iter().map(of_row).collect())
    });
    each.collect()
}

/// Wilson's score interval, in percent.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "an interval needs no more than 52 bits")]
pub fn wilson(count: i64, of: i64) -> Option<(f64, f64)> {
    if of <= 0 || count < 0 || count > of {
        return None;
    }
    let (count, of) = (count as f64, of as f64);
    let share = count / of;
    let scale = 1.0 + Z * Z / of;
    let middle = (share + Z * Z / (2.0 * of)) / scale;
    let half = Z / scale * (share * (1.0 - share) / of + Z * Z / (4.0 * of * of)).sqrt();
    Some((100.0 * (middle - half).max(0.0), 100.0 * (middle + half).min(1.0)))
}

/// Adds what an answer needs to be read: intervals beside each share, and a mark where a denominator is
/// small: `†` for people, the column `small` for programs.
pub fn mark(answer: &mut Answer, interval: Option<Interval>, for_people: bool) {
    // Wilson's interval is of names that each count once.
    let interval = interval.filter(|_| answer.by_names.is_none());
    let behind = behind(answer);
    if behind.is_empty() {
        return;
    }
    let is_small = |of: &Option<(Option<i64>, i64)>| of.is_some_and(|(_, of)| of < SMALL);
    let small: Vec<bool> =
        (0..answer.rows.len()).map(|row| behind.iter().any(|(_, each)| is_small(&each[row]))).collect();
    for (column, each) in &behind {
        let Some(at) = answer.columns.iter().position(|(name, _)| name == column) else { continue };
        if interval == Some(Interval::Wilson) {
            for (place, ending) in [(at + 1, "low95"), (at + 2, "high95")] {
                answer.columns.insert(place, (format!("{column}_{ending}"), Kind::Share));
            }
        }
        for (row, of) in answer.rows.iter_mut().zip(each) {
            if interval == Some(Interval::Wilson) {
                let bounds = of.and_then(|(count, of)| wilson(count?, of));
                let cell = |bound: Option<f64>| bound.map_or(Cell::Null, Cell::Share);
                row.insert(at + 1, cell(bounds.map(|(low, _)| low)));
                row.insert(at + 2, cell(bounds.map(|(_, high)| high)));
            }
            if for_people && is_small(of) && !matches!(row[at], Cell::Null) {
                let shown = row[at].for_people();
                row[at] = Cell::Text(format!("{shown}†"));
            }
        }
    }
    if !for_people {
        answer.columns.push(("small".to_owned(), Kind::Flag));
        answer.rows.iter_mut().zip(&small).for_each(|(row, small)| row.push(Cell::Flag(*small)));
    } else if small.contains(&true) {
        answer.notes.push(format!("† of fewer than {SMALL}"));
    }
    if interval == Some(Interval::Wilson) {
        let told = "_low95 and _high95 are Wilson's interval of 95 %: for the population that the decided names are a \
                    random sample of, and not for what is undecided";
        answer.notes.push(told.to_owned());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;
    use crate::query::Query;
    use crate::render::{Format, render};

    fn answer() -> Answer {
        let sql = "-- title: T\n-- shares: pct = a + b / n - u;\n--   of_all = a / sum(a by scan); upto = / n\nSELECT 1";
        let columns = [("scan", Kind::Text), ("a", Kind::Count), ("b", Kind::Count), ("n", Kind::Count)];
        let more = [("u", Kind::Count), ("pct", Kind::Share), ("of_all", Kind::Share), ("upto", Kind::Share)];
        let row = |scan: &str, a, b, n, u, pct, of_all| {
            let counts = [a, b, n, u].map(Cell::Count);
            let mut row = vec![Cell::Text(scan.to_owned())];
            row.extend(counts);
            row.extend([pct, of_all, Cell::Share(60.0)]);
            row
        };
        Answer {
            query: Query::parse("01-t", sql),
            columns: columns.into_iter().chain(more).map(|(name, kind)| (name.to_owned(), kind)).collect(),
            rows: vec![
                row("s", 5, 5, 45, 5, Cell::Share(25.0), Cell::Share(50.0)),
                row("s", 5, 0, 20, 0, Cell::Share(25.0), Cell::Null),
            ],
            notes: Vec::new(),
            by_names: None,
        }
    }

    #[test]
    fn the_numbers_behind_a_share_are_those_that_the_header_names() {
        let expected = vec![
            ("pct".to_owned(), vec![Some((Some(10), 40)), Some((Some(5), 20))]),
            ("of_all".to_owned(), vec![Some((Some(5), 10)), None]),
            ("upto".to_owned(), vec![Some((None, 45)), Some((None, 20))]),
        ];
        assert_eq!(behind(&answer()), expected);
        // The rows of two values are two sums.
        let mut by = answer();
        by.columns.push((BY.to_owned(), Kind::Text));
        by.rows
            .iter_mut()
            .zip(["com", "net"])
            .for_each(|(row, value)| row.push(Cell::Text(value.to_owned())));
        by.rows[1][6] = Cell::Share(100.0);
        assert_eq!(behind(&by)[1].1, [Some((Some(5), 5)), Some((Some(5), 5))]);
    }

    #[test]
    fn small_denominators_are_marked_in_every_format() {
        let mut people = answer();
        mark(&mut people, None, true);
        let text = render(&[people], Format::Text, None);
        assert!(
            text.contains("25.000†") && text.contains("50.000†") && text.contains("† of fewer than 30"),
            "{text}"
        );
        let mut programs = answer();
        mark(&mut programs, None, false);
        let csv = render(&[programs], Format::Csv, None);
        let expected =
            "scan,a,b,n,u,pct,of_all,upto,small\ns,5,5,45,5,25,50,60,true\ns,5,0,20,0,25,,60,true\n";
        assert_eq!(csv, expected);
    }

    #[test]
    fn wilsons_interval_is_the_textbooks() {
        // 1 of 1,000: [0.018, 0.564].
        let (low, high) = wilson(1, 1000).unwrap();
        assert!((low - 0.017_655).abs() < 1e-5 && (high - 0.564_256).abs() < 1e-5, "{low} {high}");
        let (low, high) = wilson(0, 10).unwrap();
        assert!(low < 1e-9 && (high - 27.753_3).abs() < 1e-3, "{low} {high}");
        assert_eq!([wilson(1, 0), wilson(3, 2)], [None, None]);
        let mut told = answer();
        mark(&mut told, Some(Interval::Wilson), false);
        assert_eq!(told.columns[6].0, "pct_low95");
        let last = |row: &Vec<Cell>| matches!(row[12..], [Cell::Null, Cell::Null, Cell::Flag(true)]);
        assert!(told.rows.iter().all(last), "no numerator");
        assert_eq!(told.rows[0].len(), told.columns.len());
    }
}
