//! What is measured while a scan runs: its connections, and what this process takes of the machine.

mod connections;
mod process;

pub use connections::{Meters, PeerKind};
pub use process::Process;
