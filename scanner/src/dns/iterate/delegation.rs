//! A zone with its servers, and why they may have nothing of use to say.

use super::name::Wire;
use crate::admission::Refusal;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// A zone and those who serve it.
#[derive(Debug)]
pub(in crate::dns) struct Delegation {
    /// The zone.
    pub(in crate::dns) zone: Wire,
    /// Its servers as the zone above names them, each with the addresses that came along.
    pub(in crate::dns) servers: Vec<(Wire, Vec<IpAddr>)>,
    /// Whether it is the root or a registry's.
    pub(super) is_registry: bool,
    /// Whether a list says so, which may be old, and not the zone above.
    pub(super) is_of_list: bool,
    /// The zone that referred to it; `None` for the root, and where a list did.
    pub(super) above: Option<Arc<Delegation>>,
    /// Whether that zone has a DS for it; `None` where it was not asked in a way that tells.
    pub(super) ds: Option<bool>,
    /// The address that answered first.
    pub(super) answered: OnceLock<IpAddr>,
    /// The operator of the server that was asked first, by the server's number: most are asked again.
    pub(super) operator: OnceLock<(usize, u64)>,
}

impl Delegation {
    /// Nobody has been asked yet.
    pub(super) const fn new(zone: Wire, servers: Vec<(Wire, Vec<IpAddr>)>, is_registry: bool) -> Self {
        Self {
            zone,
            servers,
            is_registry,
            is_of_list: false,
            above: None,
            ds: None,
            answered: OnceLock::new(),
            operator: OnceLock::new(),
        }
    }

    /// The same, as another zone referred to it.
    pub(super) fn below(self, above: &Arc<Self>, ds: Option<bool>) -> Self {
        Self { above: Some(above.clone()), ds, ..self }
    }

    /// As a list has it.
    pub(super) fn of_list(zone: Wire, servers: Vec<(Wire, Vec<IpAddr>)>) -> Self {
        Self { is_of_list: true, ..Self::new(zone, servers, false) }
    }

    /// Whether these servers are all known to it, with these addresses.
    pub(super) fn knows_all(&self, servers: &[(Wire, Vec<IpAddr>)]) -> bool {
        servers.iter().all(|(server, addrs)| {
            let known = self.servers.iter().find(|(known, _)| known == server);
            known.is_some_and(|(_, known)| addrs.iter().all(|addr| known.contains(addr)))
        })
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
