//! What `sts-publish` takes, and what it says.

use super::series::{self, Added, ZENODO_BYTES};
use super::{Check, Credits, MOST_FILES, Said, publish, refuse_unknown, verify};
use crate::cli::{Memory, ended, engine, print, say, warn};
use crate::dataset::{Completeness, Dataset, grouped};
use crate::fault::Fault;
use crate::render::Format;
use crate::visible::visible;
use crate::withheld::{Class, Withheld};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Exit code where a published dataset is not what it says.
const DIFFERENCES: u8 = 1;

/// Prepare a dataset for publication, or check a published one.
#[derive(Debug, Parser)]
#[command(
    name = "sts-publish",
    version,
    about,
    after_help = "Exit codes: 0 done, 1 a published dataset is not what it claims to be, 2 usage (also a dataset that cannot be \
                  used), 4 local fault."
)]
pub struct Args {
    /// Folder of a scan, as `sts-scan` wrote it.
    #[arg(value_name = "DATASET", required_unless_present = "verify")]
    dataset: Option<PathBuf>,
    /// Folder to publish into; must not exist yet.
    #[arg(short, long, value_name = "DIR", required_unless_present_any = ["verify", "series"])]
    output: Option<PathBuf>,
    /// Add the scan to a series in this folder, which is made where it is not there; no file of data that is
    /// in it is changed. No numbers are published with it.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "csv_plain"])]
    series: Option<PathBuf>,
    /// Leave these out of every column that contains them; may be given several times.
    #[arg(long, value_enum, value_name = "CLASS", value_delimiter = ',')]
    without: Vec<Class>,
    /// Publish these too, which are left out otherwise: claimable, once their owners have been told and 90
    /// days have passed.
    #[arg(long, value_enum, value_name = "CLASS", value_delimiter = ',')]
    with: Vec<Class>,
    /// Check a published dataset: hashes, layout, counts, metadata, what is left out, and every number
    /// recomputed; or a series: the same, but for numbers, which it has none of.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dataset", "output", "series", "without", "with", "partial"])]
    verify: Option<PathBuf>,
    /// Accept a dataset that is not complete; the published dataset says so.
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    memory: Memory,
    /// Time limit for each query of `--verify`, in seconds.
    #[arg(long, value_name = "S", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    query_time: u64,
    /// Do not put an apostrophe before texts in CSV that a spreadsheet would run as formulas.
    #[arg(long)]
    csv_plain: bool,
    #[command(flatten)]
    said: Said,
}

/// Does what the arguments say; prints faults on standard error.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    ended(answer(args))
}

fn answer(args: &Args) -> Result<ExitCode, Fault> {
    let engine = engine()?;
    let memory = args.memory.bytes();
    if let Some(dir) = &args.verify {
        let checks = engine.block_on(verify(dir, memory, Duration::from_secs(args.query_time)));
        // A query that was given up may not have heard of it yet.
        engine.shutdown_background();
        let checks = checks?;
        print(&told(&checks))?;
        let sound = checks.iter().all(|check| check.faults.is_empty());
        return Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENCES) });
    }
    let Some(dataset) = &args.dataset else {
        return Err(Fault::Usage("DATASET is needed".to_owned()));
    };
    let completeness = if args.partial { Completeness::PartialAllowed } else { Completeness::Required };
    let dataset = Dataset::open(dataset, completeness)?;
    refuse_unknown(&dataset)?;
    dataset.read_every_byte()?;
    warn(std::slice::from_ref(&dataset))?;
    if dataset.manifest.get("published").is_some() {
        return Err(Fault::Usage(format!(
            "{} is already a published dataset: publish from the scan's own folder",
            dataset.dir.display()
        )));
    }
    if args.said.creator.is_empty() && args.series.is_none() {
        say("note: no --creator is given: the operators of the scan's EHLO name are named as authors");
    }
    let withheld = Withheld::by_publisher(&args.without, &args.with)?;
    if let Some(dir) = &args.series {
        let added = series::add(&dataset, &withheld, &args.said, dir)?;
        print(&told_of_series(dir, &added))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(out) = &args.output else {
        return Err(Fault::Usage("--output or --series is needed".to_owned()));
    };
    let credits = Credits::new(&args.said, &dataset.manifest)?;
    let published = engine.block_on(publish(
        &dataset,
        &withheld,
        &credits,
        (memory, Format::csv(args.csv_plain)),
        out,
    ))?;
    for table in &published.unanswered {
        say(&format!("note: {table} needs what is left out, so it has no numbers"));
    }
    print(&format!(
        "{}: {} files, {} rows, numbers of {} queries\ncheck it with: sts-publish --verify {}\n",
        out.display(),
        published.files,
        grouped(published.rows),
        published.numbers,
        out.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// What a series has become; and what archives say to its size.
fn told_of_series(dir: &Path, added: &Added) -> String {
    if let Some(snapshot) = &added.interrupted {
        say(&format!(
            "note: a run was interrupted while it added snapshot={snapshot}: what it left is cleared up"
        ));
    }
    if added.files > MOST_FILES || added.bytes > ZENODO_BYTES {
        say(&format!(
            "note: the series has {} files and {} bytes; Zenodo takes {MOST_FILES} files and {} bytes in one record, \
             and no folders (docs/series.md)",
            added.files,
            grouped(added.bytes),
            grouped(ZENODO_BYTES)
        ));
    }
    format!(
        "{}: snapshot={} added with {} rows; {}, {} files\ncheck it with: sts-publish --verify {}\n",
        dir.display(),
        added.snapshot,
        grouped(added.rows),
        if added.scans == 1 { "1 scan".to_owned() } else { format!("{} scans", added.scans) },
        added.files,
        dir.display()
    )
}

/// A line per check, and below it a line per fault.
fn told(checks: &[Check]) -> String {
    let mut out = String::new();
    for check in checks {
        let verdict = if check.faults.is_empty() { "ok   " } else { "wrong" };
        out.push_str(&format!("{verdict}  {}\n", check.what));
        for fault in &check.faults {
            out.push_str(&format!("       {}\n", visible(fault).replace('\n', "\n       ")));
        }
    }
    out
}
