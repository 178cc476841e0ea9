//! The table of settings: key, flag, range, default, meaning, and how a value is taken and shown.

use super::{
    Deadlines, Identity, ImplicitScope, Origin, Pace, PlanError, Resolvers, ScanPlan, StarttlsScope, Typed,
    companions, controls,
};
use crate::input::{Choices, Sample, Shard};
use crate::tls::TrustSource;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// One setting of a scan.
pub struct Setting {
    /// `section.key`.
    pub path: &'static str,
    /// Section of `scan.toml`.
    pub section: &'static str,
    /// Key in that section; the flag is the same with hyphens, except where `flag` says otherwise.
    pub key: &'static str,
    /// The flag; `None` where there is none.
    pub flag: Option<&'static str>,
    /// What is allowed, in words.
    pub allowed: &'static str,
    /// The default, in words.
    pub default: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// Whether it gives the data its meaning, so that a resume must not change it.
    pub fixed: bool,
    pub(super) apply: fn(&mut ScanPlan, &Typed) -> Result<(), String>,
    pub(super) show: fn(&ScanPlan) -> String,
}

macro_rules! setting {
    ($section:literal . $key:literal, $flag:expr, $fixed:literal, $allowed:literal, $default:literal, $meaning:literal, $apply:expr, $show:expr) => {
        Setting {
            path: concat!($section, ".", $key),
            section: $section,
            key: $key,
            flag: $flag,
            allowed: $allowed,
            default: $default,
            meaning: $meaning,
            fixed: $fixed,
            apply: $apply,
            show: $show,
        }
    };
}

