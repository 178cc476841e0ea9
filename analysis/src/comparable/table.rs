//! What differs between scans, as tables: `comparable`, and the columns of `scans` that say how a scan was
//! made.

use super::{Difference, Pair, family, lists, outages_pct, pairs, planned, resolution, shard, text, word};
use crate::dataset::Dataset;
use crate::fault::Fault;
use arrow::array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray};
use serde_json::Value;
use std::sync::Arc;

/// The table `comparable`: a row for each pair of scans.
///
/// # Errors
/// Arrow refuses it.
pub(crate) fn table(datasets: &[Dataset]) -> Result<RecordBatch, Fault> {
    let pairs = pairs(datasets);
    let column = |of: &dyn Fn(&Pair<'_>) -> Option<String>| -> ArrayRef {
        Arc::new(pairs.iter().map(of).collect::<StringArray>())
    };
    let told = |told: String| (!told.is_empty()).then_some(told);
    let flag = |of: &dyn Fn(&Pair<'_>) -> Option<bool>| -> ArrayRef {
        Arc::new(pairs.iter().map(of).collect::<BooleanArray>())
    };
    let warns = |of: &Difference| !of.is_blocking() && !of.is_unknown();
    RecordBatch::try_from_iter_with_nullable([
        ("from_scan", column(&|pair| Some(pair.before.scan.clone())), true),
        ("to_scan", column(&|pair| Some(pair.after.scan.clone())), true),
        ("neighbours", flag(&|pair| Some(pair.neighbours)), true),
        ("comparable", column(&|pair| Some(pair.verdict().to_owned())), true),
        ("blocking", column(&|pair| told(pair.told(Difference::is_blocking))), true),
        ("warning", column(&|pair| told(pair.told(warns))), true),
        ("unknown", column(&|pair| told(pair.untold())), true),
        ("touches", column(&|pair| told(pair.touches())), true),
        ("same_lists", flag(&|pair| pair.same_lists()), true),
    ])
    .map_err(|cause| Fault::engine("make the table comparable", cause))
}

/// The columns of the table `scans` that say how a scan was made: name, and a value for each dataset.
pub(crate) fn columns(datasets: &[Dataset]) -> Vec<(&'static str, ArrayRef)> {
    let column = |of: &dyn Fn(&Value) -> Option<String>| -> ArrayRef {
        Arc::new(datasets.iter().map(|dataset| of(&dataset.manifest)).collect::<StringArray>())
    };
    let away: Float64Array = datasets.iter().map(|dataset| outages_pct(&dataset.manifest)).collect();
    vec![
        ("tool", column(&|m| text(m, "/versions/tool"))),
        ("lists", column(&|m| lists(m, "name"))),
        ("lists_sha256", column(&|m| lists(m, "sha256"))),
        ("seed", column(&|m| word(m.get("seed")?))),
        ("shard", column(&shard)),
        ("sample", column(&|m| planned(m, "scan.sample", "1/1"))),
        ("trust_store_sha256", column(&|m| text(m, "/versions/trust_store_sha256"))),
        ("starttls_scope", column(&|m| planned(m, "scan.starttls", "adopters"))),
        ("resolution", column(&resolution)),
        ("validates", column(&|m| word(m.pointer("/vantage/resolver_validates")?))),
        ("family", column(&family)),
        ("vantage", column(&|m| text(m, "/vantage/ehlo_name"))),
        ("pace", column(&rates)),
        ("outages_pct", Arc::new(away)),
    ]
}

/// The rates of a scan in a few words.
fn rates(manifest: &Value) -> Option<String> {
    let manners = manifest.get("manners")?;
    let rate = |name: &str| Some(format!("{name} {}/s", word(manners.get(format!("pace.{name}_rate"))?)?));
    let rates: Vec<String> = ["dns", "https", "smtp"].into_iter().filter_map(rate).collect();
    (!rates.is_empty()).then(|| rates.join(" "))
}
