//! Whether this network lets a scan talk to MX hosts at all: what holds for most of them is about us.

use super::masks::MASK_TRIAL;
use super::pipeline::Pipeline;
use crate::evidence::{SmtpOutcome, SmtpPhase};
use crate::probe::HostLook;
use std::sync::PoisonError;

/// SMTP connects after which their success is judged: a network that blocks port 25 answers none.
const SMTP_TRIAL: u64 = 500;

/// The least share of them that must succeed, percent.
const SMTP_TRIAL_PERCENT: u64 = 20;

impl Pipeline {
    /// A network that blocks port 25 must not become half a million misconfigured hosts.
    pub(super) fn judge_reach(&self, look: &HostLook) {
        for row in look.rows.iter().filter(|row| row.smtp.phase.is_some()) {
            self.tally.smtp_tried.up();
            if row.smtp.phase != Some(SmtpPhase::Connect)
                || row.smtp.outcome == Some(SmtpOutcome::ConnectRefused)
            {
                self.tally.smtp_reached.up();
            }
        }
        if let Some(masked) = self.note_masks(look) {
            self.halt(format!(
                "a device near this scanner masks STARTTLS: {masked} of the first {MASK_TRIAL} MX hosts in different \
                 networks answered EHLO with it written over (`starttls_masked`). Have SMTP inspection turned off on \
                 the way out (on a Cisco ASA: `no inspect esmtp`), or resume from another network"
            ));
        }
        let (tried, reached) = (self.tally.smtp_tried.value(), self.tally.smtp_reached.value());
        if (SMTP_TRIAL..2 * SMTP_TRIAL).contains(&tried) && reached * 100 < tried * SMTP_TRIAL_PERCENT {
            self.halt(format!(
                "only {reached} of {tried} MX hosts could be reached: this network seems to block port {}. \
                 Resume from one that does not, or leave MX hosts out with --starttls none in a new scan",
                self.probe.plan.smtp_port
            ));
        }
    }

    fn note_masks(&self, look: &HostLook) -> Option<usize> {
        let mut masks = self.masks.lock().unwrap_or_else(PoisonError::into_inner);
        look.rows.iter().fold(None, |ours, row| masks.note_row(row).or(ours))
    }
}
