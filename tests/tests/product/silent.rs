//! One address that takes connections and says nothing does not hold a scan, however many names stand at it;
//! rows tell what was tried.

use super::{assert_code, lab, mix, pace, resets, rows, scan, texts_of};
use arrow::array::{Array, AsArray};
use std::collections::BTreeMap;
use std::io::copy;
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use sts_lab::Lab;

/// Names at each of the two addresses.
const NAMES: usize = 30;
/// Connections that the silent address is worth: in each look two, two more that have their turn before the
/// others are put off, and the further try of each of those. One after the other all names would take four
/// times as many and more.
const MOST: usize = 20;

/// Listens at both addresses, at the same port.
fn listeners(addrs: [IpAddr; 2]) -> (u16, [TcpListener; 2]) {
    loop {
        let first = TcpListener::bind((addrs[0], 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        // What is free at one address may be taken at the other.
        if let Ok(second) = TcpListener::bind((addrs[1], port)) {
            return (port, [first, second]);
        }
    }
}

/// Takes connections and says nothing, as long as the test runs; gives how many it took.
fn say_nothing(listener: TcpListener) -> Arc<AtomicUsize> {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            count.fetch_add(1, SeqCst);
            kept.push(stream.unwrap());
        }
    });
    taken
}

fn forward(listener: TcpListener, to: (IpAddr, u16)) {
    let one_way = |mut from: TcpStream, mut to: TcpStream| {
        // The first to end ends both; how does not matter here.
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    };
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(to).unwrap());
            let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || one_way(client, server));
            thread::spawn(move || one_way(back.0, back.1));
        }
    });
}

/// As many names at each of the two addresses that this word of a situation stands for.
fn at_two_addresses(lab: &Lab, word: &str) -> [(IpAddr, Vec<String>); 2] {
    let world = &lab.oracle.world;
    let listed = std::fs::read_to_string(super::list(lab)).unwrap();
    let mut by_address: BTreeMap<IpAddr, Vec<String>> = BTreeMap::new();
    for name in listed.lines().skip(1).map(|line| line.split_once(',').unwrap().1) {
        let addr = world.address(world.situation(name), name, word).unwrap();
        by_address.entry(addr.into()).or_default().push(name.to_owned());
    }
    let mut found: Vec<_> = by_address.into_iter().collect();
    for (addr, names) in &mut found {
        assert!(names.len() >= NAMES, "only {} names at {addr}", names.len());
        names.truncate(NAMES);
    }
    found.try_into().unwrap()
}

