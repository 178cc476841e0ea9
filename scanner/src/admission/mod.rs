//! One question: may I contact this, and when? Exclusions, forbidden addresses, and pace.

mod address;
mod board;
mod exclusion;
mod gate;
mod level;
mod pacer;
mod rest;
mod slow;
mod target;

pub use address::{is_private, is_public};
pub use board::InQueue;
pub use exclusion::{ExclusionError, Exclusions};
pub use gate::Slot;
pub(crate) use pacer::Pacer;
pub use pacer::Waited;
#[cfg(test)]
pub(crate) use pacer::burst;
pub(crate) use target::network_of as network;

use crate::evidence::PaceHint;
use crate::fault::Unfinished;
use crate::plan::ScanPlan;
use board::StageLimits;
use gate::Gate;
use level::Limits;
use slow::SlowSlots;
use std::fmt;
use std::net::IpAddr;
use std::time::Instant;
use target::Target;
use tokio_util::sync::CancellationToken;

/// What stands against contacting an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Private, loopback, link-local or otherwise not of the public Internet.
    Forbidden,
    /// In an exclusion file: it is counted, and nothing of it is written.
    Excluded,
    /// The machine has no route for its family.
    NoFamily,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forbidden => "no public address",
            Self::Excluded => "excluded",
            Self::NoFamily => "this machine has no route for its family",
        })
    }
}

/// Shared by all stages of a scan.
pub struct Admission {
    exclusions: Exclusions,
    allow_private: bool,
    spares_the_public: bool,
    ipv6: bool,
    dns: Pacer,
    https: Gate,
    smtp: Gate,
    slow_smtp: SlowSlots,
    stop: CancellationToken,
}

/// A conversation with an MX host that may be begun now; dropping it frees the slot.
pub struct SmtpSlot<'a> {
    slot: Slot<'a>,
    slow: &'a SlowSlots,
}

impl SmtpSlot<'_> {
    /// Runs the conversation in this slot. Where the server has not greeted in a while (`greeted` says so)
    /// it moves to a slot among the slow ones, as soon as one is free, so that it keeps no other waiting.
    pub async fn hold<T>(&mut self, greeted: impl Fn() -> bool, conversation: impl Future<Output = T>) -> T {
        self.slow.hold(&mut self.slot, greeted, conversation).await
    }

    /// Notes what the host gave to understand; true where that is "too much": then it is slowed.
    pub fn note(&self, hint: PaceHint) -> bool {
        self.slot.note(hint)
    }
}

impl Admission {
    /// The gate of a scan; `ipv6` says whether the machine has a route to the IPv6 Internet, and `stop`
    /// closes the gate.
    #[must_use]
    pub fn new(plan: &ScanPlan, exclusions: Exclusions, ipv6: bool, stop: CancellationToken) -> Self {
        let pace = &plan.pace;
        let gate = |rate, in_flight| {
            Gate::new(StageLimits {
                all: Limits::of_all(rate, in_flight),
                address: Limits::of_target(pace.per_target_rate, pace.per_target_in_flight),
                network: Limits::of_target(pace.per_network_rate, pace.per_network_in_flight),
                provider: Limits::of_target(pace.per_provider_rate, pace.per_provider_in_flight),
            })
        };
        Self {
            exclusions,
            allow_private: plan.allow_private,
            spares_the_public: plan.spares_the_public(),
            ipv6,
            dns: Pacer::new(pace.dns_rate),
            https: gate(pace.https_rate, pace.https_in_flight),
            smtp: gate(pace.smtp_rate, pace.smtp_in_flight),
            slow_smtp: SlowSlots::new(pace.smtp_slow_in_flight, pace.smtp_slow_after),
            stop,
        }
    }

    /// The exclusion files.
    #[must_use]
    pub const fn exclusions(&self) -> &Exclusions {
        &self.exclusions
    }

    /// Looks whether an exclusion file has changed; blocks while one is read.
    pub fn look_at_exclusions(&self) {
        self.exclusions.look();
    }

    /// Whether the name, or a name above it, is excluded.
    #[must_use]
    pub fn excludes(&self, name: &str) -> bool {
        self.exclusions.has_name(name)
    }

    /// Whether a policy host is excluded, by its own name or by one that it is an alias of; such a one is
    /// counted.
    #[must_use]
    pub fn excludes_policy_host(&self, host: &str, chain: &[String]) -> bool {
        let excluded = self.excludes_any(host, chain);
        if excluded {
            self.exclusions.met_policy_host(host);
        }
        excluded
    }

    /// As [`Admission::excludes_policy_host`], for an MX host.
    #[must_use]
    pub fn excludes_mx_host(&self, host: &str, chain: &[String]) -> bool {
        let excluded = self.excludes_any(host, chain);
        if excluded {
            self.exclusions.met_mx_host(host);
        }
        excluded
    }

