//! Two datasets are compared cell by cell, whatever order their rows have and whatever layout each is of.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use sts_lab::authority::Authority;
use sts_lab::compare::{Comparison, compare};
use sts_lab::contract::{Contract, Kind, Table};
use sts_lab::dataset::Dataset;
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::truth::Oracle;
use sts_lab::value::Value;
use sts_lab::world::World;

struct Pair {
    contract: Contract,
    dataset: Dataset,
    dir: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let contract = Arc::new(Contract::load().unwrap());
        let world = Arc::new(World::new(&contract, 1, 0, Mix::load("demo").unwrap()).unwrap());
        let authority = Arc::new(Authority::new(1).unwrap());
        let oracle = Oracle { contract: Arc::clone(&contract), world, authority, delegations: None };
        let names = Names::Generated(400).iter(1).unwrap();
        let truth = (1..).zip(names).map(|(rank, name)| oracle.expected(rank, &name.unwrap()));
        let dataset = Dataset::of_truth(&contract, truth).unwrap();
        let pair = Self { contract: (*contract).clone(), dataset, dir: tempfile::tempdir().unwrap() };
        pair.write("before", &pair.contract, pair.dataset.clone());
        pair
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, contract: &Contract, mut dataset: Dataset) {
        drop(std::fs::remove_dir_all(self.path(name)));
        std::fs::create_dir(self.path(name)).unwrap();
        dataset.write(contract, &self.path(name)).unwrap();
    }

    /// The comparison with the same dataset after a change.
    fn after(&self, change: impl FnOnce(&mut Dataset)) -> Comparison {
        let mut dataset = self.dataset.clone();
        change(&mut dataset);
        self.write("after", &self.contract, dataset);
        compare(&self.path("before"), &self.path("after")).unwrap()
    }

    /// Position of a column of a table.
    fn at(&self, table: usize, column: &str) -> usize {
        self.contract.tables()[table].position(column).unwrap()
    }

    fn names(&self) -> [String; 4] {
        self.contract.tables().map(|table: &Table| table.name.clone())
    }
}

/// All that differs: table, unpaired rows, differing cells; tables without a difference are left out.
fn differing(comparison: &Comparison) -> Vec<(&str, u64, u64)> {
    let tables = comparison.tables.iter().filter(|table| !table.is_clean());
    tables.map(|table| (table.table.as_str(), table.unpaired.count, table.differing_cells())).collect()
}

fn exit_code(before: &Path, after: &Path) -> Option<i32> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sts-lab"));
    program.arg("compare").arg(before).arg(after).output().unwrap().status.code()
}

#[test]
fn equal_datasets_have_no_difference_whatever_order_their_rows_have() {
    let pair = Pair::new();
    let reversed = pair.after(|dataset| (0..4).for_each(|number| dataset.table(number).reverse()));
    assert!(reversed.is_clean(), "{reversed}");
    assert!(reversed.tables.iter().all(|table| table.rows[0] > 0 && table.rows[0] == table.rows[1]));
    assert!(reversed.to_string().ends_with("no difference\n"));
    assert_eq!(exit_code(&pair.path("before"), &pair.path("after")), Some(0));
}

#[test]
fn a_changed_cell_is_seen_in_every_table_with_its_row_and_both_values() {
    let pair = Pair::new();
    let columns = ["mx_dns", "host_dns", "key_type", "verdict_strict"];
    for (number, (table, column)) in pair.names().iter().zip(columns).enumerate() {
        let (at, mut named) = (pair.at(number, column), Value::Null);
        let mut was = Value::Null;
        let changed = pair.after(|dataset| {
            let row = dataset.table(number).iter_mut().find(|row| !row[at].is_null()).unwrap();
            (named, was) = (row[1].clone(), row[at].clone());
            row[at] = Value::text("other");
        });
        assert_eq!(differing(&changed), [(table.as_str(), 0, 1)], "{changed}");
        let example = &changed.tables[number].cells[column].examples[0];
        assert!(example.row.starts_with(named.as_text().unwrap()), "{changed}");
        assert_eq!((&example.before, example.after.as_str()), (&was.to_string(), "\"other\""));
    }
    assert_eq!(exit_code(&pair.path("before"), &pair.path("after")), Some(1));
}

#[test]
fn a_missing_row_and_a_doubled_one_are_seen_in_every_table() {
    let pair = Pair::new();
    for (number, table) in pair.names().iter().enumerate() {
        let missing = pair.after(|dataset| drop(dataset.table(number).remove(3)));
        assert_eq!(differing(&missing), [(table.as_str(), 1, 0)], "{missing}");
        assert_eq!(missing.tables[number].unpaired.examples[0].after, "no row");
        let doubled = pair.after(|dataset| {
            let row = dataset.table(number)[3].clone();
            dataset.table(number).push(row);
        });
        assert_eq!(differing(&doubled), [(table.as_str(), 1, 0)], "{doubled}");
        assert_eq!(doubled.tables[number].unpaired.examples[0].after, "2 rows");
        let emptied = pair.after(|dataset| dataset.table(number).clear());
        let rows = pair.dataset.clone().table(number).len() as u64;
        assert_eq!(differing(&emptied), [(table.as_str(), rows, 0)]);
    }
}

