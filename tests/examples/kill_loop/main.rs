//! Kills a scan of the laboratory again and again, resumes it, and holds what came of it against what it must
//! have kept.
//!
//! `cargo run --release -p sts-lab --example kill_loop -- SCANNER KILLS DOMAINS SEED DIR` (see
//! `scripts/kill-loop`).
//!
//! The whole mix `demo` is played, with what fails only at first. From the laboratory's stamps it is known
//! when each look at those was over, and from the files after each kill which were kept: so it is known what
//! each row must say. Ends with 0 only where every row says just that, none is there twice, no look was
//! forgotten that ended a second or more before the kill, and nobody with a committed row was contacted
//! again.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

mod files;
mod looks;

use anyhow::{Context, Result, bail, ensure};
use files::Files;
use looks::{Cells, Flaky, Forgotten};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use sts_lab::dice::draw;
use sts_lab::grade::Grade;
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::serve::Met;
use sts_lab::truth::Reader;
use sts_lab::{Lab, Options, grade};

/// Longest time before a kill that hits the start of a run, milliseconds.
const SOON: u64 = 1_500;
/// Longest time before a kill that hits an assessment, from its start.
const ASSESSING: u64 = 300;
/// A run that was not killed must have ended by then.
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
        "{killed} kills in {rounds} scans of {domains} domains: every row says what was kept, none is there twice"
    );
    Ok(())
}

/// Where a kill hits.
#[derive(Debug, Clone, Copy)]
enum Aim {
    /// So long after the start of the run.
    After(Duration),
    /// So long after the assessment began.
    Assessing(Duration),
    /// Nowhere.
    Nowhere,
}

/// One scan from its start to its grade.
struct Round {
    scanner: PathBuf,
    lab: Lab,
    dataset: PathBuf,
    seed: u64,
    flaky: Vec<Flaky>,
    /// When what has a committed row was found committed after a kill, microseconds since 1970: a domain's
    /// policy host, an MX host.
    committed: BTreeMap<(String, String), i64>,
    /// How much of what was met belongs to earlier runs.
    met_before: usize,
}

impl Round {
    fn begin(scanner: &Path, domains: u64, seed: u64, dir: &Path) -> Result<Self> {
        let (names, mix) = (Names::Generated(domains), Mix::load("demo")?);
        let lab = Lab::start(Options {
            names,
            seed,
            epoch: 0,
            mix,
            dns: sts_lab::serve::Dns::Resolver,
            dir: dir.join("world"),
        })?;
        let contract = Arc::clone(&lab.oracle.contract);
        let mut flaky = BTreeMap::new();
        for row in Reader::open(Arc::clone(&contract), &lab.path(sts_lab::TRUTH))? {
            if let Some(one) = Flaky::of(&row?, &contract) {
                flaky.entry((one.key().0.to_owned(), one.key().1.to_owned())).or_insert(one);
            }
        }
        let flaky: Vec<Flaky> = flaky.into_values().collect();
        ensure!(!flaky.is_empty(), "nothing in this world fails at first");
        let dataset = dir.join("scan");
        let (committed, met_before) = (BTreeMap::new(), 0);
        Ok(Self { scanner: scanner.to_owned(), lab, dataset, seed, flaky, committed, met_before })
    }

    /// Kills it up to `most` times, lets it end, and grades it; gives how often it was killed.
    fn run(mut self, most: u64) -> Result<u64> {
        let mut killed = 0;
        loop {
            let aim = if killed < most { self.aim(killed, most) } else { Aim::Nowhere };
            let at = self.go_on(aim)?;
            self.note(killed, aim, at)?;
            if at.is_none() {
                break;
            }
            killed += 1;
        }
        self.nobody_again()?;
        let truth = self.lab.path(sts_lab::TRUTH);
        drop(self.lab);
        let mut deviations = Cells::new();
        self.flaky.iter().for_each(|one| one.deviations(&mut deviations));
        hold(&grade::grade(&self.dataset, &truth)?, deviations, self.flaky.len())?;
        Ok(killed)
    }

    /// Where the kill hits: at the start of a run, while names are taken, at any time; and the last two while
    /// it assesses.
    fn aim(&self, kill: u64, most: u64) -> Aim {
        // A scan takes some two milliseconds per domain. Parts are committed a minute after their first row.
        let within = |longest| Duration::from_millis(draw(self.seed, &kill.to_be_bytes()) % longest);
        match kill {
            kill if kill + 2 >= most && most > 2 => Aim::Assessing(within(ASSESSING)),
            kill if kill % 3 == 0 => Aim::After(within(SOON)),
            kill if kill % 3 == 1 => Aim::After(within(self.lab.domains / 3 + 1)),
            _ => Aim::After(within(2 * self.lab.domains + 1)),
        }
    }

