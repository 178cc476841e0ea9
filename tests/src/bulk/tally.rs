//! What was asked of whom.

use super::addresses::{Owner, TLDS, owner};
use super::answer::Reply;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Counts of questions since they were last read. Those about domains that signal are apart: they are asked
/// for more than their records.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    /// All.
    pub(super) questions: u64,
    /// Those about domains that signal.
    pub(super) about_signallers: u64,
    /// At the root.
    pub(super) root: u64,
    /// At each registry, by top-level domain.
    pub(super) registries: BTreeMap<&'static str, u64>,
    /// At each operator, by number.
    pub(super) operators: BTreeMap<u16, u64>,
    /// At servers of single domains.
    pub(super) own: u64,
    /// Answered by nobody, or REFUSED, SERVFAIL or a referral to itself.
    pub(super) broken: u64,
}

impl Tally {
    pub(super) fn count(&mut self, asked_at: Ipv4Addr, reply: &Reply) {
        self.questions += 1;
        self.broken += u64::from(reply.is_broken);
        if reply.is_about_signaller {
            self.about_signallers += 1;
            return;
        }
        match owner(asked_at) {
            Owner::Root => self.root += 1,
            Owner::Registry(tld) => *self.registries.entry(TLDS[usize::from(tld)]).or_default() += 1,
            Owner::Operator(operator, _) => *self.operators.entry(operator).or_default() += 1,
            Owner::Own(..) => self.own += 1,
            Owner::Nobody => {}
        }
    }
}
