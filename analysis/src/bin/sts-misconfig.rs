//! Misconfiguration tables from one or many datasets.

use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;
use sts_analysis::{cli, query};

fn main() -> ExitCode {
    let command = cli::Args::command()
        .name("sts-misconfig")
        .about("How MTA-STS is misconfigured: tables from one or more datasets of sts-scan");
    let matches = command.get_matches();
    match cli::Args::from_arg_matches(&matches) {
        Ok(args) => {
            let catalogue = query::misconfig();
            cli::run(&args, &cli::Program { catalogue, over_time: false, judged: true })
        }
        Err(fault) => fault.exit(),
    }
}
