//! The grade passes a faultless dataset and sees every fault.

use std::sync::Arc;
use sts_lab::contract::Contract;
use sts_lab::dataset::Dataset;
use sts_lab::grade::{Grade, grade};
use sts_lab::truth::Reader;
use sts_lab::value::Value;
use sts_lab::{Lab, TRUTH};

struct Bench {
    lab: Lab,
    contract: Arc<Contract>,
    faultless: Dataset,
    // Last, so that the folder outlives the laboratory.
    dir: tempfile::TempDir,
}

impl Bench {
    fn new(domains: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let lab = super::demo(&dir.path().join("lab"), domains);
        let contract = Arc::clone(&lab.oracle.contract);
        let truth = Reader::open(Arc::clone(&contract), &lab.path(TRUTH)).unwrap();
        let faultless = Dataset::of_truth(&contract, truth).unwrap();
        Self { lab, contract, faultless, dir }
    }

    /// The grade of the faultless dataset after a change.
    fn after(&self, change: impl FnOnce(&mut Dataset)) -> Grade {
        let mut dataset = self.faultless.clone();
        change(&mut dataset);
        let scan = self.dir.path().join("scan");
        std::fs::create_dir_all(&scan).unwrap();
        dataset.write(&self.contract, &scan).unwrap();
        grade(&scan, &self.lab.path(TRUTH)).unwrap()
    }
}

/// Another value of the same type; the same where there is nothing to flip.
fn flipped(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(!value),
        // More than any tolerance.
        Value::Int(value) => Value::Int(value + 10_000),
        Value::Text(text) => Value::text(format!("{text}x")),
        Value::Bytes(bytes) => Value::Bytes([bytes.as_slice(), b"x"].concat()),
        Value::List(items) => {
            let mut items = items.clone();
            if let Some(last) = items.last_mut() {
                *last = flipped(last);
            }
            Value::List(items)
        }
        Value::Struct(fields) => {
            // The last field that says something: the first of `lists` is exempt.
            let mut fields = fields.clone();
            if let Some(last) = fields.iter_mut().rev().find(|field| flipped(field) != **field) {
                *last = flipped(last);
            }
            Value::Struct(fields)
        }
    }
}

/// Columns that are null or empty in every row of the laboratory behind its resolver whose scan asks for no
/// DMARC, so that no cell of them can be flipped.
const EMPTY: [&str; 11] = [
    "aia",
    "delegated_to",
    "dmarc_at",
    "dmarc_dns",
    "dmarc_policy",
    "dmarc_record",
    "dmarc_subdomain_policy",
    "dmarc_testing",
    "dmarc_txt",
    "ds",
    "sts_ns_agree",
];

#[test]
fn a_faultless_dataset_passes() {
    let bench = Bench::new(2_000);
    let grade = bench.after(|_| {});
    assert!(grade.differences.is_empty(), "{grade}");
    assert_eq!(grade.rows[0], ("domains".to_owned(), 2_000, 2_000));
}

#[test]
fn one_flipped_cell_in_any_graded_column_is_seen() {
    let bench = Bench::new(3_000);
    for (number, table) in bench.contract.tables().into_iter().enumerate() {
        // One cell of each column, each in a row of its own, so that one grade tells of them all.
        let mut faultless = bench.faultless.clone();
        let rows = faultless.table(number);
        let mut flips: Vec<(&str, usize, usize)> = Vec::new();
        for column in table.graded() {
            let at = table.position(&column.name).unwrap();
            let row = (0..rows.len()).find(|row| {
                flipped(&rows[*row][at]) != rows[*row][at] && flips.iter().all(|(_, taken, _)| taken != row)
            });
            assert_eq!(
                row.is_none(),
                EMPTY.contains(&column.name.as_str()),
                "{}.{}",
                table.name,
                column.name
            );
            flips.extend(row.map(|row| (column.name.as_str(), row, at)));
        }
        let grade = bench.after(|dataset| {
            for (_, row, at) in &flips {
                let cell = &mut dataset.table(number)[*row][*at];
                *cell = flipped(cell);
            }
        });
        let identity = ["domain", "host", "addr", "sha256"];
        for (column, ..) in &flips {
            // A flipped name makes a row that nobody called for, and another one missing.
            let seen = if identity.contains(column) { "(row)" } else { column };
            assert!(
                grade.differences.iter().any(|one| one.table == table.name && one.column == seen),
                "{}.{column}: {grade}",
                table.name
            );
        }
        let names = flips.iter().filter(|(column, ..)| identity.contains(column)).count();
        assert_eq!(grade.differences.len(), flips.len() + names, "{}: {grade}", table.name);
    }
}

