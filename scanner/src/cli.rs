//! What is typed in.

mod offline;
pub mod operator;

pub use offline::Generate;

use crate::assess::job::Earlier;
use crate::findings::CatalogueFormat;
use crate::plan::IntermediateSource;
use crate::plan::{Origin, SETTINGS, Setting, Typed};
use crate::validate;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::net::IpAddr;
use std::path::PathBuf;

/// What is to be done.
#[derive(Debug)]
pub enum Args {
    /// A new scan.
    Scan {
        /// Lists as typed.
        lists: Vec<PathBuf>,
        /// Folder of the dataset.
        output: PathBuf,
        /// Settings.
        settings: Settings,
    },
    /// A scan that was begun.
    Resume {
        /// Folder of the dataset.
        dataset: PathBuf,
        /// Settings.
        settings: Settings,
    },
    /// A few domains, shown.
    Check {
        /// Domains as typed.
        domains: Vec<String>,
        /// How they are shown.
        shown: Shown,
        /// Whether every question to the DNS is shown; then there is one domain.
        traces: bool,
        /// MX hosts that are planned, as typed; then there is one domain.
        planned: Vec<String>,
        /// Settings.
        settings: Settings,
    },
    /// The effective plan, printed.
    Plan(Settings),
    /// Whether others can tell who scans.
    Identity {
        /// The addresses that others see, as typed.
        addresses: Vec<IpAddr>,
        /// Folder for what is to be hosted.
        output: Option<PathBuf>,
        /// Settings.
        settings: Settings,
    },
    /// Findings and verdicts drawn anew.
    Assess {
        /// Folder of the dataset.
        dataset: PathBuf,
        /// Further intermediate certificates.
        intermediates: IntermediateSource,
        /// What becomes of the judgement before.
        earlier: Earlier,
    },
    /// The dataset's contract, printed as JSON.
    Columns,
    /// The catalogue of findings.
    Findings(CatalogueFormat),
    /// Lists looked at without scanning.
    Lists {
        /// Lists as typed.
        lists: Vec<PathBuf>,
        /// How they are shown.
        shown: Shown,
        /// Settings.
        settings: Settings,
    },
    /// Texts judged; the file, or standard input.
    Validate(validate::ValidateJob, Option<PathBuf>),
    /// What a domain publishes.
    Generate(Box<Generate>),
}

/// How a check is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// For a person.
    Text,
    /// An object for each domain or list, each on a line.
    Json,
}

/// Settings as typed.
#[derive(Debug)]
pub struct Settings {
    /// `scan.toml`.
    pub config: Option<PathBuf>,
    /// Flags.
    pub flags: Vec<Typed>,
}

const CHECK_EXIT: &str = "Exit codes: 0 no finding of severity error, 1 at least one, or a planned host that would be refused, 2 usage or configuration, 4 local fault.\n\n\
    A failure that may pass is looked at again only if --second-look (or scan.toml) says how long to wait. \
    Colours are shown on a terminal, unless NO_COLOR is set.";

const IDENTITY_EXIT: &str =
    "Exit codes: 0 no problem found, 1 at least one problem, 2 usage or configuration, 4 local fault.";

const EXIT_CODES: &str =
    "Exit codes: 0 complete, 2 usage or configuration, 3 interrupted but resumable, 4 local fault.";

const LIST: &str = "Text, CSV, JSON lines, zone file (each also in gzip, zstd or zip), Parquet or a folder of its parts; NAME=FILE names it; `-` \
    for standard input";

