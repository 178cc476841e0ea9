//! What the binaries share: arguments, the way from them to the output, and exit codes. Only this module
//! prints.

use crate::comparable::{self, Difference};
use crate::dataset::{Completeness, Dataset, Named, open_named, require_judged};
use crate::fault::Fault;
use crate::output;
use crate::query::{self, Query};
use crate::render::{Answer, Format, render};
use crate::settings::Settings;
use crate::shares::{self, Interval};
use crate::tables::{Dialect, Grouping, Tables};
use crate::visible::visible;
use crate::weight;
use clap::Parser;
use std::fs;
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
    /// Give the scan of a folder another name; may be given several times.
    #[arg(long, value_name = "FOLDER=NAME", value_parser = parse_name)]
    name: Vec<Named>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    grouping: Grouping,
    /// Instead of tables, write into this folder what other programs need to run the same queries: names,
    /// providers, scans and the like as Parquet, and tables.sql for DuckDB.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["list", "by", "weight"])]
    helper_tables: Option<PathBuf>,
    /// Instead of tables, print the SQL that another engine answers them by: what they are made from, then
    /// each. It reads the datasets and the folder of --helper-tables.
    #[arg(long, value_enum, value_name = "ENGINE", requires = "helper_tables")]
    print_sql: Option<Dialect>,
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
    /// Give every share an interval too: for names that are a sample of some population.
    #[arg(long, value_enum)]
    interval: Option<Interval>,
    /// Write each table into a file of this folder, which suits several tables as CSV.
    #[arg(short, long, value_name = "DIR", conflicts_with = "list")]
    output: Option<PathBuf>,
    /// Do not put an apostrophe before texts in CSV that a spreadsheet would run as formulas.
    #[arg(long)]
    csv_plain: bool,
}

impl Wanted {
    /// What there is to choose from, where that is asked for.
    pub(crate) fn list(&self, catalogue: &[Query], also: &[Query]) -> Option<String> {
        let all: Vec<&Query> = catalogue.iter().chain(also).collect();
        let width = all.iter().map(|query| query.name.len()).max().unwrap_or(0);
        let lines = all.iter().map(|query| format!("{:<width$}  {}\n", query.name, query.answers));
        self.list.then(|| lines.collect())
    }

    /// The queries that were asked for: files, tables by name (of `also` too), or the whole catalogue.
    pub(crate) fn chosen(&self, catalogue: &[Query], also: &[Query]) -> Result<Vec<Query>, Fault> {
        if !self.query.is_empty() {
            return self.query.iter().map(|path| Query::open(path)).collect();
        }
        if self.table.is_empty() {
            return Ok(catalogue.to_vec());
        }
        let all: Vec<&Query> = catalogue.iter().chain(also).collect();
        let find = |name: &String| {
            let found = all.iter().find(|query| query.name == *name).map(|query| Query::clone(query));
            let names = || all.iter().map(|query| query.name.as_str()).collect::<Vec<_>>().join(", ");
            found.ok_or_else(|| Fault::Usage(format!("no table `{name}`, must be one of: {}", names())))
        };
        self.table.iter().map(find).collect()
    }

    /// Whether nothing was asked for by name.
    const fn is_whole(&self) -> bool {
        self.table.is_empty() && self.query.is_empty()
    }

    /// Most bytes that queries may hold.
    pub(crate) fn memory(&self) -> usize {
        self.memory.bytes()
    }

    /// Prints the answers, or writes them where they were asked for.
    ///
    /// # Errors
    /// This machine failed at writing, or something else is in the way.
    pub(crate) fn put(&self, mut answers: Vec<Answer>, is_sample: bool) -> Result<(), Fault> {
        // What is true of a sample is true of the list only within an interval.
        let interval = self.interval.or_else(|| is_sample.then_some(Interval::Wilson));
        answers.iter_mut().for_each(|answer| shares::mark(answer, interval, self.format.is_for_people()));
        let Some(dir) = &self.output else {
            return print(&self.written(&answers));
        };
        fs::create_dir_all(dir).map_err(|cause| Fault::file("create", dir, cause))?;
        for answer in &answers {
            let file = dir.join(&answer.query.name).with_extension(self.format.ending());
            output::write_whole(&file, self.written(std::slice::from_ref(answer)).as_bytes())?;
        }
        say(&format!("{}: {} files", dir.display(), answers.len()));
        Ok(())
    }

