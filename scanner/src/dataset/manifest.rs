//! `manifest.json`: what was planned, by whom and with what, and what became of it.

use super::columns::SCHEMA_VERSION;
use super::content::Parts;
use crate::tls::certificate::sha256_hex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Name of the manifest in the dataset's folder.
pub const MANIFEST: &str = "manifest.json";

/// Everything that a reader must know about a scan beside its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the tables' layout.
    pub schema_version: String,
    /// Name of the scan, as in the column `scan`.
    pub scan: String,
    /// True only where every name of the list has its row (or its count below) and the dataset is assessed.
    pub complete: bool,
    /// What made it.
    pub versions: Versions,
    /// When the first run began, RFC 3339.
    pub started: String,
    /// When the last run ended; `None` while it runs or after a crash.
    pub ended: Option<String>,
    /// The lists.
    pub lists: Vec<ListFacts>,
    /// Seed of order and sampling.
    pub seed: u64,
    /// Shard `i/n`.
    pub shard: String,
    /// The part of the plan that gives the data its meaning.
    pub plan: Value,
    /// The part that is manners, as it was last.
    pub manners: Value,
    /// Budgets that the machine of the last run did not bear, as planned and as they were: `ulimit -n`.
    #[serde(default)]
    pub lowered: BTreeMap<String, (u64, u64)>,
    /// Runs after the first, with what of the manners was changed.
    pub resumed: Vec<Resumed>,
    /// Where it was seen from.
    pub vantage: Vantage,
    /// Times, of all runs, in which this machine's network was away and the scan was paused.
    #[serde(default)]
    pub outages: Vec<Outage>,
    /// What the controls showed, in all runs; empty where the plan has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<ControlSeen>,
    /// Where one question of a hundred, or more, failed because the resolvers were asked too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver_overload: Option<Overloaded>,
    /// The sum of inputs; `None` before a run has ended.
    pub sum: Option<Sum>,
    /// What was excluded: how much, never what.
    #[serde(default)]
    pub exclusions: ExclusionsSeen,
    /// Counts by outcome, by column; empty before the dataset is assessed.
    pub counts: BTreeMap<String, BTreeMap<String, u64>>,
    /// What the judgement was drawn with; `None` before the dataset is assessed.
    #[serde(default)]
    pub judgement: Option<Judgement>,
    /// Every part of the tables, from the end of the scan on; `None` before, and where an older version wrote
    /// it. Parts of `assessments` are among them once the dataset is assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
    /// SHA-256 over what decides what the dataset says ([`SEALED`]); written with `parts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// The keys that `digest` covers: the object of these keys, sorted, without white space.
pub const SEALED: [&str; 8] =
    ["complete", "counts", "lists", "parts", "scan", "schema_version", "started", "sum"];

/// The digest of a manifest.
fn digest(manifest: &Value) -> io::Result<String> {
    let sealed: BTreeMap<&str, &Value> =
        SEALED.into_iter().filter_map(|key| Some((key, manifest.get(key)?))).collect();
    Ok(sha256_hex(&serde_json::to_vec(&sealed)?))
}

/// What the exclusion files of the last run held, and what it left alone because of them; nothing is named,
/// and nothing is hashed, since hashes of names can be looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionsSeen {
    /// Entries at the start of the run and after each change of a file; empty where there was no file.
    pub listed: Vec<ExclusionCounts>,
    /// Distinct policy hosts that were left alone, siblings for control among them.
    pub policy_hosts: u64,
    /// Distinct MX hosts that were left alone. Domains are in the sum of inputs.
    pub mx_hosts: u64,
    /// Distinct addresses that were left alone.
    pub addresses: u64,
}

/// How many entries exclusion files had from some time on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionCounts {
    /// RFC 3339.
    pub at: String,
    /// Domains, suffixes and hosts.
    pub names: u64,
    /// Address blocks; those that touch are one.
    pub blocks: u64,
}

