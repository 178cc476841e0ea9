//! Every table by something: each value of it is a scan of its own to the queries, called by both names, and
//! told apart again in the answer.

use super::made::names_schema;
use super::{Engine, Tables};
use crate::contract::{self, TABLES};
use crate::fault::Fault;
use crate::render::{Answer, BY, Cell, Kind};
use crate::weight::Weight;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::prelude::CsvReadOptions;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Between the name of a scan and a value: no name and no word has it.
const BETWEEN: char = '\u{1f}';

/// The most values that have rows of their own.
const MOST: usize = 50;

/// What tables are told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The lists that hold a name, with the rank there.
    List,
    /// Its public suffix.
    Suffix,
    /// Its last label.
    Tld,
    /// The bin of its rank.
    Rank,
    /// The provider of its policy host's first CNAME target.
    PolicyProvider,
    /// The provider of its first MX host.
    MxProvider,
    /// A column of a CSV file: its name, or the second one. The names stand in the column `domain`, or the
    /// first.
    File(PathBuf, Option<String>),
}

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "list" => Self::List,
            "suffix" => Self::Suffix,
            "tld" => Self::Tld,
            "rank" => Self::Rank,
            "policy-provider" => Self::PolicyProvider,
            "mx-provider" => Self::MxProvider,
            file => {
                let (path, column) = match file.rsplit_once(".csv:") {
                    Some((path, column)) => (format!("{path}.csv"), Some(column.to_owned())),
                    None => (file.to_owned(), None),
                };
                if !path.to_ascii_lowercase().ends_with(".csv") {
                    let known = "list, suffix, tld, rank, policy-provider, mx-provider or FILE.csv[:COLUMN]";
                    return Err(format!("must be {known}"));
                }
                Self::File(path.into(), column)
            }
        })
    }
}

/// How tables are told apart.
#[derive(Debug, Clone, clap::Args)]
pub struct Grouping {
    /// Every table by this: list, suffix, tld, rank, policy-provider, mx-provider, or a column of a file of
    /// names, `FILE.csv[:COLUMN]`. Clusters and thresholds are of each group by itself.
    #[arg(long, value_name = "WHAT")]
    pub by: Option<By>,
    /// With --by: values of fewer names are added up as (others).
    #[arg(long, value_name = "NAMES", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    pub by_least: i64,
    /// Shares of weights in the place of shares of names: a column of numbers from 0 on in a file of names,
    /// such as mailboxes or mails. A name that is not in the file weighs 0. Counts stay those of names.
    #[arg(long, value_name = "FILE.csv:COLUMN")]
    pub weight: Option<Weight>,
}

/// Names of each scan and value.
pub(super) type Sizes = BTreeMap<String, i64>;

/// The text of the value of each name: scan, domain, value, rank.
fn memberships(by: &By) -> &'static str {
    match by {
        By::Suffix => "SELECT scan, domain, coalesce(suffix, '(none)') AS value, rank FROM all_domains",
        By::Tld => "SELECT scan, domain, reverse(split_part(reverse(domain), '.', 1)) AS value, rank FROM all_domains",
        By::Rank => {
            "SELECT scan, domain, CASE WHEN rank <= 1000 THEN '1 to 1000' WHEN rank <= 10000 THEN '1001 to 10000'
                WHEN rank <= 100000 THEN '10001 to 100000' WHEN rank <= 1000000 THEN '100001 to 1000000'
                WHEN rank > 1000000 THEN 'above 1000000' ELSE 'no rank' END AS value, rank FROM all_domains"
        }
        By::List => {
            "SELECT scan, domain, of['list'] AS value, of['rank'] AS rank
                FROM (SELECT scan, domain, unnest(lists) AS of FROM all_domains) AS listed"
        }
        By::PolicyProvider => {
            "SELECT scan, domain, coalesce(by_names.provider, CASE WHEN sts_signals THEN '(no CNAME)'
                ELSE '(not signalling)' END) AS value, rank
                FROM all_domains LEFT JOIN by_names ON by_names.name = policy_cname[1]"
        }
        By::MxProvider => {
            "SELECT scan, domain, coalesce(by_names.provider, '(no MX host)') AS value, rank
                FROM all_domains LEFT JOIN by_names ON by_names.name = mx[1]['host']"
        }
        By::File(..) => {
            "SELECT scan, domain, coalesce(by_file.value, '(not in the file)') AS value, rank
                FROM all_domains LEFT JOIN by_file ON by_file.name = domain"
        }
    }
}

