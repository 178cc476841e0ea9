//! What the binaries share: arguments, the way from them to the output, and exit codes. Only this module
//! prints.

use crate::dataset::{Completeness, Dataset, open_all};
use crate::fault::Fault;
use crate::query::Query;
use crate::render::{Answer, Format, render};
use crate::settings::Settings;
use crate::tables::Tables;
use crate::visible::visible;
use clap::Parser;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

/// Arguments of a binary that writes tables.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 done, 2 usage (also a dataset that cannot be used), 4 local fault."
)]
pub struct Args {
    /// Folders of scans, as `sts-scan` wrote them; the tables have rows for each.
    #[arg(value_name = "DATASET", required_unless_present = "list")]
    datasets: Vec<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
    /// Accept datasets that are not complete, and say what they cover.
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    settings: Settings,
    /// Instead of tables, write into this folder what other programs need to run the same queries: names,
    /// providers, scans and the like as Parquet, and tables.sql for DuckDB.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["table", "query", "list"])]
    helper_tables: Option<PathBuf>,
}

/// What queries may hold.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Memory {
    /// Memory for queries in MiB; anything beyond it is written to the temporary folder.
    #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(256..=1_048_576))]
    memory: u32,
}

impl Memory {
    /// The same in bytes.
    pub(crate) fn bytes(self) -> usize {
        usize::try_from(self.memory).unwrap_or(usize::MAX).saturating_mul(1024 * 1024)
    }
}

/// Which tables are wanted, and how they are written.
#[derive(Debug, Clone, clap::Args)]
pub struct Wanted {
    /// Format of the output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Only this table (see --list); may be given several times.
    #[arg(long, value_name = "NAME")]
    table: Vec<String>,
    /// A query of your own instead of the tables; may be given several times.
    #[arg(long, value_name = "FILE.sql", conflicts_with = "table")]
    query: Vec<PathBuf>,
    /// List the tables and the questions they answer.
    #[arg(long)]
    list: bool,
    /// At most this many rows per table, or `all` [default: 60 for text, markdown and latex; all for csv and
    /// json].
    #[arg(long, value_name = "N|all", value_parser = parse_rows)]
    rows: Option<Rows>,
    #[command(flatten)]
    memory: Memory,
    /// Do not put an apostrophe before texts in CSV that a spreadsheet would run as formulas.
    #[arg(long)]
    csv_plain: bool,
}

impl Wanted {
    /// What there is to choose from, where that is asked for.
    pub(crate) fn list(&self, catalogue: &[Query]) -> Option<String> {
        let width = catalogue.iter().map(|query| query.name.len()).max().unwrap_or(0);
        let lines = catalogue.iter().map(|query| format!("{:<width$}  {}\n", query.name, query.answers));
        self.list.then(|| lines.collect())
    }

    /// The queries that were asked for: files, tables by name, or the whole catalogue.
    pub(crate) fn chosen(&self, catalogue: &[Query]) -> Result<Vec<Query>, Fault> {
        if !self.query.is_empty() {
            return self.query.iter().map(|path| Query::open(path)).collect();
        }
        if self.table.is_empty() {
            return Ok(catalogue.to_vec());
        }
        let find = |name: &String| {
            let names = || catalogue.iter().map(|query| query.name.as_str()).collect::<Vec<_>>().join(", ");
            let found = catalogue.iter().find(|query| query.name == *name).cloned();
            found.ok_or_else(|| Fault::Usage(format!("no table `{name}`, must be one of: {}", names())))
        };
        self.table.iter().map(find).collect()
    }

    /// Most bytes that queries may hold.
    pub(crate) fn memory(&self) -> usize {
        self.memory.bytes()
    }

    /// The answers as they are to be written.
    pub(crate) fn written(&self, answers: &[Answer]) -> String {
        let rows = match self.rows {
            Some(Rows::AtMost(rows)) => Some(rows),
            Some(Rows::All) => None,
            None => self.format.usual_rows(),
        };
        let format = if self.format == Format::Csv { Format::csv(self.csv_plain) } else { self.format };
        render(answers, format, rows)
    }
}

