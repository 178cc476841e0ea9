//! One page with figures and tables of one or many datasets.

use clap::Parser;
use std::process::ExitCode;
use sts_analysis::report::args;

fn main() -> ExitCode {
    args::run(&args::Args::parse())
}
