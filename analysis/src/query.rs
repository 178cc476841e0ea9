//! A table's query: its text, and what its header says about it.

use crate::fault::Fault;
use std::fs;
use std::path::Path;

/// A query and its header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Name of the file without number and ending, for example `adoption`.
    pub name: String,
    /// The whole text, header included.
    pub sql: String,
    /// Title of the table; the name where the header has none.
    pub title: String,
    /// The question it answers; empty where the header does not say.
    pub answers: String,
    /// What its shares are of; empty where the header does not say.
    pub denominator: String,
    /// What its numbers count; empty where the header does not say.
    pub units: String,
    /// Which columns its shares are of, see [`crate::shares`]; empty where the header does not say.
    pub shares: String,
    /// How it is weighted, see [`crate::weight`]; empty where the header does not say.
    pub weight: String,
}

/// How a view comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Making {
    /// It stands for its text.
    Inline,
    /// Its text is run once, and the rows are held in memory.
    Held,
    /// Its rows are made without SQL and held; the text says the same to other programs.
    Program,
}

/// A table made from others.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
    pub(crate) making: Making,
}

macro_rules! views {
    ($folder:literal: $($making:ident $name:literal),+ $(,)?) => {
        [$(View {
            name: $name,
            sql: include_str!(concat!("../queries/", $folder, "/", $name, ".sql")),
            making: Making::$making,
        }),+]
    };
}

/// The tables that queries count over, in the order they build on one another.
pub(crate) const VIEWS: [View; 26] = views!(
    "views":
    Inline "asked", Inline "population", Program "suffix_counts", Program "rank_counts", Program "mx_customers", Held "signallers",
    Program "signaller_names", Held "domain_hosts", Held "first_hosts", Held "managers", Held "faults", Held "reach", Held "stage_errors", Held "tlsrpt_publishers",
    Held "endpoints", Held "leaf_certificates", Held "timeline", Held "scan_order", Held "pairs", Held "eras", Held "snapshots", Held "steps", Held "transitions", Program "state_counts", Held "episodes",
    Held "mx_sets",
);

macro_rules! texts {
    ($($file:literal),+ $(,)?) => {
        [$(($file, include_str!(concat!("../queries/", $file, ".sql")))),+]
    };
}

fn parsed(texts: &[(&str, &str)]) -> Vec<Query> {
    // Without its folder.
    let stem = |file: &str| file.rsplit('/').next().unwrap_or_default().to_owned();
    texts.iter().map(|(file, sql)| Query::parse(&stem(file), sql)).collect()
}

/// The tables of `sts-adoption`.
#[must_use]
pub fn adoption() -> Vec<Query> {
    parsed(&texts!(
        "01-adoption",
        "02-suffix",
        "03-rank",
        "04-rank-width",
        "05-mx-provider",
        "06-policy-host-provider",
        "07-mode",
        "08-max-age",
        "09-max-age-values",
        "10-unusable-text",
        "11-tlsrpt",
        "12-joint",
        "13-managers",
        "14-manager-thresholds",
        "15-tls",
        "16-certificate-keys",
        "17-issuers",
        "18-certificate-validity",
        "19-addresses",
    ))
}

/// The tables of `sts-misconfig`.
#[must_use]
pub fn misconfig() -> Vec<Query> {
    parsed(&texts!(
        "30-stages",
        "31-findings",
        "32-record-errors",
        "33-policy-errors",
        "34-policy-error-codes",
        "35-mx-certificates",
        "36-mx-invalid",
        "37-mismatch",
        "38-verdicts",
        "39-strict-lenient",
        "40-losing-mail",
        "41-same-provider",
        "42-policy-host-concentration",
        "43-mx-concentration",
        "44-result-types",
        "45-tlsrpt-errors",
    ))
}

/// The tables about the scans themselves, which every program has.
#[must_use]
pub fn scans() -> Vec<Query> {
    parsed(&texts!("00-scans", "59-comparable"))
}

/// The tables of `sts-trends`.
#[must_use]
pub fn trends() -> Vec<Query> {
    parsed(&texts!(
        "60-adoption-series",
        "61-error-series",
        "62-transitions",
        "63-transition-domains",
        "64-flows",
        "65-survival",
        "66-list-changes",
        "67-certificate-rollovers",
        "68-mx-rollovers",
        "69-obsolete-mismatches",
        "70-jumps",
    ))
}

/// What `sts-report` asks besides the tables of the other programs.
#[must_use]
pub fn report() -> Vec<Query> {
    parsed(&texts!("20-funnel"))
}