    /// Begins or resumes the scan; gives when it was killed, microseconds since 1970, or `None` where it
    /// ended by itself, complete.
    fn go_on(&self, aim: Aim) -> Result<Option<i64>> {
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
        let workshop = self.dataset.join(".assessing");
        let (patience, hit) = match aim {
            Aim::After(after) => (after, after),
            Aim::Assessing(after) => (PATIENCE, after),
            Aim::Nowhere => (PATIENCE, PATIENCE),
        };
        let is_assessing = || matches!(aim, Aim::Assessing(_)) && workshop.exists();
        let mut status = ends_within(&mut child, patience, is_assessing)?;
        if status.is_none() && is_assessing() {
            status = ends_within(&mut child, hit, || false)?;
        }
        let Some(status) = status else {
            child.kill()?;
            let at = now();
            child.wait()?;
            ensure!(!matches!(aim, Aim::Nowhere), "the scan does not end");
            return Ok(Some(at));
        };
        ensure!(status.success(), "the scan ended with {status}");
        Ok(None)
    }

    /// Notes what the run kept, and tells what it forgot.
    fn note(&mut self, kill: u64, aim: Aim, at: Option<i64>) -> Result<()> {
        let met = self.lab.contacts().met();
        let mut by_name: BTreeMap<&str, Vec<&Met>> = BTreeMap::new();
        for one in met.iter().skip(self.met_before) {
            by_name.entry(&one.name).or_default().push(one);
        }
        let files = Files::read(&self.dataset)?;
        let mut forgotten = Forgotten::default();
        for one in &mut self.flaky {
            one.end_run(at.map(|at| (at, &files)), &by_name, &mut forgotten)?;
        }
        self.met_before = met.len();
        let Some(at) = at else { return Ok(()) };
        for domain in &files.domains {
            self.committed.entry((format!("mta-sts.{domain}"), String::new())).or_insert(at);
        }
        for host in &files.hosts {
            self.committed.entry(host.clone()).or_insert(at);
        }
        println!(
            "kill {} ({aim:?}): {} domains and {} addresses of MX hosts committed, {} domains and {} MX hosts kept that wait or waited; \
             forgotten: {} looks, the oldest {:.3} s old; {} final ones are made again",
            kill + 1,
            files.domains.len(),
            files.hosts.len(),
            files.waiting.len(),
            files.waiting_hosts.len(),
            forgotten.waiting,
            forgotten.oldest as f64 / 1e6,
            forgotten.uncommitted
        );
        Ok(())
    }

    /// Nobody with a committed row was sent a hello after it was seen to be committed.
    fn nobody_again(&self) -> Result<()> {
        for met in self.lab.contacts().met() {
            let addr = met.addr.map(|addr| addr.to_string()).unwrap_or_default();
            let since = self.committed.get(&(met.name.clone(), String::new()));
            let since = since.or_else(|| self.committed.get(&(met.name.clone(), addr.clone())));
            ensure!(
                since.is_none_or(|since| met.at <= *since),
                "{} at {addr} has a committed row and was contacted again",
                met.name
            );
        }
        Ok(())
    }
}

/// Whether the dataset differs from the truth where it must, and nowhere else.
fn hold(grade: &Grade, mut deviations: Cells, flaky: usize) -> Result<()> {
    let mut wrong = Vec::new();
    let mut as_kept = 0;
    for difference in &grade.differences {
        let key = (difference.table.clone(), difference.row.clone(), difference.column.clone());
        match deviations.remove(&key) {
            Some(must) if must == difference.found => as_kept += 1,
            Some(must) => wrong.push(format!("{difference:?}: must be {must}")),
            None => wrong.push(format!("{difference:?}")),
        }
    }
    wrong.extend(deviations.into_iter().map(|(cell, must)| format!("{cell:?}: must be {must}")));
    println!("{flaky} that fail at first; {as_kept} cells tell of a look that was forgotten");
    ensure!(
        wrong.is_empty() && grade.never_occurred.is_empty() && grade.not_looked_at == 0,
        "{} cells are not what was kept:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    ensure!(grade.rows.iter().all(|(_, expected, found)| expected == found), "{grade}");
    Ok(())
}

fn ends_within(
    child: &mut Child,
    patience: Duration,
    enough: impl Fn() -> bool,
) -> Result<Option<std::process::ExitStatus>> {
    let ends = Instant::now() + patience;
    while Instant::now() < ends && !enough() {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(2).min(ends.saturating_duration_since(Instant::now())));
    }
    child.try_wait().map_err(Into::into)
}

#[allow(clippy::disallowed_methods, reason = "dates what is seen")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
