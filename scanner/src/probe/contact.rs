//! One connection, measured; made anew where this machine's network was away while it lasted.

use super::Probe;
use crate::admission::Waited;
use crate::dns::Doubt;
use crate::evidence::{Outcome, Suspicion};
use crate::fault::{LocalFault, Unfinished};
use crate::line::UnderWay;
use crate::meters::Stage;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// What of a connection's end counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<O> {
    /// The outcome.
    pub(super) outcome: O,
    /// Whether it was cut off, where the outcome does not say so.
    pub(super) is_cut: bool,
}

impl<O> Seen<O> {
    /// An outcome that says all.
    pub(super) const fn whole(outcome: O) -> Self {
        Self { outcome, is_cut: false }
    }
}

/// A connection to an address, made until what came of it tells of the remote party.
pub(super) struct Contact<'a> {
    probe: &'a Probe,
    stage: Stage,
    addr: IpAddr,
    began: Instant,
    under_way: Option<UnderWay<'a>>,
}

impl Probe {
    pub(super) fn contact(&self, stage: Stage, addr: IpAddr) -> Contact<'_> {
        Contact { probe: self, stage, addr, began: Instant::now(), under_way: None }
    }
}

impl Contact<'_> {
    /// Waits until the network is there, and for its turn, which `enter` gives.
    ///
    /// # Errors
    /// The scan was stopped, or what `enter` says.
    pub(super) async fn turn<Place>(
        &mut self,
        enter: impl AsyncFnOnce(&mut Waited) -> Result<Place, Unfinished>,
        waited: &mut Waited,
    ) -> Result<Place, Unfinished> {
        self.probe.dns.line().until_up(waited).await?;
        let mut turn = Waited::default();
        let place = enter(&mut turn).await?;
        waited.add(turn);
        self.probe.meters.waited(self.stage, Duration::from(turn));
        self.began = Instant::now();
        self.under_way = Some(self.probe.dns.line().under_way());
        Ok(place)
    }

    /// It is over: gives what came of it, or `None` where it is to be made again. `seen` tells what of it counts.
    ///
    /// # Errors
    /// This machine failed, or the scan was stopped.
    pub(super) async fn ended<T, O: Outcome>(
        &mut self,
        result: Result<T, LocalFault>,
        seen: impl FnOnce(&T) -> Seen<O>,
        waited: &mut Waited,
    ) -> Result<Option<T>, Unfinished> {
        self.under_way = None;
        let doubt = match &result {
            Ok(result) => {
                let seen = seen(result);
                self.probe.meters.ended(self.stage, seen.outcome.word(), self.began.elapsed());
                doubt(seen, self.addr)
            }
            Err(fault) if fault.is_of_network() => Some(Doubt::Way(self.addr)),
            Err(_) => None,
        };
        match doubt {
            Some(doubt) if !self.probe.dns.believes(doubt, self.began, waited).await? => Ok(None),
            _ => Ok(Some(result?)),
        }
    }
}

/// What must be known of this machine's network before an outcome is believed; `None` for those that a peer has answered by.
fn doubt<O: Outcome>(seen: Seen<O>, addr: IpAddr) -> Option<Doubt> {
    match seen.outcome.suspicion() {
        Some(Suspicion::Route) => Some(Doubt::Way(addr)),
        Some(Suspicion::Answers) => Some(Doubt::Peer(addr)),
        None => seen.is_cut.then_some(Doubt::Peer(addr)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{PolicyOutcome, SmtpOutcome};

    #[test]
    fn what_a_peer_answered_is_not_doubted_unless_it_was_cut_off() {
        let addr = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(doubt(Seen::whole(SmtpOutcome::NotOffered), addr), None);
        assert_eq!(doubt(Seen::whole(SmtpOutcome::TlsClosed), addr), Some(Doubt::Peer(addr)));
        assert_eq!(doubt(Seen::whole(SmtpOutcome::ConnectUnreachable), addr), Some(Doubt::Way(addr)));
        // A bad certificate was seen, and then the text did not come.
        let seen = Seen { outcome: PolicyOutcome::TlsName, is_cut: true };
        assert_eq!(doubt(seen, addr), Some(Doubt::Peer(addr)));
    }
}