#[test]
fn a_table_without_a_part_has_no_rows() {
    let pair = Pair::new();
    pair.after(|_| {});
    std::fs::remove_dir_all(pair.path("after/mx_hosts")).unwrap();
    let comparison = compare(&pair.path("before"), &pair.path("after")).unwrap();
    assert_eq!(differing(&comparison), [("mx_hosts", pair.dataset.mx_hosts.len() as u64, 0)]);
}

#[test]
fn times_durations_and_the_name_of_the_scan_are_not_compared() {
    let pair = Pair::new();
    let (scan, total, at, lists) =
        (pair.at(0, "scan"), pair.at(0, "total_ms"), pair.at(0, "mx_at"), pair.at(0, "lists"));
    let in_list =
        |name: &str, rank: i64| Value::List(vec![Value::Struct(vec![Value::text(name), Value::Int(rank)])]);
    let exempt = pair.after(|dataset| {
        let row = &mut dataset.domains[0];
        (row[scan], row[total]) = (Value::text("another"), Value::Int(99));
        (row[at], row[lists]) = (Value::Int(7), in_list("another.csv", 1));
    });
    assert!(exempt.is_clean(), "{exempt}");
    let rank = pair.after(|dataset| dataset.domains[0][lists] = in_list("list.csv", 77));
    assert_eq!(differing(&rank), [("domains", 0, 1)], "{rank}");
}

/// The contract and the dataset without a column, as an older layout has them.
fn without(pair: &Pair, column: &str) -> (Contract, Dataset) {
    let (mut contract, mut dataset) = (pair.contract.clone(), pair.dataset.clone());
    let at = pair.at(0, column);
    contract.domains.columns.remove(at);
    dataset.domains.iter_mut().for_each(|row| drop(row.remove(at)));
    (contract, dataset)
}

#[test]
fn a_column_that_only_one_has_is_listed_and_no_difference() {
    let pair = Pair::new();
    let (contract, dataset) = without(&pair, "policy_attempts");
    pair.write("older", &contract, dataset);
    let newer = compare(&pair.path("older"), &pair.path("before")).unwrap();
    assert!(newer.is_clean(), "{newer}");
    assert_eq!(newer.tables[0].only, [vec![], vec!["domains.policy_attempts".to_owned()]]);
    assert!(newer.to_string().contains("only in AFTER, not compared: domains.policy_attempts\n"));
    let older = compare(&pair.path("before"), &pair.path("older")).unwrap();
    assert_eq!(older.tables[0].only, [vec!["domains.policy_attempts".to_owned()], vec![]]);
}

#[test]
fn a_field_that_only_one_has_is_listed_and_the_others_are_compared() {
    let pair = Pair::new();
    let (mut contract, mut dataset, at) = (pair.contract.clone(), pair.dataset.clone(), pair.at(0, "mx"));
    let Kind::List(item) = &mut contract.domains.columns[at].kind else { panic!("mx is a list") };
    let Kind::Struct(fields) = item.as_mut() else { panic!("of structs") };
    assert_eq!(fields.pop().unwrap().0, "pattern");
    // What is there of the last field is left out when it is written.
    pair.write("older", &contract, dataset.clone());
    let comparison = compare(&pair.path("older"), &pair.path("before")).unwrap();
    assert!(comparison.is_clean(), "{comparison}");
    assert_eq!(comparison.tables[0].only[1], ["domains.mx.pattern"]);
    let row = dataset.domains.iter_mut().find(|row| !row[at].items().is_empty()).unwrap();
    row[at] = Value::List(Vec::new());
    pair.write("older", &contract, dataset);
    let comparison = compare(&pair.path("older"), &pair.path("before")).unwrap();
    assert_eq!(differing(&comparison), [("domains", 0, 1)], "{comparison}");
}

#[test]
fn a_column_of_another_type_is_a_difference() {
    let pair = Pair::new();
    let (mut contract, at) = (pair.contract.clone(), pair.at(0, "mx_ttl"));
    contract.domains.columns[at].kind = Kind::Int32;
    pair.write("after", &contract, pair.dataset.clone());
    let comparison = compare(&pair.path("before"), &pair.path("after")).unwrap();
    assert!(!comparison.is_clean());
    assert_eq!(comparison.tables[0].retyped, ["domains.mx_ttl"]);
}

#[test]
fn what_is_no_dataset_is_an_error_and_no_difference() {
    let pair = Pair::new();
    let nothing = pair.path("nothing");
    std::fs::create_dir(&nothing).unwrap();
    let fault = compare(&pair.path("before"), &nothing).unwrap_err().to_string();
    assert!(fault.contains("is no dataset"), "{fault}");
    assert_eq!(exit_code(&pair.path("before"), &nothing), Some(2));
    assert_eq!(exit_code(&pair.path("before"), &pair.path("absent")), Some(2));
}
