//! Whether the numbers of two scans may be compared: what differs between the instruments, by their
//! manifests. A world seen through another trust store is not another world.

mod table;

use crate::dataset::Dataset;
use crate::times::seconds;
use serde_json::Value;

pub(crate) use table::{columns, table};

/// What a difference does to a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// No change between the two is one of the world.
    Blocking,
    /// Changes may be those of the instrument.
    Warning,
}

/// Something that scans are compared by.
#[derive(Debug)]
pub struct Aspect {
    /// Its name, for messages and the table `comparable`.
    pub name: &'static str,
    /// What a difference does.
    pub weight: Weight,
    /// The tables that a difference touches; empty: all of them.
    pub touches: &'static [&'static str],
    read: fn(&Value) -> Option<String>,
}

/// Tables that hang on what a policy host or an MX host did.
const OF_HOSTS: &[&str] = &[
    "error-series",
    "transitions",
    "transition-domains",
    "flows",
    "survival",
    "certificate-rollovers",
    "mx-rollovers",
    "jumps",
];
/// Those that hang on the MX hosts' answers.
const OF_MX: &[&str] = &[
    "error-series",
    "transitions",
    "transition-domains",
    "flows",
    "survival",
    "certificate-rollovers",
    "jumps",
];

/// Everything that scans are compared by. The lists are not among it: tables over time tell the names that
/// are in both apart.
pub const ASPECTS: [Aspect; 13] = [
    aspect("layout", Weight::Blocking, &[], layout),
    aspect("trust store", Weight::Blocking, OF_HOSTS, |m| text(m, "/versions/trust_store_sha256")),
    aspect("starttls", Weight::Blocking, OF_MX, |m| planned(m, "scan.starttls", "adopters")),
    aspect("resolution", Weight::Blocking, &[], resolution),
    aspect("validation", Weight::Blocking, &[], |m| word(m.pointer("/vantage/resolver_validates")?)),
    aspect("family", Weight::Blocking, OF_HOSTS, family),
    aspect("shard", Weight::Blocking, &[], shard),
    aspect("sample", Weight::Blocking, &[], |m| planned(m, "scan.sample", "1/1")),
    aspect("vantage", Weight::Warning, OF_HOSTS, |m| text(m, "/vantage/ehlo_name")),
    aspect("tool", Weight::Warning, &[], |m| text(m, "/versions/tool")),
    aspect("pace", Weight::Warning, OF_HOSTS, |m| settings(m.get("manners")?, &["pace."])),
    aspect("plan", Weight::Warning, OF_HOSTS, |m| settings(m.get("plan")?, PLANNED)),
    aspect("outages", Weight::Warning, OF_HOSTS, |_| None),
];

/// The settings of a plan that say how hard a scan looks, and have no aspect of their own.
const PLANNED: &[&str] = &["deadlines.", "scan.addresses_per_host", "scan.implicit_mx", "scan.second_look"];

/// Percent of a scan's time without a network from which a comparison warns.
const MOST_OUTAGES: f64 = 1.0;

const fn aspect(
    name: &'static str,
    weight: Weight,
    touches: &'static [&'static str],
    read: fn(&Value) -> Option<String>,
) -> Aspect {
    Aspect { name, weight, touches, read }
}

fn text(manifest: &Value, pointer: &str) -> Option<String> {
    manifest.pointer(pointer)?.as_str().map(str::to_owned)
}

/// A setting's value as it would be typed.
fn word(value: &Value) -> Option<String> {
    let shown = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(shown.trim_matches('"').to_owned())
}

/// A setting of the plan. A plan that does not have it is of a program that had only what is `usual` now.
fn planned(manifest: &Value, key: &str, usual: &str) -> Option<String> {
    let plan = manifest.get("plan")?.as_object()?;
    match plan.get(key) {
        Some(value) => word(value),
        None => plan.contains_key("scan.starttls").then(|| usual.to_owned()),
    }
}

/// The fraction of its list that a scan is a random sample of, as `1/100`; `None` where it is the whole.
#[must_use]
pub fn sample_of(manifest: &Value) -> Option<String> {
    planned(manifest, "scan.sample", "1/1").filter(|sample| sample != "1/1")
}

