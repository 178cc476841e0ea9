//! Pace, from the other side: what the servers' own clocks say of a scan.

use super::{assert_code, lab, numbers, scan, text};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use sts_lab::Lab;
use sts_lab::serve::{Connection, Service};

/// Domains whose MX hosts all stand at one address.
const DOMAINS: usize = 10_000;
/// What the scan is allowed: contacts per second, and at once. The highest rate at which the burst is 1.
const RATE: u32 = 1_000;
const AT_ONCE: usize = 8;

/// A laboratory of domains without MTA-STS, each with an MX host of its own name that wants nothing from us:
/// the conversations are short, and one look is enough.
pub(super) fn crowd(domains: u64, dir: &Path) -> Lab {
    lab(domains, &super::mix(dir, ["not-signalled-rejected"]), dir)
}

/// The first names of the list whose MX host is at the first of the addresses.
pub(super) fn at_one_address(lab: &Lab, count: usize) -> (Vec<String>, IpAddr) {
    let world = &lab.oracle.world;
    let names = std::fs::read_to_string(super::list(lab)).unwrap();
    let mut by_address: BTreeMap<IpAddr, Vec<String>> = BTreeMap::new();
    for name in names.lines().skip(1).map(|line| line.split_once(',').unwrap().1) {
        let addr = world.address(world.situation(name), name, "smtp:closed").unwrap();
        by_address.entry(addr.into()).or_default().push(name.to_owned());
    }
    let (addr, mut names) = by_address.pop_first().unwrap();
    assert!(names.len() >= count, "only {} names at {addr}", names.len());
    names.truncate(count);
    (names, addr)
}

pub(super) fn listed(dir: &Path, names: &[String]) -> std::path::PathBuf {
    let path = dir.join("names.txt");
    std::fs::write(&path, names.join("\n")).unwrap();
    path
}

pub(super) fn smtp_contacts(lab: &Lab) -> Vec<Connection> {
    let mut all: Vec<Connection> =
        lab.contacts().connections().into_iter().filter(|one| one.service == Service::Smtp).collect();
    all.sort_by_key(|one| one.at);
    all
}

/// When the scanner began each conversation, just before it opened the socket: microseconds since 1970,
/// ascending.
pub(super) fn begun(dir: &Path) -> Vec<i64> {
    let mut begun = numbers(dir, "mx_hosts", "probed_at");
    begun.sort_unstable();
    begun
}

