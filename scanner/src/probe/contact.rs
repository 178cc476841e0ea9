//! One connection, measured; made anew where this machine's network was away while it lasted.

use super::Probe;
use crate::admission::Waited;
use crate::assess::may_pass;
use crate::dataset::words::OwnWord;
use crate::dns::Doubt;
use crate::fault::{LocalFault, Unfinished};
use crate::line::UnderWay;
use crate::telemetry::Stage;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// What of a connection's end counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The outcome.
    pub(super) outcome: OwnWord,
    /// Whether it was cut off, where the outcome does not say so.
    pub(super) is_cut: bool,
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
    pub(super) async fn ended<T>(
        &mut self,
        result: Result<T, LocalFault>,
        seen: impl FnOnce(&T) -> Seen,
        waited: &mut Waited,
    ) -> Result<Option<T>, Unfinished> {
        self.under_way = None;
        let doubt = match &result {
            Ok(result) => {
                let seen = seen(result);
                self.probe.meters.ended(self.stage, seen.outcome, self.began.elapsed());
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
fn doubt(seen: Seen, addr: IpAddr) -> Option<Doubt> {
    let Seen { outcome, is_cut } = seen;
    if outcome.ends_with("_connect_unreachable") {
        Some(Doubt::Way(addr))
    } else if is_cut || may_pass(outcome) || outcome.ends_with("_connect_refused") {
        Some(Doubt::Peer(addr))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(outcome: OwnWord) -> Seen {
        Seen { outcome, is_cut: false }
    }

    #[test]
    fn what_a_peer_answered_is_not_doubted_and_silence_is() {
        let addr = IpAddr::from([192, 0, 2, 1]);
        for answered in ["ok", "policy_http_status", "policy_tls_alert", "starttls_not_offered"] {
            assert_eq!(doubt(whole(answered), addr), None, "{answered}");
        }
        for cut in ["policy_connect_timeout", "policy_tls_timeout", "smtp_connect_timeout", "mx_tls_closed"] {
            assert_eq!(doubt(whole(cut), addr), Some(Doubt::Peer(addr)), "{cut}");
        }
        assert_eq!(doubt(whole("smtp_connect_unreachable"), addr), Some(Doubt::Way(addr)));
        // A bad certificate was seen, and then the text did not come.
        let seen = Seen { outcome: "policy_tls_name", is_cut: true };
        assert_eq!(doubt(seen, addr), Some(Doubt::Peer(addr)));
    }
}
