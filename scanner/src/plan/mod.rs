//! Arguments, `scan.toml` and defaults become one validated [`ScanPlan`]: everything that an operator sets,
//! with its range and its default. A value that nobody sets is a constant beside its user, with the reason
//! for it.

mod companions;
mod controls;
pub mod descriptors;
mod file;
mod operator;
mod resolvers;
mod settings;

use crate::input::{Choices, Sample, Shard};
use crate::tls::TrustSource;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use companions::Companion;
pub use operator::Missing;
pub use resolvers::Resolvers;
pub use settings::{SETTINGS, Setting};

/// Which further intermediate certificates an assessment takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntermediateSource {
    /// Those of the assessment before, if there was one.
    AsBefore,
    /// None.
    None,
    /// Those of a PEM file.
    File(PathBuf),
}

/// Everything a scan does and does not do, validated: no stage has a default of its own.
#[derive(Debug, Clone)]
pub struct ScanPlan {
    /// Who answers questions to the DNS.
    pub resolvers: Resolvers,
    /// Port of authoritative servers, 53 on the Internet.
    pub authority_port: u16,
    /// File with the root's servers; `None`: those that are built in.
    pub root_hints: Option<PathBuf>,
    /// File with the keys of the root that are trusted; `None`: those that are built in, or none where the
    /// root's servers are others.
    pub trust_anchor: Option<PathBuf>,
    /// Port of policy hosts, 443 on the Internet.
    pub https_port: u16,
    /// Port of MX hosts, 25 on the Internet.
    pub smtp_port: u16,
    /// Where the trusted roots come from.
    pub trust: TrustSource,
    /// Further intermediate certificates that assessing may complete a chain with; `None`: those of the scan
    /// alone.
    pub intermediates: Option<PathBuf>,
    /// Whether loopback and private addresses may be contacted.
    pub allow_private: bool,
    /// Who we say we are.
    pub identity: Identity,
    /// How fast and how much at once.
    pub pace: Pace,
    /// Exclusion files.
    pub exclude: Vec<PathBuf>,
    /// Names that are known to signal; `None` where nobody gave any: [`ScanPlan::controls`].
    pub controls: Option<Vec<String>>,
    /// The part of the list that is ours.
    pub shard: Shard,
    /// The sample of the list that is scanned.
    pub sample: Sample,
    /// Seed of order, sampling and fingerprints.
    pub seed: u64,
    /// Whether the lists are known to hold no name twice.
    pub unique: bool,
    /// What the user says of how the lists are read.
    pub lists: Choices,
    /// Whose MX hosts are contacted.
    pub starttls: StarttlsScope,
    /// Which domains without MX to query for their own addresses.
    pub implicit_mx: ImplicitScope,
    /// What every domain is asked for besides, each once.
    pub companions: Vec<Companion>,
    /// How many addresses of a host are contacted.
    pub addresses_per_host: usize,
    /// Wait before the second look; `None` leaves it out.
    pub second_look: Option<Duration>,
    /// How long the scan waits, in all, for a network that is away.
    pub pause_limit: Duration,
    /// Whether to print neither progress nor summary.
    pub quiet: bool,
    /// File that gets a line of JSON every few seconds.
    pub status_file: Option<PathBuf>,
    /// Address at which Prometheus may read the counters.
    pub metrics: Option<SocketAddr>,
    /// Whether that may be an address that others reach.
    pub metrics_public: bool,
    /// How long a remote party has.
    pub deadlines: Deadlines,
    /// Where each setting was given, for messages: key, origin.
    origins: Vec<(&'static str, Origin)>,
}

/// Who we say we are, in EHLO and User-Agent.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Name given in EHLO.
    pub ehlo_name: String,
    /// Mail address for those who want to reach the operator.
    pub contact: Option<String>,
    /// Page that explains the scan.
    pub info_url: Option<String>,
}

impl Identity {
    /// The User-Agent of policy fetches, for example
    /// `sts-census/0.1.0 (+https://scan.example; mailto:a@b.example)`.
    #[must_use]
    pub fn user_agent(&self) -> String {
        let mut about: Vec<String> = Vec::new();
        about.extend(self.info_url.as_ref().map(|url| format!("+{url}")));
        about.extend(self.contact.as_ref().map(|mail| format!("mailto:{mail}")));
        let version = env!("CARGO_PKG_VERSION");
        if about.is_empty() {
            format!("sts-census/{version}")
        } else {
            format!("sts-census/{version} ({})", about.join("; "))
        }
    }
}