    fn excludes_any(&self, host: &str, chain: &[String]) -> bool {
        self.excludes(host) || chain.iter().any(|name| self.excludes(name))
    }

    /// Whether an address may be contacted; one that is excluded is counted.
    ///
    /// # Errors
    /// What stands against it.
    pub fn address(&self, addr: IpAddr) -> Result<(), Refusal> {
        if self.exclusions.has_address(addr) {
            self.exclusions.met_address(addr);
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

    /// Whether a name server may be asked by this address; `name` is its own, which may be excluded too.
    ///
    /// # Errors
    /// What stands against it.
    pub fn name_server(&self, addr: IpAddr, name: impl FnOnce() -> String) -> Result<(), Refusal> {
        self.address(addr)?;
        if self.excludes_name_server(name) { Err(Refusal::Excluded) } else { Ok(()) }
    }

    /// Whether a name server is excluded by its name.
    #[must_use]
    pub fn excludes_name_server(&self, name: impl FnOnce() -> String) -> bool {
        self.exclusions.has_any() && self.exclusions.has_name(&name())
    }

    /// Whether this machine has a route to the IPv6 Internet.
    #[must_use]
    pub const fn has_ipv6(&self) -> bool {
        self.ipv6
    }

    /// Waits until one more DNS question may be sent.
    ///
    /// # Errors
    /// The scan was stopped.
    pub async fn dns(&self, waited: &mut Waited) -> Result<(), Unfinished> {
        self.paced(&self.dns, waited).await
    }

    /// As [`Admission::dns`], where there is nothing to wait for; false where there is: then nothing was
    /// taken.
    pub fn has_dns_to_spare(&self) -> bool {
        !self.stop.is_cancelled() && self.dns.take_free()
    }

    /// Waits for a permit of a rate.
    ///
    /// # Errors
    /// The scan was stopped.
    pub(crate) async fn paced(&self, pacer: &Pacer, waited: &mut Waited) -> Result<(), Unfinished> {
        // The common case, without entering the list of those that wait for a stop.
        if !self.stop.is_cancelled() && pacer.take_free() {
            return Ok(());
        }
        self.unless_stopped(pacer.wait(waited)).await
    }

    /// Waits until a policy host's address may be contacted; the slot is held as long as it lives. `None`
    /// where it is put off, because the address lets one contact after the other wait for its deadline.
    ///
    /// # Errors
    /// The scan was stopped, or the host or the address was excluded while it waited.
    pub async fn https(
        &self,
        addr: IpAddr,
        host: &str,
        in_queue: InQueue,
        waited: &mut Waited,
    ) -> Result<Option<Slot<'_>>, Unfinished> {
        let turn = self.https.enter(Target::policy_host(addr), (in_queue, None), waited);
        let slot = self.unless_stopped(turn).await?;
        self.still_admits(addr, self.excludes_policy_host(host, &[]))?;
        Ok(slot)
    }

    /// A contact with a policy host's address, which `began` then, ended with its deadline.
    pub fn policy_host_was_silent(&self, addr: IpAddr, began: Instant) {
        self.https.was_silent(&Target::policy_host(addr), began);
    }

    /// The same of an MX host's.
    pub fn mx_host_was_silent(&self, addr: IpAddr, host: &str, began: Instant) {
        self.smtp.was_silent(&Target::mx_host(addr, host), began);
    }

    /// Waits until an MX host's address may be contacted for this look, counted from 1; the slot is held as
    /// long as it lives. `None` as for [`Admission::https`], and where the address rests until the next look.
    ///
    /// # Errors
    /// The scan was stopped, or the host or the address was excluded while it waited.
    pub async fn smtp(
        &self,
        addr: IpAddr,
        host: &str,
        (in_queue, look): (InQueue, u8),
        waited: &mut Waited,
    ) -> Result<Option<SmtpSlot<'_>>, Unfinished> {
        let turn = self.smtp.enter(Target::mx_host(addr, host), (in_queue, Some(look)), waited);
        let slot = self.unless_stopped(turn).await?;
        self.still_admits(addr, self.excludes_mx_host(host, &[]))?;
        Ok(slot.map(|slot| SmtpSlot { slot, slow: &self.slow_smtp }))
    }

    /// Whether an MX host's address rests, since it asked for less again and again.
    #[must_use]
    pub fn mx_host_rests(&self, addr: IpAddr, host: &str) -> bool {
        self.smtp.rests(&Target::mx_host(addr, host))
    }

    /// The wait may have been long, and an exclusion file may have grown meanwhile.
    fn still_admits(&self, addr: IpAddr, excluded: bool) -> Result<(), Unfinished> {
        let refused = self.address(addr) == Err(Refusal::Excluded);
        if excluded || refused { Err(Unfinished::Excluded) } else { Ok(()) }
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
