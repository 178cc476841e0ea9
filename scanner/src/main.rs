//! `sts-scan`: parses what was typed, calls the library, and maps what came of it to an exit code.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal as _, Write as _};
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use sts_scanner::assess::job::{self, Earlier};
use sts_scanner::assess::told;
use sts_scanner::check::{self, Style};
use sts_scanner::cli::{self, Args, Generate, Settings, Shown, operator};
use sts_scanner::destination;
use sts_scanner::dictionary;
use sts_scanner::error::ScanError;
use sts_scanner::identity::{self, CheckOutcome};
use sts_scanner::input::ListSpec;
use sts_scanner::plan::{IntermediateSource, ScanPlan, descriptors};
use sts_scanner::progress::Progress;
use sts_scanner::scan::tally::Tally;
use sts_scanner::scan::{self, Ended, ScanJob, Start};
use sts_scanner::telemetry::{Metrics, StatusFile};
use sts_scanner::terminal::{print, tell, visible};
use sts_scanner::{findings, generate, interrupt, lists, moment, summary, validate};

const COMPLETE: u8 = 0;
/// Something was judged, and is not as it should be.
const FAULTY: u8 = 1;
const USAGE: u8 = 2;
const RESUMABLE: u8 = 3;
const LOCAL_FAULT: u8 = 4;

/// For the many small allocations of a domain's answers (docs/measurements.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = match cli::parse(std::env::args_os()) {
        Ok(args) => args,
        Err(told) => {
            let printed = told.print();
            return ExitCode::from(match (told.use_stderr(), printed) {
                (true, _) => USAGE,
                (false, Err(fault)) if fault.kind() != io::ErrorKind::BrokenPipe => LOCAL_FAULT,
                (false, _) => COMPLETE,
            });
        }
    };
    let code = match args {
        Args::Scan { lists, output, settings } => match ListSpec::all(&lists) {
            Ok(lists) => with_plan(&settings, None, |plan| {
                run(ScanJob { plan, lists, output: output.clone(), start: Start::New })
            }),
            Err(wrong) => refuse(&wrong),
        },
        Args::Resume { dataset, settings } => resume(&dataset, &settings),
        Args::Check { domains, shown, traces, planned, settings } => with_plan(&settings, None, |plan| {
            check(check::CheckJob { domains, plan, traces, planned }, shown)
        }),
        Args::Plan(settings) => with_plan(&settings, None, |plan| show_plan(&plan)),
        Args::Identity { addresses, output, settings } => {
            with_plan(&settings, None, |plan| identity(plan, addresses, output.as_deref()))
        }
        Args::Assess { dataset, intermediates, earlier } => assess(&dataset, intermediates, earlier),
        Args::Lists { lists, shown, settings } => match ListSpec::all(&lists) {
            Ok(lists) => with_plan(&settings, None, |plan| look(&lists, &plan, shown)),
            Err(wrong) => refuse(&wrong),
        },
        Args::Columns => show(&format!("{:#}\n", dictionary::contract())),
        Args::Findings(format) => show(&findings::catalogue(format)),
        Args::Validate(job, file) => validate(&job, file.as_deref()),
        Args::Generate(typed) => generate(*typed),
    };
    ExitCode::from(code)
}

fn refuse(wrong: &dyn std::fmt::Display) -> u8 {
    tell(&format!("error: {wrong}"));
    USAGE
}

fn with_plan(settings: &Settings, recorded: Option<&scan::Recorded>, go: impl FnOnce(ScanPlan) -> u8) -> u8 {
    let typed = recorded.map(scan::Recorded::settings).transpose();
    let built = typed.and_then(|typed| {
        ScanPlan::build(typed.unwrap_or_default(), settings.config.as_deref(), settings.flags.clone())
    });
    match built {
        Ok(plan) => go(plan),
        Err(wrong) => refuse(&wrong),
    }
}

/// Shows what a scan would read of the lists.
fn look(lists: &[ListSpec], plan: &ScanPlan, shown: Shown) -> u8 {
    let seen = lists::run(lists, &plan.lists);
    let text = match shown {
        Shown::Text => {
            visible(&seen.iter().map(lists::Seen::text).collect::<Vec<_>>().join("\n")).into_owned()
        }
        Shown::Json => seen.iter().map(|one| one.object().to_string() + "\n").collect(),
    };
    match show(&text) {
        COMPLETE if seen.iter().any(lists::Seen::is_missing) => USAGE,
        COMPLETE if seen.iter().any(|one| one.refusal().is_some()) => FAULTY,
        code => code,
    }
}

fn resume(dataset: &Path, settings: &Settings) -> u8 {
    let recorded = match scan::Recorded::read(dataset) {
        Ok(recorded) => recorded,
        Err(wrong) => return refuse(&wrong),
    };
    match ListSpec::recorded(&recorded.lists()) {
        Ok(lists) => with_plan(settings, Some(&recorded), |plan| {
            run(ScanJob { plan, lists, output: dataset.to_owned(), start: Start::Resume })
        }),
        Err(wrong) => refuse(&wrong),
    }
}

