//! A zone with its servers, and why they may have nothing of use to say.

use super::name::Wire;
use crate::admission::Refusal;
use std::net::IpAddr;
use std::sync::OnceLock;

/// A zone and those who serve it.
#[derive(Debug)]
pub(in crate::dns) struct Delegation {
    /// The zone.
    pub(in crate::dns) zone: Wire,
    /// Its servers as the zone above names them, each with the addresses that came along.
    pub(in crate::dns) servers: Vec<(Wire, Vec<IpAddr>)>,
    /// Whether it is the root or a registry's.
    pub(super) is_registry: bool,
    /// The address that answered first.
    pub(super) answered: OnceLock<IpAddr>,
}

impl Delegation {
    /// Nobody has been asked yet.
    pub(super) const fn new(zone: Wire, servers: Vec<(Wire, Vec<IpAddr>)>, is_registry: bool) -> Self {
        Self { zone, servers, is_registry, answered: OnceLock::new() }
    }
}

/// Why there is nothing of use.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Failure {
    /// A server answered, of no use.
    pub(super) answered: bool,
    /// A server did not answer.
    pub(super) silent: bool,
    /// What a server has to say does not fit a datagram, and did not come by TCP.
    pub(super) is_cut: bool,
    /// Servers can only be reached by a family that this machine lacks.
    pub(super) lacks_family: bool,
    /// Servers are excluded.
    pub(super) excluded: bool,
}

impl Failure {
    /// Whether servers were asked and all were silent.
    pub(super) const fn is_silence(self) -> bool {
        self.silent && !self.answered
    }

    /// Whether nobody was asked because whoever could be is excluded.
    pub(super) const fn is_exclusion(self) -> bool {
        self.excluded && !self.answered && !self.silent
    }

    /// Takes note that a server may not be asked.
    pub(super) const fn refused(&mut self, why: Refusal) {
        match why {
            Refusal::Excluded => self.excluded = true,
            Refusal::NoFamily => self.lacks_family = true,
            Refusal::Forbidden => {}
        }
    }
}