/// All settings, in the order in which `scan.toml` has them.
pub const SETTINGS: &[Setting] = &[
    setting!("dns"."resolvers", Some("resolver"), false, "none, system, or addresses of recursive resolvers, ADDR or ADDR:PORT, at most 64", "none",
        "Who is asked: none for the authoritative servers themselves, from the root down; system for the resolvers of /etc/resolv.conf; or these resolvers, in turn.", |p, t| { p.resolvers = Resolvers::of(&t.values)?; Ok(()) }, |p| p.resolvers.to_string()),
    setting!("dns"."authority_port", Some("authority-port"), false, "1 to 65535", "53",
        "Port of authoritative servers; another than 53 only with targets.allow_private.", |p, t| { p.authority_port = number(t, 1, 65_535)?; Ok(()) }, |p| p.authority_port.to_string()),
    setting!("dns"."root_hints", Some("root-hints"), false, "a file in the form of named.root, or none", "none",
        "Servers of the root where authoritative servers are asked; none: those that are built in.", |p, t| { p.root_hints = root_hints(t)?; Ok(()) }, |p| quoted(p.root_hints.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string()))),
    setting!("dns"."trust_anchor", Some("trust-anchor"), false, "a file of DNSKEY records in the form of Debian's root.key, or none", "none",
        "Keys of the root by which answers of authoritative servers are validated; none: those that are built in, and with dns.root_hints nothing is validated.", |p, t| { p.trust_anchor = trust_anchor(t)?; Ok(()) }, |p| quoted(p.trust_anchor.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string()))),
    setting!("policy_host"."port", Some("https-port"), true, "1 to 65535", "443",
        "Port of policy hosts.", |p, t| { p.https_port = number(t, 1, 65_535)?; Ok(()) }, |p| p.https_port.to_string()),
    setting!("smtp"."port", Some("smtp-port"), true, "1 to 65535", "25",
        "Port of MX hosts.", |p, t| { p.smtp_port = number(t, 1, 65_535)?; Ok(()) }, |p| p.smtp_port.to_string()),
    setting!("tls"."trust", Some("trust"), true, "webpki, system, or a PEM file", "webpki",
        "Trusted roots for judging certificates; a PEM file replaces the built-in ones.", |p, t| { p.trust = trust(t)?; Ok(()) }, |p| quoted(&p.trust)),
    setting!("tls"."intermediates", Some("intermediates"), false, "a PEM file, or none", "none",
        "Intermediate certificates besides those that the scan sees, to tell an incomplete chain from an untrusted one.", |p, t| { p.intermediates = intermediates(t)?; Ok(()) }, |p| quoted(p.intermediates.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string()))),
    setting!("targets"."allow_private", Some("allow-private"), true, "true or false", "false",
        "Allow contact with loopback and private addresses (never with link-local and reserved ones); for laboratories.", |p, t| { p.allow_private = flag(t)?; Ok(()) }, |p| p.allow_private.to_string()),
    setting!("identity"."ehlo_name", Some("ehlo-name"), false, "a host name, no address", "the machine's host name",
        "Name given in EHLO; it should resolve to this machine, and this machine's address back to it.", |p, t| { p.identity.ehlo_name = host_name(t)?; Ok(()) }, |p| quoted(&p.identity.ehlo_name)),
    setting!("identity"."contact", Some("contact"), false, "a mail address", "none",
        "Mail address in the User-Agent, for people who want to reach you.", |p, t| { p.identity.contact = mail(t)?; Ok(()) }, |p| quoted(p.identity.contact.as_deref().unwrap_or(""))),
    setting!("identity"."info_url", Some("info-url"), false, "an http or https URL", "none",
        "URL in the User-Agent of a page that explains the scan.", |p, t| { p.identity.info_url = url(t)?; Ok(()) }, |p| quoted(p.identity.info_url.as_deref().unwrap_or(""))),
    setting!("pace"."dns_rate", Some("dns-rate"), false, "1 to 10000000", "5000",
        "DNS queries per second.", |p, t| { p.pace.dns_rate = number(t, 1, 10_000_000)?; Ok(()) }, |p| p.pace.dns_rate.to_string()),
    setting!("pace"."https_rate", Some("https-rate"), false, "1 to 1000000", "100",
        "HTTPS connections per second.", |p, t| { p.pace.https_rate = number(t, 1, 1_000_000)?; Ok(()) }, |p| p.pace.https_rate.to_string()),
    setting!("pace"."smtp_rate", Some("smtp-rate"), false, "1 to 1000000", "50",
        "SMTP connections per second.", |p, t| { p.pace.smtp_rate = number(t, 1, 1_000_000)?; Ok(()) }, |p| p.pace.smtp_rate.to_string()),
    setting!("pace"."per_target_rate", Some("per-target-rate"), false, "1 to 1000000", "2",
        "Connections per second to one address.", |p, t| { p.pace.per_target_rate = number(t, 1, 1_000_000)?; Ok(()) }, |p| p.pace.per_target_rate.to_string()),
    setting!("pace"."per_network_rate", Some("per-network-rate"), false, "1 to 1000000", "4",
        "Connections per second to one IPv4 /24 or IPv6 /48.", |p, t| { p.pace.per_network_rate = number(t, 1, 1_000_000)?; Ok(()) }, |p| p.pace.per_network_rate.to_string()),
    setting!("pace"."per_provider_rate", Some("per-provider-rate"), false, "1 to 1000000", "10",
        "SMTP connections per second to the MX hosts of one registrable domain.", |p, t| { p.pace.per_provider_rate = number(t, 1, 1_000_000)?; Ok(()) }, |p| p.pace.per_provider_rate.to_string()),
    setting!("pace"."per_resolver_rate", Some("per-resolver-rate"), false, "1 to 10000000, or none", "none",
        "DNS queries per second to one resolver; none: as many as pace.dns_rate allows.", |p, t| { p.pace.per_resolver_rate = rate_or_none(t)?; Ok(()) }, |p| quoted(p.pace.per_resolver_rate.map_or_else(|| "none".to_owned(), |rate| rate.to_string()))),
    setting!("pace"."dns_in_flight", Some("dns-in-flight"), false, "1 to 50000", "1000",
        "Domains whose DNS queries are in flight.", |p, t| { p.pace.dns_in_flight = number(t, 1, 50_000)?; Ok(()) }, |p| p.pace.dns_in_flight.to_string()),
    setting!("pace"."https_in_flight", Some("https-in-flight"), false, "1 to 10000", "200",
        "Policy fetches in flight.", |p, t| { p.pace.https_in_flight = number(t, 1, 10_000)?; Ok(()) }, |p| p.pace.https_in_flight.to_string()),
    setting!("pace"."smtp_in_flight", Some("smtp-in-flight"), false, "1 to 10000", "500",
        "SMTP conversations in flight.", |p, t| { p.pace.smtp_in_flight = number(t, 1, 10_000)?; Ok(()) }, |p| p.pace.smtp_in_flight.to_string()),
    setting!("pace"."smtp_slow_in_flight", Some("smtp-slow-in-flight"), false, "1 to 10000", "2000",
        "SMTP conversations in flight besides those, with servers that are slow to greet.", |p, t| { p.pace.smtp_slow_in_flight = number(t, 1, 10_000)?; Ok(()) }, |p| p.pace.smtp_slow_in_flight.to_string()),
    setting!("pace"."smtp_slow_after", Some("smtp-slow-after"), false, "10ms to 60s", "2s",
        "How long a server may take to greet before it moves to the slots for slow servers.", |p, t| { p.pace.smtp_slow_after = duration(t, 10, 60_000)?; Ok(()) }, |p| quoted(duration_text(p.pace.smtp_slow_after))),
    setting!("pace"."per_target_in_flight", Some("per-target-in-flight"), false, "1 to 10000", "2",
        "Connections in flight to one address.", |p, t| { p.pace.per_target_in_flight = number(t, 1, 10_000)?; Ok(()) }, |p| p.pace.per_target_in_flight.to_string()),
    setting!("pace"."per_network_in_flight", Some("per-network-in-flight"), false, "1 to 10000", "4",
        "Connections in flight to one IPv4 /24 or IPv6 /48.", |p, t| { p.pace.per_network_in_flight = number(t, 1, 10_000)?; Ok(()) }, |p| p.pace.per_network_in_flight.to_string()),
    setting!("pace"."per_provider_in_flight", Some("per-provider-in-flight"), false, "1 to 10000", "20",
        "SMTP connections in flight to the MX hosts of one registrable domain.", |p, t| { p.pace.per_provider_in_flight = number(t, 1, 10_000)?; Ok(()) }, |p| p.pace.per_provider_in_flight.to_string()),
    setting!("pace"."per_resolver_in_flight", Some("per-resolver-in-flight"), false, "1 to 1000000", "3000",
        "DNS queries in flight to one resolver, late ones not counted; each thread has an equal share.", |p, t| { p.pace.per_resolver_in_flight = number(t, 1, 1_000_000)?; Ok(()) }, |p| p.pace.per_resolver_in_flight.to_string()),
    setting!("pace"."per_server_rate", Some("per-server-rate"), false, "4 to 1000000", "100",
        "DNS questions per second to one address of an authoritative server.", |p, t| { p.pace.per_server_rate = number(t, 4, 1_000_000)?; Ok(()) }, |p| p.pace.per_server_rate.to_string()),
    setting!("pace"."per_operator_rate", Some("per-operator-rate"), false, "4 to 1000000", "500",
        "DNS questions per second to one operator of name servers: those below one registrable domain, and those in one /24 of IPv4 or /48 of IPv6.", |p, t| { p.pace.per_operator_rate = number(t, 4, 1_000_000)?; Ok(()) }, |p| p.pace.per_operator_rate.to_string()),
    setting!("pace"."per_tld_rate", Some("per-tld-rate"), false, "4 to 1000000", "1000",
        "DNS questions per second to all servers of one TLD, or of the root.", |p, t| { p.pace.per_tld_rate = number(t, 4, 1_000_000)?; Ok(()) }, |p| p.pace.per_tld_rate.to_string()),
    setting!("pace"."per_server_in_flight", Some("per-server-in-flight"), false, "1 to 100000", "50",
        "DNS questions under way to one address of an authoritative server.", |p, t| { p.pace.per_server_in_flight = number(t, 1, 100_000)?; Ok(()) }, |p| p.pace.per_server_in_flight.to_string()),
    setting!("pace"."per_operator_in_flight", Some("per-operator-in-flight"), false, "1 to 100000", "200",
        "DNS questions under way to one operator of name servers.", |p, t| { p.pace.per_operator_in_flight = number(t, 1, 100_000)?; Ok(()) }, |p| p.pace.per_operator_in_flight.to_string()),
    setting!("pace"."per_tld_in_flight", Some("per-tld-in-flight"), false, "1 to 100000", "500",
        "DNS questions under way to all servers of one TLD, or of the root.", |p, t| { p.pace.per_tld_in_flight = number(t, 1, 100_000)?; Ok(()) }, |p| p.pace.per_tld_in_flight.to_string()),
    setting!("scan"."exclude", Some("exclude"), false, "files", "none",
        "Files of domains (with everything below them), suffixes, MX hosts and address blocks that are never contacted; reread when they change.", |p, t| { p.exclude = t.values.iter().map(|v| beside(t, v)).collect(); Ok(()) }, |p| list(p.exclude.iter().map(|e| e.display().to_string()))),
    setting!("scan"."controls", Some("controls"), false, "domain names, at most 64, or none", "[\"gmail.com\", \"outlook.com\", \"yahoo.com\", \"comcast.net\", \"fastmail.com\", \"mailbox.org\"]",
        "Names known to signal MTA-STS, asked at the beginning, every ten minutes and at the end: while fewer than half do, the scan does not go on. None where targets.allow_private.", |p, t| { p.controls = Some(controls::of(&t.values)?); Ok(()) }, |p| list(p.controls().iter())),
    setting!("scan"."shard", Some("shard"), true, "i/n with i from 1 to n", "1/1",
        "Part of the list to scan.", |p, t| { p.shard = shard(t)?; Ok(()) }, |p| quoted(p.shard)),
    setting!("scan"."sample", Some("sample"), true, "k/n with k from 1 to n", "1/1",
        "Fraction of the list to scan: a random sample, the same names for the same seed.", |p, t| { p.sample = sample(t)?; Ok(()) }, |p| quoted(p.sample)),
    setting!("scan"."seed", Some("seed"), true, "0 to 9223372036854775807", "1",
        "Seed for order and sampling.", |p, t| { p.seed = number(t, 0, i64::MAX as u64)?; Ok(()) }, |p| p.seed.to_string()),
    setting!("scan"."unique", Some("unique"), true, "true or false", "false",
        "The lists are known to hold no name twice; this saves the fingerprints, 10 to 21 bytes of memory per name.", |p, t| { p.unique = flag(t)?; Ok(()) }, |p| p.unique.to_string()),
    setting!("scan"."column", Some("column"), true, "the name of a column, its number where the table has no header, or none", "none",
        "Column that holds the names; none: `domain`, or what the list's first records say.", |p, t| { p.lists.column = column(t)?; Ok(()) }, |p| quoted(p.lists.column.as_deref().unwrap_or("none"))),
    setting!("scan"."ranked", Some("ranked"), true, "true or false", "false",
        "The lists are ranked: in plain text by the place of each name, in a table without a header by its column of whole numbers.", |p, t| { p.lists.ranked = flag(t)?; Ok(()) }, |p| p.lists.ranked.to_string()),
    setting!("scan"."any_suffix", Some("any-suffix"), false, "true or false", "false",
        "Take a list of which most names end in no suffix that the Public Suffix List knows.", |p, t| { p.lists.any_suffix = flag(t)?; Ok(()) }, |p| p.lists.any_suffix.to_string()),
    setting!("scan"."starttls", Some("starttls"), true, "adopters, all or none", "adopters",
        "Whose MX hosts to contact: those of domains that signal, everyone's or nobody's.", |p, t| { p.starttls = starttls(t)?; Ok(()) }, |p| quoted(p.starttls.as_str())),
    setting!("scan"."implicit_mx", Some("implicit-mx"), true, "all or signallers", "all",
        "Which domains without MX to query for their own addresses.", |p, t| { p.implicit_mx = implicit(t)?; Ok(()) }, |p| quoted(p.implicit_mx.as_str())),
    setting!("scan"."companions", Some("companions"), true, "dmarc, or none", "none",
        "What to ask every domain for beside MTA-STS, TLSRPT and DANE; dmarc: the record at _dmarc, and those above it.", |p, t| { p.companions = companions::of(&t.values)?; Ok(()) }, |p| list(p.companions.iter().map(|c| c.as_str()))),
    setting!("scan"."addresses_per_host", Some("addresses-per-host"), true, "1 to 16", "2",
        "Largest number of addresses to contact per host.", |p, t| { p.addresses_per_host = number(t, 1, 16)?; Ok(()) }, |p| p.addresses_per_host.to_string()),
    setting!("scan"."second_look", Some("second-look"), true, "none, or 1s to 7d", "15m",
        "Time to wait before looking again at failures that may pass.", |p, t| { p.second_look = second_look(t)?; Ok(()) }, |p| quoted(p.second_look.map_or_else(|| "none".to_owned(), duration_text))),
    setting!("scan"."pause_limit", Some("pause-limit"), false, "1s to 30d", "1h",
        "How long in total the scan waits for this machine's network to come back before it stops, to be resumed later.", |p, t| { p.pause_limit = duration(t, 1_000, 30 * 86_400_000)?; Ok(()) }, |p| quoted(duration_text(p.pause_limit))),
    setting!("scan"."quiet", Some("quiet"), false, "true or false", "false",
        "Print neither progress nor summary.", |p, t| { p.quiet = flag(t)?; Ok(()) }, |p| p.quiet.to_string()),
    setting!("report"."status_file", Some("status-file"), false, "a file, or none", "none",
        "File to which a line of JSON about the scan is appended every 5 seconds.", |p, t| { p.status_file = file_to_write(t)?; Ok(()) }, |p| quoted(p.status_file.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string()))),
    setting!("report"."metrics", Some("metrics"), false, "ADDR:PORT, or none", "none",
        "Address where Prometheus can read the scan's counters, at /metrics.", |p, t| { p.metrics = socket_addr(t)?; Ok(()) }, |p| quoted(p.metrics.map_or_else(|| "none".to_owned(), |addr| addr.to_string()))),
    setting!("report"."metrics_public", Some("metrics-public"), false, "true or false", "false",
        "Allow report.metrics to be an address that other machines can reach; the counters have no password.", |p, t| { p.metrics_public = flag(t)?; Ok(()) }, |p| p.metrics_public.to_string()),
    setting!("deadlines"."dns", None, true, "100ms to 60s", "12s",
        "One DNS query, with all its retransmissions.", |p, t| { p.deadlines.dns = duration(t, 100, 60_000)?; Ok(()) }, |p| quoted(duration_text(p.deadlines.dns))),
    setting!("deadlines"."policy", None, true, "100ms to 10m", "30s",
        "One policy fetch from one address.", |p, t| { p.deadlines.policy = duration(t, 100, 600_000)?; Ok(()) }, |p| quoted(duration_text(p.deadlines.policy))),
    setting!("deadlines"."smtp", None, true, "100ms to 10m", "1m30s",
        "One SMTP conversation.", |p, t| { p.deadlines.smtp = duration(t, 100, 600_000)?; Ok(()) }, |p| quoted(duration_text(p.deadlines.smtp))),
    setting!("deadlines"."banner", None, true, "100ms to 10m", "1m",
        "The greeting of an MX host, within deadlines.smtp.", |p, t| { p.deadlines.banner = duration(t, 100, 600_000)?; Ok(()) }, |p| quoted(duration_text(p.deadlines.banner))),
];