impl Tables {
    /// Puts the tables of the datasets under other names, and tables by value in their place.
    pub(super) async fn group(&mut self, grouping: &Grouping) -> Result<(), Fault> {
        let Some(by) = &grouping.by else { return Ok(()) };
        match by {
            By::PolicyProvider => self.name_hosts("policy_cname[1]").await?,
            By::MxProvider => self.name_hosts("mx[1]['host']").await?,
            By::File(path, column) => read(&self.engine, path, column.as_deref()).await?,
            _ => {}
        }
        let least = grouping.by_least;
        self.engine
            .hold("by_all", &format!("SELECT DISTINCT * FROM ({}) AS members", memberships(by)))
            .await?;
        let kept = format!(
            "SELECT scan, value FROM (
                SELECT scan, value, names, row_number() OVER (
                    PARTITION BY scan ORDER BY names DESC NULLS LAST, value NULLS LAST
                ) AS place
                FROM (SELECT scan, value, count(*) AS names FROM by_all GROUP BY scan, value) AS sized
            ) AS placed WHERE names >= {least} AND place <= {MOST}"
        );
        self.engine.hold("by_kept", &kept).await?;
        let members = format!(
            "SELECT by_all.scan AS scan_name, by_all.domain AS name,
                by_all.scan || '{BETWEEN}' || coalesce(by_kept.value, '(others)') AS scan_by, min(by_all.rank) AS rank_by
            FROM by_all
            LEFT JOIN by_kept ON by_kept.scan = by_all.scan AND by_kept.value = by_all.value
            GROUP BY 1, 2, 3"
        );
        self.engine.hold("by_members", &members).await?;
        let scans =
            "SELECT scan_name, scan_by, count(*) AS names FROM by_members GROUP BY scan_name, scan_by";
        self.engine.hold("by_scans", scans).await?;
        for table in TABLES {
            let schema = contract::schema(table)?;
            let columns = schema.fields().iter().map(|field| match (field.name().as_str(), by) {
                ("scan", _) => "scan_by AS scan".to_owned(),
                ("rank", By::List) => "rank_by AS rank".to_owned(),
                (name, _) => format!("all_{table}.\"{name}\""),
            });
            let mut columns: Vec<String> = columns.collect();
            if self.is_weighted && table == "domains" {
                columns.push("all_domains.weight".to_owned());
            }
            let from = match table {
                "domains" | "assessments" => format!(
                    "all_{table} JOIN by_members ON by_members.scan_name = all_{table}.scan AND by_members.name = domain"
                ),
                // What hosts and certificates are is the same for all who have them.
                _ => format!("all_{table} JOIN by_scans ON by_scans.scan_name = all_{table}.scan"),
            };
            let sql = format!("SELECT {} FROM {from}", columns.join(", "));
            self.engine.stand_for(table, &sql).await?;
        }
        let (_, sizes) = self
            .engine
            .collect("SELECT scan_by, names FROM by_scans")
            .await
            .map_err(|cause| Fault::engine("count groups", cause))?;
        for batch in &sizes {
            let texts = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8)
                .map_err(|cause| Fault::engine("count groups", cause))?;
            let counts = batch.column(1).as_primitive::<Int64Type>();
            let named = texts.as_string::<i32>().iter().flatten().map(str::to_owned);
            self.sizes.extend(named.zip(counts.values().iter().copied()));
        }
        Ok(())
    }

    /// Registers the scans of groups in the place of the scans.
    pub(super) async fn group_scans(&self) -> Result<(), Fault> {
        let batch = self.scans()?;
        let columns: Vec<String> = batch
            .schema()
            .fields()
            .iter()
            .filter(|field| field.name() != "scan")
            .map(|field| format!("all_scans.\"{}\"", field.name()))
            .collect();
        self.engine.register_batch("all_scans", batch)?;
        let sql = format!(
            "SELECT scan_by AS scan, {} FROM all_scans JOIN by_scans ON by_scans.scan_name = all_scans.scan",
            columns.join(", ")
        );
        self.engine.hold("scans", &sql).await
    }

    /// Registers the providers of the hosts that an expression over `all_domains` gives.
    async fn name_hosts(&self, host: &str) -> Result<(), Fault> {
        let engine = |cause: &dyn std::fmt::Display| Fault::engine("name providers", cause);
        let sql = format!("SELECT DISTINCT {host} AS name FROM all_domains WHERE {host} IS NOT NULL");
        let (_, batches) = self.engine.collect(&sql).await.map_err(|cause| engine(&cause))?;
        let named: Result<Vec<_>, _> = batches.iter().map(|batch| self.name_rows(batch.column(0))).collect();
        let named = arrow::compute::concat_batches(&names_schema(), &named.map_err(|cause| engine(&cause))?);
        self.engine.register_batch("by_names", named.map_err(|cause| engine(&cause))?)
    }

    /// Tells scan and value apart again: the first columns are `by` and `by_n`, the names of the value.
    pub(super) fn ungroup(&self, answer: &mut Answer) {
        if self.sizes.is_empty() {
            return;
        }
        let Some(at) = answer.columns.iter().position(|(name, _)| name == "scan") else { return };
        for row in &mut answer.rows {
            let both = match row.get(at) {
                Some(Cell::Text(both)) => both.clone(),
                _ => String::new(),
            };
            let (scan, value) = both.split_once(BETWEEN).unwrap_or((&both, ""));
            let names = self.sizes.get(&both).copied().map_or(Cell::Null, Cell::Count);
            row[at] = Cell::Text(scan.to_owned());
            let value = Cell::Text(value.to_owned());
            row.splice(0..0, [value, names]);
        }
        answer.columns.splice(0..0, [(BY.to_owned(), Kind::Text), ("by_n".to_owned(), Kind::Count)]);
    }
}

