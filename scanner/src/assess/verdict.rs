//! What becomes of mail to a domain: the verdict of a strict sender, of a lenient one, and the strict one
//! over the MX hosts of lowest preference.

use super::DomainCase;
use super::catalogue::Severity;
use super::facts::{AddressFacts, Fate, Look};
use super::policy_host::look;
use crate::dataset::columns::domains::SeenMx;
use crate::evidence::{Code, Mode, MxKind, PolicyOutcome, RecordState, Verdict};
use crate::mta_sts::mx_pattern;

/// The three verdicts of a domain that signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdicts {
    pub(super) strict: Verdict,
    pub(super) lenient: Verdict,
    pub(super) primary: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Strict,
    Lenient,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hosts {
    /// The whole MX set.
    All,
    /// Those of lowest preference.
    Primary,
}

/// `None` where the domain does not signal or `_mta-sts` could not be asked.
pub(super) fn verdicts(case: &DomainCase<'_>) -> Option<Verdicts> {
    case.signals().then(|| Verdicts {
        strict: verdict(case, Sender::Strict, Hosts::All),
        lenient: verdict(case, Sender::Lenient, Hosts::All),
        primary: verdict(case, Sender::Strict, Hosts::Primary),
    })
}

fn verdict(case: &DomainCase<'_>, sender: Sender, scope: Hosts) -> Verdict {
    let lowest = case.mail_hosts().map(|mx| mx.preference).min();
    let hosts = case.mail_hosts().filter(|mx| scope == Hosts::All || Some(mx.preference) == lowest);
    match mode(case, sender) {
        Ok(mode) => HostCounts::of(hosts.map(|mx| fate(case, mx))).verdict(mode),
        Err(verdict) => verdict,
    }
}

/// The mode that a sender goes by, where the MX hosts decide; else the verdict, whatever the hosts are.
pub(super) fn mode(case: &DomainCase<'_>, sender: Sender) -> Result<Mode, Verdict> {
    let mode = match policy(case, sender) {
        Policy::Had(mode) => mode,
        Policy::Gone => return Err(Verdict::NoPolicy),
        Policy::Undecided => return Err(Verdict::Indeterminate),
    };
    if mode == Mode::None {
        return Err(Verdict::Withdrawn);
    }
    match case.mx_kind() {
        Some(MxKind::None | MxKind::Null) => Err(Verdict::NoMail),
        Some(MxKind::Explicit | MxKind::Implicit) if case.mail_hosts().next().is_none() => {
            Err(Verdict::NoMail)
        }
        Some(MxKind::Explicit | MxKind::Implicit) => Ok(mode),
        Some(MxKind::Unknown) | None => Err(Verdict::Indeterminate),
    }
}

/// A sender's policy, as far as it is known.
enum Policy {
    /// A policy it can use.
    Had(Mode),
    /// None, and none can be obtained.
    Gone,
    /// What was observed is not conclusive.
    Undecided,
}

fn policy(case: &DomainCase<'_>, sender: Sender) -> Policy {
    let record = case.record.as_ref().map(|record| match sender {
        Sender::Strict => record.state,
        Sender::Lenient => record.lenient,
    });
    if record != Some(RecordState::Valid) {
        return Policy::Gone;
    }
    let Some(outcome) = case.outcome() else {
        return Policy::Undecided;
    };
    // Most deployed software takes a text that ends with the connection, closed in order or not.
    let is_taken = sender == Sender::Lenient && outcome == PolicyOutcome::HttpIncomplete;
    if let Some(code) = outcome.code().filter(|_| !is_taken) {
        return if keeps_away(code, look(case)) { Policy::Gone } else { Policy::Undecided };
    }
    let Some(text) = &case.text else {
        return Policy::Undecided;
    };
    let mode = match sender {
        Sender::Strict => text.mode.filter(|_| text.valid),
        Sender::Lenient => text.lenient_mode.filter(|_| text.lenient),
    };
    mode.map_or(Policy::Gone, Policy::Had)
}

/// Whether a fault on the way to the policy is sure to be met by senders too.
fn keeps_away(code: Code, look: Look) -> bool {
    if code.may_pass() { look == Look::Repeated } else { code.finding().severity == Severity::Error }
}

/// How a set's hosts fare; those that could not be observed are in none of the three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct HostCounts {
    pub(super) passing: usize,
    pub(super) failing: usize,
    pub(super) mixed: usize,
}

impl HostCounts {
    /// Those of hosts, `None` being one of which nothing was observed.
    pub(super) fn of(hosts: impl Iterator<Item = Option<Fate>>) -> Self {
        let mut counts = Self::default();
        for fate in hosts {
            match fate {
                Some(Fate::Passes) => counts.passing += 1,
                Some(Fate::Fails) => counts.failing += 1,
                Some(Fate::Mixed) => counts.mixed += 1,
                None => {}
            }
        }
        counts
    }

    /// What becomes of mail under a mode other than none.
    pub(super) const fn verdict(self, mode: Mode) -> Verdict {
        match (mode, self) {
            (_, Self { passing: 0, failing: 0, mixed: 0 }) => Verdict::Indeterminate,
            (Mode::Testing, Self { failing: 0, mixed: 0, .. }) => Verdict::TestingPassing,
            (Mode::Testing, _) => Verdict::TestingFailing,
            (_, Self { failing: 0, mixed: 0, .. }) => Verdict::Validated,
            (_, Self { passing: 0, mixed: 0, .. }) => Verdict::Refused,
            _ => Verdict::Partial,
        }
    }
}

/// How a host fares with a sender that goes by the policy. One that the policy does not match fails, whatever
/// was observed. `None` where nothing was.
pub(super) fn fate(case: &DomainCase<'_>, mx: &SeenMx) -> Option<Fate> {
    if mx_pattern::first_match(&mx.host, &case.patterns).is_none() {
        return Some(Fate::Fails);
    }
    together(case.hosts.of(&mx.host).filter_map(AddressFacts::fate))
}

/// What the addresses of a host come to together; `None` where there is none.
pub(super) fn together(addresses: impl Iterator<Item = Fate>) -> Option<Fate> {
    addresses.reduce(|one, other| if one == other { one } else { Fate::Mixed })
}