/// Rates per second and bounds on what is under way.
#[derive(Debug, Clone)]
pub struct Pace {
    /// DNS questions per second.
    pub dns_rate: u32,
    /// HTTPS connections per second.
    pub https_rate: u32,
    /// SMTP connections per second.
    pub smtp_rate: u32,
    /// Connections per second to one address.
    pub per_target_rate: u32,
    /// Connections per second to one /24 of IPv4 or /48 of IPv6.
    pub per_network_rate: u32,
    /// SMTP connections per second to the hosts of one registrable domain.
    pub per_provider_rate: u32,
    /// DNS questions per second to one resolver; `None`: no fewer than to all.
    pub per_resolver_rate: Option<u32>,
    /// Domains whose DNS questions are under way.
    pub dns_in_flight: usize,
    /// Policy fetches under way.
    pub https_in_flight: usize,
    /// SMTP conversations under way.
    pub smtp_in_flight: usize,
    /// SMTP conversations under way beside them, with servers that are slow to greet.
    pub smtp_slow_in_flight: usize,
    /// How long a server that has not greeted holds one of the others' places.
    pub smtp_slow_after: Duration,
    /// Connections under way to one address.
    pub per_target_in_flight: usize,
    /// Connections under way to one /24 of IPv4 or /48 of IPv6.
    pub per_network_in_flight: usize,
    /// SMTP connections under way to the hosts of one registrable domain.
    pub per_provider_in_flight: usize,
    /// DNS questions under way to one resolver that an answer is expected to soon.
    pub per_resolver_in_flight: usize,
    /// DNS questions per second to one address of an authoritative server.
    pub per_server_rate: u32,
    /// DNS questions per second to one operator of name servers.
    pub per_operator_rate: u32,
    /// DNS questions per second to all servers of one TLD.
    pub per_tld_rate: u32,
    /// DNS questions under way to one address of an authoritative server.
    pub per_server_in_flight: usize,
    /// DNS questions under way to one operator of name servers.
    pub per_operator_in_flight: usize,
    /// DNS questions under way to all servers of one TLD.
    pub per_tld_in_flight: usize,
}

impl Pace {
    /// How many questions each of so many threads may have under way to one resolver.
    #[must_use]
    pub fn resolver_share(&self, threads: usize) -> usize {
        self.per_resolver_in_flight.div_ceil(threads.max(1)).min(self.dns_in_flight)
    }
}

/// Whose MX hosts are contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StarttlsScope {
    /// Those of domains that signal.
    Adopters,
    /// Those of every domain.
    All,
    /// Nobody's.
    None,
}

impl StarttlsScope {
    /// The word in `scan.toml`, flag and manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adopters => "adopters",
            Self::All => "all",
            Self::None => "none",
        }
    }
}

/// Which domains without MX to query for their own addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImplicitScope {
    /// Every domain's.
    All,
    /// Those of domains that signal; the others' `mx_kind` is unknown.
    Signallers,
}

impl ImplicitScope {
    /// The word in `scan.toml`, flag and manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Signallers => "signallers",
        }
    }
}

/// How long a remote party has, from the moment the socket is ours.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// One DNS question, all retransmissions and resolvers together.
    pub dns: Duration,
    /// One policy fetch from one address, connect included.
    pub policy: Duration,
    /// One SMTP conversation.
    pub smtp: Duration,
    /// The greeting, within `smtp`.
    pub banner: Duration,
}

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    Default,
    /// A flag on the command line.
    Flag,
    /// A line of `scan.toml`.
    File {
        /// The file.
        path: PathBuf,
        /// Line from 1.
        line: usize,
    },
}

/// A setting that cannot be: says where, what was found, what is allowed and the default.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct PlanError(pub(crate) String);

/// A setting as it was typed: its key (`section.key`) and its values in text form.
#[derive(Debug, Clone)]
pub struct Typed {
    /// `section.key`.
    pub key: String,
    /// One value, or several where the setting is a list.
    pub values: Vec<String>,
    /// Where it stood.
    pub origin: Origin,
}

impl ScanPlan {
    /// The plan from what a dataset recorded (on resume), a `scan.toml` and flags; later ones override
    /// earlier ones.
    ///
    /// # Errors
    /// An unreadable file, an unknown key or section, a value of the wrong kind or out of range.
    pub fn build(recorded: Vec<Typed>, config: Option<&Path>, flags: Vec<Typed>) -> Result<Self, PlanError> {
        let mut plan = Self::defaults();
        let from_file = config.map(file::read).transpose()?.unwrap_or_default();
        for typed in recorded.into_iter().chain(from_file).chain(flags) {
            plan.apply(typed)?;
        }
        plan.check_across()?;
        Ok(plan)
    }