/// The tables of `sts-tlsrpt tables`, over the tables of a folder of TLS reports.
#[must_use]
pub fn tlsrpt() -> Vec<Query> {
    parsed(&texts!(
        "reports/80-report-days",
        "reports/81-report-results",
        "reports/82-report-senders",
        "reports/83-report-sending-mtas",
        "reports/84-report-mx",
        "reports/85-report-modes",
        "reports/86-report-result-days",
        "reports/87-report-sender-days",
        "reports/88-report-failures",
        "reports/89-report-domains",
        "reports/90-report-faults",
    ))
}

/// The tables of `sts-tlsrpt explain`, over TLS reports and scans together.
#[must_use]
pub fn joined() -> Vec<Query> {
    parsed(&texts!(
        "joined/91-report-explained",
        "joined/92-report-agreement",
        "joined/93-report-enforce",
        "joined/94-report-enforce-failures",
    ))
}

/// The tables that those are made from, besides the views of either side, in the order they build on one
/// another.
pub(crate) const JOINED_VIEWS: [View; 14] = views!(
    "joined/views":
    Inline "told_failures", Held "reported_domains", Held "reported_hosts", Held "scan_faults",
    Held "scan_sights", Held "looked", Held "nearest", Held "newest", Held "reasons", Held "explained_failures", Held "scan_only", Held "recent",
    Held "in_testing", Held "testing_failures",
);

/// The tables that the tables over TLS reports are counted over, in the order they build on one another.
pub(crate) const REPORT_VIEWS: [View; 3] =
    views!("reports/views": Inline "counted_reports", Inline "counted_policies", Inline "counted_failures");

/// Every table over scans of every program.
#[must_use]
pub fn all() -> Vec<Query> {
    [scans(), adoption(), report(), misconfig(), trends()].concat()
}

impl Query {
    /// Reads a query from a file.
    ///
    /// # Errors
    /// The file cannot be read, or is not UTF-8.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let sql = fs::read_to_string(path)
            .map_err(|cause| Fault::Usage(format!("cannot read query {}: {cause}", path.display())))?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self::parse(&stem, &sql))
    }

    /// Reads a text and its header: leading lines `-- key: value`, a value going on in lines that begin
    /// `--   `.
    #[must_use]
    pub fn parse(stem: &str, sql: &str) -> Self {
        let name = stem.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('-');
        let name = if name.is_empty() { stem } else { name };
        let mut query = Self { name: name.to_owned(), sql: sql.to_owned(), ..Self::default() };
        let mut ignored = String::new();
        let mut key = "";
        for line in sql.lines() {
            let Some(comment) = line.strip_prefix("--") else { break };
            let (found, value) = match comment.strip_prefix("   ") {
                Some(more) => (key, more),
                None => comment.split_once(':').map_or(("", comment), |(key, value)| (key.trim(), value)),
            };
            key = found;
            let field = match key {
                "title" => &mut query.title,
                "answers" => &mut query.answers,
                "denominator" => &mut query.denominator,
                "units" => &mut query.units,
                "shares" => &mut query.shares,
                "weight" => &mut query.weight,
                _ => &mut ignored,
            };
            if !field.is_empty() {
                field.push(' ');
            }
            field.push_str(value.trim());
        }
        if query.title.is_empty() {
            query.title.clone_from(&query.name);
        }
        query
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    #[test]
    fn every_query_says_what_it_answers_over_which_denominator_in_which_units() {
        for query in all().into_iter().chain(tlsrpt()).chain(joined()) {
            for part in [&query.title, &query.answers, &query.denominator, &query.units] {
                assert!(!part.is_empty(), "{}", query.name);
            }
        }
    }

    #[test]
    fn every_query_file_is_in_a_catalogue() {
        for (folder, named) in
            [("queries", all()), ("queries/reports", tlsrpt()), ("queries/joined", joined())]
        {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "sql")).count();
            assert_eq!(files, named.len());
        }
    }

    #[test]
    fn a_header_goes_on_over_lines() {
        let query = Query::parse(
            "12-x-y",
            "-- title: One\n--   two\n-- note: that\n-- units: names\nSELECT 1\n-- title: no",
        );
        assert_eq!(
            (query.name.as_str(), query.title.as_str(), query.units.as_str()),
            ("x-y", "One two", "names")
        );
    }

    #[test]
    fn a_text_without_header_is_titled_by_its_name() {
        assert_eq!(Query::parse("mine", "SELECT 1").title, "mine");
    }
}
