//! Verdicts of named senders, drawn from the same evidence as those of the strict and the lenient one. Record
//! and policy are read as the strict sender does, so that what differs is what they do with MX hosts alone.
//! METHODS.md says which versions they are, and where that is known from.

use super::DomainCase;
use super::facts::Fate;
use super::verdict::{HostCounts, Sender, fate, mode, together};
use crate::dataset::columns::domains::SeenMx;
use crate::evidence::{DaneOutcome, Mode, Verdict};
use crate::tls::presented;
use std::net::IpAddr;

/// The verdicts of a domain that signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) postfix_classic: Verdict,
    pub(super) dane_first: Verdict,
}

/// `None` where the domain does not signal or `_mta-sts` could not be asked. `dane` is what DANE comes to at
/// the MX hosts that were looked up.
pub(super) fn verdicts(case: &DomainCase<'_>, dane: &[(String, DaneOutcome)]) -> Option<Named> {
    case.signals()
        .then(|| Named { postfix_classic: postfix_classic(case), dane_first: dane_first(case, dane) })
}

/// Postfix before 3.10.5, or a later one whose plugin gives it no TLSRPT attributes: any MX host is used,
/// whatever the policy matches, and its certificate must chain and have a name that fits one of the policy's
/// patterns. In mode testing nothing is checked.
fn postfix_classic(case: &DomainCase<'_>) -> Verdict {
    match mode(case, Sender::Strict) {
        Err(verdict) => verdict,
        Ok(Mode::Testing) => Verdict::TestingPassing,
        Ok(mode) => HostCounts::of(case.mail_hosts().map(|mx| classic_fate(case, mx))).verdict(mode),
    }
}

fn classic_fate(case: &DomainCase<'_>, mx: &SeenMx) -> Option<Fate> {
    let has_name =
        |names: &[Box<str>]| names.iter().any(|name| case.patterns.iter().any(|pattern| fits(name, pattern)));
    together(case.hosts.with_names(&mx.host).filter_map(|(facts, names)| {
        facts.fate_by(|cert| match cert.is_valid_but_for_name() {
            Some(true) => names.map(has_name),
            not => not,
        })
    }))
}

/// Whether a certificate's name fits a pattern of a policy as Postfix has it: `*.x` is given to it as `.x`,
/// which fits every name below x, at whatever depth, and one with wildcards too; but not x itself.
fn fits(name: &str, pattern: &str) -> bool {
    match pattern.strip_prefix('*') {
        None => presented::covers(name, pattern),
        Some(end) => name
            .len()
            .checked_sub(end.len())
            .and_then(|at| name.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end)),
    }
}

/// What a sender goes by at a host that takes DANE first.
enum Means {
    /// DANE, in every mode and without a policy. `None` where nothing was observed.
    Dane(Option<Fate>),
    /// The policy, as there are no TLSA records that hold.
    Policy(Option<Fate>),
    /// Not known, or mail waits until it is.
    Open,
}

/// A sender that takes DANE first (Exchange Online, postfix-tlspol, mox, Stalwart), host by host.
fn dane_first(case: &DomainCase<'_>, dane: &[(String, DaneOutcome)]) -> Verdict {
    let means: Vec<Means> = case.mail_hosts().map(|mx| means(case, mx, dane)).collect();
    let of_dane = HostCounts::of(means.iter().map(|one| match one {
        Means::Dane(fate) => *fate,
        Means::Policy(_) | Means::Open => None,
    }));
    let of_all = HostCounts::of(means.iter().map(|one| match one {
        Means::Dane(fate) | Means::Policy(fate) => *fate,
        Means::Open => None,
    }));
    let mode = mode(case, Sender::Strict);
    let goes_by_policy = means.iter().any(|one| matches!(one, Means::Policy(_)));
    if of_dane == HostCounts::default() {
        return mode.map_or_else(|verdict| verdict, |mode| of_all.verdict(mode));
    }
    if !goes_by_policy || mode == Ok(Mode::Enforce) {
        return of_all.verdict(Mode::Enforce);
    }
    // Some hosts go by DANE and others by a policy that lets mail through, or may.
    match mode {
        Err(Verdict::Indeterminate) => Verdict::Indeterminate,
        _ if of_dane.failing + of_dane.mixed > 0 => Verdict::Partial,
        Ok(mode) => of_all.verdict(mode),
        Err(verdict) => verdict,
    }
}

fn means(case: &DomainCase<'_>, mx: &SeenMx, dane: &[(String, DaneOutcome)]) -> Means {
    let by_tls = || together(case.hosts.of(&mx.host).filter_map(|facts| facts.fate_by(|_| Some(true))));
    match dane.iter().find(|(host, _)| *host == mx.host).map(|(_, outcome)| outcome) {
        Some(DaneOutcome::Valid) => Means::Dane(Some(Fate::Passes)),
        Some(DaneOutcome::Invalid) => Means::Dane(Some(Fate::Fails)),
        // RFC 7672 section 2.2: TLS is a must, and whose it is does not matter.
        Some(DaneOutcome::Unusable) => Means::Dane(by_tls()),
        Some(DaneOutcome::Bogus | DaneOutcome::Unknown) => Means::Open,
        Some(DaneOutcome::Insecure | DaneOutcome::MxInsecure | DaneOutcome::None) => {
            Means::Policy(fate(case, mx))
        }
        // An address has no TLSA records; of a host that was not looked up nobody knows.
        None if mx.host.parse::<IpAddr>().is_ok() => Means::Policy(fate(case, mx)),
        None => Means::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    /// As `posttls-finger -l secure` of Postfix 3.7.11 answered, certificate by certificate.
    #[test]
    fn a_pattern_with_an_asterisk_fits_what_is_below_at_any_depth() {
        for (name, fits_below) in [
            ("mx.x.test", true),
            ("a.b.x.test", true),
            ("MX.X.TEST", true),
            ("*.x.test", true),
            ("*.b.x.test", true),
            ("*.*.x.test", true),
            ("m*.x.test", true),
            (".x.test", true),
            ("_a.x.test", true),
            ("x.test", false),
            ("*.test", false),
            ("mx.notx.test", false),
            ("mxx.test", false),
            ("mx.x.test.", false),
        ] {
            assert_eq!(fits(name, "*.x.test"), fits_below, "{name}");
        }
    }

    #[test]
    fn a_pattern_without_one_fits_as_the_name_of_a_host_does() {
        for (name, pattern, does) in [
            ("mx.x.test", "mx.x.test", true),
            ("*.x.test", "mx.x.test", true),
            ("*.b.x.test", "a.b.x.test", true),
            ("*.x.test", "a.b.x.test", false),
            ("m*.x.test", "mx.x.test", false),
            ("*.test", "x.test", false),
            ("x.test", "x.test", true),
            ("\u{e9}", "*.x.test", false),
        ] {
            assert_eq!(fits(name, pattern), does, "{name} {pattern}");
        }
    }
}
