//! `sts-tlsrpt`: TLS-RPT reports in, Parquet tables out.

mod args;
mod read;
mod serve;

use args::{Args, Command};
use clap::Parser as _;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;
use sts_reports::store::StoreError;
use sts_reports::visible::visible;

#[global_allocator]
static MALLOC: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Done,
    /// `--strict`, and there is a fault.
    Faults,
    /// Usage, or no report at all.
    Usage,
    /// This machine failed.
    LocalFault,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::Faults => 1,
            Ending::Usage => 2,
            Ending::LocalFault => 4,
        })
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.command {
        Some(Command::Read(args)) => read::run(&args).into(),
        Some(Command::Serve(args)) => serve::run(&args).into(),
        #[cfg(feature = "tables")]
        Some(Command::Tables(args)) => sts_analysis::reports::cli::run(&args),
        #[cfg(feature = "tables")]
        Some(Command::Explain(args)) => sts_analysis::reports::joined::run(&args),
        Some(Command::Columns) => print(&sts_reports::store::columns::dictionary()).into(),
        None => match args.read {
            Some(args) => read::run(&args).into(),
            None => Ending::Usage.into(),
        },
    }
}

/// A reader that has seen enough and went away is no fault.
fn print(text: &str) -> Ending {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            say(&format!("error: cannot write to standard output: {cause}"));
            Ending::LocalFault
        }
        _ => Ending::Done,
    }
}

/// Where standard error is gone, there is nobody to tell.
fn say(line: &str) {
    let lines: Vec<String> = line.lines().map(visible).collect();
    drop(writeln!(io::stderr(), "{}", lines.join("\n")));
}

/// Says why a folder cannot be written to.
fn refused(folder: impl Display, fault: &StoreError) -> Ending {
    say(&format!("error: cannot write to {folder}: {fault}"));
    if fault.is_usage() { Ending::Usage } else { Ending::LocalFault }
}
