//! The map of the scanner holds: which folder may import which, that nothing imports in a circle, and that
//! what the program says about the world is named in one place.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails here has failed")]

mod source;

use source::{Source, home, read};
use std::collections::{BTreeMap, BTreeSet};

/// Each folder or file of `src`, from the ground up, with what it may import. A new arrow is a line here, so
/// that a review sees it.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // What everybody may know.
    ("evidence", &[]),
    ("fault", &[]),
    ("moment", &["evidence"]),
    ("meters", &["fault"]),
    ("hook", &[]),
    ("terminal", &[]),
    ("destination", &["terminal"]),
    ("runtime", &["fault"]),
    ("companion", &["runtime"]),
    ("interrupt", &["runtime", "terminal"]),
    // Grammar, lists, certificates, settings.
    ("mta_sts", &["evidence"]),
    ("input", &["evidence"]),
    ("tls", &["evidence", "fault", "moment"]),
    ("plan", &["input", "tls"]),
    // The two ends of a connection.
    ("policy_host", &["evidence", "fault", "runtime", "tls"]),
    ("smtp", &["evidence", "fault", "moment", "tls"]),
    // What a scan leaves behind.
    ("dataset", &["evidence", "moment", "tls"]),
    // May it be contacted, is the network there, what does the DNS say.
    ("admission", &["dataset", "evidence", "fault", "input", "moment", "plan"]),
    ("uplink", &["admission", "dataset", "fault", "moment"]),
    ("dns", &["admission", "evidence", "fault", "moment", "plan", "runtime", "tls", "uplink"]),
    ("error", &["admission", "dataset", "fault", "input", "plan", "tls"]),
    // The judgement, and what explains it.
    ("assess", &["dataset", "error", "evidence", "hook", "input", "moment", "mta_sts", "plan", "tls"]),
    ("dictionary", &["assess", "dataset", "evidence"]),
    ("findings", &["assess"]),
    // The stages of one domain and one host.
    (
        "probe",
        &[
            "admission",
            "dns",
            "evidence",
            "fault",
            "input",
            "meters",
            "moment",
            "mta_sts",
            "plan",
            "policy_host",
            "smtp",
            "tls",
        ],
    ),
    // The commands.
    ("lists", &["input"]),
    ("validate", &["assess", "evidence", "mta_sts"]),
    ("generate", &["admission", "dns", "evidence", "fault", "input", "mta_sts", "plan", "runtime", "uplink"]),
    ("identity", &["admission", "dns", "error", "fault", "moment", "plan", "probe", "runtime", "uplink"]),
    (
        "scan",
        &[
            "admission",
            "assess",
            "dataset",
            "dictionary",
            "dns",
            "error",
            "evidence",
            "fault",
            "hook",
            "input",
            "meters",
            "moment",
            "plan",
            "probe",
            "runtime",
            "smtp",
            "tls",
            "uplink",
        ],
    ),
    ("telemetry", &["companion", "dataset", "evidence", "meters", "moment", "runtime", "scan"]),
    ("progress", &["companion", "scan", "terminal"]),
    ("summary", &["dataset", "dns", "plan", "scan"]),
    (
        "check",
        &[
            "assess", "dataset", "dns", "error", "evidence", "fault", "input", "moment", "mta_sts", "plan",
            "probe", "runtime", "scan", "tls",
        ],
    ),
    ("cli", &["assess", "evidence", "findings", "generate", "mta_sts", "plan", "validate"]),
];

fn arrows(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let folders: BTreeSet<&str> = sources.iter().map(Source::folder).collect();
    for source in sources.iter().filter(|source| source.folder() != "lib") {
        let to = arrows.entry(source.folder().to_owned()).or_default();
        for (path, _) in source.paths() {
            let folder = path.first().filter(|first| folders.contains(first.as_str()));
            to.extend(folder.filter(|folder| *folder != source.folder()).cloned());
        }
    }
    arrows
}

