//! `sts-scan generate`: what a domain publishes to have MTA-STS and TLSRPT, and in which order.
//!
//! [`deployment`] is pure: MX hosts and wishes in, texts out, each read again by the parsers that a scan uses
//! before it is given out. [`run()`] is the command: it asks the DNS for the MX hosts, for one domain or a
//! whole list.

mod mx;
mod run;
mod text;

pub use mx::{Mail, Unasked};
pub use run::{Done, GenerateError, GenerateJob, Targets, run};

use crate::evidence::{Code, Mode, RecordState};
use crate::mta_sts::policy;
use crate::mta_sts::{Fault, Weight, mx_pattern, record, tlsrpt};

/// max_age of mode testing where nobody says otherwise: a week, as the example of RFC 8461 section 3.2 has
/// it.
pub const DEFAULT_MAX_AGE_S: u64 = 604_800;

/// The same in mode enforce: two weeks, less than which is `policy_max_age_short`.
pub const ENFORCING_MAX_AGE_S: u64 = 1_209_600;

/// The same in mode none: "a small max_age (e.g., one day)" (RFC 8461 section 8.3).
pub const WITHDRAWAL_MAX_AGE_S: u64 = 86_400;

/// max_age of a mode where nobody says otherwise, seconds.
#[must_use]
pub const fn default_max_age_s(mode: Mode) -> u64 {
    match mode {
        Mode::None => WITHDRAWAL_MAX_AGE_S,
        Mode::Testing => DEFAULT_MAX_AGE_S,
        Mode::Enforce => ENFORCING_MAX_AGE_S,
    }
}

/// Patterns of a provider whose MX hosts are not named one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Microsoft 365 (Exchange Online).
    Microsoft365,
    /// Google Workspace.
    Google,
}

impl Preset {
    /// The words of `--preset`.
    pub const WORDS: [&str; 2] = ["microsoft365", "google"];

    /// The preset of a word; `None` where it is none of [`Preset::WORDS`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "microsoft365" => Some(Self::Microsoft365),
            "google" => Some(Self::Google),
            _ => None,
        }
    }

    /// What is to be seen to where the policy could not be held against the MX hosts.
    const fn unheld(self) -> &'static str {
        match self {
            Self::Microsoft365 => {
                "the MX hosts are not known, so the policy was held against none. Microsoft 365 gives new domains a host below mx.microsoft, which no pattern of the preset matches: see which one the admin center names for the domain, and run this again with --mx HOST"
            }
            Self::Google => {
                "the MX hosts are not known, so the policy was held against none: run this again when the MX records are there, or with --mx HOST"
            }
        }
    }

    /// The patterns for a domain with these MX hosts.
    fn patterns(self, hosts: &[String]) -> Vec<String> {
        let fixed: &[&str] = match self {
            Self::Microsoft365 => &["*.mail.protection.outlook.com"],
            Self::Google => &["smtp.google.com", "aspmx.l.google.com", "*.aspmx.l.google.com"],
        };
        let mut patterns: Vec<String> = fixed.iter().map(|pattern| (*pattern).to_owned()).collect();
        if self == Self::Microsoft365 {
            // MX hosts under DNSSEC are two labels below `mx.microsoft`, and a wildcard stands for one.
            let below = hosts.iter().filter(|host| host.ends_with(".mx.microsoft"));
            let parents =
                below.filter_map(|host| host.split_once('.')).map(|(_, parent)| format!("*.{parent}"));
            add_new(&mut patterns, parents.filter(|parent| parent != "*.mx.microsoft"));
        }
        patterns
    }
}

/// What is wished for, for any domain.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What senders shall do.
    pub mode: Mode,
    /// How long they keep the policy, seconds, at most [`policy::LARGEST_MAX_AGE`].
    pub max_age_s: u64,
    /// Patterns of a provider.
    pub preset: Option<Preset>,
    /// Patterns beside them. Without either, the MX hosts themselves.
    pub patterns: Vec<String>,
    /// Report addresses, as URIs; empty: no TLSRPT record.
    pub rua: Vec<String>,
    /// The record's id: 1 to 32 letters and digits.
    pub id: String,
}

