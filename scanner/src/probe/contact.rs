//! One connection, measured; made anew where this machine's network was away while it lasted.

use super::Probe;
use super::tries::{Connections, Offer};
use crate::admission::{InQueue, Waited};
use crate::dns::Doubt;
use crate::evidence::{Outcome, Suspicion, Vocabulary as _};
use crate::fault::{LocalFault, Unfinished};
use crate::meters::PeerKind;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// What of a connection's end counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionEnd<O> {
    /// The outcome.
    pub(super) outcome: O,
    /// Whether it was cut off, where the outcome does not say so.
    pub(super) is_cut: bool,
}

/// An address of a host, and how a connection to it is made.
pub(super) trait Peer {
    /// The right to make a connection.
    type Slot;
    /// What a connection shows.
    type Shown;
    /// How it ends.
    type Outcome: Outcome;
    /// What it is made for.
    const KIND: PeerKind;

    /// The address.
    fn addr(&self) -> IpAddr;

    /// Waits for a turn; `None` where it is put off.
    async fn enter(&self, in_queue: InQueue, waited: &mut Waited) -> Result<Option<Self::Slot>, Unfinished>;

    /// Has those put off that wait for a turn, where it let several connections in a row wait for their
    /// deadline as this one, which `began` then.
    fn was_silent(&self, began: Instant);

    /// Makes the connection, notes what it says about the pace, and gives its slot back.
    async fn connect(&self, slot: Self::Slot, offer: Offer) -> Result<Self::Shown, LocalFault>;

    /// What of its end counts.
    fn seen(shown: &Self::Shown) -> ConnectionEnd<Self::Outcome>;

    /// Its outcome.
    fn outcome(shown: &mut Self::Shown) -> &mut Self::Outcome;

    /// Draws from it what holds only where the network was there.
    fn believe(_: &mut Self::Shown) {}
}

/// The connections to an address, each made until what came of it tells of the peer.
pub(super) struct Believed<'a, P> {
    pub(super) probe: &'a Probe,
    pub(super) peer: P,
    pub(super) waited: &'a mut Waited,
}

impl<P: Peer> Connections for Believed<'_, P> {
    type Shown = P::Shown;
    type Outcome = P::Outcome;

    /// Waits until the network is there, and for its turn, as often as it takes.
    ///
    /// # Errors
    /// This machine failed, the scan was stopped, or the peer is excluded.
    async fn connect(&mut self, offer: Offer, in_queue: InQueue) -> Result<Option<P::Shown>, Unfinished> {
        let Self { probe, peer, waited } = self;
        loop {
            probe.dns.uplink().until_up(waited).await?;
            let mut turn = Waited::default();
            let slot = peer.enter(in_queue, &mut turn).await?;
            waited.add(turn);
            let Some(slot) = slot else { return Ok(None) };
            probe.meters.waited(P::KIND, Duration::from(turn));
            let began = Instant::now();
            let result = {
                let _under_way = probe.dns.uplink().under_way();
                peer.connect(slot, offer).await
            };
            let doubt = match &result {
                Ok(shown) => {
                    let seen = P::seen(shown);
                    probe.meters.ended(P::KIND, seen.outcome.word(), began.elapsed());
                    doubt(seen, peer.addr())
                }
                Err(fault) if fault.is_of_network() => Some(Doubt::Way(peer.addr())),
                Err(_) => None,
            };
            let is_believed = match doubt {
                Some(doubt) => probe.dns.believes(doubt, began, waited).await?,
                None => true,
            };
            if is_believed {
                let mut shown = result?;
                P::believe(&mut shown);
                if P::outcome(&mut shown).is_deadline() {
                    peer.was_silent(began);
                }
                return Ok(Some(shown));
            }
        }
    }

    fn outcome(shown: &mut P::Shown) -> &mut P::Outcome {
        P::outcome(shown)
    }
}

/// What must be known of this machine's network before an outcome is believed; `None` for those that a peer
/// has answered by.
fn doubt<O: Outcome>(seen: ConnectionEnd<O>, addr: IpAddr) -> Option<Doubt> {
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
        let whole = |outcome| doubt(ConnectionEnd { outcome, is_cut: false }, addr);
        assert_eq!(whole(SmtpOutcome::NotOffered), None);
        assert_eq!(whole(SmtpOutcome::TlsClosed), Some(Doubt::Peer(addr)));
        assert_eq!(whole(SmtpOutcome::ConnectUnreachable), Some(Doubt::Way(addr)));
        // A bad certificate was seen, and then the text did not come.
        let seen = ConnectionEnd { outcome: PolicyOutcome::TlsName, is_cut: true };
        assert_eq!(doubt(seen, addr), Some(Doubt::Peer(addr)));
    }
}