impl ScanPlan {
    /// What holds where nothing is said; the words of [`SETTINGS`] say the same (a test compares).
    #[must_use]
    pub(super) fn defaults() -> Self {
        Self {
            resolvers: Resolvers::None,
            authority_port: 53,
            root_hints: None,
            trust_anchor: None,
            https_port: 443,
            smtp_port: 25,
            trust: TrustSource::Webpki,
            intermediates: None,
            allow_private: false,
            identity: Identity { ehlo_name: machine_name(), contact: None, info_url: None },
            pace: Pace {
                dns_rate: 5_000,
                https_rate: 100,
                smtp_rate: 50,
                // ETHICS.md gives the reason of each.
                per_target_rate: 2,
                per_network_rate: 4,
                per_provider_rate: 10,
                per_resolver_rate: None,
                dns_in_flight: 1_000,
                https_in_flight: 200,
                smtp_in_flight: 500,
                smtp_slow_in_flight: 2_000,
                // Postscreen holds back six seconds by default, most others greet within one.
                smtp_slow_after: Duration::from_secs(2),
                per_target_in_flight: 2,
                per_network_in_flight: 4,
                per_provider_in_flight: 20,
                per_resolver_in_flight: 3_000,
                per_server_rate: 100,
                per_operator_rate: 500,
                per_tld_rate: 1_000,
                per_server_in_flight: 50,
                per_operator_in_flight: 200,
                per_tld_in_flight: 500,
            },
            exclude: Vec::new(),
            controls: None,
            shard: Shard::WHOLE,
            sample: Sample::WHOLE,
            seed: 1,
            unique: false,
            lists: Choices::default(),
            starttls: StarttlsScope::Adopters,
            implicit_mx: ImplicitScope::All,
            companions: Vec::new(),
            addresses_per_host: 2,
            second_look: Some(Duration::from_secs(15 * 60)),
            pause_limit: Duration::from_secs(3_600),
            quiet: false,
            status_file: None,
            metrics: None,
            metrics_public: false,
            deadlines: Deadlines {
                // BIND gives a name up after ten.
                dns: Duration::from_secs(12),
                policy: Duration::from_secs(30),
                smtp: Duration::from_secs(90),
                banner: Duration::from_secs(60),
            },
            origins: Vec::new(),
        }
    }
}

