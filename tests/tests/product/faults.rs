//! What this machine lacks: descriptors, disk, leave to write. Each is told clearly, and what was committed
//! stays.

use super::interrupted::broken_off;
use super::{
    assert_code, assert_no_difference, dataset, lab, list, manifest, scan, scan_into, steady_mix, sts_scan,
    text,
};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use sts_lab::Lab;

/// The command, run by another program that takes something away from it.
pub(super) fn under(program: &str, arguments: &[&str], command: &Command) -> Command {
    let mut wrapped = Command::new(program);
    wrapped.args(arguments).arg(command.get_program()).args(command.get_args());
    wrapped
}

/// Rows of `domains` that the log names.
fn committed_rows(dir: &Path) -> u64 {
    let log = std::fs::read_to_string(dataset(dir).join("commits.jsonl")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|line| line["table"] == "domains").map(|line| line["rows"].as_u64().unwrap()).sum()
}

fn steady(domains: u64, dir: &Path) -> Lab {
    lab(domains, &steady_mix(dir), dir)
}

#[test]
fn with_few_descriptors_budgets_are_lowered_and_no_name_fails() {
    let dir = tempfile::tempdir().unwrap();
    let lab = steady(600, dir.path());
    let few = under("prlimit", &["--nofile=256:256"], &scan(&lab, &list(&lab), dir.path())).output().unwrap();
    assert_code(&few, 0);
    let said = text(&few.stdout);
    assert!(said.starts_with("lowered because this machine allows 256 open files"), "{said}");
    let manifest = manifest(dir.path());
    let lowered = &manifest["lowered"]["pace.https_in_flight"];
    assert!(lowered[0] == 64 && lowered[1].as_u64().unwrap() < 64, "{manifest}");
    assert_eq!(manifest["manners"]["pace.https_in_flight"], "64", "the plan stays what it was");
    assert_eq!(manifest["sum"]["failed_here"], 0);
    let mut plan = sts_scan();
    plan.arg("plan").arg("--config").arg(lab.dir.join("scan.toml"));
    let shown = under("prlimit", &["--nofile=256:256"], &plan).output().unwrap();
    assert!(
        text(&shown.stdout).contains("\n# lowered because this machine allows 256"),
        "{}",
        text(&shown.stdout)
    );
    drop(lab);
    assert_no_difference(dir.path());
}

#[test]
fn too_few_descriptors_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(10, "demo", dir.path());
    let none = under("prlimit", &["--nofile=48:48"], &scan(&lab, &list(&lab), dir.path())).output().unwrap();
    assert_code(&none, 2);
    assert!(text(&none.stderr).contains("allows 48 open files"), "{}", text(&none.stderr));
    assert!(!dataset(dir.path()).exists());
}

#[test]
fn a_disk_that_is_full_in_the_middle_is_told_what_is_committed_stays_and_the_scan_resumes() {
    let dir = tempfile::tempdir().unwrap();
    let lab = steady(1_500, dir.path());
    assert_eq!(
        broken_off(&lab, dir.path(), "INT", &["--dns-rate", "1000", "--starttls", "none"]).code(),
        Some(3)
    );
    let committed = committed_rows(dir.path());
    assert!(committed > 0);
    let resume = |rate: &str| {
        let mut command = sts_scan();
        command.arg("resume").arg(dataset(dir.path())).args(["--dns-rate", rate]);
        command
    };
    // No file of this process may grow beyond this: the kernel refuses the write as it does on a full disk.
    let full = under("prlimit", &["--fsize=20000"], &resume("1000000")).output().unwrap();
    assert_code(&full, 4);
    let said = text(&full.stderr);
    assert!(said.contains("error: cannot finish ") && said.contains("File too large"), "{said}");
    assert!(
        said.contains(&format!("({committed} rows) are complete; free space and continue with")),
        "{said}"
    );
    assert_eq!(committed_rows(dir.path()), committed);
    assert_eq!(manifest(dir.path())["complete"], false);
    assert_code(&resume("1000000").output().unwrap(), 0);
    drop(lab);
    assert_no_difference(dir.path());
}

#[test]
fn a_folder_that_must_not_be_written_is_told_before_the_scan_begins() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(10, "demo", dir.path());
    let locked = dir.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = scan_into(&lab, &list(&lab), &locked.join("scan"));
    // Root may write anywhere, but not without its capabilities.
    let is_root = rustix::process::geteuid().is_root();
    let refused = if is_root {
        under("setpriv", &["--bounding-set=-all", "--inh-caps=-all"], &command).output().unwrap()
    } else {
        command.output().unwrap()
    };
    assert_code(&refused, 4);
    let said = text(&refused.stderr);
    assert!(said.contains("cannot write to ") && said.contains("Permission denied"), "{said}");
    assert_eq!(lab.contacts().questions(), 0, "nothing was asked");
}
