//! A series: scans over time in one folder, a folder for each table and in it one for each scan
//! (`domains/snapshot=2026-11-28/part-00000.parquet`), which engines find by themselves.
//!
//! Adding a scan changes no data file. A run works in `.adding`, moves the parts to their places, then the
//! scan's manifest, which makes the scan one of the series; then what tells of the whole is written anew,
//! each file whole (a temporary file, then a rename), `latest.json` last. What an interrupted run left is
//! taken away by the next, or finished.

mod credits;
mod held;
mod told;
mod verify;

pub(super) use held::is_series;
pub(super) use verify::verify;

use super::credits::Said;
use super::layout::{Layout, open};
use super::paths::ListNames;
use super::{MOST_FILES, dictionary, files, manifest, merge, pretty, redact};
use crate::contract::{self, TABLES};
use crate::dataset::Dataset;
use crate::fault::Fault;
use crate::withheld::{Class, Withheld};
use held::{ADDING, Held, LATEST, MARK, Snapshot};
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use told::Told;

/// Bytes that Zenodo takes in one record without asking.
pub const ZENODO_BYTES: u64 = 50_000_000_000;

/// What a series is after a scan was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The scan's name in the series, `2026-11-28` or `2026-11-28T18`.
    pub snapshot: String,
    /// Rows of the scan, of all tables.
    pub rows: u64,
    /// Scans of the series.
    pub scans: usize,
    /// Files of the series, all together.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// What an interrupted run had left: the snapshot that it was adding.
    pub interrupted: Option<String>,
}

/// Adds a scan to a series; makes the series where the folder is not there or empty.
///
/// # Errors
/// The folder is no series, or not what its manifests say; another run adds to it; the scan is in it, or no
/// name is left for it; the scan is known only in part, or less or more is left out of it than of the others
/// (usage); or this machine failed.
pub fn add(dataset: &Dataset, withheld: &Withheld, said: &Said, dir: &Path) -> Result<Added, Fault> {
    super::refuse_unknown(dataset)?;
    fs::create_dir_all(dir).map_err(|cause| Fault::file("create", dir, cause))?;
    let _lock = locked(dir)?;
    require_series(dir)?;
    let interrupted = clear(dir)?;
    let held = Held::read(dir)?;
    held.check(dir)?;
    if let Some(there) = held.snapshots.iter().find(|one| one.says("scan") == dataset.scan) {
        if interrupted.as_ref() != Some(&there.name) {
            return Err(already(dir, dataset, there));
        }
        let snapshot = there.clone();
        return tell(dir, &held, said, &snapshot, interrupted);
    }
    let name = free_name(&held, dataset)?;
    alike(&held, withheld)?;
    credits::of(said, held.latest.as_ref(), &dataset.manifest)?;
    let stage = dir.join(ADDING);
    if stage.exists() {
        fs::remove_dir_all(&stage).map_err(|cause| Fault::file("remove", &stage, cause))?;
    }
    fs::create_dir_all(&stage).map_err(|cause| Fault::file("create", &stage, cause))?;
    let staged = staged(&held, dataset, withheld, &name, &stage);
    // Nothing is in its place yet.
    let (snapshot, text) = staged.inspect_err(|_| drop(fs::remove_dir_all(&stage)))?;
    whole(dir, MARK, name.as_bytes())?;
    for table in TABLES {
        let (from, to) = (stage.join(table), dir.join(held::part_folder(table, &name)));
        if snapshot.of(table).next().is_none() {
            continue;
        }
        fs::create_dir_all(dir.join(table)).map_err(|cause| Fault::file("create", &to, cause))?;
        fs::rename(&from, &to).map_err(|cause| Fault::file("finish", &to, cause))?;
    }
    // Before the manifest: a dictionary may tell of more than there is, and never of less.
    for path in files::walk(&stage)?.iter().filter(|path| path.starts_with("dictionary/")) {
        let text =
            fs::read(stage.join(path)).map_err(|cause| Fault::file("read", &stage.join(path), cause))?;
        whole(dir, path, &text)?;
    }
    whole(dir, &held::manifest_path(&name), text.as_bytes())?;
    tell(dir, &Held::read(dir)?, said, &snapshot, interrupted)
}

