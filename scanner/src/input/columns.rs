//! Which column of a table holds the names and which the ranks: by the header's words, else by what most of
//! the first records hold.

use super::choices::Choices;
use super::form::{Form, Likeness, begins_at_top};
use super::words::{self, Named};
use std::ops::Range;

/// Records that are looked at before a column is chosen.
pub(super) const FIRST: usize = 100;

/// Numbers above this without a header are times or sums rather than ranks.
const RANK_WITHOUT_HEADER: u64 = 1_000_000_000;

/// Where a table keeps what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) delimiter: u8,
    /// Index of the column with the names.
    pub(super) domain: usize,
    /// How they are held.
    pub(super) form: Form,
    /// Index of the column with the ranks.
    pub(super) rank: Option<usize>,
    /// Whether the first record names the columns.
    pub(super) header: bool,
    /// What these columns are called, for messages and the manifest.
    pub(super) told: Told,
}

/// Where names and ranks are taken from, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// The names.
    pub(super) names: String,
    /// The ranks; `None` where the list has none.
    pub(super) ranks: Option<String>,
}

/// Why no column holds the names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoColumn {
    /// The column that was asked for.
    pub(super) asked: Option<String>,
    /// Columns that hold names, where nothing tells which of them is meant.
    pub(super) several: Vec<String>,
    /// All columns.
    pub(super) all: Vec<String>,
}

/// The first records of a table.
struct Table<'r> {
    records: &'r [Vec<String>],
    /// A comment before the first record that names its columns.
    comment: Option<Vec<String>>,
}

/// Chooses the columns; `comment` are the fields of the comment line before the first record.
pub(super) fn choose(
    records: &[Vec<String>],
    comment: Option<Vec<String>>,
    delimiter: u8,
    choices: &Choices,
) -> Result<Columns, NoColumn> {
    let names_columns = |fields: &Vec<String>| {
        let words = || fields.iter().filter(|field| words::is_header(field) || words::is_rank(field));
        fields.len() == records[0].len() && fields.len() > 1 && words().count() > 0
    };
    let table = Table { records, comment: comment.filter(names_columns) };
    let (domain, form, header) = table.domain(choices)?;
    let names = table.names(header);
    let rank = match &names {
        Some(names) => table.named_rank(names, domain, header),
        None if form == Form::Reversed => None,
        None => table.unnamed_rank(domain, choices.ranked),
    };
    let told = |at: usize| match names.as_ref().and_then(|names| names.get(at)) {
        Some(name) => format!("column `{name}`"),
        None => format!("column {}", at + 1),
    };
    let told = Told { names: told(domain) + form.told(), ranks: rank.map(told) };
    Ok(Columns { delimiter, domain, form, rank, header, told })
}

