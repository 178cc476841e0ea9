//! What a manifest says against the rows beside it.

use crate::dataset::grouped;
use serde_json::Value;

/// A sentence for each thing by which rows of a scan may be false.
pub(super) fn doubts(scan: &str, manifest: &Value) -> Vec<String> {
    let mut doubts = Vec::new();
    let count = |key: &str| manifest.pointer(&format!("/resolver_overload/{key}")).and_then(Value::as_u64);
    if let (Some(failed), Some(questions)) = (count("failed"), count("questions")) {
        #[allow(clippy::cast_precision_loss, reason = "a share is shown with one decimal")]
        let percent = 100.0 * failed as f64 / questions.max(1) as f64;
        doubts.push(format!(
            "{scan}: its resolvers had more questions than they bear: {percent:.1} % ({} of {}) were refused or failed \
             so, and rows may be false.",
            grouped(failed),
            grouped(questions)
        ));
    }
    // The scanner writes it of pauses in which the DNS said what is not so.
    let why = |outage: &Value| outage.get("why").and_then(Value::as_str).map(str::to_owned);
    let outages = manifest.get("outages").and_then(Value::as_array).into_iter().flatten();
    let lies = outages.filter_map(why).filter(|why| why.contains("rows since "));
    doubts.extend(lies.map(|why| format!("{scan} was paused: {why}.")));
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_overload_and_a_resolver_that_lied_are_told_and_an_outage_is_not() {
        let away = json!({ "at": "", "seconds": 3.0, "why": "no resolver answers" });
        let lie =
            json!({ "at": "", "seconds": 3.0, "why": "0 of 6 names signal; rows since noon may be false" });
        let told = doubts(
            "a",
            &json!({ "outages": [away, lie], "resolver_overload": { "failed": 1_234, "questions": 10_000 } }),
        );
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().any(|told| told.contains("12.3 % (1,234 of 10,000)")), "{told:?}");
        assert!(told.iter().any(|told| told.ends_with("rows since noon may be false.")), "{told:?}");
        assert!(doubts("a", &json!({ "outages": [] })).is_empty());
    }
}
