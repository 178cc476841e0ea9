//! Bad input gets a clear message and the right exit code, and leaves nothing half done.

use super::{assert_code, dataset, lab, list, scan, sts_scan, text};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Runs a command that must end with this code and say this on stderr.
fn refused(command: &mut std::process::Command, code: i32, says: &str) {
    let output = command.output().unwrap();
    assert_code(&output, code);
    let said = text(&output.stderr);
    assert!(said.contains(says), "`{says}` is not in:\n{said}");
}

fn file(dir: &Path, name: &str, content: &[u8]) -> std::path::PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn lists_that_are_none_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(10, "demo", dir.path());
    let empty = file(dir.path(), "empty.txt", b"");
    refused(&mut scan(&lab, &empty, dir.path()), 2, "the list is empty");
    refused(&mut scan(&lab, &dir.path().join("missing.txt"), dir.path()), 2, "missing.txt: No such file");
    let binary: Vec<u8> = (0..25_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let binary = file(dir.path(), "binary.bin", &binary);
    refused(&mut scan(&lab, &binary, dir.path()), 2, "is binary data");
    assert!(!dataset(dir.path()).exists());
}

#[test]
fn a_list_without_a_name_ends_with_its_examples_and_code_2() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(10, "demo", dir.path());
    let bad = file(dir.path(), "bad.txt", b"-bad-\n");
    let output = scan(&lab, &bad, dir.path()).output().unwrap();
    assert_code(&output, 2);
    assert!(text(&output.stderr).contains("the list contains no domain name"));
    assert!(text(&output.stderr).contains("line 1, `-bad-`, has a label"), "{}", text(&output.stderr));
}

#[test]
fn a_line_of_200_megabytes_is_one_bad_entry() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(10, "demo", dir.path());
    let long = dir.path().join("long.txt");
    let mut out = BufWriter::new(File::create(&long).unwrap());
    for _ in 0..200 {
        out.write_all(&vec![b'a'; 1_000_000]).unwrap();
    }
    drop(out);
    refused(&mut scan(&lab, &long, dir.path()), 2, "the list contains no domain name");
}

#[test]
fn an_output_that_cannot_be_written_or_is_taken_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(10, "demo", dir.path());
    let in_the_way = file(dir.path(), "in-the-way", b"");
    let mut below_a_file = sts_scan();
    below_a_file.arg("scan").arg(list(&lab)).arg("--config").arg(lab.dir.join("scan.toml"));
    refused(below_a_file.arg("-o").arg(in_the_way.join("scan")), 4, "cannot write to");
    std::fs::create_dir(dataset(dir.path())).unwrap();
    file(&dataset(dir.path()), "mine.txt", b"keep");
    refused(&mut scan(&lab, &list(&lab), dir.path()), 2, "already exists");
    assert_eq!(std::fs::read(dataset(dir.path()).join("mine.txt")).unwrap(), b"keep");
}

#[test]
fn a_resolver_that_is_not_there_is_a_local_fault() {
    let dir = tempfile::tempdir().unwrap();
    let names = file(dir.path(), "names.txt", b"example.com\n");
    let config = file(
        dir.path(),
        "scan.toml",
        b"[dns]\nresolvers = [\"127.0.0.1:9\"]\n[deadlines]\ndns = \"200ms\"\n[identity]\ncontact = \"a@b.example\"\ninfo_url = \"https://b.example\"\n",
    );
    let mut command = sts_scan();
    command.arg("scan").arg(&names).arg("--config").arg(&config).arg("-o").arg(dataset(dir.path()));
    refused(&mut command, 4, "no resolver answers within 200ms, asked 127.0.0.1:9");
    assert!(!dataset(dir.path()).exists());
}

#[test]
fn who_does_not_say_who_scans_is_refused_with_flags_and_keys() {
    let dir = tempfile::tempdir().unwrap();
    let names = file(dir.path(), "names.txt", b"example.com\n");
    let scan = |more: &[&str]| {
        let mut command = sts_scan();
        command.arg("scan").arg(&names).arg("-o").arg(dataset(dir.path()));
        command.args(["--resolver", "127.0.0.1:9"]).args(more);
        command
    };
    refused(
        &mut scan(&[]),
        2,
        "--contact (in scan.toml `identity.contact`) and --info-url (in scan.toml `identity.info_url`)",
    );
    refused(
        &mut scan(&["--contact", "a@b.example"]),
        2,
        "give --info-url (in scan.toml `identity.info_url`). ",
    );
    // Private addresses behind a resolver on loopback are a laboratory, which goes on to what fails there.
    refused(&mut scan(&["--allow-private"]), 4, "no resolver answers");
    refused(&mut scan(&["--allow-private", "--resolver", "192.0.2.1"]), 2, "--contact");
}

#[test]
fn settings_that_cannot_be_are_refused_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let config = file(dir.path(), "scan.toml", b"[pace]\n\ndns_in_flight = 0\n");
    let mut plan = sts_scan();
    plan.arg("plan").arg("--config").arg(&config);
    refused(&mut plan, 2, "scan.toml:3: `pace.dns_in_flight` is 0, must be 1 to 50000 (default 1000)");
    refused(sts_scan().args(["plan", "--shard", "3/2"]), 2, "--shard: `scan.shard` is \"3/2\", must be i/n");
    refused(sts_scan().args(["plan", "--dns-rat", "3"]), 2, "--dns-rat");
    refused(sts_scan().arg("resume").arg(dir.path()), 2, "holds no scan");
}

#[test]
fn bad_lines_are_counted_and_the_rest_is_scanned() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(50, "demo", dir.path());
    let mut names = std::fs::read(list(&lab)).unwrap();
    names.extend_from_slice(b"51,-bad-.example\n52,\xff\xfe\n");
    let first = String::from_utf8_lossy(&names).lines().nth(1).unwrap().to_owned();
    names.extend_from_slice(first.as_bytes());
    names.push(b'\n');
    let mixed = file(dir.path(), "mixed.csv", &names);
    let output = scan(&lab, &mixed, dir.path()).output().unwrap();
    assert_code(&output, 0);
    let said = text(&output.stdout);
    for (what, count) in [("inputs", 53), ("= rows", 50), ("+ duplicates", 1), ("+ invalid", 2)] {
        assert!(said.contains(&format!("{what:<18}{count:>12}")), "{said}");
    }
}
