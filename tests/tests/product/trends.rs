//! `sts-trends` over several epochs of the laboratory, held against what its situations say.

use crate::{analysis, assert_code, text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use sts_lab::authority::Authority;
use sts_lab::contract::Contract;
use sts_lab::mix::Mix;
use sts_lab::names::{Names, generate};
use sts_lab::straight::{self, Order, Source};
use sts_lab::transitions;
use sts_lab::truth::{Expected, Oracle};
use sts_lab::world::World;

const DOMAINS: u64 = 10_000;
const SEED: u64 = 11;
const EPOCHS: u32 = 3;
/// Seconds from one epoch to the next.
const GAP: i64 = 7 * 86_400;

/// Situations between which every transition of the catalogue happens.
fn mix() -> Mix {
    let situations = [
        "healthy",
        "healthy-new-id",
        "healthy-testing",
        "healthy-none",
        "healthy-provider",
        "healthy-oldmailhost",
        "healthy-renewed",
        "not-signalled",
        "nxdomain",
        "text-max-age-short",
        "policy-tls-name",
        "policy-http-404",
        "record-id-missing",
        "mx-cert-expired",
        "mismatch-different-domain",
        "sts-timeout",
        "smtp-connect-timeout",
    ];
    let weights = situations.map(|name| (name.to_owned(), 1)).into_iter().collect();
    Mix { about: "life cycles".into(), every_situation: true, companions: Vec::new(), weights }
}

fn write(epoch: u32, dir: &Path) {
    let order = Order {
        names: Names::Generated(DOMAINS),
        seed: SEED,
        epoch,
        source: Source::Mix(mix()),
        dir: dir.join(format!("epoch-{epoch}")),
        threads: 2,
    };
    straight::write(order).unwrap();
}

/// What each domain is in an epoch.
fn epoch(contract: &Arc<Contract>, authority: &Arc<Authority>, epoch: u32) -> BTreeMap<String, Expected> {
    let world = Arc::new(World::new(contract, SEED, epoch, mix()).unwrap());
    let oracle =
        Oracle { contract: Arc::clone(contract), world, authority: Arc::clone(authority), delegations: None };
    let expected = |index: u64| {
        let name = generate(SEED, index);
        let expected = oracle.expected(index + 1, &name).unwrap();
        (name, expected)
    };
    (0..DOMAINS).map(expected).collect()
}

/// One line a transition: from, to, word, domain, and what is unknown where it is.
fn truth() -> BTreeSet<String> {
    let contract = Arc::new(Contract::load().unwrap());
    let authority = Arc::new(Authority::new(SEED).unwrap());
    let mut lines = BTreeSet::new();
    let mut before = epoch(&contract, &authority, 0);
    for number in 1..EPOCHS {
        let after = epoch(&contract, &authority, number);
        for ((domain, was), is) in before.iter().zip(after.values()) {
            for (word, about) in transitions::between(&contract, was, is, GAP) {
                lines.insert(format!("epoch-{},epoch-{number},{word},{domain},{about}", number - 1));
            }
        }
        before = after;
    }
    lines
}

#[test]
fn every_transition_that_the_truth_holds_is_found_and_none_invented() {
    let dir = tempfile::tempdir().unwrap();
    (0..EPOCHS).for_each(|epoch| write(epoch, dir.path()));
    // Given in another order than they happened.
    let output = analysis("sts-trends")
        .args(["epoch-2", "epoch-0", "epoch-1"].map(|name| dir.path().join(name)))
        .args(["--table", "transition-domains", "--format", "csv"])
        .output()
        .unwrap();
    assert_code(&output, 0);
    let found: BTreeSet<String> = text(&output.stdout)
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let about = if cells[2] == "unknown" { cells[4] } else { "" };
            format!("{},{},{},{},{about}", cells[0], cells[1], cells[2], cells[3])
        })
        .collect();
    let truth = truth();
    let words: BTreeSet<&str> = truth.iter().filter_map(|line| line.split(',').nth(2)).collect();
    assert_eq!(words.len(), 13, "the truth lacks a transition: {words:?}");
    let missed: Vec<_> = truth.difference(&found).take(10).collect();
    let invented: Vec<_> = found.difference(&truth).take(10).collect();
    assert!(missed.is_empty() && invented.is_empty(), "missed {missed:#?}, invented {invented:#?}");
    assert!(truth.len() > 300, "{} transitions are few", truth.len());
}
