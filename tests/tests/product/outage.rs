//! The network goes away in the middle of a scan and comes back: nothing false is recorded.

use super::{assert_no_difference, built, dataset, manifest, steady_mix, sts_scan, text};
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// A laboratory in a process of its own, which can be stopped as if its cable were out.
struct Away(Child);

/// The two ways to the DNS, and what a scan says of each when nobody answers.
const WAYS: [(&str, &str); 2] =
    [("resolver", "no resolver answers"), ("delegated", "no name server answers, and no server of the root")];

impl Away {
    fn serve(domains: &str, dns: &str, dir: &Path) -> Self {
        let mix = steady_mix(dir);
        let mut command = built("sts-lab");
        command
            .args(["serve", "--domains", domains, "--seed", "7", "--mix", &mix, "--dns", dns, "--dir"])
            .arg(dir.join("world"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        let serving = said.map(Result::unwrap).find(|line| line.starts_with("serving until Ctrl-C"));
        assert!(serving.is_some(), "it ended before it served");
        Self(child)
    }

    fn signal(&self, signal: &str) {
        let sent =
            Command::new("kill").arg(format!("-{signal}")).arg(self.0.id().to_string()).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        // At once: the connections that it counted are not compared, because those that an outage cut are
        // made again.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn begin(dir: &Path, more: &[&str]) -> (Child, Lines<BufReader<ChildStderr>>) {
    let world = dir.join("world");
    let mut command = sts_scan();
    command.arg("scan").arg(world.join("list.csv")).arg("--config").arg(world.join("scan.toml"));
    command.arg("-o").arg(dataset(dir)).args(more).stderr(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    (child, lines)
}

/// Reads what the scan says until it says this; gives the line.
fn until(lines: &mut Lines<BufReader<ChildStderr>>, says: &str) -> String {
    let found = lines.map(Result::unwrap).find(|line| line.contains(says));
    found.unwrap_or_else(|| panic!("the scan never said `{says}`"))
}

#[test]
fn a_network_that_goes_away_and_comes_back_leaves_no_difference() {
    WAYS.into_iter().for_each(|(dns, silence)| goes_away_and_comes_back(dns, silence));
}

fn goes_away_and_comes_back(dns: &str, silence: &str) {
    let dir = tempfile::tempdir().unwrap();
    let lab = Away::serve("1500", dns, dir.path());
    let (scan, mut said) = begin(dir.path(), &["--dns-rate", "500"]);
    until(&mut said, "| in flight ");
    lab.signal("STOP");
    let paused = until(&mut said, "paused for ");
    assert!(paused.contains(silence), "{paused}");
    lab.signal("CONT");
    until(&mut said, "| in flight ");
    std::thread::spawn(move || said.for_each(drop));
    let output = scan.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(
        text(&output.stdout).lines().any(|line| line.starts_with("paused for ")),
        "{}",
        text(&output.stdout)
    );
    let manifest = manifest(dir.path());
    assert_eq!(manifest["outages"].as_array().unwrap().len(), 1, "{manifest}");
    assert_eq!(manifest["sum"]["failed_here"], 0);
    assert_no_difference(dir.path());
}

#[test]
fn a_network_that_stays_away_stops_the_scan_which_can_be_resumed() {
    WAYS.into_iter().for_each(|(dns, silence)| stays_away(dns, silence));
}

fn stays_away(dns: &str, silence: &str) {
    let dir = tempfile::tempdir().unwrap();
    let lab = Away::serve("1500", dns, dir.path());
    let (scan, mut said) =
        begin(dir.path(), &["--dns-rate", "500", "--starttls", "none", "--pause-limit", "2s"]);
    until(&mut said, "| in flight ");
    lab.signal("STOP");
    let stopped = until(&mut said, "stopped: ");
    assert!(
        stopped.contains(&format!("{silence}, for ")) && stopped.contains("scan.pause_limit"),
        "{stopped}"
    );
    std::thread::spawn(move || said.for_each(drop));
    assert_eq!(scan.wait_with_output().unwrap().status.code(), Some(3));
    lab.signal("CONT");
    let resumed =
        sts_scan().arg("resume").arg(dataset(dir.path())).args(["--dns-rate", "1000000"]).output().unwrap();
    super::assert_code(&resumed, 0);
    assert_no_difference(dir.path());
}
