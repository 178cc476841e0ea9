//! Shards of one scan are one dataset: those with the same plan, lists and seed, a folder for each.

use super::{Completeness, Dataset};
use crate::fault::Fault;
use crate::times::seconds;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Letters up to which a scan of several shards is called by all of them.
const LONGEST_NAME: usize = 48;

/// Which of how many a dataset is; `None` where it is the whole.
fn shard(dataset: &Dataset) -> Option<(u64, u64)> {
    let told = dataset.stated(&["shard"])?;
    let (at, of) = told.split_once('/')?;
    let shard = (at.parse().ok()?, of.parse().ok()?);
    (shard.1 > 1).then_some(shard)
}

/// What the shards of one scan share: how many they are, plan, lists and seed. Lists without a hash, as those
/// of standard input are, may be any lists: such a shard has the name of its own scan in it, and is alone.
fn plan_of(dataset: &Dataset, of: u64) -> String {
    let manifest = &dataset.manifest;
    let mut plan = manifest.get("plan").and_then(Value::as_object).cloned().unwrap_or_default();
    plan.remove("scan.shard");
    let lists = manifest.get("lists").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let hashes: Option<Vec<&str>> = lists.iter().map(|list| list.get("sha256")?.as_str()).collect();
    let lists = match hashes {
        Some(hashes) if !hashes.is_empty() => json!(hashes),
        _ => json!({ "unknown": dataset.dir }),
    };
    let trust = manifest.pointer("/versions/trust_store_sha256");
    json!([of, plan, lists, manifest.get("seed"), trust]).to_string()
}

fn began(dataset: &Dataset) -> f64 {
    dataset.stated(&["started"]).and_then(seconds).unwrap_or(f64::INFINITY)
}

/// Makes one dataset of the shards of each scan; the others stay as they are, in their order.
///
/// # Errors
/// A shard is missing, and `completeness` asks for all (usage).
pub(super) fn joined(datasets: Vec<Dataset>, completeness: Completeness) -> Result<Vec<Dataset>, Fault> {
    let mut whole: Vec<(usize, Dataset)> = Vec::new();
    let mut plans: BTreeMap<String, Vec<(usize, u64, u64, Dataset)>> = BTreeMap::new();
    for (place, dataset) in datasets.into_iter().enumerate() {
        match shard(&dataset) {
            Some((at, of)) => {
                plans.entry(plan_of(&dataset, of)).or_default().push((place, at, of, dataset));
            }
            None => whole.push((place, dataset)),
        }
    }
    for mut shards in plans.into_values() {
        // A plan may have run several times: a shard belongs to the newest run that lacks it.
        shards.sort_by(|one, other| began(&one.3).total_cmp(&began(&other.3)));
        let mut runs: Vec<BTreeMap<u64, Dataset>> = Vec::new();
        let (mut places, mut most) = (Vec::new(), 0);
        for (place, at, of, dataset) in shards {
            most = of;
            match runs.iter().rposition(|run| !run.contains_key(&at)) {
                Some(run) => {
                    runs[run].insert(at, dataset);
                    places[run] = place.min(places[run]);
                }
                None => {
                    runs.push(BTreeMap::from([(at, dataset)]));
                    places.push(place);
                }
            }
        }
        for (run, place) in runs.into_iter().zip(places) {
            whole.push((place, one_of(run, most, completeness)?));
        }
    }
    whole.sort_by_key(|(place, _)| *place);
    Ok(whole.into_iter().map(|(_, dataset)| dataset).collect())
}

