//! `sts-tlsrpt tables`: arguments, and the way from them to the output.

use super::Reports;
use crate::cli::{Wanted, ended, engine, print};
use crate::fault::Fault;
use crate::query;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `sts-tlsrpt tables`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The folder that `sts-tlsrpt read` wrote.
    #[arg(value_name = "REPORTS", required_unless_present = "list")]
    reports: Option<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
}

/// Does what the arguments say; prints faults on standard error.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    ended(answer(args).map(|()| ExitCode::SUCCESS))
}

fn answer(args: &Args) -> Result<(), Fault> {
    let catalogue = query::tlsrpt();
    if let Some(list) = args.wanted.list(&catalogue, &[]) {
        return print(&list);
    }
    let queries = args.wanted.chosen(&catalogue, &[])?;
    let folder = args.reports.as_deref().unwrap_or_else(|| std::path::Path::new(""));
    engine()?.block_on(async {
        let reports = Reports::open(folder, args.wanted.memory()).await?;
        let mut answers = Vec::new();
        for query in &queries {
            answers.push(reports.run(query).await?);
        }
        args.wanted.put(answers, false)
    })
}
