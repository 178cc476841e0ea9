//! What is typed.

use clap::{Parser, Subcommand};
use std::num::NonZeroU32;
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
    /// Take reports that senders upload (RFC 8460 section 3), behind a proxy that has TLS.
    Serve(Serve),
    /// Print tables drawn from the reports of a folder.
    #[cfg(feature = "tables")]
    Tables(sts_analysis::reports::cli::Args),
    /// Hold the reports of a folder against scans: which finding explains which failure, and which domains
    /// may enforce.
    #[cfg(feature = "tables")]
    Explain(sts_analysis::reports::joined::Args),
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

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Answers: 201 taken, on the disk; 400 no report; 405, 408, 413, 415 as their names say; 429 too many from one client; 503 it cannot be kept now, come again."
)]
pub(crate) struct Serve {
    /// A port of this machine's loopback address, or ADDRESS:PORT.
    #[arg(value_name = "ADDR")]
    pub(crate) address: String,
    /// The folder of tables; what is new is added to one that is there.
    #[arg(short, long, value_name = "REPORTS")]
    pub(crate) output: PathBuf,
    /// Take the last address of X-Forwarded-For as the client's; without it that field is ignored.
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// Largest body, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) max_mib: u32,
    /// Requests that a client may send per minute; an IPv6 client is its /64.
    #[arg(long, value_name = "N", default_value = "600")]
    pub(crate) per_minute: NonZeroU32,
}