/// The command line; its flags are the plan's settings.
#[must_use]
pub fn command() -> Command {
    let folder = |help: &'static str| {
        Arg::new("dataset").value_name("DIR").help(help).required(true).value_parser(value_parser!(PathBuf))
    };
    let command = Command::new("sts-scan")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Measure how domains deploy MTA-STS (RFC 8461): domain lists in, Parquet out")
        .after_help(EXIT_CODES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            settings(Command::new("scan"))
                .about("Scan the domains of one or more lists")
                .after_help(EXIT_CODES)
                .arg(Arg::new("lists").value_name("LIST").help(LIST).num_args(1..).required(true).value_parser(value_parser!(PathBuf)))
                .arg(Arg::new("output").short('o').long("output").value_name("DIR").help("Folder for the dataset; must not exist, or be empty").required(true).value_parser(value_parser!(PathBuf))),
        )
        .subcommand(
            settings(Command::new("resume"))
                .about("Continue a scan that was interrupted")
                .after_help("Rates, exclusions, resolvers and identity may be changed; settings that give the data its meaning may not.")
                .arg(folder("Folder of the dataset")),
        )
        .subcommand(
            SETTINGS.iter().filter(of_check).filter_map(flag).fold(Command::new("check").arg(config()), Command::arg)
                .about("Look at a few domains as a scan does, and say what is wrong, what to do, and what senders do")
                .after_help(CHECK_EXIT)
                .arg(Arg::new("domains").value_name("DOMAIN").help("The domains").num_args(1..).required(true))
                .arg(Arg::new("format").long("format").value_name("FORMAT").help("Output format; json: one object per domain, each on a line").default_value("text").value_parser(PossibleValuesParser::new(["text", "json"])))
                .arg(Arg::new("trace").long("trace").help("Show every question to the DNS, of one domain: who was asked, what came, how long it took").action(ArgAction::SetTrue))
                .arg(Arg::new("planned-mx").long("planned-mx").value_name("HOST").help("Before an MX change of one domain: what its policy does with these hosts, until when senders may hold it, and in which order to change what; repeat it, or give several hosts behind the domain").num_args(1..).action(ArgAction::Append)),
        )
        .subcommand(settings(Command::new("plan")).about("Print the effective plan as scan.toml, with ranges, defaults and origins"))
        .subcommand(identity())
        .subcommand(
            Command::new("assess")
                .about("Derive findings and verdicts anew from a dataset's evidence")
                .arg(folder("Folder of the dataset"))
                .arg(Arg::new("intermediates").long("intermediates").value_name("FILE").help("Intermediate certificates (PEM) besides those that the scan saw, or `none`; default: those of the previous assessment"))
                .arg(Arg::new("anew").long("anew").help("Do not read the previous assessment, nor compare with it: for one that is damaged or missing").action(ArgAction::SetTrue)),
        )
        .subcommand(Command::new("columns").about("Print the dataset's tables, columns and their meaning as JSON"));
    offline::commands(command)
}

fn settings(command: Command) -> Command {
    SETTINGS.iter().filter_map(flag).fold(command.arg(config()), Command::arg)
}

/// The settings that looking at a few domains goes by: nobody watches that from outside, and nothing is
/// waited for.
fn of_check(setting: &&'static Setting) -> bool {
    setting.section != "report" && setting.key != "pause_limit"
}

/// The settings that say who scans, and how that is found out.
fn of_identity(setting: &&'static Setting) -> bool {
    setting.section == "identity"
        || matches!(setting.path, "dns.resolvers" | "smtp.port" | "targets.allow_private")
}

fn identity() -> Command {
    let command = Command::new("identity")
        .about("Check that others can tell who is scanning: reverse DNS, forward DNS and EHLO name agree, and port 25 is open")
        .after_help(IDENTITY_EXIT)
        .arg(Arg::new("address").long("address").value_name("ADDR").help("An address that others see; default: those from which this machine reaches the Internet").action(ArgAction::Append).value_parser(value_parser!(IpAddr)))
        .arg(Arg::new("output").short('o').long("output").value_name("DIR").help("Folder to write .well-known/probing.txt (RFC 9511) and index.html into, to be hosted on the info page's site; nothing is overwritten").value_parser(value_parser!(PathBuf)));
    SETTINGS.iter().filter(of_identity).filter_map(flag).fold(command.arg(config()), Command::arg)
}

fn config() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .help("Settings in the format of scan.toml; flags override them")
        .value_parser(value_parser!(PathBuf))
}

fn flag(setting: &'static Setting) -> Option<Arg> {
    let name = setting.flag?;
    let help = format!("{} [{}; default {}]", setting.meaning, setting.allowed, setting.default);
    let arg = Arg::new(setting.path).long(name).help(help);
    Some(match setting.allowed {
        "true or false" => arg.action(ArgAction::SetTrue),
        _ if is_list(setting) => arg.action(ArgAction::Append).value_name("VALUE"),
        _ => arg.value_name("VALUE"),
    })
}

