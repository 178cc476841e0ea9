//! Evidence to findings and verdicts: pure functions over the columns of `domains` and `mx_hosts` alone, so
//! that an old dataset can be assessed again, by a newer version, without a network.
//!
//! Text is judged anew from `sts_txt`, `tlsrpt_txt`, `dmarc_txt` and `policy_body`; the scanner's own reading
//! of them is not used.
//!
//! `policy_tls_chain_incomplete` and `mx_cert_chain_incomplete` are drawn where a fault `chain_incomplete`
//! stands among the faults, which [`chains`] puts there. The codes of the stage life cycle need two scans and
//! belong to the analysis.

pub mod catalogue;
pub mod chains;
mod changes;
mod claimable;
mod companions;
mod counts;
mod dane;
mod facts;
mod hosts;
pub mod job;
mod leaves;
mod mismatch;
mod mx;
mod pass;
mod policy_host;
mod policy_text;
mod record;
mod renewal;
pub mod rules;
mod seen;
mod senders;
mod smtp;
pub mod told;
mod verdict;
mod workshop;

#[cfg(test)]
mod tests;

pub use changes::{Changes, Turn};
pub use facts::{AddressFacts, CertFaults, HostDane, Look};
pub use hosts::HostsOf;
pub use seen::{SeenDomain, SeenHost};

use crate::dataset::columns::domains::SeenMx;
use crate::evidence::rows::AssessmentRow;
use crate::evidence::text::unescape;
use crate::evidence::{Code, Mode, MxKind, PolicyOutcome, RecordState, Word};
use crate::mta_sts::policy::Parsed;
use crate::mta_sts::{Fault, mx_pattern, policy, record as sts_record};
use std::borrow::Cow;

/// Whether a domain has a row in `assessments`: it signals MTA-STS or publishes a TLSRPT record.
#[must_use]
pub fn is_assessed(signals: Option<bool>, tlsrpt: Option<RecordState>) -> bool {
    signals == Some(true) || tlsrpt.is_some_and(RecordState::is_published)
}

/// What the evidence about one domain shows. `hosts` holds what is known about the MX hosts of the whole
/// scan.
///
/// Findings about MX hosts are drawn for domains that signal: only their hosts are sure to have been
/// contacted.
#[must_use]
pub fn domain(row: &SeenDomain, hosts: &HostsOf) -> AssessmentRow {
    let case = DomainCase::of(row, hosts);
    let mut found = Found::default();
    record::findings(&case, &mut found);
    policy_host::findings(&case, &mut found);
    policy_text::findings(&case, &mut found);
    mx::findings(&case, &mut found);
    smtp::findings(&case, &mut found);
    let mismatch_kind = mismatch::findings(&case, &mut found);
    companions::findings(&case, &mut found);
    claimable::findings(&case, &mut found);
    let dane = dane::findings(&case, &mut found);
    let verdicts = verdict::verdicts(&case);
    let named = senders::verdicts(&case, dane.as_deref().unwrap_or_default());
    AssessmentRow {
        domain: row.domain.clone(),
        findings: in_order(found.all),
        lasting: in_order(found.lasting),
        mismatch_kind,
        verdict_strict: verdicts.map(|verdicts| verdicts.strict),
        verdict_lenient: verdicts.map(|verdicts| verdicts.lenient),
        verdict_primary: verdicts.map(|verdicts| verdicts.primary),
        verdict_postfix_classic: named.map(|verdicts| verdicts.postfix_classic),
        verdict_dane_first: named.map(|verdicts| verdicts.dane_first),
        dane,
    }
}

fn in_order(mut codes: Vec<Code>) -> Vec<Code> {
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The findings so far.
#[derive(Default)]
struct Found {
    all: Vec<Code>,
    lasting: Vec<Code>,
}

impl Found {
    fn note(&mut self, code: Code) {
        self.all.push(code);
    }

    /// Notes a code with what is known about its duration.
    fn note_after(&mut self, code: Code, look: Look) {
        self.all.push(code);
        if code.may_pass() && look == Look::Repeated {
            self.lasting.push(code);
        }
    }

    fn note_faults(&mut self, faults: &[Fault]) {
        self.all.extend(faults.iter().map(|fault| fault.code));
    }
}

/// One domain's evidence, its texts read once.
struct DomainCase<'a> {
    row: &'a SeenDomain,
    hosts: &'a HostsOf,
    /// `None` where there was no answer at `_mta-sts`.
    record: Option<sts_record::Judged>,
    /// The policy's text; `None` where there was no body.
    text: Option<Parsed<'a>>,
    /// Its `mx` values as the dataset writes them.
    patterns: Vec<String>,
}

impl<'a> DomainCase<'a> {
    fn of(row: &'a SeenDomain, hosts: &'a HostsOf) -> Self {
        let text = row.policy_body.as_ref().map(|body| policy::parse(body));
        let patterns = text.as_ref().map(Parsed::mx_escaped).unwrap_or_default();
        let record = row.sts_txt.as_deref().map(|txts| sts_record::judge(&bytes(txts)));
        Self { row, hosts, record, text, patterns }
    }

    /// A scan of a layout before 1.3 took no record in quotes for a signal, and looked no further.
    fn signals(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.signals) && self.row.sts_signals != Some(false)
    }

    /// The policy's text where a strict sender may use it: fetched without a fault and valid.
    fn usable_text(&self) -> Option<&Parsed<'a>> {
        let fetched = self.outcome() == Some(PolicyOutcome::Ok);
        self.text.as_ref().filter(|text| fetched && text.valid)
    }

    /// What came of the policy host; `None` where it was not asked, or the word is a newer program's.
    fn outcome(&self) -> Option<PolicyOutcome> {
        self.row.policy_outcome.as_ref().and_then(Word::known)
    }

    fn mx_kind(&self) -> Option<MxKind> {
        self.row.mx_kind.as_ref().and_then(Word::known)
    }

    /// The MX hosts a usable policy is held against; empty where the mode is none or there is nothing to hold
    /// it against.
    fn mx_to_match(&self) -> Vec<&'a SeenMx> {
        let asked = self.usable_text().is_some_and(|text| text.mode != Some(Mode::None));
        if asked { self.mail_hosts().collect() } else { Vec::new() }
    }

    /// The members of the MX set that are hosts: the root of a null MX is none, and what is below `invalid`.
    fn mail_hosts(&self) -> impl Iterator<Item = &'a SeenMx> + use<'a> {
        self.mx().iter().filter(|mx| mx_pattern::is_host(&mx.host))
    }

    /// The MX set; empty where the domain takes no mail or it is not known.
    fn mx(&self) -> &'a [SeenMx] {
        match self.mx_kind() {
            Some(MxKind::Explicit | MxKind::Implicit) => self.row.mx.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }
}

/// TXT records as they were before escaping.
fn bytes(txts: &[String]) -> Vec<Cow<'_, [u8]>> {
    txts.iter().map(|txt| unescape(txt)).collect()
}