/// What a judgement was drawn with, beside the evidence.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judgement {
    /// The program.
    pub tool: String,
    /// SHA-256 over the trusted roots that incomplete chains were told by; `None` where the dataset does not
    /// hold them.
    pub trust_store_sha256: Option<String>,
    /// The file of further intermediate certificates; `None` where none was given.
    pub intermediates: Option<FileFacts>,
}

/// A file that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// As it was given.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// What made a dataset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Versions {
    /// The scanner's.
    pub tool: String,
    /// The crate that holds the Public Suffix List.
    pub public_suffix_list: String,
    /// Where the trusted roots came from, and their version.
    pub trust_store: String,
    /// SHA-256 over the trusted roots.
    pub trust_store_sha256: String,
    /// When the file, or the newest of the system's files, was last changed, RFC 3339; `None` for the
    /// built-in roots, which the version of their crate dates.
    #[serde(default)]
    pub trust_store_date: Option<String>,
    /// Roots of the source that were left out, as they had expired or were not valid yet when the scan began;
    /// `None` where an older version wrote it, which left out none.
    #[serde(default)]
    pub trust_store_dropped: Option<u64>,
}

/// One list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFacts {
    /// Its name, as in the column `lists`.
    pub name: String,
    /// As it was given on the command line, for a resume; `None` once the scan is complete, since it says
    /// where things are on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// SHA-256 of the file, of a folder that of its files one after the other; `None` for standard input.
    pub sha256: Option<String>,
    /// Entries in it; `None` for standard input.
    pub entries: Option<u64>,
    /// What it is written in, for example `CSV in gzip`; this and what follows is `None` before a run has
    /// ended, and where an older version wrote it.
    #[serde(default)]
    pub format: Option<String>,
    /// Where the names were taken from.
    #[serde(default)]
    pub names: Option<String>,
    /// Where the ranks were taken from; `None` where the list has none.
    #[serde(default)]
    pub ranks: Option<String>,
    /// Entries that are no domain name, by reason.
    #[serde(default)]
    pub rejected: Option<BTreeMap<String, u64>>,
    /// Names from which `*.` was taken off.
    #[serde(default)]
    pub wildcards: Option<u64>,
    /// Names without a rank in a list that has ranks.
    #[serde(default)]
    pub unranked: Option<u64>,
    /// Names that came with their name servers, which were asked then; none where resolvers were asked.
    /// `None` before the list is read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub delegated: Option<u64>,
}

/// A run after the first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resumed {
    /// When it began, RFC 3339.
    pub at: String,
    /// Settings that changed: key, value before and after.
    pub changed: BTreeMap<String, (Value, Value)>,
}

/// A time without the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outage {
    /// When it was noticed, RFC 3339.
    pub at: String,
    /// How long the scan was paused, seconds.
    pub seconds: f64,
    /// What was noticed.
    pub why: String,
}

/// What one control showed: a name that is known to signal, or one below `com` that cannot exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlSeen {
    /// When its round began, RFC 3339.
    pub at: String,
    /// The name.
    pub name: String,
    /// `signals`, or the status of the answer; that of the name that cannot exist has to be NXDOMAIN.
    pub outcome: String,
    /// Which of several resolvers was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
}

/// How much failed because the resolvers were asked too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overloaded {
    /// Questions that something came of.
    pub questions: u64,
    /// Those among them that were refused, or failed while the resolver was overloaded, at one of their
    /// tries.
    pub failed: u64,
}

impl Overloaded {
    /// So much of so many; `None` where it is less than one of a hundred. While a scan goes on more may have
    /// failed than something came of yet, since they are asked again: they are questions too.
    #[must_use]
    pub fn of(failed: u64, questions: u64) -> Option<Self> {
        let questions = questions.max(failed);
        (failed > 0 && failed.saturating_mul(100) >= questions).then_some(Self { questions, failed })
    }