/// Keeps other runs out until it is dropped, or until this process ends.
fn locked(dir: &Path) -> Result<File, Fault> {
    let lock = File::open(dir).map_err(|cause| Fault::file("open", dir, cause))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(Fault::Usage(format!("{}: another sts-publish is adding a scan to it", dir.display())))
        }
        Err(TryLockError::Error(cause)) => Err(Fault::file("lock", dir, cause)),
    }
}

/// Refuses a folder that holds something else.
fn require_series(dir: &Path) -> Result<(), Fault> {
    let mut entries = fs::read_dir(dir).map_err(|cause| Fault::file("read", dir, cause))?;
    if entries.next().is_none() || dir.join(LATEST).is_file() || dir.join(ADDING).is_dir() {
        return Ok(());
    }
    Err(Fault::Usage(format!(
        "{} is no series: it is not empty, and has no {LATEST}\n\
         hint: give a folder that does not exist yet, or one that `sts-publish … --series` wrote",
        dir.display()
    )))
}

/// Takes away what an interrupted run left of a scan that did not become one of the series, and says which
/// snapshot it was adding.
fn clear(dir: &Path) -> Result<Option<String>, Fault> {
    let Ok(name) = fs::read_to_string(dir.join(MARK)) else { return Ok(None) };
    if !held::is_name(&name) {
        return Err(Fault::Usage(format!(
            "{} holds {name:?}, which is no snapshot\nhint: remove {} if no sts-publish wrote it",
            dir.join(MARK).display(),
            dir.join(ADDING).display()
        )));
    }
    if !dir.join(held::manifest_path(&name)).exists() {
        for table in TABLES {
            let folder = dir.join(held::part_folder(table, &name));
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(|cause| Fault::file("remove", &folder, cause))?;
            }
        }
    }
    Ok(Some(name))
}

/// The refusal of a scan whose name is in the series: rows are told apart by it.
fn already(dir: &Path, dataset: &Dataset, there: &Snapshot) -> Fault {
    let (dir, scan, name) = (dir.display(), &dataset.scan, &there.name);
    let (begun, other) = (dataset.stated(&["started"]).unwrap_or_default(), there.says("started"));
    if begun == other {
        return Fault::Usage(format!(
            "{dir}: the scan `{scan}` is in the series already, as snapshot={name}"
        ));
    }
    Fault::Usage(format!(
        "{dir}: another scan `{scan}` is in the series, as snapshot={name}, begun {other} and not {begun}: their rows \
         would not be told apart\n\
         hint: a scan is called by the folder that it was begun in: give each a folder of its own, such as its day"
    ))
}

/// The shortest name that no other scan has.
fn free_name(held: &Held, dataset: &Dataset) -> Result<String, Fault> {
    let started = dataset.stated(&["started"]).unwrap_or_default();
    let names = held::names(started);
    let taken = |name: &String| held.snapshots.iter().any(|one| one.name == *name);
    let why = match names.iter().find(|name| !taken(name)) {
        Some(name) => return Ok(name.clone()),
        None if names.is_empty() => "its manifest does not say when it began (`started`)".to_owned(),
        None => format!("{} are taken by other scans", names.join(", ")),
    };
    Err(Fault::Usage(format!("{}: there is no snapshot to name it by: {why}", dataset.dir.display())))
}

/// Refuses a scan of which something else is left out than of the others.
fn alike(held: &Held, withheld: &Withheld) -> Result<(), Fault> {
    let words = |of: &Withheld| match of.classes().map(Class::word).collect::<Vec<_>>() {
        none if none.is_empty() => "nothing".to_owned(),
        words => words.join(", "),
    };
    match held.withheld()? {
        Some(others) if others != *withheld => Err(Fault::Usage(format!(
            "of the scans of the series is left out: {}; of this one would be: {}\n\
             hint: give the same --without and --with, or begin another series",
            words(&others),
            words(withheld)
        ))),
        _ => Ok(()),
    }
}

