//! Weights of names, out of a file: the column `weight` of `domains`, in a set of tables of its own.

use super::Tables;
use crate::fault::Fault;
use crate::query::Query;
use crate::render::Answer;
use crate::weight::{self, Weight};
use arrow::array::{Array, AsArray, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use datafusion::prelude::{CsvReadOptions, SessionConfig, SessionContext, ident};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

/// The type of a weight: whole numbers of less than [`BITS`] bits. Sums of them are exact, so that what is
/// left over by subtraction is nothing where it should be, and have room for more names than there are.
const TYPE: DataType = DataType::Decimal128(28, 0);

/// The greatest weight has at most this many bits, and others in proportion: one with less than 2^-90 of it
/// weighs nothing.
const BITS: i32 = 90;

/// The rows of `domains` without their weights.
const BARE: &str = "unweighted_domains";

/// A set of tables in which names have weights.
pub(super) struct Weighted {
    tables: Tables,
    notes: Vec<String>,
}

impl Weighted {
    /// What an answer of weighted tables says beside its numbers.
    pub(super) async fn of(tables: Tables, weight: &Weight) -> Result<Self, Fault> {
        let file = weight.shown();
        let sql = format!(
            "SELECT domains.scan, count(*) FILTER (WHERE weights.name IS NULL) AS absent, count(*) AS names
            FROM {BARE} AS domains LEFT JOIN weights ON weights.name = domains.domain
            GROUP BY domains.scan ORDER BY domains.scan"
        );
        let engine = |cause: &dyn std::fmt::Display| Fault::engine("count weights", cause);
        let (_, batches) = tables.engine.collect(&sql).await.map_err(|cause| engine(&cause))?;
        let mut absent = Vec::new();
        for batch in &batches {
            let scans = cast(batch.column(0), &DataType::Utf8).map_err(|cause| engine(&cause))?;
            let counts = |at: usize| batch.column(at).as_any().downcast_ref::<Int64Array>().cloned();
            let (Some(none), Some(names)) = (counts(1), counts(2)) else { continue };
            let each = scans.as_string::<i32>().iter().flatten().zip(none.values()).zip(names.values());
            absent.extend(each.map(|((scan, absent), names)| format!("{absent} of {names} in {scan}")));
        }
        let told = format!(
            "shares are weighted by {} of {file}; counts, and whether they are small, are of names",
            weight.column
        );
        let absent = format!("names that are not in {file} weigh 0: {}", absent.join(", "));
        Ok(Self { tables, notes: vec![told, absent] })
    }

    /// Puts the shares of weights into an answer.
    pub(super) async fn weigh(&mut self, answer: &mut Answer) -> Result<(), Fault> {
        weight::check(&answer.query)?;
        let query = Query { sql: weight::weighted(&answer.query.sql), ..answer.query.clone() };
        weight::merge(answer, &self.tables.ask(&query).await?)?;
        answer.notes.extend(self.notes.iter().cloned());
        Ok(())
    }
}

impl Tables {
    /// The text of a view as these tables have it.
    pub(super) fn text<'sql>(&self, sql: &'sql str) -> Cow<'sql, str> {
        if self.is_weighted { weight::weighted(sql).into() } else { sql.into() }
    }

    /// Registers the rows of `domains` with their weights under this name.
    pub(super) async fn register_weighted(&self, weights: RecordBatch, called: &str) -> Result<(), Fault> {
        self.engine.register_batch("weights", weights)?;
        self.register_parts("domains", BARE).await?;
        let sql = format!(
            "SELECT domains.*, coalesce(weights.weight, CAST(0 AS DECIMAL(28, 0))) AS weight
            FROM {BARE} AS domains LEFT JOIN weights ON weights.name = domains.domain"
        );
        self.engine.stand_for(called, &sql).await
    }
}

