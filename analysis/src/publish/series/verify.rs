//! Checks a series: that it is whole, that it is what its manifests and metadata say, and that nothing is in
//! it that was left out.

use super::super::files;
use super::super::folder::Folder;
use super::super::layout::{Kept, Layout, open};
use super::super::verify::{Check, addresses, described, findings, hashes, irregular};
use super::held::{ADDING, Held, LATEST, Part, Snapshot};
use crate::contract;
use crate::fault::Fault;
use crate::withheld::Withheld;
use arrow::array::AsArray as _;
use parquet::arrow::ProjectionMask;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Checks everything in the folder of a series.
///
/// # Errors
/// This machine failed. A fault of the series is no error: it is in the checks.
pub(in crate::publish) fn verify(dir: &Path) -> Result<Vec<Check>, Fault> {
    let folder = Folder::open(dir)?;
    if let Some(check) = irregular(&folder) {
        return Ok(vec![check]);
    }
    if dir.join(ADDING).exists() {
        let told = format!("{ADDING} is left of an interrupted run, or a run is at it: add the scan again");
        return Ok(vec![Check { what: "no scan half added".to_owned(), faults: vec![told] }]);
    }
    let mut checks = vec![hashes(&folder, None)?];
    let what = "the scans that the manifests tell of".to_owned();
    let held = match Held::read(dir).and_then(|held| held.check(dir).map(|()| held)) {
        Err(Fault::Usage(damage)) => {
            checks.push(Check { what, faults: vec![damage] });
            return Ok(checks);
        }
        held => held?,
    };
    let layout = match Layout::carried(&folder) {
        Ok(layout) => layout,
        Err(fault) => {
            checks.push(Check { what: "the layout".to_owned(), faults: vec![fault.to_string()] });
            return Ok(checks);
        }
    };
    let readable = parts(dir, &held)?;
    let broken = !readable.faults.is_empty();
    checks.push(readable);
    if broken {
        return Ok(checks);
    }
    checks.push(columns(dir, &held, &layout)?);
    checks.push(names(dir, &held)?);
    let withheld = held.withheld()?.unwrap_or_default();
    let paths = |table: Option<&str>| -> Vec<PathBuf> {
        let of = |one: &Snapshot| {
            let wanted = one.parts.keys().filter(|path| {
                table.is_none_or(|table| super::held::table_of(path, &one.name) == Some(table))
            });
            wanted.map(|path| dir.join(path)).collect::<Vec<_>>()
        };
        held.snapshots.iter().flat_map(of).collect()
    };
    if withheld.redacts() {
        checks.push(addresses(paths(None).iter())?);
    }
    if withheld.hides_names() {
        checks.push(findings(paths(Some("assessments")).iter(), &withheld)?);
    }
    checks.push(described(&folder)?);
    checks.push(latest(&held));
    Ok(checks)
}

/// Every part is the file that its scan's manifest tells of, and has the rows that it tells of.
fn parts(dir: &Path, held: &Held) -> Result<Check, Fault> {
    let (mut faults, mut rows, mut count) = (Vec::new(), 0, 0);
    for (path, part) in held.snapshots.iter().flat_map(|one| &one.parts) {
        count += 1;
        rows += part.rows;
        if files::hashed(&dir.join(path))?.1 != part.sha256 {
            faults.push(format!("{path} is not the file whose hash its manifest has"));
            continue;
        }
        faults.extend(miscounted(dir, path, part));
    }
    let scans = held.scans();
    Ok(Check { what: format!("{rows} rows in {count} Parquet files of {scans}"), faults })
}

/// What is wrong with a part's rows; `None` where nothing is.
fn miscounted(dir: &Path, path: &str, part: &Part) -> Option<String> {
    match open(&dir.join(path)) {
        Err(fault) => Some(format!("{path}: {fault}")),
        Ok(file) => {
            let found = u64::try_from(file.metadata().file_metadata().num_rows()).unwrap_or(0);
            (found != part.rows).then(|| format!("{path} has {found} rows, its manifest says {}", part.rows))
        }
    }
}

