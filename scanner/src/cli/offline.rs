//! What is typed for the commands that need no scan: `lists`, `findings`, `validate`, `generate`.

use super::{Args, LIST, Settings, config, flag, shown, typed};
use crate::evidence::Mode;
use crate::findings::CatalogueFormat;
use crate::generate::{self, Preset, Targets};
use crate::mta_sts::policy::LARGEST_MAX_AGE;
use crate::plan::{SETTINGS, Setting};
use crate::validate::{self, Form, InputKind};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use std::path::PathBuf;

const VALIDATE_EXIT: &str = "Exit codes: 0 valid to the letter or matching, 1 not, 2 usage, or an input that cannot be judged.\n\n\
    A tlsrpt-report may be compressed with gzip. Records are read one per line, plain or as `dig +short TXT` prints them. For mx-match give --mx and a policy, \
    or an object {\"mx\": HOST, \"patterns\": [PATTERN, …]}.";

const GENERATE_EXIT: &str =
    "Exit codes: 0 done, 1 refused (the reasons are on standard error), 2 usage, 4 local fault.";

/// What `generate` was asked for, as typed.
#[derive(Debug)]
pub struct Generate {
    /// Whose.
    pub targets: Targets,
    /// MX hosts; `None`: the DNS is asked.
    pub mx: Option<Vec<String>>,
    /// The mode.
    pub mode: Mode,
    /// Seconds.
    pub max_age_s: u64,
    /// Patterns of a provider.
    pub preset: Option<Preset>,
    /// Further patterns.
    pub patterns: Vec<String>,
    /// Report addresses; a mail address alone is one to send mail to.
    pub rua: Vec<String>,
    /// Folder for the files.
    pub output: Option<PathBuf>,
    /// Resolvers and the like.
    pub settings: Settings,
}

/// Adds the commands.
pub(super) fn commands(command: Command) -> Command {
    command.subcommand(lists()).subcommand(findings()).subcommand(validate()).subcommand(generate())
}

/// What was typed; `None` for another command.
pub(super) fn parsed(name: &str, of: &ArgMatches) -> Option<Args> {
    Some(match name {
        "lists" => Args::Lists {
            lists: of.get_many::<PathBuf>("lists").into_iter().flatten().cloned().collect(),
            shown: shown(of),
            settings: typed(of, of_lists),
        },
        "findings" => {
            let word = of.get_one::<String>("format").map(String::as_str).unwrap_or_default();
            Args::Findings(CatalogueFormat::from_word(word).unwrap_or(CatalogueFormat::Text))
        }
        "validate" => {
            let (job, file) = validate_job(of);
            Args::Validate(job, file)
        }
        "generate" => Args::Generate(Box::new(generate_args(of))),
        _ => return None,
    })
}

const LISTS_EXIT: &str = "Exit codes: 0 a scan reads them all, 1 it would refuse at least one, 2 usage.";

/// The settings that say how lists are read.
fn of_lists(setting: &&'static Setting) -> bool {
    matches!(setting.path, "scan.column" | "scan.ranked" | "scan.any_suffix")
}

fn lists() -> Command {
    let command = Command::new("lists")
        .about("Show what a scan would read of lists: format, columns, first names, refused entries by reason; asks nobody")
        .after_help(LISTS_EXIT)
        .arg(Arg::new("lists").value_name("FILE").help(LIST).num_args(1..).required(true).value_parser(value_parser!(PathBuf)))
        .arg(Arg::new("format").long("format").value_name("FORMAT").help("Output format; json: one object per list, each on a line").default_value("text").value_parser(PossibleValuesParser::new(["text", "json"])));
    SETTINGS.iter().filter(of_lists).filter_map(flag).fold(command.arg(config()), Command::arg)
}

fn findings() -> Command {
    Command::new("findings").about("Print every finding: what it means, what to do, and its source").arg(
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .help("Output format")
            .default_value(CatalogueFormat::WORDS[0])
            .value_parser(PossibleValuesParser::new(CatalogueFormat::WORDS)),
    )
}

fn validate() -> Command {
    Command::new("validate")
        .about("Judge records, policies, MX patterns or TLS reports, without a network")
        .after_help(VALIDATE_EXIT)
        .arg(
            Arg::new("kind")
                .value_name("KIND")
                .help("What to judge")
                .required(true)
                .value_parser(PossibleValuesParser::new(InputKind::WORDS)),
        )
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .help("The input; if omitted or `-`, standard input")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(
            Arg::new("batch")
                .long("batch")
                .help("JSON lines {\"id\": …, \"input\": …} in, {\"id\": …, \"verdict\": …, \"lenient\": …, \"findings\": […]} out")
                .action(ArgAction::SetTrue)
                .conflicts_with("mx"),
        )
        .arg(
            Arg::new("mx")
                .long("mx")
                .value_name("HOST")
                .help("With mx-match: a host to match against the policy in FILE; may be given several times")
                .action(ArgAction::Append),
        )
}