/// Reads the names of a file and their weights.
pub(super) async fn read(weight: &Weight) -> Result<RecordBatch, Fault> {
    let path = &weight.file;
    let usage = |cause: String| Fault::Usage(format!("--weight {}: {cause}", path.display()));
    File::open(path).map_err(|cause| usage(cause.to_string()))?;
    let of_engine = |cause: datafusion::error::DataFusionError| usage(cause.strip_backtrace());
    // The rows in their order, every column as text: what is no number is to be named.
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    let shown = path.to_string_lossy();
    let options = || CsvReadOptions::new().file_extension("");
    let frame = context.read_csv(shown.as_ref(), options()).await.map_err(of_engine)?;
    let titles: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let domain = titles.iter().find(|title| *title == "domain").or_else(|| titles.first());
    let column = titles.iter().find(|title| **title == weight.column);
    let (Some(domain), Some(column)) = (domain, column) else {
        return Err(usage(format!("no column {}; it has {}", weight.column, titles.join(", "))));
    };
    let fields: Vec<Field> = titles.iter().map(|title| Field::new(title, DataType::Utf8, true)).collect();
    let schema = Schema::new(fields);
    let frame = context.read_csv(shown.as_ref(), options().schema(&schema)).await.map_err(of_engine)?;
    let frame = frame.select(vec![ident(domain).alias("name"), ident(column).alias("weight")]);
    let batches = frame.map_err(of_engine)?.collect().await.map_err(of_engine)?;
    let mut names = Vec::new();
    let mut numbers = Vec::new();
    for batch in &batches {
        let texts =
            |at: usize| cast(batch.column(at), &DataType::Utf8).map_err(|cause| usage(cause.to_string()));
        let (domains, texts) = (texts(0)?, texts(1)?);
        for (name, text) in domains.as_string::<i32>().iter().zip(texts.as_string::<i32>()) {
            let name = name.map(str::trim).filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| usage(format!("row {} has no name", names.len() + 1)))?;
            let text = text.unwrap_or_default().trim();
            let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
            let not = || usage(format!("the {column} of {name} is `{text}`, must be a number from 0 on"));
            numbers.push(number.ok_or_else(not)?);
            names.push(name.to_ascii_lowercase());
        }
    }
    let mut once = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !once.insert(name.as_str())) {
        return Err(usage(format!("{twice} stands in it twice")));
    }
    batch(&names, &numbers).map_err(|cause| Fault::engine("hold the weights", cause))
}

fn batch(names: &[String], numbers: &[f64]) -> Result<RecordBatch, ArrowError> {
    let names: StringArray = names.iter().map(Some).collect();
    let whole: Decimal128Array = whole(numbers).into_iter().map(Some).collect();
    let whole = whole.with_data_type(TYPE);
    let fields = [Field::new("name", names.data_type().clone(), true), Field::new("weight", TYPE, true)];
    RecordBatch::try_new(Arc::new(Schema::new(fields.to_vec())), vec![Arc::new(names), Arc::new(whole)])
}

/// Weights as whole numbers in the same proportions: times a power of two, so that no digit is lost.
#[allow(clippy::cast_possible_truncation, reason = "of 90 bits, and of an exponent below 1100")]
fn whole(numbers: &[f64]) -> Vec<i128> {
    let greatest = numbers.iter().copied().fold(0.0, f64::max);
    let times = if greatest > 0.0 { BITS - 1 - greatest.log2().ceil() as i32 } else { 0 };
    // In two steps: 2 to that may be more than a number of 64 bits holds.
    let (first, second) = (2_f64.powi(times / 2), 2_f64.powi(times - times / 2));
    numbers.iter().map(|number| (number * first * second).round() as i128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_keep_their_proportions_exactly_whatever_their_size() {
        // Powers of two, so that three times one is exact; the last is the least number that there is.
        for scale in [1.0, 2_f64.powi(1000), 2_f64.powi(-1000), 5e-324] {
            let found = whole(&[scale, 3.0 * scale, 0.0]);
            assert!(found[0] > 1 << 80 && found[1] == 3 * found[0] && found[2] == 0, "{scale}: {found:?}");
            assert!(found[1] < 1 << BITS);
        }
        let found = whole(&[0.1, 0.2, 1.0]);
        assert_eq!(found[1], 2 * found[0]);
        assert_eq!(whole(&[0.0, 0.0]), [0, 0]);
        assert!(whole(&[f64::MAX])[0] < 1 << BITS);
    }
}