/// Threads besides one per core.
const SPARE_THREADS: usize = 4;

#[derive(Debug, Clone, Copy)]
enum Rows {
    All,
    AtMost(usize),
}

fn parse_rows(text: &str) -> Result<Rows, String> {
    match text {
        "all" => Ok(Rows::All),
        number => number.parse().map(Rows::AtMost).map_err(|_| "must be a number or `all`".to_owned()),
    }
}

/// Does what the arguments say, with `catalogue` as the tables to choose from; prints faults on standard
/// error.
#[must_use]
pub fn run(args: &Args, catalogue: &[Query]) -> ExitCode {
    ended(answer(args, catalogue))
}

/// The exit code of what was done; says what is wrong.
pub(crate) fn ended(done: Result<(), Fault>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say(&format!("error: {fault}"));
            ExitCode::from(fault.exit_code())
        }
    }
}

fn answer(args: &Args, catalogue: &[Query]) -> Result<(), Fault> {
    if let Some(list) = args.wanted.list(catalogue) {
        return print(&list);
    }
    let queries = args.wanted.chosen(catalogue)?;
    let completeness = if args.partial { Completeness::PartialAllowed } else { Completeness::Required };
    let datasets = open_all(&args.datasets, completeness)?;
    warn(&datasets)?;
    let engine = engine()?;
    engine.block_on(async {
        let mut tables = Tables::register(datasets, args.wanted.memory(), args.settings).await?;
        if let Some(dir) = &args.helper_tables {
            tables.export(dir).await?;
            say(&format!(
                "wrote the helper tables; use them with `duckdb -init {}`",
                dir.join("tables.sql").display()
            ));
            return Ok(());
        }
        let mut answers = Vec::new();
        let named = !args.wanted.query.is_empty() || !args.wanted.table.is_empty();
        for query in &queries {
            match tables.run(query).await {
                // Of all tables, those that can be answered; a table that was asked for by name must be.
                Err(Fault::Withheld(why)) if !named => say(&format!("note: {why}")),
                answer => answers.push(answer?),
            }
        }
        print(&args.wanted.written(&answers))
    })
}

/// Says what somebody who reads the tables should know of their datasets: that one is not complete, or has
/// something that this version does not know.
pub(crate) fn warn(datasets: &[Dataset]) -> Result<(), Fault> {
    for dataset in datasets {
        let dir = dataset.dir.display();
        if !dataset.complete {
            say(&format!("warning: {dir} is not complete: the tables cover {}", dataset.coverage()));
        }
        if let Some(told) = dataset.not_known()? {
            say(&format!("warning: {dir}: {told}"));
        }
    }
    Ok(())
}

/// The threads that queries run on.
///
/// # Errors
/// This machine has no threads for them: the runtime itself would break off, or wait for one for ever.
pub(crate) fn engine() -> Result<tokio::runtime::Runtime, Fault> {
    let none = |cause| Fault::engine("start threads", cause);
    // Its workers, and some for files; all at a time.
    let wanted = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) + SPARE_THREADS;
    let held = Mutex::new(());
    std::thread::scope(|scope| {
        let _until_all_are_there = held.lock();
        let start = || std::thread::Builder::new().spawn_scoped(scope, || drop(held.lock())).map(drop);
        (0..wanted).try_for_each(|_| start())
    })
    .map_err(none)?;
    tokio::runtime::Runtime::new().map_err(none)
}

/// A reader that has seen enough and went away is no fault.
pub(crate) fn print(text: &str) -> Result<(), Fault> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(Fault::engine("write to standard output", cause))
        }
        _ => Ok(()),
    }
}

/// Where standard error is gone, there is nobody to tell.
pub(crate) fn say(line: &str) {
    drop(writeln!(io::stderr(), "{}", visible(line)));
}