/// The most stamps, ascending, in any window of so many microseconds, both ends in.
fn most_in_a_window(stamps: &[i64], length: i64) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, at) in stamps.iter().enumerate() {
        while at - stamps[first] > length {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

/// The most contacts that stood at the same time, by the server's clock. One that ends in the microsecond in
/// which another begins is over.
fn most_at_once(contacts: &[Connection]) -> usize {
    let ends = contacts.iter().map(|one| (one.ended.expect("every conversation is over"), -1));
    let mut events: Vec<(i64, i32)> = contacts.iter().map(|one| (one.at, 1)).chain(ends).collect();
    events.sort_unstable();
    let mut now = 0;
    events
        .iter()
        .map(|(_, change)| {
            now += change;
            now
        })
        .max()
        .map_or(0, |most| usize::try_from(most).unwrap())
}

/// Asserts that contacts held to a rate, and tells the numbers.
///
/// The server stamps a contact when it takes the connection, which is somewhat after the scanner opened it:
/// never before. So in a window that begins with a stamp there may be as many contacts as in one that is
/// longer by what that stamp was late, and no more. How late each was is measured, not assumed: the scanner
/// writes when it opened (`probed_at`), by the same clock, and the k-th stamp is late by no more than the
/// k-th stamp less the k-th opening, both in ascending order. Stamps are whole microseconds.
fn assert_rate(stamps: &[i64], opened: &[i64], rate: u32) {
    assert_eq!(stamps.len(), opened.len(), "every contact of the server's is one of the dataset's");
    let late: Vec<i64> = stamps.iter().zip(opened).map(|(stamp, opened)| stamp - opened).collect();
    assert!(late.iter().all(|late| *late >= 0), "a contact came before it was made");
    let allowed = |window: i64| window as f64 / 1e6 * f64::from(rate) + 1.0;
    for (first, from) in stamps.iter().enumerate() {
        for (n, to) in stamps[first..].iter().enumerate() {
            let (count, most) = (n + 1, allowed(to - from + late[first] + 2));
            assert!(count as f64 <= most, "{count} contacts in {} µs, late by {} µs", to - from, late[first]);
        }
    }
    let latest = late.iter().max().copied().unwrap_or(0);
    let (first, last) = (stamps.first().unwrap(), stamps.last().unwrap());
    println!(
        "{} contacts in {:.1} s, taken at most {latest} µs after they were made",
        stamps.len(),
        (last - first) as f64 / 1e6
    );
    for (name, length) in [("10 ms", 10_000), ("100 ms", 100_000), ("1 s", 1_000_000), ("10 s", 10_000_000)] {
        let most = most_in_a_window(stamps, length);
        println!("in any {name:>6}: at most {most:>5} contacts, {:>5} allowed", allowed(length));
        assert!(most as f64 <= allowed(length + latest + 2), "{most} in {name}");
    }
}

#[test]
fn ten_thousand_domains_behind_one_mx_address_are_contacted_at_its_rate() {
    let dir = tempfile::tempdir().unwrap();
    let lab = crowd(21_000, dir.path());
    let (names, addr) = at_one_address(&lab, DOMAINS);
    let list = listed(dir.path(), &names);
    let output = scan(&lab, &list, dir.path())
        .args(["--starttls", "all", "--per-target-rate", &RATE.to_string()])
        .args(["--per-target-in-flight", &AT_ONCE.to_string()])
        .output()
        .unwrap();
    assert_code(&output, 0);
    let contacts = smtp_contacts(&lab);
    assert_eq!(contacts.len(), DOMAINS, "{}", text(&output.stdout));
    assert!(contacts.iter().all(|one| one.addr == addr));
    let at_once = most_at_once(&contacts);
    println!("at once: {at_once}, {AT_ONCE} allowed");
    assert!(at_once <= AT_ONCE, "{at_once} at once");
    let stamps: Vec<i64> = contacts.iter().map(|one| one.at).collect();
    assert_rate(&stamps, &begun(dir.path()), RATE);
}

#[test]
fn addresses_of_one_network_share_its_rate() {
    let dir = tempfile::tempdir().unwrap();
    let lab = crowd(600, dir.path());
    let output = scan(&lab, &super::list(&lab), dir.path())
        .args(["--starttls", "all", "--per-network-rate", "200", "--per-network-in-flight", "2"])
        .output()
        .unwrap();
    assert_code(&output, 0);
    let contacts = smtp_contacts(&lab);
    let addresses: BTreeSet<IpAddr> = contacts.iter().map(|one| one.addr).collect();
    assert_eq!((contacts.len(), addresses.len()), (600, 2));
    assert!(most_at_once(&contacts) <= 2);
    let stamps: Vec<i64> = contacts.iter().map(|one| one.at).collect();
    assert_rate(&stamps, &begun(dir.path()), 200);
}

#[test]
fn the_hosts_of_one_provider_share_its_rate_whatever_their_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let lab = crowd(10, dir.path());
    // All of these are below one registrable domain, and so are their MX hosts.
    let names: Vec<String> = (0..400).map(|n| format!("customer{n}.bigpost.net")).collect();
    let list = listed(dir.path(), &names);
    let output = scan(&lab, &list, dir.path())
        .args(["--starttls", "all", "--per-provider-rate", "100", "--per-provider-in-flight", "2"])
        .output()
        .unwrap();
    assert_code(&output, 0);
    let contacts = smtp_contacts(&lab);
    let addresses: BTreeSet<IpAddr> = contacts.iter().map(|one| one.addr).collect();
    assert_eq!((contacts.len(), addresses.len()), (names.len(), 2));
    assert!(most_at_once(&contacts) <= 2);
    let stamps: Vec<i64> = contacts.iter().map(|one| one.at).collect();
    assert_rate(&stamps, &begun(dir.path()), 100);
}
