//! `sts-lab`: serves a simulated Internet, and grades scans of it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where the program speaks")]

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;
use sts_lab::bulk::{self, Bulk};
use sts_lab::counts::Counts;
use sts_lab::mix::Mix;
use sts_lab::names::Names;
use sts_lab::serve::Dns;
use sts_lab::straight::{self, Order, Source};
use sts_lab::{Lab, Options, compare, grade, hostile, reported};

/// A simulated Internet on the loopback network whose true answers are known.
#[derive(Debug, Parser)]
#[command(name = "sts-lab", version)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Write list.csv, scan.toml, ca.pem and truth.parquet, and serve until Ctrl-C or until COMMAND ends.
    Serve(Serve),
    /// Write the dataset that a perfect scan of a world would produce, without scanning it.
    Dataset(Dataset),
    /// Compare a dataset with the truth; exit 0 only if there is no difference.
    Grade {
        /// The folder of the scan: domains/, mx_hosts/, certificates/, assessments/.
        dataset: PathBuf,
        /// truth.parquet of the laboratory that was scanned; contacts.parquet beside it is compared with the
        /// dataset too.
        truth: PathBuf,
        /// Also show which situations call for each code of the catalogue; exit 0 only if every code that one
        /// scan can show has one.
        #[arg(long)]
        codes: bool,
    },
    /// Write what senders of each form would have reported about a world: mails/ and reports.truth.jsonl.
    Reports(Reports),
    /// Compare the tables of `sts-tlsrpt` with reports.truth.jsonl; exit 0 only if there is no difference.
    GradeReports {
        /// The folder that `sts-tlsrpt read` wrote.
        reports: PathBuf,
        /// reports.truth.jsonl beside the mails that were read.
        truth: PathBuf,
    },
    /// Hold what `sts-tlsrpt explain REPORTS --dataset SCAN --table report-explained --format json` prints of
    /// a scan of the same world against reports.truth.jsonl; exit 0 only if there is no difference.
    GradeExplained {
        /// What it printed.
        explained: PathBuf,
        /// reports.truth.jsonl beside the mails that were read.
        truth: PathBuf,
    },
    /// Compare two datasets cell by cell, whatever the order of their rows; exit 0 only if there is no
    /// difference, 1 if there is one.
    ///
    /// Times, durations and the scan's name are not compared, as in `grade`. The datasets may be of different
    /// layouts: columns that only one of them has are listed and not compared.
    Compare {
        /// The folder of a scan.
        before: PathBuf,
        /// The folder of another scan of the same names.
        after: PathBuf,
    },
    /// Serve a large delegated DNS at port 53 of every loopback address, for `scripts/bench iterate`, until
    /// the standard input ends; a line `counts` there prints who was asked how often.
    Bulk(Bulky),
    /// Say which rows of a scan of the large DNS are false; exit 0 only where none is.
    CheckBulk {
        /// The folder of the scan.
        dataset: PathBuf,
        /// How many domains it has.
        #[arg(long, default_value_t = 500_000)]
        domains: u32,
        /// Its seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Whether it was served so.
        #[arg(long)]
        plain: bool,
    },
    /// Print docs/hostile-peers.md: what each hostile world does, what limits it, and which tests show it.
    Hostile,
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// How many domains: made up, or from the top of --list.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    domains: u64,
    /// Seed for everything random: the same seed gives the same world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of the snapshot: from one to the next, 2 % of the domains change.
    #[arg(long, default_value_t = 0)]
    epoch: u32,
    /// Names from a list, as text or as CSV with the name in its last column.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// How often each situation occurs: demo, imc2025, uniform (each as often as any other), or a file.
    #[arg(long, value_name = "FILE|NAME", default_value = "demo")]
    mix: String,
    /// Who answers questions: a resolver, or beside it the root, registries and operators, each for its
    /// zones, signed or not.
    #[arg(long, value_enum, default_value_t = Served::Resolver)]
    dns: Served,
    /// Port of the authoritative servers [default: one that is free].
    #[arg(long, value_name = "PORT")]
    authority_port: Option<u16>,
    /// Let forged answers come before each answer of the authoritative servers.
    #[arg(long)]
    forge: bool,
    /// Where the files go.
    #[arg(long)]
    dir: PathBuf,
    /// A command to run; the laboratory stops when it ends and returns its exit code.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Who answers questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Served {
    Resolver,
    Delegated,
    Signed,
}

