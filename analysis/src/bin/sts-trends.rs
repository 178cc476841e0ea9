//! What changed from scan to scan: tables from two or more datasets.

use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;
use sts_analysis::{cli, query};

fn main() -> ExitCode {
    let command = cli::Args::command().name("sts-trends").about(
        "How MTA-STS changes over time: tables from two or more datasets of sts-scan, ordered by start time",
    );
    let matches = command.get_matches();
    match cli::Args::from_arg_matches(&matches) {
        Ok(args) => {
            let catalogue = query::trends();
            cli::run(&args, &cli::Program { catalogue, over_time: true, judged: true })
        }
        Err(fault) => fault.exit(),
    }
}
