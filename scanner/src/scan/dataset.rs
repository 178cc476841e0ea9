//! The dataset's folder at the start of a run: made new, or brought back to what was committed.

use super::preflight::Prepared;
use super::renumbered;
use crate::dataset::columns::{CERTIFICATES, DOMAINS, EVIDENCE, MX_HOSTS, column};
use crate::dataset::commits::{self, Commit, CommitLog};
use crate::dataset::layout::Layout;
use crate::dataset::lock::WORKING;
use crate::dataset::manifest::{ExclusionsSeen, ListFacts, Manifest, Resolution, Resumed, Vantage, Versions};
use crate::dataset::ranges::Positions;
use crate::dataset::read;
use crate::dataset::recover::recover;
use crate::dataset::view::{View as _, view};
use crate::dataset::whole::PartList;
use crate::dataset::writer::DatasetWriter;
use crate::dictionary;
use crate::error::ScanError;
use crate::input::{ListSpec, Options};
use crate::moment;
use crate::plan::{PlanError, ScanPlan, StarttlsScope, Typed};
use crate::probe::{HostLook, targets};
use crate::smtp::registry::Registry;
use crate::tls::certificate::unhex;
use crate::tls::store;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

view! {
    /// What says which MX hosts of a committed domain are contacted.
    Mail of domains { mx, sts_signals }
}

/// A dataset that is open for evidence.
pub(super) struct Dataset {
    pub(super) manifest: Manifest,
    pub(super) writer: DatasetWriter,
    /// Positions that have a committed row.
    pub(super) done: Positions,
    /// MX hosts that have committed rows.
    pub(super) registry: Registry,
    folder: PathBuf,
}

impl Dataset {
    pub(super) fn create(
        folder: &Path,
        lists: Vec<ListFacts>,
        prepared: &Prepared,
    ) -> Result<Self, ScanError> {
        let wrong = |source| ScanError::Io { what: format!("cannot write to {}", folder.display()), source };
        let is_foreign =
            |entry: io::Result<DirEntry>| entry.map_or(true, |entry| entry.file_name() != WORKING);
        if folder.read_dir().is_ok_and(|mut entries| entries.any(is_foreign)) {
            return Err(ScanError::Exists(folder.to_owned()));
        }
        for table in EVIDENCE {
            std::fs::create_dir_all(folder.join(table.name)).map_err(wrong)?;
        }
        let plan = &prepared.probe.plan;
        let manifest = Manifest {
            schema_version: Manifest::current_schema(),
            scan: scan_name(folder),
            complete: false,
            versions: prepared.versions.clone(),
            started: moment::rfc3339(moment::now()),
            ended: None,
            lists,
            seed: plan.seed,
            shard: plan.shard.to_string(),
            plan: plan.meaning(),
            manners: prepared.manners.clone(),
            lowered: lowered(prepared),
            resumed: Vec::new(),
            vantage: prepared.vantage.clone(),
            outages: Vec::new(),
            controls: Vec::new(),
            resolver_overload: None,
            sum: None,
            exclusions: ExclusionsSeen::default(),
            counts: BTreeMap::new(),
            judgement: None,
            parts: None,
            digest: None,
        };
        dictionary::write(folder).map_err(wrong)?;
        store::write(prepared.probe.tls.trust(), folder).map_err(wrong)?;
        manifest.write(folder).map_err(wrong)?;
        let log = CommitLog::create(folder).map_err(wrong)?;
        Ok(Self::behind(folder, manifest, log, &[], HashSet::new()))
    }

