//! A dataset is whole or refused: every damage is told by the name of the part, by every program, and nothing
//! that was committed is lost.

use super::interrupted::broken_off_once;
use super::{
    analysis, assert_code, assert_no_difference, assert_rows_graded, dataset, lab, list, manifest, mix, scan,
    steady_mix, sts_scan, text,
};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use sts_lab::Lab;

const TABLES: [&str; 4] = ["domains", "mx_hosts", "certificates", "assessments"];

/// Begins a scan and breaks it off when each table has something to write.
fn begun(lab: &Lab, dir: &Path) {
    let has_hosts = |line: &str| {
        let before = line.split_once(" MX hosts").and_then(|(before, _)| before.rsplit(' ').next());
        before.is_some_and(|count| count.parse::<u64>().unwrap() >= 100)
    };
    let ended = broken_off_once(lab, dir, ("INT", &["--dns-rate", "3000"]), has_hosts);
    assert_eq!(ended.code(), Some(3));
}

/// A scan in two runs, so that the tables of evidence have more than one part; it is complete.
fn in_two_runs(lab: &Lab, dir: &Path) {
    begun(lab, dir);
    let resumed =
        sts_scan().arg("resume").arg(dataset(dir)).args(["--dns-rate", "1000000"]).output().unwrap();
    assert_code(&resumed, 0);
}

fn copied(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

/// Path, size and bytes of everything in a folder, but for what is remembered of hashes.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if !path.ends_with(".checked") {
                files.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn first_part(dataset: &Path, table: &str) -> PathBuf {
    dataset.join(table).join("part-00000.parquet")
}

/// Copies a file beside a part, under this name.
fn beside(part: &Path, name: &str, file: &Path) -> PathBuf {
    let copy = part.with_file_name(name);
    fs::copy(file, &copy).unwrap();
    copy
}

/// Damages the first part of a table; gives the name that must be told.
type Damage = fn(&Path, &Path) -> PathBuf;

const DAMAGES: [(&str, Damage); 8] = [
    ("removed", |part, _| {
        fs::remove_file(part).unwrap();
        part.to_owned()
    }),
    ("doubled", |part, _| beside(part, "part-00099.parquet", part)),
    ("doubled by a file manager", |part, _| beside(part, "part-00000 (copy).parquet", part)),
    ("swapped", |part, foreign| {
        fs::copy(foreign, part).unwrap();
        part.to_owned()
    }),
    ("foreign", |part, foreign| beside(part, "other.parquet", foreign)),
    ("truncated", |part, _| {
        let bytes = fs::read(part).unwrap();
        fs::write(part, &bytes[..bytes.len() / 2]).unwrap();
        part.to_owned()
    }),
    ("emptied", |part, _| {
        fs::write(part, "").unwrap();
        part.to_owned()
    }),
    ("a bit of it flipped", |part, _| {
        let mut bytes = fs::read(part).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 0x10;
        fs::write(part, bytes).unwrap();
        part.to_owned()
    }),
];

/// Every program that reads a dataset; its output goes into `out`, which must not come to exist.
fn readers(dataset: &Path, out: &Path) -> Vec<(&'static str, Command)> {
    let reader = |name: &'static str, more: &[&str]| {
        let mut command = if name == "assess" { sts_scan() } else { analysis(name) };
        command.args((name == "assess").then_some("assess")).arg(dataset).args(more);
        (name, command)
    };
    let into = out.to_str().unwrap();
    vec![
        reader("assess", &[]),
        reader("sts-adoption", &[]),
        reader("sts-misconfig", &[]),
        reader("sts-misconfig", &["--helper-tables", into]),
        reader("sts-trends", &[]),
        reader("sts-report", &["-o", into]),
        reader("sts-publish", &["-o", into]),
    ]
}

fn assert_refused(said: &Output, of: &str, must_name: &str) {
    let told = text(&said.stderr);
    assert_eq!(said.status.code(), Some(2), "{of}: {told}");
    assert!(told.contains(must_name) && told.contains("hint: "), "{of}: {told}");
}