/// The machine's own name: what EHLO says where nobody says otherwise (RFC 5321 section 4.1.4).
fn machine_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// Where it was typed, as the start of a message.
fn prefix(origin: &Origin, setting: Option<&Setting>) -> String {
    match (origin, setting.and_then(|s| s.flag)) {
        (Origin::File { path, line }, _) => format!("{}:{line}: ", path.display()),
        (Origin::Flag, Some(flag)) => format!("--{flag}: "),
        _ => String::new(),
    }
}

pub(super) fn unknown(typed: &Typed) -> PlanError {
    let (section, key) = typed.key.split_once('.').unwrap_or((&typed.key, ""));
    let known: Vec<&str> = SETTINGS.iter().filter(|s| s.section == section).map(|s| s.key).collect();
    let at = prefix(&typed.origin, None);
    if known.is_empty() {
        let mut sections: Vec<&str> = SETTINGS.iter().map(|s| s.section).collect();
        sections.dedup();
        return PlanError(format!(
            "{at}unknown section `[{section}]`; known sections: {}",
            sections.join(", ")
        ));
    }
    PlanError(format!("{at}unknown key `{key}` in `[{section}]`; known keys: {}", known.join(", ")))
}

pub(super) fn refuse(setting: &Setting, typed: &Typed, found: &str) -> PlanError {
    let at = prefix(&typed.origin, Some(setting));
    PlanError(format!(
        "{at}`{}` is {found}, must be {} (default {})",
        setting.path, setting.allowed, setting.default
    ))
}

