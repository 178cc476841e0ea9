//! Shares of weights: held against datasets in which each name stands as many times as it weighs, against
//! shares of names where all weigh alike, and against sums that are made without SQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod copies;
mod refused;
#[path = "../world/mod.rs"]
mod world;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use sts_analysis::dataset::{Completeness, open_all};
use sts_analysis::fault::Fault;
use sts_analysis::query::{self, Query};
use sts_analysis::render::{Answer, Cell, Kind};
use sts_analysis::settings::Settings;
use sts_analysis::shares;
use sts_analysis::tables::{By, Grouping, Tables};
use sts_analysis::weight::{self, Weight};

const MEMORY: usize = 256 * 1024 * 1024;

fn weighable() -> Vec<Query> {
    let all = [query::adoption(), query::report(), query::misconfig()].concat();
    all.into_iter().filter(|query| weight::check(query).is_ok()).collect()
}

/// The names of a world, each once.
fn names(world: &Path) -> BTreeSet<String> {
    let rows = fs::read_to_string(world.join("domains.jsonl")).unwrap();
    let name = |row: &str| serde_json::from_str::<Value>(row).unwrap()["domain"].as_str().unwrap().to_owned();
    rows.lines().map(name).collect()
}

/// A number that a name always has, and that looks like none of its others.
fn lot(name: &str, salt: u64) -> u64 {
    let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let sum = name.bytes().fold(0xcbf2_9ce4_8422_2325 ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15), step);
    (sum ^ (sum >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

fn file(dir: &Path, weights: impl IntoIterator<Item = (String, String)>) -> Option<Weight> {
    let mut text = "domain,sector,mails\n".to_owned();
    weights.into_iter().for_each(|(name, weight)| writeln!(text, "{name},x,{weight}").unwrap());
    let file = dir.join("weights.csv");
    fs::write(&file, text).unwrap();
    Some(Weight { file, column: "mails".to_owned() })
}

async fn open(world: &Path, dir: &Path, by: Option<By>, weight: Option<Weight>) -> Result<Tables, Fault> {
    let folders = world::write(world, dir);
    let datasets = open_all(&folders, Completeness::Required).unwrap();
    let grouping = Grouping { by, by_least: 1, weight };
    Tables::register_by(datasets, MEMORY, settings(world), &grouping).await
}

/// Where `flags` has them: so that a small world has third parties too.
fn settings(world: &Path) -> Settings {
    let set = world.join("flags").exists();
    let few = Settings { rank_width: 10, third_party_from: 3, self_up_to: 1, ..Settings::default() };
    if set { few } else { Settings::default() }
}

/// The columns of shares, and what tells the rows apart.
fn shares_and_keys(answer: &Answer) -> (Vec<usize>, Vec<usize>) {
    let (keys, kept) =
        answer.query.weight.strip_prefix("by ").unwrap().split_once("; not ").map_or_else(
            || (answer.query.weight.strip_prefix("by ").unwrap(), ""),
            |(keys, kept)| (keys, kept),
        );
    let at = |name: &str| answer.columns.iter().position(|(column, _)| column == name);
    let keys = keys.split(", ").map(|key| at(key).unwrap_or_else(|| panic!("{key}"))).chain(at("by"));
    let share = |(name, kind): &(String, Kind)| *kind == Kind::Share && name != kept;
    let shares = answer.columns.iter().enumerate().filter(|(_, column)| share(column)).map(|(at, _)| at);
    (shares.collect(), keys.collect())
}

fn rows(answer: &Answer, keys: &[usize]) -> BTreeMap<String, Vec<Cell>> {
    let key = |row: &Vec<Cell>| format!("{:?}", keys.iter().map(|key| &row[*key]).collect::<Vec<_>>());
    let rows: BTreeMap<String, Vec<Cell>> = answer.rows.iter().map(|row| (key(row), row.clone())).collect();
    assert_eq!(rows.len(), answer.rows.len(), "{}: rows that are not told apart", answer.query.name);
    rows
}

fn alike(left: &Cell, right: &Cell) -> bool {
    match (left, right) {
        (Cell::Share(left), Cell::Share(right)) => (left - right).abs() < 1e-9,
        _ => left == right,
    }
}

#[tokio::test]
async fn where_all_weigh_alike_every_cell_is_that_of_the_names() {
    let mut cells = 0;
    for (world, weight) in [("newer", "1"), ("many", "7")] {
        let world = world::fixtures().join(world);
        let dir = tempfile::tempdir().unwrap();
        let mut plain = open(&world, &dir.path().join("plain"), None, None).await.unwrap();
        let weights = names(&world).into_iter().map(|name| (name, weight.to_owned()));
        let weight = file(dir.path(), weights);
        let mut weighted = open(&world, &dir.path().join("weighted"), None, weight).await.unwrap();
        for query in weighable() {
            let mut expected = plain.run(&query).await.unwrap();
            let mut found = weighted.run(&query).await.unwrap_or_else(|fault| panic!("{fault}"));
            shares::mark(&mut expected, None, false);
            shares::mark(&mut found, None, false);
            assert_eq!(expected.columns, found.columns, "{}", query.name);
            assert_eq!(expected.rows.len(), found.rows.len(), "{}", query.name);
            for (expected, found) in expected.rows.iter().zip(&found.rows) {
                let same = expected.iter().zip(found).all(|(left, right)| alike(left, right));
                assert!(same, "{} {}:\n{expected:?}\n{found:?}", world.display(), query.name);
                cells += found.len();
            }
        }
    }
    assert!(cells > 1000, "{cells}");
}

#[tokio::test]
async fn whatever_names_weigh_shares_are_shares_and_within_their_bounds() {
    let (mut checked, mut moved) = (0, 0);
    for (world, salt) in [("small", 1), ("signallers", 2)] {
        let world = world::fixtures().join(world);
        let dir = tempfile::tempdir().unwrap();
        let weights =
            names(&world).into_iter().filter(|name| !lot(name, salt).is_multiple_of(7)).map(|name| {
                let digits = lot(&name, salt + 100) % 1000;
                let weight =
                    format!("{digits}.{:03}e{}", lot(&name, salt + 200) % 1000, lot(&name, salt) % 9);
                (name, weight)
            });
        let weight = file(dir.path(), weights);
        let mut plain = open(&world, &dir.path().join("plain"), None, None).await.unwrap();
        let mut weighted = open(&world, &dir.path().join("weighted"), None, weight).await.unwrap();
        for query in weighable() {
            let mut answer = weighted.run(&query).await.unwrap_or_else(|fault| panic!("{fault}"));
            let mut by_names = plain.run(&query).await.unwrap();
            let (shares, _) = shares_and_keys(&answer);
            for share in shares {
                let name = answer.columns[share].0.clone();
                let stem = name.strip_suffix("pct").filter(|stem| stem.is_empty() || stem.ends_with('_'));
                let bound = |ending: &str| {
                    let wanted = format!("{}{ending}", stem?);
                    answer.columns.iter().position(|(column, _)| *column == wanted)
                };
                let (low, high) = (bound("low"), bound("high"));
                for (row, of_names) in answer.rows.iter().zip(&by_names.rows) {
                    let Cell::Share(found) = row[share] else { continue };
                    let least = low.map_or(0.0, |low| number(&row[low]).unwrap_or(0.0));
                    let most = high.map_or(100.0, |high| number(&row[high]).unwrap_or(100.0));
                    let is_share = (-1e-9..=100.0 + 1e-9).contains(&found);
                    let is_within = least <= found + 1e-9 && found <= most + 1e-9;
                    assert!(is_share && is_within, "{} {name}: {row:?}", query.name);
                    checked += 1;
                    moved += usize::from(!alike(&row[share], &of_names[share]));
                }
            }
            // What is small is so by its number of names, and counts are those of names.
            shares::mark(&mut answer, None, false);
            shares::mark(&mut by_names, None, false);
            for (row, of_names) in answer.rows.iter().zip(&by_names.rows) {
                let counted = |cell: &&Cell| !matches!(cell, Cell::Share(_) | Cell::Null);
                let kept = row.iter().zip(of_names).filter(|(_, of_names)| counted(of_names));
                assert!(kept.clone().all(|(cell, of_names)| cell == of_names), "{}: {row:?}", query.name);
            }
        }
    }
    assert!(checked > 300 && moved > 100, "{checked} {moved}");
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Share(number) => Some(*number),
        _ => None,
    }
}

#[tokio::test]
async fn names_without_weight_weigh_nothing_and_notes_say_how_many() {
    let world = world::fixtures().join("small");
    let dir = tempfile::tempdir().unwrap();
    let weight = file(dir.path(), [("Alpha.com".to_owned(), "0".to_owned())]);
    let mut weighted = open(&world, &dir.path().join("weighted"), None, weight).await.unwrap();
    for query in weighable() {
        let answer = weighted.run(&query).await.unwrap();
        let (shares, _) = shares_and_keys(&answer);
        assert!(
            answer.rows.iter().all(|row| shares.iter().all(|share| row[*share] == Cell::Null)),
            "{}",
            query.name
        );
        assert!(
            answer.notes[0].starts_with("shares are weighted by mails of weights.csv;"),
            "{:?}",
            answer.notes
        );
        let told = "names that are not in weights.csv weigh 0: 17 of 18 in 2026-09, 2 of 3 in 2026-10";
        assert_eq!(answer.notes[1], told);
    }
}