/// The settings whose names begin so, one after the other; `None` where there is none.
fn settings(of: &Value, begin: &[&str]) -> Option<String> {
    let settings = of.as_object()?.iter();
    let settings = settings.filter(|(key, _)| begin.iter().any(|begin| key.starts_with(begin)));
    let all: Vec<String> =
        settings.map(|(key, value)| format!("{key}={}", word(value).unwrap_or_default())).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// The major version of the tables' layout.
fn layout(manifest: &Value) -> Option<String> {
    text(manifest, "/schema_version")?.split('.').next().map(str::to_owned)
}

/// Programs that knew resolvers only did not write it.
fn resolution(manifest: &Value) -> Option<String> {
    let vantage = manifest.get("vantage")?.as_object()?;
    match vantage.get("resolution") {
        Some(value) => word(value),
        None => vantage.contains_key("resolvers").then(|| "forwarding".to_owned()),
    }
}

/// The address families that the machine had.
fn family(manifest: &Value) -> Option<String> {
    let ipv6 = manifest.pointer("/vantage/ipv6")?.as_bool()?;
    Some(if ipv6 { "IPv4 and IPv6" } else { "IPv4 alone" }.to_owned())
}

fn shard(manifest: &Value) -> Option<String> {
    text(manifest, "/shard").or_else(|| planned(manifest, "scan.shard", "1/1"))
}

/// Percent of a scan's time in which its network was away; `None` where the manifest does not say.
fn outages_pct(manifest: &Value) -> Option<f64> {
    let outages = manifest.get("outages")?.as_array()?;
    // Not by `sum`, whose nothing is a negative zero.
    let away =
        outages.iter().filter_map(|outage| outage.get("seconds")?.as_f64()).fold(0.0, |all, one| all + one);
    let at = |key: &str| seconds(manifest.get(key)?.as_str()?);
    let whole = at("ended")? - at("started")?;
    Some(if whole > 0.0 { 100.0 * away / whole } else { 0.0 })
}

/// One thing in which two scans differ, or may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The aspect's name.
    pub name: &'static str,
    /// What it does to a comparison.
    pub weight: Weight,
    /// What it is in either scan; `None` where the manifest does not tell.
    pub between: [Option<String>; 2],
    /// The tables that it touches; empty: all of them.
    pub touches: &'static [&'static str],
}

impl Difference {
    /// Whether one of the manifests does not tell: the scans may differ or not.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.between.iter().any(Option::is_none)
    }

    /// Whether no change between the two scans is one of the world.
    #[must_use]
    pub fn is_blocking(&self) -> bool {
        self.weight == Weight::Blocking && !self.is_unknown()
    }

    /// In words: `trust store 24a5cd6a… > 9f86d081…`.
    #[must_use]
    pub fn told(&self) -> String {
        let shown = |value: &Option<String>| match value.as_deref() {
            None => "unknown".to_owned(),
            Some(long) if long.chars().count() > MOST_SHOWN => long.chars().take(8).chain(['…']).collect(),
            Some(short) => short.to_owned(),
        };
        let [before, after] = &self.between;
        match (self.weight, self.name) {
            // Their values are long lists.
            (Weight::Warning, "pace" | "plan") => self.name.to_owned(),
            _ => format!("{} {} > {}", self.name, shown(before), shown(after)),
        }
    }
}

/// Letters of a value that are shown whole.
const MOST_SHOWN: usize = 40;

/// In what two scans differ, by their manifests, in the order of [`ASPECTS`].
#[must_use]
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let differs = |aspect: &Aspect| {
        let between = match aspect.name {
            "outages" => {
                let away = [outages_pct(before), outages_pct(after)];
                // A manifest without the list is of a program that had no pauses.
                if away.iter().flatten().all(|pct| *pct <= MOST_OUTAGES) {
                    return None;
                }
                away.map(|pct| Some(format!("{:.1} %", pct.unwrap_or(0.0))))
            }
            _ => [(aspect.read)(before), (aspect.read)(after)],
        };
        let same = between[0].is_some() && between[0] == between[1];
        (!same).then_some(Difference {
            name: aspect.name,
            weight: aspect.weight,
            between,
            touches: aspect.touches,
        })
    };
    ASPECTS.iter().filter_map(differs).collect()
}

