//! A series of scans: what adding one writes, leaves and refuses, and what checking finds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use sts_analysis::dataset::{Completeness, Dataset};
use sts_analysis::fault::Fault;
use sts_analysis::publish::series::{Added, add};
use sts_analysis::publish::{Said, verify};
use sts_analysis::withheld::{Class, Withheld};

const MEMORY: usize = 256 * 1024 * 1024;
const LIMIT: std::time::Duration = std::time::Duration::from_secs(600);
const PART: &str = "domains/snapshot=2026-11-28/part-00000.parquet";

/// A scan of one domain with one host and one certificate, judged.
fn scan(below: &Path, name: &str, started: &str) -> PathBuf {
    let world = tempfile::tempdir().unwrap();
    let domain = json!({
        "scan": name, "domain": "d.example", "suffix": "example", "registrable": "d.example",
        "mx_dns": "NOERROR", "mx_kind": "explicit", "mx": [{"preference": 1, "host": "mx.d.example"}],
        "sts_dns": "NOERROR", "sts_signals": true, "sts_record": "valid", "sts_txt": ["v=STSv1; id=1;"],
    });
    let host =
        json!({"scan": name, "host": "mx.d.example", "addr": "192.0.2.16", "banner": "220 a [192.0.2.17]"});
    let certificate = json!({"scan": name, "sha256": "cafe06", "subject": "CN=x", "issuer": "CN=y"});
    let judged = json!({"scan": name, "domain": "d.example", "findings": ["pattern_unused"], "lasting": []});
    for (table, row) in
        [("domains", domain), ("mx_hosts", host), ("certificates", certificate), ("assessments", judged)]
    {
        fs::write(world.path().join(table).with_extension("jsonl"), row.to_string()).unwrap();
    }
    let told = json!({name: {"started": started, "ended": started}});
    fs::write(world.path().join("scans.json"), told.to_string()).unwrap();
    world::write(world.path(), &below.join(started)).remove(0)
}

fn said() -> Said {
    Said { licence: "CC-BY-4.0".into(), creator: vec!["Laboratory".into()], ..Said::default() }
}

fn added(scan: &Path, series: &Path, without: &[Class]) -> Result<Added, Fault> {
    let dataset = Dataset::open(scan, Completeness::Required)?;
    dataset.read_every_byte()?;
    add(&dataset, &Withheld::new(without), &said(), series)
}

/// The refusal of a scan, which is the user's to mend.
fn refusal(scan: &Path, series: &Path, without: &[Class]) -> String {
    let fault = added(scan, series, without).unwrap_err();
    assert_eq!(fault.exit_code(), 2, "{fault}");
    fault.to_string()
}

async fn faults(dir: &Path) -> Vec<String> {
    let checks = verify(dir, MEMORY, LIMIT).await.unwrap();
    checks.into_iter().flat_map(|check| check.faults).collect()
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Every file below a folder: what tells it from another (inode, time of change), and its bytes.
fn files(dir: &Path) -> BTreeMap<String, (u64, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let meta = fs::metadata(&path).unwrap();
            let name = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
            found.insert(name, (meta.ino(), meta.mtime_nsec(), fs::read(&path).unwrap()));
        }
    }
    found
}

/// A series of one scan, and a second scan that is to come.
fn begun() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let first = scan(dir.path(), "first", "2026-11-28T06:00:00Z");
    let second = scan(dir.path(), "second", "2026-11-28T18:30:00Z");
    let series = dir.path().join("series");
    added(&first, &series, &[]).unwrap();
    (dir, series, second)
}

#[tokio::test]
async fn a_second_scan_of_a_day_is_called_by_its_hour_and_changes_no_data_file() {
    let (dir, series, second) = begun();
    let before = files(&series);
    assert!(before.contains_key(PART), "{:?}", before.keys());
    let told = added(&second, &series, &[]).unwrap();
    assert_eq!((told.snapshot.as_str(), told.scans, told.rows), ("2026-11-28T18", 2, 4));
    let third = scan(dir.path(), "third", "2026-11-28T18:45:00Z");
    assert_eq!(added(&third, &series, &[]).unwrap().snapshot, "2026-11-28T1845");
    let after = files(&series);
    for (path, held) in before.iter().filter(|(path, _)| path.ends_with(".parquet") && path.contains('=')) {
        assert!(after[path] == *held, "{path} was written anew");
    }
    assert!(after["manifests/2026-11-28.json"] == before["manifests/2026-11-28.json"]);
    assert_eq!(after.keys().filter(|path| path.contains(".adding")).count(), 0);
    assert_eq!(faults(&series).await, Vec::<String>::new());
    let latest = json_of(&series.join("latest.json"));
    assert_eq!(latest["latest"]["snapshot"], "2026-11-28T1845");
    assert_eq!(
        latest["latest"]["files"]["domains"],
        json!(["domains/snapshot=2026-11-28T1845/part-00000.parquet"])
    );
    let names: Vec<&str> =
        latest["snapshots"].as_array().unwrap().iter().map(|one| one["scan"].as_str().unwrap()).collect();
    assert_eq!(names, ["first", "second", "third"]);
}