fn single(typed: &Typed) -> Result<&str, String> {
    match typed.values.as_slice() {
        [one] => Ok(one),
        several => Err(format!("a list of {}", several.len())),
    }
}

fn number<T: TryFrom<u64>>(typed: &Typed, least: u64, most: u64) -> Result<T, String> {
    let text = single(typed)?;
    text.parse::<u64>()
        .ok()
        .filter(|n| (least..=most).contains(n))
        .and_then(|n| T::try_from(n).ok())
        .ok_or_else(|| text.to_owned())
}

fn rate_or_none(typed: &Typed) -> Result<Option<u32>, String> {
    if single(typed)? == "none" {
        return Ok(None);
    }
    number(typed, 1, 10_000_000).map(Some)
}

fn flag(typed: &Typed) -> Result<bool, String> {
    let text = single(typed)?;
    text.parse().map_err(|_| quoted(text))
}

fn duration(typed: &Typed, least_ms: u64, most_ms: u64) -> Result<Duration, String> {
    let text = single(typed)?;
    humantime::parse_duration(text)
        .ok()
        .filter(|d| (Duration::from_millis(least_ms)..=Duration::from_millis(most_ms)).contains(d))
        .ok_or_else(|| quoted(text))
}

fn second_look(typed: &Typed) -> Result<Option<Duration>, String> {
    if single(typed)? == "none" {
        return Ok(None);
    }
    duration(typed, 1_000, 7 * 86_400_000).map(Some)
}

