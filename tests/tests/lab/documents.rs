//! What ARCHITECTURE.md says about hostile peers is there: every test and every situation that it names, and no situation is left out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use sts_lab::mix::Mix;
use sts_lab::situation;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of the table below this heading, cell by cell, without its head.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

/// The words between backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The names of all tests in the sources of scanner and laboratory.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line == "#[test]" || line == "#[tokio::test]" {
                    is_test = true;
                } else if let Some((_, name)) = line.split_once("fn ").filter(|_| is_test) {
                    found.extend(name.split('(').next().map(str::to_owned));
                    is_test = false;
                }
            }
        }
    }
}

#[test]
fn every_hostile_situation_has_a_bound_and_a_test_that_is_there() {
    let rows = table("Hostile peers");
    assert!(rows.len() > 30 && rows.iter().all(|row| row.len() == 4), "{rows:?}");
    let mut known = BTreeSet::new();
    for folder in ["scanner/src", "scanner/tests", "tests/src", "tests/tests"] {
        tests(&root().join(folder), &mut known);
    }
    let worlds: BTreeSet<&str> = situation::names().collect();
    let mut told = BTreeSet::new();
    for row in &rows {
        let (shown, tested) = (names(&row[2]), names(&row[3]));
        assert!(
            !(row[0].is_empty() || row[1].is_empty() || shown.is_empty() && tested.is_empty()),
            "{row:?}"
        );
        for name in shown {
            assert!(worlds.contains(name), "there is no situation `{name}`: {row:?}");
            told.insert(name.to_owned());
        }
        for name in tested {
            assert!(known.contains(name), "there is no test `{name}`: {row:?}");
        }
    }
    let hostile = worlds.iter().filter(|name| name.starts_with("hostile-"));
    let untold: Vec<_> = hostile.filter(|name| !told.contains(**name)).collect();
    assert!(untold.is_empty(), "ARCHITECTURE.md does not tell of {untold:?}");
}

#[test]
fn the_catalogue_of_methods_is_that_of_the_findings() {
    let findings: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("findings.json")).unwrap()).unwrap();
    let methods = std::fs::read_to_string(root().join("METHODS.md")).unwrap();
    let rows: Vec<Vec<&str>> = methods
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let findings = findings.as_array().unwrap();
    assert!(findings.len() > 120);
    for finding in findings {
        let code = format!("`{}`", finding["code"].as_str().unwrap());
        let told: Vec<_> = rows.iter().filter(|row| row[0].trim_end_matches(" ¹") == code).collect();
        assert_eq!(told.len(), 1, "{code} has one row in METHODS.md");
        let (title, source) = (finding["title"].as_str().unwrap(), finding["source"].as_str().unwrap());
        assert!(told[0].contains(&title) && told[0].contains(&source), "{told:?}: {title}; {source}");
        let severity = match finding["severity"].as_str().unwrap() {
            "error" => "!",
            "warning" => "~",
            "info" => "i",
            _ => "?",
        };
        let mark = if finding["may_pass"] == true { format!("{severity}t") } else { severity.to_owned() };
        assert_eq!(told[0][1].replace(' ', ""), mark, "{code}");
    }
}

#[test]
fn the_soak_mix_has_every_hostile_situation_and_a_fifth_of_them() {
    let soak = Mix::load("soak").unwrap();
    let is_healthy = |name: &str| name.starts_with("healthy") || name.starts_with("not-signalled");
    let hostile: Vec<(&String, &u64)> = soak.weights.iter().filter(|(name, _)| !is_healthy(name)).collect();
    let weight: u64 = hostile.iter().map(|(_, weight)| **weight).sum();
    assert_eq!(weight * 5, soak.total());
    assert!(hostile.iter().all(|(_, weight)| **weight == *hostile[0].1));
    for name in situation::names().filter(|name| name.starts_with("hostile-")) {
        assert!(soak.weights.contains_key(name), "{name}");
    }
    let told: BTreeSet<String> = table("Hostile peers")
        .iter()
        .flat_map(|row| names(&row[2]).into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let untold: Vec<_> = hostile.iter().filter(|(name, _)| !told.contains(*name)).collect();
    assert!(untold.is_empty(), "ARCHITECTURE.md does not tell of {untold:?}");
}
