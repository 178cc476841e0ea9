//! Files, tables and flags that go with no weights.

use super::{file, names, open, world};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use sts_analysis::weight::Weight;

#[tokio::test]
async fn a_file_that_says_no_weights_is_refused_with_the_name() {
    let world = world::fixtures().join("small");
    let dir = tempfile::tempdir().unwrap();
    for (text, column, expected) in [
        (
            "domain,mails\na.com,1\nb.com,-3\n",
            "mails",
            "the mails of b.com is `-3`, must be a number from 0 on",
        ),
        ("domain,mails\na.com,inf\n", "mails", "the mails of a.com is `inf`"),
        ("domain,mails\na.com,NaN\n", "mails", "the mails of a.com is `NaN`"),
        ("domain,mails\na.com,1e999\n", "mails", "the mails of a.com is `1e999`"),
        ("domain,mails\na.com,many\n", "mails", "the mails of a.com is `many`"),
        ("domain,mails\na.com,\n", "mails", "the mails of a.com is ``"),
        ("domain,mails\na.com,1\nA.com,1\n", "mails", "a.com stands in it twice"),
        ("domain,mails\na.com,1\n,2\n", "mails", "row 2 has no name"),
        ("domain,mails\na.com,1\n", "users", "no column users; it has domain, mails"),
    ] {
        let path = dir.path().join("w.csv");
        fs::write(&path, text).unwrap();
        let weight = Weight { file: path, column: column.to_owned() };
        let Err(fault) = open(&world, &dir.path().join("data"), None, Some(weight)).await else {
            panic!("taken: {text}");
        };
        assert_eq!(fault.exit_code(), 2, "{fault}");
        assert!(fault.to_string().contains(expected), "{fault}");
    }
    assert!("weights.csv".parse::<Weight>().is_err() && "weights.csv:".parse::<Weight>().is_err());
    let weight: Weight = "a/b.csv:mails".parse().unwrap();
    assert_eq!((weight.file, weight.column), (PathBuf::from("a/b.csv"), "mails".to_owned()));
}

fn adoption(folders: &[PathBuf], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sts-adoption")).args(folders).args(arguments).output().unwrap()
}

#[test]
fn what_has_no_weighted_shares_is_refused_by_name_and_else_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let world = world::fixtures().join("small");
    let folders = world::write(&world, &dir.path().join("data"));
    let file = file(dir.path(), names(&world).into_iter().map(|name| (name, "2".to_owned()))).unwrap().file;
    let weight = format!("--weight={}:mails", file.display());
    let told = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    for (arguments, expected) in [
        (vec!["--table", "tls"], "table `tls` has no shares of weights: it counts handshakes, not names"),
        (vec!["--table", "scans"], "table `scans` has no shares of weights"),
        (vec!["--interval", "wilson"], "--interval and --weight do not go together"),
    ] {
        let arguments: Vec<&str> = std::iter::once(weight.as_str()).chain(arguments).collect();
        let refused = adoption(&folders, &arguments);
        assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
        assert!(told(&refused).contains(expected) && refused.stdout.is_empty(), "{}", told(&refused));
    }
    let all = adoption(&folders, &[&weight, "--by", "tld", "--by-least", "1"]);
    assert_eq!(all.status.code(), Some(0), "{}", told(&all));
    assert!(
        told(&all).contains("note: table `addresses` has no shares of weights: it counts hosts, not names")
    );
    let shown = String::from_utf8_lossy(&all.stdout);
    assert!(
        shown.contains("weighted by mails of weights.csv") && !shown.contains("TLS of policy hosts"),
        "{shown}"
    );
}