#[test]
fn a_folder_imports_only_what_the_map_allows() {
    let sources = read();
    let arrows = arrows(&sources);
    let map: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    assert!(sources.len() > 150 && map.len() == MAY_IMPORT.len());
    let mut wrong = Vec::new();
    for (folder, imported) in &arrows {
        match map.get(folder.as_str()) {
            None => wrong.push(format!("`{folder}` is not on the map")),
            Some(may) => {
                let others = imported.iter().filter(|other| !may.contains(&other.as_str()));
                wrong.extend(others.map(|other| format!("`{folder}` imports `{other}`")));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_map_has_no_arrow_that_is_not_used_and_leads_down_only() {
    let arrows = arrows(&read());
    let (mut below, mut wrong) = (BTreeSet::new(), Vec::new());
    for (folder, may) in MAY_IMPORT {
        let imported = arrows.get(*folder).unwrap_or_else(|| panic!("there is no `{folder}`"));
        let unused = may.iter().filter(|other| !imported.contains(**other));
        wrong.extend(unused.map(|other| format!("`{folder}` does not import `{other}` any more")));
        let upward = may.iter().filter(|other| !below.contains(*other));
        wrong.extend(upward.map(|other| format!("`{folder}` imports `{other}`, which stands above it")));
        below.insert(*folder);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A file and those that it takes something from; what a folder's own `mod.rs` takes from the folder is its
/// business.
fn files(sources: &[Source]) -> Vec<BTreeSet<usize>> {
    let of = |(at, source): (usize, &Source)| {
        let taken = source.paths().into_iter().filter(|(_, passes_on)| !passes_on);
        let homes = taken.filter_map(|(path, _)| home(sources, &path));
        let is_within = |home: &usize| sources[*home].module.starts_with(&source.module);
        homes.filter(|home| *home != at && !is_within(home)).collect()
    };
    sources.iter().enumerate().map(of).collect()
}

#[test]
fn no_file_imports_in_a_circle() {
    let sources = read();
    let taken = files(&sources);
    assert!(taken.iter().map(BTreeSet::len).sum::<usize>() > 400, "the imports were not read");
    // Files that import nothing that is left are taken away, until only circles are left.
    let mut left: BTreeSet<usize> = (0..sources.len()).collect();
    while let Some(free) = left.iter().copied().find(|at| taken[*at].is_disjoint(&left)) {
        left.remove(&free);
    }
    while let Some(free) =
        left.iter().copied().find(|at| left.iter().all(|other| !taken[*other].contains(at)))
    {
        left.remove(&free);
    }
    let names: Vec<_> = left
        .iter()
        .map(|at| {
            let to = taken[*at].intersection(&left).map(|to| sources[*to].path.display().to_string());
            (sources[*at].path.display().to_string(), to.collect::<Vec<_>>())
        })
        .collect();
    assert!(left.is_empty(), "these import one another: {names:#?}");
}

/// Libraries that one folder hides from the others.
const HIDDEN: [(&str, &str); 2] = [("hickory", "dns"), ("reqwest", "policy_host")];

#[test]
fn a_library_is_named_by_its_folder_alone() {
    let sources = read();
    for (library, folder) in HIDDEN {
        let naming = sources.iter().filter(|source| source.code.contains(library));
        let folders: BTreeSet<&str> = naming.map(Source::folder).collect();
        assert_eq!(folders, BTreeSet::from([folder]), "{library}");
    }
}

/// Words that are named in `evidence` alone: outside it stand values.
const PREFIXES: [&str; 6] = ["policy_", "smtp_", "mx_tls_", "starttls_", "mx_cert_", "record_"];

fn is_word(literal: &str) -> bool {
    let is_spelt = literal.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    is_spelt && PREFIXES.iter().any(|prefix| literal.len() > prefix.len() && literal.starts_with(prefix))
}

#[test]
fn words_about_the_world_are_written_in_one_place() {
    // The prose of columns, names of settings, and labels of metrics are other words.
    let elsewhere = ["evidence/", "dataset/columns/", "plan/settings.rs", "telemetry/"];
    let mut found = Vec::new();
    let mut of_evidence = 0;
    for source in read() {
        let path = source.path.to_str().unwrap();
        let words = source.code.split('"').filter(|literal| is_word(literal));
        if elsewhere.iter().any(|place| path.starts_with(place)) {
            of_evidence += words.count();
        } else {
            found.extend(words.map(|word| format!("{path}: \"{word}\"")));
        }
    }
    assert!(of_evidence > 50, "the words of the evidence were not read: {of_evidence}");
    assert!(found.is_empty(), "name the value of the vocabulary instead: {found:#?}");
}