#[tokio::test]
async fn a_scan_that_came_earlier_is_added_later_and_is_not_the_newest() {
    let (dir, series, second) = begun();
    added(&second, &series, &[]).unwrap();
    let old = scan(dir.path(), "old", "2025-11-28T06:00:00Z");
    added(&old, &series, &[]).unwrap();
    let latest = json_of(&series.join("latest.json"));
    assert_eq!(
        (&latest["latest"]["scan"], &latest["snapshots"][0]["scan"]),
        (&json!("second"), &json!("old"))
    );
    assert_eq!(faults(&series).await, Vec::<String>::new());
}

#[tokio::test]
async fn metadata_name_every_part_with_its_hash_and_a_resource_once() {
    let (_dir, series, second) = begun();
    added(&second, &series, &[]).unwrap();
    let package = json_of(&series.join("datapackage.json"));
    let names: Vec<&str> =
        package["resources"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names[..2], ["domains-2026-11-28-00000", "domains-2026-11-28t18-00000"]);
    assert_eq!((names.len(), &package["version"]), (8, &json!("1.1.0")));
    let croissant = json_of(&series.join("croissant.json"));
    assert_eq!(croissant["conformsTo"], "http://mlcommons.org/croissant/1.1");
    let distribution = croissant["distribution"].as_array().unwrap();
    let set = distribution.iter().find(|one| one["@id"] == "domains-parts").unwrap();
    assert_eq!(set["includes"], "domains/snapshot=*/part-*.parquet");
    assert!(distribution.iter().any(|one| one["contentUrl"] == PART));
    let readme = fs::read_to_string(series.join("README.md")).unwrap();
    assert!(readme.contains("| `2026-11-28T18` | second |"), "{readme}");
    assert!(fs::read_to_string(series.join("CITATION.cff")).unwrap().contains("Laboratory"));
}

#[tokio::test]
async fn a_scan_of_an_older_layout_stays_beside_newer_ones_in_either_order() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/layouts/1.1");
    for older_first in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let newer = scan(dir.path(), "newer", "2026-11-28T06:00:00Z");
        let series = dir.path().join("series");
        let order = if older_first { [&sample, &newer] } else { [&newer, &sample] };
        for scan in order {
            added(scan, &series, &[]).unwrap();
        }
        assert_eq!(faults(&series).await, Vec::<String>::new(), "older first: {older_first}");
        let package = json_of(&series.join("datapackage.json"));
        let fields = |name: &str| {
            let resources = package["resources"].as_array().unwrap();
            let found = resources.iter().find(|one| one["name"] == name).unwrap();
            found["schema"]["fields"].as_array().unwrap().len()
        };
        assert!(fields("domains-2026-11-27-00000") < fields("domains-2026-11-28-00000"));
    }
}

#[tokio::test]
async fn the_same_scan_twice_is_refused_and_nothing_changes() {
    let (dir, series, _) = begun();
    let before = files(&series);
    let why = refusal(&dir.path().join("2026-11-28T06:00:00Z/first"), &series, &[]);
    assert!(why.contains("the scan `first` is in the series already, as snapshot=2026-11-28"), "{why}");
    let namesake = scan(dir.path(), "first", "2026-11-30T06:00:00Z");
    let why = refusal(&namesake, &series, &[]);
    assert!(why.contains("another scan `first` is in the series") && why.contains("hint: "), "{why}");
    assert!(files(&series) == before);
}

#[tokio::test]
async fn a_folder_that_is_no_series_is_refused_and_left_as_it_is() {
    let (dir, series, second) = begun();
    let other = dir.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("notes.txt"), "mine").unwrap();
    let why = refusal(&second, &other, &[]);
    assert!(why.contains("is no series") && files(&other).len() == 1, "{why}");
    fs::write(other.join("latest.json"), "{\"kind\": \"mine\"}").unwrap();
    assert!(refusal(&second, &other, &[]).contains("latest.json is not of a series"));
    fs::write(other.join("latest.json"), "{").unwrap();
    assert!(refusal(&second, &other, &[]).contains("latest.json: EOF"));
    let fault = added(&second, &other.join("notes.txt"), &[]).unwrap_err().to_string();
    assert!(fault.contains("notes.txt"), "{fault}");
    let fault = added(&second, &series.join("latest.json/below"), &[]).unwrap_err().to_string();
    assert!(fault.contains("latest.json/below"), "{fault}");
}