/// Each part has the columns of the layout less those that are withheld; one of an older layout may lack
/// some.
fn columns(dir: &Path, held: &Held, layout: &Layout) -> Result<Check, Fault> {
    let (mut faults, mut count) = (Vec::new(), 0);
    let newest = held.newest_layout()?;
    let first = held.withheld()?;
    for snapshot in &held.snapshots {
        if Some(Withheld::of_manifest(&snapshot.manifest)?) != first {
            faults.push(format!("snapshot={}: something else is left out than of the others", snapshot.name));
        }
        let older = contract::minor(snapshot.says("schema_version"))? < newest;
        for path in snapshot.parts.keys() {
            count += 1;
            let table = super::held::table_of(path, &snapshot.name).unwrap_or_default();
            let schema = open(&dir.join(path))?.schema().clone();
            for field in schema.fields() {
                let name = field.name();
                match layout.all(table).find(|kept| kept.column.name == *name) {
                    None => faults.push(format!("{path}: {name} is not a column of the layout")),
                    Some(Kept { withheld: Some(class), .. }) => {
                        faults.push(format!("{path}: {name} is present, though {class} are left out"));
                    }
                    Some(_) => {}
                }
            }
            let lacks = layout.kept(table).filter(|column| schema.field_with_name(&column.name).is_err());
            faults
                .extend(lacks.filter(|_| !older).map(|column| format!("{path}: {} is missing", column.name)));
        }
    }
    Ok(Check { what: format!("columns of {count} Parquet files"), faults })
}

/// The column `scan` of each part is text, and names the scan of its snapshot in every row; no scan is there
/// twice.
fn names(dir: &Path, held: &Held) -> Result<Check, Fault> {
    let (mut faults, mut rows) = (Vec::new(), 0);
    for (at, snapshot) in held.snapshots.iter().enumerate() {
        let scan = snapshot.says("scan");
        if let Some(other) = held.snapshots[..at].iter().find(|other| other.says("scan") == scan) {
            faults.push(format!("snapshot={} and snapshot={} are of one scan", other.name, snapshot.name));
        }
        for path in snapshot.parts.keys() {
            let whole = dir.join(path);
            let file = open(&whole)?;
            let only = ProjectionMask::columns(file.parquet_schema(), ["scan"]);
            let reader =
                file.with_projection(only).build().map_err(|cause| Fault::file("read", &whole, cause))?;
            let mut others = 0;
            for batch in reader {
                let batch = batch.map_err(|cause| Fault::file("read", &whole, cause))?;
                rows += batch.num_rows();
                let texts = batch.column_by_name("scan").and_then(|column| column.as_string_opt::<i32>());
                others += match texts {
                    Some(texts) => texts.iter().filter(|text| *text != Some(scan)).count(),
                    None => batch.num_rows(),
                };
            }
            if others > 0 {
                faults.push(format!("{path}: `scan` is not {scan:?} in {others} rows"));
            }
        }
    }
    Ok(Check { what: format!("`scan` of {rows} rows"), faults })
}

/// `latest.json` tells of the scans that are there, in their order, and of the last as the newest.
fn latest(held: &Held) -> Check {
    let told = held.latest.as_ref();
    let listed = told.and_then(|told| told.get("snapshots")).and_then(Value::as_array);
    let name = |one: &Value| one.get("snapshot").and_then(Value::as_str).unwrap_or_default().to_owned();
    let listed: Vec<String> = listed.into_iter().flatten().map(name).collect();
    let there: Vec<String> = held.snapshots.iter().map(|one| one.name.clone()).collect();
    let mut faults = Vec::new();
    if listed != there {
        faults.push(format!("{LATEST} tells of {}, there are {}", listed.join(", "), there.join(", ")));
    }
    let newest = told.and_then(|told| told.get("latest")).map(name).unwrap_or_default();
    if there.last() != Some(&newest) {
        faults.push(format!("{LATEST} calls {newest:?} the newest"));
    }
    Check { what: format!("{} in {LATEST}", held.scans()), faults }
}
