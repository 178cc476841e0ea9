//! Shares of weights: held against datasets in which each name stands as many times as it weighs, against
//! shares of names where all weigh alike, and against sums that are made without SQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod world;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
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
    for (world, weight) in [("small", "1"), ("signallers", "7"), ("newer", "1"), ("many", "7")] {
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

/// The same world with each name as many times as it weighs.
fn replicated(world: &Path, out: &Path, weight: impl Fn(&str) -> u64) {
    fs::create_dir_all(out).unwrap();
    for entry in fs::read_dir(world).unwrap().map(|entry| entry.unwrap().path()) {
        let to = out.join(entry.file_name().unwrap());
        let named = ["domains.jsonl", "assessments.jsonl"].iter().any(|name| entry.ends_with(name));
        if !named {
            fs::copy(&entry, to).unwrap();
            continue;
        }
        let mut text = String::new();
        for line in fs::read_to_string(&entry).unwrap().lines() {
            let mut row: Value = serde_json::from_str(line).unwrap();
            let name = row["domain"].as_str().unwrap().to_owned();
            for number in 0..weight(&name) {
                row["domain"] = format!("copy{number}-{name}").into();
                writeln!(text, "{row}").unwrap();
            }
        }
        fs::write(to, text).unwrap();
    }
}

/// The tables of which every row hangs on how large a cluster is.
const OF_CLUSTERS: [&str; 3] = ["managers", "manager-thresholds", "policy-host-concentration"];

/// Whether a share hangs on which cluster is largest, or whether one is large: that is decided by names, of
/// which the replicated world has more. Another test looks at those.
fn is_of_clusters(query: &Query, column: &str, row: &[Cell]) -> bool {
    let said = |text: &str| row.contains(&Cell::Text(text.to_owned()));
    match query.name.as_str() {
        "policy-errors" | "mx-certificates" => !said("all"),
        "adoption" => said("without the largest cluster"),
        _ => column.starts_with("other_"),
    }
}

#[tokio::test]
async fn a_name_that_weighs_three_counts_as_three_names() {
    let mut checked = BTreeMap::new();
    // Worlds where every name is there, and some where names weigh nothing.
    for (world, by, least) in [
        ("signallers", None, 1),
        ("small", None, 0),
        ("newer", None, 0),
        ("small", Some(By::Tld), 1),
        ("signallers", Some(By::Tld), 0),
    ] {
        let world = world::fixtures().join(world);
        let dir = tempfile::tempdir().unwrap();
        let of = |name: &str| least + lot(name, 0) % 4;
        replicated(&world, &dir.path().join("world"), of);
        let mut copies =
            open(&dir.path().join("world"), &dir.path().join("copies"), by.clone(), None).await.unwrap();
        let weights = names(&world).into_iter().map(|name| (name.to_uppercase(), of(&name).to_string()));
        let weight = file(dir.path(), weights);
        let mut weighted = open(&world, &dir.path().join("once"), by.clone(), weight).await.unwrap();
        for query in weighable().into_iter().filter(|query| !OF_CLUSTERS.contains(&query.name.as_str())) {
            let expected = copies.run(&query).await.unwrap();
            let found = weighted.run(&query).await.unwrap_or_else(|fault| panic!("{fault}"));
            let (shares, keys) = shares_and_keys(&found);
            let wanted = rows(&expected, &keys);
            for (key, row) in rows(&found, &keys) {
                // Of names that weigh nothing there are no copies, and larger clusters are other managers.
                let Some(wanted) = wanted.get(&key) else {
                    let is_other = is_of_clusters(&query, "", &row);
                    assert!(least == 0 || is_other, "{} {key}", query.name);
                    continue;
                };
                for &share in &shares {
                    let column = &found.columns[share].0;
                    if is_of_clusters(&query, column, &row) {
                        continue;
                    }
                    let same = alike(&wanted[share], &row[share]);
                    assert!(same, "{} {column} {}:\n{wanted:?}\n{row:?}", query.name, world.display());
                    *checked.entry(query.name.clone()).or_insert(0) += 1;
                }
            }
        }
    }
    for query in weighable() {
        let is_skipped = OF_CLUSTERS.contains(&query.name.as_str());
        let checked = checked.get(&query.name).copied().unwrap_or_default();
        assert!(is_skipped || checked > 3, "{}: {checked}", query.name);
    }
}

/// The sum of some weights in percent of the sum of others; null where the others are none.
fn percent(count: u64, of: u64) -> Cell {
    let number = |sum: u64| f64::from(u32::try_from(sum).unwrap());
    if of == 0 { Cell::Null } else { Cell::Share(100.0 * number(count) / number(of)) }
}

#[tokio::test]
async fn shares_that_hang_on_clusters_are_sums_over_the_clusters_of_names() {
    let world = world::fixtures().join("signallers");
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str| 1 + lot(name, 5) % 9;
    let mut plain = open(&world, &dir.path().join("plain"), None, None).await.unwrap();
    let weight =
        file(dir.path(), names(&world).into_iter().map(|name| (name.clone(), of(&name).to_string())));
    let mut weighted = open(&world, &dir.path().join("once"), None, weight).await.unwrap();
    let sql = "SELECT managers.entity, managers.manager, managers.cluster, signallers.domain, policy_state
        FROM managers JOIN signallers ON signallers.scan = managers.scan AND signallers.domain = managers.domain";
    let all: Vec<[String; 5]> = plain
        .run(&Query::parse("m", sql))
        .await
        .unwrap()
        .rows
        .into_iter()
        .map(|row| {
            <[Cell; 5]>::try_from(row).unwrap().map(|cell| match cell {
                Cell::Text(text) => text,
                _ => String::new(),
            })
        })
        .collect();
    let sum = |keep: &dyn Fn(&[String; 5]) -> bool| {
        all.iter().filter(|row| keep(row)).map(|row| of(&row[3])).sum::<u64>()
    };

    let named = |name: &str| weighable().into_iter().find(|query| query.name == name).unwrap();
    let managers = weighted.run(&named("managers")).await.unwrap();
    let names_alone = plain.run(&named("managers")).await.unwrap();
    let at =
        |answer: &Answer, name: &str| answer.columns.iter().position(|(column, _)| column == name).unwrap();
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        _ => String::new(),
    };
    let mut others = 0;
    for (row, unweighted) in managers.rows.iter().zip(&names_alone.rows) {
        let cell = |name: &str| &row[at(&managers, name)];
        let (entity, manager) = (text(cell("entity")), text(cell("manager")));
        // The largest cluster is that of the names.
        assert_eq!(cell("largest_cluster"), &unweighted[at(&names_alone, "largest_cluster")]);
        let largest = managers.rows.iter().find(|other| {
            text(&other[at(&managers, "entity")]) == entity
                && !text(&other[at(&managers, "largest_cluster")]).is_empty()
        });
        let largest = largest.map(|row| text(&row[at(&managers, "largest_cluster")])).unwrap_or_default();
        let own = |row: &[String; 5]| row[0] == entity && row[1] == manager;
        let usable = |row: &[String; 5]| own(row) && row[4] == "usable";
        let decided = |row: &[String; 5]| own(row) && row[4] != "undecided";
        assert!(alike(cell("usable_pct"), &percent(sum(&usable), sum(&decided))), "{row:?}");
        if manager == "unknown" {
            continue;
        }
        let known = |row: &[String; 5]| row[0] == entity && row[1] != "unknown";
        assert!(alike(cell("pct"), &percent(sum(&own), sum(&known))), "{row:?}");
        let other = |row: &[String; 5]| own(row) && row[2] != largest;
        let others_known = |row: &[String; 5]| known(row) && row[2] != largest;
        assert!(alike(cell("other_pct"), &percent(sum(&other), sum(&others_known))), "{row:?}");
        others += 1;
    }
    assert!(others > 5, "{others}");

    let concentration = weighted.run(&named("policy-host-concentration")).await.unwrap();
    let mut upto = BTreeSet::new();
    for row in &concentration.rows {
        upto.insert(text(&row[at(&concentration, "cluster")]));
        let known = |row: &[String; 5]| row[0] == "policy host" && !row[2].is_empty();
        let reached = |row: &[String; 5]| known(row) && upto.contains(&row[2]);
        assert!(alike(&row[at(&concentration, "upto_pct")], &percent(sum(&reached), sum(&known))), "{row:?}");
    }
    assert!(upto.len() > 2);
}

#[tokio::test]
async fn whatever_names_weigh_shares_are_shares_and_within_their_bounds() {
    let (mut checked, mut moved) = (0, 0);
    for (world, salt) in [("small", 1), ("signallers", 2), ("newer", 4)] {
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