/// Gives a laboratory short deadlines for those who say nothing.
fn shorten(lab: &Lab) {
    let path = lab.dir.join("scan.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text =
        text.replace("policy = \"6s\"", "policy = \"2s\"").replace("banner = \"4s\"", "banner = \"2s\"");
    std::fs::write(path, text).unwrap();
}

fn run(lab: &Lab, dir: &Path, names: &[String], more: &[&str]) {
    shorten(lab);
    let list = pace::listed(dir, names);
    let mut command = scan(lab, &list, dir);
    command.args(["--per-target-in-flight", "2", "--second-look", "1s"]).args(more);
    assert_code(&command.output().unwrap(), 0);
}

/// Of each row of a table the name, the outcome, and how many attempts it tells of.
fn seen(dir: &Path, table: &str, columns: [&str; 3]) -> Vec<(String, Option<String>, usize)> {
    let of_batch = |batch: arrow::array::RecordBatch| {
        let [names, outcomes] = [0, 1].map(|n| texts_of(batch.column_by_name(columns[n]).unwrap()));
        let attempts = batch.column_by_name(columns[2]).unwrap().as_list::<i32>().clone();
        let counts =
            (0..attempts.len()).map(move |n| if attempts.is_null(n) { 0 } else { attempts.value(n).len() });
        names
            .into_iter()
            .map(Option::unwrap)
            .zip(outcomes)
            .zip(counts)
            .map(|((a, b), c)| (a, b, c))
            .collect::<Vec<_>>()
    };
    rows(dir, table).into_iter().flat_map(of_batch).collect()
}

#[test]
fn a_silent_address_of_many_policy_hosts_is_tried_now_and_then_and_nothing_is_said_of_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let lab = lab(200, &mix(dir.path(), ["healthy"]), dir.path());
    let [(mute, mute_names), (well, well_names)] = at_two_addresses(&lab, "https");
    let (port, [silent, served]) = listeners([mute, well]);
    let taken = say_nothing(silent);
    forward(served, (well, lab.ports.https));
    let names = [mute_names.clone(), well_names].concat();
    run(&lab, dir.path(), &names, &["--https-port", &port.to_string(), "--starttls", "none"]);
    let (silent, healthy): (Vec<_>, Vec<_>) =
        seen(dir.path(), "domains", ["domain", "policy_outcome", "policy_attempts"])
            .into_iter()
            .partition(|(name, ..)| mute_names.contains(name));
    assert_eq!((silent.len(), healthy.len()), (NAMES, NAMES));
    assert!(
        healthy.iter().all(|(_, outcome, tries)| outcome.as_deref() == Some("ok") && *tries == 1),
        "{healthy:?}"
    );
    let taken = taken.load(SeqCst);
    assert!((3..=MOST).contains(&taken), "{taken} connections");
    // No row tells of a connection that was not made, and none is kept back.
    assert_eq!(silent.iter().map(|(_, _, tries)| tries).sum::<usize>(), taken, "{silent:?}");
    let untried: Vec<&str> = silent
        .iter()
        .filter(|(_, _, tries)| *tries == 0)
        .map(|(name, outcome, _)| {
            assert_eq!(*outcome, None, "{name}");
            name.as_str()
        })
        .collect();
    assert!(untried.len() >= NAMES / 2, "{silent:?}");
    // Who was not asked is not judged.
    let verdicts = rows(dir.path(), "assessments").into_iter().flat_map(|batch| {
        let [names, verdicts] =
            ["domain", "verdict_strict"].map(|one| texts_of(batch.column_by_name(one).unwrap()));
        names.into_iter().zip(verdicts).collect::<Vec<_>>()
    });
    let judged: Vec<_> = verdicts.filter(|(name, _)| untried.contains(&name.as_deref().unwrap())).collect();
    assert_eq!(judged.len(), untried.len());
    assert!(judged.iter().all(|(_, verdict)| verdict.as_deref() == Some("indeterminate")), "{judged:?}");
}

#[test]
fn a_silent_address_of_many_mx_hosts_is_tried_now_and_then() {
    let dir = tempfile::tempdir().unwrap();
    let lab = pace::crowd(200, dir.path());
    let [(mute, mute_names), (well, well_names)] = at_two_addresses(&lab, "smtp:closed");
    let (port, [silent, served]) = listeners([mute, well]);
    let taken = say_nothing(silent);
    thread::spawn(move || served.incoming().for_each(|stream| resets::answer(&stream.unwrap())));
    let names = [mute_names, well_names].concat();
    run(&lab, dir.path(), &names, &["--smtp-port", &port.to_string(), "--starttls", "all"]);
    let found = seen(dir.path(), "mx_hosts", ["host", "smtp_outcome", "attempts"]);
    let of = |word: &str| {
        found.iter().filter(|(_, outcome, _)| outcome.as_deref() == Some(word)).collect::<Vec<_>>()
    };
    let (healthy, tried, untried) = (of("smtp_rejected_5xx"), of("smtp_banner_timeout"), of("not_attempted"));
    assert_eq!((healthy.len(), tried.len() + untried.len()), (NAMES, NAMES), "{found:?}");
    let taken = taken.load(SeqCst);
    assert!((3..=MOST).contains(&taken), "{taken} connections");
    assert_eq!(tried.iter().map(|(_, _, tries)| tries).sum::<usize>(), taken, "{found:?}");
    assert!(untried.len() >= NAMES / 2 && untried.iter().all(|(_, _, tries)| *tries == 0), "{found:?}");
}
