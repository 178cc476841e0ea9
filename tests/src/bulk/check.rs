//! Whether a scan of the world says what is true of it.

use super::Bulk;
use super::domain::{Defect, Domain, Signal};
use crate::grade::parts;
use anyhow::{Context, Result, ensure};
use arrow::array::{Array, AsArray};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// What of a scan is not true. Its `Display` is the report.
#[derive(Debug, Default)]
pub struct Checked {
    /// Rows.
    pub rows: u64,
    /// How many rows are false, by defect of the domain and by how, each with one domain.
    pub wrong: BTreeMap<String, (u64, String)>,
    /// How many of them are of domains that can be resolved.
    pub wrong_of_resolvable: u64,
}

impl Checked {
    /// How many rows are false.
    #[must_use]
    pub fn wrong(&self) -> u64 {
        self.wrong.values().map(|(count, _)| count).sum()
    }
}

impl std::fmt::Display for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (what, (count, example)) in &self.wrong {
            writeln!(f, "{what:<60} {count:>8}  {example}")?;
        }
        let (wrong, resolvable) = (self.wrong(), self.wrong_of_resolvable);
        writeln!(f, "{} rows, {wrong} false, {resolvable} of them of domains that can be resolved", self.rows)
    }
}

/// Holds the rows of a dataset against the world.
///
/// # Errors
/// Where the dataset cannot be read, or does not have each domain of the world once.
pub fn check(bulk: &Bulk, dataset: &Path) -> Result<Checked> {
    let mut checked = Checked::default();
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    for number in 0..bulk.domains {
        numbers.insert(bulk.name(&bulk.domain(number)), number);
    }
    for part in parts::list(&dataset.join("domains"))? {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&part)?)?;
        let mask =
            ProjectionMask::columns(reader.parquet_schema(), ["domain", "mx_dns", "sts_dns", "tlsrpt_dns"]);
        for batch in reader.with_projection(mask).build()? {
            let batch = batch?;
            let column =
                |name: &str| batch.column_by_name(name).with_context(|| format!("there is no column {name}"));
            let (names, mx) = (column("domain")?.as_string::<i32>(), column("mx_dns")?.as_string::<i32>());
            let (sts, tlsrpt) =
                (column("sts_dns")?.as_string::<i32>(), column("tlsrpt_dns")?.as_string::<i32>());
            for row in 0..batch.num_rows() {
                let name = names.value(row);
                let number = numbers
                    .remove(name)
                    .with_context(|| format!("{name} is there twice, or is none of ours"))?;
                let domain = bulk.domain(number);
                let found = [mx, sts, tlsrpt].map(|cells| cells.is_valid(row).then(|| cells.value(row)));
                let wanted = wanted(&domain);
                checked.rows += 1;
                let is_right = found.iter().zip(&wanted).all(|(found, wanted)| wanted.allows(*found));
                if !is_right {
                    checked.wrong_of_resolvable += u64::from(domain.is_resolvable());
                    let found = found.map(|cell| cell.unwrap_or("null")).join(" ");
                    let what = format!("{:?} {}: {found}", domain.defect, wanted.map(Wanted::text).join(" "));
                    checked.wrong.entry(what).or_insert_with(|| (0, name.to_owned())).0 += 1;
                }
            }
        }
    }
    ensure!(numbers.is_empty(), "{} domains have no row, {:?} first", numbers.len(), numbers.keys().next());
    Ok(checked)
}

/// What a column may hold.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    This(Option<&'static str>),
    /// Any word for a failure, or null where it was not asked for that.
    Failure,
}

impl Wanted {
    fn allows(self, found: Option<&str>) -> bool {
        match self {
            Self::This(wanted) => wanted == found,
            Self::Failure => matches!(found, None | Some("SERVFAIL" | "TIMEOUT" | "REFUSED")),
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::This(Some(word)) => word,
            Self::This(None) => "null",
            Self::Failure => "failure",
        }
    }
}

/// What the status of MX, `_mta-sts` and `_smtp._tls` is.
fn wanted(domain: &Domain) -> [Wanted; 3] {
    let this = |word| Wanted::This(Some(word));
    if domain.defect == Defect::Unregistered {
        return [this("NXDOMAIN"), Wanted::This(None), Wanted::This(None)];
    }
    if !domain.is_resolvable() {
        return [Wanted::Failure; 3];
    }
    let absent = if domain.is_wildcard { "NODATA" } else { "NXDOMAIN" };
    [
        this(if domain.has_mx { "NOERROR" } else { "NODATA" }),
        this(if domain.signals == Signal::No { absent } else { "NOERROR" }),
        this(if domain.has_tlsrpt { "NOERROR" } else { absent }),
    ]
}
