//! Kills a scan of the laboratory again and again, resumes it, and holds what came of it against the truth.
//!
//! `cargo run --release -p sts-lab --example kill_loop -- SCANNER KILLS DOMAINS SEED DIR` (see `scripts/kill-loop`).
//! A scan that ends before it could be killed is graded, and the next one begins. Ends with 0 only where no dataset differs
//! from the truth, no row is there twice, and no target with a committed row was contacted again.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use anyhow::{Context, Result, bail, ensure};
use arrow::array::{Array, AsArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use sts_lab::dice::draw;
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::serve::Service;
use sts_lab::{Lab, Options, grade};

/// Longest time before a kill: about what a whole scan of 200,000 domains takes.
const LONGEST: u64 = 30_000;
/// A resume that was not killed must have ended by then.
const PATIENCE: Duration = Duration::from_secs(1_800);

fn main() -> Result<()> {
    let typed: Vec<String> = std::env::args().skip(1).collect();
    let [scanner, kills, domains, seed, dir] = typed.as_slice() else {
        bail!("usage: kill_loop SCANNER KILLS DOMAINS SEED DIR")
    };
    let (kills, domains, seed): (u64, u64, u64) = (kills.parse()?, domains.parse()?, seed.parse()?);
    let dir = PathBuf::from(dir);
    let (mut killed, mut rounds) = (0_u64, 0);
    while killed < kills {
        rounds += 1;
        let round = Round::begin(Path::new(scanner), domains, seed + rounds, &dir.join(rounds.to_string()))?;
        killed += round.run(kills - killed)?;
    }
    println!(
        "{killed} kills in {rounds} scans of {domains} domains: no difference, no row twice, nobody contacted again"
    );
    Ok(())
}

/// One scan from its begin to its grade.
struct Round {
    scanner: PathBuf,
    lab: Lab,
    dataset: PathBuf,
    seed: u64,
    /// When each domain was found committed after a kill, microseconds since 1970.
    committed: BTreeMap<String, i64>,
}

impl Round {
    fn begin(scanner: &Path, domains: u64, seed: u64, dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        // What fails only at first has failed before the kill: that it did so is lost with what had no committed row.
        let demo = include_str!("../mixes/demo.toml");
        // Most names are plain, so that parts of 131,072 rows are committed between kills.
        let plain = |line| if line == "not-signalled = 4400" { "not-signalled = 100000" } else { line };
        let steady: Vec<&str> = demo.lines().filter(|line| !line.contains("-flaky")).map(plain).collect();
        ensure!(steady.contains(&"not-signalled = 100000"), "the mix demo has changed");
        std::fs::write(dir.join("steady.toml"), steady.join("\n"))?;
        let mix = Mix::load(&dir.join("steady.toml").to_string_lossy())?;
        let names = Names::Generated(domains);
        let lab = Lab::start(Options { names, seed, epoch: 0, mix, dir: dir.join("world") })?;
        let dataset = dir.join("scan");
        Ok(Self { scanner: scanner.to_owned(), lab, dataset, seed, committed: BTreeMap::new() })
    }

    /// Kills it up to `most` times, lets it end, and grades it; gives how often it was killed.
    fn run(mut self, most: u64) -> Result<u64> {
        let (mut killed, mut is_complete) = (0, false);
        let mut hosts = BTreeSet::new();
        let mut resumed = now();
        while !is_complete {
            resumed = now();
            let after = (killed < most).then(|| self.moment(killed));
            is_complete = self.go_on(after)?;
            if !is_complete {
                killed += 1;
                hosts = self.note_committed()?;
                println!(
                    "kill {killed} after {:.1} s: {} domains and {} addresses of MX hosts committed",
                    after.unwrap_or_default().as_secs_f64(),
                    self.committed.len(),
                    hosts.len()
                );
            }
        }
        self.nobody_again(&hosts, resumed)?;
        let truth = self.lab.path(sts_lab::TRUTH);
        drop(self.lab);
        let grade = grade::grade(&self.dataset, &truth)?;
        ensure!(grade.is_clean(), "{grade}");
        Ok(killed)
    }

    /// How long after its begin the scan is killed for this time.
    fn moment(&self, kill: u64) -> Duration {
        Duration::from_millis(draw(self.seed, &kill.to_be_bytes()) % LONGEST)
    }

    /// Begins or resumes the scan; true where it ended by itself, complete.
    fn go_on(&self, kill_after: Option<Duration>) -> Result<bool> {
        let mut command = Command::new(&self.scanner);
        if self.dataset.join("manifest.json").exists() {
            command.arg("resume").arg(&self.dataset);
        } else {
            // A kill before the manifest was written leaves a folder that is no scan yet.
            drop(std::fs::remove_dir_all(&self.dataset));
            command.arg("scan").arg(self.lab.path(sts_lab::LIST)).arg("-o").arg(&self.dataset);
            command.arg("--config").arg(self.lab.path(sts_lab::SETTINGS));
        }
        let mut child = command.arg("--quiet").stdout(Stdio::null()).spawn().context("the scanner")?;
        let Some(status) = ends_within(&mut child, kill_after.unwrap_or(PATIENCE))? else {
            child.kill()?;
            child.wait()?;
            ensure!(kill_after.is_some(), "the scan does not end");
            return Ok(false);
        };
        ensure!(status.success(), "the scan ended with {status}");
        Ok(true)
    }

    /// What has a committed row now: remembers the domains, and gives the (host, address) pairs.
    fn note_committed(&mut self) -> Result<BTreeSet<(String, String)>> {
        let at = now();
        for row in rows(&self.dataset.join("domains"), &["domain"])? {
            self.committed.entry(row.texts[0].clone()).or_insert(at);
        }
        let hosts = rows(&self.dataset.join("mx_hosts"), &["host", "addr"])?;
        Ok(hosts.into_iter().map(|row| (row.texts[0].clone(), row.texts[1].clone())).collect())
    }

    /// No policy host of a committed domain saw a connection after that, and the MX hosts saw in the last run just what
    /// the rows tell that were not committed before it.
    fn nobody_again(&self, committed: &BTreeSet<(String, String)>, resumed: i64) -> Result<()> {
        let mut told: BTreeMap<String, i64> = BTreeMap::new();
        for row in rows(&self.dataset.join("mx_hosts"), &["host", "addr"])? {
            if !committed.contains(&(row.texts[0].clone(), row.texts[1].clone())) {
                *told.entry(row.texts[1].clone()).or_default() += row.seen;
            }
        }
        let mut came: BTreeMap<String, i64> = BTreeMap::new();
        for contact in self.lab.contacts().connections() {
            match contact.service {
                Service::Https => {
                    let domain = contact.name.as_deref().and_then(|name| name.strip_prefix("mta-sts."));
                    let since = domain.and_then(|domain| self.committed.get(domain));
                    ensure!(
                        since.is_none_or(|since| contact.at <= *since),
                        "{domain:?} has a committed row and was contacted again"
                    );
                }
                Service::Smtp if contact.at > resumed => {
                    *came.entry(contact.addr.to_string()).or_default() += 1;
                }
                _ => {}
            }
        }
        for (addr, came) in came {
            let told = told.get(&addr).copied().unwrap_or_default();
            ensure!(came == told, "{addr}: {came} connections in the last run, {told} in its rows");
        }
        Ok(())
    }
}

fn ends_within(child: &mut Child, patience: Duration) -> Result<Option<std::process::ExitStatus>> {
    let ends = Instant::now() + patience;
    while Instant::now() < ends {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(5).min(ends.saturating_duration_since(Instant::now())));
    }
    Ok(None)
}

