//! What the documents say is there: tests, worlds, modules, files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use sts_lab::contract::Contract;
use sts_lab::hostile;
use sts_lab::mix::Mix;
use sts_lab::situation::{self, Situation};

/// Folders that hold no document of ours: what is built, what came out of a scan, and published datasets,
/// whose README is made and hashed.
const OTHERS: [&str; 6] = ["target", ".git", "results", "layouts", "seeds", "node_modules"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below a folder whose names end so.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !OTHERS.contains(&name) {
            files(&path, ending, found);
        } else if path.is_file() && name.ends_with(ending) {
            found.push(path);
        }
    }
}

pub(super) fn all(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&root(), ending, &mut found);
    found
}

pub(super) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The names of all tests in the sources of scanner and laboratory.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in all(".rs") {
        let mut is_test = false;
        for line in read(&path).lines().map(str::trim) {
            if line == "#[test]" || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some((_, name)) = line.split_once("fn ").filter(|_| is_test) {
                names.extend(name.split('(').next().map(str::to_owned));
                is_test = false;
            }
        }
    }
    names
}

fn situations() -> Vec<Situation> {
    situation::load_all(&Contract::load().unwrap()).unwrap().into_values().collect()
}

#[test]
fn the_page_about_hostile_peers_is_made_from_the_worlds() {
    let committed = read(&root().join("docs/hostile-peers.md"));
    assert!(
        committed == hostile::page().unwrap(),
        "run `sts-lab hostile > docs/hostile-peers.md` and look at the difference"
    );
}

#[test]
fn every_test_that_shows_a_bound_is_there() {
    let known = tests();
    let worlds = situations();
    let bounds: Vec<(&str, &[String])> = worlds
        .iter()
        .filter_map(|world| Some((world.name.as_str(), world.bound.as_ref()?.shown_by.as_slice())))
        .collect();
    let unplayed = situation::unplayed().unwrap();
    assert!(bounds.len() > 80 && unplayed.iter().all(|one| !one.shown_by.is_empty()));
    let lists = unplayed.iter().map(|one| (one.about.as_str(), one.shown_by.as_slice()));
    for (name, test) in bounds.into_iter().chain(lists).flat_map(|(n, t)| t.iter().map(move |t| (n, t))) {
        assert!(known.contains(test), "{name}: there is no test `{test}`");
    }
}

#[test]
fn what_limits_a_peer_is_said_where_it_is_and_taken_from_no_base() {
    let worlds = situations();
    let bound = |name: &str| worlds.iter().find(|one| one.name == name).unwrap().bound.clone();
    assert!(bound("policy-http-malformed").is_some() && bound("hostile-https-endless-header").is_some());
    assert_ne!(bound("policy-http-malformed"), bound("hostile-https-endless-header"));
    assert!(bound("healthy").is_none());
}

#[test]
fn the_soak_mix_has_every_hostile_situation_and_a_fifth_of_them() {
    let soak = Mix::load("soak").unwrap();
    let is_healthy = |name: &str| name.starts_with("healthy") || name.starts_with("not-signalled");
    let hostile: Vec<(&String, &u64)> = soak.weights.iter().filter(|(name, _)| !is_healthy(name)).collect();
    let weight: u64 = hostile.iter().map(|(_, weight)| **weight).sum();
    assert_eq!(weight * 5, soak.total());
    assert!(hostile.iter().all(|(_, weight)| **weight == *hostile[0].1));
    let bounded: BTreeSet<String> =
        situations().into_iter().filter(|one| one.bound.is_some()).map(|one| one.name).collect();
    assert_eq!(hostile.iter().map(|(name, _)| (*name).clone()).collect::<BTreeSet<_>>(), bounded);
}

/// The targets of the links of a document.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// The anchor that a heading gets: lower case, blanks as hyphens, nothing but letters, digits, hyphens and
/// underscores.
fn anchor(heading: &str) -> String {
    let lower = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    lower.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
}

#[test]
fn every_link_of_a_document_leads_to_a_file_and_a_heading_that_are_there() {
    for path in all(".md") {
        let text = read(&path);
        for target in links(&text).filter(|target| !target.contains("://")) {
            let (file, section) = target.split_once('#').unwrap_or((target, ""));
            let to = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(to.exists(), "{}: there is no {target}", path.display());
            if !section.is_empty() {
                let headings: Vec<String> =
                    read(&to).lines().filter(|line| line.starts_with('#')).map(anchor).collect();
                assert!(headings.iter().any(|one| one == section), "{}: {target}", path.display());
            }
        }
    }
}

/// Whether a text between backticks is a path of this repository, written out.
fn is_path(text: &str) -> bool {
    let folders = [
        "scanner/",
        "reports/",
        "analysis/",
        "tests/",
        "scripts/",
        "docs/",
        "deploy/",
        "domain-lists/",
        ".ci/",
    ];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "./-_".contains(c);
    folders.iter().any(|folder| text.starts_with(folder)) && text.chars().all(is_plain)
}

#[test]
fn every_path_that_a_document_names_is_there() {
    for path in all(".md") {
        let text = read(&path);
        let prose = text.lines().filter(|line| !line.starts_with("    "));
        for named in prose.flat_map(|line| line.split('`').skip(1).step_by(2)).filter(|named| is_path(named))
        {
            // Placeholders are in capitals: `tests/worlds/NAME.toml`.
            let is_pattern = named.split(['/', '.', '-']).any(|part| matches!(part, "NAME" | "NN" | "DIR"));
            assert!(is_pattern || root().join(named).exists(), "{}: there is no `{named}`", path.display());
        }
    }
}

/// What stands in a folder of sources, but for the files that hold it together.
fn modules(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let mut modules: Vec<String> = named.filter(|name| name != "lib" && name != "main").collect();
    modules.sort();
    modules.dedup();
    modules
}

#[test]
fn the_map_of_the_architecture_names_every_module() {
    let text = read(&root().join("ARCHITECTURE.md"));
    assert!(text.len() <= 12_500, "ARCHITECTURE.md has {} bytes: details go to docs/", text.len());
    for (heading, folder) in [
        ("## Map: scanner", "scanner/src"),
        ("## Map: reports", "reports/src"),
        ("## Map: analysis", "analysis/src"),
        ("## Map: laboratory", "tests/src"),
    ] {
        let map = text.split_once(heading).unwrap().1.split("\n## ").next().unwrap();
        let words: Vec<&str> = map.split([' ', ',', '\n']).collect();
        for module in modules(folder) {
            let is_named =
                [format!("{module}/"), format!("{module}.rs")].iter().any(|w| words.contains(&w.as_str()));
            assert!(is_named, "{heading} does not name {folder}/{module}");
        }
    }
}