    /// What an earlier run left in the folder; `reading` are its lists, and how they are read.
    pub(super) fn resume(
        folder: &Path,
        lists: &[ListFacts],
        prepared: &Prepared,
        reading: (&[ListSpec], Options),
    ) -> Result<Self, ScanError> {
        let none = |why| ScanError::NoScan { path: folder.to_owned(), why };
        let wrong = |source| ScanError::Io { what: format!("cannot resume {}", folder.display()), source };
        let (mut manifest, reads_alike) = read_begun(folder).map_err(none)?;
        if manifest.complete {
            // By another process, before this one had the folder for itself.
            return Err(ScanError::Complete(folder.to_owned()));
        }
        check_unchanged(&manifest, lists, prepared)?;
        let tool = last_tool(&manifest);
        let manners = prepared.manners.clone();
        let mut changed = differences(&manifest.manners, &manners);
        let renewed = renew(&mut manifest, &prepared.versions)?;
        let is_other_layout = renewed.contains_key(SCHEMA);
        changed.extend(renewed);
        manifest.resumed.push(Resumed { at: moment::rfc3339(moment::now()), changed });
        manifest.manners = manners;
        manifest.lowered = lowered(prepared);
        // The AD bits of a dataset are worth what the weakest of its resolvers is.
        manifest.vantage.resolver_validates &= prepared.vantage.resolver_validates;
        (manifest.complete, manifest.ended, manifest.parts) = (false, None, None);
        let (log, commits) = CommitLog::open(folder).map_err(|why| why.not_whole(folder))?;
        recover(folder, &commits)?;
        PartList::by_log(commits::LOG, &commits).hold(folder, &manifest.scan, &EVIDENCE)?;
        if !reads_alike {
            renumbered::check(folder, &commits::done(&commits), &tool, reading.0, reading.1)?;
        }
        if is_other_layout {
            dictionary::write(folder).map_err(wrong)?;
        }
        manifest.write(folder).map_err(wrong)?;
        let mut known = HashSet::new();
        read::batches(folder, &CERTIFICATES, &[column!(CERTIFICATES.sha256)], |batch| {
            let hash =
                |row| <[u8; 32]>::try_from(unhex(batch.text(column!(CERTIFICATES.sha256), row)?)?).ok();
            known.extend((0..batch.rows()).filter_map(hash));
        })?;
        let mut dataset = Self::behind(folder, manifest, log, &commits, known);
        let registry = &mut dataset.registry;
        read::batches(folder, &MX_HOSTS, &[column!(MX_HOSTS.host), column!(MX_HOSTS.addr)], |batch| {
            for row in 0..batch.rows() {
                let addr = batch.text(column!(MX_HOSTS.addr), row).and_then(|a| a.parse().ok());
                registry.note_committed(batch.text(column!(MX_HOSTS.host), row).unwrap_or_default(), addr);
            }
        })?;
        Ok(dataset)
    }

    fn behind(
        folder: &Path,
        manifest: Manifest,
        log: CommitLog,
        commits: &[Commit],
        known: HashSet<[u8; 32]>,
    ) -> Self {
        let writer = DatasetWriter::new(folder, &manifest.scan, log, commits, known);
        Self {
            manifest,
            writer,
            done: commits::done(commits),
            registry: Registry::default(),
            folder: folder.to_owned(),
        }
    }

    /// The MX hosts of committed domains: each is looked at again, and the addresses that have a row are
    /// passed over.
    pub(super) fn hosts_to_contact(
        &self,
        registry: &Registry,
        scope: StarttlsScope,
    ) -> Result<Vec<HostLook>, ScanError> {
        let mut hosts = Vec::new();
        if self.done.is_empty() || scope == StarttlsScope::None {
            return Ok(hosts);
        }
        read::batches(&self.folder, &DOMAINS, Mail::COLUMNS, |batch| {
            for row in 0..batch.rows() {
                let mail = Mail::read(batch, row);
                let set = mail.mx.iter().flatten().map(|mx| mx.host.as_str());
                for host in targets(set, mail.sts_signals, scope) {
                    if registry.offer(host) {
                        hosts.push(HostLook::new(host.to_owned()));
                    }
                }
            }
        })?;
        Ok(hosts)
    }
}

fn lowered(prepared: &Prepared) -> BTreeMap<String, (u64, u64)> {
    let each = prepared.lowered.budgets.iter();
    each.map(|budget| (budget.setting.to_owned(), (budget.planned, budget.now))).collect()
}

fn scan_name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| "scan".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Brings a manifest that an older version wrote to this one's layout, which has all columns that the older
/// one has; gives what changed. Existing rows stay as they are: columns that came later are null in them.
fn renew(manifest: &mut Manifest, now: &Versions) -> Result<BTreeMap<String, (Value, Value)>, ScanError> {
    let tool = last_tool(manifest);
    if Layout::parse(&manifest.schema_version).is_none_or(|layout| layout > Layout::current()) {
        return Err(ScanError::Newer { tool, layout: manifest.schema_version.clone() });
    }
    let mut changed = BTreeMap::new();
    let layout = Manifest::current_schema();
    if manifest.schema_version != layout {
        let before = std::mem::replace(&mut manifest.schema_version, layout.clone());
        changed.insert(SCHEMA.to_owned(), (before.into(), layout.into()));
    }
    if tool != now.tool {
        changed.insert(TOOL.to_owned(), (tool.into(), now.tool.clone().into()));
    }
    Ok(changed)
}

/// Keys of a run's note that it went on in another layout, and that another version of the scanner went on.
const SCHEMA: &str = "schema_version";
const TOOL: &str = "versions.tool";

/// The version of the last run.
fn last_tool(manifest: &Manifest) -> String {
    let noted = manifest.resumed.iter().rev().find_map(|run| run.changed.get(TOOL)?.1.as_str());
    noted.unwrap_or(&manifest.versions.tool).to_owned()
}

/// Keys whose values differ, with the value before and after.
fn differences(before: &Value, after: &Value) -> BTreeMap<String, (Value, Value)> {
    let empty = serde_json::Map::new();
    let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let keys = before.keys().chain(after.keys());
    let pair = |key: &String| {
        (before.get(key).cloned().unwrap_or_default(), after.get(key).cloned().unwrap_or_default())
    };
    keys.map(|key| (key.clone(), pair(key))).filter(|(_, (b, a))| b != a).collect()
}