    /// The answers as they are to be written.
    fn written(&self, answers: &[Answer]) -> String {
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

/// A folder and a name, as `FOLDER=NAME`.
pub(crate) fn parse_name(text: &str) -> Result<Named, String> {
    match text.rsplit_once('=') {
        Some((folder, name)) if !folder.is_empty() && !name.is_empty() => {
            Ok((folder.into(), name.to_owned()))
        }
        _ => Err("must be FOLDER=NAME".to_owned()),
    }
}

fn parse_rows(text: &str) -> Result<Rows, String> {
    match text {
        "all" => Ok(Rows::All),
        number => number.parse().map(Rows::AtMost).map_err(|_| "must be a number or `all`".to_owned()),
    }
}

/// One of the programs that write tables.
#[derive(Debug)]
pub struct Program {
    /// The tables to choose from.
    pub catalogue: Vec<Query>,
    /// Whether its tables are about what changed from scan to scan.
    pub over_time: bool,
    /// Whether they hang on the judgement.
    pub judged: bool,
}

/// Does what the arguments say; prints faults on standard error.
#[must_use]
pub fn run(args: &Args, program: &Program) -> ExitCode {
    ended(answer(args, program).map(|()| ExitCode::SUCCESS))
}

/// The exit code of what was done; says what is wrong.
pub(crate) fn ended(done: Result<ExitCode, Fault>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(fault) => {
            say(&format!("error: {fault}"));
            ExitCode::from(fault.exit_code())
        }
    }
}

fn answer(args: &Args, program: &Program) -> Result<(), Fault> {
    if let Some(list) = args.wanted.list(&program.catalogue, &query::scans()) {
        return print(&list);
    }
    args.settings.check()?;
    if args.helper_tables.is_some() && args.print_sql.is_none() && !args.wanted.is_whole() {
        let why = "--helper-tables writes what every table reads; --print-sql spark|duckdb prints one table";
        return Err(Fault::Usage(why.to_owned()));
    }
    if program.over_time && args.grouping.by.is_some() {
        return Err(Fault::Usage("--by is of sts-adoption and sts-misconfig".to_owned()));
    }
    if args.grouping.weight.is_some() && program.over_time {
        return Err(Fault::Usage("--weight is of sts-adoption and sts-misconfig".to_owned()));
    }
    if args.grouping.weight.is_some() && args.wanted.interval.is_some() {
        let why = "an interval is of names that count once each, and does not hold for weights";
        return Err(Fault::Usage(format!("--interval and --weight do not go together: {why}")));
    }
    let mut queries = args.wanted.chosen(&program.catalogue, &query::scans())?;
    if program.over_time && args.wanted.is_whole() {
        // Whether scans may be compared comes before what is compared.
        queries.splice(0..0, query::scans());
    }
    if args.grouping.weight.is_some() {
        queries = weighable(queries, args.wanted.is_whole())?;
    }
    let completeness = if args.partial { Completeness::PartialAllowed } else { Completeness::Required };
    let datasets = open_named(&args.datasets, &args.name, completeness)?;
    if program.judged {
        require_judged(&datasets)?;
    }
    warn(&datasets)?;
    if program.over_time {
        warn_of_pairs(&datasets, args.settings.force);
    }
    let engine = engine()?;
    engine.block_on(async {
        let mut tables =
            Tables::register_by(datasets, args.wanted.memory(), args.settings, &args.grouping).await?;
        let named = !args.wanted.is_whole();
        if let Some(dir) = &args.helper_tables {
            tables.export(dir).await?;
            if let Some(dialect) = args.print_sql {
                let mut there = Vec::new();
                for query in queries {
                    match tables.refuse_withheld(&query).await {
                        Err(Fault::Withheld(why)) if !named => say(&format!("note: {why}")),
                        allowed => allowed.map(|()| there.push(query))?,
                    }
                }
                return print(&tables.printed(dir, dialect, &there)?);
            }
            say(&format!(
                "wrote the helper tables; use them with `duckdb -init {}`",
                dir.join("tables.sql").display()
            ));
            return Ok(());
        }
        if args.wanted.query.is_empty() {
            tables.expect(&queries)?;
        }
        let mut answers = Vec::new();
        for query in &queries {
            match tables.run(query).await {
                // Of all tables, those that can be answered; a table that was asked for by name must be.
                Err(Fault::Withheld(why)) if !named => say(&format!("note: {why}")),
                answer => answers.push(answer?),
            }
        }
        let is_sample = |dataset: &Dataset| comparable::sample_of(&dataset.manifest).is_some();
        args.wanted.put(answers, tables.datasets().iter().any(is_sample))
    })
}

/// Those of the queries that have shares of weights. Of all tables the others are left out, with a word; a
/// table that was asked for by name must have them.
fn weighable(queries: Vec<Query>, is_whole: bool) -> Result<Vec<Query>, Fault> {
    let mut found = Vec::new();
    for query in queries {
        match weight::check(&query) {
            Ok(()) => found.push(query),
            Err(why) if is_whole => say(&format!("note: {why}")),
            Err(why) => return Err(why),
        }
    }
    Ok(found)
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

/// Says which scans that follow one another are not to be compared, or only with care.
pub(crate) fn warn_of_pairs(datasets: &[Dataset], force: bool) {
    let shown =
        if force { "changes between them are shown all the same" } else { "no change between them is shown" };
    for pair in comparable::pairs(datasets).iter().filter(|pair| pair.neighbours) {
        let between = format!("{} and {}", pair.before.scan, pair.after.scan);
        let blocking = pair.told(Difference::is_blocking);
        if !blocking.is_empty() {
            say(&format!("warning: {between} are not to be compared: {blocking}; {shown}"));
        }
        let care = pair.told(|of| !of.is_blocking() && !of.is_unknown());
        if !care.is_empty() {
            say(&format!("warning: {between} are to be compared with care: {care}"));
        }
        let untold = pair.untold();
        if !untold.is_empty() {
            say(&format!("warning: {between}: a manifest does not tell {untold}"));
        }
    }
    if let [one] = datasets {
        say(&format!("note: {} is one scan: what changed is seen between two", one.scan));
    }
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
