//! A long scan seen from outside: the status file and the metrics.

mod exposition;
mod metrics;
mod snapshot;
mod status_file;

pub use metrics::Metrics;
pub use snapshot::Snapshot;
pub use status_file::StatusFile;
