//! A dataset made ready to be published, and published ones checked.

use clap::Parser;
use std::process::ExitCode;
use sts_analysis::publish::args;

fn main() -> ExitCode {
    args::run(&args::Args::parse())
}
