//! `sts-tlsrpt explain`: what senders told beside what scans saw.

use super::register;
use crate::cli::{Wanted, ended, engine, print, warn};
use crate::dataset::{Completeness, open_all};
use crate::fault::Fault;
use crate::query;
use crate::settings::{Joining, Settings};
use crate::tables::Tables;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `sts-tlsrpt explain`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The folder that `sts-tlsrpt read` wrote.
    #[arg(value_name = "REPORTS", required_unless_present = "list")]
    reports: Option<PathBuf>,
    /// Folders of scans, as `sts-scan` wrote them; each day is held against the nearest that saw the domain.
    #[arg(long = "dataset", value_name = "SCAN", num_args = 1.., required_unless_present = "list")]
    datasets: Vec<PathBuf>,
    #[command(flatten)]
    joining: Joining,
    /// Accept datasets that are not complete, and say what they cover.
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    wanted: Wanted,
}

/// Registers a folder of reports beside the datasets: queries see both, and those of
/// [`joined`](query::joined) hold them against one another.
///
/// # Errors
/// It is no folder of reports, or one of another layout (usage); or this machine failed.
pub async fn join(tables: &mut Tables, folder: &Path, joining: Joining) -> Result<(), Fault> {
    register(tables.engine(), folder).await?;
    tables.join(joining).await
}

/// Does what the arguments say; prints faults on standard error.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    ended(answer(args).map(|()| ExitCode::SUCCESS))
}

fn answer(args: &Args) -> Result<(), Fault> {
    let catalogue = query::joined();
    if let Some(list) = args.wanted.list(&catalogue, &[]) {
        return print(&list);
    }
    let queries = args.wanted.chosen(&catalogue, &[])?;
    let completeness = if args.partial { Completeness::PartialAllowed } else { Completeness::Required };
    let datasets = open_all(&args.datasets, completeness)?;
    warn(&datasets)?;
    let folder = args.reports.as_deref().unwrap_or_else(|| Path::new(""));
    engine()?.block_on(async {
        let mut tables = Tables::register(datasets, args.wanted.memory(), Settings::default()).await?;
        join(&mut tables, folder, args.joining).await?;
        let mut answers = Vec::new();
        for query in &queries {
            answers.push(tables.run(query).await?);
        }
        args.wanted.put(answers, false)
    })
}
