//! Whether this machine's network is there. While it is not, nothing is asked, and what was under way says
//! nothing about those who were asked: it is asked again.
//!
//! docs/outages.md defines an outage. `dns::watch` finds out; this holds what was found.

use crate::admission::Waited;
use crate::dataset::manifest::Outage;
use crate::fault::Unfinished;
use crate::moment;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// An address of the IPv4 Internet (a root server's), to which a route is looked up and nothing is sent.
pub(crate) const IPV4_INTERNET: &str = "192.33.4.12:53";
/// The same of the IPv6 Internet.
pub(crate) const IPV6_INTERNET: &str = "[2001:500:2::c]:53";

/// Silence that is kept note of.
const LONG_SILENCE: Duration = Duration::from_secs(1);

/// Families that have a route to the Internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routes {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
}

impl Routes {
    /// As the kernel has them now; a connected UDP socket sends nothing.
    #[must_use]
    pub fn now() -> Self {
        let has = |any: &str, to: &str| UdpSocket::bind(any).and_then(|socket| socket.connect(to)).is_ok();
        Self { v4: has("0.0.0.0:0", IPV4_INTERNET), v6: has("[::]:0", IPV6_INTERNET) }
    }
}

/// What has to be there again before an outage is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Any answer of a resolver.
    Resolvers,
    /// A route that was there at the start.
    Route,
    /// Anything that the resolvers have to ask others for.
    Upstream,
    /// What is known to stand in the DNS.
    Controls,
}

/// The network of this machine, shared by all stages of a scan.
pub struct Uplink {
    began: Instant,
    limit: Duration,
    stop: CancellationToken,
    routes: Routes,
    is_watched: AtomicBool,
    /// Questions and connections that are under way, or over and not believed yet, beside those that the
    /// engine knows.
    under_way: AtomicUsize,
    /// Milliseconds of `began` when a resolver answered anybody.
    heard: AtomicU64,
    /// Milliseconds that the quickest resolver takes to answer.
    takes: AtomicU64,
    is_up: watch::Sender<bool>,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    current: Option<(Instant, Lost, Outage)>,
    past: Vec<Outage>,
    ended: Option<Instant>,
    paused: Duration,
    gave_up: Option<String>,
    /// The last long time in which nobody was answered.
    silence: Option<(Instant, Instant)>,
}

/// Something under way, as long as it lives.
pub struct UnderWay<'a>(&'a Uplink);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Relaxed);
    }
}

impl Uplink {
    /// An uplink that nobody watches yet; a scan waits so long in all for the network before it stops itself.
    #[must_use]
    pub fn new(limit: Duration, stop: CancellationToken) -> Self {
        Self {
            began: Instant::now(),
            limit,
            stop,
            routes: Routes::now(),
            is_watched: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            heard: AtomicU64::new(0),
            takes: AtomicU64::new(0),
            is_up: watch::Sender::new(true),
            log: Mutex::default(),
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on silence says something: a resolver has answered.
    pub fn watch(&self) {
        self.is_watched.store(true, Relaxed);
    }

    /// Whether silence says anything.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.is_watched.load(Relaxed)
    }

    /// Counts something as under way: as long as there is anything, resolvers that are quiet are asked for a
    /// sign of life.
    pub fn under_way(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Relaxed);
        UnderWay(self)
    }