/// Whether changes between two scans may be taken for changes of the world: nothing that blocks differs.
#[must_use]
pub fn may_be_compared(before: &Value, after: &Value) -> bool {
    !differences(before, after).iter().any(Difference::is_blocking)
}

/// When a scan began, seconds since 1970; those that do not say come last.
fn began(dataset: &Dataset) -> f64 {
    dataset.stated(&["started", "start"]).and_then(seconds).unwrap_or(f64::INFINITY)
}

/// Of some scans the nearest one before `of` with which it may be compared: what changed since is a change of
/// the world. `None` where there is none. Another scan of the same name is not looked at.
#[must_use]
pub fn nearest<'d>(of: &Dataset, among: &'d [Dataset]) -> Option<&'d Dataset> {
    let earlier = among.iter().filter(|other| other.scan != of.scan && began(other) < began(of));
    let fit = earlier.filter(|other| may_be_compared(&other.manifest, &of.manifest));
    fit.max_by(|one, other| began(one).total_cmp(&began(other)))
}

/// A pair of scans, the earlier first.
#[derive(Debug)]
pub struct Pair<'d> {
    /// The earlier one.
    pub before: &'d Dataset,
    /// The later one.
    pub after: &'d Dataset,
    /// Whether no other scan lies between them.
    pub neighbours: bool,
    /// In what they differ.
    pub differences: Vec<Difference>,
}

impl Pair<'_> {
    /// The differences of a kind in words, joined by semicolons.
    #[must_use]
    pub fn told(&self, of: impl Fn(&Difference) -> bool) -> String {
        let told = self.differences.iter().filter(|difference| of(difference)).map(Difference::told);
        told.collect::<Vec<_>>().join("; ")
    }

    /// Whether changes between them may be taken for changes of the world.
    #[must_use]
    pub fn may_be_compared(&self) -> bool {
        !self.differences.iter().any(Difference::is_blocking)
    }

    /// The names of what the manifests do not tell, joined by semicolons.
    #[must_use]
    pub fn untold(&self) -> String {
        let names = self.differences.iter().filter(|difference| difference.is_unknown());
        names.map(|difference| difference.name).collect::<Vec<_>>().join("; ")
    }

    fn verdict(&self) -> &'static str {
        match self.differences.as_slice() {
            [] => "yes",
            _ if self.may_be_compared() => "with care",
            _ => "no",
        }
    }

    fn touches(&self) -> String {
        let mut named: Vec<&str> = Vec::new();
        for difference in &self.differences {
            if difference.touches.is_empty() {
                return "all".to_owned();
            }
            named.extend(difference.touches);
        }
        let mut once: Vec<&str> = Vec::new();
        named.into_iter().for_each(|name| {
            if !once.contains(&name) {
                once.push(name);
            }
        });
        once.join(" ")
    }

    /// Whether both scans are of the same lists; `None` where a manifest has no hash of one.
    fn same_lists(&self) -> Option<bool> {
        let lists = |dataset: &Dataset| lists(&dataset.manifest, "sha256");
        Some(lists(self.before)? == lists(self.after)?)
    }
}

/// All pairs of scans in the order of their beginnings.
#[must_use]
pub fn pairs(datasets: &[Dataset]) -> Vec<Pair<'_>> {
    let mut ordered: Vec<&Dataset> = datasets.iter().collect();
    ordered.sort_by(|one, other| began(one).total_cmp(&began(other)).then_with(|| one.scan.cmp(&other.scan)));
    let mut pairs = Vec::new();
    for (at, after) in ordered.iter().enumerate() {
        for (earlier, before) in ordered[..at].iter().enumerate() {
            pairs.push(Pair {
                before,
                after,
                neighbours: earlier + 1 == at,
                differences: differences(&before.manifest, &after.manifest),
            });
        }
    }
    pairs
}

/// One member of each list of a manifest, joined by spaces; `None` where one lacks it.
fn lists(manifest: &Value, key: &str) -> Option<String> {
    let lists = manifest.get("lists")?.as_array()?;
    let told: Option<Vec<&str>> = lists.iter().map(|list| list.get(key)?.as_str()).collect();
    told.map(|told| told.join(" "))
}

#[cfg(test)]
mod tests;
