//! Findings about SMTP, TLS and certificates of the MX hosts, preference and policy aside.

use super::{DomainCase, Found};
use crate::evidence::{CertFault, Code};

pub(super) fn findings(case: &DomainCase<'_>, found: &mut Found) {
    if !case.signals() {
        return;
    }
    let mut observed = 0_usize;
    let mut wholly_bad = 0_usize;
    let mut any_bad = false;
    for mx in case.mail_hosts() {
        let mut seen = 0_usize;
        let mut bad = 0_usize;
        for facts in case.hosts.of(&mx.host) {
            if let Some(code) = facts.code() {
                found.note_after(code, facts.look);
            }
            if facts.client_certificate == Some(true) {
                found.note(Code::mx_client_certificate);
            }
            if facts.requiretls {
                found.note(Code::mx_requiretls);
            }
            if facts.renewal_late {
                found.note(Code::mx_cert_renewal_late);
            }
            if facts.weak_key {
                found.note(Code::mx_cert_weak_key);
            }
            if facts.senders_differ {
                found.note(Code::mx_cert_senders_differ);
            }
            if facts.large_hello {
                found.note(Code::mx_tls_large_hello);
            }
            if let Some(faults) = facts.cert {
                found.all.extend(faults.each().map(CertFault::mx_code));
                let Some(is_valid) = faults.is_valid() else { continue };
                seen += 1;
                bad += usize::from(!is_valid);
            }
        }
        observed += usize::from(seen > 0);
        wholly_bad += usize::from(seen > 0 && bad == seen);
        any_bad |= bad > 0;
    }
    if observed > 0 && wholly_bad == observed {
        found.note(Code::mx_cert_all_invalid);
    } else if any_bad {
        found.note(Code::mx_cert_some_invalid);
    }
}