#[tokio::test]
async fn a_broken_part_of_the_scan_adds_nothing() {
    let (_dir, series, second) = begun();
    let before = files(&series);
    let part = second.join("mx_hosts/part-00000.parquet");
    let bytes = fs::read(&part).unwrap();
    fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    let fault = added(&second, &series, &[]).unwrap_err().to_string();
    assert!(fault.contains("mx_hosts/part-00000.parquet"), "{fault}");
    assert!(files(&series) == before);
}

#[tokio::test]
async fn a_part_of_the_series_that_is_missing_cut_or_of_no_scan_is_told_before_a_scan_is_added() {
    let (_dir, series, second) = begun();
    let part = series.join(PART);
    let bytes = fs::read(&part).unwrap();
    fs::remove_file(&part).unwrap();
    let why = refusal(&second, &series, &[]);
    assert!(why.contains(PART) && why.contains("is missing\nhint: put it back"), "{why}");
    assert!(faults(&series).await.join("\n").contains(&format!("{PART} is listed but missing")));
    fs::write(&part, &bytes[..bytes.len() - 1]).unwrap();
    assert!(refusal(&second, &series, &[]).contains("bytes, its manifest says"));
    fs::write(&part, &bytes).unwrap();
    let stray = series.join("domains/snapshot=2026-11-28/part-00001.parquet");
    fs::copy(&part, &stray).unwrap();
    assert!(refusal(&second, &series, &[]).contains("part-00001.parquet is of no scan of the series"));
    assert!(faults(&series).await.join("\n").contains("part-00001.parquet is not listed"));
    fs::remove_file(&stray).unwrap();
    let manifest = series.join("manifests/2026-11-28.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"first\"", "\"other\"")).unwrap();
    assert!(refusal(&second, &series, &[]).contains("it was changed after it was written"));
    fs::remove_file(&manifest).unwrap();
    assert!(refusal(&second, &series, &[]).contains("is of no scan of the series"));
    fs::write(&manifest, &text).unwrap();
    assert_eq!(added(&second, &series, &[]).unwrap().scans, 2);
    assert_eq!(faults(&series).await, Vec::<String>::new());
}

#[tokio::test]
async fn changed_bytes_of_equal_length_are_found_by_hash_and_not_blessed_by_the_next_scan() {
    let (_dir, series, second) = begun();
    let part = series.join(PART);
    let mut bytes = fs::read(&part).unwrap();
    let at = bytes.len() / 3;
    bytes[at] ^= 1;
    fs::write(&part, &bytes).unwrap();
    added(&second, &series, &[]).unwrap();
    let told = faults(&series).await.join("\n");
    assert!(told.contains(&format!("{PART} is not the file whose hash is listed")), "{told}");
    assert!(told.contains(&format!("{PART} is not the file whose hash its manifest has")), "{told}");
}

