//! The controls of a scan: at its beginning, every ten minutes and at its end it is looked whether names that
//! are known to signal do so, and whether one that cannot exist does not. While they do not, nothing that the
//! DNS says is believed: the scan does not begin, or pauses as for an outage.

use crate::dataset::manifest::ControlSeen;
use crate::dns::Dns;
use crate::error::ScanError;
use crate::fault::Unfinished;
use crate::moment;
use crate::plan::ScanPlan;
use crate::probe::{self, Control, Probe};
use crate::runtime;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Controls that a message names.
const NAMED: usize = 6;

/// What the controls of a run showed.
#[derive(Debug, Default)]
pub(super) struct Controls {
    log: Mutex<Log>,
    /// Held by who asks: one at a time.
    pub(super) asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Log {
    seen: Vec<ControlSeen>,
    /// How often each control did not signal in rounds that were good all the same.
    missed: BTreeMap<String, u64>,
    rounds: u64,
    /// When all was well last, RFC 3339.
    good: Option<String>,
}

/// What a round comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What the DNS says may be believed; these controls did not signal.
    Good(BTreeSet<String>),
    /// It may not, for this reason.
    Bad(String),
}

/// Judges a round, each party by itself: one resolver that lies is enough.
fn verdict(round: &[Control]) -> Verdict {
    let parties: BTreeSet<Option<SocketAddr>> = round.iter().map(|control| control.resolver).collect();
    let mut missed = BTreeSet::new();
    for party in &parties {
        let of = match party {
            Some(resolver) if parties.len() > 1 => format!(" (resolver {resolver})"),
            _ => String::new(),
        };
        let of_party = || round.iter().filter(|control| control.resolver == *party);
        if let Some(wrong) = of_party().find(|control| control.is_impossible && !control.is_right()) {
            return Verdict::Bad(format!(
                "a name that cannot exist does: {} is {}{of}; what the DNS says here is not believed",
                wrong.name,
                wrong.outcome()
            ));
        }
        let known: Vec<&Control> = of_party().filter(|control| !control.is_impossible).collect();
        let right = known.iter().filter(|control| control.is_right()).count();
        let wrong = || known.iter().filter(|control| !control.is_right());
        if right * 2 < known.len() {
            let named: Vec<String> = wrong()
                .take(NAMED)
                .map(|control| format!("{} {}", control.name, control.outcome()))
                .collect();
            return Verdict::Bad(format!(
                "{right} of {} names that are known to signal MTA-STS do ({}){of}; what the DNS says here is not believed",
                known.len(),
                named.join(", ")
            ));
        }
        missed.extend(wrong().map(|control| control.name.clone()));
    }
    Verdict::Good(missed)
}

