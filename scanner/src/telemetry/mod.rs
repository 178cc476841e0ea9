//! A long scan seen from outside: the status file, the metrics, and what this process takes of the machine.

mod exposition;
mod meters;
mod metrics;
mod process;
mod snapshot;
mod status_file;

pub use meters::{Meters, Stage};
pub use metrics::Metrics;
pub use process::Process;
pub use snapshot::Snapshot;
pub use status_file::StatusFile;
