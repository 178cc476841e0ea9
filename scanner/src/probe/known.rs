//! Names that are known to signal, and one that cannot exist: what the DNS says of them from here tells
//! whether what it says of others is to be believed. A captive network, a resolver that lies and a path that
//! is blocked all look like a world without MTA-STS.

use crate::dns::{Dns, RecordType, fresh_name};
use crate::evidence::{DnsStatus, Vocabulary as _};
use crate::fault::Unfinished;
use crate::mta_sts::record;
use std::net::SocketAddr;
use std::time::Duration;

/// How often a control without an answer of use is asked for in a round: one may be lost.
const TIMES: u32 = 3;
/// The pause before that.
const PAUSE: Duration = Duration::from_secs(1);
/// What a control is when it signals, as it is recorded.
const SIGNALS: &str = "signals";

/// What one control said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Which of several resolvers was asked; `None` where authoritative servers were.
    pub resolver: Option<SocketAddr>,
    /// The name.
    pub name: String,
    /// Whether it is the one that cannot exist.
    pub is_impossible: bool,
    /// What the DNS says of it: of a control at `_mta-sts`.
    pub status: DnsStatus,
    /// Whether there is a record that signals.
    pub signals: bool,
}

impl Control {
    /// What is recorded of it.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        if self.signals { SIGNALS } else { self.status.word() }
    }

    /// Whether it is as it has to be. That there is no answer says nothing about a name that cannot exist.
    #[must_use]
    pub fn is_right(&self) -> bool {
        let is_denied = !self.status.is_definite() || self.status == DnsStatus::NxDomain;
        if self.is_impossible { is_denied } else { self.signals }
    }
}

/// Asks each party for all controls that are not excluded, and for a name that cannot exist.
///
/// # Errors
/// This machine failed, or the scan was stopped.
pub async fn controls(dns: &Dns, names: &[String]) -> Result<Vec<Control>, Unfinished> {
    let mut seen = Vec::new();
    for party in dns.parties() {
        for name in names {
            match repeated(dns, (party, name, false)).await {
                Err(Unfinished::Excluded) => {}
                control => seen.push(control?),
            }
        }
        if let Some(name) = fresh_name() {
            match repeated(dns, (party, &name, true)).await {
                // Somebody excludes all names below `com`.
                Err(Unfinished::Excluded) => {}
                control => seen.push(control?),
            }
        }
    }
    Ok(seen)
}

async fn repeated(
    dns: &Dns,
    (party, name, is_impossible): (Option<SocketAddr>, &str, bool),
) -> Result<Control, Unfinished> {
    let (asked, kind) = match is_impossible {
        // A captive network has an address for every name.
        true => (name.to_owned(), RecordType::A),
        false => (format!("_mta-sts.{name}"), RecordType::TXT),
    };
    let mut times = 0;
    loop {
        let answer = dns.ask_apart(party, &asked, kind).await?;
        times += 1;
        if answer.status.is_definite() || times == TIMES {
            return Ok(Control {
                resolver: party,
                name: name.to_owned(),
                is_impossible,
                status: answer.status,
                signals: !is_impossible && record::judge(&answer.txt()).signals,
            });
        }
        dns.uplink().rest(PAUSE).await?;
    }
}