impl Table<'_> {
    /// Records that are no header, if the first is one.
    const fn body(&self, header: bool) -> Range<usize> {
        (if header { 1 } else { 0 })..self.records.len()
    }

    fn column(&self, at: usize, header: bool) -> impl Iterator<Item = &str> {
        self.records[self.body(header)].iter().map(move |record| record.get(at).map_or("", String::as_str))
    }

    /// How many of the records have something of this likeness in the column.
    fn alike(&self, at: usize, header: bool, form: Form, wanted: Likeness) -> usize {
        self.column(at, header).filter(|field| Likeness::of(field, form) == wanted).count()
    }

    /// Whether most records have it; an empty table has everything.
    fn most(&self, header: bool, count: usize) -> bool {
        2 * count > self.body(header).len() || self.body(header).is_empty()
    }

    /// What the columns are called.
    fn names(&self, header: bool) -> Option<Vec<String>> {
        if header { Some(self.records[0].clone()) } else { self.comment.clone() }
    }

    /// The column with the names, how it holds them, and whether the first record is a header.
    fn domain(&self, choices: &Choices) -> Result<(usize, Form, bool), NoColumn> {
        if let Some(asked) = &choices.column
            && let Some(found) = self.asked(asked)
        {
            return Ok(found);
        }
        let refused = |asked: Option<String>, several: &[usize], names: &[String]| NoColumn {
            asked,
            several: several.iter().filter_map(|at| names.get(*at).cloned()).collect(),
            all: names.to_vec(),
        };
        if let Some(asked) = &choices.column
            && choices.alone
        {
            let names = self.comment.as_ref().unwrap_or(&self.records[0]);
            return Err(refused(Some(asked.to_string()), &[], names));
        }
        for (names, header) in
            [Some((&self.records[0], true)), self.comment.as_ref().map(|names| (names, false))]
                .into_iter()
                .flatten()
        {
            let holds = |at: usize, form: Form| {
                let count = self.alike(at, header, form, Likeness::Domain)
                    + self.alike(at, header, form, Likeness::Dotted);
                self.most(header, count)
            };
            match words::domain_among(names.iter().map(String::as_str), holds) {
                Named::At(at, form) => return Ok((at, form, header)),
                Named::OneOf(several) => return Err(refused(None, &several, names)),
                Named::Nowhere => {}
            }
        }
        self.by_content().map_err(|several| refused(None, &several, &self.records[0]))
    }

    /// The column that was asked for, by its name or its number.
    fn asked(&self, asked: &str) -> Option<(usize, Form, bool)> {
        let named = |names: &Vec<String>| names.iter().position(|name| name.eq_ignore_ascii_case(asked));
        let form = |at: usize| words::synonym(&self.records[0][at]).unwrap_or(Form::Host);
        if let Some(at) = named(&self.records[0]) {
            return Some((at, form(at), true));
        }
        if let Some(at) = self.comment.as_ref().and_then(named) {
            return Some((at, Form::Host, false));
        }
        let at = asked.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < self.records[0].len())?;
        let form = if self.is_reversed(at) { Form::Reversed } else { Form::Host };
        let known = self.most(true, self.alike(at, true, form, Likeness::Domain));
        let wanted = if known { Likeness::Domain } else { Likeness::Dotted };
        Some((at, form, self.first_names(at, form, wanted)))
    }

    /// Whether the names of a column stand with their labels reversed.
    fn is_reversed(&self, at: usize) -> bool {
        let skip = self.records.len() > 1;
        let ends = |first: bool| self.column(at, skip).filter(|f| begins_at_top(f) == Some(first)).count();
        self.most(skip, self.alike(at, skip, Form::Reversed, Likeness::Domain)) && ends(true) > ends(false)
    }

    /// Whether every column but this one holds numbers: the rank of a top-level domain, and no country.
    fn is_beside_numbers(&self, at: usize) -> bool {
        let mut others = (0..self.records[0].len()).filter(|other| *other != at);
        others.all(|other| self.column(other, false).all(is_number))
    }

    /// The column in which most records have a name; the first is not counted, since it may be a header.
    /// Fails with the columns that could be meant.
    fn by_content(&self) -> Result<(usize, Form, bool), Vec<usize>> {
        let skip = self.records.len() > 1;
        let width = self.records.iter().map(Vec::len).max().unwrap_or_default();
        let forms = [
            (Form::Reversed, Likeness::Domain),
            (Form::Name, Likeness::Domain),
            (Form::Host, Likeness::Domain),
            (Form::Name, Likeness::Dotted),
            (Form::Name, Likeness::Top),
        ];
        for (form, wanted) in forms {
            let holds = |at: &usize| match form {
                Form::Reversed => self.is_reversed(*at),
                Form::Name if wanted == Likeness::Top && !self.is_beside_numbers(*at) => false,
                // Names that machines ask for: top-level domains are among them.
                Form::Name if wanted == Likeness::Domain && self.is_beside_numbers(*at) => {
                    let tops = self.alike(*at, skip, form, Likeness::Top);
                    let domains = self.alike(*at, skip, form, wanted);
                    domains > 0 && self.most(skip, domains + tops)
                }
                _ => self.most(skip, self.alike(*at, skip, form, wanted)),
            };
            let columns: Vec<usize> = (0..width).filter(holds).collect();
            let Some(first) = columns.first().copied() else { continue };
            let header = self.first_names(first, form, wanted);
            // Without a name over them the first is taken, as ever.
            return if header && columns.len() > 1 { Err(columns) } else { Ok((first, form, header)) };
        }
        Err(Vec::new())
    }

    /// Whether the first record names the columns rather than holding a name at `at`.
    fn first_names(&self, at: usize, form: Form, wanted: Likeness) -> bool {
        if self.records.len() == 1 {
            return false;
        }
        let Some(field) = self.records[0].get(at) else { return true };
        let ranks = self.records[0].iter().enumerate().any(|(at, field)| {
            words::is_rank(field) && self.most(true, self.column(at, true).filter(|f| is_number(f)).count())
        });
        ranks || is_title(field, Likeness::of(field, form), wanted)
    }

    /// The column with the ranks, of a table whose columns have names.
    fn named_rank(&self, names: &[String], domain: usize, header: bool) -> Option<usize> {
        let known = words::rank_among(&names.iter().map(String::as_str));
        let index = || {
            let at = names.iter().position(|name| words::plain(name) == words::INDEX)?;
            let numbers = self.rising(at, header)?;
            (numbers == 1).then_some(at)
        };
        known.or_else(index).filter(|at| *at != domain)
    }

    /// The column with the ranks, of a table whose columns have no names: numbers that rise from record to
    /// record, as ranks do and counts, identifiers and dates do not.
    fn unnamed_rank(&self, domain: usize, ranked: bool) -> Option<usize> {
        let others = || (0..self.records[0].len()).filter(|at| *at != domain);
        if ranked {
            return others()
                .find(|at| self.most(false, self.column(*at, false).filter(|f| is_number(f)).count()));
        }
        let starts = |at: &usize| {
            let first = self.rising(*at, false)?;
            let alone = self.records.len() == 1;
            (first == 1 || first > 1 && !alone).then_some((first, *at))
        };
        let mut rising: Vec<(u64, usize)> = others().filter_map(|at| starts(&at)).collect();
        rising.sort_by_key(|(first, _)| *first != 1);
        rising.first().map(|(_, at)| *at)
    }

    /// The first number of a column in which each is greater than the one before.
    fn rising(&self, at: usize, header: bool) -> Option<u64> {
        let mut numbers = self.column(at, header).map(|field| field.parse::<u64>().ok());
        let first = numbers.next()??;
        let mut last = first;
        for number in numbers {
            last = number.filter(|number| *number > last)?;
        }
        (last <= RANK_WITHOUT_HEADER).then_some(first)
    }
}

/// A field that could be the title of a column: words, and less of a name than what the others are.
pub(super) fn is_title(field: &str, likeness: Likeness, others: Likeness) -> bool {
    let is_word = field.starts_with(char::is_alphabetic)
        && field.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '(' | ')'));
    match likeness {
        // `com` may be the first of a list, `host` (a top-level domain too) stands over one.
        Likeness::Top if others > Likeness::Top => words::is_header(field),
        _ => likeness < others && is_word,
    }
}

fn is_number(field: &str) -> bool {
    super::source::rank(field.as_bytes()).is_some()
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