    /// Percent of the questions.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a share is shown with one decimal")]
    pub fn percent(self) -> f64 {
        100.0 * self.failed as f64 / self.questions.max(1) as f64
    }

    /// That of two runs.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { questions: self.questions + other.questions, failed: self.failed + other.failed }
    }
}

/// Where a scan was seen from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vantage {
    /// The machine's EHLO name.
    pub ehlo_name: String,
    /// Resolvers that answered at the start.
    pub resolvers: Vec<String>,
    /// Whether all of them set AD on the root's SOA, that is, validate DNSSEC.
    pub resolver_validates: bool,
    /// Who was asked; `None` in datasets of programs that knew resolvers only, which is forwarding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Whether there is a route to the IPv6 Internet.
    pub ipv6: bool,
    /// Whether MX hosts can be contacted: true, false, or `None` where nothing was there to find it out by.
    pub smtp: Option<bool>,
}

/// Who answered questions to the DNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// The authoritative servers themselves.
    Iterating,
    /// Recursive resolvers.
    Forwarding,
}

impl Resolution {
    /// That of a client that asks authoritative servers, or does not.
    #[must_use]
    pub const fn of(is_iterating: bool) -> Self {
        if is_iterating { Self::Iterating } else { Self::Forwarding }
    }

    /// As the manifest has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iterating => "iterating",
            Self::Forwarding => "forwarding",
        }
    }
}

/// What became of the inputs: `inputs` is the sum of all the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Entries of the lists.
    pub inputs: u64,
    /// Rows of `domains`.
    pub rows: u64,
    /// Names that came before.
    pub duplicates: u64,
    /// Names in an exclusion file.
    pub excluded: u64,
    /// Entries that are no domain name.
    pub invalid: u64,
    /// Names of other shards, and names that are not of the sample.
    pub other_shards: u64,
    /// Names for which this machine failed.
    pub failed_here: u64,
    /// Names that the scan did not come to.
    pub not_reached: u64,
}

impl Sum {
    /// Whether the parts add up to the inputs.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.inputs
            == self.rows
                + self.duplicates
                + self.excluded
                + self.invalid
                + self.other_shards
                + self.failed_here
                + self.not_reached
    }
}

impl Manifest {
    /// The layout that this program writes.
    #[must_use]
    pub fn current_schema() -> String {
        SCHEMA_VERSION.to_owned()
    }

    /// Reads the manifest of a dataset.
    ///
    /// # Errors
    /// There is none, or it is none of ours.
    pub fn read(dataset: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(dataset.join(MANIFEST))?;
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{MANIFEST}: {why}"));
        let value: Value = serde_json::from_str(&text).map_err(|e| invalid(e.to_string()))?;
        if value.get("digest").is_some_and(|told| digest(&value).ok().as_deref() != told.as_str()) {
            let keys = SEALED.join(", ");
            return Err(invalid(format!(
                "it was changed after it was written (one of {keys}): restore it from a copy"
            )));
        }
        let manifest: Self = serde_json::from_value(value).map_err(|e| invalid(e.to_string()))?;
        let major = |version: &str| version.split('.').next().unwrap_or_default().to_owned();
        if major(&manifest.schema_version) != major(SCHEMA_VERSION) {
            let found = &manifest.schema_version;
            return Err(invalid(format!("layout {found}, but this program reads {SCHEMA_VERSION}")));
        }
        Ok(manifest)
    }

    /// Replaces the manifest of a dataset; a crash leaves the old one or the new one.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, dataset: &Path) -> io::Result<()> {
        let unfinished = dataset.join(format!("{MANIFEST}.tmp"));
        let mut sealed = self.clone();
        sealed.digest = self.parts.as_ref().map(|_| digest(&serde_json::to_value(self)?)).transpose()?;
        let mut file = File::create(&unfinished)?;
        serde_json::to_writer_pretty(&file, &sealed)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&unfinished, dataset.join(MANIFEST))?;
        File::open(dataset)?.sync_all()
    }
}