#[test]
fn every_program_refuses_a_part_that_is_not_what_it_was_and_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(6_000, &steady_mix(dir.path()), dir.path());
    in_two_runs(&lab, dir.path());
    drop(lab);
    let whole = dataset(dir.path());
    let out = dir.path().join("out");
    for table in TABLES {
        let foreign = if table == "assessments" { "domains" } else { table };
        let foreign =
            fs::read_dir(whole.join(foreign)).unwrap().map(|part| part.unwrap().path()).max().unwrap();
        for (damage, does) in DAMAGES {
            let damaged = dir.path().join("damaged");
            copied(&whole, &damaged);
            let named = does(&first_part(&damaged, table), &foreign);
            let before = snapshot(&damaged);
            // Two ways of reading are behind all programs: each sees all damages, and all programs see two of
            // them.
            let all = readers(&damaged, &out);
            let tried = if ["removed", "a bit of it flipped"].contains(&damage) { all.len() } else { 2 };
            for (program, mut command) in all.into_iter().take(tried) {
                let of = format!("{program}, {table} {damage}");
                assert_refused(&command.output().unwrap(), &of, named.to_str().unwrap());
                assert!(!out.exists(), "{of}: something was written");
            }
            assert!(snapshot(&damaged) == before, "{table} {damage}: a reader changed something");
            fs::remove_dir_all(&damaged).unwrap();
        }
        let damaged = dir.path().join("damaged");
        copied(&whole, &damaged);
        fs::remove_dir_all(damaged.join(table)).unwrap();
        for (program, mut command) in readers(&damaged, &out) {
            assert_refused(&command.output().unwrap(), &format!("{program}, no {table}"), table);
        }
        fs::remove_dir_all(&damaged).unwrap();
    }
    // A damaged judgement is drawn anew where that is asked for; everything that was whole stays so.
    let before = snapshot(&whole);
    fs::remove_file(first_part(&whole, "assessments")).unwrap();
    let anew = sts_scan().args(["assess", "--anew"]).arg(&whole).output().unwrap();
    assert_code(&anew, 0);
    assert!(snapshot(&whole) == before);
}

#[test]
fn a_manifest_that_was_changed_is_refused_and_so_is_a_copy_whose_times_were_put_back() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(300, &mix(dir.path(), ["healthy", "not-signalled"]), dir.path());
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
    let (whole, out) = (dataset(dir.path()), dir.path().join("out"));
    let is = manifest(dir.path());
    assert_eq!(is["parts"]["domains/part-00000.parquet"]["rows"], 300);
    let path = whole.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    for (key, other) in [
        ("/scan", "other".into()),
        ("/sum/rows", 299.into()),
        ("/counts/assessed/true", 7.into()),
        ("/parts/domains~1part-00000.parquet/rows", 299.into()),
        ("/started", "2020-01-01T00:00:00Z".into()),
    ] {
        let mut changed = is.clone();
        *changed.pointer_mut(key).unwrap() = other;
        fs::write(&path, changed.to_string()).unwrap();
        for (program, mut command) in readers(&whole, &out) {
            let said = command.output().unwrap();
            let told = super::text(&said.stderr);
            assert_eq!(said.status.code(), Some(2), "{program} {key}: {told}");
            assert!(told.contains("it was changed after it was written"), "{program} {key}: {told}");
        }
    }
    fs::write(&path, text).unwrap();
    // Size and time of change are as before: only what the system keeps itself tells that the file was
    // written to.
    let part = first_part(&whole, "mx_hosts");
    let time = fs::metadata(&part).unwrap().modified().unwrap();
    let mut bytes = fs::read(&part).unwrap();
    bytes[100] ^= 1;
    fs::write(&part, bytes).unwrap();
    fs::File::options().write(true).open(&part).unwrap().set_modified(time).unwrap();
    for (program, mut command) in readers(&whole, &out) {
        assert_refused(&command.output().unwrap(), program, part.to_str().unwrap());
    }
}

