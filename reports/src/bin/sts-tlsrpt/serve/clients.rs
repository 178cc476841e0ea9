//! How many requests each client may send.

use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

/// Requests between two times at which clients that have been quiet are forgotten.
const FORGET_EVERY: u32 = 1024;

/// A bucket per client. An IPv6 client is its /64: it has all addresses of that.
pub(super) struct Clients {
    rate: RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>,
    asked: AtomicU32,
}

impl Clients {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        Self { rate: RateLimiter::dashmap(Quota::per_minute(per_minute)), asked: AtomicU32::new(0) }
    }

    /// Whether a client may send another request now.
    pub(super) fn may(&self, client: IpAddr) -> bool {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.rate.retain_recent();
        }
        self.rate.check_key(&network(client)).is_ok()
    }
}

fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn each_client_has_its_own_rate_and_a_v6_network_is_one() {
        let clients = Clients::new(NonZeroU32::new(2).unwrap());
        let may = |text: &str| clients.may(text.parse().unwrap());
        assert_eq!([may("192.0.2.1"), may("192.0.2.1"), may("192.0.2.1")], [true, true, false]);
        assert_eq!([may("192.0.2.2"), may("::ffff:192.0.2.2"), may("192.0.2.2")], [true, true, false]);
        assert_eq!([may("2001:db8::1"), may("2001:db8::2"), may("2001:db8:0:1::1")], [true, true, true]);
        assert!(!may("2001:db8::3"));
    }
}