/// The manifest of a scan that was begun, with the settings that its version did not have yet as it went by
/// them: every plain list was ranked by its order, no list was refused for its names, whole lists were
/// scanned, nobody was asked for DMARC, and there were no controls. And whether its version reads the same
/// names from lists as this one.
fn read_begun(folder: &Path) -> io::Result<(Manifest, bool)> {
    let mut manifest = Manifest::read(folder)?;
    let reads_alike = manifest.plan.get("scan.column").is_some();
    let lacking = |settings: &mut Value, key: &str, value: &str| {
        if let Some(settings) = settings.as_object_mut() {
            settings.entry(key).or_insert_with(|| value.into());
        }
    };
    lacking(&mut manifest.plan, "scan.column", "\"none\"");
    lacking(&mut manifest.plan, "scan.ranked", "true");
    lacking(&mut manifest.plan, "scan.sample", "\"1/1\"");
    lacking(&mut manifest.plan, "scan.companions", "[]");
    lacking(&mut manifest.manners, "dns.trust_anchor", "\"none\"");
    lacking(&mut manifest.manners, "scan.any_suffix", "true");
    lacking(&mut manifest.manners, "scan.controls", "[]");
    Ok((manifest, reads_alike))
}

/// Settings that give the data their meaning must be as they were.
fn check_unchanged(manifest: &Manifest, lists: &[ListFacts], prepared: &Prepared) -> Result<(), ScanError> {
    if let Some((key, (before, after))) =
        differences(&manifest.plan, &prepared.probe.plan.meaning()).into_iter().next()
    {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return Err(ScanError::Changed(format!("`{key}` was {}, is {}", text(&before), text(&after))));
    }
    if manifest.lists.len() != lists.len() {
        return Err(ScanError::Changed(format!(
            "it had {} lists, now {}",
            manifest.lists.len(),
            lists.len()
        )));
    }
    for (before, now) in manifest.lists.iter().zip(lists) {
        if before.sha256 != now.sha256 {
            return Err(ScanError::Changed(format!("the list {} has changed", now.name)));
        }
        if before.entries.is_some() && now.entries.is_some() && before.entries != now.entries {
            // Positions would be those of other names.
            let name = &now.name;
            return Err(ScanError::Changed(format!(
                "the list {name} has other entries to this version than to the one that began it"
            )));
        }
    }
    let resolution = |of: &Vantage| of.resolution.unwrap_or(Resolution::Forwarding);
    let (before, now) = (resolution(&manifest.vantage), resolution(&prepared.vantage));
    if before != now {
        return Err(ScanError::Changed(format!(
            "it was {}, is {} (--resolver): rows of the two do not mean the same",
            before.as_str(),
            now.as_str()
        )));
    }
    if manifest.versions.trust_store_sha256 != prepared.versions.trust_store_sha256 {
        return Err(ScanError::Changed("the trusted roots have changed".to_owned()));
    }
    Ok(())
}

/// What a dataset says of the scan that made it, for a resume.
pub struct Recorded(Manifest);

impl Recorded {
    /// Reads it from the manifest.
    ///
    /// # Errors
    /// The folder holds no scan, or one that is complete.
    pub fn read(folder: &Path) -> Result<Self, ScanError> {
        let none = |why| ScanError::NoScan { path: folder.to_owned(), why };
        let (manifest, _) = read_begun(folder).map_err(none)?;
        if manifest.complete { Err(ScanError::Complete(folder.to_owned())) } else { Ok(Self(manifest)) }
    }

    /// When it began, seconds since 1970; `None` where the manifest says no such moment.
    #[must_use]
    pub(super) fn began(&self) -> Option<u64> {
        moment::seconds_of_rfc3339(&self.0.started)
    }

    /// The lists: names as the rows have them, paths as they were typed.
    #[must_use]
    pub fn lists(&self) -> Vec<(String, PathBuf)> {
        let path = |list: &ListFacts| PathBuf::from(list.path.as_deref().unwrap_or(&list.name));
        self.0.lists.iter().map(|list| (list.name.clone(), path(list))).collect()
    }

    /// The plan as it was.
    ///
    /// # Errors
    /// The manifest holds a setting that this program does not know.
    pub fn settings(&self) -> Result<Vec<Typed>, PlanError> {
        let mut typed = ScanPlan::recorded(&self.0.plan)?;
        typed.extend(ScanPlan::recorded(&self.0.manners)?);
        if self.0.vantage.resolution.is_none() {
            // A program that knew resolvers only wrote an empty list for the system's.
            let system = |one: &&mut Typed| one.key == "dns.resolvers" && one.values.is_empty();
            typed.iter_mut().filter(system).for_each(|one| one.values = vec!["system".to_owned()]);
        }
        Ok(typed)
    }
}