#[test]
fn a_published_dataset_that_is_not_what_it_was_does_not_verify() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(300, &mix(dir.path(), ["healthy", "not-signalled"]), dir.path());
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
    let published = dir.path().join("published");
    let out = analysis("sts-publish").arg(dataset(dir.path())).arg("-o").arg(&published).output().unwrap();
    assert_code(&out, 0);
    let verify = |folder: &Path| analysis("sts-publish").arg("--verify").arg(folder).output().unwrap();
    assert_code(&verify(&published), 0);
    assert!(!published.join(".checked").exists());
    for table in TABLES {
        let foreign = first_part(&published, if table == "domains" { "mx_hosts" } else { "domains" });
        for (damage, does) in DAMAGES {
            let damaged = dir.path().join("damaged");
            copied(&published, &damaged);
            let named = does(&first_part(&damaged, table), &foreign);
            let said = verify(&damaged);
            assert_code(&said, 1);
            let name = named.file_name().unwrap().to_str().unwrap();
            assert!(
                text(&said.stdout).contains(&format!("{table}/{name}")),
                "{damage}: {}",
                text(&said.stdout)
            );
            let read = analysis("sts-adoption").arg(&damaged).output().unwrap();
            assert_refused(&read, damage, named.to_str().unwrap());
            fs::remove_dir_all(&damaged).unwrap();
        }
    }
}

#[test]
fn assess_that_is_killed_leaves_the_old_judgement_or_the_new_one_and_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(300, &mix(dir.path(), ["healthy", "not-signalled"]), dir.path());
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
    let whole = dataset(dir.path());
    let judged = snapshot(&whole.join("assessments"));
    let counts = manifest(dir.path())["counts"].clone();
    for place in ["assess.begun", "assess.written", "assess.exchange", "assess.exchanged", "assess.complete"]
    {
        let killed = sts_scan().arg("assess").arg(&whole).env("STS_SCAN_BREAK_AT", place).output().unwrap();
        assert_eq!(killed.status.code(), None, "{place}: {}", text(&killed.stderr));
        assert!(snapshot(&whole.join("assessments")) == judged, "{place}: no judgement, or half of one");
        let read = analysis("sts-misconfig").arg(&whole).args(["--table", "verdicts"]).output().unwrap();
        if manifest(dir.path())["complete"] == true {
            assert_code(&read, 0);
        } else {
            assert_code(&read, 2);
            assert!(
                text(&read.stderr).contains("finish it with `sts-scan assess "),
                "{}",
                text(&read.stderr)
            );
        }
        let again = sts_scan().arg("assess").arg(&whole).output().unwrap();
        assert_code(&again, 0);
        assert_eq!(manifest(dir.path())["complete"], true, "{place}");
        assert_eq!(manifest(dir.path())["counts"], counts, "{place}");
        assert!(!whole.join(".assessing").exists(), "{place}");
    }
}

#[test]
fn a_look_that_panics_is_a_failed_name_that_a_resume_looks_at_again() {
    for (of, sum) in [("", "failed_here"), ("mx1.", "")] {
        let dir = tempfile::tempdir().unwrap();
        let lab = lab(300, &mix(dir.path(), ["healthy", "not-signalled"]), dir.path());
        let world = &lab.oracle.world;
        let names = fs::read_to_string(list(&lab)).unwrap();
        let mut names = names.lines().filter_map(|line| line.split(',').nth(1));
        let name = names.find(|name| world.situation(name).name == "healthy").unwrap();
        let mut command = scan(&lab, &list(&lab), dir.path());
        let broken = command.env("STS_SCAN_BREAK_AT", format!("look:{of}{name}")).output().unwrap();
        assert_code(&broken, 3);
        let told = text(&broken.stderr);
        assert!(told.contains("1 name or host broke off because of a bug in this program"), "{told}");
        assert!(told.contains("sts-scan resume"), "{told}");
        let is = manifest(dir.path());
        assert_eq!((&is["complete"], is["parts"].is_null()), (&false.into(), true));
        if !sum.is_empty() {
            assert_eq!((&is["sum"][sum], &is["sum"]["rows"]), (&1.into(), &299.into()));
        }
        assert_code(&sts_scan().arg("resume").arg(dataset(dir.path())).output().unwrap(), 0);
        drop(lab);
        assert_no_difference(dir.path());
    }
}