#[test]
fn a_value_is_seen_in_columns_that_are_empty_always() {
    let bench = Bench::new(300);
    let at = bench.contract.tables()[2].position("aia").unwrap();
    let filled = bench.after(|dataset| {
        dataset.table(2)[0][at] = Value::texts(["http://lab.example/issuer.der"]);
    });
    assert!(!filled.differences.is_empty());
    let at = bench.contract.tables()[0].position("delegated_to").unwrap();
    let filled = bench.after(|dataset| dataset.table(0)[0][at] = Value::texts(["ns1.lab.example"]));
    assert_eq!(filled.differences.len(), 1);
}

#[test]
fn a_row_too_few_is_seen_in_every_table() {
    let bench = Bench::new(500);
    for (number, table) in bench.contract.tables().into_iter().enumerate() {
        let grade = bench.after(|dataset| drop(dataset.table(number).remove(0)));
        assert_eq!(grade.differences.len(), 1, "{grade}");
        assert_eq!(
            (grade.differences[0].table.as_str(), grade.differences[0].column.as_str()),
            (table.name.as_str(), "(row)")
        );
        assert_eq!(grade.differences[0].found, "no such row");
    }
}

#[test]
fn a_row_too_many_is_seen_in_every_table() {
    let bench = Bench::new(500);
    for (number, table) in bench.contract.tables().into_iter().enumerate() {
        let twice = bench.after(|dataset| {
            let row = dataset.table(number)[0].clone();
            dataset.table(number).push(row);
        });
        assert_eq!(twice.differences.len(), 1, "{}: {twice}", table.name);
        let stranger = bench.after(|dataset| {
            let mut row = dataset.table(number)[0].clone();
            row[1] = Value::text("stranger.example");
            dataset.table(number).push(row);
        });
        assert_eq!(stranger.differences.len(), 1, "{}: {stranger}", table.name);
        assert_eq!(stranger.differences[0].found, "a row");
    }
}

#[test]
fn a_time_that_is_missing_is_seen_though_its_value_is_not_compared() {
    let bench = Bench::new(500);
    let columns = ["mx_at", "sts_at", "policy_at", "policy_fetch_ms"]
        .map(|c| (0, c))
        .into_iter()
        .chain([(1, "probed_at")]);
    for (number, column) in columns {
        let at = bench.contract.tables()[number].position(column).unwrap();
        let grade = bench.after(|dataset| {
            let row = dataset.table(number).iter_mut().find(|row| !row[at].is_null()).unwrap();
            row[at] = Value::Null;
        });
        assert_eq!(grade.differences.len(), 1, "{column}: {grade}");
        let later = bench.after(|dataset| {
            let row = dataset.table(number).iter_mut().find(|row| !row[at].is_null()).unwrap();
            row[at] = Value::Int(row[at].as_int().unwrap() + 7);
        });
        assert!(later.differences.is_empty(), "{column}: {later}");
    }
}

#[test]
fn a_situation_that_never_occurred_fails() {
    let bench = Bench::new(30);
    let grade = bench.after(|_| {});
    assert!(grade.differences.is_empty() && !grade.never_occurred.is_empty() && !grade.is_clean());
}

#[test]
fn a_contact_that_the_dataset_does_not_tell_of_is_seen() {
    let bench = Bench::new(300);
    // The laboratory was never contacted, the dataset says that it was.
    bench.lab.write_contacts().unwrap();
    let grade = bench.after(|_| {});
    assert_eq!(grade.connections, Some(0));
    for column in ["https", "smtp"] {
        assert!(
            grade.differences.iter().any(|one| one.table == "contacts" && one.column == column),
            "{grade}"
        );
    }
}

#[test]
fn at_most_twenty_columns_are_exempt() {
    assert!(sts_lab::contract::EXEMPT.len() <= 20);
}
