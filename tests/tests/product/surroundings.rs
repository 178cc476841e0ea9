//! What a scan finds around it: signals, terminals that are gone, files that are none, names that cannot be
//! told on.

use super::faults::under;
use super::interrupted::signal;
use super::{
    assert_code, assert_rows_graded, dataset, lab, list, mix, scan, scan_into, started, steady_mix, sts_scan,
    text,
};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

#[test]
fn a_scan_whose_terminal_is_lost_ends_in_order_and_is_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(8_000, &steady_mix(dir.path()), dir.path());
    let mut command = scan(&lab, &list(&lab), dir.path());
    command.args(["--dns-rate", "3000"]);
    // The process that starts the tests may ignore it (`nohup`), and then so would the scan.
    let mut child = started(under("env", &["--default-signal=HUP"], &command));
    signal(&child, "HUP");
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let resumed = sts_scan().arg("resume").arg(dataset(dir.path())).args(["--dns-rate", "1000000"]).output();
    assert_code(&resumed.unwrap(), 0);
    assert_rows_graded(lab, dir.path());
}

#[test]
fn an_output_that_is_full_is_an_error_and_ends_no_scan() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for command in
        [&["columns"][..], &["findings"], &["plan"], &["generate", "example.org", "--mx", "mx.example.org"]]
    {
        let said = sts_scan().args(command).stdout(full()).output().unwrap();
        assert_code(&said, 4);
        assert!(text(&said.stderr).contains("error: cannot write the output: "), "{}", text(&said.stderr));
    }
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(60, &mix(dir.path(), ["healthy", "not-signalled"]), dir.path());
    let ended = scan(&lab, &list(&lab), dir.path()).stderr(full()).stdout(full()).status().unwrap();
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn a_folder_whose_name_cannot_be_told_on_is_refused_before_it_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(60, &mix(dir.path(), ["healthy", "not-signalled"]), dir.path());
    for name in [&b"new\nline"[..], b"escape\x1b[31m", b"bell\x07", b"not utf-8 \xff"] {
        let folder = dir.path().join(OsStr::from_bytes(name));
        let refused = scan_into(&lab, &list(&lab), &folder).output().unwrap();
        assert_code(&refused, 2);
        assert!(text(&refused.stderr).contains("give another name"), "{}", text(&refused.stderr));
        assert!(!text(&refused.stderr).contains(['\x1b', '\x07']) && !folder.exists());
    }
}

#[test]
fn a_list_without_a_name_leaves_no_folder_that_blocks_the_next_scan() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(60, &mix(dir.path(), ["healthy", "not-signalled"]), dir.path());
    let none = dir.path().join("none.txt");
    fs::write(&none, "a..b\nc..d\n").unwrap();
    for made_before in [false, true] {
        if made_before {
            fs::create_dir(dataset(dir.path())).unwrap();
        }
        let refused = scan(&lab, &none, dir.path()).output().unwrap();
        assert_code(&refused, 2);
        assert!(
            text(&refused.stderr).contains("the list contains no domain name"),
            "{}",
            text(&refused.stderr)
        );
        assert_eq!(dataset(dir.path()).exists(), made_before);
    }
    assert_code(&scan(&lab, &list(&lab), dir.path()).output().unwrap(), 0);
}

#[test]
fn a_status_file_that_is_a_pipe_without_a_reader_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(60, &mix(dir.path(), ["healthy", "not-signalled"]), dir.path());
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = scan(&lab, &list(&lab), dir.path());
    command.arg("--status-file").arg(&pipe);
    assert_code(&command.output().unwrap(), 0);
}

#[test]
fn counters_are_served_to_others_only_where_that_is_meant() {
    for addr in ["0.0.0.0:9187", "[::]:9187", "192.0.2.1:9187", "[::ffff:192.0.2.1]:9187"] {
        let refused = sts_scan().args(["plan", "--metrics", addr]).output().unwrap();
        assert_code(&refused, 2);
        assert!(text(&refused.stderr).contains("--metrics-public"), "{}", text(&refused.stderr));
        assert_code(&sts_scan().args(["plan", "--metrics", addr, "--metrics-public"]).output().unwrap(), 0);
    }
    for addr in ["127.0.0.1:9187", "[::1]:9187", "127.9.9.9:9187"] {
        assert_code(&sts_scan().args(["plan", "--metrics", addr]).output().unwrap(), 0);
    }
}

#[test]
fn no_message_acts_on_a_terminal_or_is_longer_than_anybody_reads() {
    let dir = tempfile::tempdir().unwrap();
    let commas = dir.path().join("commas.csv");
    fs::write(&commas, ",".repeat(131_072)).unwrap();
    let hostile = dir.path().join("a\x1b[31m\u{202e}.txt");
    fs::write(&hostile, "\x1b]0;title\x07 is no name\n").unwrap();
    for list in [commas, hostile] {
        let mut command = sts_scan();
        command.arg("scan").arg(&list).arg("-o").arg(dir.path().join("scan"));
        command.args([
            "--contact",
            "scan@example.org",
            "--info-url",
            "https://example.org/",
            "--resolver",
            "127.0.0.1:9",
        ]);
        let said = command.output().unwrap();
        let told = text(&said.stderr) + &text(&said.stdout);
        assert_ne!(said.status.code(), Some(0));
        assert!(told.len() < 6_000 && !told.contains(['\x1b', '\x07', '\u{202e}']), "{told}");
    }
}