/// A scan that was broken off, whose parts are committed.
fn interrupted(dir: &Path) -> Lab {
    let lab = lab(8_000, &steady_mix(dir), dir);
    begun(&lab, dir);
    lab
}

fn resume(dir: &Path) -> Output {
    sts_scan().arg("resume").arg(dataset(dir)).args(["--dns-rate", "1000000"]).output().unwrap()
}

#[test]
fn a_resume_without_its_log_touches_nothing_and_the_log_of_an_older_version_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let lab = interrupted(dir.path());
    let folder = dataset(dir.path());
    let (log, aside) = (folder.join("commits.jsonl"), dir.path().join("aside"));
    fs::rename(&log, &aside).unwrap();
    for emptied in [false, true] {
        if emptied {
            fs::write(&log, "").unwrap();
        }
        let before = snapshot(&folder);
        let refused = resume(dir.path());
        let name = if emptied { "part-00000.parquet" } else { "commits.jsonl" };
        assert_refused(&refused, "resume", name);
        assert!(snapshot(&folder) == before, "{}", text(&refused.stderr));
    }
    fs::remove_file(&log).unwrap();
    // As version 0.1.0 wrote it until layout 1.2: another name, and no hashes.
    let lines = fs::read_to_string(&aside).unwrap();
    let older = lines.lines().map(|line| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let members = line.as_object_mut().unwrap();
        assert!(members.remove("bytes").is_some() && members.remove("sha256").is_some());
        line.to_string() + "\n"
    });
    fs::write(folder.join("commits.log"), older.collect::<String>()).unwrap();
    assert_code(&resume(dir.path()), 0);
    assert!(log.exists() && !folder.join("commits.log").exists());
    assert_rows_graded(lab, dir.path());
}

#[test]
fn a_resume_refuses_what_no_line_knows_and_a_committed_part_that_is_not_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let lab = interrupted(dir.path());
    let folder = dataset(dir.path());
    let log = folder.join("commits.jsonl");
    let lines = fs::read_to_string(&log).unwrap();
    for strange in ["domains/NOTES.txt", "mx_hosts/backup.parquet", "certificates/part-00042.parquet"] {
        fs::write(folder.join(strange), "somebody's").unwrap();
        let before = snapshot(&folder);
        assert_refused(&resume(dir.path()), strange, strange);
        assert!(snapshot(&folder) == before, "{strange}");
        fs::remove_file(folder.join(strange)).unwrap();
    }
    for (line, told) in [
        ("{\"table\":\"domains\"\n".to_owned(), "commits.jsonl: line "),
        (
            "{\"table\":\"../trap\",\"part\":\"part-00000.parquet\",\"rows\":1}\n".to_owned(),
            "names the table",
        ),
        (lines.lines().next().unwrap().to_owned() + "\n", "a second time"),
    ] {
        fs::write(&log, format!("{lines}{line}")).unwrap();
        assert_refused(&resume(dir.path()), &line, told);
    }
    fs::write(&log, &lines).unwrap();
    for table in ["domains", "mx_hosts", "certificates"] {
        let part = first_part(&folder, table);
        let is = fs::read(&part).unwrap();
        let mut bytes = is.clone();
        bytes[50] ^= 4;
        fs::write(&part, bytes).unwrap();
        assert_refused(&resume(dir.path()), table, part.to_str().unwrap());
        fs::write(&part, &is).unwrap();
    }
    // An unfinished part of a killed run goes, and only that.
    let unfinished = folder.join("domains/part-00017.parquet.tmp");
    fs::write(&unfinished, "half a part").unwrap();
    // A blank line, and blocks of zeros as a machine leaves them that went down, name nothing.
    fs::write(&log, format!("\n{lines}\0\0\0\n")).unwrap();
    assert_code(&resume(dir.path()), 0);
    assert!(!unfinished.exists());
    assert_rows_graded(lab, dir.path());
    let listed = manifest(dir.path());
    for (part, content) in listed["parts"].as_object().unwrap() {
        let hash: String = Sha256::digest(fs::read(folder.join(part)).unwrap())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(content["sha256"], hash.as_str(), "{part}");
    }
}
