//! One readable row for each finding and each rule of the verdicts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod claimable;
mod companions;
mod dane;
mod findings;
mod renewal;
mod senders;
mod verdicts;

use super::{HostsOf, SeenDomain, SeenHost, domain};
use crate::evidence::rows::{AssessmentRow, DomainRow, HostRow, Mx};
use crate::evidence::{CertOutcome, DnsStatus, MxKind, PolicyOutcome, RecordState, SmtpOutcome, Vocabulary};

pub(super) const ENFORCE: &str = "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 1209600\n";

/// The value of a word.
pub(super) fn word<V: Vocabulary>(word: &str) -> V {
    V::of_word(word).unwrap_or_else(|| panic!("`{word}` is no word of the vocabulary"))
}

pub(super) fn words<V: Vocabulary>(words: &[&str]) -> Vec<V> {
    words.iter().map(|text| word(text)).collect()
}

/// A domain in good order: one MX host, enforce, TLSRPT. Each test says what differs.
pub(super) struct World {
    pub(super) row: DomainRow,
    pub(super) hosts: HostsOf,
}

pub(super) fn good() -> World {
    let mut row = DomainRow {
        domain: "example.com".into(),
        attempts: 1,
        mx_dns: Some(DnsStatus::NoError),
        mx_kind: Some(MxKind::Explicit),
        mx: Some(vec![mx(10, "mx.example.com")]),
        sts_dns: Some(DnsStatus::NoError),
        sts_txt: Some(vec!["v=STSv1; id=1;".into()]),
        sts_cname: Some(vec![]),
        sts_signals: Some(true),
        sts_record: Some(RecordState::Valid),
        tlsrpt_dns: Some(DnsStatus::NoError),
        tlsrpt_txt: Some(vec!["v=TLSRPTv1; rua=mailto:a@example.com".into()]),
        tlsrpt_record: Some(RecordState::Valid),
        ..DomainRow::default()
    };
    row.policy.outcome = Some(PolicyOutcome::Ok);
    row.policy.attempts = Some(vec![PolicyOutcome::Ok]);
    row.policy.tls.cert_outcome = Some(CertOutcome::Valid);
    row.policy.tls.cert_faults = Some(vec![]);
    row.policy.http_status = Some(200);
    row.policy.content_type = Some("text/plain; charset=utf-8".into());
    row.policy.body = Some(ENFORCE.into());
    World { row, hosts: HostsOf::default() }
}

pub(super) fn mx(preference: u16, host: &str) -> Mx {
    Mx { preference, host: host.into(), matched: None, pattern: None }
}

impl World {
    pub(super) fn with(mut self, change: impl FnOnce(&mut DomainRow)) -> Self {
        change(&mut self.row);
        self
    }

    pub(super) fn txt(self, txts: &[&str]) -> Self {
        self.with(|row| row.sts_txt = Some(txts.iter().map(|&txt| txt.into()).collect()))
    }

    pub(super) fn body(self, body: &str) -> Self {
        self.with(|row| row.policy.body = Some(body.into()))
    }

    /// The MX set: preference and host of each.
    pub(super) fn mx(self, set: &[(u16, &str)]) -> Self {
        self.with(|row| row.mx = Some(set.iter().map(|&(preference, host)| mx(preference, host)).collect()))
    }

    /// The outcomes of the looks at the policy, the last of which stands.
    pub(super) fn looks(self, outcomes: &[&str]) -> Self {
        self.with(|row| {
            row.policy.outcome = outcomes.last().map(|text| word(text));
            row.policy.attempts = Some(words(outcomes));
            if outcomes.last() != Some(&"ok") {
                row.policy.body = None;
                row.policy.http_status = None;
                row.policy.content_type = None;
            }
        })
    }

    /// One address of a host: the outcomes of the looks at it.
    pub(super) fn host(mut self, host: &str, outcomes: &[&str]) -> Self {
        self.hosts.add(&SeenHost::from(&host_row(host, outcomes)));
        self
    }

    /// One address of a host that showed a certificate with these faults.
    pub(super) fn cert(mut self, host: &str, faults: &[&str]) -> Self {
        let mut row = host_row(host, &["ok"]);
        let faults = words(faults);
        row.smtp.tls.cert_outcome = Some(CertOutcome::of(&faults));
        row.smtp.tls.cert_faults = Some(faults);
        self.hosts.add(&SeenHost::from(&row));
        self
    }

    /// A host without address, or with an alias, or the like.
    pub(super) fn host_with(mut self, host: &str, change: impl FnOnce(&mut HostRow)) -> Self {
        let mut row = HostRow { host: host.into(), ..HostRow::default() };
        row.smtp.outcome = Some(SmtpOutcome::NoAddress);
        change(&mut row);
        self.hosts.add(&SeenHost::from(&row));
        // The certificates that the row holds itself.
        for (sha256, der) in row.smtp.tls.certificate_sha256.iter().zip(&row.smtp.tls.chain) {
            self.hosts.show(sha256, der);
        }
        self
    }

    pub(super) fn assess(&self) -> AssessmentRow {
        domain(&SeenDomain::from(&self.row), &self.hosts)
    }

    /// The same with the one MX host in good order.
    pub(super) fn delivered(self) -> Self {
        self.cert("mx.example.com", &[])
    }
}

fn host_row(host: &str, outcomes: &[&str]) -> HostRow {
    let mut row = HostRow { host: host.into(), host_dns: Some(DnsStatus::NoError), ..HostRow::default() };
    row.host_cname = Some(vec![]);
    row.smtp.outcome = outcomes.last().map(|text| word(text));
    // What was not contacted has no attempt.
    row.attempts = words(outcomes);
    row
}