fn is_list(setting: &Setting) -> bool {
    matches!(setting.key, "resolvers" | "exclude" | "controls" | "companions")
}

/// What was typed; prints help or a usage error and ends the program where clap says so.
///
/// # Errors
/// What clap refuses, or the help that was asked for.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Args, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    let Some((name, of)) = matches.subcommand() else {
        return Err(command().error(clap::error::ErrorKind::MissingSubcommand, "a command is needed"));
    };
    let path = |id: &str| of.get_one::<PathBuf>(id).cloned().unwrap_or_default();
    Ok(match name {
        "scan" => Args::Scan {
            lists: of.get_many::<PathBuf>("lists").into_iter().flatten().cloned().collect(),
            output: path("output"),
            settings: typed(of, |_| true),
        },
        "resume" => Args::Resume { dataset: path("dataset"), settings: typed(of, |_| true) },
        "check" => Args::Check {
            domains: of.get_many::<String>("domains").into_iter().flatten().cloned().collect(),
            shown: shown(of),
            traces: of.get_flag("trace"),
            planned: of.get_many::<String>("planned-mx").into_iter().flatten().cloned().collect(),
            settings: typed(of, of_check),
        },
        "plan" => Args::Plan(typed(of, |_| true)),
        "identity" => Args::Identity {
            addresses: of.get_many::<IpAddr>("address").into_iter().flatten().copied().collect(),
            output: of.get_one::<PathBuf>("output").cloned(),
            settings: typed(of, of_identity),
        },
        "assess" => Args::Assess {
            dataset: path("dataset"),
            intermediates: match of.get_one::<String>("intermediates").map(String::as_str) {
                None => IntermediateSource::AsBefore,
                Some("none") => IntermediateSource::None,
                Some(file) => IntermediateSource::File(file.into()),
            },
            earlier: if of.get_flag("anew") { Earlier::PassedOver } else { Earlier::Compared },
        },
        other => offline::parsed(other, of).unwrap_or(Args::Columns),
    })
}

/// How what a command finds is shown.
fn shown(of: &ArgMatches) -> Shown {
    match of.get_one::<String>("format").map(String::as_str) {
        Some("json") => Shown::Json,
        _ => Shown::Text,
    }
}

/// The settings that were typed, of those that the command has.
fn typed(matches: &ArgMatches, has: impl Fn(&&'static Setting) -> bool) -> Settings {
    let given = SETTINGS.iter().filter(has).filter(|s| s.flag.is_some()).filter_map(|setting| {
        let id = setting.path;
        let from_line = matches.value_source(id) == Some(clap::parser::ValueSource::CommandLine);
        let values = if setting.allowed == "true or false" {
            vec![matches.get_flag(id).to_string()]
        } else {
            matches.get_many::<String>(id).into_iter().flatten().cloned().collect()
        };
        from_line.then(|| Typed { key: id.to_owned(), values, origin: Origin::Flag })
    });
    Settings { config: matches.get_one::<PathBuf>("config").cloned(), flags: given.collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails here has failed")]
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn flags_become_settings_and_what_is_not_typed_does_not() {
        let line = [
            "sts-scan",
            "plan",
            "--https-port",
            "8443",
            "--smtp-port",
            "2525",
            "--resolver",
            "192.0.2.1",
            "--resolver",
            "192.0.2.2",
            "--allow-private",
        ];
        let Args::Plan(settings) = parse(line.map(Into::into)).unwrap() else { panic!("no plan") };
        let keys: Vec<(&str, Vec<String>)> =
            settings.flags.iter().map(|t| (t.key.as_str(), t.values.clone())).collect();
        let one = |text: &str| vec![text.to_owned()];
        assert_eq!(
            keys,
            [
                ("dns.resolvers", vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()]),
                ("policy_host.port", one("8443")),
                ("smtp.port", one("2525")),
                ("targets.allow_private", one("true")),
            ]
        );
    }
}