/// An id from the clock, to the second: later ones differ, and tell when the policy was made.
#[must_use]
pub fn fresh_id(rfc3339: &str) -> String {
    rfc3339.chars().filter(|c| !matches!(c, '-' | ':' | 'T')).collect()
}

/// Everything a domain publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The domain.
    pub domain: String,
    /// The mode of the policy.
    pub mode: Mode,
    /// Its max_age, seconds.
    pub max_age_s: u64,
    /// The TXT record at `_mta-sts`.
    pub record: String,
    /// The policy; its lines end with CRLF, the one line end that both the prose and the ABNF of RFC 8461
    /// section 3.2 have.
    pub policy: String,
    /// The TXT record at `_smtp._tls`; `None` without report addresses.
    pub tlsrpt: Option<String>,
    /// The MX hosts that the policy was held against; empty in mode none.
    pub hosts: Vec<String>,
    /// Patterns that match no MX host.
    pub unused: Vec<String>,
    /// Warnings about the texts.
    pub warnings: Vec<Code>,
    /// What is to be seen to where the MX hosts are not known; `None` where they are, or do not matter.
    pub unheld: Option<&'static str>,
}

/// Why nothing is given out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The policy would turn mail away.
    #[error("the policy would not match {}, where mail for {domain} goes: {} missing (add {})",
        hosts.join(", "), patterns_are(hosts), flags(hosts))]
    Unmatched {
        /// The domain.
        domain: String,
        /// MX hosts that no pattern matches.
        hosts: Vec<String>,
    },
    /// An MX record with an address in the place of a name.
    #[error(
        "an MX record of {domain} holds the address {host}: no policy can match it; name the host instead"
    )]
    Address {
        /// The domain.
        domain: String,
        /// The address.
        host: String,
    },
    /// The texts are not valid to the letter.
    #[error("{what}: {why}")]
    Invalid {
        /// Which text.
        what: String,
        /// What the catalogue says.
        why: String,
    },
    /// The MX hosts are not known, or there are none.
    #[error(transparent)]
    Mail(#[from] Unasked),
}

fn patterns_are(hosts: &[String]) -> String {
    let names: Vec<String> = hosts.iter().map(|host| format!("`{host}`")).collect();
    format!(
        "{} {} {}",
        if hosts.len() == 1 { "the pattern" } else { "the patterns" },
        names.join(", "),
        if hosts.len() == 1 { "is" } else { "are" }
    )
}

fn flags(hosts: &[String]) -> String {
    hosts.iter().map(|host| format!("--pattern {host}")).collect::<Vec<_>>().join(" ")
}

/// The texts for one domain whose mail goes to `hosts`, in the order of preference.
///
/// In mode none the policy needs no patterns and is held against nothing (RFC 8461 section 3.2).
///
/// # Errors
/// A host that the policy would not match, or a text that our own parsers do not take to the letter.
pub fn deployment(domain: &str, hosts: &[String], wish: &Wish) -> Result<Deployment, Refused> {
    let hosts: &[String] = if wish.mode == Mode::None { &[] } else { hosts };
    if let Some(host) = hosts.iter().find(|host| host.parse::<std::net::IpAddr>().is_ok()) {
        return Err(Refused::Address { domain: domain.to_owned(), host: host.clone() });
    }
    let patterns = patterns(hosts, wish);
    let policy = policy_text(wish, &patterns);
    let warnings = check_policy(&policy, wish, &patterns)?;
    let unmatched: Vec<String> =
        hosts.iter().filter(|host| mx_pattern::first_match(host, &patterns).is_none()).cloned().collect();
    if !unmatched.is_empty() {
        return Err(Refused::Unmatched { domain: domain.to_owned(), hosts: unmatched });
    }
    let used = |pattern: &String| hosts.iter().any(|host| mx_pattern::matches(host, pattern));
    let unused =
        if hosts.is_empty() { Vec::new() } else { patterns.iter().filter(|p| !used(p)).cloned().collect() };
    Ok(Deployment {
        domain: domain.to_owned(),
        mode: wish.mode,
        max_age_s: wish.max_age_s,
        record: checked_record(&wish.id)?,
        policy,
        tlsrpt: checked_tlsrpt(&wish.rua)?,
        hosts: hosts.to_vec(),
        unused,
        warnings,
        unheld: wish.preset.filter(|_| hosts.is_empty() && wish.mode != Mode::None).map(Preset::unheld),
    })
}