/// Registers a file of names and values.
async fn read(engine: &Engine, path: &Path, column: Option<&str>) -> Result<(), Fault> {
    let usage = |cause: String| Fault::Usage(format!("--by {}: {cause}", path.display()));
    let shown = path.to_string_lossy();
    let options = CsvReadOptions::new().file_extension("");
    let frame = engine.context.read_csv(shown.as_ref(), options).await;
    let frame = frame.map_err(|cause| usage(cause.strip_backtrace()))?;
    let names: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let has = |name: &str| names.iter().find(|other| *other == name).cloned();
    let domain = has("domain").or_else(|| names.first().cloned());
    let value = match column {
        Some(column) => has(column),
        None => names.iter().find(|name| Some(*name) != domain.as_ref()).cloned(),
    };
    let (Some(domain), Some(value)) = (domain, value) else {
        return Err(usage(format!(
            "no column {}; it has {}",
            column.unwrap_or("of values"),
            names.join(", ")
        )));
    };
    engine.add("by_given", frame.into_view())?;
    let sql = format!(
        "SELECT lower(CAST(\"{domain}\" AS VARCHAR)) AS name, min(CAST(\"{value}\" AS VARCHAR)) AS value
        FROM by_given GROUP BY 1"
    );
    engine.hold("by_file", &sql).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tables_are_by_is_typed_as_a_word_or_a_file_with_a_column() {
        assert_eq!("tld".parse(), Ok(By::Tld));
        assert_eq!("a/b.csv:sector".parse(), Ok(By::File("a/b.csv".into(), Some("sector".into()))));
        assert_eq!("b.csv".parse(), Ok(By::File("b.csv".into(), None)));
        assert!("sector".parse::<By>().is_err());
    }
}