struct Row {
    texts: Vec<String>,
    /// Attempts that the laboratory saw: not those that nobody answered.
    seen: i64,
}

/// The committed rows of a table: of parts that have their final name.
fn rows(table: &Path, columns: &[&str]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let Ok(parts) = table.read_dir() else { return Ok(rows) };
    for part in parts {
        let path = part?.path();
        if path.extension().is_none_or(|ending| ending != "parquet") {
            continue;
        }
        for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(&path)?)?.build()? {
            let batch = batch?;
            let column = |name: &str| batch.column_by_name(name).with_context(|| format!("no column {name}"));
            let texts = columns
                .iter()
                .map(|name| Ok(column(name)?.as_string::<i32>()))
                .collect::<Result<Vec<_>>>()?;
            let attempts = batch.column_by_name("attempts").and_then(|array| array.as_list_opt::<i32>());
            for at in 0..batch.num_rows() {
                let text = |array: &arrow::array::StringArray| {
                    if array.is_null(at) { String::new() } else { array.value(at).to_owned() }
                };
                let seen = attempts.map_or(0, |attempts| {
                    let outcomes = attempts.value(at);
                    let outcomes = outcomes.as_string::<i32>();
                    let seen = outcomes.iter().flatten().filter(|word| !word.starts_with("smtp_connect_"));
                    i64::try_from(seen.count()).unwrap_or(i64::MAX)
                });
                rows.push(Row { texts: texts.iter().map(|array| text(array)).collect(), seen });
            }
        }
    }
    Ok(rows)
}

#[allow(clippy::disallowed_methods, reason = "dates what is seen")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
