//! The scans of a report: what each manifest says, in full.

use crate::dataset::{Dataset, grouped};
use crate::report::figure::escape;
use serde_json::Value;

/// What a manifest says, first in words, then every line of it.
pub(super) fn section(dataset: &Dataset) -> String {
    let manifest = &dataset.manifest;
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let count = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_u64).map(grouped);
    let complete = if dataset.complete { "complete, judged" } else { "not complete" };
    let mut lines = vec![
        ("Begun", text("/started")),
        ("Ended", text("/ended")),
        ("State", Some(complete.to_owned())),
        ("Covers", Some(dataset.coverage())),
        ("Inputs", count("/sum/inputs")),
        ("Duplicates, excluded, invalid", joined(manifest, &["duplicates", "excluded", "invalid"])),
        ("Failed here, not reached", joined(manifest, &["failed_here", "not_reached"])),
        ("Program", text("/versions/tool")),
        ("Public Suffix List", text("/versions/public_suffix_list")),
        ("Trust store", text("/versions/trust_store")),
        ("Name in EHLO", text("/vantage/ehlo_name")),
        ("Resolver validates DNSSEC", manifest.pointer("/vantage/resolver_validates").map(yes_or_no)),
        ("IPv6 from here", manifest.pointer("/vantage/ipv6").map(yes_or_no)),
        ("MX hosts probed of", text("/plan/scan.starttls").map(|of| of.trim_matches('"').to_owned())),
        ("Seed", manifest.get("seed").map(Value::to_string)),
        ("Layout of the tables", text("/schema_version")),
    ];
    for list in manifest.get("lists").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| list.get(key).and_then(Value::as_str).unwrap_or("not stated");
        let entries = list.get("entries").and_then(Value::as_u64).map(grouped).unwrap_or_default();
        lines
            .push(("List", Some(format!("{}, {entries} entries, SHA-256 {}", text("name"), text("sha256")))));
    }
    if let Some(withheld) =
        manifest.get("withheld").and_then(Value::as_object).filter(|held| !held.is_empty())
    {
        lines.push((
            "Left out by the publisher",
            Some(withheld.keys().cloned().collect::<Vec<_>>().join(", ")),
        ));
    }
    let lines: String = lines
        .iter()
        .filter_map(|(label, value)| Some(format!("<dt>{label}</dt><dd>{}</dd>", escape(value.as_ref()?))))
        .collect();
    let whole = serde_json::to_string_pretty(manifest).unwrap_or_default();
    format!(
        "<h3>{}</h3><details class=\"query\"><summary>What its manifest says</summary><dl class=\"kv\">{lines}</dl>\
         <pre tabindex=\"0\">{}</pre></details>",
        escape(&dataset.scan),
        escape(&whole)
    )
}

fn joined(manifest: &Value, keys: &[&str]) -> Option<String> {
    let count = |key: &&str| manifest.pointer(&format!("/sum/{key}")).and_then(Value::as_u64).map(grouped);
    let counts: Option<Vec<String>> = keys.iter().map(count).collect();
    counts.map(|counts| counts.join(", "))
}

fn yes_or_no(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        _ => "not known".to_owned(),
    }
}