    fn apply(&mut self, typed: Typed) -> Result<(), PlanError> {
        let Some(setting) = SETTINGS.iter().find(|s| s.path == typed.key) else {
            return Err(settings::unknown(&typed));
        };
        (setting.apply)(self, &typed).map_err(|found| settings::refuse(setting, &typed, &found))?;
        self.origins.retain(|(key, _)| *key != setting.key);
        self.origins.push((setting.key, typed.origin));
        Ok(())
    }

    /// Settings as [`ScanPlan::meaning`] and [`ScanPlan::manners`] recorded them.
    ///
    /// # Errors
    /// A recorded value is none that this program knows.
    pub fn recorded(values: &Value) -> Result<Vec<Typed>, PlanError> {
        let mut typed = Vec::new();
        for (path, shown) in values.as_object().into_iter().flatten() {
            let (section, key) = path.split_once('.').unwrap_or((path, ""));
            let line = format!("[{section}]\n{key} = {}\n", shown.as_str().unwrap_or_default());
            for mut one in file::parse(&line, Path::new("manifest.json"))? {
                // As if it were a flag: paths stand as they were recorded, not relative to the dataset.
                one.origin = Origin::Flag;
                typed.push(one);
            }
        }
        Ok(typed)
    }

    /// Where the setting with this key was given.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.origins
            .iter()
            .find(|(known, _)| *known == key)
            .map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    fn check_across(&self) -> Result<(), PlanError> {
        if self.deadlines.banner > self.deadlines.smtp {
            return Err(PlanError(format!(
                "`deadlines.banner` is {}, must not be longer than `deadlines.smtp` ({})",
                settings::duration_text(self.deadlines.banner),
                settings::duration_text(self.deadlines.smtp)
            )));
        }
        if self.authority_port != 53 && !self.allow_private {
            return Err(PlanError(format!(
                "`dns.authority_port` is {}, must be 53 but in a laboratory (`targets.allow_private`): name servers of the Internet listen there",
                self.authority_port
            )));
        }
        let defaults = Self::defaults().pace;
        let paces_resolvers = self.pace.per_resolver_rate != defaults.per_resolver_rate
            || self.pace.per_resolver_in_flight != defaults.per_resolver_in_flight;
        if self.resolvers.is_iterating() && paces_resolvers {
            return Err(PlanError(
                "`pace.per_resolver_rate` and `pace.per_resolver_in_flight` are for resolvers, and none is asked: give --resolver, or leave them out; authoritative servers have `pace.per_server_rate` and its like".to_owned(),
            ));
        }
        if let Some(addr) =
            self.metrics.filter(|addr| !addr.ip().to_canonical().is_loopback() && !self.metrics_public)
        {
            return Err(PlanError(format!(
                "`report.metrics` is {addr}, which other machines can reach, and the counters have no password: must be a loopback address, or be confirmed with --metrics-public"
            )));
        }
        Ok(())
    }

    /// The plan as `scan.toml` would write it, each setting with its meaning, range, default and origin.
    #[must_use]
    pub fn as_toml(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        for setting in SETTINGS {
            if setting.section != section {
                section = setting.section;
                text.push_str(&format!("\n[{section}]\n"));
            }
            let origin = match self.origin(setting.key) {
                Origin::Default => "default".to_owned(),
                Origin::Flag => "flag".to_owned(),
                Origin::File { path, line } => format!("{}:{line}", path.display()),
            };
            text.push_str(&format!(
                "# {} Allowed: {}. Default: {}. From: {origin}.\n{} = {}\n",
                setting.meaning,
                setting.allowed,
                setting.default,
                setting.key,
                (setting.show)(self)
            ));
        }
        text.trim_start().to_owned()
    }

    /// The part that gives the data its meaning; fixed for a scan, compared on resume.
    #[must_use]
    pub fn meaning(&self) -> Value {
        let mut meaning = serde_json::Map::new();
        for setting in SETTINGS.iter().filter(|s| s.fixed) {
            meaning.insert(setting.path.to_owned(), json!((setting.show)(self)));
        }
        Value::Object(meaning)
    }

    /// The part that is manners; may change on resume, each change noted in the manifest.
    #[must_use]
    pub fn manners(&self) -> Value {
        let mut manners = serde_json::Map::new();
        for setting in SETTINGS.iter().filter(|s| !s.fixed) {
            manners.insert(setting.path.to_owned(), json!((setting.show)(self)));
        }
        Value::Object(manners)
    }
}

#[cfg(test)]
mod tests;