#[derive(Debug, clap::Args)]
struct Bulky {
    /// How many domains.
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1..=3_000_000))]
    domains: u32,
    /// Seed for everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Milliseconds from question to answer.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// Spread that as on the Internet: a median of so much, servers near and far, and one answer of a hundred
    /// held up for 0.1 to 5 s.
    #[arg(long)]
    spread: bool,
    /// Share of datagrams that are lost each way, from 0 to 0.5.
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// No server that is slow or odd: what is wrong with servers is that they are lame or silent.
    #[arg(long)]
    plain: bool,
    /// Write the registries' zone files too.
    #[arg(long)]
    zones: bool,
    /// Port of all servers.
    #[arg(long, default_value_t = 53)]
    port: u16,
    /// Where list.txt, root.hints and zones/ go.
    #[arg(long)]
    dir: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Dataset {
    /// How many domains: made up, or from the top of --list [default: 10000, or as many as --counts has].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1 << 30), conflicts_with = "counts")]
    domains: Option<u64>,
    /// Seed for everything random: the same seed gives the same world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of the snapshot: from one to the next, 2 % of the domains change. With counts, 0 is the
    /// snapshot before them [default: 0, or 1 with counts].
    #[arg(long)]
    epoch: Option<u32>,
    /// Names from a list, as text or as CSV with the name in its last column.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// How often each situation occurs: demo, imc2025, or a file.
    #[arg(long, value_name = "FILE|NAME", default_value = "demo", conflicts_with = "counts")]
    mix: String,
    /// The exact number of domains in each situation: imc2025-counts, or a file.
    #[arg(long, value_name = "FILE|NAME")]
    counts: Option<String>,
    /// The dataset's folder, whose name becomes the scan's.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Reports {
    /// How many domains: made up, or from the top of --list.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    domains: u64,
    /// Seed for everything random: the same seed gives the same world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Names from a list, as text or as CSV with the name in its last column.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// How often each situation occurs: demo, imc2025, uniform, or a file.
    #[arg(long, value_name = "FILE|NAME", default_value = "demo")]
    mix: String,
    /// Where the mails and the truth go.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

fn main() -> ExitCode {
    let done = match Args::parse().task {
        Task::Serve(args) => serve(args),
        Task::Dataset(args) => dataset(args),
        Task::Grade { dataset, truth, codes } => graded(&dataset, &truth, codes),
        Task::Reports(args) => reports(args),
        Task::GradeReports { reports, truth } => reported::grade(&reports, &truth).map(|grade| told(&grade)),
        Task::GradeExplained { explained, truth } => {
            reported::grade_explained(&explained, &truth).map(|grade| told(&grade))
        }
        Task::Compare { before, after } => compared(&before, &after),
        Task::Bulk(args) => bulky(&args),
        Task::CheckBulk { dataset, domains, seed, plain } => {
            checked_bulk(&dataset, &bulk_of(seed, domains, plain))
        }
        Task::Hostile => hostile::page().map(|page| {
            print!("{page}");
            ExitCode::SUCCESS
        }),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

fn bulky(args: &Bulky) -> Result<ExitCode> {
    if !(0.0..=0.5).contains(&args.loss) {
        bail!("--loss is {}, must be from 0 to 0.5", args.loss);
    }
    let world = bulk_of(args.seed, args.domains, args.plain);
    bulk::write(&world, &args.dir, args.zones)?;
    let way =
        bulk::Way { delay: Duration::from_millis(args.delay_ms), is_spread: args.spread, loss: args.loss };
    bulk::serve(&world, way, args.port)?;
    Ok(ExitCode::SUCCESS)
}

fn bulk_of(seed: u64, domains: u32, plain: bool) -> Bulk {
    if plain { Bulk::plain(seed, domains) } else { Bulk::new(seed, domains) }
}

fn checked_bulk(dataset: &Path, world: &Bulk) -> Result<ExitCode> {
    let checked = bulk::check(world, dataset)?;
    print!("{checked}");
    Ok(if checked.wrong() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn reports(args: Reports) -> Result<ExitCode> {
    let names = match args.list {
        Some(path) => Names::List { path, limit: args.domains },
        None => Names::Generated(args.domains),
    };
    let dir = args.output;
    let order = reported::Order { names, seed: args.seed, mix: Mix::load(&args.mix)?, dir: dir.clone() };
    let written = reported::write(&order)?;
    eprintln!("{written} reports in {}", dir.display());
    Ok(ExitCode::SUCCESS)
}

fn told(grade: &reported::ReportGrade) -> ExitCode {
    print!("{grade}");
    if grade.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn compared(before: &Path, after: &Path) -> Result<ExitCode> {
    let comparison = compare::compare(before, after)?;
    print!("{comparison}");
    Ok(if comparison.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn graded(dataset: &Path, truth: &Path, with_codes: bool) -> Result<ExitCode> {
    let grade = grade::grade(dataset, truth)?;
    print!("{grade}");
    let mut is_clean = grade.is_clean();
    if with_codes {
        let codes = grade::codes(dataset, truth)?;
        print!("{codes}");
        is_clean &= codes.is_covered();
    }
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn dataset(args: Dataset) -> Result<ExitCode> {
    let (source, domains, epoch) = match &args.counts {
        None => (Source::Mix(Mix::load(&args.mix)?), args.domains.unwrap_or(10_000), args.epoch.unwrap_or(0)),
        Some(counts) => {
            let counts = Counts::load(counts)?;
            let total = counts.total();
            (Source::Counts(counts), total, args.epoch.unwrap_or(1))
        }
    };
    let names = match args.list {
        Some(path) => Names::List { path, limit: domains },
        None => Names::Generated(domains),
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let dir = args.output;
    let written =
        straight::write(Order { names, seed: args.seed, epoch, source, dir: dir.clone(), threads })?;
    let [domains, mx_hosts, certificates, assessments] = written;
    eprintln!(
        "{domains} domains, {mx_hosts} addresses of MX hosts, {certificates} certificates, {assessments} assessments in {}",
        dir.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn serve(args: Serve) -> Result<ExitCode> {
    let names = match args.list {
        Some(path) => Names::List { path, limit: args.domains },
        None => Names::Generated(args.domains),
    };
    let mix = Mix::load(&args.mix)?;
    let dns = match (args.dns, args.forge) {
        (Served::Resolver, false) => Dns::Resolver,
        (Served::Resolver, true) => bail!("only the authoritative servers are forged: add --dns delegated"),
        (Served::Delegated, false) => Dns::Delegated,
        (Served::Delegated, true) => Dns::Forged,
        (Served::Signed, false) => Dns::Signed,
        (Served::Signed, true) => {
            bail!("only the authoritative servers without signatures are forged: take --dns delegated")
        }
    };
    if args.authority_port.is_some() && dns == Dns::Resolver {
        bail!("only authoritative servers have that port: add --dns delegated or signed");
    }
    let options = Options { names, seed: args.seed, epoch: args.epoch, mix, dns, dir: args.dir };
    let lab = Lab::start_at(options, args.authority_port)?;
    eprintln!(
        "{} domains in {}; resolver {}, policy hosts on port {}, MX hosts on port {}",
        lab.domains,
        lab.dir.display(),
        lab.ports.dns,
        lab.ports.https,
        lab.ports.smtp
    );
    if let Some(port) = lab.ports.authorities {
        eprintln!("authoritative servers on port {port}, the root's in {}", sts_lab::HINTS);
    }
    let code = match args.command.split_first() {
        None => {
            eprintln!("serving until Ctrl-C; scan {} with {}", sts_lab::LIST, sts_lab::SETTINGS);
            wait_for_interrupt(None)?
        }
        Some((program, arguments)) => {
            let shown = program.to_string_lossy().into_owned();
            let child = Command::new(program)
                .args(arguments)
                .spawn()
                .with_context(|| format!("cannot run `{shown}`"))?;
            wait_for_interrupt(Some(child))?
        }
    };
    eprintln!("{} questions, {} connections", lab.contacts().questions(), lab.contacts().connections().len());
    lab.finish()?;
    Ok(code)
}

/// Waits for Ctrl-C, or for the command: a Ctrl-C is the command's to answer then.
fn wait_for_interrupt(child: Option<std::process::Child>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let Some(mut child) = child else {
            interrupt().await?;
            return Ok(ExitCode::SUCCESS);
        };
        let waiting = tokio::task::spawn_blocking(move || child.wait());
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                status = &mut waiting => {
                    let status = status.context("waiting for the command")??;
                    let Some(code) = status.code() else { bail!("the command was killed by a signal") };
                    return Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)));
                }
                interrupted = interrupt() => interrupted?,
            }
        }
    })
}

/// Resolves on Ctrl-C and on a request to end.
async fn interrupt() -> Result<()> {
    let mut end = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done.context("waiting for Ctrl-C"),
        _ = end.recv() => Ok(()),
    }
}
