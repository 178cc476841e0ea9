//! How connections ended and how long they took, and how long was waited for them: histograms by stage and
//! outcome.

use crate::fault::LocalFault;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{HistogramOpts, HistogramVec};
use std::time::Duration;

/// The kind of host that a connection is made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerKind {
    /// A policy host.
    Policy,
    /// An MX host.
    Smtp,
}

impl PeerKind {
    /// The word in labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Smtp => "smtp",
        }
    }
}

/// Upper bounds in seconds: from a handshake next door to the longest default deadline.
const SECONDS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 90.0];

/// The meters of a scan. Each label has a closed set of words, so that there is a bound on the
/// series.
pub struct Meters {
    connections: HistogramVec,
    waits: HistogramVec,
}

impl Meters {
    /// All at zero.
    ///
    /// # Errors
    /// The library refuses what stands here, which a test would have seen.
    pub fn new() -> Result<Self, LocalFault> {
        let vec = |name: &str, help: &str, labels: &[&str]| {
            HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), labels)
                .map_err(|e| LocalFault::Setup { doing: "set up the meters", reason: e.to_string() })
        };
        Ok(Self {
            connections: vec(
                "sts_scan_connection_seconds",
                "Connections that have ended, by stage and outcome: how long each took.",
                &["stage", "outcome"],
            )?,
            waits: vec(
                "sts_scan_wait_seconds",
                "How long a connection waited for its slot and its rate limit, by stage.",
                &["stage"],
            )?,
        })
    }

    /// A connection has ended.
    pub fn ended(&self, peer: PeerKind, outcome: &'static str, took: Duration) {
        self.connections.with_label_values(&[peer.as_str(), outcome]).observe(took.as_secs_f64());
    }

    /// A connection may be made, after this wait.
    pub fn waited(&self, peer: PeerKind, wait: Duration) {
        self.waits.with_label_values(&[peer.as_str()]).observe(wait.as_secs_f64());
    }

    pub(crate) fn families(&self) -> Vec<MetricFamily> {
        [&self.connections, &self.waits].into_iter().flat_map(Collector::collect).collect()
    }
}
