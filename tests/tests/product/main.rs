//! The whole product: `sts-scan` against the laboratory, as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails here has failed"
)]

mod chains;
mod check;
mod claimable;
mod clock;
mod companions;
mod counting;
mod counts;
mod excluded;
mod faults;
mod graded;
mod hostile;
mod interrupted;
mod iterating;
mod layouts;
mod listed;
mod masks;
mod outage;
mod pace;
mod reported;
mod resets;
mod resolvers;
mod rubbish;
mod silent;
mod slow;
mod surroundings;
mod telemetry;
mod trends;
mod whole;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::serve::Dns;
use sts_lab::{Lab, Options, grade};

/// A program of the product, built beside this test.
fn built(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join(name);
    assert!(program.is_file(), "{} is not there: cargo build --workspace --bins first", program.display());
    Command::new(program)
}

fn sts_scan() -> Command {
    built("sts-scan")
}

/// A program of the analysis.
fn analysis(name: &str) -> Command {
    built(name)
}

thread_local! {
    /// Held by the test that has a laboratory, until its thread ends.
    static TURN: RefCell<Option<MutexGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// A laboratory of generated names in `dir/world`, of a mix by name or path.
///
/// It has the machine for itself: beside a second one and its scan, a queue for the processor could outlast a
/// deadline and be graded as a fault of the servers.
fn lab(domains: u64, mix: &str, dir: &Path) -> Lab {
    lab_with(Dns::Resolver, domains, mix, dir)
}

/// The same with a DNS of this kind.
fn lab_with(dns: Dns, domains: u64, mix: &str, dir: &Path) -> Lab {
    static ONE: Mutex<()> = Mutex::new(());
    // A test that failed leaves nothing behind that another one reads.
    TURN.with_borrow_mut(|turn| {
        turn.get_or_insert_with(|| ONE.lock().unwrap_or_else(PoisonError::into_inner));
    });
    let mix = Mix::load(mix).unwrap();
    Lab::start(Options {
        names: Names::Generated(domains),
        seed: 7,
        epoch: 0,
        mix,
        dns,
        dir: dir.join("world"),
    })
    .unwrap()
}

/// A mix of these situations, each as often as any other; all of them must occur.
fn mix<'s>(dir: &Path, situations: impl IntoIterator<Item = &'s str>) -> String {
    let weights: String = situations.into_iter().map(|name| format!("{name} = 1\n")).collect();
    let path = dir.join("mix.toml");
    std::fs::write(&path, format!("about = \"a few\"\nevery_situation = true\n[weights]\n{weights}"))
        .unwrap();
    path.to_str().unwrap().to_owned()
}

/// The mix `demo` without what fails only at first: of a scan that is broken off at any moment a look that is
/// a second old may be forgotten, and what fails but once is right then.
fn steady_mix(dir: &Path) -> String {
    let demo = include_str!("../../mixes/demo.toml");
    let steady: Vec<&str> = demo.lines().filter(|line| !line.contains("-flaky")).collect();
    let path = dir.join("steady.toml");
    std::fs::write(&path, steady.join("\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// `sts-scan scan` of a laboratory's list, or of another one, into `dir/scan`.
fn scan(lab: &Lab, list: &Path, dir: &Path) -> Command {
    scan_into(lab, list, &dataset(dir))
}

/// The same into a folder of that name.
fn scan_into(lab: &Lab, list: &Path, folder: &Path) -> Command {
    let mut command = sts_scan();
    command.arg("scan").arg(list).arg("--config").arg(lab.dir.join("scan.toml")).arg("-o").arg(folder);
    command
}

/// Starts a scan and waits until it reports progress for the first time.
fn started(command: Command) -> Child {
    started_once(command, |_| true)
}

/// The same, and waits until what it reports is enough.
fn started_once(mut command: Command, is_enough: impl Fn(&str) -> bool) -> Child {
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Before that it says what it reads of each list.
    let first = lines.by_ref().map(Result::unwrap).find(|line| !line.starts_with("list ")).unwrap();
    assert!(first.contains(" domains | "), "{first}");
    let is_there = is_enough(&first) || lines.by_ref().map(Result::unwrap).any(|line| is_enough(&line));
    assert!(is_there, "it ended before that");
    // What else it says must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn dataset(dir: &Path) -> PathBuf {
    dir.join("scan")
}

fn list(lab: &Lab) -> PathBuf {
    lab.dir.join("list.csv")
}

fn manifest(dir: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(dataset(dir).join("manifest.json")).unwrap()).unwrap()
}

/// The rows of a table of the dataset, part by part.
fn rows(dir: &Path, table: &str) -> Vec<RecordBatch> {
    let parts = std::fs::read_dir(dataset(dir).join(table)).unwrap();
    let mut parts: Vec<PathBuf> = parts.map(|part| part.unwrap().path()).collect();
    parts.sort();
    let read = |part| {
        let file = File::open(part).unwrap();
        ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(Result::unwrap)
    };
    parts.into_iter().flat_map(read).collect()
}

/// What an array of text has, whatever its encoding.
fn texts_of(array: &dyn Array) -> Vec<Option<String>> {
    let texts = arrow::compute::cast(array, &DataType::Utf8).unwrap();
    texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

/// What a column of text has.
fn texts(dir: &Path, table: &str, column: &str) -> Vec<Option<String>> {
    rows(dir, table).iter().flat_map(|batch| texts_of(batch.column_by_name(column).unwrap())).collect()
}

/// What a column of numbers or moments has, without nulls.
fn numbers(dir: &Path, table: &str, column: &str) -> Vec<i64> {
    let of_batch = |batch: RecordBatch| {
        let column = arrow::compute::cast(batch.column_by_name(column).unwrap(), &DataType::Int64).unwrap();
        column.as_primitive::<Int64Type>().iter().flatten().collect::<Vec<i64>>()
    };
    rows(dir, table).into_iter().flat_map(of_batch).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Asserts an exit code, showing what was said where it is another.
fn assert_code(output: &Output, code: i32) {
    let said = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said}");
}

/// Stops the laboratory and holds the dataset, and the connections that it tells of, against the truth.
fn assert_graded(lab: Lab, dir: &Path) {
    lab.write_contacts().unwrap();
    assert_rows_graded(lab, dir);
}

/// The same without the connections, in a world that is too small for every situation to occur.
fn assert_no_difference(dir: &Path) {
    let grade = grade::grade(&dataset(dir), &dir.join("world/truth.parquet")).unwrap();
    assert!(grade.differences.is_empty() && grade.not_looked_at == 0, "{}", grade.faults());
    assert!(grade.rows.iter().all(|(_, expected, found)| expected == found), "{grade}");
}

/// The same without the connections: after an interruption what has no committed row is contacted again.
fn assert_rows_graded(lab: Lab, dir: &Path) {
    let truth = lab.dir.join("truth.parquet");
    drop(lab);
    let grade = grade::grade(&dataset(dir), &truth).unwrap();
    assert!(grade.is_clean(), "{}", grade.faults());
}
