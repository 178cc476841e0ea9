//! One question: may I contact this, and when? Exclusions, forbidden addresses, and pace.

mod address;
mod exclusion;
mod pace;

pub use address::{is_private, is_public};
pub use exclusion::{ExclusionError, Exclusions};
pub use pace::{Slot, Waited};

use crate::fault::Unfinished;
use crate::plan::ScanPlan;
use pace::{Pacer, SlowSlots, Stage};
use std::net::IpAddr;
use tokio_util::sync::CancellationToken;

/// What stands against contacting an address; the words are outcomes of the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Private, loopback, link-local or otherwise not of the public Internet.
    Forbidden,
    /// In an exclusion file.
    Excluded,
    /// The machine has no route for its family.
    NoFamily,
}

impl Refusal {
    /// The outcome in the dataset.
    #[must_use]
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden_address",
            Self::Excluded => "excluded",
            Self::NoFamily => "not_attempted",
        }
    }
}

/// Shared by all stages of a scan.
pub struct Admission {
    exclusions: Exclusions,
    allow_private: bool,
    spares_the_public: bool,
    ipv6: bool,
    dns: Pacer,
    https: Stage,
    smtp: Stage,
    slow_smtp: SlowSlots,
    stop: CancellationToken,
}

/// A conversation with an MX host that may be begun now; dropping it frees its place.
pub struct SmtpPlace<'a> {
    slot: Slot<'a>,
    slow: &'a SlowSlots,
}

impl SmtpPlace<'_> {
    /// Runs the conversation in this place. Where the server has not greeted in a while (`greeted` says so) it moves to a place among
    /// the slow ones, as soon as one is free, so that it keeps no other waiting.
    pub async fn hold<T>(self, greeted: impl Fn() -> bool, conversation: impl Future<Output = T>) -> T {
        self.slow.hold(self.slot, greeted, conversation).await
    }
}

impl Admission {
    /// The gate of a scan; `ipv6` says whether the machine has a route to the IPv6 Internet, and `stop` closes the gate.
    #[must_use]
    pub fn new(plan: &ScanPlan, exclusions: Exclusions, ipv6: bool, stop: CancellationToken) -> Self {
        let pace = &plan.pace;
        let stage =
            |rate, in_flight| Stage::new(rate, in_flight, pace.per_target_rate, pace.per_target_in_flight);
        Self {
            exclusions,
            allow_private: plan.allow_private,
            spares_the_public: plan.spares_the_public(),
            ipv6,
            dns: Pacer::new(pace.dns_rate),
            https: stage(pace.https_rate, pace.https_in_flight),
            smtp: stage(pace.smtp_rate, pace.smtp_in_flight),
            slow_smtp: SlowSlots::new(pace.smtp_slow_in_flight, pace.smtp_slow_after),
            stop,
        }
    }

    /// Whether the name, or a name above it, is excluded.
    #[must_use]
    pub fn excludes(&self, name: &str) -> bool {
        self.exclusions.has_name(name)
    }

    /// Whether an address may be contacted.
    ///
    /// # Errors
    /// What stands against it.
    pub fn address(&self, addr: IpAddr) -> Result<(), Refusal> {
        if self.exclusions.has_address(addr) {
            return Err(Refusal::Excluded);
        }
        let is_allowed = is_public(addr) && !self.spares_the_public || self.allow_private && is_private(addr);
        if !is_allowed {
            return Err(Refusal::Forbidden);
        }
        if addr.is_ipv6() && !self.ipv6 && !addr.is_loopback() {
            return Err(Refusal::NoFamily);
        }
        Ok(())
    }

    /// Waits until one more DNS question may be sent.
    ///
    /// # Errors
    /// The scan was stopped.
    pub async fn dns(&self, waited: &mut Waited) -> Result<(), Unfinished> {
        // The common case, without entering the list of those that wait for a stop.
        if !self.stop.is_cancelled() && self.dns.take_free() {
            return Ok(());
        }
        self.unless_stopped(self.dns.wait(waited)).await
    }

    /// Waits until a policy host's address may be contacted; the slot is held as long as it lives.
    ///
    /// # Errors
    /// The scan was stopped.
    pub async fn https(&self, addr: IpAddr, waited: &mut Waited) -> Result<Slot<'_>, Unfinished> {
        self.unless_stopped(self.https.enter(addr, waited)).await
    }

    /// Waits until an MX host's address may be contacted; the place is held as long as it lives.
    ///
    /// # Errors
    /// The scan was stopped.
    pub async fn smtp(&self, addr: IpAddr, waited: &mut Waited) -> Result<SmtpPlace<'_>, Unfinished> {
        let slot = self.unless_stopped(self.smtp.enter(addr, waited)).await?;
        Ok(SmtpPlace { slot, slow: &self.slow_smtp })
    }

    async fn unless_stopped<T>(&self, turn: impl Future<Output = T>) -> Result<T, Unfinished> {
        self.stop.run_until_cancelled(turn).await.ok_or(Unfinished::Stopped)
    }

    /// Connections under way now: policy hosts, MX hosts.
    #[must_use]
    pub fn in_flight(&self) -> (usize, usize) {
        (self.https.in_flight(), self.smtp.in_flight() + self.slow_smtp.in_flight())
    }
}