impl Controls {
    /// The first round.
    ///
    /// # Errors
    /// What the DNS says is not to be believed, this machine failed, or the scan was stopped.
    pub(super) fn begin(probe: &Probe) -> Result<Arc<Self>, ScanError> {
        let controls = Self::default();
        let round = probe.dns.attend(controls.round(&probe.plan, &probe.dns, |_| true));
        match runtime::runtime()?.block_on(round)? {
            Ok(Some(Verdict::Bad(why))) => Err(ScanError::Controls(why)),
            Err(Unfinished::Fault(fault)) => Err(fault.into()),
            // Where the scan is stopped the rest of it says so.
            _ => Ok(Arc::new(controls)),
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks once; what came of it is kept where `is_kept` says so. `None` where the plan has no controls.
    pub(super) async fn round(
        &self,
        plan: &ScanPlan,
        dns: &Dns,
        is_kept: impl Fn(&Verdict) -> bool,
    ) -> Result<Option<Verdict>, Unfinished> {
        let names = plan.controls();
        if names.is_empty() {
            return Ok(None);
        }
        let at = moment::rfc3339(moment::now());
        let round = probe::controls(dns, &names).await?;
        let verdict = verdict(&round);
        let mut log = self.log();
        if is_kept(&verdict) {
            let names_party = dns.parties().len() > 1;
            log.seen.extend(round.iter().map(|control| ControlSeen {
                at: at.clone(),
                name: control.name.clone(),
                outcome: control.outcome().to_owned(),
                resolver: control.resolver.filter(|_| names_party).map(|resolver| resolver.to_string()),
            }));
        }
        if let Verdict::Good(missed) = &verdict {
            log.rounds += 1;
            for name in missed {
                *log.missed.entry(name.clone()).or_default() += 1;
            }
            log.good = Some(at);
        }
        Ok(Some(verdict))
    }

    /// When all was well last, RFC 3339; `None` where it never was.
    pub(super) fn last_good(&self) -> Option<String> {
        self.log().good.clone()
    }

    /// All that was seen, for the manifest.
    pub(super) fn take_seen(&self) -> Vec<ControlSeen> {
        std::mem::take(&mut self.log().seen)
    }

    /// A line where some did not signal and most did.
    pub(super) fn warning(&self) -> Option<String> {
        let log = self.log();
        let missed: Vec<String> = log
            .missed
            .iter()
            .map(|(name, times)| format!("{name} at {times} of {} times", log.rounds))
            .collect();
        (!missed.is_empty()).then(|| format!("controls that did not signal MTA-STS: {}", missed.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::DnsStatus;

    fn control(party: u8, number: u8, status: DnsStatus, signals: bool) -> Control {
        Control {
            resolver: (party > 0).then(|| SocketAddr::from(([192, 0, 2, party], 53))),
            name: format!("{number}.example"),
            is_impossible: false,
            status,
            signals,
        }
    }

    fn impossible(party: u8, status: DnsStatus) -> Control {
        Control { is_impossible: true, ..control(party, 99, status, false) }
    }

    /// Of six, so many signal, and the others do not exist.
    fn round(party: u8, signalling: u8) -> Vec<Control> {
        let of = |number| match number < signalling {
            true => control(party, number, DnsStatus::NoError, true),
            false => control(party, number, DnsStatus::NxDomain, false),
        };
        (0..6).map(of).chain([impossible(party, DnsStatus::NxDomain)]).collect()
    }

    #[test]
    fn fewer_than_half_are_bad_and_half_are_a_line() {
        assert_eq!(verdict(&round(0, 6)), Verdict::Good(BTreeSet::new()));
        assert!(matches!(verdict(&round(0, 3)), Verdict::Good(missed) if missed.len() == 3));
        let Verdict::Bad(why) = verdict(&round(0, 2)) else { unreachable!("two of six are too few") };
        assert!(
            why.starts_with("2 of 6 names that are known to signal MTA-STS do (2.example NXDOMAIN, "),
            "{why}"
        );
    }

    #[test]
    fn one_resolver_that_lies_is_enough_and_is_named() {
        let both: Vec<Control> = round(1, 6).into_iter().chain(round(2, 0)).collect();
        assert!(matches!(verdict(&both), Verdict::Bad(why) if why.contains("(resolver 192.0.2.2:53)")));
    }

    #[test]
    fn what_cannot_exist_and_does_is_bad_and_no_answer_is_not() {
        let with = |status| {
            let mut round = round(0, 6);
            round.pop();
            round.push(impossible(0, status));
            matches!(verdict(&round), Verdict::Bad(_))
        };
        assert!(with(DnsStatus::NoError) && with(DnsStatus::NoData));
        assert!(!with(DnsStatus::ServFail) && !with(DnsStatus::Timeout));
    }

    #[test]
    fn controls_that_fail_do_not_signal() {
        let failing: Vec<Control> =
            (0..6).map(|number| control(0, number, DnsStatus::ServFail, false)).collect();
        assert!(matches!(verdict(&failing), Verdict::Bad(why) if why.contains("0 of 6")));
    }
}
