//! What changes for a domain from one epoch to the next, by what its two situations say: the truth that
//! trends over several scans are held against.
//!
//! The rules are those of RFC 8461 and of the project's catalogue (life cycle), written anew here. A
//! transition needs a definite state before and after; where one is not, it is `unknown`.

use crate::contract::Contract;
use crate::truth::Expected;
use crate::value::Value;

/// The word of a transition, and what it is about: `presence` or `health` where it is unknown, else empty.
pub type Transition = (&'static str, &'static str);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Signals,
    Absent,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Works,
    Broken,
    Open,
}

/// What is known of a domain at one time.
struct State<'e> {
    presence: Presence,
    health: Health,
    /// Mode and max_age in seconds of a policy that a strict sender may use.
    usable: Option<(&'e str, i64)>,
    id: Option<&'e str>,
    /// Hash of a valid policy's text.
    policy: Option<&'e str>,
}

impl<'e> State<'e> {
    fn of(contract: &Contract, expected: &'e Expected) -> Self {
        let cell = |name: &str| contract.domains.position(name).and_then(|at| expected.domain.get(at));
        let text = |name: &str| cell(name).and_then(Value::as_text);
        let holds = |name: &str| cell(name) == Some(&Value::Bool(true));
        // A name that does not exist is not asked for a record: it has none (RFC 8020).
        let presence = match (cell("sts_signals"), text("sts_record")) {
            (Some(Value::Bool(true)), _) => Presence::Signals,
            (_, Some("unknown")) => Presence::Unknown,
            _ => Presence::Absent,
        };
        let verdict = contract.assessments.position("verdict_strict");
        let verdict = expected.assessment.as_ref().zip(verdict).and_then(|(row, at)| row.get(at)?.as_text());
        let health = match verdict {
            Some("validated" | "testing_passing" | "withdrawn" | "no_mail") => Health::Works,
            Some("no_policy" | "refused" | "partial" | "testing_failing") => Health::Broken,
            _ => Health::Open,
        };
        let max_age = cell("policy_max_age_s").and_then(Value::as_int);
        let usable = text("policy_mode").zip(max_age).filter(|_| holds("policy_usable"));
        let policy = text("policy_sha256").filter(|_| holds("policy_valid"));
        Self { presence, health, usable, id: text("sts_id"), policy }
    }
}

/// What changed for a domain. `gap_s` are the seconds between the two looks; record and policy of a look are
/// read together.
#[must_use]
pub fn between(contract: &Contract, before: &Expected, after: &Expected, gap_s: i64) -> Vec<Transition> {
    let (was, is) = (State::of(contract, before), State::of(contract, after));
    match (was.presence, is.presence) {
        (Presence::Absent, Presence::Signals) if is.health == Health::Broken => {
            vec![("came", ""), ("first_seen_broken", "")]
        }
        (Presence::Absent, Presence::Signals) => vec![("came", "")],
        (Presence::Signals, Presence::Absent) => {
            [("left", "")].into_iter().chain(removal(&was, gap_s)).collect()
        }
        (Presence::Unknown, Presence::Signals) | (Presence::Signals, Presence::Unknown) => {
            vec![("unknown", "presence")]
        }
        (Presence::Signals, Presence::Signals) => changes(&was, &is),
        _ => Vec::new(),
    }
}

/// RFC 8461 section 8.3: a policy is removed by mode none, kept for as long as senders may hold the one
/// before.
fn removal(was: &State<'_>, gap_s: i64) -> Option<Transition> {
    let (mode, max_age) = was.usable?;
    Some(match mode {
        "none" => ("removed_after_none", ""),
        _ if gap_s < max_age => ("removed_without_none", ""),
        _ => ("removal_not_observed", ""),
    })
}

fn changes(was: &State<'_>, is: &State<'_>) -> Vec<Transition> {
    let mut changes = Vec::new();
    if let (Some((before, _)), Some((after, _))) = (was.usable, is.usable)
        && before != after
    {
        changes.push(("mode_changed", ""));
        if before == "enforce" {
            changes.push(("enforce_withdrawn", ""));
        }
    }
    // RFC 8461 section 3.1: the id tells senders that the policy is another one.
    if let (Some(ids), Some(policies)) = (was.id.zip(is.id), was.policy.zip(is.policy)) {
        match (ids.0 == ids.1, policies.0 == policies.1) {
            (false, true) => changes.push(("id_changed_policy_same", "")),
            (true, false) => changes.push(("policy_changed_id_same", "")),
            _ => {}
        }
    }
    match (was.health, is.health) {
        (Health::Works, Health::Broken) => changes.push(("broke", "")),
        (Health::Broken, Health::Works) => changes.push(("repaired", "")),
        (Health::Open, _) | (_, Health::Open) => changes.push(("unknown", "health")),
        _ => {}
    }
    changes
}