fn column(typed: &Typed) -> Result<Option<Arc<str>>, String> {
    match single(typed)? {
        "" => Err(quoted("")),
        "none" => Ok(None),
        name => Ok(Some(name.into())),
    }
}

fn starttls(typed: &Typed) -> Result<StarttlsScope, String> {
    match single(typed)? {
        "adopters" => Ok(StarttlsScope::Adopters),
        "all" => Ok(StarttlsScope::All),
        "none" => Ok(StarttlsScope::None),
        other => Err(quoted(other)),
    }
}

fn implicit(typed: &Typed) -> Result<ImplicitScope, String> {
    match single(typed)? {
        "all" => Ok(ImplicitScope::All),
        "signallers" => Ok(ImplicitScope::Signallers),
        other => Err(quoted(other)),
    }
}

fn sample(typed: &Typed) -> Result<Sample, String> {
    let text = single(typed)?;
    text.parse().map_err(|_| quoted(text))
}

fn shard(typed: &Typed) -> Result<Shard, String> {
    let text = single(typed)?;
    text.parse().map_err(|_| quoted(text))
}

fn trust(typed: &Typed) -> Result<TrustSource, String> {
    Ok(match single(typed)? {
        "webpki" => TrustSource::Webpki,
        "system" => TrustSource::System,
        file => TrustSource::File(existing(typed, file)?),
    })
}