/// The plan, and what of it this machine does not bear.
fn show_plan(plan: &ScanPlan) -> u8 {
    match scan::fit(&mut plan.clone(), plan.resolvers.named()) {
        Ok(lowered) => {
            let told = descriptors::told(&lowered.budgets, lowered.open_files);
            let comment = if told.is_empty() { String::new() } else { format!("\n# {told}\n") };
            show(&format!("{}{comment}", plan.as_toml()))
        }
        Err(wrong) => refuse(&wrong),
    }
}

fn identity(plan: ScanPlan, addresses: Vec<IpAddr>, output: Option<&Path>) -> u8 {
    if let Some(folder) = output {
        if let Err(wrong) = destination::check(folder) {
            return refuse(&wrong);
        }
        match identity::write(&plan, folder) {
            Ok(written) => {
                let lines = written.iter().map(|path| format!("wrote {}\n", path.display()));
                if show(&visible(&lines.collect::<String>())) != COMPLETE {
                    return LOCAL_FAULT;
                }
            }
            Err(wrong) => return refuse(&format!("cannot write the pages: {wrong}")),
        }
    }
    match identity::run(&identity::IdentityJob { plan, addresses }) {
        Ok(checks) => match show(&identity::text(&checks)) {
            COMPLETE if checks.iter().any(|check| check.outcome == CheckOutcome::Bad) => FAULTY,
            code => code,
        },
        Err(wrong) => {
            tell(&format!("error: {wrong}"));
            if wrong.is_usage() { USAGE } else { LOCAL_FAULT }
        }
    }
}

/// Sees that the plan says who scans: asks on a terminal, refuses elsewhere.
fn identified(plan: &mut ScanPlan) -> Result<(), u8> {
    let missing = plan.missing_identity();
    if missing.is_empty() {
        return Ok(());
    }
    let asked = if io::stdin().is_terminal() && io::stderr().is_terminal() {
        operator::ask(plan, &mut io::stdin().lock(), &mut io::stderr().lock()).unwrap_or(false)
    } else {
        false
    };
    if asked { Ok(()) } else { Err(refuse(&operator::refusal(&plan.missing_identity()))) }
}

fn run(mut job: ScanJob) -> u8 {
    if job.start == Start::New
        && let Err(wrong) = destination::check(&job.output)
    {
        return refuse(&wrong);
    }
    if let Err(code) = identified(&mut job.plan) {
        return code;
    }
    let (output, quiet) = (job.output.clone(), job.plan.quiet);
    let tally = Arc::new(Tally::default());
    let stop = match interrupt::watch(&output) {
        Ok(stop) => stop,
        Err(fault) => {
            tell(&format!("error: cannot watch for Ctrl-C: {fault}"));
            return LOCAL_FAULT;
        }
    };
    let seen_from_outside = match telemetry(&job.plan, &tally) {
        Ok(both) => both,
        Err(wrong) => return refuse(&wrong),
    };
    let progress = match (!quiet).then(|| Progress::start(tally.clone())).transpose() {
        Ok(progress) => progress,
        Err(fault) => {
            tell(&format!("error: cannot show progress: {fault}"));
            return LOCAL_FAULT;
        }
    };
    let ended = scan::run(job, &tally, &stop);
    drop((progress, seen_from_outside));
    match ended {
        Ok(report) => {
            // A summary that nobody can read is no reason to call the scan failed.
            if !quiet && show(&visible(&summary::text(&report))) != COMPLETE {
                tell("hint: the scan itself is not affected");
            }
            exit_code(&report.ended, report.hosts_left + report.sum.failed_here, &output)
        }
        Err(wrong) => failed(&wrong, &output),
    }
}

/// What the plan wants to be seen of the scan from outside, for as long as it lives.
fn telemetry(plan: &ScanPlan, tally: &Arc<Tally>) -> Result<(Option<StatusFile>, Option<Metrics>), String> {
    let complain = |path: &Path, fault: &io::Error| {
        tell(&format!("the status file {} gets no further lines: {fault}", path.display()));
    };
    let status = plan.status_file.as_ref().map(|path| {
        StatusFile::start(path, tally.clone(), complain)
            .map_err(|fault| format!("cannot write the status file {}: {fault}", path.display()))
    });
    let metrics = plan.metrics.map(|addr| {
        Metrics::start(addr, tally.clone())
            .map_err(|fault| format!("cannot serve metrics at {addr}: {fault}"))
    });
    Ok((status.transpose()?, metrics.transpose()?))
}

fn exit_code(ended: &Ended, failed: u64, output: &Path) -> u8 {
    let go_on = format!("continue with `sts-scan resume {}`", output.display());
    match ended {
        Ended::Complete => COMPLETE,
        Ended::NoNames => {
            tell("error: the list contains no domain name");
            USAGE
        }
        Ended::Stopped(reason) => {
            tell(&format!(
                "stopped: {}",
                reason.as_deref().unwrap_or("running work was finished and committed")
            ));
            tell(&format!("hint: {go_on}"));
            RESUMABLE
        }
        Ended::Faulty => {
            tell(&format!(
                "error: this machine failed for {failed} names or hosts (sockets, memory or disk)"
            ));
            tell(&format!("hint: {go_on}"));
            LOCAL_FAULT
        }
    }
}

