//! Evidence to findings and verdicts: pure functions over the columns of `domains` and `mx_hosts` alone, so that an old
//! dataset can be assessed again, by a newer version, without a network.
//!
//! Text is judged anew from `sts_txt`, `tlsrpt_txt` and `policy_body`; what the scanner made of them is not asked.
//!
//! `policy_tls_chain_incomplete` and `mx_cert_chain_incomplete` are drawn where a fault `chain_incomplete` stands among the faults, which
//! [`chains`] puts there. The codes of the stage life cycle need two scans and belong to the analysis.

pub mod catalogue;
pub mod chains;
mod companions;
mod dane;
mod hosts;
pub mod job;
mod mismatch;
mod mx;
mod policy_host;
mod policy_text;
mod record;
mod smtp;
mod verdict;

#[cfg(test)]
mod tests;

pub use dane::HostDane;
pub use hosts::{AddressFacts, CertFaults, Contact, HostsOf};

use crate::dataset::rows::{AssessmentRow, DomainRow, Mx};
use crate::dataset::words::{MxKind, RecordState, Word};
use crate::mta_sts::policy::{Mode, Parsed};
use crate::mta_sts::text::unescape;
use crate::mta_sts::{Fault, policy, record as sts_record};
use crate::tls::tries;
use catalogue::Code;
use std::borrow::Cow;

/// Whether a domain has a row in `assessments`: it signals MTA-STS or publishes a TLSRPT record.
#[must_use]
pub fn is_assessed(row: &DomainRow) -> bool {
    let publishes =
        matches!(row.tlsrpt_record, Some(RecordState::Valid | RecordState::Invalid | RecordState::Multiple));
    row.sts_signals == Some(true) || publishes
}

/// Whether an outcome is one that a second look may not find again.
#[must_use]
pub fn may_pass(outcome: &str) -> bool {
    Code::from_word(outcome).is_some_and(Code::may_pass)
}

/// Whether an outcome of a policy host decides something: it is neither one that may pass nor one that says more about the
/// scan than about the host.
#[must_use]
pub fn decides(outcome: &str) -> bool {
    Code::from_word(outcome)
        .is_some_and(|code| !code.may_pass() && code.finding().severity != catalogue::Severity::Indeterminate)
}

/// What the evidence about one domain shows. `hosts` holds what is known about the MX hosts of the whole scan.
///
/// Findings about MX hosts are drawn for domains that signal: only their hosts are sure to have been contacted.
#[must_use]
pub fn domain(row: &DomainRow, hosts: &HostsOf) -> AssessmentRow {
    let evidence = Evidence::of(row, hosts);
    let mut found = Found::default();
    record::findings(&evidence, &mut found);
    policy_host::findings(&evidence, &mut found);
    policy_text::findings(&evidence, &mut found);
    mx::findings(&evidence, &mut found);
    smtp::findings(&evidence, &mut found);
    let mismatch_kind = mismatch::findings(&evidence, &mut found);
    companions::findings(&evidence, &mut found);
    let dane = dane::findings(&evidence, &mut found);
    let verdicts = verdict::verdicts(&evidence);
    AssessmentRow {
        domain: row.domain.clone(),
        findings: in_order(found.all),
        lasting: in_order(found.lasting),
        mismatch_kind,
        verdict_strict: verdicts.map(|verdicts| verdicts.strict),
        verdict_lenient: verdicts.map(|verdicts| verdicts.lenient),
        verdict_primary: verdicts.map(|verdicts| verdicts.primary),
        dane,
    }
}

fn in_order(mut codes: Vec<Code>) -> Vec<&'static str> {
    codes.sort_unstable();
    codes.dedup();
    codes.into_iter().map(Code::as_str).collect()
}

/// How often something was looked at before it was seen as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Look {
    /// Once: what may pass is transient.
    Once,
    /// Again after a failure that might have passed: what may pass is lasting.
    Repeated,
}

impl Look {
    fn of_attempts(outcomes: &[Word]) -> Self {
        if tries::looks(outcomes) > 1 { Self::Repeated } else { Self::Once }
    }
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
        self.all.extend(faults.iter().filter_map(|fault| Code::from_word(fault.code)));
    }
}

/// One domain's evidence, its texts read once.
struct Evidence<'a> {
    row: &'a DomainRow,
    hosts: &'a HostsOf,
    /// `None` where there was no answer at `_mta-sts`.
    record: Option<sts_record::Judged>,
    /// The policy's text; `None` where there was no body.
    text: Option<Parsed<'a>>,
    /// Its `mx` values as the dataset writes them.
    patterns: Vec<String>,
}

impl<'a> Evidence<'a> {
    fn of(row: &'a DomainRow, hosts: &'a HostsOf) -> Self {
        let text = row.policy.body.as_deref().map(policy::parse);
        let patterns = text.as_ref().map(Parsed::mx_escaped).unwrap_or_default();
        let record = row.sts_txt.as_deref().map(|txts| sts_record::judge(&bytes(txts)));
        Self { row, hosts, record, text, patterns }
    }

    fn signals(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.signals)
    }

    /// The policy's text where a strict sender may use it: fetched without a fault and valid.
    fn usable_text(&self) -> Option<&Parsed<'a>> {
        let fetched = self.row.policy.outcome.as_deref() == Some("ok");
        self.text.as_ref().filter(|text| fetched && text.valid)
    }

    /// The MX hosts a usable policy is held against; empty where the mode is none or there is nothing to hold it against.
    fn mx_to_match(&self) -> Vec<&'a Mx> {
        let asked = self.usable_text().is_some_and(|text| text.mode != Some(Mode::None));
        if asked { self.mail_hosts().collect() } else { Vec::new() }
    }

    /// The members of the MX set that can be hosts: the root of a null MX beside them is none (RFC 7505 section 3).
    fn mail_hosts(&self) -> impl Iterator<Item = &'a Mx> + use<'a> {
        self.mx().iter().filter(|mx| mx.host != ".")
    }

    /// The MX set; empty where the domain takes no mail or it is not known.
    fn mx(&self) -> &'a [Mx] {
        match self.row.mx_kind {
            Some(MxKind::Explicit | MxKind::Implicit) => self.row.mx.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }
}

/// TXT records as they were before escaping.
fn bytes(txts: &[String]) -> Vec<Cow<'_, [u8]>> {
    txts.iter().map(|txt| unescape(txt)).collect()
}
