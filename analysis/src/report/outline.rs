//! What the report shows, in which order: headline numbers, sections, and the figures of each table.
//! Everything is drawn from columns of named queries; a test holds every name against the queries' answers.

mod deployment;
mod faults;
mod headlines;
mod reported;
mod time;

pub use headlines::HEADLINES;

use super::figure::Tone;

/// Keeps the rows that have one of these values in a column.
pub type Keep = (&'static str, &'static [&'static str]);

/// A number at the head of the report.
#[derive(Debug)]
pub struct Headline {
    /// The query it is taken from.
    pub query: &'static str,
    /// The row it is taken from, besides the scan.
    pub keep: &'static [Keep],
    /// Its column; a column that ends in `pct`, `low` or `high` holds a share.
    pub value: &'static str,
    /// The range that the undecided leave open.
    pub range: Option<(&'static str, &'static str)>,
    /// The count and what it is a share of; `None` where the number is itself a count.
    pub of: Option<Of>,
    /// What it says.
    pub label: &'static str,
}

/// Where the numbers behind a share stand.
#[derive(Debug, Clone, Copy)]
pub struct Of {
    /// Column of the count.
    pub count: &'static str,
    /// Column of what it is a share of.
    pub of: &'static str,
    /// Column of what is not decided and is taken off that.
    pub less: Option<&'static str>,
}

/// A line over the scans: value in the column that tells lines apart, column of the value, columns of its
/// range, name.
pub type LinePlan = (&'static str, &'static str, Option<(&'static str, &'static str)>, &'static str);

/// What kind of figure a query's answer is drawn as.
#[derive(Debug)]
pub enum Kind {
    /// Bars over the rows.
    Bars {
        /// Columns of the label, joined by a space.
        label: &'static [&'static str],
        /// Column of the value.
        value: &'static str,
        /// Columns of the range.
        range: Option<(&'static str, &'static str)>,
        /// The numbers behind it.
        of: Option<Of>,
        /// What the axis measures.
        axis: &'static str,
        /// Which rows, and in which order.
        pick: Pick,
        /// Their colour.
        tone: Tone,
    },
    /// The stages of a funnel: columns of stage, count, share of the stage before, and share of all.
    Funnel([&'static str; 4]),
    /// A cumulative distribution of seconds: columns of value and share up to it, and what the shares are of.
    Lifetimes(&'static str, &'static str, &'static str),
    /// A cumulative distribution over places: column of the place, and columns and names of the curves.
    Concentration(&'static str, &'static [(&'static str, &'static str)], &'static str),
    /// Lines over the scans.
    Series {
        /// Column that tells the lines apart, and the values of it that are drawn, with their names.
        by: &'static str,
        /// The lines: value in `by`, column of the value, columns of its range, name.
        lines: &'static [LinePlan],
        /// Measures of the query `jumps` that are told.
        jumps: &'static [&'static str],
        /// What the axis measures.
        axis: &'static str,
    },
    /// Lines over days.
    Daily {
        /// Column of the day.
        day: &'static str,
        /// Column that tells the lines apart: those with the largest sums are drawn.
        by: &'static str,
        /// Column of the value.
        value: &'static str,
        /// What the axis measures.
        axis: &'static str,
    },
    /// Changes from state to state between the last two scans: columns of state before, state after, count.
    Matrix(&'static str, &'static str, &'static str),
}

/// Which rows are drawn.
#[derive(Debug, Clone, Copy)]
pub enum Pick {
    /// All, as the query orders them.
    AsGiven,
    /// So many at most, as the query orders them.
    First(usize),
    /// So many at most, the largest values first, without zeros.
    Largest(usize),
}

/// A figure.
#[derive(Debug)]
pub struct Plan {
    /// What it shows.
    pub title: &'static str,
    /// Rows that are drawn, besides the scan.
    pub keep: &'static [Keep],
    /// How they are drawn.
    pub kind: Kind,
}

/// A table and its figures.
#[derive(Debug)]
pub struct Entry {
    /// Name of the query.
    pub query: &'static str,
    /// Its figures.
    pub figures: &'static [Plan],
}

/// A part of the report.
#[derive(Debug)]
pub struct Section {
    /// For links.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is about.
    pub lead: &'static str,
    /// Its tables; those of a query that was not asked are passed over.
    pub entries: &'static [Entry],
}

const fn table(query: &'static str) -> Entry {
    Entry { query, figures: &[] }
}

const D1: Keep = ("denominator", &["D1"]);
const ALL: Keep = ("part", &["all"]);
const SIGNALLERS: Of = Of { count: "signallers", of: "names", less: Some("undecided") };
const SIGNALLERS_RANGE: Option<(&str, &str)> = Some(("signallers_low", "signallers_high"));
const RANGE: Option<(&str, &str)> = Some(("low", "high"));

/// How the scans were made, beside one another.
const INSTRUMENTS: Section = Section {
    id: "instruments",
    title: "How the scans were made",
    lead: "Scans that were made with other instruments differ by these too.",
    entries: &[table("scans")],
};

/// The parts of the report.
pub const SECTIONS: [Section; 9] = [
    deployment::OVERVIEW,
    deployment::ADOPTION,
    deployment::POLICIES,
    faults::MISCONFIGURATION,
    faults::TLS,
    time::TIME,
    reported::REPORTED,
    reported::EXPLAINED,
    INSTRUMENTS,
];