/// One dataset of some shards of a run.
fn one_of(run: BTreeMap<u64, Dataset>, of: u64, completeness: Completeness) -> Result<Dataset, Fault> {
    let missing: Vec<String> =
        (1..=of).filter(|at| !run.contains_key(at)).map(|at| format!("{at}/{of}")).collect();
    let folders: Vec<String> = run.values().map(|shard| shard.dir.display().to_string()).collect();
    if !missing.is_empty() && completeness == Completeness::Required {
        return Err(Fault::Usage(format!(
            "{} {} shards of a scan in {of}: {} {} missing\n\
             hint: give the folders of all shards (of one plan, list and seed), or let the tables cover what is \
             there with `--partial`",
            folders.join(", "),
            if folders.len() == 1 { "is one of the" } else { "are some of the" },
            missing.join(", "),
            if missing.len() == 1 { "is" } else { "are" },
        )));
    }
    let shards: Vec<Dataset> = run.into_values().collect();
    let name = name_of(&shards);
    let complete = missing.is_empty() && shards.iter().all(|shard| shard.complete);
    let manifest = manifest_of(&shards, &name, complete, missing.is_empty());
    let mut shards = shards.into_iter();
    let Some(mut one) = shards.next() else {
        return Err(Fault::Local("a scan without a shard".to_owned()));
    };
    one.own_name &= one.scan == name;
    for shard in shards {
        one.shards += shard.shards;
        one.own_name = false;
        one.unknown.add(shard.unknown);
        for (table, parts) in shard.parts {
            one.parts.entry(table).or_default().extend(parts);
        }
        for (table, rows) in shard.rows {
            *one.rows.entry(table).or_default() += rows;
        }
    }
    Ok(Dataset { scan: name, manifest, complete, missing, ..one })
}

/// The name that one of them was given, or the names of all.
fn name_of(shards: &[Dataset]) -> String {
    if let Some(given) = shards.iter().find(|shard| !shard.own_name) {
        return given.scan.clone();
    }
    let mut names: Vec<&str> = shards.iter().map(|shard| shard.scan.as_str()).collect();
    names.dedup();
    match names.as_slice() {
        [first, rest @ ..] if names.join("+").chars().count() > LONGEST_NAME => {
            format!("{first}+{}", rest.len())
        }
        _ => names.join("+"),
    }
}

/// The manifest of the first, with the sums, the counts, the outages and the times of all.
fn manifest_of(shards: &[Dataset], name: &str, complete: bool, is_whole: bool) -> Value {
    let mut manifest =
        shards.first().and_then(|shard| shard.manifest.as_object()).cloned().unwrap_or_default();
    let each = |key: &'static str| shards.iter().filter_map(move |shard| shard.manifest.get(key));
    let texts = |key| each(key).filter_map(Value::as_str);
    let mut put = |key: &str, value: Value| drop(manifest.insert(key.to_owned(), value));
    put("started", json!(texts("started").min()));
    let ended = (texts("ended").count() == shards.len()).then(|| texts("ended").max()).flatten();
    put("ended", json!(ended));
    put("sum", added(each("sum")));
    put("counts", added(each("counts")));
    put("outages", each("outages").filter_map(Value::as_array).flatten().cloned().collect());
    for key in ["controls", "resolver_overload"] {
        if each(key).next().is_some() {
            let lists: Vec<Value> = each(key).filter_map(Value::as_array).flatten().cloned().collect();
            put(key, if lists.is_empty() { added(each(key)) } else { lists.into() });
        }
    }
    let withheld: Map<String, Value> = each("withheld")
        .filter_map(Value::as_object)
        .flatten()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !withheld.is_empty() {
        put("withheld", Value::Object(withheld));
    }
    put("scan", json!(name));
    put("complete", json!(complete));
    if is_whole {
        put("shard", json!("1/1"));
    }
    for key in ["parts", "digest"] {
        manifest.remove(key);
    }
    Value::Object(manifest)
}

/// The sum of numbers, and of objects of them member by member.
fn added<'v>(values: impl Iterator<Item = &'v Value>) -> Value {
    let mut numbers: Option<u64> = None;
    let mut members: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for value in values {
        if let Some(number) = value.as_u64() {
            numbers = Some(numbers.unwrap_or(0) + number);
        }
        for (key, member) in value.as_object().into_iter().flatten() {
            members.entry(key.clone()).or_default().push(member);
        }
    }
    match numbers {
        Some(sum) => json!(sum),
        None => members
            .into_iter()
            .map(|(key, each)| (key, added(each.into_iter())))
            .collect::<Map<_, _>>()
            .into(),
    }
}