/// Writes the parts, the dictionary and the manifest of a scan into the folder of this run.
fn staged(
    held: &Held,
    dataset: &Dataset,
    withheld: &Withheld,
    name: &str,
    stage: &Path,
) -> Result<(Snapshot, String), Fault> {
    let lists = ListNames::of(&dataset.manifest);
    let redaction = redact::Redaction::of(dataset, withheld)?;
    let mut layout = Layout::of(dataset, withheld)?;
    let mut merged = merge::tables(dataset, (withheld, &redaction, &lists), &layout, MOST_FILES / 2, stage)?;
    for file in &mut merged {
        let path = stage.join(&file.path);
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|cause| Fault::file("write", &path, cause))?;
        let part = file.path.rsplit('/').next().unwrap_or_default();
        file.path = format!("{}/{part}", held::part_folder(file.table, name));
    }
    let newest = held.newest_layout()? <= contract::minor(&dataset.version)?;
    if !held.snapshots.is_empty() {
        let others = Layout::carried(&held.folder)?;
        layout = if newest { layout.joined(&others) } else { others.joined(&layout) };
    }
    dictionary(dataset, &layout, stage)?;
    let findings = stage.join("dictionary").join("findings.parquet");
    if !newest && findings.is_file() {
        fs::remove_file(&findings).map_err(|cause| Fault::file("remove", &findings, cause))?;
    }
    let manifest = manifest(dataset, (withheld, &lists), &merged)?;
    let text = pretty(&manifest)?;
    Ok((Snapshot::new(name, manifest)?, text))
}

/// Writes what tells of the whole series anew, `latest.json` last, and ends the run.
fn tell(
    dir: &Path,
    held: &Held,
    said: &Said,
    added: &Snapshot,
    interrupted: Option<String>,
) -> Result<Added, Fault> {
    let layout = Layout::carried(&held.folder)?;
    let withheld = held.withheld()?.unwrap_or_default();
    let last = held.snapshots.last().unwrap_or(added);
    let credits = credits::of(said, held.latest.as_ref(), &last.manifest)?;
    let told = Told { held, layout: &layout, withheld: &withheld, credits: &credits };
    let lacks = lacking(dir, held, &layout)?;
    let written = told.files(dir, lacks)?;
    for (path, text) in &written.texts {
        whole(dir, path, text.as_bytes())?;
    }
    let stage = dir.join(ADDING);
    fs::remove_dir_all(&stage).map_err(|cause| Fault::file("remove", &stage, cause))?;
    Ok(Added {
        snapshot: added.name.clone(),
        rows: added.parts.values().map(|part| part.rows).sum(),
        scans: held.snapshots.len(),
        files: written.files,
        bytes: written.bytes,
        interrupted,
    })
}

/// The columns of its table that a part lacks, by its path: those of a later layout.
fn lacking(dir: &Path, held: &Held, layout: &Layout) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    let mut lacking = BTreeMap::new();
    for snapshot in &held.snapshots {
        for table in TABLES {
            for (path, _) in snapshot.of(table) {
                let schema = open(&dir.join(path))?.schema().clone();
                let lacks = layout.kept(table).filter(|column| schema.field_with_name(&column.name).is_err());
                lacking.insert(path.clone(), lacks.map(|column| column.name.clone()).collect());
            }
        }
    }
    Ok(lacking)
}

/// Writes a file under a temporary name in the folder of this run, and puts it in its place.
fn whole(dir: &Path, path: &str, text: &[u8]) -> Result<(), Fault> {
    let partial = dir.join(ADDING).join("partial");
    let to = dir.join(path);
    fs::create_dir_all(dir.join(ADDING)).map_err(|cause| Fault::file("create", &partial, cause))?;
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|cause| Fault::file("create", folder, cause))?;
    }
    fs::write(&partial, text)
        .and_then(|()| File::open(&partial)?.sync_all())
        .map_err(|cause| Fault::file("write", &to, cause))?;
    fs::rename(&partial, &to).map_err(|cause| Fault::file("finish", &to, cause))
}