fn intermediates(typed: &Typed) -> Result<Option<PathBuf>, String> {
    match single(typed)? {
        "none" => Ok(None),
        file => existing(typed, file).map(Some),
    }
}

fn root_hints(typed: &Typed) -> Result<Option<PathBuf>, String> {
    match single(typed)? {
        "none" => Ok(None),
        file => existing(typed, file).map(Some),
    }
}

fn trust_anchor(typed: &Typed) -> Result<Option<PathBuf>, String> {
    match single(typed)? {
        "none" => Ok(None),
        file => existing(typed, file).map(Some),
    }
}

fn socket_addr(typed: &Typed) -> Result<Option<SocketAddr>, String> {
    match single(typed)? {
        "none" => Ok(None),
        text => text.parse().map(Some).map_err(|_| quoted(text)),
    }
}

fn file_to_write(typed: &Typed) -> Result<Option<PathBuf>, String> {
    match single(typed)? {
        "" => Err(quoted("")),
        "none" => Ok(None),
        file => Ok(Some(beside(typed, file))),
    }
}

fn existing(typed: &Typed, file: &str) -> Result<PathBuf, String> {
    let path = beside(typed, file);
    if path.is_file() { Ok(path) } else { Err(format!("{}, which is not a file", quoted(file))) }
}

/// A path in `scan.toml` is relative to the file's own folder, so that a folder can be moved whole.
fn beside(typed: &Typed, value: &str) -> PathBuf {
    match &typed.origin {
        Origin::File { path, .. } => path.parent().unwrap_or(Path::new("")).join(value),
        _ => PathBuf::from(value),
    }
}

fn host_name(typed: &Typed) -> Result<String, String> {
    let text = single(typed)?;
    let label =
        |l: &str| (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    // The last label of a host name is never a number (RFC 3696 section 2): that would be an address.
    let is_number = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let fits = text.len() <= 253 && text.split('.').all(label) && !is_number;
    if fits { Ok(text.to_owned()) } else { Err(quoted(text)) }
}

/// Header and greeting safe: visible ASCII only, so that nothing typed can break a line of a protocol.
fn visible(text: &str) -> bool {
    text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic())
}

fn mail(typed: &Typed) -> Result<Option<String>, String> {
    let text = single(typed)?.trim_start_matches("mailto:");
    if text.is_empty() {
        return Ok(None);
    }
    match text.split_once('@') {
        Some((local, domain)) if visible(text) && !local.is_empty() && domain.contains('.') => {
            Ok(Some(text.to_owned()))
        }
        _ => Err(quoted(text)),
    }
}

fn url(typed: &Typed) -> Result<Option<String>, String> {
    let text = single(typed)?;
    if text.is_empty() {
        return Ok(None);
    }
    if visible(text) && (text.starts_with("https://") || text.starts_with("http://")) {
        Ok(Some(text.to_owned()))
    } else {
        Err(quoted(text))
    }
}

/// A duration as humantime writes it, without spaces.
pub(super) fn duration_text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

fn quoted(value: impl std::fmt::Display) -> String {
    serde_json::Value::String(value.to_string()).to_string()
}

fn list(values: impl Iterator<Item = impl std::fmt::Display>) -> String {
    format!("[{}]", values.map(quoted).collect::<Vec<_>>().join(", "))
}
