//! The program: what it takes, what it leaves, and how it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const VALID: &str = r#"{"organization-name":"Sender","date-range":{"start-datetime":"2026-01-01T00:00:00Z","end-datetime":"2026-01-01T23:59:59Z"},"contact-info":"a@sender.example","report-id":"1","policies":[]}"#;

fn run(dir: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sts-tlsrpt"))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn code(dir: &Path, args: &[&str], input: &str) -> i32 {
    run(dir, args, input).status.code().unwrap()
}

#[test]
fn exit_codes_say_what_was_found() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("valid.json"), VALID).unwrap();
    fs::write(dir.join("faulty.json"), VALID.replace("\"contact-info\":\"a@sender.example\",", "")).unwrap();
    fs::write(dir.join("none.txt"), "hello").unwrap();
    assert_eq!(code(dir, &["valid.json", "-o", "a", "--strict"], ""), 0);
    assert_eq!(code(dir, &["read", "valid.json", "-o", "a", "--strict"], ""), 0, "it is there before");
    assert_eq!(code(dir, &["read", "faulty.json", "-o", "b"], ""), 0);
    assert_eq!(code(dir, &["read", "faulty.json", "-o", "c", "--strict"], ""), 1);
    assert_eq!(code(dir, &["read", "valid.json", "none.txt", "-o", "d", "--strict"], ""), 1);
    assert_eq!(code(dir, &["read", "none.txt", "-o", "e"], ""), 2);
    assert_eq!(
        fs::read_to_string(dir.join("e/rejected.csv")).unwrap(),
        "source,reason\nnone.txt,unknown_form\n"
    );
    assert_eq!(code(dir, &["read", "missing", "-o", "f"], ""), 2);
    assert_eq!(code(dir, &["read", "valid.json"], ""), 2);
    assert_eq!(code(dir, &["read", "valid.json", "-o", "none.txt"], ""), 2);
    assert_eq!(code(dir, &[], ""), 2);
}

#[test]
fn standard_input_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["read", "-", "-o", "a"], VALID);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said,
        "a: 1 reports added (0 with faults, 0 under the identifier of another), 0 there before\n"
    );
}

#[test]
fn a_full_disk_is_a_local_fault_and_leaves_the_folder_whole() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("valid.json"), VALID).unwrap();
    assert_eq!(code(dir, &["valid.json", "-o", "a"], ""), 0);
    let before = fs::read(dir.join("a/manifest.json")).unwrap();
    fs::write(dir.join("second.json"), VALID.replace("\"1\"", "\"2\"")).unwrap();
    // A file may not grow beyond a block: writing fails as on a full disk.
    let limited =
        format!("trap '' XFSZ; ulimit -f 1; exec '{}' second.json -o a", env!("CARGO_BIN_EXE_sts-tlsrpt"));
    let output = Command::new("bash").args(["-c", &limited]).current_dir(dir).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read(dir.join("a/manifest.json")).unwrap(), before);
    assert_eq!(code(dir, &["second.json", "-o", "a"], ""), 0);
}

#[test]
fn the_dictionary_is_printed() {
    let printed = run(Path::new("."), &["columns"], "").stdout;
    assert_eq!(String::from_utf8(printed).unwrap(), sts_reports::store::columns::dictionary());
}