fn failed(wrong: &ScanError, output: &Path) -> u8 {
    tell(&format!("error: {wrong}"));
    if let Some(hint) = wrong.hint(output) {
        tell(&format!("hint: {hint}"));
    }
    if wrong.is_usage() { USAGE } else { LOCAL_FAULT }
}

fn assess(dataset: &Path, intermediates: IntermediateSource, earlier: Earlier) -> u8 {
    match job::again(dataset, intermediates, earlier) {
        Ok(done) => {
            let shown = show(&visible(&told::text(&done)));
            for line in told::warnings(&done) {
                tell(&line);
            }
            shown
        }
        Err(wrong) => failed(&wrong, dataset),
    }
}

fn check(job: check::CheckJob, shown: Shown) -> u8 {
    let traces = job.traces;
    if traces && job.domains.len() != 1 {
        return refuse(&"--trace shows the questions of one domain: give one");
    }
    if !job.planned.is_empty() && job.domains.len() != 1 {
        return refuse(&"--planned-mx is about the MX change of one domain: give one");
    }
    let check::Outcome { checked, notes, trace } = match check::run(job) {
        Ok(outcome) => outcome,
        Err(wrong) => {
            tell(&format!("error: {wrong}"));
            return if wrong.is_usage() { USAGE } else { LOCAL_FAULT };
        }
    };
    // https://no-color.org: any value that is not empty.
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let style = if wanted && io::stdout().is_terminal() { Style::Colours } else { Style::Plain };
    notes.iter().for_each(|note| tell(note));
    let object = |one| {
        let mut object = check::object(one);
        if traces {
            object["trace"] = check::trace::json(&trace);
        }
        object.to_string() + "\n"
    };
    let mut texts: Vec<String> = match shown {
        Shown::Text => checked.iter().map(|one| check::text(one, style)).collect(),
        Shown::Json => checked.iter().map(object).collect(),
    };
    if traces && shown == Shown::Text {
        texts.push(check::trace::text(&trace));
    }
    let between = if shown == Shown::Text { "\n" } else { "" };
    match show(&texts.join(between)) {
        COMPLETE if checked.iter().any(check::Checked::is_faulty) => FAULTY,
        code => code,
    }
}

/// Prints a text, and gives the code of having done it.
fn show(text: &str) -> u8 {
    match print(text) {
        Err(fault) => {
            tell(&format!("error: cannot write the output: {fault}"));
            LOCAL_FAULT
        }
        Ok(()) => COMPLETE,
    }
}

fn validate(job: &validate::ValidateJob, file: Option<&Path>) -> u8 {
    let mut out = BufWriter::new(io::stdout().lock());
    let judged = match file {
        Some(path) => match File::open(path) {
            Ok(file) => validate::run(job, &mut BufReader::new(file), &mut out),
            Err(fault) => return refuse(&format!("cannot read {}: {fault}", path.display())),
        },
        None => validate::run(job, &mut io::stdin().lock(), &mut out),
    };
    let judged = judged.and_then(|passes| Ok(out.flush().map(|()| passes)?));
    match judged {
        Ok(true) => COMPLETE,
        Ok(false) => FAULTY,
        Err(validate::Unreadable::Io(fault)) if fault.kind() == io::ErrorKind::BrokenPipe => FAULTY,
        Err(wrong) => refuse(&wrong),
    }
}

fn generate(typed: Generate) -> u8 {
    let wish = generate::Wish {
        mode: typed.mode,
        max_age_s: typed.max_age_s,
        preset: typed.preset,
        patterns: typed.patterns,
        rua: typed.rua,
        id: generate::fresh_id(&moment::rfc3339(moment::now())),
    };
    let (targets, mx, output) = (typed.targets, typed.mx, typed.output);
    if let Some(Err(wrong)) = output.as_deref().map(destination::check) {
        return refuse(&wrong);
    }
    let portfolio = matches!(targets, generate::Targets::List(_));
    with_plan(&typed.settings, None, |plan| {
        let job = generate::GenerateJob { targets, wish, mx, output, plan };
        match generate::run(&job, &mut io::stdout().lock(), &mut io::stderr().lock()) {
            Ok(done) => {
                if portfolio {
                    let told = format!(
                        "{} domains written, {} refused, {} lines are not a domain\n",
                        done.made, done.refused, done.invalid
                    );
                    if show(&told) != COMPLETE {
                        return LOCAL_FAULT;
                    }
                }
                if done.refused + done.invalid == 0 { COMPLETE } else { FAULTY }
            }
            Err(wrong) if wrong.is_usage() => refuse(&wrong),
            Err(wrong) => {
                tell(&format!("error: {wrong}"));
                LOCAL_FAULT
            }
        }
    })
}
