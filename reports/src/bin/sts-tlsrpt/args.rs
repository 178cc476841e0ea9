//! What is typed.

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Read TLS-RPT reports (RFC 8460), list their faults, and keep them as Parquet tables.
#[derive(Debug, Parser)]
#[command(
    name = "sts-tlsrpt",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "`sts-tlsrpt PATH… -o REPORTS` is `sts-tlsrpt read PATH… -o REPORTS`.\n\nExit codes: 0 done (what is no report is counted, and listed in rejected.csv), 1 --strict and a fault, 2 usage or no report at all, 4 local fault."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) read: Option<Read>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read reports: JSON, gzip, zip, mails, mailboxes, Maildirs, folders of these.
    Read(Read),
    /// Print what each column and each fault means, as JSON.
    Columns,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Read {
    /// Files and folders with reports, whatever their names; `-` is standard input.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The folder of tables; what is new is added to one that is there.
    #[arg(short, long, value_name = "REPORTS")]
    pub(crate) output: PathBuf,
    /// End with exit code 1 where a report has a fault that RFC 8460 does not allow, or something is no
    /// report.
    #[arg(long)]
    pub(crate) strict: bool,
}