#[tokio::test]
async fn a_run_that_broke_off_among_the_parts_is_cleared_up_by_the_next() {
    let (_dir, series, second) = begun();
    // A file where the run would have a folder is seen before it begins.
    fs::write(series.join("mx_hosts/snapshot=2026-11-28T18"), "").unwrap();
    let why = refusal(&second, &series, &[]);
    assert!(why.contains("mx_hosts/snapshot=2026-11-28T18 is of no scan"), "{why}");
    fs::remove_file(series.join("mx_hosts/snapshot=2026-11-28T18")).unwrap();
    // As a run leaves it that was killed: the mark, a table in its place, another half-written.
    fs::create_dir_all(series.join(".adding/mx_hosts")).unwrap();
    fs::write(series.join(".adding/snapshot"), "2026-11-28T18").unwrap();
    fs::write(series.join(".adding/mx_hosts/part-00000.parquet"), "PAR1 half").unwrap();
    let there = series.join("domains/snapshot=2026-11-28T18");
    fs::create_dir_all(&there).unwrap();
    fs::write(there.join("part-00000.parquet"), "PAR1 half").unwrap();
    assert!(faults(&series).await[0].contains(".adding is left of an interrupted run"));
    let told = added(&second, &series, &[]).unwrap();
    assert_eq!((told.interrupted.as_deref(), told.scans), (Some("2026-11-28T18"), 2));
    assert_eq!(faults(&series).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_run_that_broke_off_after_the_manifest_is_finished_by_the_same_scan_or_another() {
    for other in [false, true] {
        let (dir, series, second) = begun();
        let kept = ["README.md", "SHA256SUMS", "latest.json", "croissant.json", "datapackage.json"];
        let before = kept.map(|name| fs::read(series.join(name)).unwrap());
        added(&second, &series, &[]).unwrap();
        let whole = files(&series);
        for (name, text) in kept.iter().zip(before) {
            fs::write(series.join(name), text).unwrap();
        }
        fs::create_dir(series.join(".adding")).unwrap();
        fs::write(series.join(".adding/snapshot"), "2026-11-28T18").unwrap();
        fs::write(series.join(".adding/partial"), "half").unwrap();
        let next = if other { scan(dir.path(), "third", "2026-11-29T06:00:00Z") } else { second.clone() };
        let told = added(&next, &series, &[]).unwrap();
        assert_eq!((told.interrupted.is_some(), told.scans), (true, if other { 3 } else { 2 }));
        assert_eq!(faults(&series).await, Vec::<String>::new());
        if !other {
            let after = files(&series);
            assert_eq!(after.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
            assert!(whole.iter().all(|(path, (_, _, text))| after[path].2 == *text));
        }
    }
}

#[tokio::test]
async fn a_first_run_that_broke_off_is_no_hindrance() {
    let (dir, _, second) = begun();
    let series = dir.path().join("new");
    fs::create_dir_all(series.join(".adding/domains")).unwrap();
    fs::write(series.join(".adding/domains/part-00000.parquet"), "PAR1").unwrap();
    assert!(faults(&series).await[0].contains("interrupted run"));
    added(&second, &series, &[]).unwrap();
    assert_eq!(faults(&series).await, Vec::<String>::new());
}

#[tokio::test]
async fn two_runs_at_once_are_refused() {
    let (_dir, series, second) = begun();
    let lock = fs::File::open(&series).unwrap();
    lock.try_lock().unwrap();
    assert!(refusal(&second, &series, &[]).contains("another sts-publish is adding a scan to it"));
    drop(lock);
    added(&second, &series, &[]).unwrap();
}

#[tokio::test]
async fn what_is_left_out_is_left_out_of_every_scan() {
    let (dir, series, second) = begun();
    let why = refusal(&second, &series, &[Class::Addresses]);
    assert!(why.contains("is left out: nothing; of this one would be: addresses"), "{why}");
    let less = dir.path().join("less");
    for scan in [dir.path().join("2026-11-28T06:00:00Z/first"), second] {
        added(&scan, &less, &[Class::Addresses, Class::Certificates]).unwrap();
    }
    assert_eq!(faults(&less).await, Vec::<String>::new());
    assert!(!less.join("certificates").exists());
    let text = format!("{:?}", files(&less));
    assert!(!text.contains("192.0.2.1"));
    let checks = verify(&less, MEMORY, LIMIT).await.unwrap();
    assert!(checks.iter().any(|check| check.what.starts_with("no Internet address in")), "{checks:?}");
}

#[tokio::test]
async fn a_scan_without_a_time_has_no_snapshot() {
    let (dir, series, _) = begun();
    let timeless = scan(dir.path(), "timeless", "someday");
    let why = refusal(&timeless, &series, &[]);
    assert!(why.contains("its manifest does not say when it began"), "{why}");
}

#[tokio::test]
async fn a_stranger_s_series_leads_nowhere_else() {
    let (dir, series, second) = begun();
    let path = series.join("manifests/2026-11-28.json");
    let mut manifest = json_of(&path);
    let part = manifest["parts"][PART].clone();
    manifest["parts"]["../secret/part-00000.parquet"] = part;
    manifest.as_object_mut().unwrap().remove("digest");
    fs::write(&path, manifest.to_string()).unwrap();
    let told = faults(&series).await.join("\n");
    assert!(told.contains("../secret/part-00000.parquet is no part of snapshot=2026-11-28"), "{told}");
    assert!(refusal(&second, &series, &[]).contains("is no part of snapshot="));
    // A mark that leads out of the folder removes nothing.
    let precious = dir.path().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::create_dir(series.join(".adding")).unwrap();
    fs::write(series.join(".adding/snapshot"), "/../../../precious").unwrap();
    assert!(refusal(&second, &series, &[]).contains("which is no snapshot") && precious.exists());
}
