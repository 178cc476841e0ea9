//! Held against datasets with as many copies of a name as it weighs, and where these have other clusters
//! against sums that are made without SQL.

use super::{alike, file, lot, names, open, rows, shares_and_keys, weighable, world};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use sts_analysis::query::Query;
use sts_analysis::render::{Answer, Cell};
use sts_analysis::tables::By;

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
