//! A scan seen from outside while it runs: the status file and the metrics, held against the manifest.

use super::{assert_code, dataset, lab, list, manifest, scan, sts_scan, text};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;

/// An address that nobody listens at.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The samples that are served; `None` where nobody serves.
fn scrape(addr: SocketAddr) -> Option<BTreeMap<String, f64>> {
    let mut stream = TcpStream::connect(addr).ok()?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: lab\r\n\r\n").ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    let (head, body) = reply.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200 "), "{reply}");
    let sample = |line: &str| {
        let (name, number) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), number.parse().unwrap())
    };
    Some(body.lines().filter(|line| !line.starts_with('#')).map(sample).collect())
}

/// The metric that a sample belongs to: without labels, and of a histogram without what the sample counts.
fn metric_of(sample: &str) -> &str {
    let name = sample.split('{').next().unwrap();
    let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
    histogram.unwrap_or(name)
}

/// The metrics that the page for operators names.
fn metrics_of_the_page(page: &str) -> BTreeSet<&str> {
    let (_, list) = page.split_once("<!-- metrics: begin -->").unwrap();
    let (list, _) = list.split_once("<!-- metrics: end -->").unwrap();
    let named = list.split('`').skip(1).step_by(2).map(metric_of);
    named.filter(|name| name.starts_with("sts_scan_") || name.starts_with("process_")).collect()
}

#[test]
fn status_and_metrics_say_what_the_manifest_says_in_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(1_500, "demo", dir.path());
    let (status, addr) = (dir.path().join("status.jsonl"), free());
    let mut command = scan(&lab, &list(&lab), dir.path());
    command.arg("--status-file").arg(&status).args(["--metrics", &addr.to_string()]);
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let finished = std::thread::spawn(move || running.wait_with_output().unwrap());
    let mut scrapes: Vec<BTreeMap<String, f64>> = Vec::new();
    while !finished.is_finished() {
        scrapes.extend(scrape(addr));
        std::thread::yield_now();
    }
    assert_code(&finished.join().unwrap(), 0);
    let manifest = manifest(dir.path());

    assert!(scrapes.len() > 20, "{} scrapes", scrapes.len());
    for pair in scrapes.windows(2) {
        for (name, before) in
            pair[0].iter().filter(|(name, _)| name.contains("_total") || name.contains("_count"))
        {
            assert!(pair[1].get(name) >= Some(before), "{name} went back");
        }
    }
    let served: BTreeSet<&str> =
        scrapes.iter().flat_map(BTreeMap::keys).map(|sample| metric_of(sample)).collect();
    assert_eq!(metrics_of_the_page(include_str!("../../../docs/operating.md")), served);

    // While it is assessed nothing is added any more: the last scrape has everything, as has the last line.
    let last = scrapes.last().unwrap();
    let sum =
        |prefix: &str| last.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, n)| n).sum::<f64>();
    assert_eq!(last["sts_scan_rows_total{table=\"domains\"}"], manifest["sum"]["rows"].as_f64().unwrap());
    let counts = &manifest["counts"];
    assert_eq!(last["sts_scan_signallers_total"], counts["sts_signals"]["true"].as_f64().unwrap());
    let of_hosts: f64 =
        counts["smtp_outcome"].as_object().unwrap().values().filter_map(serde_json::Value::as_f64).sum();
    assert_eq!(last["sts_scan_rows_total{table=\"mx_hosts\"}"], of_hosts);
    let smtp_ok = last["sts_scan_connection_seconds_count{outcome=\"ok\",stage=\"smtp\"}"];
    assert_eq!(smtp_ok, counts["smtp_outcome"]["ok"].as_f64().unwrap());
    assert_eq!(sum("sts_scan_in_flight"), 0.0);
    assert!(sum("sts_scan_dns_questions_total") > 4.0 * 1_500.0, "{last:?}");

    let lines = std::fs::read_to_string(&status).unwrap();
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["last"], true);
    assert_eq!((&last["rows"], &last["settled"]), (&manifest["sum"]["rows"], &manifest["sum"]["inputs"]));
    assert_eq!(last["tasks"], 0, "every task has ended: {last}");
    assert_eq!(last["mx_hosts"].as_f64(), Some(of_hosts));
}

#[test]
fn a_place_that_cannot_be_had_is_told_before_the_scan() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(10, "demo", dir.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let refused = scan(&lab, &list(&lab), dir.path()).args(["--metrics", &at]).output().unwrap();
    assert_code(&refused, 2);
    assert!(
        text(&refused.stderr).contains(&format!("cannot serve metrics at {at}: ")),
        "{}",
        text(&refused.stderr)
    );
    let nowhere = dir.path().join("nowhere/status.jsonl");
    let refused = scan(&lab, &list(&lab), dir.path()).arg("--status-file").arg(&nowhere).output().unwrap();
    assert_code(&refused, 2);
    assert!(text(&refused.stderr).contains("cannot write the status file"), "{}", text(&refused.stderr));
    assert!(!dataset(dir.path()).exists());
    let misspelt = sts_scan().args(["plan", "--metrics", "9187"]).output().unwrap();
    assert_code(&misspelt, 2);
    assert!(text(&misspelt.stderr).contains("must be ADDR:PORT, or none"), "{}", text(&misspelt.stderr));
}
