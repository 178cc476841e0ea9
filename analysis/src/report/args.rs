//! What `sts-report` takes, and what it says.

use super::Report;
use crate::cli::{Memory, ended, engine, parse_name, print, warn, warn_of_pairs};
use crate::dataset::{Completeness, Named, grouped, open_named, require_judged};
use crate::fault::Fault;
use crate::output;
use crate::render::Format;
use crate::reports::Reports;
use crate::reports::joined::join;
use crate::settings::{Joining, Settings};
use crate::tables::Tables;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write one page with figures and tables of one or more datasets.
#[derive(Debug, Parser)]
#[command(
    name = "sts-report",
    version,
    about,
    after_help = "Exit codes: 0 done, 2 usage (also a dataset that cannot be used), 4 local fault."
)]
pub struct Args {
    /// Folders of scans, as `sts-scan` wrote them; with several, the report says what changed.
    #[arg(value_name = "DATASET", required_unless_present = "reports")]
    datasets: Vec<PathBuf>,
    /// A folder of TLS reports, as `sts-tlsrpt` wrote it: what senders saw, with or without scans.
    #[arg(long, value_name = "REPORTS")]
    reports: Option<PathBuf>,
    /// The page: one self-contained file, below 2 MB.
    #[arg(short, long, value_name = "FILE", required_unless_present = "figures")]
    output: Option<PathBuf>,
    /// Write the figures (SVG and PDF) and the tables (CSV and LaTeX) into this folder.
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Title of the page [default: made from the scans' names].
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Accept datasets that are not complete, and say what they cover.
    #[arg(long)]
    partial: bool,
    /// Give the scan of a folder another name; may be given several times.
    #[arg(long, value_name = "FOLDER=NAME", value_parser = parse_name)]
    name: Vec<Named>,
    #[command(flatten)]
    joining: Joining,
    #[command(flatten)]
    memory: Memory,
    /// Do not put an apostrophe before texts in CSV that a spreadsheet would run as formulas.
    #[arg(long)]
    csv_plain: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Does what the arguments say; prints faults on standard error.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    ended(answer(args).map(|()| ExitCode::SUCCESS))
}

fn answer(args: &Args) -> Result<(), Fault> {
    // Before hours of queries.
    args.settings.check()?;
    let is_stdout = |file: &&PathBuf| file.as_os_str() == "-";
    args.output.as_deref().filter(|file| file.as_os_str() != "-").map_or(Ok(()), output::check)?;
    let completeness = if args.partial { Completeness::PartialAllowed } else { Completeness::Required };
    let datasets = open_named(&args.datasets, &args.name, completeness)?;
    require_judged(&datasets)?;
    warn(&datasets)?;
    if datasets.len() > 1 {
        warn_of_pairs(&datasets, args.settings.force);
    }
    let engine = engine()?;
    let memory = args.memory.bytes();
    let report = engine.block_on(async {
        let mut tables = match datasets.is_empty() {
            true => None,
            false => Some(Tables::register(datasets, memory, args.settings).await?),
        };
        if let (Some(tables), Some(folder)) = (&mut tables, &args.reports) {
            join(tables, folder, args.joining).await?;
        }
        let reports = match &args.reports {
            Some(folder) => Some(Reports::open(folder, memory).await?),
            None => None,
        };
        Report::gather_all(tables, reports, args.title.clone()).await
    })?;
    if args.output.as_ref().filter(is_stdout).is_some() {
        print(&report.page()?)?;
    } else if let Some(file) = &args.output {
        let page = report.page()?;
        output::write_whole(file, page.as_bytes())?;
        let bytes = u64::try_from(page.len()).unwrap_or(u64::MAX);
        print(&format!("{}: {} bytes\n", file.display(), grouped(bytes)))?;
    }
    if let Some(dir) = &args.figures {
        let files = report.write_files(dir, Format::csv(args.csv_plain))?;
        print(&format!("{}: {files} files\n", dir.display()))?;
    }
    Ok(())
}