    /// Whether anybody waits for the network.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.under_way.load(Relaxed) > 0
    }

    /// When a server answered somebody last, as far as it was told here.
    #[must_use]
    pub fn heard_at(&self) -> Instant {
        self.began + Duration::from_millis(self.heard.load(Relaxed))
    }

    /// The longest time between the two in which nobody was answered, as far as that is kept note of; those
    /// under a second are not.
    #[must_use]
    pub fn silence_within(&self, began: Instant, ended: Instant) -> Duration {
        let within =
            |(from, to): (Instant, Instant)| to.min(ended).saturating_duration_since(from.max(began));
        let past = self.log().silence.map_or(Duration::ZERO, within);
        past.max(within((self.heard_at(), ended)))
    }

    /// A resolver answered somebody then.
    pub fn heard(&self, at: Instant) {
        let last = self.heard_at();
        if at.saturating_duration_since(last) > LONG_SILENCE {
            self.log().silence = Some((last, at));
        }
        let millis = at.saturating_duration_since(self.began).as_millis();
        self.heard.fetch_max(u64::try_from(millis).unwrap_or(u64::MAX), Relaxed);
    }

    /// The quickest resolver takes so long to answer.
    pub fn takes(&self, takes: Duration) {
        self.takes.store(u64::try_from(takes.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// How long the quickest resolver takes to answer; zero where none has.
    #[must_use]
    pub fn answers_after(&self) -> Duration {
        Duration::from_millis(self.takes.load(Relaxed))
    }

    /// How long nobody has been answered.
    #[must_use]
    pub fn silent_for(&self, now: Instant) -> Duration {
        let heard = Duration::from_millis(self.heard.load(Relaxed));
        now.saturating_duration_since(self.began).saturating_sub(heard)
    }

    /// Whether there is a route to an address, as far as there was one to its family at the start. Those of
    /// private networks are not looked at: their going away is no outage of this machine's.
    #[must_use]
    pub fn has_route(&self, addr: IpAddr) -> bool {
        if !crate::admission::is_public(addr) {
            return true;
        }
        let had = if addr.is_ipv4() { self.routes.v4 } else { self.routes.v6 };
        let any: SocketAddr = if addr.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
        !had || UdpSocket::bind(any).and_then(|socket| socket.connect((addr, 53))).is_ok()
    }

    /// The network is away; does nothing where that is known.
    pub fn cut(&self, lost: Lost, why: &str) {
        let mut log = self.log();
        if log.current.is_none() {
            let outage = Outage { at: moment::rfc3339(moment::now()), seconds: 0.0, why: why.to_owned() };
            log.current = Some((Instant::now(), lost, outage));
            self.is_up.send_replace(false);
        }
    }

    /// What is away; `None` where nothing is known to be.
    #[must_use]
    pub fn lost(&self) -> Option<Lost> {
        self.log().current.as_ref().map(|(_, lost, _)| *lost)
    }

    /// Whether all routes of the start are there.
    #[must_use]
    pub fn has_its_routes(&self) -> bool {
        let now = Routes::now();
        (now.v4 || !self.routes.v4) && (now.v6 || !self.routes.v6)
    }

    /// The network is back.
    pub fn restore(&self) {
        let mut log = self.log();
        if let Some((since, _, mut outage)) = log.current.take() {
            let lasted = since.elapsed();
            outage.seconds = tenths(lasted);
            log.paused += lasted;
            log.past.push(outage);
            log.ended = Some(Instant::now());
            self.is_up.send_replace(true);
        }
    }

    /// Stops the scan where it has waited for the network longer than it may.
    pub fn give_up_beyond_limit(&self) {
        let mut log = self.log();
        let Some((since, _, outage)) = &log.current else { return };
        if log.paused + since.elapsed() <= self.limit || log.gave_up.is_some() {
            return;
        }
        let waited = log.paused + since.elapsed();
        log.gave_up = Some(format!(
            "{}, for {} in all (scan.pause_limit is {})",
            outage.why,
            humantime::format_duration(Duration::from_secs(waited.as_secs())),
            humantime::format_duration(self.limit)
        ));
        self.stop.cancel();
    }

    /// Why the scan was stopped by this; `None` where it was not.
    #[must_use]
    pub fn gave_up(&self) -> Option<String> {
        self.log().gave_up.clone()
    }

    /// Whether the network was away at any time since then.
    #[must_use]
    pub fn was_cut_since(&self, began: Instant) -> bool {
        let log = self.log();
        log.current.is_some() || log.ended.is_some_and(|ended| ended >= began)
    }

    /// Whether the network is known to be away.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        !*self.is_up.borrow()
    }

    /// Waits until the network is back; at once where it is not away.
    ///
    /// # Errors
    /// The scan was stopped.
    pub async fn until_up(&self, waited: &mut Waited) -> Result<(), Unfinished> {
        if !self.is_cut() {
            return Ok(());
        }
        let began = Instant::now();
        let mut up = self.is_up.subscribe();
        let back = self.stop.run_until_cancelled(up.wait_for(|up| *up)).await;
        waited.add(Waited::from(began.elapsed()));
        match back {
            Some(Ok(_)) => Ok(()),
            _ => Err(Unfinished::Stopped),
        }
    }

    /// A short rest before something is looked at again.
    ///
    /// # Errors
    /// The scan was stopped.
    pub(crate) async fn rest(&self, rest: Duration) -> Result<(), Unfinished> {
        self.stop.run_until_cancelled(tokio::time::sleep(rest)).await.ok_or(Unfinished::Stopped)
    }

    /// The outage that is on: since how long, and why.
    #[must_use]
    pub fn outage(&self) -> Option<(Duration, String)> {
        let log = self.log();
        log.current.as_ref().map(|(since, _, outage)| (since.elapsed(), outage.why.clone()))
    }

    /// All outages, the one that is on included.
    #[must_use]
    pub fn outages(&self) -> Vec<Outage> {
        let log = self.log();
        let now = log
            .current
            .iter()
            .map(|(since, _, outage)| Outage { seconds: tenths(since.elapsed()), ..outage.clone() });
        log.past.iter().cloned().chain(now).collect()
    }

    /// How long the scan was paused in all.
    #[must_use]
    pub fn paused(&self) -> Duration {
        let log = self.log();
        log.paused + log.current.as_ref().map_or(Duration::ZERO, |(since, _, _)| since.elapsed())
    }
}

/// Seconds, to a tenth.
fn tenths(lasted: Duration) -> f64 {
    (lasted.as_secs_f64() * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    fn uplink(limit: Duration) -> Uplink {
        Uplink::new(limit, CancellationToken::new())
    }

    #[tokio::test]
    async fn who_waits_for_the_network_goes_on_when_it_is_back() {
        let uplink = uplink(Duration::from_secs(3_600));
        let began = Instant::now();
        assert!(!uplink.was_cut_since(began));
        uplink.cut(Lost::Resolvers, "no resolver answers");
        uplink.cut(Lost::Route, "a second reason is not told");
        assert!(uplink.is_cut() && uplink.was_cut_since(began));
        let mut waited = Waited::default();
        let (waiting, ()) = tokio::join!(uplink.until_up(&mut waited), async { uplink.restore() });
        waiting.unwrap();
        assert!(!uplink.is_cut() && uplink.was_cut_since(began), "what was under way is disturbed");
        assert!(!uplink.was_cut_since(Instant::now() + Duration::from_millis(1)), "what begins now is not");
        let outages = uplink.outages();
        assert_eq!((outages.len(), outages[0].why.as_str()), (1, "no resolver answers"));
    }

    #[tokio::test]
    async fn beyond_the_limit_the_scan_is_stopped_and_says_why() {
        let uplink = uplink(Duration::ZERO);
        uplink.give_up_beyond_limit();
        assert_eq!(uplink.gave_up(), None);
        uplink.cut(Lost::Resolvers, "no resolver answers");
        uplink.give_up_beyond_limit();
        assert!(uplink.gave_up().unwrap().starts_with("no resolver answers"));
        assert!(matches!(uplink.until_up(&mut Waited::default()).await, Err(Unfinished::Stopped)));
    }

    #[test]
    fn a_private_network_that_goes_away_is_no_outage() {
        assert!(uplink(Duration::ZERO).has_route(IpAddr::from([10, 255, 255, 1])));
        assert!(uplink(Duration::ZERO).has_route(IpAddr::from([127, 0, 0, 1])));
    }
}
