//! `sts-scan lists` as a stranger runs it: what it shows, and how it ends.
#![allow(clippy::unwrap_used, reason = "a test says what must be there")]

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

fn lists(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sts-scan"))
        .current_dir(folder)
        .arg("lists")
        .args(arguments)
        .output()
        .unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// A folder with a list that is read, one that is refused, and one that says which names it refuses.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("good.csv", "rank,host\n1,https://*.a.com/\n2,b.com\n,192.0.2.1\n");
    write("labels.txt", "www\nmail\nftp\n");
    write("two.csv", "host,url\na.com,https://b.com/\n");
    dir
}

#[test]
fn it_ends_with_0_where_a_scan_reads_all_1_where_it_refuses_one_and_2_where_it_was_called_wrongly() {
    let dir = folder();
    for (arguments, wanted) in [
        (&["good.csv"][..], 0),
        (&["labels.txt", "--any-suffix"], 0),
        (&["two.csv", "--column", "url"], 0),
        (&["named=good.csv"], 0),
        (&["labels.txt"], 1),
        (&["good.csv", "labels.txt"], 1),
        (&["two.csv"], 1),
        (&["good.csv", "--column", "nothing"], 1),
        (&[], 2),
        (&["good.csv", "good.csv"], 2),
        (&["missing.csv"], 2),
        (&["good.csv", "--format", "yaml"], 2),
    ] {
        let output = lists(dir.path(), arguments);
        assert_eq!(code(&output), Some(wanted), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn what_is_read_and_what_is_refused_is_shown() {
    let dir = folder();
    let text = String::from_utf8(lists(dir.path(), &["good.csv"]).stdout).unwrap();
    for line in [
        "format       CSV",
        "names        column `host`, URLs cut to their host",
        "ranks        column `rank`",
        "entries      3",
        "domains      2",
        "wildcards    1",
        "rejected     1, ip_address: is an IP address, not a domain name",
        "first        a.com, rank 1",
        "refused      line 4: `192.0.2.1`",
        "scan         reads it",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    let output = lists(dir.path(), &["good.csv", "labels.txt", "--format", "json"]);
    assert_eq!(code(&output), Some(1));
    let objects: Vec<Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0]["rejected"], json!({"ip_address": 1}));
    assert_eq!(objects[0]["first"][1], json!({"domain": "b.com", "rank": 2}));
    assert_eq!(objects[0]["examples"], json!([{"line": 4, "entry": "192.0.2.1", "reason": "ip_address"}]));
    assert_eq!(objects[0]["refusal"], Value::Null);
    assert!(objects[1]["refusal"].as_str().unwrap().contains("--any-suffix"), "{}", objects[1]);
}