fn patterns(hosts: &[String], wish: &Wish) -> Vec<String> {
    if wish.mode == Mode::None {
        return Vec::new();
    }
    let mut patterns = wish.preset.map(|preset| preset.patterns(hosts)).unwrap_or_default();
    add_new(&mut patterns, wish.patterns.iter().map(|pattern| pattern.to_ascii_lowercase()));
    if patterns.is_empty() {
        add_new(&mut patterns, hosts.iter().cloned());
    }
    patterns
}

fn add_new(patterns: &mut Vec<String>, more: impl Iterator<Item = String>) {
    for pattern in more {
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
}

fn policy_text(wish: &Wish, patterns: &[String]) -> String {
    let mut text = format!("version: STSv1\r\nmode: {}\r\n", wish.mode.as_str());
    for pattern in patterns {
        text.push_str(&format!("mx: {pattern}\r\n"));
    }
    text.push_str(&format!("max_age: {}\r\n", wish.max_age_s));
    text
}

/// Reads the policy as a sender would; gives what is worth a warning.
fn check_policy(text: &str, wish: &Wish, patterns: &[String]) -> Result<Vec<Code>, Refused> {
    let parsed = policy::parse(text.as_bytes());
    let same = parsed.mode == Some(wish.mode)
        && parsed.max_age_s == Some(wish.max_age_s)
        && parsed.mx.iter().copied().eq(patterns.iter().map(String::as_bytes));
    if !parsed.valid || !same {
        let lines: Vec<&str> = text.lines().collect();
        return Err(invalid("the policy would not be valid", &parsed.faults, &lines));
    }
    Ok(parsed.faults.iter().map(|fault| fault.code).collect())
}

fn checked_record(id: &str) -> Result<String, Refused> {
    let text = record::print(id);
    let judged = record::judge(&[&text]);
    if judged.state == RecordState::Valid && judged.id.as_deref() == Some(id) {
        Ok(text)
    } else {
        Err(invalid("the record would not be valid", &judged.faults, &[&text]))
    }
}

fn checked_tlsrpt(rua: &[String]) -> Result<Option<String>, Refused> {
    if rua.is_empty() {
        return Ok(None);
    }
    let text = format!("v=TLSRPTv1; rua={};", rua.join(","));
    let judged = tlsrpt::judge(&[&text]);
    if judged.state == RecordState::Valid && judged.rua.as_deref() == Some(rua) {
        Ok(Some(text))
    } else {
        Err(invalid("the TLSRPT record would not be valid", &judged.faults, &[&text]))
    }
}

fn invalid(what: &str, faults: &[Fault], lines: &[&str]) -> Refused {
    let fault = faults.iter().find(|fault| fault.weight != Weight::Remark);
    let line = fault.and_then(|fault| lines.get(fault.line.checked_sub(1)?)).copied().unwrap_or_default();
    let why = fault.map(|fault| fault.code.finding()).map_or_else(
        || "it would not be read as it was written".to_owned(),
        |finding| format!("`{line}`: {}. {}", finding.title, finding.advice),
    );
    Refused::Invalid { what: what.to_owned(), why }
}

#[cfg(test)]
mod tests;
