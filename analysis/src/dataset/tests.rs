#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
use super::*;

fn with_manifest(manifest: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("manifest.json"), manifest).unwrap();
    dir
}

fn refusal(manifest: &str) -> String {
    let dir = with_manifest(manifest);
    let fault = Dataset::open(dir.path(), Completeness::Required).unwrap_err();
    assert_eq!(fault.exit_code(), 2);
    fault.to_string()
}

#[test]
fn another_major_version_is_refused_with_the_version_in_the_message() {
    let message = refusal(r#"{"schema_version":"2.0","scan":"s","complete":true}"#);
    assert!(message.contains("`schema_version` is 2.0, must be 1.x"), "{message}");
    assert!(refusal(r#"{"scan":"s","complete":true}"#).contains("is none"));
}

#[test]
fn a_newer_minor_version_is_read_and_told() {
    let manifest = |version: &str| format!(r#"{{"schema_version":"{version}","scan":"s","complete":true}}"#);
    let open = |version: &str| {
        Dataset::open(with_manifest(&manifest(version)).path(), Completeness::Required).unwrap()
    };
    let newer = open("1.70");
    assert!(newer.complete);
    let told = newer.not_known().unwrap().unwrap();
    assert!(told.starts_with("layout 1.70 is newer than 1.") && !told.contains("words"), "{told}");
    for known in ["1.0", "1.1", contract::schema_version().unwrap()] {
        assert_eq!(open(known).not_known().unwrap(), None, "{known}");
    }
    assert!(refusal(&manifest("1.x")).contains("`schema_version` is 1.x"));
}

#[test]
fn an_incomplete_dataset_is_refused_unless_partial_is_allowed() {
    let manifest = r#"{"schema_version":"1.0","scan":"s","complete":false}"#;
    let message = refusal(manifest);
    assert!(message.contains("is not complete: 0 domains") && message.contains("--partial"), "{message}");
    let dir = with_manifest(manifest);
    assert!(!Dataset::open(dir.path(), Completeness::PartialAllowed).unwrap().complete);
}

#[test]
fn a_folder_of_reports_is_no_scan_and_is_never_published() {
    let message = refusal(r#"{"kind":"tls-reports","schema_version":"1.0","reports":0,"parts":[]}"#);
    assert!(message.contains("is never published"), "{message}");
}

#[test]
fn a_folder_without_manifest_is_no_dataset() {
    let dir = tempfile::tempdir().unwrap();
    let fault = Dataset::open(dir.path(), Completeness::Required).unwrap_err();
    assert!(fault.to_string().contains("has no manifest.json"));
    assert_eq!(fault.exit_code(), 2);
}

#[test]
fn two_folders_of_one_scan_are_refused() {
    let manifest = r#"{"schema_version":"1.0","scan":"s","complete":true}"#;
    let (one, two) = (with_manifest(manifest), with_manifest(manifest));
    let dirs = [one.path().to_owned(), two.path().to_owned()];
    let fault = open_all(&dirs, Completeness::Required).unwrap_err();
    assert!(fault.to_string().contains("both of scan `s`") && fault.to_string().contains("--name"));
}

#[test]
fn thousands_stand_apart() {
    let shown = [0, 999, 1000, 1_204_882].map(grouped);
    assert_eq!(shown, ["0", "999", "1,000", "1,204,882"]);
}

/// A shard of a plan over a list.
fn shard(of: &str, list: &str, started: &str) -> tempfile::TempDir {
    let name = of.replace('/', "of");
    with_manifest(&format!(
        r#"{{"schema_version":"1.0","scan":"{name}","complete":true,"shard":"{of}","seed":1,"started":"{started}",
            "ended":"{started}","plan":{{"scan.starttls":"\"all\"","scan.shard":"\"{of}\""}},
            "lists":[{{"name":"l","sha256":"{list}"}}],"sum":{{"inputs":9,"rows":0}},
            "counts":{{"mx_kind":{{"explicit":2}}}}}}"#
    ))
}

fn opened(
    dirs: &[&tempfile::TempDir],
    completeness: Completeness,
) -> Result<Vec<(String, bool, usize)>, String> {
    let dirs: Vec<PathBuf> = dirs.iter().map(|dir| dir.path().to_owned()).collect();
    let opened = open_all(&dirs, completeness).map_err(|fault| fault.to_string())?;
    Ok(opened.into_iter().map(|dataset| (dataset.scan, dataset.complete, dataset.shards)).collect())
}

#[test]
fn the_shards_of_a_plan_list_and_seed_are_one_scan() {
    let [one, two, three] =
        ["1/3", "2/3", "3/3"].map(|of| shard(of, "aa", &format!("2026-01-0{}T00:00:00Z", &of[..1])));
    let all = open_all(
        &[&three, &one, &two].map(|dir: &tempfile::TempDir| dir.path().to_owned()),
        Completeness::Required,
    )
    .unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].scan.as_str(), all[0].complete, all[0].shards), ("1of3+2of3+3of3", true, 3));
    let told = |pointer: &str| all[0].manifest.pointer(pointer).cloned().unwrap();
    assert_eq!([told("/started"), told("/ended")], ["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"]);
    assert_eq!([told("/sum/inputs"), told("/counts/mx_kind/explicit")], [27, 6]);
    assert_eq!(told("/shard"), "1/1");

    let missing = opened(&[&one, &three], Completeness::Required).unwrap_err();
    assert!(missing.contains("are some of the shards of a scan in 3: 2/3 is missing"), "{missing}");
    let part = opened(&[&one, &three], Completeness::PartialAllowed).unwrap();
    assert_eq!(part, [("1of3+3of3".to_owned(), false, 2)]);
    let other = shard("2/3", "bb", "2026-01-02T00:00:00Z");
    let parts = opened(&[&one, &other, &three], Completeness::PartialAllowed).unwrap();
    assert_eq!(parts.len(), 2);
}

#[test]
fn a_plan_that_ran_twice_is_two_scans() {
    let at = |day: u8| format!("2026-01-{day:02}T00:00:00Z");
    let weeks: Vec<_> =
        [("1/2", 1), ("2/2", 2), ("1/2", 8), ("2/2", 9)].map(|(of, day)| shard(of, "aa", &at(day))).into();
    let dirs: Vec<PathBuf> = weeks.iter().map(|dir| dir.path().to_owned()).collect();
    let names = [(dirs[0].clone(), "first".to_owned()), (dirs[3].clone(), "second".to_owned())];
    let opened = open_named(&dirs, &names, Completeness::Required).unwrap();
    let told: Vec<_> = opened.iter().map(|d| (d.scan.as_str(), d.stated(&["started"]).unwrap())).collect();
    assert_eq!(told, [("first", at(1).as_str()), ("second", at(8).as_str())]);
}

#[test]
fn a_scan_can_be_given_another_name() {
    let manifest = r#"{"schema_version":"1.0","scan":"s","complete":true}"#;
    let (one, two) = (with_manifest(manifest), with_manifest(manifest));
    let dirs = [one.path().to_owned(), two.path().to_owned()];
    let names = [(dirs[1].clone(), "t".to_owned())];
    let opened = open_named(&dirs, &names, Completeness::Required).unwrap();
    assert_eq!(opened.iter().map(|d| d.scan.as_str()).collect::<Vec<_>>(), ["s", "t"]);
    let nowhere = [(PathBuf::from("nowhere"), "t".to_owned())];
    let fault = open_named(&dirs, &nowhere, Completeness::Required).unwrap_err();
    assert!(fault.to_string().contains("--name nowhere=t: no such folder"), "{fault}");
}