fn validate_job(of: &ArgMatches) -> (validate::ValidateJob, Option<PathBuf>) {
    let word = of.get_one::<String>("kind").map(String::as_str).unwrap_or_default();
    let kind = InputKind::from_word(word).unwrap_or(InputKind::Policy);
    let hosts = strings(of, "mx");
    let form = match (of.get_flag("batch"), hosts.is_empty()) {
        (true, _) => Form::Batch,
        (false, false) => Form::HostsAgainstPolicy(hosts),
        (false, true) => Form::One,
    };
    let file = of.get_one::<PathBuf>("file").filter(|file| file.as_os_str() != "-").cloned();
    (validate::ValidateJob { kind, form }, file)
}

/// The settings that asking the DNS for MX hosts goes by.
fn of_generate(setting: &&'static Setting) -> bool {
    matches!(setting.path, "dns.resolvers" | "pace.dns_rate")
}

fn generate() -> Command {
    let list_of = |id: &'static str, value: &'static str, help: &'static str| {
        Arg::new(id).long(id).value_name(value).help(help).num_args(1..).action(ArgAction::Append)
    };
    let command = Command::new("generate")
        .about("Write what a domain has to publish: record, policy, TLSRPT record, DNS lines, and the steps in order")
        .after_help(GENERATE_EXIT)
        .arg(Arg::new("domain").value_name("DOMAIN").help("The domain"))
        .arg(Arg::new("list").long("list").value_name("FILE").help("A list of domains instead of one, in any format that scan reads").requires("output").value_parser(value_parser!(PathBuf)))
        .group(ArgGroup::new("targets").args(["domain", "list"]).required(true))
        .arg(list_of("mx", "HOST", "The MX hosts; default: those in the DNS"))
        .arg(Arg::new("preset").long("preset").value_name("PROVIDER").help("Patterns of a provider instead of the hosts themselves").value_parser(PossibleValuesParser::new(Preset::WORDS)))
        .arg(list_of("pattern", "PATTERN", "A pattern instead of the hosts themselves, or in addition to those of --preset"))
        .arg(Arg::new("mode").long("mode").value_name("MODE").help("What senders are to do when a host fails").default_value("testing").value_parser(PossibleValuesParser::new(["testing", "enforce", "none"])))
        .arg(Arg::new("max-age").long("max-age").value_name("SECONDS").help(format!("How long senders may keep the policy [1 to {LARGEST_MAX_AGE}; default {}, in mode none {}]", generate::DEFAULT_MAX_AGE_S, generate::WITHDRAWAL_MAX_AGE_S)).value_parser(value_parser!(u64).range(1..=LARGEST_MAX_AGE)))
        .arg(list_of("rua", "ADDRESS", "Where TLS reports go: a mail address, mailto: or https: URI; without it no TLSRPT record is written"))
        .arg(Arg::new("output").short('o').long("output").value_name("DIR").help("Folder for the files, with one folder per domain; must not exist, or be empty").value_parser(value_parser!(PathBuf)));
    SETTINGS.iter().filter(of_generate).filter_map(flag).fold(command.arg(config()), Command::arg)
}

fn generate_args(of: &ArgMatches) -> Generate {
    let path = |id: &str| of.get_one::<PathBuf>(id).cloned();
    let word = |id: &str| of.get_one::<String>(id).map(String::as_str).unwrap_or_default();
    let domain = || Targets::One(word("domain").to_owned());
    let hosts = strings(of, "mx");
    let mode = match word("mode") {
        "enforce" => Mode::Enforce,
        "none" => Mode::None,
        _ => Mode::Testing,
    };
    Generate {
        targets: path("list").map_or_else(domain, Targets::List),
        mx: (!hosts.is_empty()).then_some(hosts),
        mode,
        max_age_s: of.get_one::<u64>("max-age").copied().unwrap_or(generate::default_max_age_s(mode)),
        preset: Preset::from_word(word("preset")),
        patterns: strings(of, "pattern"),
        rua: strings(of, "rua").into_iter().map(as_uri).collect(),
        output: path("output"),
        settings: typed(of, of_generate),
    }
}

fn strings(of: &ArgMatches, id: &str) -> Vec<String> {
    of.get_many::<String>(id).into_iter().flatten().cloned().collect()
}

fn as_uri(text: String) -> String {
    if text.contains('@') && !text.contains(':') { format!("mailto:{text}") } else { text }
}
